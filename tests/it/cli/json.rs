//! `--json`: one object, with the same keys for the same outcome.

use pilotfish::testing::Fault::{CloseAt, ReplyAt};
use pilotfish::testing::Offer;
use pilotfish::testing::Point::{Auth, Data, EndOfData};
use serde_json::{Value, json};

use super::cli_fixture::{CliFixture, server};
use super::run::{Ended, Run, unwrapped};
use crate::support::tls::KEY_EXCHANGE;

const TO_BOTH: &str = "--to ann@example.org,bob@example.org --text Hi --json";

/// The keys of every object, in the order of the alphabet.
const KEYS: [&str; 23] = [
    "account",
    "attempts",
    "causes",
    "class",
    "duration_ms",
    "envelope_from",
    "error",
    "exit_status",
    "help",
    "message_id",
    "outcome",
    "queue_id",
    "recipients",
    "reply",
    "retry_after_s",
    "schema",
    "server",
    "size",
    "stage",
    "time",
    "timing_ms",
    "tls",
    "warnings",
];

/// The object on the only line of standard output.
fn object(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.matches('\n').count(), 1, "{ended:?}");
    let object = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(faults(&object), None, "{ended:?}");
    object
}

const SCHEMA: &str = include_str!("../../../src/bin/pilotfish/output/schema.json");

/// What the JSON Schema says against an object.
fn faults(object: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(SCHEMA).unwrap();
    compiler.add_resource("send.json", schema).unwrap();
    let schema = compiler.compile("send.json", &mut schemas).unwrap();
    let faults = schemas.validate(object, schema).err();
    faults.map(|faults| faults.to_string())
}

#[tokio::test]
async fn the_schema_fits_no_other_object() {
    let ended = Run::new("send --schema").end().await;
    assert_eq!((ended.status, ended.stdout.as_str()), (0, SCHEMA));
    let ended = Run::new("send --to ann@example.org --text Hi -n --json")
        .end()
        .await;
    let right = object(&ended);
    for (key, value) in [
        ("schema", json!("pilotfish.send/2")),
        ("time", json!("yesterday")),
        ("outcome", json!("sent")),
        ("exit_status", json!(null)),
        ("size", json!(-1)),
        (
            "recipients",
            json!([{"address": "ann@example.org", "outcome": "accepted"}]),
        ),
        ("reply", json!({"code": 250, "enhanced": null, "lines": []})),
        ("class", json!("other")),
        ("help", json!(null)),
    ] {
        let mut wrong = right.clone();
        wrong[key] = value;
        assert!(faults(&wrong).is_some(), "{key}");
        wrong.as_object_mut().unwrap().remove(key);
        assert!(faults(&wrong).is_some(), "{key}");
    }
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
            "schema": "pilotfish.send/1",
            "time": outcome["time"],
            "outcome": "accepted",
            "exit_status": 0,
            "account": null,
            "server": address,
            "message_id": id,
            "queue_id": mail.queue_id,
            "envelope_from": "me@example.org",
            "attempts": 1,
            "warnings": [],
            "stage": null,
            "class": null,
            "error": null,
            "causes": [],
            "help": [],
            "retry_after_s": null,
            "timing_ms": outcome["timing_ms"],
            "tls": {
                "version": "TLSv1.3",
                "cipher": outcome["tls"]["cipher"],
                "key_exchange": KEY_EXCHANGE,
                "resumed": false,
                "certificate": outcome["tls"]["certificate"],
            },
            "reply": said(250, "2.0.0", &format!("Ok: queued as {}", mail.queue_id)),
            "recipients": both("accepted", None),
            "size": mail.size,
            "duration_ms": outcome["duration_ms"],
        })
    );
    let time = outcome["time"].as_str().unwrap();
    assert!(
        time.ends_with('Z') && time.len() == "2026-11-29T14:03:11.482Z".len(),
        "{time}"
    );
    time.parse::<jiff::Timestamp>().unwrap();
    for step in [
        "connect", "tls", "greeting", "login", "envelope", "content", "reply",
    ] {
        assert!(outcome["timing_ms"][step].is_u64(), "{outcome}");
    }
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
        let ann = json!({"address": "ann@example.org", "outcome": "accepted", "reply": null});
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
    assert_eq!(keys(&outcome), KEYS);
    assert_eq!(outcome["exit_status"], status);
    assert_eq!(outcome["server"], fixture.server.addr().to_string());
    assert!(outcome["size"].as_u64() > Some(100));
    assert!(outcome["message_id"].as_str().unwrap().starts_with('<'));
    outcome
}

