//! The endpoints of an authorization server.

use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind, shown};

/// The scope of Google for mail. `gmail.send` does not allow SMTP.
pub(super) const GOOGLE_SCOPE: &str = "https://mail.google.com/";

/// The issuer that redirects of Google name.
const GOOGLE_ISSUER: &str = "https://accounts.google.com";

/// The scopes of Microsoft for a user who sends mail, and for a refresh token.
const MICROSOFT_SCOPE: &str = "https://outlook.office.com/SMTP.Send offline_access";

/// The scope of Microsoft for a program without a user.
pub(super) const MICROSOFT_APP_SCOPE: &str = "https://outlook.office365.com/.default";

/// The most octets of a scope.
const MAX_SCOPE: usize = 2_048;

/// An authorization server: its endpoints, and the scope that mail needs there.
///
/// ```
/// use pilotfish::oauth::Provider;
///
/// # fn main() -> Result<(), pilotfish::oauth::OAuthError> {
/// let google = Provider::google()?;
/// let microsoft = Provider::microsoft("example.org")?;
/// let own = Provider::new("https://id.example/authorize", "https://id.example/token")?
///     .scope("smtp offline_access")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    pub(super) brand: Brand,
    pub(super) authorization: Endpoint,
    pub(super) token: Endpoint,
    pub(super) device: Option<Endpoint>,
    pub(super) revocation: Option<Endpoint>,
    pub(super) scope: String,
    /// Whether the client sends its secret in the header (RFC 6749 section 2.3.1), not in the body.
    pub(super) secret_in_header: bool,
    /// The identifier of the server (RFC 8414 section 2), if it is known.
    pub(super) issuer: Option<String>,
    /// Whether each redirect names the issuer (RFC 9207 section 3).
    pub(super) names_issuer: bool,
}

/// Whose rules differ from the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brand {
    Google,
    Microsoft,
    Other,
}

impl Provider {
    /// Google, with the scope for SMTP. Google offers no device flow for mail.
    ///
    /// # Errors
    ///
    /// None: the addresses are valid.
    pub fn google() -> Result<Self, OAuthError> {
        let mut provider = Self::new(
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
        )?;
        provider.brand = Brand::Google;
        GOOGLE_SCOPE.clone_into(&mut provider.scope);
        provider.issuer = Some(GOOGLE_ISSUER.to_owned());
        provider.revocation_endpoint("https://oauth2.googleapis.com/revoke")
    }

    /// Microsoft, with the scope for SMTP. `tenant` is `common` for all accounts, `consumers` for
    /// personal ones, `organizations` for those at work or school, or the ID or the domain of one
    /// organization. Programs without a user need the ID or the domain.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: the tenant is none of these.
    pub fn microsoft(tenant: &str) -> Result<Self, OAuthError> {
        let is_label = |label: &str| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
            (1..=63).contains(&label.len()) && label.chars().all(is_allowed)
        };
        let is_word = matches!(tenant, "common" | "consumers" | "organizations");
        let is_domain = tenant.contains('.') && tenant.len() <= 253;
        let groups: Vec<_> = tenant.split('-').map(str::len).collect();
        let is_id =
            groups == [8, 4, 4, 4, 12] && tenant.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
        let is_domain = is_domain && tenant.split('.').all(is_label);
        if !(is_word || is_id || is_domain) {
            let message = format!(
                "the tenant \"{}\" is not valid: use common, consumers, organizations, or the ID or the \
                 domain of the organization",
                shown(tenant)
            );
            return Err(OAuthError::new(OAuthErrorKind::Config, message));
        }
        let at = |path| format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{path}");
        let mut provider = Self::new(&at("authorize"), &at("token"))?;
        provider.brand = Brand::Microsoft;
        MICROSOFT_SCOPE.clone_into(&mut provider.scope);
        provider.device_endpoint(&at("devicecode"))
    }

    /// Another server, with its authorization endpoint and its token endpoint. It has no scope yet.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: an address is not valid, or neither `https` nor `http` to this
    /// machine.
    pub fn new(authorization: &str, token: &str) -> Result<Self, OAuthError> {
        Ok(Self {
            brand: Brand::Other,
            authorization: Endpoint::parse(authorization)?,
            token: Endpoint::parse(token)?,
            device: None,
            revocation: None,
            scope: String::new(),
            secret_in_header: false,
            issuer: None,
            names_issuer: false,
        })
    }

    /// Sets the scope in place of the present one: several have blanks between them (RFC 6749 section
    /// 3.3).
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: it has other characters than printable ASCII, a quote or a
    /// backslash, or is longer than 2,048 octets.
    pub fn scope(mut self, scope: impl Into<String>) -> Result<Self, OAuthError> {
        let scope = scope.into();
        let is_allowed = |c: char| c == ' ' || c.is_ascii_graphic() && c != '"' && c != '\\';
        if scope.len() > MAX_SCOPE || !scope.chars().all(is_allowed) {
            let message = "the scope is not valid: write words with blanks between them";
            return Err(OAuthError::new(OAuthErrorKind::Config, message));
        }
        self.scope = scope;
        Ok(self)
    }

    /// Sets the endpoint of the device flow (RFC 8628).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn device_endpoint(mut self, url: &str) -> Result<Self, OAuthError> {
        self.device = Some(Endpoint::parse(url)?);
        Ok(self)
    }

    /// Sets the endpoint that revokes tokens (RFC 7009).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn revocation_endpoint(mut self, url: &str) -> Result<Self, OAuthError> {
        self.revocation = Some(Endpoint::parse(url)?);
        Ok(self)
    }

    /// The name for people: `Google`, `Microsoft`, or the host of the authorization endpoint.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.brand {
            Brand::Google => "Google",
            Brand::Microsoft => "Microsoft",
            Brand::Other => self.authorization.name(),
        }
    }

    /// Whether users can log in on another device (RFC 8628).
    #[must_use]
    pub fn has_device_flow(&self) -> bool {
        self.device.is_some()
    }

    /// Whether tokens can be revoked (RFC 7009).
    #[must_use]
    pub fn can_revoke(&self) -> bool {
        self.revocation.is_some()
    }

    /// The scopes, with blanks between them.
    #[must_use]
    pub fn scopes(&self) -> &str {
        &self.scope
    }

    /// The scopes of a program without a user: Microsoft has another one for them.
    pub(super) fn app_scope(&self) -> &str {
        if self.brand == Brand::Microsoft && self.scope == MICROSOFT_SCOPE {
            MICROSOFT_APP_SCOPE
        } else {
            &self.scope
        }
    }

    /// Where the browser goes after the login. Microsoft registers `localhost` and ignores the port, and
    /// other servers follow RFC 8252 section 7.3.
    pub(super) fn redirect_uri(&self, port: u16) -> String {
        let host = match self.brand {
            Brand::Microsoft => "localhost",
            Brand::Google | Brand::Other => "127.0.0.1",
        };
        format!("http://{host}:{port}")
    }
}
