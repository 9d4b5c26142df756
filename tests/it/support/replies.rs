//! The replies of a [`MiniServer`](super::mini_server::MiniServer), and how it handles commands
//! that arrive together.

use std::collections::VecDeque;

use super::script::{Script, Step};

/// Which replies the server sends.
#[derive(Debug, Clone)]
pub(crate) enum Replies {
    /// Each command and each message gets the next reply of the list. After the last one the server
    /// is silent.
    InOrder(VecDeque<Vec<u8>>),
    /// The replies that RFC 5321 defines, with these keywords after EHLO. STARTTLS is offered only
    /// before TLS, and AUTH only inside TLS if the server has TLS. A recipient with `nobody` in it
    /// is rejected. By LMTP the message is rejected for recipients with `full` in them.
    Offering(&'static [&'static str]),
}

impl Replies {
    /// The replies of a transcript, up to its end.
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

/// How the server handles commands that arrive together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupHandling {
    /// It executes all of them, as RFC 2920 requires.
    Answers,
    /// It sees only the first one.
    LosesOthers,
    /// It sees only the last one.
    LosesEarlier,
    /// It answers all of them and executes only the first one.
    RefusesOthers,
    /// The same as above, and it closes the connection before its reply to the last one.
    RefusesOthersAndCloses,
    /// It accepts a message, and closes the connection if anything arrives together with the end of
    /// the message.
    ClosesAfterMessage,
    /// It does not support BDAT, and reads the chunk as commands.
    ReadsChunks,
}
