//! A testing server that asks for neither TLS nor a login.

use pilotfish::testing::{Security, Server, ServerBuilder};

pub(crate) fn open_server() -> ServerBuilder {
    Server::builder().security(Security::Cleartext).anonymous()
}
