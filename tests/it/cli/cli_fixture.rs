//! A server, and a directory with the files that are needed to send a mail to it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pilotfish::testing::{Received, TestServer, TestServerBuilder};
use tempfile::TempDir;

use super::run::{PASSWORD, Run, USER};

/// A server with one user.
pub(crate) fn server() -> TestServerBuilder {
    TestServer::builder().user(USER, PASSWORD)
}

/// A server that runs, and a directory.
pub(crate) struct CliFixture {
    pub(crate) server: TestServer,
    pub(crate) directory: Directory,
}

/// A directory for one test.
pub(crate) struct Directory(TempDir);

impl CliFixture {
    pub(crate) async fn open(server: TestServerBuilder) -> Self {
        let server = server.start().await.unwrap();
        let directory = Directory::new();
        directory.file("ca.pem", server.ca_pem());
        directory.file("password", PASSWORD);
        Self { server, directory }
    }

    /// `pilotfish send` to this server with these arguments, and without a login.
    pub(crate) fn send_without_login(&self, arguments: &str) -> Run {
        let server = self.server.addr().to_string();
        // Without TLS no authority is needed, and naming one is an error.
        let authority = ["--tls-ca", "ca.pem"].iter();
        let authority = authority.filter(|_| !arguments.contains("--tls none"));
        Run::new("send --server")
            .args([&server])
            .args(authority)
            .args(Run::words(arguments))
            .directory(self.directory.path())
    }

    /// `pilotfish send` to this server with these arguments. The user is the sender.
    pub(crate) fn send(&self, arguments: &str) -> Run {
        self.send_without_login(arguments)
            .args(["--user", USER, "--password-file", "password"])
    }

    /// The only mail that arrived. Fails if the server complains about it.
    pub(crate) async fn mail(self) -> Received {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1);
        mails.remove(0)
    }

    /// The mails that arrived. Fails if the server complains about them.
    pub(crate) async fn mails(self) -> Vec<Received> {
        let received = self.server.received();
        self.server.shutdown().await.unwrap();
        received
    }

    /// Checks that no mail arrived and that the server has no complaints.
    pub(crate) async fn received_nothing(self) {
        assert_eq!(self.mails().await, []);
    }
}

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes a file that only its owner can read.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        self.chmod(name, 0o600);
        path
    }

    /// Makes a file of zeros that uses no disk space.
    pub(crate) fn sparse_file(&self, name: &str, octets: u64) -> PathBuf {
        let path = self.path().join(name);
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(octets).unwrap();
        path
    }

    /// Makes a pipe.
    pub(crate) fn pipe(&self, name: &str) {
        let path = self.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        let permissions = PermissionsExt::from_mode(mode);
        std::fs::set_permissions(self.path().join(name), permissions).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }
}

/// The arguments with which `pilotfish send` reaches the server of the fixture.
pub(crate) fn to_server(fixture: &CliFixture, arguments: &str) -> String {
    format!(
        "send --server {} --tls-ca ca.pem --user me@example.org --password-file password {arguments}",
        fixture.server.addr()
    )
}
