//! What can be wrong with a message, and with the octets it carries.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use tokio::task::JoinError;

use crate::address::AddressError;
use crate::descriptors;

/// Why a message, or a part of its header, cannot be built.
///
/// These errors occur before anything is sent. The input causes them: the same input gives the same
/// error. Text of the input is quoted with its control characters escaped, so that an error is safe
/// on a terminal and in a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A text is not an address.
    #[error("in {field}: {source}")]
    Address {
        /// The field that it was for.
        field: &'static str,
        /// What is wrong with it.
        source: AddressError,
    },
    /// A group is in a field that takes only mailboxes.
    #[error("there is a group in {field}, which takes mailboxes alone: name its members")]
    Group {
        /// The field.
        field: &'static str,
    },
    /// A field of one mailbox has no mailbox or several.
    #[error("{field} has {found} mailboxes: name one")]
    NotOneMailbox {
        /// The field.
        field: &'static str,
        /// How many there are.
        found: usize,
    },
    /// There is no author (RFC 5322 section 3.6: From is one of the two mandatory fields).
    #[error("the message has no author: name one with `from`")]
    NoFrom,
    /// There are several authors and no sender (RFC 5322 section 3.6.2).
    #[error("the message has {authors} authors but no sender: name one with `sender`")]
    NoSender {
        /// How many authors there are.
        authors: usize,
    },
    /// There is no recipient.
    #[error("the message has no recipient: name one with `to`, `cc` or `bcc`")]
    NoRecipient,
    /// A text contains a control character that no header field may contain: CR, LF, NUL, any
    /// other C0 control except the tab, or DEL.
    #[error("the value of {field} contains the control character U+{:04X}: remove it", u32::from(*.character))]
    Control {
        /// The name of the field or parameter.
        field: String,
        /// The first such character.
        character: char,
    },
    /// An added field is one that the library writes itself, or one that only a server may write.
    #[error("the field {field} cannot be added by hand: {hint}")]
    Reserved {
        /// The name of the field, as given.
        field: String,
        /// What to do instead of adding it.
        hint: &'static str,
    },
    /// A field of a finished message cannot be sent as it is, and cannot be repaired either.
    #[error("the field {field} of the message cannot be sent: {hint}")]
    Field {
        /// The name of the field, shortened.
        field: String,
        /// What is wrong with it, and what to do.
        hint: &'static str,
    },
    /// A finished message has no header fields, although its sender or its recipients must be read
    /// from them.
    #[error("no sender and no recipient can be read, as the message has no header fields: {hint}")]
    NoFields {
        /// Why it has none, and what to do.
        hint: &'static str,
    },
    /// A field of a finished message has octets that servers need not accept (RFC 5322 section
    /// 2.1.1, RFC 6532 section 3.1).
    #[error(
        "the field {field} {found}, which no server has to take: write it in encoded words \
         (RFC 2047), or let `repair` do it"
    )]
    UnsendableField {
        /// The name of the field, shortened.
        field: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// The addresses in a field of a finished message cannot be read.
    #[error("the addresses of {field} cannot be read: correct them, or name the envelope")]
    Addresses {
        /// The name of the field, shortened.
        field: String,
        /// What is wrong with them.
        source: AddressError,
    },
    /// A text is not in UTF-8.
    #[error(
        "the text is not UTF-8 from octet {place} on: convert it to UTF-8, or attach it as a file"
    )]
    NotUtf8 {
        /// How many octets before it are UTF-8.
        place: u64,
    },
    /// A text comes from a reader, but it is read when the message is built and when it is sent.
    #[error("a text cannot come from what can be read only once: give it in memory or as a file")]
    ReadOnceText,
    /// Something is over a limit of this library.
    #[error("{what} is over the limit of {limit}: make it less")]
    Limit {
        /// What is over the limit, and what is counted.
        what: &'static str,
        /// The largest value there may be.
        limit: usize,
    },
    /// A text is not a valid value of the type that it was given for, such as a date or the name of a
    /// field.
    #[error("{found:?} {problem}: {hint}")]
    Invalid {
        /// What was given, shortened.
        found: String,
        /// What is wrong with it.
        problem: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// The label of an inline part cannot be used.
    #[error("no inline part can be called {label:?}: {hint}")]
    Label {
        /// The label, shortened.
        label: String,
        /// What to do.
        hint: &'static str,
    },
    /// Two parts have the same Content-ID (RFC 2045 section 7: it is unique).
    #[error("two parts have the identifier {id:?}: give each one of its own")]
    SameContentId {
        /// The identifier, shortened.
        id: String,
    },
    /// There is no document in HTML to take pictures from.
    #[error("there is no HTML text to take pictures from: give one, or take none")]
    NoHtml,
    /// The text is not an iCalendar object (RFC 5545 section 3.4).
    #[error(
        "this is not a calendar, as it does not begin with BEGIN:VCALENDAR: add it as an attachment"
    )]
    NoCalendar,
    /// A calendar names another method than the one it is sent with (RFC 6047 section 2.4).
    #[error("the calendar names the method {named} and is sent with {said}: use the same")]
    OtherMethod {
        /// The method that it is sent with.
        said: &'static str,
        /// What the calendar names.
        named: &'static str,
    },
    /// A multipart has no parts (RFC 2046 section 5.1.1 requires at least one).
    #[error("a multipart has no parts: put one in, or leave it out")]
    NoPart,
    /// Both a whole content and single parts were given.
    #[error("the message has a content of its own and {other} besides: put all into the content")]
    TwoContents {
        /// What was given in addition.
        other: &'static str,
    },
    /// The octets of a part cannot be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The day of the week does not match the date.
    #[error("{found:?} is a {weekday}: correct the day of the week, or leave it out")]
    Weekday {
        /// What was given, shortened.
        found: String,
        /// The day of the week of that date.
        weekday: String,
    },
    /// The name of the time zone is not one that RFC 5322 section 4.3 defines.
    #[error(
        "the time zone {found:?} has no fixed meaning in mail: write the distance from UTC, such as +0100"
    )]
    Zone {
        /// The name, shortened.
        found: String,
    },
    /// An HTML document has an image that cannot be added to the message.
    #[error("the image {src:?} cannot be taken into the message: {hint}")]
    LocalImage {
        /// The attribute `src` as it is in the document, shortened.
        src: String,
        /// What is wrong with it, and what to do.
        hint: &'static str,
    },
    /// The content of a finished message, or of one that is forwarded, cannot be sent as it is
    /// (RFC 5322 section 2.1.1, RFC 5321 section 4.5.2).
    #[error("line {line} of {what} has {found}, which no server has to take: {hint}")]
    Unsendable {
        /// Which message it is.
        what: &'static str,
        /// The number of the line, from 1 on.
        line: u64,
        /// What the line contains that no line of a mail may contain.
        found: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A finished message, or one that is forwarded, cannot be repaired.
    #[error("{part} cannot be repaired: {reason}")]
    Unrepairable {
        /// Which part of the message it is.
        part: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// The total length of the bodies overflows a `u64`.
    #[error("the message would be longer than 2^64 octets: check the lengths of its bodies")]
    TooLarge,
    /// The operating system has no random octets for the Message-ID and the boundary.
    #[error("the operating system gave no random octets: {cause}")]
    Random {
        /// The error of the operating system.
        cause: String,
    },
}

impl MessageError {
    /// The error of a text that is not a valid value.
    pub(super) fn invalid(text: &str, problem: &'static str, hint: &'static str) -> Self {
        Self::Invalid {
            found: shown(text),
            problem,
            hint,
        }
    }
}

/// For values that need no conversion, where a text could have been given.
impl From<Infallible> for MessageError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Checks that a number is within its limit.
pub(super) fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), MessageError> {
    if found <= limit {
        Ok(())
    } else {
        Err(MessageError::Limit { what, limit })
    }
}

