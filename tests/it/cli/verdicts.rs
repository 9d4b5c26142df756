//! The server's replies for each recipient decide the outcome of the mail, and the command prints
//! them.

use futures_util::future::join_all;
use pilotfish::testing::Fault::{ReplyAt, SilentAt};
use pilotfish::testing::Point::{Body, Data, EndOfData, EndOfDataFor, Mail, Rcpt};
use pilotfish::testing::{Offer, Security, TestServer, TestServerBuilder};
use rustix::process::Signal;
use serde_json::Value;

use super::cli_fixture::{CliFixture, Directory};
use super::peer::Peer;
use super::run::Run;
use crate::support::open_server::open_server;

/// `pilotfish send` in clear text to the server of a fixture.
fn send(fixture: &CliFixture, scheme: &str, to: &str) -> Run {
    let server = format!("{scheme}://{}", fixture.server.addr());
    Run::new("send --tls none --from me@example.org --text Hi --json")
        .args(["--server", &server])
        .args(Run::words(to))
}

/// The outcome of the mail and of each recipient, in one word each.
fn words(stdout: &str) -> String {
    let object: Value = serde_json::from_str(stdout).unwrap();
    let of = |value: &Value| value["outcome"].as_str().unwrap().to_owned();
    let recipients = object["recipients"].as_array().unwrap().iter().map(of);
    let recipients: Vec<_> = recipients.collect();
    format!("{}: {}", of(&object), recipients.join(" "))
}

/// A server that rejects one recipient permanently, and defers another.
fn refusing() -> TestServerBuilder {
    open_server()
        .refuse_recipient("never@x.test", "550 5.1.1 no such user")
        .refuse_recipient("later@x.test", "451 4.2.0 later")
}

#[tokio::test]
async fn rejected_and_deferred_recipients() {
    for (flags, status, expected) in [
        ("never later", 75, "deferred: rejected deferred"),
        ("later never", 75, "deferred: deferred rejected"),
        ("never", 65, "rejected: rejected"),
        ("ok never later", 80, "partial: accepted rejected deferred"),
        // All or nothing.
        ("never later !", 65, "rejected: rejected deferred"),
        ("ok never !", 65, "rejected: not-tried rejected"),
        ("later ok !", 75, "deferred: deferred not-tried"),
        (
            "later ok never !",
            65,
            "rejected: deferred not-tried rejected",
        ),
    ] {
        let to = flags.split(' ').filter(|name| *name != "!");
        let to: Vec<_> = to.map(|name| format!("{name}@x.test")).collect();
        let all = if flags.ends_with('!') {
            "--on-rejected abort"
        } else {
            ""
        };
        let arguments = format!("--to {} {all}", to.join(","));
        let in_portions = refusing().offer(Offer::Recipients(1));
        for (scheme, server, strategy, goes) in [
            ("smtp", refusing(), "", true),
            ("smtp", refusing(), "--chunking always", true),
            ("lmtp", refusing().lmtp(), "", true),
            ("lmtp", refusing().lmtp(), "--chunking always", true),
            ("lmtp", refusing().lmtp(), "--pipelining never", true),
            // These cannot go to all recipients or none.
            ("smtp", in_portions, "", all.is_empty()),
        ] {
            if !goes {
                continue;
            }
            let fixture = CliFixture::open(server).await;
            let run = send(
                &fixture,
                scheme,
                &format!("{arguments} {strategy} --transcript"),
            );
            let ended = run.end().await;
            ended.reports(status, "");
            assert_eq!(
                words(&ended.stdout),
                expected,
                "{scheme} {flags} {strategy}: {ended:?}"
            );
            // By LMTP too, no message follows a rejected recipient.
            let continues = ["-> DATA", "-> BDAT"]
                .iter()
                .any(|line| ended.stderr.contains(line));
            assert!(!(continues && flags.ends_with('!')), "{ended:?}");
            let listed = ended.stderr.contains("  not tried ok@x.test\n");
            assert_eq!(listed, expected.contains("not-tried"), "{ended:?}");
        }
    }
}

/// A reply to the message does not change the result of the recipients that were rejected before.
#[tokio::test]
async fn a_rejected_message_with_one_deferred_recipient() {
    for (point, reply, status, expected) in [
        (Data, "554 5.5.1 no", 65, "rejected: rejected deferred"),
        (
            EndOfData,
            "554 5.7.1 spam",
            65,
            "rejected: rejected deferred",
        ),
        (
            EndOfData,
            "451 4.3.0 later",
            75,
            "deferred: deferred deferred",
        ),
    ] {
        for portions in [false, true] {
            let server = refusing().fault(ReplyAt(point, reply.to_owned()));
            let server = if portions {
                server.offer(Offer::Recipients(1))
            } else {
                server
            };
            let fixture = CliFixture::open(server).await;
            let ended = send(&fixture, "smtp", "--to ok@x.test,later@x.test");
            let ended = ended.end().await;
            ended.reports(status, "");
            assert_eq!(words(&ended.stdout), expected, "{reply}: {ended:?}");
        }
    }
}

