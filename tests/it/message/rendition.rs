//! The same message for servers with different extensions: 8BITMIME (RFC 6152), SMTPUTF8 (RFC
//! 6531), BINARYMIME (RFC 3030).

use mail_parser::MessageParser;
use pilotfish::message::{Attachment, Body, BodyType, MessageBuilder};
use pilotfish::session::Receipt;
use pilotfish::testing::TestServer;
use pilotfish::{Message, Result};
use tokio::net::TcpStream;

use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, play_script, send, summary};
use crate::support::delivery::Delivery;
use crate::support::lines::QUIT_AND_221;
use crate::support::open_server::open_server;
use crate::support::script::Script;

/// Sends a message in every delivery to a server that offers these extensions. Returns the error,
/// if each delivery fails.
async fn goes(message: &Message, offers: &str, dialogue: &str, outcome: &str) -> Option<String> {
    let script = Script::inline(&format!(
        "S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250-{offers}
         S: 250 HELP
         {dialogue}
         {QUIT_AND_221}"
    ));
    let mut error = None;
    for delivery in Delivery::ALL {
        let message = message.clone();
        let (result, _) = play_script(&script, delivery, async |stream| {
            send(in_clear(stream).await?, message).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{offers}, {delivery:?}");
        error = result.err().map(|error| error.to_string());
    }
    error
}

const QUEUED: &str = "<a@example.org>: 250 queued";

/// A transaction of one command at a time.
fn transaction(parameters: &str, message: &str) -> String {
    format!(
        "C: MAIL FROM:<tim@client.example>{parameters}
         S: 250 ok
         C: RCPT TO:<a@example.org>
         S: 250 ok
         C: DATA
         S: 354 go
         {message}
         C: .
         S: 250 queued"
    )
}

/// The message of `ACCOUNT` with this text instead of its own.
fn letter_lines(encoding: &str, text: &str) -> String {
    format!(
        "C: Date: Tue, 1 Jul 2003 10:52:37 +0200
         C: From: tim@client.example
         C: To: a@example.org
         C: Subject: A shark
         C: Message-ID: <1@client.example>
         C: MIME-Version: 1.0
         C: Content-Type: text/plain; charset=utf-8
         C: Content-Transfer-Encoding: {encoding}
         C:
         C: {text}"
    )
}

const GREETINGS: &str = "Viele Grüße aus dem schönen Bremen, Jörg";
const ENCODED: &str = "Viele Gr=C3=BC=C3=9Fe aus dem sch=C3=B6nen Bremen, J=C3=B6rg";

#[tokio::test(start_paused = true)]
async fn a_text_beyond_ascii_is_unencoded_with_8bitmime() {
    let as_it_is = letter_lines("8bit", GREETINGS);
    let encoded = letter_lines("quoted-printable", ENCODED);
    let latin = ACCOUNT.letter_with(&["a@example.org"], GREETINGS);
    for (offers, parameters, lines) in [
        ("8BITMIME", " BODY=8BITMIME", &as_it_is),
        ("SMTPUTF8", " BODY=8BITMIME", &as_it_is),
        ("BINARYMIME", "", &encoded),
        ("CHUNKING", "", &encoded),
        ("CHUNKING\nS: 250-BINARYMIME", "", &encoded),
        ("ENHANCEDSTATUSCODES", "", &encoded),
    ] {
        goes(&latin, offers, &transaction(parameters, lines), QUEUED).await;
    }
    // In base64, which is shorter; with the line end.
    let kanji = ACCOUNT.letter_with(&["a@example.org"], "日本語の行");
    let as_it_is = letter_lines("8bit", "日本語の行");
    let encoded = letter_lines("base64", "5pel5pys6Kqe44Gu6KGMDQo=");
    let as_it_is = transaction(" BODY=8BITMIME", &as_it_is);
    goes(&kanji, "8BITMIME", &as_it_is, QUEUED).await;
    goes(&kanji, "CHUNKING", &transaction("", &encoded), QUEUED).await;
}

#[tokio::test(start_paused = true)]
async fn the_rendition_stays_below_max_body_type() {
    let letter = |text, most| {
        built(
            ACCOUNT
                .letter_of_text(&["a@example.org"], text)
                .max_body_type(most),
        )
    };
    let encoded = transaction("", &letter_lines("quoted-printable", ENCODED));
    let seven_bit = letter(GREETINGS, BodyType::SevenBit);
    goes(&seven_bit, "8BITMIME", &encoded, QUEUED).await;
    // ASCII is no reason for BODY.
    let plain = transaction("", &letter_lines("7bit", "Hello"));
    goes(
        &letter("Hello", BodyType::Binary),
        "8BITMIME",
        &plain,
        QUEUED,
    )
    .await;
}

/// From a sender whose address needs SMTPUTF8.
fn from_joerg() -> MessageBuilder {
    Message::builder()
        .from("Jörg <jörg@bücher.example>")
        .to("a@example.org")
        .subject("Grüße")
        .date("Tue, 1 Jul 2003 10:52:37 +0200")
        .message_id("<1@client.example>")
}

#[tokio::test(start_paused = true)]
async fn a_message_that_needs_smtputf8_has_its_fields_in_utf_8() {
    let dialogue = |encoding: &str, text: &str| {
        format!(
            "C: MAIL FROM:<jörg@xn--bcher-kva.example> BODY=8BITMIME SMTPUTF8
             S: 250 ok
             C: RCPT TO:<a@example.org>
             S: 250 ok
             C: DATA
             S: 354 go
             C: Date: Tue, 1 Jul 2003 10:52:37 +0200
             C: From: Jörg <jörg@xn--bcher-kva.example>
             C: To: a@example.org
             C: Subject: Grüße
             C: Message-ID: <1@client.example>
             C: MIME-Version: 1.0
             C: Content-Type: text/plain; charset=utf-8
             C: Content-Transfer-Encoding: {encoding}
             C:
             C: {text}
             C: .
             S: 250 queued"
        )
    };
    let letter = built(from_joerg().text("Grüße"));
    let plain = built(from_joerg().text("Hello"));
    // A server with SMTPUTF8 has 8BITMIME, whether it announces it or not (RFC 6531 section 3.1).
    for offers in ["SMTPUTF8", "8BITMIME\nS: 250-SMTPUTF8"] {
        goes(&letter, offers, &dialogue("8bit", "Grüße"), QUEUED).await;
        goes(&plain, offers, &dialogue("7bit", "Hello"), QUEUED).await;
    }
    let outcome = "Unsupported at Mail, NotAccepted, permanent: no reply";
    let error = goes(&letter, "8BITMIME", "", outcome).await.unwrap();
    assert!(error.contains("it lacks SMTPUTF8"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_finished_message_beyond_ascii_is_not_recoded() {
    let lines = [
        "From: tim@client.example",
        "Date: Tue, 1 Jul 2003 10:52:37 +0200",
        "Message-ID: <1@client.example>",
        "Content-Type: text/plain; charset=iso-8859-15",
        "",
        "Gr\u{fc}\u{df}e",
    ];
    let octets: Vec<u8> = lines.join("\n").into_bytes();
    let raw = Message::raw(Body::bytes(octets)).to("a@example.org");
    let message = raw.build().await.unwrap();
    let outgoing = lines.map(|line| format!("C: {line}\n")).concat();
    let outgoing = transaction(" BODY=8BITMIME", &outgoing);
    goes(&message, "8BITMIME", &outgoing, QUEUED).await;
    let outcome = "Unsupported at Mail, NotAccepted, permanent: no reply";
    let error = goes(&message, "SIZE", "", outcome).await.unwrap();
    assert!(error.contains("it lacks 8BITMIME"), "{error}");
}

/// Servers further on may lack SMTPUTF8, even if this one offers it. Only a signature is a reason
/// to keep the fields.
#[tokio::test(start_paused = true)]
async fn fields_of_a_finished_message_are_in_utf_8_only_for_a_signature() {
    let header = "From: tim@client.example\n\
                  Date: Tue, 1 Jul 2003 10:52:37 +0200\n\
                  Message-ID: <1@client.example>\n";
    let text = format!("Subject: Größe der Platte\n{header}\n90 %");
    let encoded = format!("Subject: =?utf-8?b?R3LDtsOfZQ==?= der Platte\n{header}\n90 %");
    let signature = "DKIM-Signature: v=1\n";
    let (signed, broken) = (
        signature.to_owned() + &text,
        signature.to_owned() + &encoded,
    );
    for (mail, offers, parameters, sent) in [
        (&text, "SIZE", " SIZE=150", &encoded),
        (&text, "8BITMIME", "", &encoded),
        (&text, "SMTPUTF8", "", &encoded),
        (&signed, "8BITMIME", "", &broken),
        (&signed, "SMTPUTF8", " BODY=8BITMIME SMTPUTF8", &signed),
    ] {
        let raw = Message::raw(Body::bytes(mail.clone())).to("a@example.org");
        let message = raw.build().await.unwrap();
        assert!(!message.needs_smtputf8());
        let outgoing: Vec<_> = sent.lines().map(|line| format!("C: {line}\n")).collect();
        let outgoing = transaction(parameters, &outgoing.concat());
        goes(&message, offers, &outgoing, QUEUED).await;
    }
}

/// Sends a message to the server of `pilotfish::testing`, which checks it against the parameters of
/// MAIL.
async fn submitted(server: &TestServer, message: Message) -> Result<Receipt> {
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    send(in_clear(stream).await.unwrap(), message).await
}

#[tokio::test]
async fn the_declared_size_is_exact_in_each_rendition() {
    let message = |most: BodyType| {
        let octets: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        let table = Attachment::new(Body::bytes(octets), "Übersicht.bin");
        let text = format!("{GREETINGS}\n.\nFrom here \n");
        let builder = ACCOUNT.letter_of_text(&["a@example.org"], &text);
        built(builder.html("<p>Grüße").attach(table).max_body_type(most))
    };
    for (left_out, most, body, carried) in [
        (
            None,
            BodyType::Binary,
            Some("BODY=BINARYMIME"),
            BodyType::Binary,
        ),
        (
            None,
            BodyType::EightBit,
            Some("BODY=8BITMIME"),
            BodyType::EightBit,
        ),
        (None, BodyType::SevenBit, None, BodyType::SevenBit),
        (
            Some("CHUNKING"),
            BodyType::Binary,
            Some("BODY=8BITMIME"),
            BodyType::EightBit,
        ),
        (
            Some("BINARYMIME"),
            BodyType::Binary,
            Some("BODY=8BITMIME"),
            BodyType::EightBit,
        ),
        (
            Some("8BITMIME"),
            BodyType::EightBit,
            None,
            BodyType::SevenBit,
        ),
    ] {
        let server = open_server();
        let server = match left_out {
            Some(keyword) => server.without(keyword),
            None => server,
        };
        let server = server.start().await.unwrap();
        let message = message(most);
        let rendition = message.rendition(carried);
        assert_eq!(rendition.body_type(), carried);
        let receipt = submitted(&server, message).await.unwrap();
        let [mail] = &server.received()[..] else {
            panic!("one mail");
        };
        let case = format!("{most:?} without {left_out:?}");
        assert_eq!(mail.declared_size(), Some(mail.size), "{case}");
        assert_eq!(mail.size, rendition.exact_size(), "{case}");
        assert_eq!(mail.size, receipt.size, "{case}");
        let declared = mail
            .mail_parameters
            .iter()
            .find(|one| one.starts_with("BODY="));
        assert_eq!(declared.map(String::as_str), body, "{case}");
        let parsed = MessageParser::default().parse(&mail.octets[..]).unwrap();
        let text = parsed.body_text(0).unwrap();
        assert_eq!(
            text,
            format!("{GREETINGS}\r\n.\r\nFrom here \r\n"),
            "{case}"
        );
        let attached = parsed.attachment(0).unwrap();
        assert_eq!(attached.contents().len(), 200_000, "{case}");
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_declared_size_is_exact_with_fields_in_utf_8() {
    let server = open_server();
    let server = server.start().await.unwrap();
    for most in [BodyType::SevenBit, BodyType::EightBit, BodyType::Binary] {
        let message = built(from_joerg().text(GREETINGS).max_body_type(most));
        let receipt = submitted(&server, message).await.unwrap();
        let mail = server.received().pop().unwrap();
        let declared = format!("SIZE={}", receipt.size);
        assert_eq!(mail.size, receipt.size);
        // The fields have octets beyond ASCII, whatever the encoding of the text.
        let parameters = [declared.as_str(), "BODY=8BITMIME", "SMTPUTF8"];
        assert_eq!(mail.mail_parameters, parameters, "{most:?}");
    }
    server.shutdown().await.unwrap();
}
