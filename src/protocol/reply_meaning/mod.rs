//! The one table of what replies mean beyond their class.
//!
//! Servers say many things by one code, and one thing by many codes: by the code, by the enhanced
//! status code (RFC 3463, RFC 5248), or in words alone. [`ROWS`] says which replies have a
//! [`ReplyMeaning`]. What follows from a meaning is decided in one place each:
//!
//! | meaning | the mail | the session | the account | again when |
//! |---|---|---|---|---|
//! | `Transient` | may be accepted later | goes on | | later |
//! | `TlsRequired` | fails | needs TLS | | with TLS |
//! | `LoginRequired` | fails | needs a login | | with a login |
//! | `MessageTooLarge` | fails | goes on | | never |
//! | `TooManyRecipients`, `StorageExceeded` | the other recipients go in another transaction | goes on | | at once |
//! | `TooManyMails` | goes over another session | takes no more mails | | at once |
//! | `MaybeTooManyMails` | | a session that ends so has a limit of mails | | |
//! | `QuotaExceeded` | as its code says | goes on | sends nothing for hours | as the reply says, or in an hour |
//! | `Greylisted` | waits | goes on | | as the reply says, or in minutes |
//! | `Throttled` | waits | goes on | sends more slowly | as the reply says |
//! | `ServiceClosing` | goes over another session | has ended | | at once |
//! | `OutOfOrder`, `NotUnderstood` | is sent in another way | | | at once |
//! | `CredentialsInvalid` | | no login | no login for now | with other credentials |
//! | `MechanismRejected` | | tries another mechanism | | at once |

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::ops::RangeInclusive;

use super::Stage;
use super::reply::Reply;
use ReplyMeaning::{
    Greylisted, QuotaExceeded, SessionExpired, ShuttingDown, TooManyMails, TooMuch, Transient,
};
use Status::{Is, Subject};

/// What a reply means beyond the class of its code.
///
/// A reply may have several meanings, and most have none.
/// [`Error::means`](crate::Error::means) returns whether the reply in an error has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyMeaning {
    /// The same may be accepted later: 4yz, and the permanent codes that services send for
    /// conditions that pass. Those are `550 5.4.5`, a daily limit, and a 552 that means "too many
    /// recipients" (RFC 5321 section 4.5.3.1.10).
    Transient,
    /// The session needs TLS first: 523 and X.7.10, 538 and X.7.11 (RFC 4954 section 6), or words
    /// with any code, also 4yz. The server will refuse the same in clear text, whenever it is sent.
    TlsRequired,
    /// The client has to log in first: 530 (RFC 4954 section 6), 535 as the reply to a mail, or words.
    LoginRequired,
    /// The message is too large: X.2.3 and X.3.4 (RFC 3463), 552 without a status code (RFC 1870
    /// section 6.1), or words.
    MessageTooLarge,
    /// The recipient was one too many for the transaction: X.5.3 (RFC 3463 section 3.6), or the words
    /// of a 4yz. Another transaction may accept it.
    TooManyRecipients,
    /// 452 and 552 without a status code. As replies to RCPT they mean "too many recipients" as well
    /// (RFC 5321 section 4.5.3.1.10).
    StorageExceeded,
    /// The mail was one too many for the session: 421 or 450 to 452 with X.5.3 or with words. Another
    /// session may take the mail at once.
    TooManyMails,
    /// A session that ended with this reply may have ended because of the number of mails: the reply
    /// gives no other reason.
    MaybeTooManyMails,
    /// The account has sent so many mails that the server accepts no other for hours.
    QuotaExceeded,
    /// The mail has to be sent again later, since the server does not know its sender yet.
    Greylisted,
    /// The client sends too much at once, or opens too many connections.
    Throttled,
    /// The words say that the client sends too much, without regard to the code.
    TooMuch,
    /// The session ended because of its age, or after a silence.
    SessionExpired,
    /// The server shuts down or restarts, whatever the client does. X.3.2 alone does not say that: some
    /// servers end a session with too many mails by it.
    ShuttingDown,
    /// 421: the server closes the connection (RFC 5321 section 3.8).
    ServiceClosing,
    /// 503: the command is out of order (RFC 5321 section 4.2.2).
    OutOfOrder,
    /// 500 to 504: the server did not understand the command, or it was out of order (RFC 5321 section
    /// 4.2.2).
    NotUnderstood,
    /// 500, 502 and 503: the server does not know the command. It did not look at the argument.
    CommandUnknown,
    /// As a reply to EHLO: the server may accept HELO (RFC 5321 section 3.2).
    HeloMayDo,
    /// 535: the credentials are invalid (RFC 4954 section 6).
    CredentialsInvalid,
    /// As a reply to AUTH: the server refused the mechanism and not the credentials, so another
    /// mechanism may succeed. 500 to 504, 534 and 538 say so, and 432 with X.7.12 (RFC 4954 section
    /// 6); other codes do with X.5.4 or X.7.4 (RFC 5248), or with words.
    MechanismRejected,
}

