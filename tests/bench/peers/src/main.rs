//! Pilotfish beside async-smtp, lettre and mail-send, on this machine.
//!
//! ```text
//! cargo run --release --manifest-path tests/bench/peers/Cargo.toml
//! ```
//!
//! It takes some six minutes, needs nothing but a quiet machine, and prints a table. All is on the
//! loopback interface, in clear text: `sink`, a server that takes everything, is a process, and so
//! is each client, which takes turns with the others over three rounds. The figures are medians.
//!
//! * Mails a second: of 2 KiB of text each, built anew, for three seconds from the start of the
//!   process, over 1 and 16 connections that are kept. Most servers put acknowledgements off for
//!   40 ms when they have nothing to say yet, and a client that writes a message and its end apart,
//!   without setting `TCP_NODELAY`, waits for one with each mail (RFC 9293 section 3.7.4). Hence
//!   the same against a server that acknowledges at once.
//! * CPU time of the client for 1,000 of these mails, over one connection to that server.
//! * One mail with an attachment of 64 MiB from a file: its octets by the time from the start of
//!   the process, and the most memory that the process had. Linux alone tells CPU and memory.

mod async_smtp;
mod client;
mod lettre;
mod mail_send;
mod pilotfish;
mod sink;

use std::env;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use client::{Measured, PEERS, Task};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROUNDS: usize = 3;

const ATTACHMENT: usize = 64 * 1024 * 1024;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["sink"] => sink::run(),
        ["client", peer, address, task, number] => {
            let task = Task::parse(task, number)?;
            println!("{}", client::run(peer, address.parse()?, task)?);
            Ok(())
        }
        _ => Err("it takes no arguments".into()),
    }
}

/// A process of this program, which ends with this one.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdout(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// The first line that it writes.
    fn line(&mut self) -> Result<String> {
        let output = self.0.stdout.as_mut().ok_or("it has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure(peer: &str, server: SocketAddr, task: &str, number: &str) -> Result<Measured> {
    let server = server.to_string();
    let mut process = Process::start(&["client", peer, &server, task, number])?;
    let line = process.line()?;
    line.parse()
        .map_err(|()| format!("{peer} did not get through: {line}").into())
}

/// The figures of a peer, in the order of the columns.
type Row = [f64; COLUMNS.len()];

const COLUMNS: [&str; 7] = [
    "mails/s, 1 connection",
    "16 connections",
    "1, prompt ACKs",
    "16, prompt ACKs",
    "CPU ms per 1,000",
    "64 MiB, MB/s",
    "memory MB",
];

fn row(peer: &str, [ordinary, prompt]: [SocketAddr; 2], attachment: &str) -> Result<Row> {
    let mails = |server, connections| measure(peer, server, "mails", connections);
    let one_prompt = mails(prompt, "1")?;
    let large = measure(peer, ordinary, "attachment", attachment)?;
    Ok([
        mails(ordinary, "1")?.rate(),
        mails(ordinary, "16")?.rate(),
        one_prompt.rate(),
        mails(prompt, "16")?.rate(),
        1000.0 * one_prompt.cpu_ms / one_prompt.mails,
        ATTACHMENT as f64 / 1e6 / large.seconds,
        large.memory_mb,
    ])
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn compare() -> Result<()> {
    let mut sink = Process::start(&["sink"])?;
    let line = sink.line()?;
    let (ordinary, prompt) = line.split_once(' ').ok_or("the sink did not start")?;
    let servers = [ordinary.parse()?, prompt.parse()?];
    let mut attachment = tempfile::NamedTempFile::new()?;
    attachment.write_all(&vec![0xa5; ATTACHMENT])?;
    let path = attachment
        .path()
        .to_str()
        .ok_or("the temporary folder has no name")?;
    let mut rows: Vec<Vec<Row>> = vec![Vec::new(); PEERS.len()];
    for round in 1..=ROUNDS {
        for (peer, rows) in PEERS.iter().zip(&mut rows) {
            eprintln!("round {round} of {ROUNDS}: {peer}");
            rows.push(row(peer, servers, path)?);
        }
    }
    println!("| | {} |", COLUMNS.join(" | "));
    println!("|---|{}", "---:|".repeat(COLUMNS.len()));
    for (peer, rows) in PEERS.iter().zip(rows) {
        let medians = (0..COLUMNS.len()).map(|column| {
            let figure = median(rows.iter().map(|row| row[column]).collect());
            format!(" {figure:.0} |")
        });
        println!("| {peer} |{}", medians.collect::<String>());
    }
    Ok(())
}
