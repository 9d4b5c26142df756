//! Memory does not grow with the size of a mail.
//!
//! `PILOTFISH_LARGE=1024` signs mails of a gibibyte instead of an eighth: a debug build takes
//! minutes for it.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use pilotfish::Message;
use pilotfish::message::dkim::Canonicalization;
use pilotfish::message::{Attachment, Body};
use pilotfish::testing::{Fault, Point, Store};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::cli::cli_fixture::{CliFixture, server};
use crate::message::dkim::verifier::{Algorithm, signer};
use crate::support::client::{in_clear, send};
use crate::support::open_server::open_server;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// How much more memory a large mail may take than a small one.
const ALLOWANCE: u64 = 4 * MIB;

/// The peak memory of the command while it sent an attachment of this size, in octets.
async fn peak(octets: u64) -> u64 {
    // At QUIT the command has done all of its work, and the process still exists for the
    // measurement.
    let server = server()
        .max_size(0)
        .store(Store::Discard)
        .fault(Fault::SilentAt(Point::Quit));
    let fixture = CliFixture::open(server).await;
    fixture.directory.sparse_file("large.bin", octets);
    // It waits for the reply to QUIT to show it.
    let run = fixture.send("--to ann@example.org -a large.bin --transcript");
    let mut child = run.spawn().await;
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("accepted by "), "{line}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let mail = fixture.mail().await;
    assert!(mail.size > octets / 3 * 4, "{}", mail.size);
    high_water_mark(&status)
}

/// The line `VmHWM` of proc(5): the peak of the resident set.
pub(crate) fn high_water_mark(status: &str) -> u64 {
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let mark = mark.unwrap().trim().strip_suffix(" kB").unwrap();
    mark.parse::<u64>().unwrap() * KIB
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_of_a_gibibyte_takes_at_most_4_mib_more_than_one_of_a_kibibyte() {
    let small = peak(KIB).await;
    let large = peak(1024 * MIB).await;
    assert!(
        large <= small + ALLOWANCE,
        "{large} octets, and {small} for a small one"
    );
}

/// The task of a child process, from the environment: the address of the server, the kind of mail
/// and its file.
const ORDER: &str = "PILOTFISH_TEST_ORDER";

/// Signs a mail and sends it, in a process whose memory is measured.
async fn carry_out(order: &str) {
    let [server, kind, path] = order.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{order}");
    };
    let message = match kind {
        "attachment" => {
            let letter = Message::builder().from("ann@x.test").to("bo@y.test");
            letter.attach(path).build().await
        }
        "text" => {
            let letter = Message::builder().from("ann@x.test").to("bo@y.test");
            letter.text(Path::new(path)).build().await
        }
        "html" => {
            let letter = Message::builder().from("ann@x.test").to("bo@y.test");
            let letter = letter.inline("shark", Attachment::new(*b"x", "shark.png"));
            letter.html(Path::new(path)).build().await
        }
        _ => Message::raw(Body::file(path)).to("bo@y.test").build().await,
    };
    let signer = signer(Algorithm::Rsa, Canonicalization::Relaxed);
    let message = message.unwrap().sign(&signer).await.unwrap();
    let stream = TcpStream::connect(server).await.unwrap();
    let receipt = send(in_clear(stream).await.unwrap(), message).await;
    assert!(!receipt.unwrap().is_partial());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("\n{status}");
}

/// The peak memory of a process that runs this test to carry out a task.
async fn peak_of(test: &str, kind: &str, path: &Path) -> u64 {
    let server = open_server().max_size(0).store(Store::Discard);
    let server = server.start().await.unwrap();
    let order = format!("{} {kind} {}", server.addr(), path.display());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ORDER, order)
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let received = server.received();
    server.shutdown().await.unwrap();
    assert!(received[0].size > path.metadata().unwrap().len());
    high_water_mark(&String::from_utf8(output.stdout).unwrap())
}

/// Checks that a large mail takes hardly more memory than a small one.
async fn compare(test: &str, kind: &str, allowance: u64, file: impl Fn(&Path, u64)) {
    if let Ok(order) = std::env::var(ORDER) {
        return carry_out(&order).await;
    }
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mebibytes = std::env::var("PILOTFISH_LARGE").map_or(128, |text| text.parse().unwrap());
    let mut peaks = [0; 2];
    for (octets, peak) in [KIB, mebibytes * MIB].into_iter().zip(&mut peaks) {
        let path = folder.path().join("mail");
        file(&path, octets);
        *peak = peak_of(test, kind, &path).await;
    }
    let [small, large] = peaks;
    println!("{kind}: {large} octets, and {small} for a small one");
    assert!(
        large <= small + allowance,
        "{large} octets, and {small} for a small one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_attachment_that_is_signed_takes_at_most_4_mib_more() {
    let test = "message::memory::a_large_attachment_that_is_signed_takes_at_most_4_mib_more";
    compare(test, "attachment", ALLOWANCE, |path, octets| {
        std::fs::File::create(path)
            .unwrap()
            .set_len(octets)
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_text_from_a_file_takes_at_most_4_mib_more() {
    let test = "message::memory::a_large_text_from_a_file_takes_at_most_4_mib_more";
    compare(test, "text", ALLOWANCE, |path, octets| {
        let mut file = BufWriter::new(std::fs::File::create(path).unwrap());
        // It has to be encoded, which takes several times longer than to read it.
        let line = format!("Grüße, {}\n", "x".repeat(90));
        for _ in 0..=octets / 8 / line.len() as u64 {
            file.write_all(line.as_bytes()).unwrap();
        }
    })
    .await;
}

/// Its references to the picture are replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_html_document_from_a_file_takes_at_most_8_mib_more() {
    let test = "message::memory::a_large_html_document_from_a_file_takes_at_most_8_mib_more";
    compare(test, "html", 2 * ALLOWANCE, |path, octets| {
        let mut file = BufWriter::new(std::fs::File::create(path).unwrap());
        let line = format!("<p>{}<a href='cid:shark'>a</a>\n", "x".repeat(900));
        for _ in 0..=octets / 16 / line.len() as u64 {
            file.write_all(line.as_bytes()).unwrap();
        }
        let picture = format!(
            "<img src='data:image/png;base64,{}'>",
            "QUJD".repeat(250_000)
        );
        file.write_all(picture.as_bytes()).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_finished_message_that_is_signed_takes_at_most_4_mib_more() {
    let test = "message::memory::a_large_finished_message_that_is_signed_takes_at_most_4_mib_more";
    compare(test, "finished", ALLOWANCE, |path, octets| {
        let mut file = BufWriter::new(std::fs::File::create(path).unwrap());
        file.write_all(b"From: ann@x.test\n\n").unwrap();
        let line = format!("{}\n", "QUJD".repeat(19));
        for _ in 0..octets / line.len() as u64 {
            file.write_all(line.as_bytes()).unwrap();
        }
    })
    .await;
}
