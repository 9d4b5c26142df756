//! Code of the caller that panics or hangs affects its own mail, and no other.

use std::any::Any;
use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use pilotfish::message::{Attachment, Body};
use pilotfish::protocol::{Chunking, Pipelining};
use pilotfish::{Credentials, ErrorKind, Fate, Mail, client::Retry, session, testing};
use tokio::time::{Instant, sleep, timeout};

use super::{client_of, client_to, letter, paused};
use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::events::Capture;
use crate::support::mini_server::Store;
use crate::support::open_server::open_server;
use crate::support::port::{Count, Port};

/// The fault of the caller's code.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Panics,
    Hangs,
}

const BOTH: [Wrong; 2] = [Wrong::Panics, Wrong::Hangs];

impl Wrong {
    async fn inject(self) {
        match self {
            Self::Panics => panic!("on purpose"),
            Self::Hangs => pending().await,
        }
    }
}

/// A server with an account, and a credentials provider that fails at the calls with the numbers in
/// `wrong`, counted from 0.
async fn with_login(
    calls: &Count,
    wrong: impl Fn(usize) -> Option<Wrong> + Send + Sync + Clone + 'static,
) -> (
    testing::TestServer,
    impl FnOnce(session::ServerConfigBuilder) -> session::ServerConfigBuilder,
) {
    let server = testing::TestServer::builder().security(testing::Security::Cleartext);
    let server = server.user("tim", "tanstaaf").start().await.unwrap();
    let calls = calls.clone();
    let provider = move || {
        let wrong = wrong(calls.add());
        async move {
            if let Some(wrong) = wrong {
                wrong.inject().await;
            }
            Credentials::new("tim", "tanstaaf")
        }
    };
    let describe =
        |server: session::ServerConfigBuilder| server.danger_cleartext_auth().credentials(provider);
    (server, describe)
}

/// Without a session, the waiting mails fail with the provider's error, and the client calls the
/// provider again after a pause.
#[test]
fn a_provider_that_always_fails_is_called_with_pauses() {
    for wrong in BOTH {
        for retry in [Retry::none(), Retry::new()] {
            paused(async {
                let calls = Count::default();
                let (server, describe) = with_login(&calls, move |_| Some(wrong)).await;
                let client = client_of(&server, describe).retry(retry).build().unwrap();
                let begun = Instant::now();
                let mut reported = 0;
                while begun.elapsed() < Duration::from_mins(4) {
                    let mails = join_all((0..5).map(|number| client.send(letter(number, 10))));
                    for result in mails.await {
                        let error = result.unwrap_err();
                        assert_eq!(
                            (error.kind(), error.fate()),
                            (ErrorKind::Auth, Fate::NotAccepted)
                        );
                        reported += 1;
                    }
                    sleep(Duration::from_millis(100)).await;
                }
                assert!(reported >= 5, "{reported}");
                // A provider that hangs is stopped after three minutes. Mails that may wait
                // continue to wait.
                let most = match wrong {
                    Wrong::Panics => 9,
                    Wrong::Hangs => 2 + begun.elapsed().as_secs() / 180,
                };
                let calls = calls.all();
                let is_rare = u64::try_from(calls).unwrap() <= most;
                assert!(calls >= 1 && is_rare, "{wrong:?}: {calls} calls");
                let closed = timeout(Duration::from_secs(1), client.close()).await;
                closed.expect("it does not close");
            });
        }
    }
}

/// An open session takes all mails, and the client closes while the provider hangs.
#[test]
fn a_provider_that_fails_once_fails_no_mail() {
    for wrong in BOTH {
        paused(async {
            let calls = Count::default();
            let (server, describe) =
                with_login(&calls, move |call| (call > 0).then_some(wrong)).await;
            let client = client_of(&server, describe).build().unwrap();
            for round in 0..10 {
                let mails = (0..10).map(|number| client.send(letter(round * 10 + number, 10)));
                for reported in join_all(mails).await {
                    drop(reported.unwrap());
                }
                sleep(Duration::from_secs(1)).await;
            }
            assert!(calls.all() > 1, "no other session was tried");
            let closed = timeout(Duration::from_secs(1), client.close()).await;
            closed.expect("it does not close");
            assert_eq!(server.received().len(), 100);
        });
    }
}

#[test]
fn an_observer_that_panics_fails_no_mail() {
    paused(async {
        let server = open_server().start().await.unwrap();
        let client = client_of(&server, |server| server);
        let client = client.on_progress(|_| panic!("on purpose"));
        let client = client.build().unwrap();
        let reported = join_all((0..10).map(|number| client.send(letter(number, 10)))).await;
        assert!(reported.iter().all(Result::is_ok), "{reported:?}");
        assert_eq!(
            server.received_by_connection().len(),
            server.most_open_connections()
        );
    });
}

