//! What a client is to do, and what it costs.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::{Result, async_smtp, lettre, mail_send, pilotfish};

/// The clients, by the names that the table has for them.
pub(crate) const PEERS: [&str; 6] = [
    "Pilotfish, grouped",
    "Pilotfish, eager",
    "Pilotfish, chunked",
    "async-smtp",
    "lettre",
    "mail-send",
];

/// How long mails are sent.
const LONG: Duration = Duration::from_secs(3);

pub(crate) const FROM: &str = "sender@example.org";
pub(crate) const TO: &str = "recipient@example.net";

/// What a client is to send.
#[derive(Clone)]
pub(crate) enum Task {
    /// Mails over this many connections, for as long as there is time.
    Mails(usize, Instant),
    /// One mail with this file.
    Attachment(String),
}

impl Task {
    pub(crate) fn parse(task: &str, detail: &str) -> Result<Self> {
        Ok(match task {
            "mails" => Self::Mails(detail.parse()?, Instant::now() + LONG),
            _ => Self::Attachment(detail.to_owned()),
        })
    }

    pub(crate) fn connections(&self) -> usize {
        match self {
            Self::Mails(connections, _) => *connections,
            Self::Attachment(_) => 1,
        }
    }

    pub(crate) fn attachment(&self) -> Option<&str> {
        match self {
            Self::Mails(..) => None,
            Self::Attachment(file) => Some(file),
        }
    }

    /// Whether there is another mail to send behind this many.
    pub(crate) fn goes_on(&self, sent: usize) -> bool {
        match self {
            Self::Mails(_, end) => Instant::now() < *end,
            Self::Attachment(_) => sent == 0,
        }
    }
}

/// The text of each mail: 2 KiB in lines of 76 characters.
pub(crate) fn text() -> String {
    format!("{}\n", "x".repeat(76)).repeat(27)
}

/// What a task took.
pub(crate) struct Measured {
    pub(crate) mails: f64,
    pub(crate) seconds: f64,
    pub(crate) cpu_ms: f64,
    pub(crate) memory_mb: f64,
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        self.mails / self.seconds
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mails,
            seconds,
            cpu_ms,
            memory_mb,
        } = self;
        write!(f, "{mails} {seconds} {cpu_ms} {memory_mb}")
    }
}

impl FromStr for Measured {
    type Err = ();

    fn from_str(line: &str) -> std::result::Result<Self, ()> {
        let figures: Vec<f64> = line.split(' ').flat_map(str::parse).collect();
        match figures[..] {
            [mails, seconds, cpu_ms, memory_mb] if mails > 0.0 => Ok(Self {
                mails,
                seconds,
                cpu_ms,
                memory_mb,
            }),
            _ => Err(()),
        }
    }
}

/// Has a client do its task in this process, in which nothing else runs.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(peer: &str, server: SocketAddr, task: Task) -> Result<Measured> {
    let begin = Instant::now();
    let mails = match peer {
        "async-smtp" => async_smtp::send(server, task).await?,
        "lettre" => lettre::send(server, task).await?,
        "mail-send" => mail_send::send(server, task).await?,
        _ => {
            let strategy = peer.rsplit(' ').next().unwrap_or_default();
            pilotfish::send(server, task, strategy).await?
        }
    };
    Ok(Measured {
        mails: mails as f64,
        seconds: begin.elapsed().as_secs_f64(),
        cpu_ms: cpu_ms().unwrap_or(f64::NAN),
        memory_mb: memory_mb().unwrap_or(f64::NAN),
    })
}

/// The CPU time of this process, from proc(5): fields 14 and 15 of `stat`, in hundredths of a
/// second.
fn cpu_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<f64>);
    Some(10.0 * ticks.sum::<f64>())
}

/// The most memory that this process had: `VmHWM`, in KiB.
fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}