/// By LMTP, the server replies to the message once for each recipient. Some recipients may then
/// have even a mail that is for all recipients or none.
#[tokio::test]
async fn recipients_rejected_after_the_message() {
    for (names, status, expected) in [
        ("never full", 75, "deferred: rejected deferred"),
        ("later spam", 75, "deferred: deferred rejected"),
        ("spam full", 75, "deferred: rejected deferred"),
        ("spam never", 65, "rejected: rejected rejected"),
        ("ok spam !", 80, "partial: accepted rejected"),
        ("full ok !", 80, "partial: deferred accepted"),
    ] {
        let all = if names.ends_with('!') {
            "--on-rejected abort"
        } else {
            ""
        };
        let to: Vec<_> = names
            .split(' ')
            .filter(|name| *name != "!")
            .map(|name| format!("{name}@x.test"))
            .collect();
        let server = (refusing().lmtp())
            .refuse_after_data("full@x.test", "452 4.2.2 over quota")
            .refuse_after_data("spam@x.test", "550 5.7.1 spam");
        let fixture = CliFixture::open(server).await;
        let ended = send(&fixture, "lmtp", &format!("--to {} {all}", to.join(",")));
        let ended = ended.end().await;
        ended.reports(status, "");
        assert_eq!(words(&ended.stdout), expected, "{names}: {ended:?}");
    }
}

/// The server is silent after RCPT, or in the middle of the message, and something stops the
/// command.
#[tokio::test]
async fn a_stop_before_the_end_of_data_keeps_what_is_known() {
    let at_data = || refusing().fault(SilentAt(Data));
    let in_message = || refusing().fault(SilentAt(Body(100_000)));
    let one_by_one = || at_data().without("PIPELINING");
    let in_portions = || at_data().offer(Offer::Recipients(1));
    for (stop, status) in [
        (Some(Signal::INT), 130),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 129),
        (None, 75),
    ] {
        let runs = [
            (
                "smtp",
                at_data(),
                "never ok later",
                "451 4",
                "rejected not-tried deferred",
            ),
            (
                "lmtp",
                at_data().lmtp(),
                "never ok later",
                "451 4",
                "rejected not-tried deferred",
            ),
            (
                "smtp",
                one_by_one(),
                "ok never",
                "550 5",
                "not-tried rejected",
            ),
            (
                "smtp",
                in_portions(),
                "never ok other",
                "550 5",
                "rejected not-tried not-tried",
            ),
            (
                "smtp",
                in_message(),
                "later ok",
                "<- 354",
                "deferred not-tried",
            ),
            (
                "lmtp",
                in_message().lmtp(),
                "never ok",
                "<- 354",
                "rejected not-tried",
            ),
            (
                "smtp",
                in_message(),
                "ok other",
                "<- 354",
                "not-tried not-tried",
            ),
        ];
        let runs = runs.map(async |(scheme, server, names, last, expected)| {
            let fixture = CliFixture::open(server).await;
            let large = fixture.directory.sparse_file("large", 20_000_000);
            let to = names.split(' ').map(|name| format!("{name}@x.test"));
            let to = to.collect::<Vec<_>>().join(",");
            // Long enough for the replies to arrive on a busy machine.
            let total = ["--timeout", "total=4s"];
            let total = total.into_iter().filter(|_| stop.is_none());
            let run = send(&fixture, scheme, &format!("--to {to} --transcript"));
            let mut sending = run.args(total).args(["-a".into(), large]).start().await;
            sending.until(last).await;
            if let Some(stop) = stop {
                sending.signal(stop);
            }
            let ended = sending.end().await;
            ended.reports(status, "the mail was not sent");
            let of_mail = if stop.is_some() { "failed" } else { "deferred" };
            let expected = format!("{of_mail}: {expected}");
            assert_eq!(
                words(&ended.stdout),
                expected,
                "{scheme} {names}: {ended:?}"
            );
            for (name, reply) in [
                ("never", "550 5.1.1 no such user"),
                ("later", "451 4.2.0 later"),
            ] {
                let line = format!("{name}@x.test  {reply}");
                assert_eq!(
                    ended.stderr.contains(&line),
                    names.contains(name),
                    "{ended:?}"
                );
            }
            fixture.received_nothing().await;
        });
        join_all(runs).await;
    }
}

