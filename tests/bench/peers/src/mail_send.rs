//! mail-send: a connection and a task for each, as it has no pool.

use std::net::SocketAddr;

use mail_send::SmtpClientBuilder;
use mail_send::mail_builder::MessageBuilder;

use crate::Result;
use crate::client::{FROM, TO, Task, text};

pub(crate) async fn send(server: SocketAddr, task: Task) -> Result<usize> {
    let tasks: Vec<_> = (0..task.connections())
        .map(|_| tokio::spawn(connection(server, task.clone())))
        .collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    Ok(sent)
}

async fn connection(server: SocketAddr, task: Task) -> Result<usize> {
    let builder = SmtpClientBuilder::new(server.ip().to_string(), server.port())?;
    let mut client = builder.implicit_tls(false).connect_plain().await?;
    let mut sent = 0;
    while task.goes_on(sent) {
        let mut message = MessageBuilder::new()
            .from(FROM)
            .to(TO)
            .subject(format!("Mail {sent}"))
            .text_body(text());
        if let Some(file) = task.attachment() {
            let octets = std::fs::read(file)?;
            message = message.attachment("application/octet-stream", "file.bin", octets);
        }
        client.send(message).await?;
        sent += 1;
    }
    client.quit().await?;
    Ok(sent)
}
