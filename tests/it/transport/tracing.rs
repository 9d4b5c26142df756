//! The log shows the dialogue: each line once, no octet of the message, no secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures_util::stream;
use pilotfish::transport::TlsConfig;
use pilotfish::{Client, Credentials, Security, ServerConfig, testing};
use tracing::{Instrument as _, debug_span};

use crate::client::send_all::letters;
use crate::support::client::{Account, PASSWORD, play_script, summary};
use crate::support::delivery::Delivery;
use crate::support::events::Capture;
use crate::support::open_server::open_server;
use crate::support::script::Script;
use crate::support::tls::KEY_EXCHANGE;

/// The expected log of a transcript, with the placeholders for secrets and blocks.
fn expected(fixture: &str) -> Vec<String> {
    let path = format!(
        "{}/tests/fixtures/dialogues/{fixture}.smtp",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let (mut lines, mut block, mut in_login) = (Vec::new(), None, false);
    for line in text.lines() {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let shown = match (side, &mut block) {
            ("C:", Some(octets)) => {
                *octets += text.len() + 2;
                if text != "." {
                    continue;
                }
                format!("-- last block tls=true octets={octets} --")
            }
            ("C:", None) => match text.strip_prefix("AUTH PLAIN ") {
                Some(response) => format!("C: AUTH PLAIN <redacted {} octets>", response.len()),
                None if in_login => format!("C: <redacted {} octets>", text.len()),
                None => line.to_owned(),
            },
            ("S:", _) => line.to_owned(),
            ("--", _) if text.starts_with("tls") => {
                format!("-- TLSv1.3 TLS13_AES_256_GCM_SHA384 {KEY_EXCHANGE} tls=true --")
            }
            _ => continue,
        };
        in_login = shown.starts_with("S: 334");
        block = text.starts_with("354").then_some(0);
        lines.push(shown);
    }
    lines
}

/// Submits a mail, and compares the log with the transcript.
async fn logs(account: Account, fixture: &str) {
    let script = Script::fixture(fixture);
    for delivery in Delivery::ALL {
        let capture = Capture::begin();
        let (result, _) = play_script(&script, delivery, async |stream| {
            account
                .submit(stream, account.letter(&["a@example.org"]))
                .await
        })
        .await;
        assert_eq!(
            capture.dialogue(),
            expected(fixture),
            "{delivery:?} {}",
            summary(&result)
        );

        let plain = STANDARD_NO_PAD.encode(format!("\0{}\0{PASSWORD}", account.user));
        let everything = format!("{:?}", capture.all());
        for hidden in [
            PASSWORD,
            &STANDARD_NO_PAD.encode(PASSWORD),
            &plain,
            "Here it comes",
        ] {
            assert!(!everything.contains(hidden), "{hidden} in {everything}");
        }
    }
}

const GMAIL: Account = Account {
    host: "smtp.gmail.com",
    user: "me@gmail.com",
};

#[tokio::test(start_paused = true)]
async fn each_line_of_a_dialogue_is_logged_once() {
    logs(GMAIL, "gmail_success").await;
}

#[tokio::test(start_paused = true)]
async fn a_dialogue_that_fails_is_logged_to_its_end() {
    logs(GMAIL, "gmail_535_bad_credentials").await;
    logs(GMAIL, "gmail_552_too_large_at_mail").await;
    logs(GMAIL, "gmail_lost_after_end_of_data").await;
}

#[tokio::test(start_paused = true)]
async fn one_command_at_a_time_and_a_login_in_three() {
    let amazon = Account {
        host: "email-smtp.eu-west-1.amazonaws.com",
        user: "me@shop.example",
    };
    logs(amazon, "amazon_ses").await;
    let exchange = Account {
        host: "smtp.office365.com",
        user: "me@contoso.example",
    };
    logs(exchange, "exchange_online").await;
}

#[tokio::test(start_paused = true)]
async fn lines_inside_tls_are_marked() {
    let capture = Capture::begin();
    let script = Script::fixture("gmail_success");
    let _ = play_script(&script, Delivery::Whole, async |stream| {
        GMAIL.submit(stream, GMAIL.letter(&["a@example.org"])).await
    })
    .await
    .0
    .unwrap();
    let wire = capture.all().into_iter();
    let wire = wire.filter(|logged| logged.target == "pilotfish::wire");
    let (clear, secured): (Vec<_>, Vec<_>) =
        wire.partition(|logged| logged.fields.contains("tls=false"));
    assert_eq!(
        clear.last().unwrap().message,
        "220 2.0.0 Ready to start TLS"
    );
    assert!(
        secured
            .iter()
            .all(|logged| logged.fields.contains("tls=true"))
    );
    assert_eq!(
        secured
            .iter()
            .filter(|logged| logged.level == "TRACE")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_transaction_has_a_span_with_what_identifies_the_mail() {
    let capture = Capture::begin();
    let script = Script::fixture("gmail_success");
    let _ = play_script(&script, Delivery::Whole, async |stream| {
        GMAIL.submit(stream, GMAIL.letter(&["a@example.org"])).await
    })
    .await
    .0
    .unwrap();
    let all = capture.all();
    let span = all.iter().find(|logged| logged.message == "transaction");
    let fields = &span.unwrap().fields;
    assert_eq!(
        fields,
        " message_id=<1@client.example> size=238 recipients=1 queue_ms=0.0 envelope_ms=2.0 \
         transfer_ms=0.0 reply_ms=2.0 outcome=\"accepted\" accepted=1 code=250"
    );
}

/// The names of spans and the messages of events, each after its parent span.
fn nested(capture: &Capture) -> Vec<String> {
    let all = capture.all().into_iter();
    let own = all.filter(|logged| logged.target.starts_with("pilotfish"));
    let own = own.filter(|logged| !logged.target.starts_with("pilotfish::testing"));
    own.map(|logged| format!("{} > {}", logged.within, logged.message))
        .collect()
}

/// Commands belong to the session. Events about a mail belong to its transaction, and the
/// transaction belongs to the span of the caller.
#[tokio::test]
async fn spans_are_nested() {
    let server = testing::TestServer::builder().user("tim", PASSWORD);
    let server = server.start().await.unwrap();
    let tls = TlsConfig::builder().ca_pem(server.ca_pem());
    let address = ServerConfig::builder("localhost")
        .port(server.addr().port())
        .tls(tls.build().unwrap())
        .credentials(Credentials::new("tim", PASSWORD).unwrap())
        .security(Security::StartTls)
        .build();
    let client = Client::new(address.unwrap());
    let capture = Capture::begin();
    let letter = GMAIL.letter(&["a@example.org"]);
    let request = debug_span!("request");
    let _ = client.send(letter).instrument(request).await.unwrap();
    client.close().await;
    server.shutdown().await.unwrap();

    let nested = nested(&capture);
    for expected in [
        " > session",
        "session > connect",
        "session > tls",
        "tls > STARTTLS",
        "session > auth",
        "session > the session is set up",
        "request > transaction",
        "session > MAIL FROM:<me@gmail.com> SIZE=238",
        "transaction > the transaction has ended",
        "session > QUIT",
    ] {
        let found = nested.iter().filter(|line| *line == expected).count();
        assert_eq!(found, 1, "{expected} in {nested:#?}");
    }
    let set_up = capture.all();
    let set_up = set_up.iter().find(|logged| logged.message == "session");
    for field in [" connect_ms=", " tls_ms=", " greeting_ms=", " auth_ms="] {
        assert!(set_up.unwrap().fields.contains(field), "{set_up:?}");
    }
}

/// With several mails in flight, each has its own transaction.
#[tokio::test]
async fn each_of_several_mails_has_its_transaction() {
    let server = open_server().start().await.unwrap();
    let address = ServerConfig::builder("127.0.0.1")
        .port(server.addr().port())
        .security(Security::Cleartext)
        .build();
    let capture = Capture::begin();
    let mut session = address.unwrap().connect().await.unwrap();
    session.send_each(stream::iter(letters(4)), |_, _| {}).await;
    session.quit().await;
    server.shutdown().await.unwrap();

    let all = capture.all();
    let transactions = all.iter().filter(|logged| logged.message == "transaction");
    let ids: Vec<_> = transactions
        .map(|logged| {
            assert_eq!(logged.within, "session");
            assert!(
                logged
                    .fields
                    .ends_with(" outcome=\"accepted\" accepted=1 code=250")
            );
            logged.fields.split(' ').nth(1).unwrap().to_owned()
        })
        .collect();
    let expected = (0..4).map(|number| format!("message_id=<{number}@client.example>"));
    assert_eq!(ids, expected.collect::<Vec<_>>());
    let wire = all
        .iter()
        .filter(|logged| logged.target == "pilotfish::wire");
    assert!(wire.clone().count() > 20);
    let spans = ["connect", "session"];
    assert!(
        wire.clone()
            .all(|logged| spans.contains(&logged.within.as_str()))
    );
}
