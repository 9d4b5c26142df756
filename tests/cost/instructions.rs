//! Instructions of the client as it is released, counted by callgrind.

use std::net::SocketAddr;
use std::process::Command;

use crate::{for_each_mail, server};

/// The instructions of a process that sends mails over one connection.
fn count(server: SocketAddr, strategy: &str, mails: u64) -> u64 {
    let driver = std::env::var("PILOTFISH_DRIVER").expect("tests/run builds the driver");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            &driver,
        ])
        .args(["--host", &server.ip().to_string()])
        .args(["--port", &server.port().to_string()])
        .args(["--tls", "none", "--conns", "1", "--strategy", strategy])
        .args(["--mails", &mails.to_string()])
        .output()
        .unwrap();
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    let (_, counted) = report.rsplit_once("Collected : ").expect(&report);
    counted.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs callgrind and a release build: tests/run has them"]
fn an_ordinary_mail_takes_few_instructions() {
    let server = server();
    for (strategy, most) in [("grouped", 75_000), ("eager", 72_000), ("default", 70_000)] {
        let taken = for_each_mail(|mails| count(server, strategy, mails));
        println!("{strategy}: {taken} instructions for each mail");
        assert!(taken <= most, "{strategy}: {taken} instructions");
    }
}
