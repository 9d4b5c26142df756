//! One line for each mail, for a file, syslog or the journal.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Value, json};

use super::json::SendObject;
use super::report::warning;
use crate::exit;
use crate::failure::Failure;

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogPlace {
    File(PathBuf),
    /// The system log, at its socket.
    Syslog,
    /// The journal of systemd, at its socket.
    Journald,
}

const SYSLOG: &str = "/dev/log";
const JOURNALD: &str = "/run/systemd/journal/socket";

/// The facility mail and the severity informational (RFC 5424 section 6.2.1).
const PRIORITY: u8 = 2 * 8 + 6;

impl FromStr for LogPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("write the name of a file, syslog or journald"),
            "syslog" => Ok(Self::Syslog),
            "journald" => Ok(Self::Journald),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

/// An open log.
enum Sink {
    File(File),
    Syslog(UnixDatagram),
    Journald(UnixDatagram),
}

impl LogPlace {
    /// Opens the log once, before a mail is sent that it could not record.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let failed = |error| {
            let message = format!("cannot write the log to {}", self.shown());
            Failure::io(exit::CANNOT_CREATE, message, error)
        };
        self.open().map(drop).map_err(failed)
    }

    /// Adds the line of a mail. The mail has its result whether this works or not.
    pub(super) fn add(&self, object: &SendObject<'_>) {
        let object = serde_json::to_value(object).unwrap_or_default();
        if let Err(error) = self.write(&line(&object, rustix::process::getuid().as_raw())) {
            warning(&format!(
                "cannot write the log to {}: {error}",
                self.shown()
            ));
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Syslog => SYSLOG.to_owned(),
            Self::Journald => JOURNALD.to_owned(),
        }
    }

    fn open(&self) -> io::Result<Sink> {
        let socket = |path: &str| {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            // A log that accepts nothing must not hold the mail.
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>(socket)
        };
        Ok(match self {
            Self::File(path) => {
                let mut options = OpenOptions::new();
                Sink::File(options.append(true).create(true).mode(0o600).open(path)?)
            }
            Self::Syslog => Sink::Syslog(socket(SYSLOG)?),
            Self::Journald => Sink::Journald(socket(JOURNALD)?),
        })
    }

    /// Writes the line by one call, so that lines of several processes do not mix.
    fn write(&self, line: &str) -> io::Result<()> {
        match self.open()? {
            Sink::File(mut file) => file.write_all(format!("{line}\n").as_bytes()),
            // The log has a time of its own.
            Sink::Syslog(socket) => {
                let (_, rest) = line.split_once(' ').unwrap_or(("", line));
                let id = std::process::id();
                let text = format!("<{PRIORITY}>pilotfish[{id}]: {rest}");
                socket.send(text.as_bytes()).map(drop)
            }
            Sink::Journald(socket) => {
                let (_, rest) = line.split_once(' ').unwrap_or(("", line));
                let text = format!("PRIORITY=6\nSYSLOG_IDENTIFIER=pilotfish\nMESSAGE={rest}\n");
                socket.send(text.as_bytes()).map(drop)
            }
        }
    }
}

/// The time, the outcome, and `key=value` for all that is known.
fn line(object: &Value, uid: u32) -> String {
    let text = |pointer: &str| match object.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let list = |pointer: &str| {
        let list = object.pointer(pointer).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default().iter()
    };
    let to = list("/recipients").filter_map(|recipient| recipient.pointer("/address")?.as_str());
    let to: Vec<_> = to.collect();
    let accepted = list("/recipients").filter(|recipient| {
        text("/outcome") != "accepted" && recipient.pointer("/outcome") == Some(&json!("accepted"))
    });
    let accepted = accepted.filter_map(|recipient| recipient.pointer("/address")?.as_str());
    let accepted: Vec<_> = accepted.collect();
    // The reply to the mail, or else to the first recipient that the server did not accept.
    let of_recipients = (0..to.len()).map(|index| format!("/recipients/{index}/reply"));
    let mut replies = std::iter::once("/reply".to_owned()).chain(of_recipients);
    let is_there = |pointer: &String| object.pointer(pointer).is_some_and(Value::is_object);
    let reply = replies.find(is_there).unwrap_or_default();
    let lines = list(&format!("{reply}/lines")).filter_map(Value::as_str);
    let lines: Vec<_> = lines.collect();
    let from = match object.pointer("/envelope_from").and_then(Value::as_str) {
        Some("") => "<>".to_owned(),
        _ => text("/envelope_from"),
    };
    let mut line = format!("{} {}", text("/time"), text("/outcome"));
    for (key, value) in [
        ("account", text("/account")),
        ("from", from),
        ("to", to.join(",")),
        ("accepted", accepted.join(",")),
        ("size", text("/size")),
        ("server", text("/server")),
        ("tls", text("/tls/version").replace("TLSv", "")),
        ("code", text(&format!("{reply}/code"))),
        ("enhanced", text(&format!("{reply}/enhanced"))),
        ("id", text("/queue_id")),
        ("ms", text("/duration_ms")),
        ("message-id", text("/message_id")),
        ("status", text("/exit_status")),
        ("uid", uid.to_string()),
        ("error", text("/error")),
        ("reply", lines.join(" ")),
    ] {
        if !value.is_empty() {
            let _ = write!(line, " {key}={}", quoted(&value));
        }
    }
    line
}

/// A value in quotation marks if it has anything in it that ends a value or a line.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_what_is_known() {
        let object = json!({
            "time": "2026-11-29T14:03:11.482Z", "outcome": "accepted", "account": "work",
            "envelope_from": "", "size": 1834, "server": "smtp.example.org:465",
            "recipients": [{ "address": "ann@example.org" }, { "address": "bob@example.net" }],
            "reply": { "code": 250, "enhanced": null, "lines": ["OK", "\u{1b}[2J\n\"x\""] },
            "tls": { "version": "TLSv1.3" }, "exit_status": 0, "error": null,
        });
        assert_eq!(
            line(&object, 7),
            "2026-11-29T14:03:11.482Z accepted account=work from=<> \
             to=ann@example.org,bob@example.net size=1834 server=smtp.example.org:465 tls=1.3 \
             code=250 status=0 uid=7 reply=\"OK \\u{1b}[2J\\n\\\"x\\\"\"",
        );
        let object = json!({
            "time": "2026-11-29T14:03:11.482Z", "outcome": "partial", "reply": null,
            "recipients": [
                { "address": "ann@example.org", "outcome": "accepted", "reply": null },
                { "address": "bob@example.net", "outcome": "rejected",
                  "reply": { "code": 550, "enhanced": "5.1.1", "lines": ["5.1.1 no such user"] } },
            ],
            "exit_status": 80,
        });
        assert_eq!(
            line(&object, 7),
            "2026-11-29T14:03:11.482Z partial to=ann@example.org,bob@example.net \
             accepted=ann@example.org code=550 enhanced=5.1.1 status=80 uid=7 \
             reply=\"5.1.1 no such user\"",
        );
    }
}
