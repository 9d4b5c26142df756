//! SMTP on standard input and output (`-bs`), as mail readers speak it to sendmail(1).

use std::borrow::Cow;
use std::io;

use smtp_proto::Request;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{BufReader, Stdin, Stdout};

use super::dots::{LineEnd, copy_message};
use super::flags::Flags;
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::Failure;
use crate::input::raw::Finished;
use crate::input::spooled;
use crate::output::logging::{self, Watch};
use crate::output::report::failed;
use crate::send::Delivered;

/// The longest command line, in octets, with its line end (RFC 5321 section 4.5.3.1.4), with room for
/// parameters.
const MAX_LINE: u64 = 2_048;

/// The most recipients of a mail.
const MAX_RECIPIENTS: usize = 10_000;

/// How many octets of a message are on their way to the disk.
const BLOCK: usize = 64 * 1024;

/// The dialogue with the caller.
struct Dialogue<'a> {
    input: BufReader<Stdin>,
    output: Stdout,
    global: &'a GlobalArguments,
    watch: Watch,
    line_end: LineEnd,
    /// What the caller has said of the present mail.
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Answers commands until the caller leaves, and returns the exit status.
pub(super) async fn serve(global: &GlobalArguments) -> u8 {
    let watch = logging::init(global);
    let mut dialogue = Dialogue {
        input: BufReader::new(tokio::io::stdin()),
        output: tokio::io::stdout(),
        global,
        watch,
        line_end: LineEnd::Any,
        sender: None,
        recipients: Vec::new(),
    };
    match dialogue.run().await {
        Ok(()) => exit::OK,
        Err(end) => failed(global, None, &end.failure()),
    }
}

/// Why a dialogue ended early.
enum End {
    /// The input ended in the middle of a mail.
    InMail,
    /// The input cannot be read.
    Input(io::Error),
    /// The replies cannot be written.
    Output(io::Error),
    /// The reply to a mail that was sent, or may have been, cannot be written.
    Unreported(io::Error),
}

impl End {
    /// What the caller's user is to know. A status of 75 says that the mail may be sent again.
    fn failure(self) -> Failure {
        match self {
            Self::InMail => Failure::new(
                exit::TEMPORARY,
                "the input ended before the line with only a dot: the mail was not sent",
            ),
            Self::Input(error) => Failure::io(exit::TEMPORARY, "cannot read the input", error),
            Self::Output(error) => {
                Failure::io(exit::TEMPORARY, "cannot write the replies: not sent", error)
            }
            Self::Unreported(error) => {
                let message = "the mail was sent, and the reply to it cannot be written: do not \
                               send it again";
                Failure::io(exit::IO_ERROR, message, error)
            }
        }
    }
}

