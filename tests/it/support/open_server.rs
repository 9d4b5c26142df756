//! A testing server that requires neither TLS nor a login.

use pilotfish::testing::{Security, TestServer, TestServerBuilder};

pub(crate) fn open_server() -> TestServerBuilder {
    TestServer::builder()
        .security(Security::Cleartext)
        .anonymous()
}
