//! The server of a domain, by the records of a real DNS server.

use std::process::Stdio;

use pilotfish::testing::{Security, TestServer};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use tokio::process::{Child, Command};

use crate::cli::cli_fixture::CliFixture;
use crate::cli::run::Run;

/// A port that is free for UDP and TCP.
async fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        if UdpSocket::bind(address).await.is_ok() {
            return address.port();
        }
    }
}

/// dnsmasq with these records. It has all names that end in `test`, and asks no other server.
async fn dnsmasq(records: &[String]) -> (Child, String) {
    let port = free_port().await;
    let mut server = Command::new("dnsmasq")
        .args([
            "--no-daemon",
            "--conf-file=/dev/null",
            "--no-hosts",
            "--no-resolv",
        ])
        .args([
            "--bind-interfaces",
            "--listen-address=127.0.0.1",
            "--local=/test/",
        ])
        .arg("--pid-file=")
        .arg(format!("--port={port}"))
        .args(records)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("started") {
            // What it says later must not stop it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (server, format!("127.0.0.1:{port}"));
        }
    }
    panic!("dnsmasq did not start");
}

#[tokio::test]
#[ignore = "needs dnsmasq, which tests/provision unpacks: tests/run"]
async fn a_server_is_found_by_a_real_dns_server() {
    let server = TestServer::builder().security(Security::ImplicitTls);
    let fixture = CliFixture::open(server).await;
    let port = fixture.server.addr().port();
    let mut records = vec![
        format!("--srv-host=_submissions._tcp.shark.test,localhost,{port},10,5"),
        format!("--srv-host=_submissions._tcp.shark.test,missing.test,{port},20,5"),
        // A service without a target is not offered.
        "--srv-host=_submission._tcp.shark.test".to_owned(),
    ];
    // The answer is too long for a datagram.
    records.extend((0..40).map(|number| {
        format!("--mx-host=shark.test,mx{number}.a-name-that-takes-room.shark.test,{number}")
    }));
    let (_server, dns) = dnsmasq(&records).await;
    let add = async |address: &str| {
        let path = fixture.directory.path();
        let run = Run::new(&format!("account add {address} --tls-ca ca.pem --no-input"));
        let run = run
            .directory(path)
            .env("HOME", path)
            .env("XDG_CONFIG_HOME", "");
        run.env("PILOTFISH_DNS", &dns).end().await
    };
    let ended = add("me@shark.test").await;
    ended.fails(64, "so it is not used without consent");
    for words in [
        format!("DNS, _submissions._tcp  localhost:{port}     answers, certificate valid\n"),
        format!("DNS, _submissions._tcp  missing.test:{port}  there is no such host\n"),
    ] {
        assert!(ended.stderr.contains(&words), "{words}: {ended:?}");
    }
    assert!(ended.stderr.contains("not offered\n"), "{ended:?}");
    let ended = add("me@whale.test").await;
    ended.fails(68, "there is no domain whale.test");
    fixture.received_nothing().await;
}
