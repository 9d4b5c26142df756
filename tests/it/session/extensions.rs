//! What an envelope requests of the server: a parameter if the server offers the extension, and an
//! error before MAIL if it does not, or not to the requested extent.

use pilotfish::address::Envelope;
use pilotfish::address::envelope::{
    DeliverBy, Dsn, EnvelopeError, Event, Hold, HoldSeconds, Notify, Options, Priority,
    RecipientOptions, Ret, Submitter,
};
use pilotfish::session::Receipt;
use pilotfish::{Attachment, Error, ErrorKind, Mail, Problem, Result, Stage, message::Body};

use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear, play, send, summary};

const REFUSED: &str = "Rejected at Mail, NotAccepted, permanent: 550 no";

/// Sends a mail in this envelope to a server that offers this extension, up to a rejected MAIL.
async fn submit(offers: &str, envelope: Envelope, dialogue: &str) -> Result<Receipt> {
    let transcript = format!(
        "S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         S: 250 {offers}
         {dialogue}
         C: QUIT
         S: 221 bye"
    );
    let (result, _) = play(&transcript, async |stream| {
        let session = in_clear(stream).await?;
        let message = ACCOUNT.letter(&["a@example.org"]);
        send(session, Mail::new(envelope.clone(), message)).await
    })
    .await;
    result
}

fn envelope() -> Envelope {
    ACCOUNT
        .letter(&["a@example.org", "b@example.org"])
        .envelope()
        .clone()
}

fn asking(ask: impl FnOnce(&mut Options)) -> Envelope {
    let mut options = Options::default();
    ask(&mut options);
    envelope().with_options(options)
}

/// Checks that the parameters leave with MAIL.
async fn sends(offers: &str, envelope: Envelope, parameters: &str) {
    let dialogue = format!("C: MAIL FROM:<tim@client.example>{parameters}\nS: 550 no");
    let result = submit(offers, envelope, &dialogue).await;
    assert_eq!(summary(&result), REFUSED, "{offers}");
}

/// Checks that nothing leaves, and returns the error.
async fn sends_nothing(offers: &str, envelope: Envelope) -> Error {
    let error = submit(offers, envelope, "").await.unwrap_err();
    assert_eq!(error.stage(), Some(Stage::Mail), "{error}");
    assert!(!error.is_transient());
    error
}

type Request = fn(&mut Options);

fn held(seconds: i64) -> Hold {
    Hold::For(HoldSeconds::new(seconds).unwrap())
}

