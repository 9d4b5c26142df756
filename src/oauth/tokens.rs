//! What a login gives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{OAuthError, OAuthErrorKind};
use crate::secret::Secret;

/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_mins(5);

/// The share of its life that the margin has at most.
const SHARE: u32 = 10;

/// An access token, and the refresh token that renews it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    access: Secret,
    refresh: Option<Secret>,
    obtained: Option<SystemTime>,
    expires: Option<SystemTime>,
    scope: Option<String>,
}

impl Tokens {
    /// An access token without a refresh token and without a known end.
    pub fn new(access: impl Into<Secret>) -> Self {
        Self {
            access: access.into(),
            refresh: None,
            obtained: None,
            expires: None,
            scope: None,
        }
    }

    /// Adds the refresh token.
    #[must_use]
    pub fn with_refresh(mut self, refresh: impl Into<Secret>) -> Self {
        self.refresh = Some(refresh.into());
        self
    }

    /// Adds when the access token was obtained, and when it expires.
    #[must_use]
    pub fn with_expiry(mut self, obtained: SystemTime, expires: SystemTime) -> Self {
        self.obtained = Some(obtained);
        self.expires = Some(expires);
        self
    }

    /// Adds the scope that was granted.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The access token.
    #[must_use]
    pub fn access(&self) -> &Secret {
        &self.access
    }

    /// The refresh token.
    #[must_use]
    pub fn refresh(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// When the access token expires, by the clock of this machine.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// The scope that was granted, if the server named it.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Whether the access token is valid for five minutes more, or for a tenth of its life if that is
    /// less. One without a known end is valid until a server refuses it. If the clock went back behind
    /// the time at which the token was obtained, it is not.
    #[must_use]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let (Some(obtained), Some(expires)) = (self.obtained, self.expires) else {
            return true;
        };
        let life = expires.duration_since(obtained).unwrap_or_default();
        let left = expires.duration_since(now).unwrap_or_default();
        left > MARGIN.min(life / SHARE) && left <= life + MARGIN
    }

    /// The form in which a store keeps them.
    pub(crate) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, OAuthError> {
        let unusable = || {
            let message = "the tokens have other characters than text, and cannot be stored";
            OAuthError::new(OAuthErrorKind::Store, message)
        };
        let text = |secret: &Secret| str::from_utf8(secret.expose()).map(str::to_owned);
        let access = Zeroizing::new(text(&self.access).map_err(|_| unusable())?);
        let refresh = self.refresh.as_ref().map(text).transpose();
        let refresh = refresh.map_err(|_| unusable())?.map(Zeroizing::new);
        let seconds = |time: SystemTime| Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs());
        let stored = Stored {
            access_token: &access,
            refresh_token: refresh.as_ref().map(|token| token.as_str()),
            obtained: self.obtained.and_then(seconds),
            expires: self.expires.and_then(seconds),
            scope: self.scope.as_deref(),
        };
        let json = serde_json::to_vec(&stored).map_err(|_| unusable())?;
        Ok(Zeroizing::new(json))
    }

    /// What [`to_json`](Self::to_json) made. `None` if it is something else.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let stored: Read = serde_json::from_slice(json).ok()?;
        let time = |seconds: u64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Some(Self {
            access: stored.access_token.into(),
            refresh: stored.refresh_token.map(Secret::from),
            obtained: stored.obtained.and_then(time),
            expires: stored.expires.and_then(time),
            scope: stored.scope,
        })
    }
}

/// The members of a stored text. The times are seconds since 1970.
#[derive(Serialize)]
struct Stored<'a> {
    access_token: &'a str,
    refresh_token: Option<&'a str>,
    obtained: Option<u64>,
    expires: Option<u64>,
    scope: Option<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    access_token: String,
    refresh_token: Option<String>,
    obtained: Option<u64>,
    expires: Option<u64>,
    scope: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of life, seconds since the token was obtained, and whether it is fresh.
    #[test]
    fn a_token_is_renewed_before_its_end() {
        let obtained = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (life, age, fresh) in [
            (3_600, 0, true),
            (3_600, 3_299, true),
            (3_600, 3_300, false),
            (3_600, 9_999, false),
            (60, 53, true),
            (60, 54, false),
            (0, 0, false),
        ] {
            let expires = obtained + Duration::from_secs(life);
            let tokens = Tokens::new("a").with_expiry(obtained, expires);
            let now = obtained + Duration::from_secs(age);
            assert_eq!(tokens.is_fresh(now), fresh, "{age} of {life}");
        }
        let tokens = Tokens::new("a").with_expiry(obtained, obtained + Duration::from_hours(1));
        assert!(!tokens.is_fresh(obtained - Duration::from_hours(1)));
        assert!(Tokens::new("a").is_fresh(obtained));
    }

    #[test]
    fn they_are_read_as_they_were_stored() {
        let obtained = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let tokens = Tokens::new("access")
            .with_refresh("refresh")
            .with_scope("mail");
        let tokens = tokens.with_expiry(obtained, obtained + Duration::from_hours(1));
        for tokens in [tokens, Tokens::new("a")] {
            let json = tokens.to_json().unwrap();
            assert_eq!(Tokens::from_json(&json).as_ref(), Some(&tokens));
            assert!(!format!("{tokens:?}").contains("access\""));
        }
        for other in ["", "{}", "[]", "password"] {
            assert_eq!(Tokens::from_json(other.as_bytes()), None);
        }
    }
}
