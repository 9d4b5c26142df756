//! One table: what happens, and the exit status, the outcome, the class and the error that follow.
#![expect(clippy::too_many_lines, reason = "one table")]

use pilotfish::testing::Fault::{CloseAt, ReplyAt, SilentAt};
use pilotfish::testing::Point::{self, Auth, Data, EndOfData, Greeting, Mail, Rcpt};
use pilotfish::testing::{Fault, TestServerBuilder};
use serde_json::{Value, json};

use super::cli_fixture::{CliFixture, server};
use super::run::Run;

const TO_ANN: &str = "ann@example.org -m Hi --json";
const TO_BOTH: &str = "ann@example.org bob@example.org -m Hi --json";

/// Status, outcome, class, and the error.
type Expected = (i32, &'static str, Option<&'static str>, &'static str);

fn at(point: Point, reply: &str) -> TestServerBuilder {
    with(ReplyAt(point, reply.to_owned()))
}

fn with(fault: Fault) -> TestServerBuilder {
    server().fault_always(fault)
}

/// Compares the exit status, the object on standard output and the error on standard error.
async fn check(name: &str, run: Run, (status, outcome, class, error): Expected) {
    let ended = run.end().await;
    assert_eq!(ended.status, status, "{name}: {ended:?}");
    let object: Value = serde_json::from_str(&ended.stdout).unwrap();
    for (key, expected) in [
        ("exit_status", json!(status)),
        ("outcome", json!(outcome)),
        ("class", json!(class)),
    ] {
        assert_eq!(object[key], expected, "{name}: {key}: {ended:?}");
    }
    let shown = super::run::unwrapped(&ended.stderr);
    let first = format!("error: {error}");
    assert!(shown.starts_with(&first), "{name}: {first}: {ended:?}");
}

#[tokio::test]
async fn what_the_server_does() {
    let accepted_by_none = "127.0.0.1 accepted the mail for none of 2 recipients";
    let rows: Vec<(&str, TestServerBuilder, &str, Expected)> = vec![
        (
            "wrong password",
            at(
                Auth,
                "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 x - gsmtp",
            ),
            TO_ANN,
            (
                77,
                "failed",
                Some("auth-refused"),
                "127.0.0.1 rejected the login of me@example.org",
            ),
        ),
        (
            "app password",
            at(
                Auth,
                "534 5.7.9 Application-specific password required. - gsmtp",
            ),
            TO_ANN,
            (
                77,
                "failed",
                Some("auth-refused"),
                "127.0.0.1 rejected the login of me@example.org",
            ),
        ),
        (
            "too many logins",
            at(
                Auth,
                "454 4.7.0 Too many login attempts, please try again later.",
            ),
            TO_ANN,
            (
                75,
                "deferred",
                Some("auth-later"),
                "127.0.0.1 deferred the login of me@example.org",
            ),
        ),
        (
            "too many connections",
            at(Greeting, "421 4.7.0 Try again later"),
            TO_ANN,
            (
                75,
                "deferred",
                Some("throttle"),
                "127.0.0.1 accepts no more connections now",
            ),
        ),
        (
            "no connection",
            at(Greeting, "554 no"),
            TO_ANN,
            (
                69,
                "rejected",
                Some("network"),
                "127.0.0.1 accepts no connection",
            ),
        ),
        (
            "sender of others",
            at(Mail, "553 5.7.1 not owned by user"),
            TO_ANN,
            (
                65,
                "rejected",
                Some("sender"),
                "127.0.0.1 rejected the sender <me@example.org>",
            ),
        ),
        (
            "size at MAIL",
            at(Mail, "552 5.3.4 too big"),
            TO_ANN,
            (
                65,
                "rejected",
                Some("too-big"),
                "the mail is too large for 127.0.0.1: ",
            ),
        ),
        (
            "login missing",
            at(Mail, "530 5.7.1 Authentication required"),
            TO_ANN,
            (
                77,
                "rejected",
                Some("auth-refused"),
                "127.0.0.1 rejected the sender <me@example.org>",
            ),
        ),
        (
            "unknown recipient",
            at(Rcpt, "550 5.1.1 User unknown"),
            TO_ANN,
            (
                65,
                "rejected",
                Some("recipient"),
                "127.0.0.1 rejected the mail for ann@example.org",
            ),
        ),
        (
            "unknown recipients",
            at(Rcpt, "550 5.1.1 User unknown"),
            TO_BOTH,
            (
                65,
                "rejected",
                Some("recipient"),
                "127.0.0.1 rejected the mail for all 2 recipients",
            ),
        ),
        (
            "greylisted",
            at(Rcpt, "450 4.7.1 Greylisted for 300 seconds"),
            TO_ANN,
            (
                75,
                "deferred",
                Some("greylist"),
                "127.0.0.1 deferred the mail for ann@example.org",
            ),
        ),
        (
            "one rejected and one deferred",
            server()
                .refuse_recipient("ann@example.org", "550 5.1.1 no")
                .refuse_recipient("bob@example.org", "450 4.2.0 later"),
            TO_BOTH,
            (75, "deferred", Some("recipient"), accepted_by_none),
        ),
        (
            "one of two rejected",
            server().refuse_recipient("bob@example.org", "553 5.1.2 no"),
            TO_BOTH,
            (
                80,
                "partial",
                None,
                "127.0.0.1 accepted the mail for 1 of 2 recipients",
            ),
        ),
        (
            "rejected at DATA",
            at(Data, "554 5.5.1 no"),
            TO_ANN,
            (
                65,
                "rejected",
                Some("content"),
                "127.0.0.1 rejected the mail\n",
            ),
        ),
        (
            "spam",
            at(EndOfData, "550 5.7.1 spam"),
            TO_ANN,
            (
                65,
                "rejected",
                Some("content"),
                "127.0.0.1 rejected the mail\n",
            ),
        ),
        (
            "daily limit",
            at(EndOfData, "550 5.4.5 Daily user sending limit exceeded."),
            TO_ANN,
            (
                75,
                "deferred",
                Some("quota"),
                "the sending limit at 127.0.0.1 is reached",
            ),
        ),
        (
            "slow down",
            at(EndOfData, "451 4.3.0 later"),
            TO_ANN,
            (
                75,
                "deferred",
                Some("throttle"),
                "127.0.0.1 deferred the mail\n",
            ),
        ),
        (
            "closed after the mail",
            with(CloseAt(EndOfData)),
            TO_ANN,
            (
                81,
                "unknown",
                Some("unknown"),
                "outcome unknown: the whole mail was sent, but no reply came",
            ),
        ),
        (
            "closed before the mail",
            with(CloseAt(Data)),
            TO_ANN,
            (
                75,
                "deferred",
                Some("network"),
                "the server closed the connection at DATA",
            ),
        ),
        (
            "silent",
            with(SilentAt(Rcpt)),
            "ann@example.org -m Hi --json --timeout rcpt=1s",
            (
                75,
                "deferred",
                Some("network"),
                "no reply to RCPT within 1s",
            ),
        ),
        (
            "no STARTTLS",
            server().without("STARTTLS"),
            TO_ANN,
            (
                76,
                "failed",
                Some("tls"),
                "127.0.0.1 does not offer STARTTLS",
            ),
        ),
        (
            "too large for SIZE",
            server().max_size(100),
            TO_ANN,
            (
                65,
                "failed",
                Some("too-big"),
                "the mail is too large for 127.0.0.1: ",
            ),
        ),
    ];
    for (name, builder, arguments, expected) in rows {
        let fixture = CliFixture::open(builder).await;
        check(name, fixture.send(arguments), expected).await;
    }
}

#[tokio::test]
async fn what_is_wrong_before_a_server_answers() {
    let fixture = CliFixture::open(server()).await;
    let address = fixture.server.addr();
    let there = format!(
        "--server {address} --tls-ca ca.pem --user me@example.org --password-file password"
    );
    let rows: [(&str, String, Expected); 9] = [
        (
            "no authority",
            format!("{TO_ANN} --server {address} --from me@example.org"),
            (76, "failed", Some("tls"), "the certificate of 127.0.0.1 "),
        ),
        (
            "no such host",
            format!("{TO_ANN} --server there.invalid --from me@example.org"),
            (
                68,
                "failed",
                Some("network"),
                "there is no host there.invalid",
            ),
        ),
        (
            "nothing listens",
            format!("{TO_ANN} --server 127.0.0.1:1 --from me@example.org"),
            (
                75,
                "deferred",
                Some("network"),
                "cannot connect to 127.0.0.1 port 1",
            ),
        ),
        (
            "unknown flag",
            format!("{TO_ANN} {there} --xyzzy"),
            (64, "failed", None, "there is no flag --xyzzy"),
        ),
        (
            "no recipient",
            format!("-m Hi --json {there}"),
            (64, "failed", None, "no recipient"),
        ),
        (
            "empty",
            format!("ann@example.org --html '' --json {there}"),
            (64, "failed", None, "the mail would be empty"),
        ),
        (
            "bad address",
            format!("--to nobody@ -m Hi --json {there}"),
            (65, "failed", None, "in --to: "),
        ),
        (
            "no such file",
            format!("{TO_ANN} {there} -a none.png"),
            (66, "failed", None, ""),
        ),
        (
            "no password",
            format!("{TO_ANN} --server {address} --user me@example.org --password-file none"),
            (78, "failed", None, "cannot read the password from none"),
        ),
    ];
    for (name, arguments, expected) in rows {
        let run = Run::new("send")
            .args(Run::words(&arguments))
            .directory(fixture.directory.path());
        check(name, run, expected).await;
    }
    fixture.received_nothing().await;
}
