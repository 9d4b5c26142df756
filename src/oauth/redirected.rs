//! Where the browser ends up after the login (RFC 6749 section 4.1.2).

use oauth2::url::form_urlencoded;

use super::authorization::Authorization;
use super::diagnosis::of_code;
use super::error::{OAuthError, OAuthErrorKind, shown};
use super::hidden::Hidden;
use crate::secret::Secret;

/// The longest address, in octets.
const MAX_ADDRESS: usize = 16 * 1024;

/// The code that the browser brings back, checked against its login.
#[derive(Debug)]
pub struct Redirected {
    pub(super) code: Secret,
}

impl Redirected {
    /// Takes the code from the address that the browser shows at the end of the login, or from what
    /// follows its `?`. Blanks and quotes around it are ignored.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::State`]: the address belongs to another login, or to none;
    /// [`OAuthErrorKind::Issuer`]: another server made it; and the error that the server gives in the
    /// address.
    pub fn parse(address: &str, authorization: &Authorization) -> Result<Self, OAuthError> {
        let stranger = |message: &str| OAuthError::new(OAuthErrorKind::State, message);
        let address = address.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        if address.len() > MAX_ADDRESS {
            return Err(stranger(
                "the address is longer than 16 KiB: copy the last one of the browser",
            ));
        }
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let found = pairs.find(|(found, _)| found == name);
            found.map(|(_, value)| value.into_owned())
        };
        match value("state") {
            Some(state) if state.as_bytes() == authorization.state.expose() => {}
            Some(_) => {
                return Err(stranger(
                    "the address belongs to another login: open the URL of this login again",
                ));
            }
            None => {
                return Err(stranger(
                    "that is not the address of the last page: it has code= and state= in it, copy all of it",
                ));
            }
        }
        check_issuer(value("iss").as_deref(), authorization)?;
        if let Some(code) = value("error") {
            let hidden = Hidden::of([&authorization.state, &authorization.verifier]);
            let description = value("error_description").map(|text| hidden.masked(&text));
            return Err(of_code(&hidden.masked(&code), description.as_deref()));
        }
        match value("code") {
            Some(code) if !code.is_empty() => Ok(Self { code: code.into() }),
            _ => Err(stranger(
                "that is not the whole address of the last page: it has code= in it, copy all of it",
            )),
        }
    }
}

/// RFC 9207 section 2.4: a server that the user also logs in to may have sent the browser here with its own
/// code, to get the one of this login or to have its own used.
fn check_issuer(found: Option<&str>, authorization: &Authorization) -> Result<(), OAuthError> {
    let Some(issuer) = &authorization.issuer else {
        return Ok(());
    };
    let what = match found {
        Some(found) if found == issuer => return Ok(()),
        Some(found) => format!("comes from another server, {}", shown(found)),
        None if authorization.names_issuer => "does not name its server".to_owned(),
        None => return Ok(()),
    };
    let message = format!(
        "the end of the login {what}, and the login began at {issuer}: the code in it is not used; begin \
         again, and do not follow other links meanwhile"
    );
    Err(OAuthError::new(OAuthErrorKind::Issuer, message))
}
