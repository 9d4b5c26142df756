//! From a connection to a session that can send mails.

mod authenticate;
mod credentials_provider;
mod greeted;
pub(super) mod hello;
mod login_refusal;
mod renewal;
mod security;
mod server;
mod server_address;

pub use credentials_provider::{CredentialsProvider, ProvidedCredentials, RenewedCredentials};
pub use greeted::{Greeted, Secured};
pub use hello::Hello;
pub use security::Security;
pub use server::{ServerConfig, ServerConfigBuilder};
#[cfg(feature = "config")]
pub(crate) use server_address::ServerAddress;
