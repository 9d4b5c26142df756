//! `--json`: one object, with the same keys for the same outcome.

use pilotfish::testing::Fault::{CloseAt, ReplyAt};
use pilotfish::testing::Offer;
use pilotfish::testing::Point::{Auth, Data, EndOfData};
use serde_json::{Value, json};

use super::cli_fixture::{CliFixture, server};
use super::run::Ended;
use crate::support::tls::KEY_EXCHANGE;

const TO_BOTH: &str = "--to ann@example.org,bob@example.org --text Hi --json";

/// The object on the only line of standard output.
fn object(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.matches('\n').count(), 1, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn said(code: u16, enhanced: &str, text: &str) -> Value {
    json!({"code": code, "enhanced": enhanced, "lines": [format!("{enhanced} {text}")]})
}

#[tokio::test]
async fn accepted() {
    let fixture = CliFixture::open(server()).await;
    let address = fixture.server.addr().to_string();
    let ended = fixture.send(TO_BOTH).end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    let mail = fixture.mail().await;
    let outcome = object(&ended);
    let text = String::from_utf8_lossy(&mail.octets);
    let id = outcome["message_id"].as_str().unwrap();
    assert!(
        text.contains(&format!("\r\nMessage-ID: {id}\r\n")),
        "{text}"
    );
    assert!(outcome["duration_ms"].is_u64());
    assert!(
        outcome["tls"]["cipher"]
            .as_str()
            .unwrap()
            .starts_with("TLS13_")
    );
    assert_eq!(
        outcome,
        json!({
            "outcome": "accepted",
            "message_id": id,
            "server": address,
            "tls": {
                "version": "TLSv1.3",
                "cipher": outcome["tls"]["cipher"],
                "key_exchange": KEY_EXCHANGE,
                "resumed": false,
                "certificate": outcome["tls"]["certificate"],
            },
            "reply": said(250, "2.0.0", &format!("Ok: queued as {}", mail.queue_id)),
            "recipients": [
                {"address": "ann@example.org", "outcome": "accepted"},
                {"address": "bob@example.org", "outcome": "accepted"},
            ],
            "size": mail.size,
            "duration_ms": outcome["duration_ms"],
            "exit_status": 0,
        })
    );
}

#[tokio::test]
async fn partial() {
    for (reply, becomes) in [
        (
            "550 5.1.1 no Bob",
            json!({"outcome": "rejected", "reply": said(550, "5.1.1", "no Bob")}),
        ),
        (
            "450 4.2.1 later",
            json!({"outcome": "deferred", "reply": said(450, "4.2.1", "later")}),
        ),
    ] {
        let fixture = CliFixture::open(server().refuse_recipient("bob@example.org", reply)).await;
        let ended = fixture.send(TO_BOTH).end().await;
        ended.reports(80, reply);
        let outcome = object(&ended);
        assert_eq!(outcome["outcome"], "partial");
        assert_eq!(outcome["exit_status"], 80);
        assert_eq!(outcome["reply"]["code"], 250);
        let ann = json!({"address": "ann@example.org", "outcome": "accepted"});
        let mut bob = becomes;
        bob["address"] = json!("bob@example.org");
        assert_eq!(outcome["recipients"], json!([ann, bob]));
        fixture.mail().await;
    }
}

/// The outcome of a mail to two recipients, when the server does this.
async fn failed(server: pilotfish::testing::TestServerBuilder, status: i32) -> Value {
    let fixture = CliFixture::open(server).await;
    let ended = fixture.send(TO_BOTH).end().await;
    ended.reports(status, "");
    let outcome = object(&ended);
    assert_eq!(
        keys(&outcome),
        [
            "causes",
            "error",
            "exit_status",
            "hint",
            "message_id",
            "outcome",
            "recipients",
            "reply",
            "server",
            "size",
            "stage"
        ]
    );
    assert_eq!(outcome["exit_status"], status);
    assert_eq!(outcome["server"], fixture.server.addr().to_string());
    assert!(outcome["size"].as_u64() > Some(100));
    assert!(outcome["message_id"].as_str().unwrap().starts_with('<'));
    outcome
}

/// The two recipients, both with this outcome.
fn both(outcome: &str) -> Value {
    json!([
        {"address": "ann@example.org", "outcome": outcome},
        {"address": "bob@example.org", "outcome": outcome},
    ])
}

#[tokio::test]
async fn rejected_completely() {
    let reply = ReplyAt(EndOfData, "550 5.7.1 spam".to_owned());
    let outcome = failed(server().fault(reply), 65).await;
    assert_eq!(outcome["outcome"], "rejected");
    assert_eq!(outcome["stage"], "the end of data");
    assert_eq!(outcome["reply"], said(550, "5.7.1", "spam"));
    assert_eq!(outcome["recipients"], both("rejected"));
    assert_eq!(
        (&outcome["hint"], &outcome["causes"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(
        outcome["error"],
        "the server refused the message: 550 5.7.1 spam"
    );
}

#[tokio::test]
async fn rejected_for_each_recipient() {
    let server = server()
        .refuse_recipient("ann@example.org", "550 5.1.1 no Ann")
        .refuse_recipient("bob@example.org", "450 4.2.1 later");
    let outcome = failed(server, 75).await;
    assert_eq!(outcome["outcome"], "deferred");
    assert_eq!(
        (&outcome["stage"], &outcome["reply"]),
        (&json!("RCPT"), &json!(null))
    );
    assert_eq!(
        outcome["recipients"],
        json!([
            {
                "address": "ann@example.org",
                "outcome": "rejected",
                "reply": said(550, "5.1.1", "no Ann"),
            },
            {
                "address": "bob@example.org",
                "outcome": "deferred",
                "reply": said(450, "4.2.1", "later"),
            },
        ])
    );
}

#[tokio::test]
async fn deferred() {
    let reply = ReplyAt(EndOfData, "550 5.4.5 daily limit".to_owned());
    let outcome = failed(server().fault(reply), 75).await;
    assert_eq!(outcome["outcome"], "deferred");
    assert_eq!(outcome["recipients"], both("deferred"));
    assert!(outcome["hint"].as_str().unwrap().contains("tomorrow"));
}

#[tokio::test]
async fn unknown() {
    let outcome = failed(server().fault(CloseAt(EndOfData)), 81).await;
    assert_eq!(outcome["outcome"], "unknown");
    assert_eq!(
        (&outcome["stage"], &outcome["reply"]),
        (&json!("the end of data"), &json!(null))
    );
    assert_eq!(outcome["recipients"], both("unknown"));
    assert!(outcome["hint"].is_string());
}

#[tokio::test]
async fn a_login_that_failed() {
    let reply = ReplyAt(Auth, "535 5.7.8 wrong".to_owned());
    let outcome = failed(server().fault(reply), 77).await;
    assert_eq!(outcome["outcome"], "failed");
    assert_eq!(outcome["stage"], "AUTH");
    assert_eq!(outcome["reply"], said(535, "5.7.8", "wrong"));
    assert_eq!(outcome["recipients"], both("not-tried"));
}

#[tokio::test]
async fn a_mail_that_could_not_be_built() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(&format!("{TO_BOTH} -a none.png")).end().await;
    ended.reports(66, "none.png");
    let mut outcome = object(&ended);
    for (key, words) in [("error", "none.png"), ("causes", "No such file")] {
        let text = outcome[key].take().to_string();
        assert!(text.contains(words), "{key}: {text}");
    }
    assert_eq!(
        outcome,
        json!({
            "outcome": "failed",
            "message_id": null,
            "server": null,
            "stage": null,
            "reply": null,
            "recipients": [],
            "size": null,
            "error": null,
            "causes": null,
            "hint": null,
            "exit_status": 66,
        })
    );
    fixture.received_nothing().await;
}

/// As in the text, a reply cannot control a terminal or reverse the direction of the text.
#[tokio::test]
async fn replies_are_escaped_without_loss() {
    let words =
        "5.7.1 a\u{7f}b\u{9b}2Jc\u{202e}d\u{61c}e\u{2066}f\u{200f}g\u{2028}h\u{e9}\u{200b}\u{feff}";
    let fault = ReplyAt(EndOfData, format!("550 {words}"));
    let fixture = CliFixture::open(server().fault(fault)).await;
    let ended = fixture.send(TO_BOTH).end().await;
    let steers = |character: char| {
        let turns = "\u{61c}\u{200b}\u{200f}\u{202e}\u{2028}\u{2066}\u{feff}";
        (character.is_control() && character != '\n') || turns.contains(character)
    };
    assert!(!ended.stdout.contains(steers), "{ended:?}");
    assert!(!ended.stderr.contains(steers), "{ended:?}");
    assert_eq!(object(&ended)["reply"]["lines"][0], words);
    fixture.received_nothing().await;
}

/// The client knows the limits in advance, so it omits no recipient, and nothing fails.
#[tokio::test]
async fn recipients_beyond_a_session_limit_get_the_mail_over_another() {
    for (limit, sessions) in [(Offer::Domains(1), 2), (Offer::Recipients(1), 2)] {
        let fixture = CliFixture::open(server().offer(limit).offer(Offer::Mails(1))).await;
        let to = "--to ann@example.org,bob@example.net --text Hi --json";
        let ended = fixture.send(to).end().await;
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
        let outcome = object(&ended);
        assert_eq!(outcome["outcome"], "accepted");
        let of = |address| json!({"address": address, "outcome": "accepted"});
        let all = json!([of("ann@example.org"), of("bob@example.net")]);
        assert_eq!(outcome["recipients"], all);
        let mails = fixture.mails().await;
        let paths: Vec<_> = mails.iter().flat_map(|mail| &mail.forward_paths).collect();
        assert_eq!(paths, ["ann@example.org", "bob@example.net"]);
        assert_eq!(mails.len(), sessions);
    }
}

/// A recipient who has the mail never gets it again, whatever the outcome of later portions.
#[tokio::test]
async fn a_later_portion_that_fails() {
    let end = |reply: &str| ReplyAt(EndOfData, reply.to_owned());
    for (fault, status, of_mail, of_bob, of_carl) in [
        (end("550 5.7.1 no"), 80, "partial", "rejected", "accepted"),
        (
            end("450 4.2.0 later"),
            80,
            "partial",
            "deferred",
            "accepted",
        ),
        (end("421 4.3.2 bye"), 80, "partial", "deferred", "accepted"),
        (CloseAt(Data), 80, "partial", "deferred", "not-tried"),
        (CloseAt(EndOfData), 81, "unknown", "unknown", "not-tried"),
    ] {
        let server = server().offer(Offer::Recipients(1));
        let fixture = CliFixture::open(server.fault_every(2, fault.clone())).await;
        let to = "--to ann@example.org,bob@example.org,carl@example.org --text Hi --json";
        let ended = fixture.send(to).end().await;
        ended.reports(status, "");
        let outcome = object(&ended);
        assert_eq!(outcome["outcome"], of_mail, "{fault:?}: {ended:?}");
        let recipients = outcome["recipients"].as_array().unwrap();
        let words: Vec<_> = recipients.iter().map(|of| of["outcome"].clone()).collect();
        assert_eq!(words, ["accepted", of_bob, of_carl], "{fault:?}: {ended:?}");
        for (name, word) in [("bob", of_bob), ("carl", of_carl)] {
            let line = format!("\n  {word:<9} {name}@example.org");
            let named = ended.stderr.contains(&line);
            assert_eq!(named, word != "accepted", "{fault:?}: {ended:?}");
        }
        let is_advised = of_carl == "not-tried";
        for advice in [outcome["hint"].as_str().unwrap_or_default(), &ended.stderr] {
            let named = advice.contains("only to the recipients that are deferred or not tried");
            assert_eq!(named, is_advised, "{fault:?}: {ended:?}");
            assert!(!advice.contains("to the others"), "{fault:?}: {ended:?}");
        }
        let mails = fixture.mails().await;
        let paths = mails.iter().flat_map(|mail| &mail.forward_paths);
        let anns = paths.filter(|path| path.starts_with("ann")).count();
        assert_eq!(anns, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn recipients_that_may_have_the_mail_are_not_sent_to_again() {
    let server = server().offer(Offer::Recipients(1));
    let fixture = CliFixture::open(server.fault_every(2, CloseAt(EndOfData))).await;
    let to = "--to ann@example.org,bob@example.org --text Hi --json";
    let ended = fixture.send(to).end().await;
    ended.reports(81, "");
    let hint = &object(&ended)["hint"];
    for advice in [hint.as_str().unwrap(), &ended.stderr] {
        assert!(advice.contains("look for it"), "{ended:?}");
        assert!(!advice.contains("send it again only"), "{ended:?}");
        assert!(!advice.contains("to the others"), "{ended:?}");
    }
}