impl Dialogue<'_> {
    async fn run(&mut self) -> Result<(), End> {
        self.say("220 localhost Pilotfish sends what it gets")
            .await
            .map_err(End::Output)?;
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.input).take(MAX_LINE);
            let read = limited.read_until(b'\n', &mut line).await;
            if read.map_err(End::Input)? == 0 {
                return Ok(());
            }
            if !line.ends_with(b"\n") {
                let said = self.say("500 5.5.2 The line is too long").await;
                return said.map_err(End::Output);
            }
            if line.ends_with(b"\r\n") {
                self.line_end = LineEnd::CrLf;
            }
            let line = line.trim_ascii_end();
            let line = [line, b"\r\n"].concat();
            let said = match Request::parse(&mut line.iter()) {
                Ok(Request::Quit) => {
                    return self.say("221 2.0.0 Bye").await.map_err(End::Output);
                }
                Ok(Request::Data) if !self.recipients.is_empty() => {
                    self.data().await?;
                    continue;
                }
                Ok(request) => {
                    let reply = self.answer(request);
                    self.say(reply).await
                }
                Err(_) => {
                    let reply = "500 5.5.2 The command is not known, or is malformed";
                    self.say(reply).await
                }
            };
            said.map_err(End::Output)?;
        }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.output.write_all(reply.as_bytes()).await?;
        self.output.write_all(b"\r\n").await?;
        self.output.flush().await
    }

    /// Answers a command that is not about content.
    fn answer(&mut self, request: Request<Cow<'_, str>>) -> &'static str {
        match request {
            Request::Helo { .. } => "250 localhost",
            Request::Ehlo { .. } => {
                "250-localhost\r\n250-8BITMIME\r\n250-SIZE\r\n250-SMTPUTF8\r\n250 PIPELINING"
            }
            Request::Mail { from } if !fits(from.size) => {
                "452 4.3.1 The disk has no room for a message of this size"
            }
            Request::Mail { from } if self.sender.is_none() => {
                self.sender = Some(from.address.into_owned());
                "250 2.1.0 Ok"
            }
            Request::Rcpt { to } if self.sender.is_some() => {
                if self.recipients.len() == MAX_RECIPIENTS {
                    return "452 4.5.3 Too many recipients";
                }
                self.recipients.push(to.address.into_owned());
                "250 2.1.5 Ok"
            }
            Request::Rset => {
                self.forget();
                "250 2.0.0 Ok"
            }
            Request::Noop { .. } => "250 2.0.0 Ok",
            Request::Vrfy { .. } => "252 2.0.0 No server was asked",
            Request::Mail { .. } | Request::Rcpt { .. } | Request::Data => {
                "503 5.5.1 Send MAIL, then RCPT, then DATA"
            }
            _ => "502 5.5.1 The command is not supported",
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// Reads the message, sends it, and says what became of it.
    async fn data(&mut self) -> Result<(), End> {
        let asked = self.say("354 End with a line that has only a dot").await;
        asked.map_err(End::Output)?;
        let (reader, writer) = tokio::io::duplex(BLOCK);
        let read = copy_message(&mut self.input, writer, self.line_end);
        let (read, body) = tokio::join!(read, spooled(reader));
        // A message that broke off is not sent.
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => End::InMail,
            _ => End::Input(error),
        })?;
        let flags = Flags::for_dialogue(
            self.sender.take().unwrap_or_default(),
            std::mem::take(&mut self.recipients),
        );
        let sent = async {
            super::send(Finished::of(body?), &flags, self.global, self.watch.clone()).await
        };
        let delivered = Box::pin(sent).await.unwrap_or_else(|failure| Delivered {
            status: failed(self.global, None, &failure),
            reply: None,
        });
        let said = self.say(&reply(&delivered)).await;
        said.map_err(match delivered.status {
            exit::OK | exit::PARTIAL | exit::UNKNOWN => End::Unreported,
            _ => End::Output,
        })
    }
}

/// The reply to a mail: the server's own words, by a code that says whether the mail may be sent again.
///
/// A mail that some recipients have is accepted, as every other reply would lead to a second mail for
/// them. This is rare: the server rejects recipients before the message as a rule, and then no
/// recipient gets it.
fn reply(delivered: &Delivered) -> String {
    let (code, what) = match delivered.status {
        exit::OK => (250, "2.0.0 Accepted"),
        exit::PARTIAL => (
            250,
            "2.0.0 Accepted for some recipients, and rejected for others: do not send it again",
        ),
        exit::UNKNOWN => (
            554,
            "5.0.0 The whole mail was sent, and no reply came: it may have arrived",
        ),
        exit::TEMPORARY => (451, "4.0.0 Not sent, try again later"),
        exit::CANNOT_CREATE => (452, "4.3.1 The message cannot be stored"),
        exit::NO_PERMISSION => (454, "4.7.0 The server rejected the login"),
        exit::CONFIG => (451, "4.3.5 The configuration has an error"),
        _ => (554, "5.0.0 Rejected, or not a mail that can be sent"),
    };
    let is_about_mail = matches!(delivered.status, exit::OK | exit::DATA | exit::TEMPORARY);
    match &delivered.reply {
        // Codes from 500 to 549, and 421, are about the dialogue with the server, and not this one.
        Some(reply) if is_about_mail && code / 100 == reply.code().number() / 100 => {
            let own = reply.code().number();
            let code = if own / 10 % 10 == 5 { own } else { code };
            let lines = reply.wire_lines().map(|line| match line.get(3..) {
                Some(text) => format!("{code}{text}"),
                None => line,
            });
            lines.collect::<Vec<_>>().join("\r\n")
        }
        Some(reply) => {
            let words: Vec<_> = reply.wire_lines().collect();
            format!("{code} {what}. The server: {}", words.join(" "))
        }
        None => format!("{code} {what}"),
    }
}

/// Whether the disk has room for a message of so many octets.
fn fits(size: usize) -> bool {
    let disk = rustix::fs::statvfs(std::env::temp_dir());
    disk.is_ok_and(|disk| size as u64 <= disk.f_bavail.saturating_mul(disk.f_frsize))
}
