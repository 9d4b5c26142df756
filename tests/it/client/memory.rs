//! Memory does not grow with the number of mails.

use futures_util::{StreamExt as _, stream};
use pilotfish::testing::Store;
use pilotfish::{Client, Security, ServerConfig};

use super::letter;
use crate::message::memory::high_water_mark;
use crate::support::open_server::open_server;

const KIB: u64 = 1024;

/// The task of a child process, from the environment: the port of the server and the number of
/// mails.
const ORDER: &str = "PILOTFISH_TEST_MAILS";

const NAME: &str = "client::memory::many_mails_take_no_more_memory_than_few";

/// Sends this many mails in a process whose memory is measured.
async fn carry_out(order: &str) {
    let (port, mails) = order.split_once(' ').unwrap();
    let server = ServerConfig::builder("127.0.0.1")
        .port(port.parse().unwrap())
        .security(Security::Cleartext);
    let client = Client::builder(server.build().unwrap()).max_connections(4);
    let client = client.build().unwrap();
    let mails = 0..mails.parse().unwrap();
    let mut outcomes =
        client.send_all(stream::iter(mails.map(|number| letter(number, 2_000))).enumerate());
    while let Some((number, result)) = outcomes.next().await {
        assert!(result.is_ok(), "{number}: {result:?}");
    }
    drop(outcomes);
    client.close().await;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("\n{status}");
}

/// The peak memory of a process that sent this many mails, in octets.
async fn peak(mails: usize) -> u64 {
    let server = open_server().store(Store::Discard).start().await.unwrap();
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(ORDER, format!("{} {mails}", server.addr().port()))
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert_eq!(server.received().len(), mails);
    server.shutdown().await.unwrap();
    high_water_mark(&String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_mails_take_no_more_memory_than_few() {
    if let Ok(order) = std::env::var(ORDER) {
        return carry_out(&order).await;
    }
    let some = peak(500).await;
    let many = peak(10_000).await;
    println!("500 mails: {some} octets, 10,000 mails: {many} octets");
    assert!(
        many <= some + 2 * KIB * KIB,
        "{many} octets, and {some} for some"
    );
}