/// A subscriber to the log panics. The panic ends the attempt to open a session, or the session. In
/// the second case the client opens no session for a second.
#[test]
fn a_log_that_panics_fails_one_mail() {
    let second = Duration::from_secs(1);
    for (event, kind, rests) in [
        ("220 ", ErrorKind::Connect, false),
        ("a session takes the mail", ErrorKind::Closed, true),
    ] {
        paused(async {
            let server = open_server().start().await.unwrap();
            let client = client_of(&server, |server| server).build().unwrap();
            let _capture = Capture::panicking_at(event);
            let error = client.send(letter(0, 10)).await.unwrap_err();
            let said = (error.kind(), error.fate());
            assert_eq!(said, (kind, Fate::NotAccepted), "{event}");
            let begun = Instant::now();
            drop(client.send(letter(1, 10)).await.unwrap());
            assert_eq!(begun.elapsed() >= second, rests, "{event}");
        });
    }
}

/// A second panic while a panic ends the session would abort the process. The first panic comes
/// after the server has rejected the recipient, and its reply is kept.
#[test]
fn a_log_that_panics_at_all_events_fails_one_mail() {
    paused(async {
        let port = Port::new();
        let always = strategy(Pipelining::Auto, Chunking::Always);
        let client = client_to(port.number(), |server| server.strategy(always))
            .build()
            .unwrap();
        let sending = async {
            let mail = || Mail::from(ACCOUNT.letter(&["nobody@example.org"]));
            let capture = Capture::panicking_from("554 ");
            let error = client.send(mail()).await.unwrap_err();
            drop(capture);
            let said = (error.kind(), error.rejected().len());
            assert_eq!(said, (ErrorKind::Rejected, 1), "{error:?}");
            drop(client.send(mail()).await.unwrap_err());
        };
        let keywords = &["PIPELINING", "CHUNKING"];
        tokio::select! {
            () = sending => {}
            () = port.serve(keywords, Store::default(), |_| Box::new(|_| false)) => unreachable!(),
        }
    });
}

/// The observer blocks a thread of the runtime, possibly the one that polls I/O and timers. When
/// the observer returns, all mails leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_observer_that_hangs_fails_no_mail() {
    let server = open_server().start().await.unwrap();
    let ((release, released), (hang, hangs)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
    let released = std::sync::Mutex::new(released);
    let client = client_of(&server, |server| server)
        .on_progress(move |progress| {
            if progress.message_id.to_string() == "<0@client.example>" {
                let _ = hang.send(());
                let _ = released.lock().unwrap().recv();
            }
        })
        .build()
        .unwrap();
    let send = |number| {
        let client = client.clone();
        tokio::spawn(async move { client.send(letter(number, 10)).await })
    };
    let first = send(0);
    // This thread does not belong to the runtime.
    hangs.recv().unwrap();
    let others = (1..10).map(send).collect::<Vec<_>>();
    assert!(!first.is_finished());
    drop(release);
    for sent in others.into_iter().chain([first]) {
        drop(sent.await.unwrap().unwrap());
    }
    client.close().await;
    assert_eq!(server.received().len(), 10);
}

fn with_body(number: usize, body: Body) -> Mail {
    let file = Attachment::new(body, "x.bin");
    let letter = ACCOUNT.letter_of_text(&["a@example.org"], "The file is attached.\n");
    let id = format!("<{number}@client.example>");
    Mail::from(built(letter.message_id(id).attach(file)))
}

/// A stream for a body, which yields some octets and then fails.
fn body(wrong: Wrong) -> Body {
    let first = stream::iter([Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 100]))]);
    let then = stream::once(async move {
        wrong.inject().await;
        Ok(Bytes::new())
    });
    Body::stream(Box::pin(first.chain(then)), 300_000)
}

