//! SMTP on standard input and output (`-bs`), as mail readers speak it to sendmail(1).

use std::borrow::Cow;
use std::io;

use smtp_proto::Request;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufReader, Stdin, Stdout};

use super::flags::Flags;
use crate::args::GlobalArguments;
use crate::exit;
use crate::input::spooled;
use crate::output::logging;
use crate::output::report::failed;

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
    /// What the caller has said of the present mail.
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Answers commands until the caller leaves, and returns the exit status.
pub(super) async fn serve(global: &GlobalArguments) -> u8 {
    let _waiting = logging::init(global);
    let mut dialogue = Dialogue {
        input: BufReader::new(tokio::io::stdin()),
        output: tokio::io::stdout(),
        global,
        sender: None,
        recipients: Vec::new(),
    };
    match dialogue.run().await {
        Ok(()) => exit::OK,
        // The caller left in the middle of a mail, which was not sent.
        Err(_) => exit::NO_INPUT,
    }
}

impl Dialogue<'_> {
    async fn run(&mut self) -> io::Result<()> {
        self.say("220 localhost Pilotfish sends what it gets")
            .await?;
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.input).take(MAX_LINE);
            if limited.read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            if !line.ends_with(b"\n") {
                self.say("500 5.5.2 The line is too long").await?;
                return Ok(());
            }
            let line = line.trim_ascii_end();
            let line = [line, b"\r\n"].concat();
            let reply = match Request::parse(&mut line.iter()) {
                Ok(Request::Quit) => {
                    return self.say("221 2.0.0 Bye").await;
                }
                Ok(Request::Data) if !self.recipients.is_empty() => self.data().await?,
                Ok(request) => self.answer(request),
                Err(_) => "500 5.5.2 The command is not known, or is malformed",
            };
            self.say(reply).await?;
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
                "250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING"
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
    async fn data(&mut self) -> io::Result<&'static str> {
        self.say("354 End with a line that has only a dot").await?;
        let (reader, writer) = tokio::io::duplex(BLOCK);
        let read = copy_message(&mut self.input, writer);
        let (read, body) = tokio::join!(read, spooled(reader));
        // A message that broke off is not sent.
        read?;
        let flags = Flags::for_dialogue(
            self.sender.take().unwrap_or_default(),
            std::mem::take(&mut self.recipients),
        );
        let sent = async { super::send(body?, &flags, self.global).await };
        let status = Box::pin(sent).await;
        let status = status.unwrap_or_else(|failure| failed(self.global, None, &failure));
        Ok(match status {
            exit::OK => "250 2.0.0 Accepted",
            exit::PARTIAL => "554 5.0.0 Accepted for some recipients: do not send it again to all",
            exit::UNKNOWN => "554 5.0.0 The mail was sent, and no reply came: it may have arrived",
            exit::TEMPORARY => "451 4.0.0 Not sent, try again later",
            exit::NO_PERMISSION => "454 4.7.0 The server rejected the login",
            exit::CONFIG => "451 4.3.5 The configuration has an error",
            _ => "554 5.0.0 Rejected, or not a mail that can be sent",
        })
    }
}

/// Where in a line of the message the reader is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Beginning,
    AfterDot,
    /// After a dot at the beginning of the line, and a CR.
    AfterDotAndCr,
    Middle,
}

/// Copies a message up to the line that has only a dot, and takes the dot away that the caller put
/// before other dots (RFC 5321 section 4.5.2).
async fn copy_message(
    input: &mut (impl AsyncBufRead + Unpin),
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut place = Place::Beginning;
    loop {
        let octets = input.fill_buf().await?;
        if octets.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut content = Vec::with_capacity(octets.len());
        let mut used = 0;
        let mut has_ended = false;
        for octet in octets.iter().copied() {
            used += 1;
            match (place, octet) {
                (Place::Beginning, b'.') => {
                    place = Place::AfterDot;
                    continue;
                }
                (Place::AfterDot, b'\r') => {
                    place = Place::AfterDotAndCr;
                    continue;
                }
                (Place::AfterDot | Place::AfterDotAndCr, b'\n') => {
                    has_ended = true;
                    break;
                }
                (Place::AfterDotAndCr, _) => content.push(b'\r'),
                _ => {}
            }
            content.push(octet);
            place = if octet == b'\n' {
                Place::Beginning
            } else {
                Place::Middle
            };
        }
        input.consume(used);
        output.write_all(&content).await?;
        if has_ended {
            return output.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_ends_at_a_dot_and_dots_are_taken_away() {
        for (input, expected) in [
            (".\r\nQUIT", Some("")),
            (".\nQUIT", Some("")),
            ("a\r\n.\r\nQUIT", Some("a\r\n")),
            ("a\n..\n...b\n.\nQUIT", Some("a\n.\n..b\n")),
            ("a.\n. \n.\r\nQUIT", Some("a.\n \n")),
            (".\rx\r\n.\r\nQUIT", Some("\rx\r\n")),
            ("a\r\n.", None),
            ("", None),
        ] {
            for size in [1, 3, 100] {
                let mut reader = BufReader::with_capacity(size, input.as_bytes());
                let mut output = Vec::new();
                let copied = copy_message(&mut reader, &mut output).await;
                let found = copied.ok().map(|()| String::from_utf8(output).unwrap());
                assert_eq!(found.as_deref(), expected, "{input:?}");
                if expected.is_some() {
                    let mut rest = String::new();
                    reader.read_to_string(&mut rest).await.unwrap();
                    assert_eq!(rest, "QUIT");
                }
            }
        }
    }
}
