//! An authorization server in the process (RFC 6749), for tests of logins by OAuth 2.0.

mod access_token;
mod assertion;
mod authority;
mod authorize;
mod browser;
mod builder;
mod clients;
mod connection;
mod device;
mod fault;
mod form;
mod http;
mod key;
mod metadata;
mod respond;
mod response;
mod revocation;
mod server;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod token;

pub(super) use access_token::TokenProblem;
pub use access_token::{AccessToken, TokenRefusal};
pub(super) use authority::Authority;
pub use browser::LoginPage;
pub use builder::AuthorizationServerBuilder;
pub use fault::{Endpoint, EndpointFault, GrantType};
pub use server::AuthorizationServer;
