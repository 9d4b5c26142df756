//! Pilotfish: a client for all connections.

use std::net::SocketAddr;

use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::{Client, Message, Security, ServerConfig};

use crate::Result;
use crate::client::{FROM, TO, Task, text};

pub(crate) async fn send(server: SocketAddr, task: Task, strategy: &str) -> Result<usize> {
    let server = ServerConfig::builder(server.ip())
        .port(server.port())
        .security(Security::Cleartext)
        .strategy(by_name(strategy))
        .build()?;
    let client = Client::builder(server)
        .max_connections(task.connections())
        .build()?;
    let messages = stream::unfold((task, 0), async |(task, built)| {
        if !task.goes_on(built) {
            return None;
        }
        let message = message(built, task.attachment()).await;
        Some(((built, message), (task, built + 1)))
    });
    let mut outcomes = client.send_all(messages);
    let mut sent = 0;
    while let Some((_, outcome)) = outcomes.next().await {
        let _receipt = outcome?;
        sent += 1;
    }
    client.close().await;
    Ok(sent)
}

fn by_name(name: &str) -> Strategy {
    let mut strategy = Strategy::default();
    (strategy.pipelining, strategy.chunking) = match name {
        "eager" => (Pipelining::Eager, Chunking::Never),
        "chunked" => (Pipelining::Auto, Chunking::Always),
        _ => (Pipelining::Auto, Chunking::Never),
    };
    strategy
}

async fn message(number: usize, attachment: Option<&str>) -> pilotfish::Result<Message> {
    let mut builder = Message::builder()
        .from(FROM)
        .to(TO)
        .subject(format!("Mail {number}"))
        .text(text());
    if let Some(file) = attachment {
        builder = builder.attach(file);
    }
    Ok(builder.build().await?)
}
