//! Mails that are sent again although the server may have them.

use std::error::Error as _;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use pilotfish::client::{Period, Rates, Retry};
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::{Error, ErrorKind, Fate};
use tokio::sync::watch;

use super::{client_to, letter, paused};
use crate::session::send_each::strategy;
use crate::support::mini_server::Store;
use crate::support::port::Port;

/// What happens to the attempts after the first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LaterAttempts {
    Replies(&'static str),
    /// The port is closed.
    Gone,
    /// The server closes connections instead of sending a greeting.
    Closes,
    /// The attempt may not begin before the time limit of the queue.
    Held,
    Aborted,
    Closed,
}

/// The server accepts the first mail and closes the connection instead of replying. Returns what
/// the client reports.
async fn reported(later: LaterAttempts) -> Result<(), Error> {
    // No test here waits for the clock: the next attempt may be due a millisecond after the first.
    let (port, (taken, mut is_taken)) = (Port::new(), watch::channel(false));
    let retry = Retry::new()
        .danger_even_if_unknown()
        .attempts(3)
        .first_wait(Duration::from_secs(2))
        .budget(Duration::from_secs(30));
    let client = client_to(port.number(), |server| server).retry(retry);
    let client = match later {
        LaterAttempts::Held => client.rates(Rates::new().mails(1, Period::Minute)),
        _ => client,
    };
    let client = client
        .queue_timeout(Duration::from_secs(7))
        .build()
        .unwrap();
    let taken = Arc::new(taken);
    let serving = port.serve(&[], Store::default(), move |_| {
        let taken = taken.clone();
        Box::new(move |reply: &mut Vec<u8>| {
            let is_first = reply.ends_with(b"queued\r\n") && !taken.send_replace(true);
            let is_yes = reply.ends_with(b"ok\r\n") || reply.ends_with(b"queued\r\n");
            if let (LaterAttempts::Replies(text), true) = (later, is_yes && *taken.borrow()) {
                *reply = format!("{text}\r\n").into_bytes();
            }
            is_first || later == LaterAttempts::Closes && *taken.borrow()
        })
    });
    let mut gone = is_taken.clone();
    let serving = async {
        tokio::select! {
            () = serving => {}
            _ = gone.wait_for(|is_taken| *is_taken && later == LaterAttempts::Gone) => {}
        }
        pending::<()>().await;
    };
    let ending = async {
        is_taken.wait_for(|is_taken| *is_taken).await.unwrap();
        match later {
            LaterAttempts::Aborted => client.abort(),
            LaterAttempts::Closed => client.close().await,
            _ => {}
        }
    };
    let sending = async { tokio::join!(client.send(letter(0, 10)), ending).0 };
    let result = tokio::select! {
        result = sending => result,
        () = serving => unreachable!("it serves for ever"),
    };
    result.map(|_| ())
}

#[test]
fn an_unknown_mail_stays_unknown_until_the_server_accepts_it() {
    for (later, kind) in [
        (
            LaterAttempts::Replies("450 4.2.0 later"),
            ErrorKind::Rejected,
        ),
        (LaterAttempts::Replies("550 5.7.1 no"), ErrorKind::Rejected),
        (LaterAttempts::Gone, ErrorKind::Connect),
        (LaterAttempts::Closes, ErrorKind::Closed),
        (LaterAttempts::Held, ErrorKind::Timeout),
        (LaterAttempts::Aborted, ErrorKind::Closed),
        (LaterAttempts::Closed, ErrorKind::Closed),
    ] {
        let error = paused(reported(later)).expect_err(&format!("{later:?}"));
        assert_eq!(error.fate(), Fate::Unknown, "{later:?}: {error:?}");
        assert!(!error.is_transient(), "{later:?}");
        assert_eq!(error.kind(), kind, "{later:?}: {error:?}");
        let cause = error
            .source()
            .and_then(|cause| cause.downcast_ref::<Error>());
        if let Some(cause) = cause {
            assert_eq!(cause.kind(), kind, "{later:?}: {cause:?}");
        } else {
            // The first attempt is the last one.
            assert!(
                matches!(later, LaterAttempts::Aborted | LaterAttempts::Closed),
                "{error:?}"
            );
        }
    }
    // The final reply of the server decides.
    paused(reported(LaterAttempts::Replies("250 2.0.0 ok"))).unwrap();
}

/// The server rejects a group that left with its message, and the client sends the mail again. If
/// the client is aborted then, it reports correctly that the mail was not accepted.
#[test]
fn a_mail_that_is_about_to_be_sent_again_has_not_left() {
    paused(async {
        let (port, store) = (Port::new(), Store::default());
        let client = client_to(port.number(), |server| {
            server.strategy(strategy(Pipelining::Auto, Chunking::Always))
        });
        let client = client.build().unwrap();
        let fate = |_| {
            let (client, mut mails) = (client.clone(), 0);
            Box::new(move |said: &mut Vec<u8>| {
                mails += usize::from(said.starts_with(b"250 2.1.0"));
                match (mails, said.starts_with(b"250 2.1.0")) {
                    (1, true) => *said = b"503 5.5.1 out of order\r\n".to_vec(),
                    (2, true) => client.abort(),
                    _ => {}
                }
                false
            }) as Box<_>
        };
        let result = tokio::select! {
            result = client.send(letter(0, 10)) => result,
            () = port.serve(&["PIPELINING", "CHUNKING"], store.clone(), fate) => unreachable!(),
        };
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::Closed, Fate::NotAccepted),
            "{error:?}"
        );
        assert_eq!(store.all().len(), 0);
    });
}
