//! The future of a mail is dropped at each of its awaits: the server then has the whole message, or
//! one without an end of data.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use pilotfish::message::{Attachment, Body, BodyType};
use tokio::io::duplex;

use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear};
use crate::support::mini_server::{MiniServer, Replies, Store};

/// Drops the future after this many polls. Returns whether it was ready before.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn at_no_await_is_half_a_message_accepted() {
    for (offers, data) in [
        (&["PIPELINING"] as &[_], BodyType::SevenBit),
        (&["8BITMIME"], BodyType::EightBit),
        (
            &["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"],
            BodyType::Binary,
        ),
    ] {
        let octets: Vec<u8> = (0..=255).cycle().take(3_000).collect();
        let file = Attachment::new(Body::bytes(octets), "x.bin");
        let letter = ACCOUNT.letter_of_text(&["a@example.org"], ".\n");
        let letter = built(letter.attach(file).max_body_type(data));
        let mut whole = Vec::new();
        let mut octets = letter.clone().rendition(data).into_octets();
        while octets.next_block(&mut whole).await.unwrap() {}

        let (mut before, mut arrived_before_the_reply) = (0, 0);
        for polls in 1.. {
            // The pipe is so small that there is an `await` every few octets.
            let (here, there) = duplex(50);
            let store = Store::default();
            let client = async {
                let mut session = in_clear(here).await.unwrap();
                let message = letter.clone();
                dropped_after(polls, session.send(message)).await
            };
            let server = MiniServer::new(there, Replies::Offering(offers), &store);
            let (outcome, ()) = tokio::join!(client, server.serve());
            let arrived = store.all();
            assert!(arrived.len() <= 1);
            assert!(arrived.iter().all(|mail| mail.octets == whole), "{polls}");
            match outcome {
                Some(result) => {
                    assert!(result.is_ok());
                    assert_eq!(arrived.len(), 1);
                    break;
                }
                None if arrived.is_empty() => before += 1,
                None => arrived_before_the_reply += 1,
            }
        }
        assert!(before > 20, "{data:?}: {before}");
        assert!(arrived_before_the_reply > 0);
    }
}
