//! Failed logins, with and without another open session.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use pilotfish::address::envelope::{Options, Ret};
use pilotfish::client::Retry;
use pilotfish::{Client, Credentials, ErrorKind, Fate};
use tokio::time::{Instant, sleep};

use super::{client_to, letter, paused};
use crate::support::events::Capture;
use crate::support::mini_server::Store;
use crate::support::port::{Count, Port};

/// The times of the failed logins.
type Refused = Arc<Mutex<Vec<Instant>>>;

/// What the server does instead of accepting a login.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    Refuses,
    Closes,
}

/// A server at which all logins but the first `accepted` ones fail.
async fn server(port: Port, accepted: usize, failure: Failure, refused: Refused) {
    let fate = |connection| {
        let refused = Arc::clone(&refused);
        let fate = move |reply: &mut Vec<u8>| {
            if connection < accepted || !reply.starts_with(b"235") {
                return false;
            }
            refused.lock().unwrap().push(Instant::now());
            *reply = b"535 5.7.8 wrong\r\n".to_vec();
            failure == Failure::Closes
        };
        Box::new(fate) as Box<_>
    };
    port.serve(&["AUTH PLAIN"], Store::default(), fate).await;
}

fn client(port: &Port, retry: Retry) -> Client {
    let client = client_to(port.number(), |server| {
        let server = server.danger_cleartext_auth();
        server.credentials(Credentials::new("tim", "tanstaaf").unwrap())
    });
    let client = client.retry(retry).idle_timeout(Duration::from_secs(20));
    client.build().unwrap()
}

/// Checks that the client sent passwords with growing delays. Servers lock accounts after about ten
/// wrong passwords in a short time.
fn verify(at: &[Instant]) {
    let first = *at.first().expect("no login was tried");
    let times: Vec<_> = at.iter().map(|at| at.duration_since(first)).collect();
    let minute = times.iter().filter(|time| **time <= Duration::from_mins(1));
    assert!((3..=6).contains(&minute.count()), "{times:?}");
    let gaps = times
        .windows(2)
        .map(|pair| pair[1].checked_sub(pair[0]).unwrap());
    let least = (0..).map(|exponent| Duration::from_secs(1 << exponent));
    for (gap, least) in gaps.zip(least) {
        assert!(gap >= least, "{times:?}");
    }
}

#[test]
fn a_wrong_password_is_tried_by_one_worker_with_growing_pauses() {
    let wait = || Retry::new().budget(Duration::from_mins(1));
    for (retry, failure, kind, logged) in [
        (Retry::none(), Failure::Refuses, ErrorKind::Auth, 1),
        (wait(), Failure::Refuses, ErrorKind::Auth, 1),
        (Retry::none(), Failure::Closes, ErrorKind::Closed, 0),
        (wait(), Failure::Closes, ErrorKind::Closed, 0),
    ] {
        paused(async {
            let (port, refused) = (Port::new(), Refused::default());
            let client = client(&port, retry);
            let capture = Capture::begin();
            let sending = async {
                drop(client.send(letter(0, 10)).await.unwrap());
                for round in 0..70 {
                    let mails = (1..=8).map(|number| client.send(letter(round * 8 + number, 10)));
                    for reported in join_all(mails).await {
                        drop(reported.unwrap());
                    }
                    sleep(Duration::from_secs(1)).await;
                }
                let at = refused.lock().unwrap().clone();
                // The working session ends, and then the mails fail with the error of the logins.
                sleep(Duration::from_secs(30)).await;
                let error = client.send(letter(9_999, 10)).await.unwrap_err();
                assert_eq!(error.kind(), kind);
                at
            };
            let at = tokio::select! {
                at = sending => at,
                () = server(port, 1, failure, Arc::clone(&refused)) => unreachable!(),
            };
            verify(&at);
            let all = capture.all();
            let warnings: Vec<_> = all.iter().filter(|event| event.level == "WARN").collect();
            assert_eq!(warnings.len(), logged, "{warnings:?}");
        });
    }
}

/// One mail after the other. Without delays, each of them would send the password.
#[test]
fn logins_pause_without_a_session_too() {
    for failure in [Failure::Refuses, Failure::Closes] {
        paused(async {
            let (port, refused) = (Port::new(), Refused::default());
            let client = client(&port, Retry::none());
            let begun = Instant::now();
            let sending = async {
                for number in 0.. {
                    drop(client.send(letter(number, 10)).await.unwrap_err());
                    sleep(Duration::from_millis(100)).await;
                    if begun.elapsed() > Duration::from_secs(70) {
                        return;
                    }
                }
            };
            tokio::select! {
                () = sending => {}
                () = server(port, 0, failure, Arc::clone(&refused)) => unreachable!(),
            }
            verify(&refused.lock().unwrap());
        });
    }
}

/// Each session ends at the EHLO after the login, before a mail begins.
#[test]
fn three_sessions_that_end_before_a_mail_are_enough() {
    paused(async {
        let (port, logins) = (Port::new(), Count::default());
        let client = client(&port, Retry::none());
        let fate = |_| {
            let (logins, mut is_logged_in) = (logins.clone(), false);
            Box::new(move |reply: &mut Vec<u8>| {
                let ends = is_logged_in;
                if reply.starts_with(b"235") {
                    is_logged_in = true;
                    logins.add();
                }
                ends
            }) as Box<_>
        };
        // The server offers DSN only after the login.
        let mut options = Options::default();
        options.ret = Some(Ret::Headers);
        let mut mail = letter(0, 10);
        mail.envelope = mail.envelope.with_options(options);
        let error = tokio::select! {
            result = client.send(mail) => result.unwrap_err(),
            () = port.serve(&["AUTH PLAIN"], Store::default(), fate) => unreachable!(),
        };
        let said = (error.kind(), error.fate(), logins.all());
        assert_eq!(said, (ErrorKind::Closed, Fate::NotAccepted, 3), "{error:?}");
    });
}

/// A credentials provider that fails for ten seconds.
#[test]
fn a_provider_that_fails_briefly_is_not_a_rejected_login() {
    for (kind, waits) in [
        (io::ErrorKind::ConnectionRefused, true),
        (io::ErrorKind::TimedOut, true),
        (io::ErrorKind::NotFound, false),
    ] {
        paused(async {
            let port = Port::new();
            let begun = Instant::now();
            let provide = move || async move {
                if begun.elapsed() < Duration::from_secs(10) {
                    return Err(io::Error::from(kind));
                }
                Ok(Credentials::new("tim", "tanstaaf").unwrap())
            };
            let client = client_to(port.number(), |server| {
                server.danger_cleartext_auth().credentials(provide)
            });
            let client = client.retry(Retry::new()).build().unwrap();
            let capture = Capture::begin();
            let sending = async {
                let mails = (0..20).map(async |number| {
                    sleep(Duration::from_millis(number * 50)).await;
                    client
                        .send(letter(usize::try_from(number).unwrap(), 10))
                        .await
                });
                let reported = join_all(mails).await;
                for result in &reported {
                    let waited = result.is_ok();
                    assert_eq!(waited, waits, "{kind:?}: {result:?}");
                }
            };
            tokio::select! {
                () = sending => {}
                () = server(port, usize::MAX, Failure::Refuses, Refused::default()) => {
                    unreachable!()
                }
            }
            assert!(
                begun.elapsed() < Duration::from_secs(25),
                "{:?}",
                begun.elapsed()
            );
            let all = capture.all();
            let warnings: Vec<_> = all.iter().filter(|event| event.level == "WARN").collect();
            assert!(warnings.is_empty(), "{kind:?}: {warnings:?}");
        });
    }
}
