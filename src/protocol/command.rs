//! Commands (RFC 5321 section 4.1, and the RFCs of the extensions).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::auth::Mechanism;
use super::parameter::{Parameter, RcptParameter};
use super::value_error::ValueError;
use crate::address::{Domain, ForwardPath, ReversePath};
use crate::secret::Secret;

/// One line for the server.
///
/// Whatever goes into a command is of a type that cannot hold a control character, or is
/// encoded in base64 or xtext: a command is always one line. All of them stay below the 512
/// octets of RFC 5321 section 4.5.3.1.4 and what extensions add to it: no value of a path or a
/// parameter is long enough for more, and [`Exchange`](super::Exchange) sees to it for AUTH.
///
/// [`Display`](fmt::Display) is for logs and transcripts, with secrets left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// EHLO with the client's name (RFC 5321 section 4.1.1.1).
    Ehlo(Domain),
    /// HELO, for servers that know no extension (RFC 5321 section 4.1.1.1).
    Helo(Domain),
    /// LHLO, which is EHLO in LMTP (RFC 2033 section 4.1).
    Lhlo(Domain),
    /// STARTTLS (RFC 3207 section 4).
    StartTls,
    /// AUTH, with an initial response where the mechanism begins with one and the line stays
    /// short enough (RFC 4954 section 4).
    Auth(Mechanism, Option<Secret>),
    /// The answer to a challenge (RFC 4954 section 4).
    AuthResponse(Secret),
    /// `*`, which ends an exchange (RFC 4954 section 4).
    AuthCancel,
    /// MAIL FROM (RFC 5321 section 4.1.1.2).
    Mail(&'a ReversePath, &'a [Parameter]),
    /// RCPT TO (RFC 5321 section 4.1.1.3).
    Rcpt(&'a ForwardPath, &'a [RcptParameter]),
    /// DATA (RFC 5321 section 4.1.1.4).
    Data,
    /// BDAT with the number of octets that follow it at once (RFC 3030 section 2).
    Bdat(usize, Chunk),
    /// RSET (RFC 5321 section 4.1.1.5).
    Rset,
    /// VRFY (RFC 5321 section 4.1.1.6).
    Vrfy(Argument),
    /// HELP (RFC 5321 section 4.1.1.8).
    Help(Option<Argument>),
    /// NOOP (RFC 5321 section 4.1.1.9).
    Noop,
    /// QUIT (RFC 5321 section 4.1.1.10).
    Quit,
}

/// How many octets of text fit into a command line with the longest verb, its space and its
/// CRLF (RFC 5321 section 4.5.3.1.4).
const MAX_ARGUMENT: usize = 512 - "VRFY \r\n".len();

/// The text after VRFY or HELP (RFC 5321 section 4.1.2 `String`): 1 to 505 octets of printable ASCII
/// that neither begin nor end with a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument(Box<str>);

impl FromStr for Argument {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let printable = text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        if printable && (1..=MAX_ARGUMENT).contains(&text.len()) && text.trim() == text {
            return Ok(Self(text.into()));
        }
        Err(ValueError::new(
            "the argument of a command is not valid",
            "this cannot be the argument of a command: use 1 to 505 characters of printable ASCII, \
             with no space at either end",
        ))
    }
}

/// Which chunk of a message (RFC 3030 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// There are more chunks to come.
    More,
    /// The message ends with it.
    Last,
}

impl Command<'_> {
    /// Appends the command as it goes to the server, with its line end.
    pub fn encode(&self, octets: &mut Vec<u8>) {
        match self {
            Self::Auth(mechanism, Some(response)) => {
                octets.extend_from_slice(format!("AUTH {mechanism} ").as_bytes());
                // RFC 4954 section 4: an empty initial response is a lone "=".
                if response.is_empty() {
                    octets.push(b'=');
                }
                encode_base64(response, octets);
            }
            Self::AuthResponse(response) => encode_base64(response, octets),
            // A vector takes all that is written to it.
            _ => drop(self.write(&mut Line(octets))),
        }
        octets.extend_from_slice(b"\r\n");
    }

    /// Writes the command without its line end, and with secrets left out.
    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Ehlo(name) => write!(out, "EHLO {name}"),
            Self::Helo(name) => write!(out, "HELO {name}"),
            Self::Lhlo(name) => write!(out, "LHLO {name}"),
            Self::StartTls => out.write_str("STARTTLS"),
            Self::Auth(mechanism, None) => write!(out, "AUTH {mechanism}"),
            Self::Auth(mechanism, Some(response)) => {
                let length = encoded_len(response);
                write!(out, "AUTH {mechanism} <redacted {length} octets>")
            }
            Self::AuthResponse(response) => {
                write!(out, "<redacted {} octets>", encoded_len(response))
            }
            Self::AuthCancel => out.write_str("*"),
            Self::Mail(path, parameters) => {
                out.write_str("MAIL FROM:")?;
                match path.addr_spec() {
                    Some(address) => address.write_path(out)?,
                    None => out.write_str("<>")?,
                }
                write_each(out, parameters)
            }
            Self::Rcpt(path, parameters) => {
                out.write_str("RCPT TO:")?;
                path.addr_spec().write_path(out)?;
                write_each(out, parameters)
            }
            Self::Data => out.write_str("DATA"),
            Self::Bdat(octets, Chunk::More) => write!(out, "BDAT {octets}"),
            Self::Bdat(octets, Chunk::Last) => write!(out, "BDAT {octets} LAST"),
            Self::Rset => out.write_str("RSET"),
            Self::Vrfy(argument) => write!(out, "VRFY {}", argument.0),
            Self::Help(None) => out.write_str("HELP"),
            Self::Help(Some(argument)) => write!(out, "HELP {}", argument.0),
            Self::Noop => out.write_str("NOOP"),
            Self::Quit => out.write_str("QUIT"),
        }
    }

    /// What the command has of a secret.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Auth(_, Some(response)) | Self::AuthResponse(response) => Some(response),
            _ => None,
        }
    }
}