/// The server accepts the first portion, and something stops the command in the message of the
/// second.
#[tokio::test]
async fn a_stop_in_a_later_portion_reports_accepted_recipients() {
    let directory = Directory::new();
    let large = directory.sparse_file("large", 20_000_000);
    let peer = Peer::listen().await;
    let run = peer.send("--to a@x.test,b@x.test --text Hi --json -a");
    let sending = run.args([large]).start().await;
    let mut client = peer.accept().await;
    client.reply("220 there.example").await;
    client.expect_line("EHLO ").await;
    client
        .reply("250-there.example\r\n250 LIMITS RCPTMAX=1")
        .await;
    for recipient in ["RCPT TO:<a@x.test>", "RCPT TO:<b@x.test>"] {
        for command in ["MAIL ", recipient] {
            client.expect_line(command).await;
            client.reply("250 ok").await;
        }
        client.expect_line("DATA").await;
        client.reply("354 go on").await;
        if recipient.contains("a@") {
            client.expect_message().await;
            client.reply("250 queued").await;
        }
    }
    // More than one block of the message.
    for _ in 0..10_000 {
        client.expect_line("").await;
    }
    sending.signal(Signal::INT);
    let ended = sending.end().await;
    ended.reports(
        80,
        "interrupted: the server had not replied for every recipient",
    );
    assert_eq!(words(&ended.stdout), "partial: accepted not-tried");
}

/// The reply to the message does not arrive, and something stops the command.
#[tokio::test]
async fn a_stop_after_the_end_of_data_keeps_what_is_known() {
    let refuses = |path: &str| open_server().refuse_recipient(path, "550 5.1.1 no");
    let servers = || {
        [
            (
                "smtp",
                refuses("b@x.test").fault(SilentAt(EndOfData)),
                "unknown: unknown rejected unknown",
            ),
            (
                "lmtp",
                refuses("c@x.test").lmtp().fault(SilentAt(EndOfDataFor(1))),
                "unknown: accepted unknown rejected",
            ),
            (
                "smtp",
                refuses("a@x.test")
                    .offer(Offer::Recipients(2))
                    .fault(SilentAt(EndOfData)),
                "unknown: rejected unknown not-tried",
            ),
        ]
    };
    for again in [Some(Signal::INT), Some(Signal::TERM), None] {
        let runs = servers().map(async |(scheme, server, expected)| {
            let fixture = CliFixture::open(server).await;
            let to = "--to a@x.test,b@x.test,c@x.test --transcript";
            // Long enough for the mail to leave on a busy machine.
            let total = ["--timeout", "total=4s"];
            let total = total.into_iter().filter(|_| again.is_none());
            let mut sending = send(&fixture, scheme, to).args(total).start().await;
            sending.until("> <content and end of mail").await;
            if scheme == "lmtp" {
                sending.until("<a@x.test> Ok: queued").await;
            }
            if let Some(again) = again {
                sending.signal(Signal::INT);
                sending.until("waiting for the reply").await;
                sending.signal(again);
            }
            let ended = sending.end().await;
            ended.reports(81, "outcome unknown: the whole mail was sent");
            assert_eq!(words(&ended.stdout), expected, "{again:?}: {ended:?}");
            for line in ["  rejected ", "550 5.1.1 no"] {
                assert!(ended.stderr.contains(line), "{ended:?}");
            }
        });
        join_all(runs).await;
    }
}

/// The server may require TLS of the server to which it relays, or of the server that it asks about
/// a recipient.
#[tokio::test]
async fn tls_required_by_a_later_server() {
    const NO_LOGIN: &str = "--from me@example.org";
    const CLEAR: &str = "--from me@example.org --tls none";
    for (arguments, point, reply) in [
        (NO_LOGIN, Mail, "451 4.7.1 destination requires TLS"),
        (NO_LOGIN, Rcpt, "451 4.7.1 destination requires TLS"),
        (
            CLEAR,
            Rcpt,
            "450 4.1.1 unverified: TLS is required, but was not offered by mx.test",
        ),
        (CLEAR, Rcpt, "451 4.7.1 destination requires TLS"),
        (CLEAR, EndOfData, "451 4.7.1 destination requires TLS"),
    ] {
        let builder = TestServer::builder().anonymous();
        let builder = if arguments == CLEAR {
            builder.security(Security::Cleartext)
        } else {
            builder
        };
        let fixture = CliFixture::open(builder.fault(ReplyAt(point, reply.to_owned()))).await;
        let arguments = format!("{arguments} --to ann@example.org --text Hi");
        let ended = fixture.send_without_login(&arguments).end().await;
        assert_eq!(ended.status, 75, "{reply}: {ended:?}");
    }
}
