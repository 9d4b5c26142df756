//! The flags of sendmail(1): those of Sendmail, Postfix and the programs that replace them.

use std::ffi::OsString;
use std::path::PathBuf;

use pilotfish::address::envelope::{EnvelopeId, Notify, Partial, Ret};

use crate::failure::Failure;
use crate::output::log::LogPlace;

/// What a caller asks for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Flags {
    pub(super) mode: Mode,
    /// `-t`: the recipients are in the fields.
    pub(super) read_recipients: bool,
    /// `-f` or `-r`: the address for reports of failed delivery; empty for none.
    pub(super) sender: Option<String>,
    /// `-F`: the sender's name, for a message without From.
    pub(super) full_name: Option<String>,
    /// `-N`, `-R` and `-V`: the notifications of delivery.
    pub(super) notify: Option<Notify>,
    pub(super) ret: Option<Ret>,
    pub(super) envelope_id: Option<EnvelopeId>,
    /// `-A NAME`: the account, as for all commands. Sendmail's own `-Ac` and `-Am` have no blank.
    pub(super) account: Option<String>,
    /// `-C`: the configuration.
    pub(super) config: Option<PathBuf>,
    /// `-X`: the log.
    pub(super) log: Option<LogPlace>,
    /// `-v`, which may be repeated.
    pub(super) verbose: u8,
    /// `-oeq`: errors are in the exit status alone.
    pub(super) is_quiet: bool,
    pub(super) recipients: Vec<String>,
    /// What happens when the server rejects some of the recipients.
    pub(super) partial: Partial,
}

/// What is done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `-bm`: sends the message on standard input.
    #[default]
    Deliver,
    /// `-bs`: speaks SMTP on standard input and output.
    Smtp,
    /// `-bv`: looks at the recipients' addresses.
    Verify,
    /// `-bp`: shows the queue.
    ListQueue,
    /// `-q` or `-bi`: nothing is left to be done.
    Nothing,
}

/// What follows a letter.
enum Value {
    /// Nothing: another letter may follow.
    None,
    /// The rest of the argument, or else the next argument.
    Required,
    /// The rest of the argument, which may be empty.
    Attached,
}

/// The letters that are known, and what follows each.
fn value_of(letter: char) -> Option<Value> {
    Some(match letter {
        't' | 'i' | 'm' | 'n' | 'v' | 'G' | 'U' | 's' | 'x' | 'c' | 'I' => Value::None,
        'f' | 'r' | 'F' | 'N' | 'R' | 'V' | 'C' | 'X' | 'L' | 'B' | 'h' | 'O' | 'p' | 'T' => {
            Value::Required
        }
        'b' | 'o' | 'q' | 'd' | 'e' | 'A' | 'M' => Value::Attached,
        _ => return None,
    })
}

