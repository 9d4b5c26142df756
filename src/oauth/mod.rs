//! Logins by OAuth 2.0 (RFC 6749): from the browser or a device to access tokens that are renewed.
//!
//! A [`Provider`] has the endpoints, and an [`OAuthClient`] carries out the flows. [`Tokens`] are kept
//! in a [`TokenStore`], and [`OAuthCredentials`] provides a session's credentials from there. The
//! [`manual`](crate::manual::oauth) has an example.

mod aadsts;
mod authorization;
mod calls;
mod client;
mod connections;
mod credentials;
mod device;
mod diagnosis;
mod discovery;
mod endpoint;
mod error;
mod hidden;
mod http;
mod lenient;
mod lock_file;
mod loopback;
mod meaning;
mod new_file;
mod page;
mod provider;
mod redirected;
mod renewal;
mod service_account;
mod token_answer;
mod token_file;
mod token_store;
mod tokens;

pub use authorization::Authorization;
pub use client::OAuthClient;
pub use credentials::{Grant, OAuthCredentials};
pub use device::DeviceLogin;
pub use error::{OAuthError, OAuthErrorKind};
pub use http::HttpClient;
pub use loopback::Loopback;
pub use provider::Provider;
pub use redirected::Redirected;
#[cfg(feature = "config")]
pub(crate) use renewal::GrantFuture;
pub use service_account::ServiceAccount;
pub use token_file::TokenFile;
pub use token_store::{StoreFuture, TokenLock, TokenMemory, TokenStore};
pub use tokens::Tokens;

#[cfg(test)]
mod tests;
