//! The number of open file descriptors is bounded by the number of connections, not by the number
//! of mails.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pilotfish::Mail;
use pilotfish::client::Retry;
use pilotfish::message::{Attachment, Body};

use super::client_to;
use crate::support::client::ACCOUNT;
use crate::support::mini_server::Store;
use crate::support::port::{Count, Port};

const MAILS: usize = 3_000;

/// Marks the child process that may open only few descriptors.
const CHILD: &str = "PILOTFISH_FEW_DESCRIPTORS";

/// All mails are built before the first one is sent, and wait for a server that is down at first.
#[test]
fn three_thousand_mails_with_two_files_each_need_few_descriptors() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime.unwrap().block_on(send());
    }
    let name = "client::descriptors::three_thousand_mails_with_two_files_each_need_few_descriptors";
    let child = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 256; exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let wrong = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}{wrong}");
    assert!(
        said.contains("3000 accepted with 256 descriptors"),
        "{said}{wrong}"
    );
}

async fn send() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let directory = tempfile::tempdir().unwrap();
    // Files of more than 64 KiB are not taken into memory, and opened again.
    let files = [("a.bin", 20), ("b.txt", 20), ("large.bin", 3_000)].map(|(name, lines)| {
        let path = directory.path().join(name);
        std::fs::write(&path, "Some octets of a file.\n".repeat(lines)).unwrap();
        path
    });
    let [small, text, large] = &files;
    let mut mails = Vec::new();
    for number in 0..MAILS {
        let id = format!("<{number}@client.example>");
        let letter = ACCOUNT.letter_of_text(&["a@example.org"], "Two files are attached.\n");
        let files = [if number % 10 == 0 { large } else { small }, text];
        let letter = files.iter().fold(letter.message_id(id), |letter, file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            letter.attach(Attachment::new(Body::file(*file), name))
        });
        mails.push(Mail::from(letter.build().await.unwrap()));
    }
    let (port, store, connections) = (Port::new(), Store::default(), Count::default());
    let client = client_to(port.number(), |server| server).retry(Retry::new());
    let client = client.build().unwrap();
    let serving = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let fate = |_| {
            connections.add();
            Box::new(|_: &mut Vec<u8>| false) as Box<_>
        };
        port.serve(&["PIPELINING"], store.clone(), fate).await;
    };
    let sending = async {
        let outcomes = client.send_all(stream::iter(mails).enumerate());
        let accepted = outcomes.filter(|(number, reported)| {
            if let Err(error) = reported {
                println!("{number}: {error:?}");
            }
            std::future::ready(reported.is_ok())
        });
        let accepted = accepted.count().await;
        client.close().await;
        accepted
    };
    let accepted = tokio::select! {
        accepted = sending => accepted,
        () = serving => unreachable!("it serves for ever"),
    };
    assert_eq!(store.all().len(), accepted);
    println!(
        "{accepted} accepted with {} descriptors",
        limit.current.unwrap()
    );
}