/// At most this many characters of the input are repeated in an error.
const SHOWN: usize = 80;

/// What of `input` an error repeats.
pub(super) fn shown(input: &str) -> String {
    let mut text: String = input.chars().take(SHOWN).collect();
    if text.len() < input.len() {
        text.push('\u{2026}');
    }
    text
}

/// Why the octets of a body cannot be read.
///
/// Errors of opening occur before anything is sent. Errors of reading occur while the message
/// is sent, and always before its last octet has been read, so that no server can
/// accept an incomplete message as a complete one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The file cannot be opened or read at all.
    #[error("cannot open {path:?}: {}", descriptors::hint(source).unwrap_or("check that it exists and may be read"))]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path does not lead to a regular file.
    #[error("{path:?} is {found}: only a regular file can be attached")]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it leads to.
        found: &'static str,
    },
    /// The last component of the path cannot be the name of an attachment.
    #[error("the name of {path:?} cannot be used: give the attachment another")]
    Name {
        /// The path.
        path: PathBuf,
        /// What is wrong with the name.
        source: Box<MessageError>,
    },
    /// Reading failed.
    #[error("cannot read {}: send the message again when it can be read", source_name(file.as_deref()))]
    Read {
        /// The file; `None` if it is a reader.
        file: Option<PathBuf>,
        /// What the operating system, or the reader, said.
        source: io::Error,
    },
    /// The source ended before its length, or went on after it.
    #[error("{} has {}, or its length is wrong", source_name(file.as_deref()), compared(*found, *expected))]
    Length {
        /// The file; `None` if it is a reader.
        file: Option<PathBuf>,
        /// The length that it had, or that was given.
        expected: u64,
        /// The octets that were found. If that is over the expected length, there may be more.
        found: u64,
    },
    /// The file was written to or replaced after it was attached, so that what was read may be a
    /// mixture of old and new content.
    #[error("{} was changed since it was attached: attach it again", source_name(file.as_deref()))]
    Changed {
        /// The file; `None` if it is a reader.
        file: Option<PathBuf>,
    },
    /// The octets of a reader cannot be kept in a temporary file.
    #[error(
        "cannot keep the message in a temporary file in {}: \
         make sure that the directory exists and has room, or name another by TMPDIR",
        directory.display()
    )]
    Spool {
        /// Where the file was to be.
        directory: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A reader has more octets than allowed.
    #[error("the reader gives over {limit} octets: raise the limit, or check what it reads")]
    OverLimit {
        /// The most octets that it may give.
        limit: u64,
    },
    /// A reader was read already, when the message was sent before.
    #[error("what the reader gave has been sent before: build the message again")]
    Spent,
    /// An earlier call failed, so that what was read since the beginning is not a complete message.
    #[error("the message is broken off, as one of its bodies failed: send it anew")]
    BrokenOff,
}

impl BodyError {
    /// The error that the pool of blocking threads stopped, or that its work panicked.
    pub(super) fn stopped(error: JoinError) -> Self {
        Self::Read {
            file: None,
            source: io::Error::other(error),
        }
    }
}

/// Where the octets of a body come from, as an error names it.
#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "a path may have control characters in it that must not reach a terminal"
)]
fn source_name(file: Option<&Path>) -> String {
    file.map_or("the reader".to_owned(), |path| format!("{path:?}"))
}

fn compared(found: u64, expected: u64) -> String {
    if found < expected {
        format!("{found} octets instead of {expected}: it was cut short")
    } else {
        format!("at least {found} octets instead of {expected}: it grew")
    }
}