/// The two recipients, both with this outcome and reply.
fn both(outcome: &str, reply: Option<&Value>) -> Value {
    json!([
        {"address": "ann@example.org", "outcome": outcome, "reply": reply},
        {"address": "bob@example.org", "outcome": outcome, "reply": reply},
    ])
}

#[tokio::test]
async fn rejected_completely() {
    let reply = ReplyAt(EndOfData, "550 5.7.1 spam".to_owned());
    let outcome = failed(server().fault(reply), 65).await;
    assert_eq!(outcome["outcome"], "rejected");
    assert_eq!(outcome["stage"], "the end of data");
    assert_eq!(outcome["reply"], said(550, "5.7.1", "spam"));
    let spam = said(550, "5.7.1", "spam");
    assert_eq!(outcome["recipients"], both("rejected", Some(&spam)));
    assert_eq!(
        (&outcome["help"], &outcome["causes"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(outcome["error"], "127.0.0.1 rejected the mail");
    assert_eq!(outcome["class"], "content");
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
    let limit = said(550, "5.4.5", "daily limit");
    assert_eq!(outcome["recipients"], both("deferred", Some(&limit)));
    let help = outcome["help"][0].as_str().unwrap();
    assert!(help.contains("tomorrow"), "{help}");
    assert_eq!(outcome["class"], "quota");
}

#[tokio::test]
async fn unknown() {
    let outcome = failed(server().fault(CloseAt(EndOfData)), 81).await;
    assert_eq!(outcome["outcome"], "unknown");
    assert_eq!(
        (&outcome["stage"], &outcome["reply"]),
        (&json!("the end of data"), &json!(null))
    );
    assert_eq!(outcome["recipients"], both("unknown", None));
    assert!(outcome["help"][0].is_string());
    assert_eq!(outcome["class"], "unknown");
}

#[tokio::test]
async fn a_login_that_failed() {
    let reply = ReplyAt(Auth, "535 5.7.8 wrong".to_owned());
    let outcome = failed(server().fault(reply), 77).await;
    assert_eq!(outcome["outcome"], "failed");
    assert_eq!(outcome["stage"], "AUTH");
    assert_eq!(outcome["reply"], said(535, "5.7.8", "wrong"));
    assert_eq!(outcome["recipients"], both("not-tried", None));
}

#[tokio::test]
async fn a_mail_that_could_not_be_built() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(&format!("{TO_BOTH} -a none.png")).end().await;
    ended.reports(66, "none.png");
    let mut outcome = object(&ended);
    for (key, words) in [
        ("error", "none.png"),
        ("causes", "No such file"),
        ("time", "T"),
    ] {
        let text = outcome[key].take().to_string();
        assert!(text.contains(words), "{key}: {text}");
    }
    assert_eq!(keys(&outcome), KEYS);
    for (key, value) in outcome.as_object().unwrap() {
        let expected = match key.as_str() {
            "schema" => json!("pilotfish.send/1"),
            "outcome" => json!("failed"),
            "exit_status" => json!(66),
            "attempts" => json!(0),
            "help" | "recipients" | "warnings" => json!([]),
            _ => json!(null),
        };
        assert_eq!(*value, expected, "{key}");
    }
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
        let of = |address| json!({"address": address, "outcome": "accepted", "reply": null});
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
            let line = format!("\n  {:<9} {name}@example.org", word.replace('-', " "));
            assert!(ended.stderr.contains(&line), "{fault:?}: {ended:?}");
        }
        // Bob may have the mail, unless the server has rejected it.
        let others = match (of_bob, of_carl) {
            ("deferred", "not-tried") => Some("bob@example.org, carl@example.org"),
            ("deferred", _) => Some("bob@example.org"),
            (_, "not-tried") => Some("carl@example.org"),
            _ => None,
        };
        let shown = unwrapped(&ended.stderr);
        for text in [outcome["help"].to_string(), shown] {
            let expected = others.map(|others| format!("send it again later, to {others} alone"));
            match expected {
                Some(expected) => assert!(text.contains(&expected), "{fault:?}: {text}"),
                None => assert!(!text.contains("send it again later"), "{fault:?}: {text}"),
            }
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
    let help = object(&ended)["help"].to_string();
    for text in [help, unwrapped(&ended.stderr)] {
        assert!(
            text.contains("ask bob@example.org before you send it again"),
            "{ended:?}"
        );
        assert!(!text.contains("send it again later"), "{ended:?}");
        assert!(!text.contains("to the others"), "{ended:?}");
    }
}
