//! What went wrong while a server ran.

use std::error::Error;
use std::fmt;

/// What went wrong while the server ran: what clients did that they must not do, panics
/// of the server itself, and a wait that timed out.
///
/// ```
/// use pilotfish::testing::{Security, TestServer};
/// use tokio::io::AsyncWriteExt;
/// use tokio::net::TcpStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = TestServer::builder()
///     .security(Security::Cleartext)
///     .start()
///     .await?;
///
/// // A client that has not read RFC 5321, section 2.3.8.
/// let mut client = TcpStream::connect(server.addr()).await?;
/// client.write_all(b"EHLO client.example\n").await?;
/// let failure = server.next_received().await.unwrap_err();
/// assert!(failure.violations[0].starts_with("connection 1: bare LF in a command"));
/// assert!(server.shutdown().await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestServerError {
    /// What clients sent against the rules, one sentence each with the section that forbids
    /// it.
    pub violations: Vec<String>,
    /// The messages of panics in the server's tasks.
    pub panics: Vec<String>,
    /// What [`TestServer::wait_for`](super::TestServer::wait_for) waited for, if its time was over.
    pub timed_out: Option<String>,
}

impl fmt::Display for TestServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let violations = self.violations.iter().map(|text| ("violation", text));
        let panics = self.panics.iter().map(|text| ("panic", text));
        let mut separator = "";
        for (what, text) in panics.chain(violations) {
            write!(f, "{separator}{what}: {text}")?;
            separator = "; ";
        }
        match &self.timed_out {
            Some(text) => write!(f, "{separator}{text}"),
            None => Ok(()),
        }
    }
}

impl Error for TestServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_everything() {
        let failure = TestServerError {
            violations: vec!["bare LF".into()],
            panics: vec!["overflow".into()],
            timed_out: Some("waited 1s".into()),
        };
        assert_eq!(
            failure.to_string(),
            "panic: overflow; violation: bare LF; waited 1s"
        );
    }
}
