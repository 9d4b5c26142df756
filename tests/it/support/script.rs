//! Transcripts: the octets of both sides in order.
//!
//! ```text
//! # the source of the text
//! S: 220 server.example          the peer sends this and CRLF; S: lines that follow one
//! S> 250 in piec                 another are sent together; S> has no CRLF after it
//! C: EHLO client.example         the client has to send exactly this and CRLF
//! -- tls server.example --       handshake; the certificate is for this name
//! -- tls server.example expired --       ... and expired in 2000
//! -- tls server.example stranger --      ... and is from an unknown authority
//! -- swallow --                  reads everything until the client pauses
//! -- swallow 1000 --                         ... until this many octets have arrived
//! -- take 1000 --                ... exactly this many octets
//! -- swallow all --                          ... until the client closes
//! -- ahead --                    from here on the client need not wait for replies
//! -- drip 1s --                  from here on S: leaves octet by octet, one each second, as
//!                                long as the client takes them
//! -- sip 100 every 60s --        from here on the peer reads 100 octets each minute
//! -- meet --                     waits for the test, which calls `Meeting::meet`
//! -- close --                    the peer closes the connection, inside TLS with close_notify
//! -- cut --                      the connection breaks
//! -- silence --                  the peer sends nothing more
//! ```
//!
//! At the end, the peer waits for the client to close. Whatever the client sends beyond the
//! transcript, or before it is its turn, fails the test.

use std::path::PathBuf;
use std::time::Duration;

use super::tls::Flaw;

/// A transcript, with the line number of each step.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) steps: Vec<(usize, Step)>,
}

/// What the peer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Expect(Vec<u8>),
    Send(Vec<u8>),
    Tls(String, Flaw),
    Swallow(Portion),
    Ahead,
    Drip(Duration),
    Sip(usize, Duration),
    Meet,
    Close,
    Cut,
}

/// How much of what the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Portion {
    UntilQuiet,
    Octets(usize),
    Exactly(usize),
    UntilClosed,
}

impl Script {
    /// The transcript of a file in `tests/fixtures/dialogues`.
    pub(crate) fn fixture(name: &str) -> Self {
        let path: PathBuf = [
            env!("CARGO_MANIFEST_DIR"),
            "tests/fixtures/dialogues",
            &format!("{name}.smtp"),
        ]
        .iter()
        .collect();
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            text.starts_with("# "),
            "{name} does not say where it is from"
        );
        Self::parse(name, &text)
    }

    /// A transcript in a test, which may be indented.
    pub(crate) fn inline(text: &str) -> Self {
        Self::parse("the transcript", text)
    }

    fn parse(name: &str, text: &str) -> Self {
        let mut steps = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') || line == "-- silence --" {
                continue;
            }
            let step = step(line).unwrap_or_else(|| panic!("{name}: what is {line:?}?"));
            match (steps.last_mut(), step) {
                (Some((_, Step::Send(octets))), Step::Send(more)) => octets.extend(more),
                (_, step) => steps.push((index + 1, step)),
            }
        }
        Self {
            name: name.to_owned(),
            steps,
        }
    }
}

fn step(line: &str) -> Option<Step> {
    if let Some(words) = line.strip_prefix("-- ") {
        return directive(words.strip_suffix(" --")?);
    }
    let (side, text) = line.split_at_checked(2)?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    match side {
        "C:" => Some(Step::Expect(format!("{text}\r\n").into_bytes())),
        "S:" => Some(Step::Send(format!("{text}\r\n").into_bytes())),
        "S>" => Some(Step::Send(text.into())),
        _ => None,
    }
}

fn directive(words: &str) -> Option<Step> {
    let seconds = |text: &str| {
        let number = text.strip_suffix('s')?;
        number.parse().ok().map(Duration::from_secs)
    };
    let words: Vec<_> = words.split(' ').collect();
    Some(match words.as_slice() {
        ["tls", name] => Step::Tls((*name).to_owned(), Flaw::None),
        ["tls", name, "expired"] => Step::Tls((*name).to_owned(), Flaw::Expired),
        ["tls", name, "stranger"] => Step::Tls((*name).to_owned(), Flaw::Stranger),
        ["swallow"] => Step::Swallow(Portion::UntilQuiet),
        ["swallow", "all"] => Step::Swallow(Portion::UntilClosed),
        ["take", octets] => Step::Swallow(Portion::Exactly(octets.parse().ok()?)),
        ["swallow", octets] => Step::Swallow(Portion::Octets(octets.parse().ok()?)),
        ["ahead"] => Step::Ahead,
        ["drip", pause] => Step::Drip(seconds(pause)?),
        ["sip", octets, "every", pause] => Step::Sip(octets.parse().ok()?, seconds(pause)?),
        ["meet"] => Step::Meet,
        ["close"] => Step::Close,
        ["cut"] => Step::Cut,
        _ => return None,
    })
}
