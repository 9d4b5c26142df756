//! Logins that are refused while another session works.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use pilotfish::client::Retry;
use pilotfish::{Credentials, Kind};
use tokio::time::{Instant, sleep};

use super::{client_to, letter, paused};
use crate::support::events::Capture;
use crate::support::knowing::Store;
use crate::support::port::Port;

/// When logins were refused.
type Refused = Arc<Mutex<Vec<Instant>>>;

/// A server that accepts the first login and refuses all others.
async fn server(port: Port, refused: Refused) {
    let fate = |connection| {
        let refused = Arc::clone(&refused);
        let fate = move |reply: &mut Vec<u8>| {
            if connection > 0 && reply.starts_with(b"235") {
                refused.lock().unwrap().push(Instant::now());
                *reply = b"535 5.7.8 wrong\r\n".to_vec();
            }
            false
        };
        Box::new(fate) as Box<_>
    };
    port.serve(&["AUTH PLAIN"], Store::default(), fate).await;
}

/// Accounts are locked after some ten wrong passwords in a short time.
#[test]
fn a_password_that_was_changed_is_tried_by_one_worker_with_growing_pauses() {
    for retry in [Retry::none(), Retry::new()] {
        paused(async {
            let (port, refused) = (Port::new(), Refused::default());
            let client = client_to(port.number(), |server| {
                let server = server.danger_cleartext_auth();
                server.credentials(Credentials::new("tim", "tanstaaf").unwrap())
            });
            let client = client
                .retry(retry)
                .idle_timeout(Duration::from_secs(20))
                .build();
            let capture = Capture::begin();
            let sending = async {
                drop(client.send(letter(0, 10)).await.unwrap());
                for round in 0..70 {
                    let mails = (1..=8).map(|number| client.send(letter(round * 8 + number, 10)));
                    for told in join_all(mails).await {
                        drop(told.unwrap());
                    }
                    sleep(Duration::from_secs(1)).await;
                }
                let at = refused.lock().unwrap().clone();
                // The session that works ends, and then the mails fail with what was refused.
                sleep(Duration::from_secs(30)).await;
                let error = client.send(letter(9_999, 10)).await.unwrap_err();
                assert_eq!(error.kind(), Kind::Auth);
                at
            };
            let at = tokio::select! {
                at = sending => at,
                () = server(port, Arc::clone(&refused)) => unreachable!("it serves for ever"),
            };
            let first = *at.first().expect("no other login was tried");
            let times: Vec<_> = at.iter().map(|at| at.duration_since(first)).collect();
            println!("{times:?}");
            let minute = times.iter().filter(|time| **time <= Duration::from_mins(1));
            assert!((3..=6).contains(&minute.count()), "{times:?}");
            let gaps = times
                .windows(2)
                .map(|pair| pair[1].checked_sub(pair[0]).unwrap());
            let least = (0..).map(|exponent| Duration::from_secs(1 << exponent));
            for (gap, least) in gaps.zip(least) {
                assert!(gap >= least, "{times:?}");
            }
            let all = capture.all();
            let warnings: Vec<_> = all.iter().filter(|logged| logged.level == "WARN").collect();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
        });
    }
}
