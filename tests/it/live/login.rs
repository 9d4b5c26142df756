//! Dovecot, behind Postfix, accepts the login of each mechanism.

use super::live_env::{assert_once, fetch};
use super::mail::Mail;

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn each_mechanism_logs_in() {
    for mechanism in [
        "plain",
        "login",
        "cram-md5",
        "scram-sha-1",
        "scram-sha-256",
        "auto",
    ] {
        let mail = Mail::over("submission").to("bob").text("Hi");
        let mail = mail.arguments(["--transcript", "--auth", mechanism]);
        let run = mail.send();
        let queued = run.accepted();
        let name = match mechanism {
            "auto" => "SCRAM-SHA-256".to_owned(),
            name => name.to_uppercase(),
        };
        assert!(run.stderr.contains(&format!("~> AUTH {name}")), "{run:?}");
        assert_once(&fetch("bob", &mail.id), queued);
    }
}
