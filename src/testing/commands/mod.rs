//! What the server does for each command.

mod auth;
mod bdat;
mod delivery;
mod hello;
mod parameters;
mod scram;
mod transaction;
mod transfer;

use std::borrow::Cow;

use smtp_proto::{Error, Request};

use super::extensions::{EXTENSIONS, Keyword};
use super::fault::{Point, Quirk};
use super::received::TransactionState;
use super::session::{Flow, ServerSession, SessionStop};

impl ServerSession {
    /// Reads a command and carries it out.
    pub(super) async fn command(&mut self) -> Flow<()> {
        self.refuse_unwanted().await?;
        let octets = self.line().await?;
        let Some(line) = as_text(&octets) else {
            return Err(
                self.malformed("command with octets that are no text (RFC 5321, section 2.4)")
            );
        };
        let whole = format!("{line}\r\n");
        let request = Request::parse(&mut whole.as_bytes().iter());
        self.check_group(request.as_ref().ok())?;
        let verb = line
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let longest = self.longest(&verb);
        if whole.len() > longest {
            let violation = format!(
                "command line of {} octets, not {longest} (RFC 5321, section 4.5.3.1.4)",
                whole.len()
            );
            return Err(self.reject(&violation, "500 5.5.2 Line too long"));
        }
        let done = match request {
            Ok(request) => self.request(request, line).await,
            // The server reads parameters itself: smtp-proto does not know the addresses of RFC 6533,
            // and takes a parameter without its value for an unknown one.
            Err(Error::InvalidParameter { .. } | Error::UnsupportedParameter { .. }) => {
                match verb.as_str() {
                    "MAIL" => self.mail(line).await,
                    _ => self.rcpt(line).await,
                }
            }
            // The words of an unknown command are not repeated: they may be a password.
            Err(Error::UnknownCommand) => {
                let violation = "unknown command (RFC 5321, section 4.1)";
                return Err(self.reject(violation, "500 5.5.2 Unknown command"));
            }
            Err(error) => Err(self.malformed(&format!("malformed {verb} ({error:?})"))),
        };
        if done.is_err() && verb == "MAIL" && !self.transaction.has_begun() {
            self.transaction = TransactionState::Refused;
        }
        done
    }

    async fn request(&mut self, request: Request<Cow<'_, str>>, line: &str) -> Flow<()> {
        let name = request.name();
        if takes_no_argument(&request) && !line.eq_ignore_ascii_case(name) {
            let violation = format!("{name} with an argument (RFC 5321, section 4.1.1)");
            return Err(self.malformed(&violation));
        }
        match request {
            Request::Ehlo { .. } | Request::Helo { .. } if self.shared.settings.lmtp => {
                let violation = "EHLO or HELO over LMTP (RFC 2033, section 4.1)";
                Err(self.reject(violation, "500 5.5.1 This is LMTP, say LHLO"))
            }
            Request::Lhlo { .. } if self.shared.settings.lmtp => self.ehlo(line).await,
            Request::Ehlo { .. } => self.ehlo(line).await,
            Request::Helo { .. } => self.helo(line).await,
            Request::StartTls => self.start_tls().await,
            Request::Auth { .. } => self.auth(line).await,
            Request::Mail { .. } => self.mail(line).await,
            Request::Rcpt { .. } => self.rcpt(line).await,
            Request::Data => self.data().await,
            Request::Rset => {
                self.answer(Point::Rset, "250 2.0.0 Ok").await?;
                self.transaction = TransactionState::None;
                Ok(())
            }
            Request::Quit => {
                let reply = self.reply("221 2.0.0 Bye");
                self.say_at(Point::Quit, reply).await?;
                Err(SessionStop::CloseAfterReply)
            }
            Request::Noop { .. } => Err(self.refuse("250 2.0.0 Ok")),
            Request::Vrfy { .. } => Err(self.refuse("252 2.0.0 Send some mail and see")),
            Request::Help { .. } => Err(self.refuse("214 2.0.0 RFC 5321")),
            Request::Bdat {
                chunk_size,
                is_last,
            } => self.bdat(chunk_size as u64, is_last, line).await,
            _ => Err(self.reject(&format!("{name}, not offered"), "502 5.5.1 Not implemented")),
        }
    }

    /// Checks that nothing follows a command that must be answered first (RFC 2920, section
    /// 3.1).
    fn check_group<T>(&mut self, request: Option<&Request<T>>) -> Flow<()> {
        // A chunk follows its BDAT.
        if self.input.is_empty() || matches!(request, Some(Request::Bdat { .. })) {
            return Ok(());
        }
        if self.has(Quirk::ClosesOnGroups) {
            return Err(SessionStop::CloseNow);
        }
        let may_go_on = matches!(
            request,
            None | Some(Request::Mail { .. } | Request::Rcpt { .. } | Request::Rset)
        );
        let name = request.map_or("a command", Request::name);
        let (why, text) = if matches!(request, Some(Request::StartTls)) {
            (" (RFC 3207, section 4)", "STARTTLS is answered first")
        } else if !self.offers(Keyword::Pipelining) {
            return Err(self.not_pipelining(name));
        } else if !may_go_on {
            let text = "This command is the last of its group";
            (", unanswered (RFC 2920, section 3.1)", text)
        } else {
            return Ok(());
        };
        Err(self.disconnect(&format!("octets after {name}{why}"), text))
    }

    /// How long a command line may be, with its CRLF.
    fn longest(&self, verb: &str) -> usize {
        // RFC 5321, section 4.5.3.1.4.
        let extensions: usize = match verb {
            // RFC 3461, section 4.
            "RCPT" if self.offers(Keyword::Dsn) => 528,
            "MAIL" => {
                let mut extensions = EXTENSIONS.to_vec();
                // BODY is there once.
                let both =
                    |keyword| keyword == Keyword::BinaryMime && self.offers(Keyword::EightBitMime);
                extensions.retain(|(keyword, ..)| self.offers(*keyword) && !both(*keyword));
                extensions.iter().map(|(.., octets)| octets).sum()
            }
            _ => 0,
        };
        512 + extensions
    }

    /// Records that something follows this, which PIPELINING would allow, and ends the session.
    fn not_pipelining(&mut self, what: &str) -> SessionStop {
        let violation = format!("octets after {what}, PIPELINING is not offered (RFC 2920)");
        self.disconnect(&violation, "PIPELINING is not offered")
    }

    fn parameter_not_offered(&mut self, parameter: &str) -> SessionStop {
        self.reject(
            &format!("parameter {parameter}, not offered (RFC 5321, section 4.1.1.11)"),
            "555 5.5.4 Parameter not offered",
        )
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
