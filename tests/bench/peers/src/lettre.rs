//! lettre: a transport with a pool, and a task for each connection.

use std::net::SocketAddr;

use lettre::message::{Attachment, MultiPart, SinglePart, header::ContentType};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use crate::Result;
use crate::client::{FROM, TO, Task, text};

pub(crate) async fn send(server: SocketAddr, task: Task) -> Result<usize> {
    let connections = task.connections();
    let pool = PoolConfig::new().max_size(u32::try_from(connections)?);
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.ip().to_string())
            .port(server.port())
            .pool_config(pool)
            .build();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (transport, task) = (transport.clone(), task.clone());
            tokio::spawn(async move {
                let mut sent = 0;
                while task.goes_on(sent) {
                    transport.send(message(sent, task.attachment())?).await?;
                    sent += 1;
                }
                Result::Ok(sent)
            })
        })
        .collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    transport.shutdown().await;
    Ok(sent)
}

fn message(number: usize, attachment: Option<&str>) -> Result<Message> {
    let builder = Message::builder()
        .from(FROM.parse()?)
        .to(TO.parse()?)
        .subject(format!("Mail {number}"))
        .message_id(None)
        .date_now();
    let Some(file) = attachment else {
        return Ok(builder.header(ContentType::TEXT_PLAIN).body(text())?);
    };
    let attachment = Attachment::new("file.bin".to_owned());
    let parts = MultiPart::mixed()
        .singlepart(SinglePart::plain(text()))
        .singlepart(attachment.body(std::fs::read(file)?, "application/octet-stream".parse()?));
    Ok(builder.multipart(parts)?)
}
