//! Advice for a mail that is refused: its sender, its recipients, its size, a limit.

use super::{ANY, Hint};

pub(super) const HINTS: &[Hint] = &[
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
        codes: &[552],
        words: &["size"],
        advice: "send the files in several mails, or by a link; attachments grow by 37 % on their \
                 way",
        ..ANY
    },
];
