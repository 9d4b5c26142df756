//! The endpoints of an authorization server, and what goes wrong there on purpose.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// An endpoint of an [`AuthorizationServer`](super::AuthorizationServer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The metadata, at `/.well-known/oauth-authorization-server` (RFC 8414) and at
    /// `/.well-known/openid-configuration`.
    Metadata,
    /// The page that asks the user for consent (RFC 6749, section 3.1).
    Authorization,
    /// The endpoint that issues tokens (RFC 6749, section 3.2).
    Token,
    /// The endpoint that begins a login on another device (RFC 8628, section 3.1).
    DeviceAuthorization,
    /// The page where the user enters the code that the device shows (RFC 8628, section 3.3).
    Verification,
    /// The endpoint that revokes tokens (RFC 7009).
    Revocation,
    /// The public key of the access tokens (RFC 7517).
    Jwks,
}

const PATHS: [(Endpoint, &str); 8] = [
    (
        Endpoint::Metadata,
        "/.well-known/oauth-authorization-server",
    ),
    (Endpoint::Metadata, "/.well-known/openid-configuration"),
    (Endpoint::Authorization, "/authorize"),
    (Endpoint::Token, "/token"),
    (Endpoint::DeviceAuthorization, "/device_authorization"),
    (Endpoint::Verification, "/device"),
    (Endpoint::Revocation, "/revoke"),
    (Endpoint::Jwks, "/jwks"),
];

impl Endpoint {
    pub(super) fn at(path: &str) -> Option<Self> {
        let mut all = PATHS.iter();
        all.find(|(_, own)| *own == path)
            .map(|(endpoint, _)| *endpoint)
    }

    pub(super) fn path(self) -> &'static str {
        let mut all = PATHS.iter();
        all.find(|(endpoint, _)| *endpoint == self)
            .map_or("", |(_, path)| path)
    }
}

/// What a client shows to get a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantType {
    /// The code of a redirect (RFC 6749, section 4.1.3).
    AuthorizationCode,
    /// A refresh token (RFC 6749, section 6).
    RefreshToken,
    /// The code of a login on another device (RFC 8628, section 3.4).
    DeviceCode,
    /// The client's own secret (RFC 6749, section 4.4).
    ClientCredentials,
    /// A signed assertion of a service account (RFC 7523, section 2.1).
    JwtBearer,
}

const GRANT_TYPES: [(GrantType, &str); 5] = [
    (GrantType::AuthorizationCode, "authorization_code"),
    (GrantType::RefreshToken, "refresh_token"),
    (
        GrantType::DeviceCode,
        "urn:ietf:params:oauth:grant-type:device_code",
    ),
    (GrantType::ClientCredentials, "client_credentials"),
    (
        GrantType::JwtBearer,
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ),
];

impl GrantType {
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = GRANT_TYPES.iter();
        all.find(|(_, own)| *own == name)
            .map(|(grant_type, _)| *grant_type)
    }

    pub(super) fn names() -> Vec<&'static str> {
        GRANT_TYPES.iter().map(|(_, name)| *name).collect()
    }
}

/// Something that goes wrong on purpose at an [`Endpoint`].
///
/// After [`Error`](Self::Error), [`Status`](Self::Status), [`HtmlPage`](Self::HtmlPage) and
/// [`Redirect`](Self::Redirect) the request has had no effect. With the other faults it has: only the
/// answer is lost, late or wrong. A refresh token that rotates is then used up, for example.
///
/// ```
/// use pilotfish::testing::{AuthorizationServer, Endpoint, EndpointFault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = AuthorizationServer::builder().client("mailer").start().await?;
/// // The next request is one too many, and the answer to the one after it is lost.
/// let retry_after = Some(30);
/// server.fault(Endpoint::Token, EndpointFault::Status { status: 429, retry_after });
/// server.fault(Endpoint::Token, EndpointFault::Cut);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointFault {
    /// The error of RFC 6749, section 5.2, with this status. At [`Endpoint::Authorization`] it is in
    /// the redirect to the client, which has no status of its own (section 4.1.2.1).
    Error {
        /// The status of the answer, such as 400.
        status: u16,
        /// The `error`, such as `invalid_grant`.
        code: String,
        /// The `error_description`; empty if the answer has none.
        description: String,
    },
    /// An HTML page with this status, as a proxy sends it.
    HtmlPage {
        /// The status of the answer, such as 200 or 502.
        status: u16,
    },
    /// A status without a body.
    Status {
        /// The status of the answer, such as 429 or 500.
        status: u16,
        /// The field `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// A redirect (302) to this address.
    Redirect(String),
    /// The answer has this content type.
    ContentType(String),
    /// The answer's body lacks its last octet: of a JSON object, the closing brace.
    MalformedJson,
    /// The server does not answer, and keeps the connection open until it shuts down.
    Silence,
    /// The answer comes octet by octet, with this pause before each, in Tokio's time.
    Slow(Duration),
    /// The connection ends after half of the answer's body.
    Cut,
    /// The answer's body never ends.
    Endless,
    /// The redirect to the client has another `state`. At other endpoints, and on the page that asks
    /// for consent, this fault waits for a redirect.
    WrongState,
    /// The redirect to the client names another server (`iss`, RFC 9207). It waits for a redirect as
    /// [`WrongState`](Self::WrongState) does.
    WrongIssuer,
    /// The redirect to the client goes to this address, without a query. It waits for a redirect as
    /// [`WrongState`](Self::WrongState) does.
    WrongRedirect(String),
}

impl EndpointFault {
    /// Whether the request has no effect.
    fn comes_first(&self) -> bool {
        matches!(
            self,
            Self::Error { .. } | Self::Status { .. } | Self::HtmlPage { .. } | Self::Redirect(_)
        )
    }

    /// Whether it changes a redirect to the client, and nothing else.
    fn needs_redirect(&self, endpoint: Endpoint) -> bool {
        match self {
            Self::WrongState | Self::WrongIssuer | Self::WrongRedirect(_) => true,
            Self::Error { .. } => endpoint == Endpoint::Authorization,
            _ => false,
        }
    }
}

/// When the server asks for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The request has had no effect yet.
    Before,
    /// The answer is made.
    After {
        /// Whether it redirects to the client.
        redirect: bool,
    },
}

struct Ordered {
    endpoint: Endpoint,
    fault: EndpointFault,
    always: bool,
}

/// The faults that are still to happen, in the order in which they were added.
#[derive(Default)]
pub(super) struct EndpointFaults(Mutex<Vec<Ordered>>);

impl EndpointFaults {
    pub(super) fn add(&self, endpoint: Endpoint, fault: EndpointFault, always: bool) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(Ordered {
            endpoint,
            fault,
            always,
        });
    }

    /// The next fault of this endpoint, if this is its moment.
    pub(super) fn take(&self, endpoint: Endpoint, moment: Moment) -> Option<EndpointFault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = faults
            .iter()
            .position(|ordered| ordered.endpoint == endpoint)?;
        let next = faults.get(index)?;
        let needs_redirect = next.fault.needs_redirect(endpoint);
        let due = match moment {
            Moment::Before => next.fault.comes_first() && !needs_redirect,
            Moment::After { redirect: false } => !next.fault.comes_first() && !needs_redirect,
            Moment::After { redirect: true } => !next.fault.comes_first() || needs_redirect,
        };
        if !due {
            return None;
        }
        if next.always {
            Some(next.fault.clone())
        } else {
            Some(faults.remove(index).fault)
        }
    }
}
