//! The mail that a new account sends to itself.

use std::os::unix::process::ExitStatusExt as _;

use pilotfish::testing::Fault::SilentAt;
use pilotfish::testing::{Point, Security, TestServer};

use super::account::{CONFIG, at, script};
use super::cli_fixture::CliFixture;
use crate::support::screen::Screen;

/// Ctrl-C at the question about the test mail, and while the server is silent: the account stays.
#[tokio::test]
async fn a_test_mail_that_is_interrupted() {
    for is_sent in [false, true] {
        let server = TestServer::builder()
            .user("me@example.org", "abcdefghijklmnop")
            .security(Security::ImplicitTls)
            .fault(SilentAt(Point::Mail));
        let fixture = CliFixture::open(server).await;
        let home = fixture.directory.path();
        let arguments = at(&fixture, "-vvv account add me@example.org");
        let mut screen = Screen::start(&script("", &arguments), home);
        let question = "Send a test mail to me@example.org? [Y/n]";
        for (question, answer) in [
            ("Password for me@example.org", "abcdefghijklmnop\n"),
            ("recipients see it [Me]:", "\n"),
            ("and not encrypted? [Y/n]", "\n"),
        ] {
            screen.answer(question, answer).await;
        }
        if is_sent {
            screen.answer(question, "\n").await;
            screen.answer("MAIL FROM", "\u{3}").await;
        } else {
            screen.answer(question, "\u{3}").await;
        }
        let (status, shown) = screen.end().await;
        let signal = status.signal().map(|signal| signal + 128);
        assert_eq!(status.code().or(signal), Some(130), "{shown}");
        assert!(shown.contains("not sent"), "{shown}");
        assert!(!shown.contains("nothing was stored"), "{shown}");
        let config = String::from_utf8(fixture.directory.read(CONFIG)).unwrap();
        assert!(config.contains("password-file"), "{config}");
    }
}