#[tokio::test(start_paused = true)]
async fn offered_parameters_are_sent() {
    let table: &[(&str, Request, &str)] = &[
        ("DSN", |ask| ask.ret = Some(Ret::Full), " RET=FULL"),
        ("DSN", |ask| ask.ret = Some(Ret::Headers), " RET=HDRS"),
        (
            "dsn",
            |ask| ask.id = Some("a b".parse().unwrap()),
            " ENVID=a+20b",
        ),
        ("DSN", |ask| ask.dsn = Dsn::IfOffered, ""),
        (
            "DELIVERBY",
            |ask| ask.deliver_by = DeliverBy::or_return(1).ok(),
            " BY=1;R",
        ),
        (
            "DELIVERBY 240",
            |ask| ask.deliver_by = DeliverBy::or_return(240).ok(),
            " BY=240;R",
        ),
        // The minimum time applies to mails that are to be returned.
        (
            "DELIVERBY 240",
            |ask| ask.deliver_by = DeliverBy::or_notify(-9).ok(),
            " BY=-9;N",
        ),
        (
            "FUTURERELEASE",
            |ask| ask.hold = Some(held(9)),
            " HOLDFOR=9",
        ),
        (
            "FUTURERELEASE 60 2030-01-31T08:00:00Z",
            |ask| ask.hold = Some(held(60)),
            " HOLDFOR=60",
        ),
        (
            "FUTURERELEASE 60 2030-01-31T08:00:00Z",
            |ask| ask.hold = Some(Hold::Until("2030-01-31T09:00:00+01:00".parse().unwrap())),
            " HOLDUNTIL=2030-01-31T08:00:00Z",
        ),
        (
            "MT-PRIORITY MIXER",
            |ask| ask.priority = Priority::new(-9).ok(),
            " MT-PRIORITY=-9",
        ),
        (
            "AUTH PLAIN",
            |ask| ask.submitter = Some(Submitter::Unknown),
            " AUTH=<>",
        ),
        (
            "AUTH=LOGIN",
            |ask| ask.submitter = Some(Submitter::Address("e+m@x.test".parse().unwrap())),
            " AUTH=e+2Bm@x.test",
        ),
    ];
    for (offers, ask, parameters) in table {
        sends(offers, asking(ask), parameters).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_extension_is_an_error_before_mail() {
    let table: &[(Request, &str)] = &[
        (|ask| ask.ret = Some(Ret::Full), "(DSN)"),
        (|ask| ask.id = Some("a".parse().unwrap()), "(DSN)"),
        (|ask| ask.each.notify = Some(Notify::NEVER), "(DSN)"),
        (
            |ask| ask.deliver_by = DeliverBy::or_notify(1).ok(),
            "(DELIVERBY)",
        ),
        (|ask| ask.hold = Some(held(1)), "(FUTURERELEASE)"),
        (|ask| ask.priority = Priority::new(0).ok(), "(MT-PRIORITY)"),
        (|ask| ask.submitter = Some(Submitter::Unknown), "(AUTH)"),
    ];
    for (ask, words) in table {
        let error = sends_nothing("ENHANCEDSTATUSCODES", asking(ask)).await;
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(
            text.contains(words) && text.contains("leave it out"),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_exceeded_limit_is_an_error_before_mail() {
    let table: &[(&str, Request, &str)] = &[
        (
            "DELIVERBY 240",
            |ask| ask.deliver_by = DeliverBy::or_return(239).ok(),
            "give it 240 or more",
        ),
        (
            "FUTURERELEASE 60 2030-01-31T08:00:00Z",
            |ask| ask.hold = Some(held(61)),
            "hold it for 60 or less",
        ),
        (
            "FUTURERELEASE 60 2030-01-31T08:00:00Z",
            |ask| ask.hold = Some(Hold::Until("2030-01-31T08:00:01Z".parse().unwrap())),
            "hold it until 2030-01-31T08:00:00Z or earlier",
        ),
    ];
    for (offers, ask, words) in table {
        let error = sends_nothing(offers, asking(ask)).await;
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn optional_notifications_are_omitted_without_dsn() {
    let wishes = |ask: &mut Options| {
        ask.dsn = Dsn::IfOffered;
        ask.ret = Some(Ret::Full);
        ask.each.notify = Some(Notify::NEVER);
    };
    sends("ENHANCEDSTATUSCODES", asking(wishes), "").await;
    sends("DSN", asking(wishes), " RET=FULL").await;
}

#[tokio::test(start_paused = true)]
async fn requiretls_needs_tls_to_this_server() {
    let onward = |ask: &mut Options| ask.onward = pilotfish::address::envelope::TlsOnward::Required;
    let error = sends_nothing("REQUIRETLS", asking(onward)).await;
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("5.7.30") && text.contains("no TLS"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_own_parameters() -> std::result::Result<(), EnvelopeError> {
    let envelope = asking(|ask| ask.each.notify = Some(Event::Failure.into()));
    let b = "b@example.org".parse().unwrap();
    let mut own = RecipientOptions::default();
    own.notify = Some(Notify::NEVER);
    own.original = Some("l=st@example.org".parse().unwrap());
    let envelope = envelope.with_recipient_options(&b, own)?;
    let transcript = "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250-server.example
        S: 250 DSN
        C: MAIL FROM:<tim@client.example>
        S: 250 ok
        C: RCPT TO:<a@example.org> NOTIFY=FAILURE
        S: 550 no
        C: RCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;l+3Dst@example.org
        S: 550 no
        C: QUIT
        S: 221 bye
    ";
    let (result, _) = play(transcript, async |stream| {
        let session = in_clear(stream).await?;
        let message = ACCOUNT.letter(&["a@example.org"]);
        send(session, Mail::new(envelope.clone(), message)).await
    })
    .await;
    let outcome = "Rejected at Rcpt, NotAccepted, permanent: no reply";
    assert_eq!(summary(&result), outcome);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_names_its_largest_parts() {
    for (parts, words) in [
        (
            &[][..],
            "the message has 244 octets, and the server takes 100:",
        ),
        (
            &[("a.png", 57)],
            "way: its largest part is a.png (78 octets)",
        ),
        (
            &[("a", 57), ("b", 570), ("c", 1), ("d", 114)],
            "way: its largest parts are b (780 octets), d (156 octets), a (78 octets)",
        ),
    ] {
        let mut builder = ACCOUNT.letter_of_text(&["a@example.org"], "Here it comes.\n");
        for (name, size) in parts {
            let body = Body::bytes(vec![0; *size]);
            builder = builder.attach(Attachment::new(body, *name));
        }
        let message = built(builder);
        let transcript = "
            S: 220 server.example ESMTP
            C: EHLO client.example
            S: 250-server.example
            S: 250 SIZE 100
            C: QUIT
            S: 221 bye
        ";
        let (result, _) = play(transcript, async |stream| {
            send(in_clear(stream).await?, message).await
        })
        .await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(format!("{error:#}").contains(words), "{error:#}");
        let problem = error.problem();
        let is_it = |size| problem == Some(Problem::MessageTooLarge { size, limit: 100 });
        let size = error.to_string();
        let size = size.split(' ').nth(3).unwrap().parse().unwrap();
        assert!(is_it(size), "{problem:?}");
    }
}
