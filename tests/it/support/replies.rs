//! What a knowing server says, and what it does with commands that come together.

use std::collections::VecDeque;

use super::script::{Script, Step};

/// What it says.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    /// Each command, and each message, gets the reply that is next, or none any more.
    InOrder(VecDeque<Vec<u8>>),
    /// What RFC 5321 asks for, with these keywords after EHLO. STARTTLS is said before TLS
    /// alone, AUTH behind it alone if there is TLS. A recipient with `nobody` in it is refused,
    /// and by LMTP the message for one with `full` in it.
    Offering(&'static [&'static str]),
}

impl Words {
    /// The replies of a transcript, as far as it goes.
    pub(crate) fn of(script: &Script) -> Self {
        let said = script.steps.iter().filter_map(|(_, step)| match step {
            Step::Send(octets) => Some(octets.as_slice()),
            _ => None,
        });
        let mut replies = VecDeque::new();
        let mut reply = Vec::new();
        for line in said.flat_map(|octets| octets.split_inclusive(|octet| *octet == b'\n')) {
            reply.extend_from_slice(line);
            if line.get(3) != Some(&b'-') {
                replies.push_back(std::mem::take(&mut reply));
            }
        }
        Self::InOrder(replies)
    }
}

/// What a server does with commands that come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    /// It carries them out, as RFC 2920 asks for.
    Answers,
    /// It sees the first alone.
    LosesOthers,
    /// It sees the last alone.
    LosesEarlier,
    /// It answers all and carries out the first alone.
    RefusesOthers,
    /// The same, and it closes the connection before its answer to the last of them.
    RefusesOthersAndCloses,
    /// It closes the connection where something comes with the end of a message, which it takes.
    ClosesAfterMessage,
    /// It does not know BDAT, and reads the chunk as commands.
    ReadsChunks,
}
