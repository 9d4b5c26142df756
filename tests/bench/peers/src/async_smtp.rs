//! async-smtp, with messages by mail-builder: a connection and a task for each, as it has no pool. It
//! leaves opening the connection to its caller, who sets `TCP_NODELAY` here.

use std::net::SocketAddr;

use async_smtp::{Envelope, SendableEmail, SmtpClient, SmtpTransport};
use mail_send::mail_builder::MessageBuilder;
use tokio::io::BufStream;
use tokio::net::TcpStream;

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
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut transport = SmtpTransport::new(SmtpClient::new(), BufStream::new(stream)).await?;
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
        let envelope = Envelope::new(Some(FROM.parse()?), vec![TO.parse()?])?;
        let mail = SendableEmail::new(envelope, message.write_to_vec()?);
        transport.send(mail).await?;
        sent += 1;
    }
    transport.quit().await?;
    Ok(sent)
}
