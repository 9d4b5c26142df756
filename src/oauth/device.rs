//! The login on another device (RFC 8628).

use std::fmt;
use std::time::Duration;

use oauth2::{DeviceAuthorizationUrl, StandardDeviceAuthorizationResponse};
use tokio::time::{Instant, sleep, timeout_at};

use super::client::{OAuthClient, scopes};
use super::diagnosis::Flow;
use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind, shown};
use super::tokens::Tokens;

/// The longest wait for a login that is believed.
const MAX_LIFE: Duration = Duration::from_hours(1);

/// The longest pause between two requests after a connection that failed.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// The shortest pause between two requests, whatever the server allows.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// The longest code for the user, in characters. Those of servers have about ten.
const MAX_USER_CODE: usize = 64;

/// A login on another device that has begun: what the user opens and enters there.
pub struct DeviceLogin {
    details: StandardDeviceAuthorizationResponse,
    /// When the server's answer came.
    begun: Instant,
    uri: String,
    complete_uri: Option<String>,
    user_code: String,
}

impl DeviceLogin {
    /// The address to open.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The address with the code in it, for a QR code, if the server has one.
    #[must_use]
    pub fn complete_uri(&self) -> Option<&str> {
        self.complete_uri.as_deref()
    }

    /// The code to enter.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// How long the code is valid, from the server's answer on; an hour at most.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.details.expires_in().min(MAX_LIFE)
    }
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

impl OAuthClient {
    /// Begins a login on another device (RFC 8628 section 3.1).
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: the provider has no endpoint for it;
    /// [`OAuthErrorKind::InvalidScope`]: the server does not allow it for mail; and those of any request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn device(&self) -> Result<DeviceLogin, OAuthError> {
        let Some(endpoint) = &self.provider.device else {
            let message = format!(
                "{} offers no login on another device for mail: use the browser",
                self.provider.name()
            );
            return Err(OAuthError::new(OAuthErrorKind::Config, message));
        };
        let calls = self.calls(Flow::Device);
        let url = DeviceAuthorizationUrl::from_url(endpoint.url().clone());
        let protocol = self.protocol()?.set_device_authorization_url(url);
        let begun = protocol
            .exchange_device_code()
            .add_scopes(scopes(&self.provider.scope))
            .request_async(&calls)
            .await;
        let details: StandardDeviceAuthorizationResponse =
            begun.map_err(|error| calls.error(error))?;
        let usable = |uri: &str| {
            let uri = Endpoint::parse(uri).ok()?;
            Some(uri.url().as_str().to_owned())
        };
        let unusable = |what: &str| {
            let name = self.provider.token.name();
            let message = format!("{name} gave {what}: log in with the browser");
            OAuthError::new(OAuthErrorKind::NotOAuth, message)
        };
        let complete = details.verification_uri_complete();
        let user_code = details.user_code().secret();
        if !is_typed(user_code) {
            return Err(unusable("a code that cannot be typed"));
        }
        Ok(DeviceLogin {
            begun: Instant::now(),
            uri: usable(details.verification_uri())
                .ok_or_else(|| unusable("an address that is not valid to open"))?,
            complete_uri: complete.and_then(|uri| usable(uri.secret())),
            user_code: user_code.clone(),
            details,
        })
    }

    /// Waits until the user has logged in on the other device, and asks the server as often as it allows
    /// (RFC 8628 section 3.5). It goes on after a connection that failed.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Expired`]: the user did not log in in time; [`OAuthErrorKind::AccessDenied`]: the user
    /// refused; and those of any request.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, a login that has just succeeded is lost.
    pub async fn poll(&self, login: &DeviceLogin) -> Result<Tokens, OAuthError> {
        let device_code = login.details.device_code().secret().as_str().into();
        let calls = self.calls(Flow::Device).hiding([&device_code]);
        let protocol = self.protocol()?;
        let polling = protocol
            .exchange_device_access_token(&login.details)
            .set_max_backoff_interval(MAX_BACKOFF)
            .request_async(
                &calls,
                |pause| sleep(pause.clamp(MIN_PAUSE, MAX_LIFE)),
                Some(MAX_LIFE),
            );
        let end = login.begun + login.expires_in();
        let polled = timeout_at(end, polling).await.map_err(|_| {
            let message = "the code expired before somebody logged in: begin again";
            OAuthError::new(OAuthErrorKind::Expired, message)
        })?;
        let response = polled.map_err(|error| calls.error(error))?;
        calls.tokens(&response, &self.provider.scope)
    }
}

/// Whether a person can read a code and type it in: it is short, and all of it is seen.
fn is_typed(user_code: &str) -> bool {
    let is_short = (1..=MAX_USER_CODE).contains(&user_code.chars().count());
    is_short && shown(user_code) == user_code
}
