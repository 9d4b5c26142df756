//! Advice for a mail that is refused: its sender, its recipients, its size, a limit.

use pilotfish::Stage;
use pilotfish::protocol::ReplyMeaning;

use super::{ANY, Hint};

const NOT_YOURS: &str = "the server lets a user send from the user's own addresses alone: give one of \
                         them by --from";

/// Words of servers for which the sender is not one of the user's.
const NOT_OWNED: &[&str] = &[
    "not owned by",
    "send as",
    "sendasdenied",
    "same as authorization user",
    "must be same as",
    "must match",
    "sender address is not allowed",
    "authorised to send from",
    "authorized to send from",
    "allowed to send from",
    "relaying disallowed as",
];

pub(super) const HINTS: &[Hint] = &[
    Hint {
        words: &["email address is not verified", "verified sender identity"],
        advice: "the service sends for addresses that it has verified: verify the sender there, or \
                 give one that is verified by --from",
        ..ANY
    },
    Hint {
        words: &["multiple addresses in a from"],
        advice: "give one address by --from",
        ..ANY
    },
    Hint {
        statuses: &["X.7.60", "X.2.252"],
        advice: NOT_YOURS,
        ..ANY
    },
    Hint {
        codes: &[501, 550, 551, 553, 554],
        words: NOT_OWNED,
        advice: NOT_YOURS,
        ..ANY
    },
    // GMX, web.de and Yahoo say so of the sender, before any recipient is named.
    Hint {
        stages: &[Stage::Mail],
        codes: &[550],
        statuses: &[""],
        words: &["mailbox unavailable"],
        advice: NOT_YOURS,
        ..ANY
    },
    Hint {
        stages: &[Stage::EndOfData],
        codes: &[550],
        words: &["request failed; mailbox unavailable"],
        advice: NOT_YOURS,
        ..ANY
    },
    Hint {
        codes: &[550],
        statuses: &["X.4.5"],
        advice: "a sending limit for 24 hours is used up: try again tomorrow",
        ..ANY
    },
    Hint {
        codes: &[554],
        statuses: &["X.7.1"],
        words: &["access denied"],
        when: |situation| !situation.logs_in(),
        advice: "most servers take mail only from those who log in: give --user and \
                 --password-file, and the --from that is yours",
        ..ANY
    },
    Hint {
        codes: &[554],
        statuses: &["X.7.1"],
        words: &["access denied"],
        advice: "the server does not take mail from this sender for this recipient: give the \
                 --from that belongs to --user",
        ..ANY
    },
    Hint {
        stages: &[Stage::Rcpt, Stage::Data],
        codes: &[421],
        words: &["too many errors"],
        advice: "the server closed because it refused too many recipients: leave them out",
        ..ANY
    },
    Hint {
        codes: &[552],
        statuses: &["X.2.2"],
        advice: "the recipient's mailbox is full",
        ..ANY
    },
    Hint {
        stages: &[Stage::Mail, Stage::Transfer, Stage::EndOfData],
        means: Some(ReplyMeaning::MessageTooLarge),
        advice: "send the files in several mails, or by a link; attachments grow by 37 % on their \
                 way",
        ..ANY
    },
];
