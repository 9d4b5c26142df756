//! Logins by OAuth 2.0: what to register, and how tokens stay valid.
//!
//! # The first login
//!
//! A program logs in as a client that its developer or its user has registered with the mail service:
//! Pilotfish comes with no client ID of its own. For a program on a user's machine, register a desktop
//! client. Google gives it an ID and a secret; Microsoft gives it an ID, and it needs the redirect URI
//! `http://localhost`.
//!
//! The user logs in once: in a browser on the same machine ([`Loopback`](crate::oauth::Loopback)), in any
//! browser whose last address is pasted ([`Redirected`](crate::oauth::Redirected)), or on another device
//! ([`OAuthClient::device`](crate::oauth::OAuthClient::device), which Google does not offer for mail).
//! Then the tokens are stored.
//!
//! # Each session
//!
//! [`OAuthCredentials`](crate::oauth::OAuthCredentials) provides sessions with the access token:
//!
//! ```no_run
//! use pilotfish::oauth::{Grant, HttpClient, OAuthClient, OAuthCredentials, Provider, TokenFile};
//! use pilotfish::{Client, ServerConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let oauth = OAuthClient::new(Provider::google()?, "client-id", HttpClient::new()?)?
//!     .secret("client-secret");
//! let tokens = TokenFile::new("/var/lib/mailer/tokens.json");
//! let provider = OAuthCredentials::new(Grant::RefreshToken(oauth), "me@example.org", tokens);
//! let server = ServerConfig::builder("smtp.gmail.com").credentials(provider).build()?;
//! let client = Client::new(server);
//! # Ok(())
//! # }
//! ```
//!
//! * A token is renewed five minutes before it expires, or earlier in its life if it is short.
//! * One task of one process renews at a time. The others wait and read what it stored: a service that
//!   replaces refresh tokens ends a login when one of them is used twice (RFC 9700 section 4.14.2).
//! * Room for the new tokens is reserved before a renewal, and a new refresh token is stored before the
//!   access token is used. The renewal runs in a task of its own: if the caller drops a mail, nothing is
//!   lost.
//! * A program awaits
//!   [`OAuthCredentials::renewal_ended`](crate::oauth::OAuthCredentials::renewal_ended) before its
//!   runtime ends. The credentials of an account of a configuration come from `Account::oauth`. If the
//!   process is killed between the answer of the server and the write, the user has to log in again at a
//!   service that replaces refresh tokens.
//! * A server that refuses a token gets another one, once, on the same connection:
//!   [`CredentialsProvider::renewed`](crate::session::CredentialsProvider::renewed).
//!
//! # What goes wrong
//!
//! [`OAuthError`](crate::oauth::OAuthError) names the cause and the next step. A login that has ended
//! ([`LoginEnded`](crate::oauth::OAuthErrorKind::LoginEnded)) needs the user: access was revoked, the
//! password was changed, or the login was not used for long. A Google consent screen in testing ends
//! each login after seven days.
//!
//! No secret of a request is in an error, also where the server repeats it. A redirect that names another
//! server than that of the login is refused (RFC 9207), as is metadata of another issuer (RFC 8414 section
//! 3.3). With a [`Retry`](crate::client::Retry), mails wait for an authorization server that cannot answer
//! now.
//!
//! Requests go over HTTPS with the library's own TLS. They are bounded: 30 seconds, 256 KiB, and no
//! redirect is followed.
