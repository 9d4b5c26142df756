//! Advice for a mail that is rejected: its sender, its recipients, its size, a limit.

use pilotfish::Stage;
use pilotfish::protocol::ReplyMeaning;

use super::{ANY, Advice, rows};

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

pub(super) const ROWS: &[Advice] = rows! {
    words: &["email address is not verified", "verified sender identity"]
        => "the service sends for addresses that it has verified: verify the sender there, or give \
            one that is verified by --from";
    words: &["multiple addresses in a from"]
        => "give one address by --from";
    statuses: &["X.7.60", "X.2.252"]
        => NOT_YOURS;
    codes: &[501, 550, 551, 553, 554], words: NOT_OWNED
        => NOT_YOURS;
    // GMX, web.de and Yahoo reject the sender with these words, before any recipient is named.
    stages: &[Stage::Mail], codes: &[550], statuses: &[""], words: &["mailbox unavailable"]
        => NOT_YOURS;
    stages: &[Stage::EndOfData], codes: &[550], words: &["request failed; mailbox unavailable"]
        => NOT_YOURS;
    codes: &[550], statuses: &["X.4.5"]
        => "the account has sent as many mails as it may in 24 hours: send it again tomorrow";
    codes: &[554], statuses: &["X.7.1"], words: &["access denied"], when: |connection| !connection.account.logs_in()
        => "most servers take mail only from those who log in: give --user and --password-file, and \
            the --from that is yours";
    codes: &[554], statuses: &["X.7.1"], words: &["access denied"]
        => "the server does not take mail from this sender for this recipient: give the --from that \
            belongs to --user";
    stages: &[Stage::Rcpt, Stage::Data], codes: &[421], words: &["too many errors"]
        => "the server closed because it rejected too many recipients: leave them out";
    codes: &[552], statuses: &["X.2.2"]
        => "the mailbox is full: tell the recipient in another way";
    stages: &[Stage::Mail, Stage::Transfer, Stage::EndOfData], means: Some(ReplyMeaning::MessageTooLarge)
        => "send the files in several mails, or by a link; attachments grow by 37 % on their way";
};
