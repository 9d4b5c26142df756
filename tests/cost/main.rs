//! What one mail costs: counts, and the most that each may be. Whoever makes a mail cost less lowers
//! the limit.

#![cfg(test)]

mod allocations;
mod instructions;
mod memory;

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use pilotfish::testing::{Security, Store, TestServer};

/// The mails of a long run, and of a short one, whose cost is subtracted: that of the start, the
/// connection and the end.
const MAILS: [u64; 2] = [1_100, 100];

/// The cost of one mail of 2 KiB more, in a run whose cost this counts for a number of mails.
fn for_each_mail(mut count: impl FnMut(u64) -> u64) -> u64 {
    let [long, short] = MAILS.map(&mut count);
    (long - short) / (MAILS[0] - MAILS[1])
}

/// Starts a server in a thread of its own, which takes every mail as long as the process runs.
fn server() -> SocketAddr {
    let (address, addresses) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let server = TestServer::builder()
                .security(Security::Cleartext)
                .anonymous()
                .store(Store::Discard);
            let server = server.start().await.unwrap();
            address.send(server.addr()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    addresses.recv().unwrap()
}
