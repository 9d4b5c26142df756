//! What connects the test server with the library: clients for it, and the settings that both have.
//! No other file of this module uses more of the library than its secrets and its cryptography.

use super::server::TestServer;
use super::shared::TestServerError;
pub use crate::Security;
use crate::session::ServerConfigBuilder;
#[cfg(unix)]
use crate::transport::Route;
use crate::transport::TlsConfig;
pub use crate::transport::TlsVersion;
use crate::{Client, Credentials, Error, ErrorKind, Result, ServerConfig};

impl TestServer {
    /// A client that sends to this server, with the defaults of [`Client::new`].
    ///
    /// It trusts the server's certificate and logs in as the first
    /// [`user`](super::TestServerBuilder::user), if there is one.
    ///
    /// # Errors
    ///
    /// As [`server_config_builder`](Self::server_config_builder).
    pub fn client(&self) -> Result<Client> {
        Ok(Client::new(self.server_config_builder()?.build()?))
    }

    /// The configuration that [`client`](Self::client) uses, for a client with other settings:
    /// address, security, certificate authority, protocol and the login of the first user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a client cannot log in with the user's name or
    /// password, or the server has a host name that no certificate can be for.
    pub fn server_config_builder(&self) -> Result<ServerConfigBuilder> {
        let settings = &self.shared.settings;
        let tls = TlsConfig::builder()
            .ca_pem(self.ca_pem())
            .server_name(settings.host_name());
        let mut builder = ServerConfig::builder(self.addr().ip())
            .port(self.addr().port())
            .security(settings.security)
            .tls(tls.build()?);
        if settings.lmtp {
            builder = builder.lmtp();
        }
        #[cfg(unix)]
        if let Some(path) = &settings.unix_socket {
            builder = builder.route(Route::new().unix_socket(path));
        }
        if let Some((name, password)) = settings.users.first() {
            // In clear text too: the connection stays on the loopback interface.
            builder = builder
                .credentials(Credentials::new(name, password.clone())?)
                .danger_cleartext_auth();
        }
        Ok(builder)
    }
}

impl From<TestServerError> for Error {
    fn from(error: TestServerError) -> Self {
        Self::wrapping(ErrorKind::Protocol, "the test server found mistakes", error)
    }
}
