//! Allocations of the client's thread, those that change the size of another included.

use std::net::SocketAddr;

use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::{Client, Message, Security, ServerConfig};

use crate::{for_each_mail, server};

/// Sends mails over one connection, each built when the client takes it.
async fn send(server: SocketAddr, strategy: Strategy, mails: u64) {
    let server = ServerConfig::builder(server.ip())
        .port(server.port())
        .security(Security::Cleartext)
        .strategy(strategy);
    let client = Client::builder(server.build().unwrap()).max_connections(1);
    let client = client.build().unwrap();
    let text = format!("{}\n", "x".repeat(76)).repeat(26);
    let built = stream::iter(0..mails).then(async |number| {
        let message = Message::builder()
            .from("sender@example.org")
            .to("recipient@example.org")
            .subject(format!("Mail {number}"))
            .text(text.clone());
        (number, message.build().await)
    });
    let mut outcomes = client.send_all(built);
    while let Some((number, result)) = outcomes.next().await {
        assert!(result.is_ok(), "{number}: {result:?}");
    }
    drop(outcomes);
    client.close().await;
}

#[test]
fn an_ordinary_mail_takes_few_allocations() {
    let server = server();
    for (pipelining, chunking, most) in [
        (Pipelining::Auto, Chunking::Never, 32),
        (Pipelining::Eager, Chunking::Never, 32),
        (Pipelining::Auto, Chunking::Auto, 32),
    ] {
        let mut strategy = Strategy::default();
        (strategy.pipelining, strategy.chunking) = (pipelining, chunking);
        let taken = for_each_mail(|mails| {
            let run = || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.unwrap().block_on(send(server, strategy, mails));
            };
            allocation_counter::measure(run).count_total
        });
        println!("{pipelining} {chunking}: {taken} allocations for each mail");
        assert!(
            taken <= most,
            "{pipelining} {chunking}: {taken} allocations"
        );
    }
}
