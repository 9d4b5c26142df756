//! One connection to the server, from the first octet to the last.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::sleep;

use super::super::listeners::ByteStream;
use super::authority::Authority;
use super::http;
use super::response::{Delivery, Response};

/// How many octets of an endless answer are written at once.
const PIECE: usize = 4096;

/// Answers requests until one side closes the connection or the server shuts down.
pub(super) async fn serve(stream: Box<dyn ByteStream>, authority: Arc<Authority>) {
    let served = async {
        let (mut reader, mut writer) = split(stream);
        match answer_all(&mut reader, &mut writer, &authority).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let refusal = Response::empty(400).field("Connection", "close".to_owned());
                // The client may be gone.
                let _ = write(&mut writer, &refusal, &authority).await;
            }
            Err(error) => {
                tracing::debug!(target: "pilotfish::testing", %error, "broken");
            }
        }
        // The client may be gone, too.
        let _ = writer.shutdown().await;
    };
    tokio::select! {
        () = authority.stop.cancelled() => {}
        () = served => {}
    }
}

async fn answer_all(
    reader: &mut ReadHalf<Box<dyn ByteStream>>,
    writer: &mut WriteHalf<Box<dyn ByteStream>>,
    authority: &Authority,
) -> io::Result<()> {
    let mut input = BytesMut::new();
    while let Some(request) = http::read(reader, &mut input).await? {
        let response = authority.respond(&request);
        let goes_on = write(writer, &response, authority).await?;
        if !goes_on || request.closes {
            break;
        }
    }
    Ok(())
}

/// Sends an answer. Returns whether another one may follow.
async fn write(
    writer: &mut WriteHalf<Box<dyn ByteStream>>,
    response: &Response,
    authority: &Authority,
) -> io::Result<bool> {
    let mut octets = response.head(authority.time()).into_bytes();
    match response.delivery {
        Delivery::Whole => {
            octets.extend_from_slice(&response.body);
            writer.write_all(&octets).await?;
            writer.flush().await?;
            Ok(true)
        }
        Delivery::Never => std::future::pending().await,
        Delivery::Slow(pause) => {
            octets.extend_from_slice(&response.body);
            for octet in octets {
                sleep(pause).await;
                writer.write_all(&[octet]).await?;
                writer.flush().await?;
            }
            Ok(true)
        }
        Delivery::Half => {
            let half = response.body.len() / 2;
            octets.extend(response.body.iter().take(half));
            writer.write_all(&octets).await?;
            writer.flush().await?;
            Ok(false)
        }
        Delivery::Endless => {
            octets.extend_from_slice(br#"{"access_token":""#);
            loop {
                writer.write_all(&octets).await?;
                octets = vec![b'a'; PIECE];
            }
        }
    }
}
