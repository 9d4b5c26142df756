//! How a server behaves, fixed when it starts.

use std::io;
use std::ops::RangeInclusive;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::authorization::{Authority, TokenRefusal};
use super::client::Security;
use super::extensions::{Keyword, Offer};
use super::fault::Quirk;
use super::store::Store;
use crate::secret::Secret;

/// The largest message that the server accepts, unless
/// [`TestServerBuilder::max_size`](super::TestServerBuilder::max_size) sets another limit.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// What stays the same while a server runs.
#[derive(Debug)]
pub(super) struct ServerSettings {
    /// Whether the server speaks LMTP (RFC 2033) in place of SMTP.
    pub(super) lmtp: bool,
    #[cfg(unix)]
    pub(super) unix_socket: Option<PathBuf>,
    pub(super) quirks: Vec<Quirk>,
    pub(super) users: Vec<(String, Secret)>,
    /// Whether clients may send without a login.
    pub(super) anonymous: bool,
    pub(super) security: Security,
    pub(super) max_size: u64,
    pub(super) left_out: Vec<Keyword>,
    pub(super) offers: Vec<Offer>,
    pub(super) mechanisms: Vec<AuthMechanism>,
    /// The server whose tokens OAUTHBEARER and XOAUTH2 take, in place of those of `users`.
    pub(super) tokens_of: Option<Arc<Authority>>,
    pub(super) token_refusal: TokenRefusal,
    pub(super) refused: Vec<(String, String)>,
    pub(super) refused_after_data: Vec<(String, String)>,
    pub(super) store: Store,
    pub(super) host_names: Vec<String>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_connections: Option<usize>,
    pub(super) delay: Option<Delay>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            lmtp: false,
            #[cfg(unix)]
            unix_socket: None,
            quirks: Vec::new(),
            users: Vec::new(),
            anonymous: false,
            security: Security::StartTls,
            max_size: MAX_SIZE,
            left_out: Vec::new(),
            offers: Vec::new(),
            mechanisms: vec![AuthMechanism::Plain, AuthMechanism::Login],
            tokens_of: None,
            token_refusal: TokenRefusal::default(),
            refused: Vec::new(),
            refused_after_data: Vec::new(),
            store: Store::default(),
            host_names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            idle_timeout: None,
            max_connections: None,
            delay: None,
        }
    }
}

impl ServerSettings {
    /// The name that the server gives itself.
    pub(super) fn host_name(&self) -> &str {
        self.host_names.first().map_or("localhost", String::as_str)
    }

    /// Offers the mechanisms for tokens, unless one was chosen.
    pub(super) fn offer_tokens(&mut self) {
        let both = [AuthMechanism::OAuthBearer, AuthMechanism::XOAuth2];
        let chosen = both.iter().any(|one| self.mechanisms.contains(one));
        if self.tokens_of.is_some() && !chosen {
            self.mechanisms.extend(both);
        }
    }

    /// The error of the first setting that no server can have.
    pub(super) fn check(&self) -> io::Result<()> {
        let all_refused = || self.refused.iter().chain(&self.refused_after_data);
        let range_is_empty = |delay: &Delay| delay.range.is_empty();
        let wrong = if let Some((address, _)) = self.refused_after_data.first()
            && !self.lmtp
        {
            format!("{address:?} alone cannot be refused without LMTP")
        } else if self.idle_timeout.is_some_and(|limit| limit.is_zero()) {
            "an idle timeout of 0 ends every connection at once".to_owned()
        } else if self.max_connections == Some(0) {
            "a server with 0 connections at most serves no client".to_owned()
        } else if self.delay.as_ref().is_some_and(range_is_empty) {
            "the range of a delay starts with the shortest and ends with the longest".to_owned()
        } else if let Some((_, reply)) = all_refused().find(|(_, reply)| !is_refusal(reply)) {
            format!("not a refusal of one line: {reply:?}")
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, wrong))
    }
}

/// An AUTH mechanism that the server knows (RFC 4954, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthMechanism {
    /// RFC 4616.
    Plain,
    /// Described by no RFC.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 5802.
    ScramSha1,
    /// RFC 5802, bound to the TLS connection.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 7677, bound to the TLS connection.
    ScramSha256Plus,
    /// Described by no RFC.
    XOAuth2,
    /// RFC 7628.
    OAuthBearer,
    /// RFC 4422, appendix A.
    External,
}

const MECHANISMS: [(AuthMechanism, &str); 10] = [
    (AuthMechanism::Plain, "PLAIN"),
    (AuthMechanism::Login, "LOGIN"),
    (AuthMechanism::CramMd5, "CRAM-MD5"),
    (AuthMechanism::ScramSha1, "SCRAM-SHA-1"),
    (AuthMechanism::ScramSha1Plus, "SCRAM-SHA-1-PLUS"),
    (AuthMechanism::ScramSha256, "SCRAM-SHA-256"),
    (AuthMechanism::ScramSha256Plus, "SCRAM-SHA-256-PLUS"),
    (AuthMechanism::XOAuth2, "XOAUTH2"),
    (AuthMechanism::OAuthBearer, "OAUTHBEARER"),
    (AuthMechanism::External, "EXTERNAL"),
];

impl AuthMechanism {
    /// The mechanism of this name, in any case of letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = MECHANISMS.iter();
        all.find(|(_, own)| own.eq_ignore_ascii_case(name))
            .map(|(mechanism, _)| *mechanism)
    }

    pub(super) fn name(self) -> &'static str {
        let mut all = MECHANISMS.iter();
        all.find(|(mechanism, _)| *mechanism == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether it binds to the TLS connection.
    pub(super) fn binds(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus)
    }
}

fn is_refusal(reply: &str) -> bool {
    let refuses = match reply.as_bytes() {
        [first, second, third] | [first, second, third, b' ', ..] => {
            matches!(first, b'4' | b'5') && second.is_ascii_digit() && third.is_ascii_digit()
        }
        _ => false,
    };
    refuses && !reply.contains(['\r', '\n'])
}

/// How long the server waits before it sends replies.
#[derive(Debug)]
pub(super) struct Delay {
    pub(super) range: RangeInclusive<Duration>,
    pub(super) seed: u64,
}

impl Delay {
    /// The next delay, to the microsecond.
    pub(super) fn draw(&self, rng: &mut fastrand::Rng) -> Duration {
        let microseconds = |duration: &Duration| u64::try_from(duration.as_micros()).ok();
        let least = microseconds(self.range.start()).unwrap_or(u64::MAX);
        let most = microseconds(self.range.end()).unwrap_or(u64::MAX);
        Duration::from_micros(rng.u64(least..=most.max(least)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_one_line_of_400_or_500() {
        for reply in ["450", "550 5.1.1 no such user", "550 "] {
            assert!(is_refusal(reply), "{reply:?}");
        }
        for reply in ["", "55", "250 ok", "5500", "550-a", "550 a\r\n550 b"] {
            assert!(!is_refusal(reply), "{reply:?}");
        }
    }

    #[test]
    fn delays_are_of_their_range_and_of_their_seed() {
        let range = Duration::from_micros(10)..=Duration::from_millis(1);
        let delay = Delay { range, seed: 7 };
        let draws = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            let draws = (0..100).map(|_| delay.draw(&mut rng));
            draws.collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        assert!(draws(7).iter().all(|drawn| delay.range.contains(drawn)));
    }
}