impl Flags {
    /// Reads the arguments. Flags end at `--` alone: callers write them after the recipients, too.
    pub(crate) fn parse(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut flags = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let argument = argument.to_str().ok_or_else(|| {
                Failure::usage("an argument is not in UTF-8: write addresses in UTF-8")
            })?;
            match argument.strip_prefix('-') {
                Some("-") => {
                    let rest = arguments.by_ref().map(|rest| rest.to_string_lossy().into());
                    flags.recipients.extend(rest);
                }
                Some(word) if word.starts_with('-') => return Err(unknown(argument)),
                Some(letters) if !letters.is_empty() => flags.letters(letters, &mut arguments)?,
                _ => flags.recipients.push(argument.to_owned()),
            }
        }
        Ok(flags)
    }

    /// A mail of the dialogue on standard input. The caller gets one reply for all recipients, so
    /// either all of them get the mail or none does: a mail that some recipients have cannot be
    /// reported in a way that leads neither to a second mail nor to a missing one.
    pub(super) fn for_dialogue(sender: String, recipients: Vec<String>) -> Self {
        Self {
            sender: Some(sender),
            recipients,
            partial: Partial::AllOrNothing,
            ..Self::default()
        }
    }

    /// One argument with flags, such as `-ti` or `-fann@example.org`.
    fn letters<'a>(
        &mut self,
        letters: &str,
        arguments: &mut impl Iterator<Item = &'a OsString>,
    ) -> Result<(), Failure> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let Some(kind) = value_of(letter) else {
                return Err(unknown(&format!("-{letter}")));
            };
            let attached = rest.as_str();
            let value = match kind {
                Value::None => {
                    self.set(letter, "")?;
                    continue;
                }
                Value::Attached if letter == 'A' && attached.is_empty() => {
                    let name = arguments.next().and_then(|next| next.to_str());
                    let name = name.ok_or_else(|| Failure::usage("a value follows -A"))?;
                    self.account = Some(name.to_owned());
                    return Ok(());
                }
                Value::Required if attached.is_empty() => {
                    let next = arguments.next().and_then(|next| next.to_str());
                    next.ok_or_else(|| Failure::usage(format!("a value follows -{letter}")))?
                }
                Value::Required | Value::Attached => attached,
            };
            return self.set(letter, value);
        }
        Ok(())
    }

    /// What a flag means. Flags that change nothing here are accepted, as callers set them.
    fn set(&mut self, letter: char, value: &str) -> Result<(), Failure> {
        let bad = |error: &dyn std::fmt::Display| Failure::usage(format!("in -{letter}: {error}"));
        match letter {
            't' => self.read_recipients = true,
            'v' => self.verbose = self.verbose.saturating_add(1),
            'f' | 'r' => {
                let value = value.trim();
                self.sender = Some(if value == "<>" { "" } else { value }.to_owned());
            }
            'F' => self.full_name = Some(value.to_owned()),
            'N' => self.notify = Some(value.parse().map_err(|error| bad(&error))?),
            'R' => self.ret = Some(value.parse().map_err(|error| bad(&error))?),
            'V' => self.envelope_id = Some(value.parse().map_err(|error| bad(&error))?),
            // -Ac and -Am choose a configuration of Sendmail.
            'A' if !matches!(value, "c" | "m") => self.account = Some(value.to_owned()),
            'C' => self.config = Some(PathBuf::from(value)),
            'X' => self.log = Some(LogPlace::File(PathBuf::from(value))),
            'o' if value == "eq" => self.is_quiet = true,
            'e' if value == "q" => self.is_quiet = true,
            'q' | 'I' => self.mode = Mode::Nothing,
            'b' => self.mode = mode(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// A flag that sendmail(1) does not have. What follows a `=` may be a secret.
fn unknown(flag: &str) -> Failure {
    let name = flag.split('=').next().unwrap_or_default();
    let message = format!("sendmail has no flag {}", name.escape_debug());
    Failure::usage(message)
        .with_help("the flags are those of sendmail(1): pilotfish sendmail --help")
}

fn mode(value: &str) -> Result<Mode, Failure> {
    match value {
        "m" => Ok(Mode::Deliver),
        "s" => Ok(Mode::Smtp),
        "v" => Ok(Mode::Verify),
        "p" => Ok(Mode::ListQueue),
        "i" => Ok(Mode::Nothing),
        "d" | "D" | "l" => Err(Failure::usage(format!(
            "-b{value} starts a server that accepts mail, and Pilotfish only sends"
        ))),
        other => Err(
            Failure::usage(format!("sendmail has no mode -b{}", other.escape_debug()))
                .with_help("the modes are -bm, -bs, -bv, -bp and -bi"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Flags, String> {
        let arguments: Vec<_> = arguments.split(' ').filter(|it| !it.is_empty()).collect();
        let arguments: Vec<_> = arguments.into_iter().map(OsString::from).collect();
        Flags::parse(&arguments).map_err(|failure| failure.message)
    }

    fn deliver(recipients: &[&str]) -> Flags {
        Flags {
            recipients: recipients.iter().map(|it| (*it).to_owned()).collect(),
            ..Flags::default()
        }
    }

    /// The default invocations of well-known callers, and others.
    #[test]
    fn callers() {
        let text = |text: &str| Some(text.to_owned());
        for (arguments, expected) in [
            ("", deliver(&[])),
            // cron of Debian, git, mutt, PHP, smartd, s-nail.
            (
                "-i -FCronDaemon -B8BITMIME -oem root",
                Flags {
                    full_name: text("CronDaemon"),
                    ..deliver(&["root"])
                },
            ),
            (
                "-i ann@x.test bo@x.test",
                deliver(&["ann@x.test", "bo@x.test"]),
            ),
            ("-oem -oi -- ann@x.test", deliver(&["ann@x.test"])),
            (
                "-t -i",
                Flags {
                    read_recipients: true,
                    ..deliver(&[])
                },
            ),
            (
                "-i -f me@x.test -- ann@x.test -x",
                Flags {
                    sender: text("me@x.test"),
                    ..deliver(&["ann@x.test", "-x"])
                },
            ),
            (
                "-tfme@x.test ann@x.test -v -vi",
                Flags {
                    read_recipients: true,
                    sender: text("me@x.test"),
                    verbose: 2,
                    ..deliver(&["ann@x.test"])
                },
            ),
            (
                "-f <> -N never -Rhdrs -V id7",
                Flags {
                    sender: text(""),
                    notify: Some(Notify::NEVER),
                    ret: Some(Ret::Headers),
                    envelope_id: "id7".parse().ok(),
                    ..deliver(&[])
                },
            ),
            (
                "-A work -t",
                Flags {
                    account: text("work"),
                    read_recipients: true,
                    ..deliver(&[])
                },
            ),
            (
                "-Awork -Am -Ac",
                Flags {
                    account: text("work"),
                    ..deliver(&[])
                },
            ),
            (
                "-oeq -odb -om -G -Am -d8 -h 7 -L tag -O DeliveryMode=b -X /dev/null",
                Flags {
                    log: Some(LogPlace::File("/dev/null".into())),
                    is_quiet: true,
                    ..deliver(&[])
                },
            ),
        ] {
            assert_eq!(parse(arguments), Ok(expected), "{arguments}");
        }
        for (arguments, mode) in [
            ("-bs", Mode::Smtp),
            ("-bv ann@x.test", Mode::Verify),
            ("-bp", Mode::ListQueue),
            ("-bi", Mode::Nothing),
            ("-q15m", Mode::Nothing),
            ("-q", Mode::Nothing),
        ] {
            assert_eq!(parse(arguments).unwrap().mode, mode, "{arguments}");
        }
    }

    #[test]
    fn what_is_wrong() {
        for (arguments, expected) in [
            ("-Z", "sendmail has no flag -Z"),
            ("-tZ", "sendmail has no flag -Z"),
            ("--tls", "sendmail has no flag --tls"),
            ("-t --password=x", "sendmail has no flag --password"),
            ("--json ann@x.test", "sendmail has no flag --json"),
            ("-f", "a value follows -f"),
            ("-A", "a value follows -A"),
            (
                "-bd",
                "-bd starts a server that accepts mail, and Pilotfish only sends",
            ),
            ("-bt", "sendmail has no mode -bt"),
        ] {
            assert_eq!(parse(arguments), Err(expected.to_owned()), "{arguments}");
        }
        assert!(parse("-N sometimes").unwrap_err().starts_with("in -N: "));
    }
}
