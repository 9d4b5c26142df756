//! A whole session in clear text with a server that sends any octets.

#![no_main]

use std::time::Duration;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use pilotfish::address::Domain;
use pilotfish::protocol::fuzzing::ReplyDecoder;
use pilotfish::session::{Greeted, Receipt};
use pilotfish::transport::Timeouts;
use pilotfish::{Fate, Mail, Result};
use pilotfish_fuzz::{builder, now};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::timeout;

/// Separates octets that are sent at once from those that wait for the client.
const TURN: u8 = 0xFF;

/// Longer than any dialogue under the client's own time limits.
const TOO_LONG: Duration = Duration::from_secs(24 * 60 * 60);

fuzz_target!(|octets: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (result, heard) = runtime.block_on(async {
        let (here, there) = duplex(1 << 20);
        let both = async { tokio::join!(submit(here), serve(there, octets)) };
        timeout(TOO_LONG, both).await.expect("it hangs")
    });
    let ended = heard.windows(5).any(|end| end == b"\r\n.\r\n");
    let chunked = heard.windows(6).any(|end| end == b" LAST\r");
    match result {
        Ok(receipt) => {
            assert!(ended || chunked);
            assert!(receipt.reply.is_positive_completion());
            let (positive, intermediate) = answers(octets);
            // The greeting, EHLO, MAIL, RCPT and the message, with DATA between.
            assert!(positive >= 5 && (intermediate >= 1 || chunked));
        }
        Err(error) => {
            // Without the end of data the fate is known, except after an unsolicited reply.
            assert!(
                ended || chunked || error.fate() == Fate::NotAccepted || error.reply().is_some()
            );
        }
    }
});

async fn submit(stream: DuplexStream) -> Result<Receipt> {
    let name: Domain = "client.example".parse().unwrap();
    let greeted = Greeted::greet(stream, name, Timeouts::default()).await?;
    let mut session = greeted.in_cleartext();
    let message = now(builder().text("Hello.\n").build()).unwrap();
    let envelope = message.envelope().clone();
    let result = session.send(Mail::new(envelope.clone(), message)).await;
    session.quit().await;
    result
}

/// Sends a piece, and the next one after the client has sent something. Returns the client's octets.
async fn serve(mut stream: DuplexStream, octets: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    for piece in octets.split(|octet| *octet == TURN) {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
            return heard;
        }
    }
    // A server that announces the end closes the connection; another falls silent.
    if octets.last() == Some(&TURN) {
        let _ = stream.shutdown().await;
    }
    let _ = stream.read_to_end(&mut heard).await;
    heard
}

/// The number of consecutive replies of the classes 2yz and 3yz.
fn answers(octets: &[u8]) -> (usize, usize) {
    let (mut decoder, mut counts) = (ReplyDecoder::default(), (0, 0));
    let spoken: Vec<u8> = octets
        .iter()
        .copied()
        .filter(|octet| *octet != TURN)
        .collect();
    let mut buffer = BytesMut::from(spoken.as_slice());
    while let Ok(Some(reply)) = decoder.decode(&mut buffer) {
        counts.0 += usize::from(reply.is_positive_completion());
        counts.1 += usize::from(reply.is_positive_intermediate());
    }
    counts
}
