//! No mail waits much longer than others.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use tokio::time::{Instant, sleep};

use super::{client_of, letter, paused};
use crate::session::send_each::strategy;
use crate::support::open_server::open_server;

const STRATEGIES: [fn() -> Strategy; 3] = [
    || strategy(Pipelining::Auto, Chunking::Never),
    || strategy(Pipelining::Eager, Chunking::Never),
    Strategy::default,
];

/// However long the queue is, its last mail waits at most twice as long as the mean.
#[test]
fn no_mail_of_a_batch_waits_twice_as_long_as_the_mean() {
    for strategy in STRATEGIES {
        paused(async {
            let delay = Duration::from_millis(200)..=Duration::from_millis(600);
            let server = open_server().delay(delay, 3).start().await.unwrap();
            let client = client_of(&server, |server| server.strategy(strategy()))
                .max_connections(4)
                .queue(500)
                .build()
                .unwrap();
            let begun = Instant::now();
            let waits = join_all((0..400).map(async |number| {
                let _receipt = client.send(letter(number, 10)).await.unwrap();
                begun.elapsed()
            }));
            let waits = waits.await;
            let mean = waits.iter().sum::<Duration>() / 400;
            let longest = *waits.iter().max().unwrap();
            println!("{:?}: mean {mean:?}, longest {longest:?}", strategy());
            assert!(
                longest <= 2 * mean,
                "{:?}: {longest:?}, {mean:?}",
                strategy()
            );
            client.close().await;
        });
    }
}

/// A single mail waits only for the mails that are in the queue already, and not for a whole
/// stream.
#[test]
fn a_single_mail_passes_a_long_stream() {
    for strategy in STRATEGIES {
        paused(async {
            const QUEUE: usize = 16;
            let delay = Duration::from_millis(200)..=Duration::from_millis(600);
            let server = open_server().delay(delay, 4).start().await.unwrap();
            let client = client_of(&server, |server| server.strategy(strategy()))
                .max_connections(2)
                .queue(QUEUE)
                .build()
                .unwrap();
            let many = client
                .send_all(stream::iter((0..600).map(|number| letter(number, 10))).enumerate());
            let single = async {
                let mut passed_by = Vec::new();
                for number in 1_000..1_005 {
                    sleep(Duration::from_secs(3)).await;
                    let before = server.received().len();
                    let _receipt = client.send(letter(number, 10)).await.unwrap();
                    passed_by.push(server.received().len() - before);
                }
                passed_by
            };
            let (outcomes, passed_by) = tokio::join!(many.collect::<Vec<_>>(), single);
            assert!(outcomes.iter().all(|(_, result)| result.is_ok()));
            println!("{:?}: {passed_by:?} mails before it", strategy());
            // The mails in the queue, and those that were in flight or left together with the mail:
            // a flight has up to 32, and each session two.
            let by_data = strategy().chunking == Chunking::Never;
            let on_their_way = if by_data { 8 } else { 4 * 34 };
            let most = QUEUE + on_their_way;
            assert!(
                passed_by.iter().all(|count| *count <= most),
                "{passed_by:?}"
            );
            client.close().await;
        });
    }
}
