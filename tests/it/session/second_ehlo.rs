//! EHLO after a login, if a mail needs an extension that the server has not offered so far.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::address::envelope::{Options, Ret};
use pilotfish::message::BodyType;
use pilotfish::session::{Mail, Session};
use pilotfish::{Client, Credentials, Error, ErrorKind, Receipt, Result};
use tokio::time::{Instant, timeout_at};

use crate::client::{client_to, paused};
use crate::support::built::built;
use crate::support::client::{ACCOUNT, play, send, summary, with_options};
use crate::support::lines::{QUIT_AND_221, letter_lines};
use crate::support::mini_server::Store;
use crate::support::peer::Stream;
use crate::support::port::{Port, ReplyFault};

const GREETING_TO_LOGIN: &str = "
    -- tls server.example --
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250 AUTH PLAIN
    C: AUTH PLAIN AHRpbUBjbGllbnQuZXhhbXBsZQB0YW5zdGFhZnRhbnN0YWFm
    S: 235 ok
";

fn mail(parameters: &str) -> String {
    format!(
        "C: MAIL FROM:<tim@client.example>{parameters}
         S: 250 ok
         C: RCPT TO:<a@example.org>
         S: 250 ok
         C: DATA
         S: 354 go
         {}
         S: 250 queued
         ",
        letter_lines("a@example.org")
    )
}

/// A mail with the option that only the header is returned, if anything.
async fn send_with_ret<S: Stream>(session: &mut Session<S>) -> Result<Receipt> {
    let message = ACCOUNT.letter(&["a@example.org"]);
    let mut options = Options::default();
    options.ret = Some(Ret::Headers);
    session.send(with_options(message, options)).await
}

/// Two such mails.
async fn two(transcript: &str, outcomes: [&str; 2]) {
    let (reported, _) = play(transcript, async |stream| {
        let mut session = ACCOUNT.log_in_465(stream).await.unwrap();
        let first = send_with_ret(&mut session).await;
        let second = send_with_ret(&mut session).await;
        session.quit().await;
        [summary(&first), summary(&second)]
    })
    .await;
    assert_eq!(reported, outcomes);
}

const SENT: &str = "<a@example.org>: 250 queued";
const UNSUPPORTED: &str = "Unsupported at Mail, NotAccepted, permanent: no reply";

#[tokio::test(start_paused = true)]
async fn extensions_offered_after_the_login_are_used() {
    let mail = mail(" RET=HDRS");
    let transcript = format!(
        "{GREETING_TO_LOGIN}
        C: EHLO client.example
        S: 250-server.example
        S: 250-AUTH PLAIN
        S: 250 DSN
        {mail}{mail}{QUIT_AND_221}"
    );
    two(&transcript, [SENT, SENT]).await;
}

/// `OpenSMTPD` replies 503 to it. If the reply offers nothing new, the client does not ask again.
#[tokio::test(start_paused = true)]
async fn the_extensions_stay_the_same_without_a_reply() {
    for reply in ["S: 503 5.5.1 out of order", "S: 250 server.example"] {
        let transcript =
            format!("{GREETING_TO_LOGIN}C: EHLO client.example\n{reply}\n{QUIT_AND_221}");
        two(&transcript, [UNSUPPORTED, UNSUPPORTED]).await;
    }
}

/// A message that uses BINARYMIME if the server offers it, and does not need it.
#[tokio::test(start_paused = true)]
async fn binary_is_asked_for_once_more() {
    let message = || {
        let letter = ACCOUNT.letter_of_text(&["a@example.org"], "From here it comes.\n");
        built(letter.max_body_type(BodyType::Binary))
    };
    let octets = message().rendition(BodyType::Binary).exact_size();
    let transcript = format!(
        "{GREETING_TO_LOGIN}
        C: EHLO client.example
        S: 250-server.example
        S: 250-8BITMIME
        S: 250-CHUNKING
        S: 250 BINARYMIME
        C: MAIL FROM:<tim@client.example> BODY=BINARYMIME
        S: 250 ok
        C: RCPT TO:<a@example.org>
        S: 250 ok
        C: BDAT {octets} LAST
        -- take {octets} --
        S: 250 queued
        {QUIT_AND_221}"
    );
    let (reported, _) = play(&transcript, async |stream| {
        let session = ACCOUNT.log_in_465(stream).await.unwrap();
        summary(&send(session, message()).await)
    })
    .await;
    assert_eq!(reported, SENT);
}