/// A body that can be read once is not sent again, other bodies as often as `Retry` allows.
#[test]
fn attempts_are_limited_by_retry_and_by_the_body() {
    let once = || {
        Box::pin(stream::iter([Ok::<_, io::Error>(Bytes::from_static(
            b"once",
        ))]))
    };
    for (body, expected) in [
        (Body::stream(once(), 4), 1),
        (Body::bytes(b"again".to_vec()), 3),
    ] {
        paused(async {
            let (port, attempts) = (Port::new(), Count::default());
            let retry = Retry::new().attempts(3);
            let client = client_to(port.number(), |server| server)
                .retry(retry)
                .build()
                .unwrap();
            let fate = |_| {
                let attempts = attempts.clone();
                Box::new(move |reply: &mut Vec<u8>| {
                    if reply.ends_with(b"queued\r\n") {
                        attempts.add();
                        *reply = b"451 4.3.0 later\r\n".to_vec();
                    }
                    false
                }) as crate::support::port::ReplyFault
            };
            let error = tokio::select! {
                result = client.send(with_body(0, body)) => result.unwrap_err(),
                () = port.serve(&[], Store::default(), fate) => unreachable!(),
            };
            assert_eq!(
                (error.kind(), attempts.all()),
                (ErrorKind::Rejected, expected)
            );
        });
    }
}

/// Also for mails on the same connection.
#[test]
fn a_reader_that_fails_fails_only_its_own_mail() {
    for wrong in BOTH {
        paused(async {
            let server = open_server().start().await.unwrap();
            let client = client_of(&server, |server| server).max_connections(1);
            let client = client.build().unwrap();
            let reported = join_all((0..10).map(|number| {
                let mail = match number {
                    4 => with_body(number, body(wrong)),
                    _ => letter(number, 10),
                };
                client.send(mail)
            }));
            for (number, reported) in reported.await.into_iter().enumerate() {
                if number == 4 {
                    let error = reported.unwrap_err();
                    assert_eq!(
                        (error.kind(), error.fate()),
                        (ErrorKind::Body, Fate::NotAccepted)
                    );
                } else {
                    assert!(reported.is_ok(), "{wrong:?}, {number}: {reported:?}");
                }
            }
            client.close().await;
        });
    }
}

/// The client sends the mails before the panic, delays no others, and passes the panic on.
#[test]
fn a_stream_that_panics_fails_no_mail() {
    for wrong in BOTH {
        paused(async {
            let server = open_server().start().await.unwrap();
            let client = client_of(&server, |server| server).queue(1);
            let client = client.build().unwrap();
            let mails = stream::iter(0..5).then(move |number| async move {
                if number == 4 {
                    wrong.inject().await;
                }
                letter(number, 10)
            });
            let mut outcomes = client.send_all(mails.enumerate());
            for _ in 0..4 {
                let (_, reported) = outcomes.next().await.unwrap();
                drop(reported.unwrap());
            }
            drop(client.send(letter(5, 10)).await.unwrap());
            let next = AssertUnwindSafe(outcomes.next()).catch_unwind();
            match (wrong, timeout(Duration::from_secs(5), next).await) {
                (Wrong::Panics, Ok(Err(panic))) => assert_eq!(words(&*panic), "on purpose"),
                (Wrong::Hangs, Err(_)) => {}
                (_, other) => panic!("{wrong:?}: {:?}", other.map(|next| next.is_ok())),
            }
            drop(outcomes);
            client.close().await;
            assert_eq!(server.received().len(), 5);
        });
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or_default()
}

/// A recorder that panics at every call.
#[cfg(feature = "metrics")]
mod recorder {
    use std::sync::Arc;

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
        Recorder, SharedString, Unit,
    };

    use super::*;

    /// Whether to panic when a metric is registered, or when it changes.
    struct Panics {
        at_once: bool,
    }

    impl Panics {
        fn figure(&self) -> Arc<Figure> {
            assert!(!self.at_once, "on purpose");
            Arc::new(Figure)
        }
    }

    struct Figure;

    impl CounterFn for Figure {
        fn increment(&self, _: u64) {
            panic!("on purpose");
        }
        fn absolute(&self, _: u64) {}
    }

    impl GaugeFn for Figure {
        fn increment(&self, _: f64) {
            panic!("on purpose");
        }
        fn decrement(&self, _: f64) {}
        fn set(&self, _: f64) {}
    }

    impl HistogramFn for Figure {
        fn record(&self, _: f64) {
            panic!("on purpose");
        }
    }

    impl Recorder for Panics {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.figure())
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.figure())
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.figure())
        }
    }

    #[test]
    fn a_recorder_that_panics_fails_no_mail() {
        for at_once in [true, false] {
            let send = || {
                paused(async {
                    let server = open_server().start().await.unwrap();
                    let client = client_of(&server, |server| server).build().unwrap();
                    let reported = join_all((0..10).map(|number| client.send(letter(number, 10))));
                    for reported in reported.await {
                        drop(reported.unwrap());
                    }
                    client.close().await;
                    assert_eq!(server.received().len(), 10);
                });
            };
            metrics::with_local_recorder(&Panics { at_once }, send);
        }
    }
}
