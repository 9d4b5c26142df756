//! What the server does for each command.

mod auth;
mod bdat;
mod delivery;
mod hello;
mod parameters;
mod scram;
mod token;
mod transaction;
mod transfer;

use bdat::Chunk;
pub(super) use transaction::Transaction;

use smtp_proto::{Error, Request};
use tokio::io::{AsyncRead, AsyncWrite};

use super::dialogue::{Dialogue, Effect, End, Flow};
use super::fault::Point;
use super::keyword::Keyword;
use super::quirk::Quirk;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Reads a command and does what it says.
    pub(super) async fn command(&mut self) -> Flow<()> {
        self.refuse_unwanted().await?;
        let octets = self.line().await?;
        let Some(line) = as_text(&octets) else {
            self.malformed("command with octets that are no text (RFC 5321, section 2.4)");
            return Ok(());
        };
        let whole = format!("{line}\r\n");
        let request = Request::parse(&mut whole.as_bytes().iter());
        self.check_group(request.as_ref().ok())?;
        let verb = line.split(' ').next().unwrap_or_default();
        if whole.len() > self.longest(verb) {
            let longest = self.longest(verb);
            self.violation(&format!(
                "command line of {} octets, not {longest} (RFC 5321, section 4.5.3.1.4)",
                whole.len()
            ));
            self.refuse("500", "5.5.2", "Line too long");
            return Ok(());
        }
        match request {
            Ok(request) => self.request(request, line).await,
            // smtp-proto knows no addresses of RFC 6533.
            Err(Error::InvalidParameter { param: "ORCPT" }) => self.rcpt(line).await,
            Err(error) => {
                self.not_parsed(&error, verb);
                Ok(())
            }
        }
    }

    async fn request(
        &mut self,
        request: Request<std::borrow::Cow<'_, str>>,
        line: &str,
    ) -> Flow<()> {
        if takes_no_argument(&request) && !line.eq_ignore_ascii_case(request.name()) {
            self.malformed(&format!(
                "{} with an argument (RFC 5321, section 4.1.1)",
                request.name()
            ));
            return Ok(());
        }
        match request {
            Request::Ehlo { .. } | Request::Helo { .. } if self.speaks_lmtp() => {
                self.violation("EHLO or HELO over LMTP (RFC 2033, section 4.1)");
                self.refuse("500", "5.5.1", "This is LMTP, say LHLO");
                Ok(())
            }
            Request::Lhlo { .. } if self.speaks_lmtp() => self.ehlo(line).await,
            Request::Ehlo { .. } => self.ehlo(line).await,
            Request::Helo { .. } => self.helo(line).await,
            Request::StartTls => self.start_tls().await,
            Request::Auth { .. } => self.auth(line).await,
            Request::Mail { from } => self.mail(&from, line).await,
            Request::Rcpt { .. } => self.rcpt(line).await,
            Request::Data => self.data().await,
            Request::Rset => self.rset().await,
            Request::Quit => self.quit().await,
            Request::Noop { .. } => {
                self.refuse("250", "2.0.0", "Ok");
                Ok(())
            }
            Request::Vrfy { .. } => {
                self.refuse("252", "2.0.0", "Send some mail and see");
                Ok(())
            }
            Request::Help { .. } => {
                self.refuse("214", "2.0.0", "RFC 5321");
                Ok(())
            }
            Request::Bdat {
                chunk_size,
                is_last,
            } => {
                let chunk = if is_last { Chunk::Last } else { Chunk::More };
                self.bdat(chunk_size as u64, chunk, line).await
            }
            other => {
                self.violation(&format!("{}, not offered", other.name()));
                self.refuse("502", "5.5.1", "Not implemented");
                Ok(())
            }
        }
    }

    async fn rset(&mut self) -> Flow<()> {
        let reply = self.reply("250", "2.0.0", "Ok");
        if self.answer(Point::Rset, reply).await? == Effect::Happens {
            self.transaction = Transaction::None;
        }
        Ok(())
    }

    async fn quit(&mut self) -> Flow<()> {
        let reply = self.reply("221", "2.0.0", "Bye");
        self.answer(Point::Quit, reply).await?;
        Err(End::Over)
    }

    /// Checks that nothing follows a command that must be answered first (RFC 2920, section
    /// 3.1).
    fn check_group<T>(&mut self, request: Option<&Request<T>>) -> Flow<()> {
        // A chunk stands behind its BDAT.
        if self.input.is_empty() || matches!(request, Some(Request::Bdat { .. })) {
            return Ok(());
        }
        if self.has(Quirk::ClosesOnGroups) {
            return Err(End::Abrupt);
        }
        let may_go_on = matches!(
            request,
            None | Some(Request::Mail { .. } | Request::Rcpt { .. } | Request::Rset)
        );
        let name = request.map_or("a command", Request::name);
        if matches!(request, Some(Request::StartTls)) {
            let violation = "octets behind STARTTLS (RFC 3207, section 4)";
            return Err(self.send_away(violation, "STARTTLS is answered first"));
        }
        if !self.offers(Keyword::Pipelining) {
            let violation = format!("octets behind {name}, PIPELINING is not offered (RFC 2920)");
            return Err(self.send_away(&violation, "PIPELINING is not offered"));
        }
        if !may_go_on {
            let violation = format!("octets behind {name}, unanswered (RFC 2920, section 3.1)");
            return Err(self.send_away(&violation, "This command is the last of its group"));
        }
        Ok(())
    }

    /// How long a command line may be, with its CRLF.
    fn longest(&self, verb: &str) -> usize {
        // RFC 5321, section 4.5.3.1.4, and for MAIL what extensions add: RFC 1870, section 3;
        // RFC 6152, section 2; RFC 6531, section 3.1; RFC 4954, section 3; RFC 3461, section 4;
        // RFC 2852; RFC 4865; RFC 6710; RFC 8689.
        let added = |keyword, octets| if self.offers(keyword) { octets } else { 0 };
        if verb.eq_ignore_ascii_case("RCPT") {
            return 512 + added(Keyword::Dsn, 528);
        }
        if !verb.eq_ignore_ascii_case("MAIL") {
            return 512;
        }
        let auth = if self.offers_auth() { 500 } else { 0 };
        512 + auth
            + added(Keyword::Size, 26)
            + added(Keyword::EightBitMime, 17).max(added(Keyword::BinaryMime, 17))
            + added(Keyword::SmtpUtf8, 10)
            + added(Keyword::Dsn, 116)
            + added(Keyword::DeliverBy, 17)
            + added(Keyword::FutureRelease, 34)
            + added(Keyword::MtPriority, 15)
            + added(Keyword::RequireTls, 11)
    }

    fn not_parsed(&mut self, error: &Error, verb: &str) {
        match error {
            // The words of an unknown command are not repeated: they may be a password.
            Error::UnknownCommand => {
                self.violation("unknown command (RFC 5321, section 4.1)");
                self.refuse("500", "5.5.2", "Unknown command");
            }
            Error::UnsupportedParameter { param } => {
                self.violation(&format!(
                    "parameter {param}, not offered (RFC 5321, section 4.1.1.11)"
                ));
                self.refuse("555", "5.5.4", "Parameter not offered");
                self.mail_failed(verb);
            }
            _ => {
                self.malformed(&format!(
                    "malformed {} ({error:?})",
                    verb.to_ascii_uppercase()
                ));
                self.mail_failed(verb);
            }
        }
    }

    /// Writes down a command that is not as the grammar says.
    pub(super) fn malformed(&mut self, violation: &str) {
        self.violation(violation);
        self.refuse("501", "5.5.4", "Syntax error in parameters");
    }

    /// Writes down a command that comes too early, too late, or twice.
    pub(super) fn out_of_order(&mut self, violation: &str) {
        self.violation(violation);
        self.refuse("503", "5.5.1", "Bad sequence of commands");
    }
}

/// The line as text, if it has no control characters.
fn as_text(line: &[u8]) -> Option<&str> {
    let text = str::from_utf8(line).ok()?;
    (!text.bytes().any(|octet| octet.is_ascii_control())).then_some(text)
}

fn takes_no_argument<T>(request: &Request<T>) -> bool {
    matches!(
        request,
        Request::StartTls | Request::Data | Request::Rset | Request::Quit
    )
}
