//! Memory does not grow with the mail.

use pilotfish::testing::{Fault, Point, Store};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::cli::office::{Office, server};

const KIB: u64 = 1024;
const GIB: u64 = 1024 * 1024 * 1024;

/// The most memory that the command had while it sent an attachment of this size, in octets.
async fn peak(octets: u64) -> u64 {
    // At QUIT the command has done all that it does, and is still there to be measured.
    let server = server()
        .max_size(0)
        .store(Store::Discard)
        .fault(Fault::SilentAt(Point::Quit));
    let office = Office::open(server).await;
    office.directory.sparse_file("large.bin", octets);
    let run = office.send("--to ann@example.org -a large.bin");
    let mut child = run.spawn().await;
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("sent to 1 recipient"), "{line}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let mail = office.mail().await;
    assert!(mail.size > octets / 3 * 4, "{}", mail.size);
    high_water_mark(&status)
}

/// The line `VmHWM` of proc(5): the peak of the resident set.
fn high_water_mark(status: &str) -> u64 {
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let mark = mark.unwrap().trim().strip_suffix(" kB").unwrap();
    mark.parse::<u64>().unwrap() * KIB
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_of_a_gibibyte_takes_at_most_4_mib_more_than_one_of_a_kibibyte() {
    let small = peak(KIB).await;
    let large = peak(GIB).await;
    assert!(
        large <= small + 4 * 1024 * KIB,
        "{large} octets, and {small} for a small one"
    );
}