/// A mail that needs no other extension causes no further command.
#[tokio::test(start_paused = true)]
async fn ehlo_is_not_sent_without_need() {
    let transcript = format!("{GREETING_TO_LOGIN}{}{QUIT_AND_221}", mail(""));
    let (reported, _) = play(&transcript, async |stream| {
        let session = ACCOUNT.log_in_465(stream).await.unwrap();
        let tls = session.tls();
        let result = send(session, ACCOUNT.letter(&["a@example.org"])).await;
        assert_eq!(tls, result.as_ref().ok().and_then(|receipt| receipt.tls));
        assert!(tls.is_some());
        summary(&result)
    })
    .await;
    assert_eq!(reported, SENT);
}

const KEYWORDS: &[&str] = &["AUTH PLAIN", "PIPELINING", "CHUNKING"];

/// A client with one connection, which logs in.
fn client_with_login(port: &Port) -> Client {
    let client = client_to(port.number(), |server| {
        let credentials = Credentials::new("tim", "tanstaaf").unwrap();
        server.danger_cleartext_auth().credentials(credentials)
    });
    client.max_connections(1).build().unwrap()
}

fn letters<const N: usize>(to: [&str; N]) -> [Mail; N] {
    to.map(|to| Mail::from(ACCOUNT.letter(&[to])))
}

/// While a mail waits for the reply to EHLO, the replies to the mails in flight are reported at
/// once.
#[test]
fn replies_that_arrive_while_a_mail_waits_for_ehlo() {
    paused(async {
        let port = Port::new();
        let client = client_with_login(&port);
        let mut queued = 0;
        let fate = move |said: &mut Vec<u8>| {
            queued += usize::from(said.starts_with(b"250 2.0.0 queued"));
            // The server does not answer the third mail.
            if queued > 2 {
                said.clear();
            }
            false
        };
        let mut fate = Some(Box::new(fate) as ReplyFault);
        let fate = |_| fate.take().unwrap();
        let letters = letters([
            "a@example.org",
            "a@example.org",
            "a@example.org",
            "ä@example.org",
        ]);
        let mut results = client.send_all(stream::iter(letters).enumerate());
        let mut reported = Vec::new();
        let until = Instant::now() + Duration::from_secs(2);
        let telling = async {
            while let Ok(Some((number, result))) = timeout_at(until, results.next()).await {
                reported.push((number, result.is_ok()));
            }
        };
        tokio::select! {
            () = telling => {}
            () = port.serve(KEYWORDS, Store::default(), fate) => unreachable!(),
        }
        assert_eq!(reported, [(0, true), (1, true)]);
    });
}

/// The server accepts no more mails while one waits for the reply to EHLO. The client sends that
/// mail over another session, whose extensions count.
#[test]
fn a_session_that_is_full_while_a_mail_waits_for_ehlo() {
    paused(async {
        let port = Port::new();
        let client = client_with_login(&port);
        let fate = |connection| {
            let mut mails = 0;
            Box::new(move |said: &mut Vec<u8>| {
                mails += usize::from(said.starts_with(b"250 2.1.0"));
                if connection == 0 && mails == 2 && said.starts_with(b"250 2.1.0") {
                    *said = b"452 4.5.3 too many messages in this session\r\n".to_vec();
                }
                false
            }) as ReplyFault
        };
        let letters = letters([
            "a@example.org",
            "a@example.org",
            "ä@example.org",
            "a@example.org",
        ]);
        let mut reported: Vec<_> = tokio::select! {
            reported = client.send_all(stream::iter(letters).enumerate()).collect() => reported,
            () = port.serve(KEYWORDS, Store::default(), fate) => unreachable!(),
        };
        reported.sort_by_key(|(number, _)| *number);
        let kinds = reported
            .iter()
            .map(|(_, result)| result.as_ref().err().map(Error::kind));
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(
            kinds,
            [None, None, Some(ErrorKind::Unsupported), None],
            "{reported:?}"
        );
    });
}