/// The octets that a command is appended to.
struct Line<'a>(&'a mut Vec<u8>);

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn encode_base64(secret: &Secret, octets: &mut Vec<u8>) {
    let encoded = Zeroizing::new(STANDARD.encode(secret.expose()));
    octets.extend_from_slice(encoded.as_bytes());
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

fn write_each(out: &mut impl fmt::Write, parameters: &[impl fmt::Display]) -> fmt::Result {
    let mut parameters = parameters.iter();
    parameters.try_for_each(|parameter| write!(out, " {parameter}"))
}

fn encoded_len(secret: &Secret) -> usize {
    secret.len().div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use super::super::BodyValue;
    use super::*;
    use crate::address::envelope::Notify;

    fn encoded(command: &Command<'_>) -> String {
        let mut octets = Vec::new();
        command.encode(&mut octets);
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn texts_that_fit_a_command() {
        for (text, fits) in [
            ("ann", true),
            ("Ann Lee <ann@example.org>", true),
            (&"a".repeat(505), true),
            (&"a".repeat(506), false),
            ("", false),
            (" ann", false),
            ("ann ", false),
            ("ö", false),
            ("a\u{2028}b", false),
            ("a\u{85}b", false),
        ] {
            assert_eq!(text.parse::<Argument>().is_ok(), fits, "{text:?}");
        }
        for control in ('\0'..' ').chain(['\u{7f}']) {
            assert!(format!("a{control}b").parse::<Argument>().is_err());
        }
    }

    #[test]
    fn commands_on_the_wire() {
        let reverse = "ann@example.org".parse().unwrap();
        let forward = "ann@example.org".parse().unwrap();
        let parameters = [
            Parameter::Size(57),
            Parameter::Body(BodyValue::EightBitMime),
        ];
        for (command, expected) in [
            (
                Command::Ehlo("[127.0.0.1]".parse().unwrap()),
                "EHLO [127.0.0.1]\r\n",
            ),
            (
                Command::Helo("client.example".parse().unwrap()),
                "HELO client.example\r\n",
            ),
            (Command::StartTls, "STARTTLS\r\n"),
            (Command::Auth(Mechanism::Login, None), "AUTH LOGIN\r\n"),
            (
                Command::Auth(Mechanism::Plain, Some("\0u\0p".into())),
                "AUTH PLAIN AHUAcA==\r\n",
            ),
            (
                Command::Auth(Mechanism::Plain, Some("".into())),
                "AUTH PLAIN =\r\n",
            ),
            (Command::AuthResponse("u".into()), "dQ==\r\n"),
            (Command::AuthResponse("".into()), "\r\n"),
            (Command::AuthCancel, "*\r\n"),
            (
                Command::Mail(&reverse, &parameters),
                "MAIL FROM:<ann@example.org> SIZE=57 BODY=8BITMIME\r\n",
            ),
            (Command::Mail(&ReversePath::Null, &[]), "MAIL FROM:<>\r\n"),
            (
                Command::Mail(
                    &ReversePath::Null,
                    &[Parameter::Body(BodyValue::BinaryMime)],
                ),
                "MAIL FROM:<> BODY=BINARYMIME\r\n",
            ),
            (
                Command::Rcpt(&forward, &[]),
                "RCPT TO:<ann@example.org>\r\n",
            ),
            (
                Command::Rcpt(&forward, &[RcptParameter::Notify(Notify::NEVER)]),
                "RCPT TO:<ann@example.org> NOTIFY=NEVER\r\n",
            ),
            (
                Command::Lhlo("client.example".parse().unwrap()),
                "LHLO client.example\r\n",
            ),
            (Command::Vrfy("ann".parse().unwrap()), "VRFY ann\r\n"),
            (Command::Help(None), "HELP\r\n"),
            (
                Command::Help(Some("MAIL".parse().unwrap())),
                "HELP MAIL\r\n",
            ),
            (Command::Noop, "NOOP\r\n"),
            (Command::Data, "DATA\r\n"),
            (Command::Bdat(86, Chunk::More), "BDAT 86\r\n"),
            (Command::Bdat(0, Chunk::Last), "BDAT 0 LAST\r\n"),
            (Command::Rset, "RSET\r\n"),
            (Command::Quit, "QUIT\r\n"),
        ] {
            assert_eq!(encoded(&command), expected);
        }
    }

    #[test]
    fn display_and_debug_show_no_secret() {
        for command in [
            Command::Auth(Mechanism::Plain, Some("\0u\0hunter2".into())),
            Command::AuthResponse("hunter2".into()),
        ] {
            for shown in [format!("{command}"), format!("{command:?}")] {
                assert!(shown.contains("redacted"), "{shown}");
                assert!(
                    !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
                    "{shown}"
                );
            }
        }
    }
}