/// One row of the table. It matches a reply if all its columns do; an empty column matches every
/// reply.
struct Row {
    meaning: ReplyMeaning,
    /// Whether a reply that matches has the meaning. An exception says no.
    has: bool,
    codes: &'static [RangeInclusive<u16>],
    status: Status,
    /// Words in lower case: one of each list is in the text.
    words: &'static [&'static [&'static str]],
    /// Another meaning that the reply has.
    also: Option<ReplyMeaning>,
    stages: &'static [Stage],
}

/// What the enhanced status code has to be. Its class always is that of the reply code.
enum Status {
    Any,
    Absent,
    /// Subject and detail are one of these.
    Is(&'static [(u16, u16)]),
    /// The subject is one of these.
    Subject(&'static [u16]),
}

/// Fills in the columns that a row leaves out.
macro_rules! rows {
    ($($has:ident $meaning:ident $(, $column:ident: $value:expr)*;)*) => {
        &[$(Row {
            meaning: ReplyMeaning::$meaning,
            has: rows!(@ $has),
            $($column: $value,)*
            ..ANY
        }),*]
    };
    (@ yes) => { true };
    (@ no) => { false };
}

const ANY: Row = Row {
    meaning: Transient,
    has: true,
    codes: &[400..=599],
    status: Status::Any,
    words: &[],
    also: None,
    stages: &[],
};

/// The first row with a meaning that matches a reply decides whether the reply has it.
const ROWS: &[Row] = rows! {
    yes Transient, codes: &[400..=499];
    yes Transient, codes: &[550..=550], status: Is(&[(4, 5)]);
    yes Transient, codes: &[552..=552], status: Is(&[(5, 3)]);

    yes TlsRequired, codes: &[523..=523, 538..=538];
    yes TlsRequired, status: Is(&[(7, 10), (7, 11)]);
    // These are about the server's own connection to the next one, an address, its mailbox, the network.
    no TlsRequired, status: Is(&[(7, 4), (7, 5)]);
    no TlsRequired, status: Subject(&[1, 2, 4]);
    yes TlsRequired, words: &[&["starttls", "encrypt"], &["must", "requir", "need", "first", "issue", "use starttls"]];
    yes TlsRequired, words: &[&["tls required", "tls is required", "tls first", "requires tls", "must use tls"]];

    yes LoginRequired, codes: &[530..=530, 535..=535], stages: &[Stage::Mail, Stage::Rcpt, Stage::Data, Stage::EndOfData];
    // These are about proof that the mail comes from its domain.
    no LoginRequired, words: &[&["spf", "dkim", "dmarc"]];
    // Once a server has the message, such words are about the message.
    yes LoginRequired, codes: &[503..=503, 535..=535, 550..=551, 553..=554], words: &[LOGIN_FIRST], stages: &[Stage::Mail, Stage::Rcpt, Stage::Data];

    yes MessageTooLarge, codes: PERMANENT, status: Is(&[(2, 3), (3, 4)]);
    yes MessageTooLarge, codes: &[552..=552], status: Status::Absent;
    // The mailbox is full.
    no MessageTooLarge, status: Subject(&[2]);
    yes MessageTooLarge, codes: PERMANENT, words: &[&["size"], &["exceed", "maximum", "limit"]];
    yes MessageTooLarge, codes: PERMANENT, words: &[&["too big", "too large"]];

    yes TooManyRecipients, status: Is(&[(5, 3)]);
    // These are about one address and its mailbox.
    no TooManyRecipients, status: Subject(&[1, 2]);
    yes TooManyRecipients, codes: &[400..=499], words: &[&["too many recipients", "too many rcpt", "recipient limit", "number of recipients"]];

    yes StorageExceeded, codes: &[452..=452, 552..=552], status: Status::Absent;

    yes TooManyMails, codes: AT_MAIL, status: Is(&[(5, 3)]);
    yes TooManyMails, codes: AT_MAIL, words: &[&["session", "connection"], &["too many messages", "too many mails", "message per", "messages per", "mails per"]];

    yes MaybeTooManyMails, also: Some(TooManyMails);
    no MaybeTooManyMails, also: Some(SessionExpired);
    no MaybeTooManyMails, also: Some(TooMuch);
    no MaybeTooManyMails, also: Some(QuotaExceeded);
    no MaybeTooManyMails, also: Some(Greylisted);
    no MaybeTooManyMails, also: Some(ShuttingDown);
    // The client has made too many errors.
    no MaybeTooManyMails, words: &[&["error"]];
    yes MaybeTooManyMails;

    yes QuotaExceeded, codes: &[550..=550], status: Is(&[(4, 5)]);
    // These are about an address and its mailbox (RFC 3463 sections 3.2 and 3.3).
    no QuotaExceeded, status: Subject(&[1, 2]);
    yes QuotaExceeded, words: &[&["daily"], &["limit", "quota"]];
    yes QuotaExceeded, words: &[&["sending limit", "sending quota", "outboundspam"]];

    yes Greylisted, codes: &[400..=499], words: &[&["greylist", "graylist"]];
    yes Greylisted, codes: &[450..=451], status: Is(&[(7, 1)]);

    no Throttled, codes: AT_MAIL, also: Some(SessionExpired);
    no Throttled, codes: AT_MAIL, also: Some(TooManyMails);
    yes Throttled, codes: &[421..=421, 432..=432];
    yes Throttled, codes: &[450..=452], words: &[&["relay limit"]];
    // These are about a recipient, or about this message.
    no Throttled, codes: &[450..=452], status: Subject(&[1, 2, 5, 6]);
    yes Throttled, codes: &[450..=452, 454..=454], also: Some(TooMuch);
    no Throttled, codes: &[450..=452], status: Status::Absent, stages: &[Stage::Rcpt];
    yes Throttled, codes: &[450..=452];
    // After STARTTLS it means that TLS is not available (RFC 3207 section 4).
    no Throttled, codes: &[454..=454], stages: &[Stage::StartTls];
    yes Throttled, codes: &[454..=454], status: Is(&[(7, 0)]);

    yes TooMuch, words: &[&["too many connections", "too many login", "too many mails", "too many messages", "too much"]];
    yes TooMuch, words: &[&["too fast", "throttl", "rate limit", "sending rate", "relay limit", "busy"]];

    yes SessionExpired, words: &[&["expired", "timeout", "timed out", "idle"]];
    yes SessionExpired, status: Is(&[(4, 2)]);

    yes ShuttingDown, words: &[&["shut", "restart", "maintenance", "not accepting"]];

    yes ServiceClosing, codes: &[421..=421];

    yes OutOfOrder, codes: &[503..=503];
    yes NotUnderstood, codes: &[500..=504];
    yes CommandUnknown, codes: &[500..=500, 502..=503];
    yes HeloMayDo, codes: &[500..=504, 550..=550];

    yes CredentialsInvalid, codes: &[535..=535];

    // Google judges the account by these: it wants an app password, or a login by a browser.
    no MechanismRejected, codes: &[534..=534], status: Is(&[(7, 9), (7, 14)]), words: &[&["gsmtp", "google.com"]];
    yes MechanismRejected, codes: &[500..=504, 534..=534, 538..=538];
    yes MechanismRejected, codes: &[432..=432], status: Status::Absent;
    yes MechanismRejected, codes: &[432..=432], status: Is(&[(7, 12)]);
    no MechanismRejected, codes: &[432..=432];
    yes MechanismRejected, status: Is(&[(5, 4), (7, 4)]);
    yes MechanismRejected, codes: &[535..=535], words: &[&["mechanism"]];
};

const PERMANENT: &[RangeInclusive<u16>] = &[500..=599];

/// The codes by which servers refuse MAIL, or end a session at it, because of too many mails.
const AT_MAIL: &[RangeInclusive<u16>] = &[421..=421, 450..=452];

/// Words of servers that refuse a mail because the client has not logged in.
const LOGIN_FIRST: &[&str] = &[
    "authentication required",
    "authentication is required",
    "requires authentication",
    "require authentication",
    "not authenticated",
    "authenticate first",
    "authentication first",
    "must authenticate",
    "log in first",
    "login required",
    "must log in",
    "need to log in",
    "auth required",
    "auth is required",
    "be authenticated",
    "please authenticate",
    "need to authenticate",
    "auth first",
    "auth command first",
];

impl Reply {
    /// Whether the reply has this meaning, as a reply at this stage of the dialogue. Some meanings hold at
    /// some stages alone.
    #[must_use]
    pub fn means_at(&self, meaning: ReplyMeaning, stage: Option<Stage>) -> bool {
        // All rows are for negative replies, and most replies are positive.
        let is_negative = self.code().number() >= 400;
        is_negative && self.matches(meaning, stage, &OnceCell::new())
    }

    /// The same for a meaning that does not depend on the stage.
    pub(crate) fn means(&self, meaning: ReplyMeaning) -> bool {
        self.means_at(meaning, None)
    }

    /// Whether the same may be accepted later: see [`ReplyMeaning::Transient`]. A 4yz to a session in
    /// clear text that means [`ReplyMeaning::TlsRequired`] is transient here, and its
    /// [error](crate::Error::is_transient) is not.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.means(Transient)
    }

    fn matches(
        &self,
        meaning: ReplyMeaning,
        stage: Option<Stage>,
        text: &OnceCell<String>,
    ) -> bool {
        let mut rows = ROWS.iter().filter(|row| row.meaning == meaning);
        let row = rows.find(|row| row.matches(self, stage, text));
        row.is_some_and(|row| row.has)
    }
}

impl Row {
    /// Compares the columns, the cheapest first. `text` holds the reply's text in lower case once a
    /// row has needed it.
    fn matches(&self, reply: &Reply, stage: Option<Stage>, text: &OnceCell<String>) -> bool {
        let code = reply.code().number();
        let says_one_of = |words: &&[&str]| {
            let text = text.get_or_init(|| reply.text().to_ascii_lowercase());
            words.iter().any(|word| text.contains(word))
        };
        self.codes.iter().any(|codes| codes.contains(&code))
            && (self.stages.is_empty() || stage.is_some_and(|stage| self.stages.contains(&stage)))
            && self.status.matches(reply)
            && self.words.iter().all(says_one_of)
            && (self.also).is_none_or(|other| reply.matches(other, stage, text))
    }
}

impl Status {
    fn matches(&self, reply: &Reply) -> bool {
        match (self, reply.enhanced_status()) {
            (Self::Any, _) | (Self::Absent, None) => true,
            (Self::Is(allowed), Some(status)) => allowed.contains(&(status.subject, status.detail)),
            (Self::Subject(allowed), Some(status)) => allowed.contains(&status.subject),
            _ => false,
        }
    }
}
