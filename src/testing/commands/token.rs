//! OAUTHBEARER (RFC 7628) and XOAUTH2: the password of a user is the token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::dialogue::{Dialogue, Flow};
use super::super::mechanism::Mechanism;
use super::auth::Response;

/// What is said of a token before it is refused (RFC 7628, section 3.2.2).
const REFUSAL: &str = r#"{"status":"invalid_token","schemes":"bearer","scope":"mail.send"}"#;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// The name of who has logged in; none if nobody has, and the reply is given.
    pub(super) async fn token(
        &mut self,
        mechanism: Mechanism,
        initial: Option<Response>,
    ) -> Flow<Option<String>> {
        let Some(message) = self.first_response(initial).await? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(message.expose());
        let (name, fields) = match mechanism {
            Mechanism::XOAuth2 => match text.strip_prefix("user=") {
                Some(rest) => rest.split_once('\u{1}').unwrap_or_default(),
                None => ("", ""),
            },
            _ => match text.strip_prefix("n,a=") {
                Some(rest) => rest.split_once(",\u{1}").unwrap_or_default(),
                None => ("", ""),
            },
        };
        let name = name.replace("=2C", ",").replace("=3D", "=");
        let token = fields.strip_suffix("\u{1}\u{1}").and_then(|fields| {
            fields
                .split('\u{1}')
                .find_map(|field| field.strip_prefix("auth=Bearer "))
        });
        let Some(token) = token.filter(|_| !name.is_empty()) else {
            self.malformed("malformed token response (RFC 7628, section 3.1)");
            return Ok(None);
        };
        let mut users = self.shared.settings.users.iter();
        let known =
            users.any(|(own, password)| *own == name && password.expose() == token.as_bytes());
        if known {
            return Ok(Some(name));
        }
        let response = self.challenge(&STANDARD.encode(REFUSAL)).await?;
        let Some(dummy) = self.accept(response) else {
            return Ok(None);
        };
        let expected: &[u8] = match mechanism {
            Mechanism::XOAuth2 => b"",
            _ => b"\x01",
        };
        if dummy.expose() != expected {
            self.violation("answer to a refused token (RFC 7628, section 3.2.3)");
        }
        self.refuse("535", "5.7.8", "Authentication credentials invalid");
        Ok(None)
    }
}
