//! Likely mistakes in a message that can be sent.

/// Something that readers of the message will miss, or a change to a message that another program
/// made. The message can be sent. It implements [`Error`](std::error::Error), so that it can be
/// logged like one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// An HTML document shows a part, `cid:` and the identifier, that the message does not have.
    #[error("the HTML shows {:?}, and no part has that identifier", format!("cid:{id}"))]
    NoPart {
        /// The text after `cid:`, shortened.
        id: String,
    },
    /// An inline part that no HTML document shows.
    #[error(
        "the part {id:?}{} is to be shown inline, and the HTML does not show it: refer to it by \
         \"cid:{}\"",
        name.as_ref().map_or(String::new(), |name| format!(" ({name:?})")),
        id.escape_debug()
    )]
    NotShown {
        /// Its label, or its Content-ID if it has no label.
        id: String,
        /// The name of its file, if it has one.
        name: Option<String>,
    },
    /// An HTML document shows a picture from a file, or uses another file such as a font, which
    /// readers do not have. `MessageBuilder::inline_images` puts such pictures into the message.
    #[error("the HTML refers to the file {src:?}, which is not in the message: no reader has it")]
    LocalPicture {
        /// Where the file is, as the document says it, shortened.
        src: String,
    },
    /// Metadata at the beginning of a text in Markdown was left out.
    #[error(
        "the first {lines} lines of the Markdown are metadata, and are left out: put an empty line \
         before them to send them"
    )]
    MetadataLeftOut {
        /// How many lines it has.
        lines: usize,
    },
    /// The Message-ID of a finished message has no identifier in it, and was replaced.
    #[error("the Message-ID {found:?} is not an identifier in angle brackets: it is {id} now")]
    IdReplaced {
        /// What was there, shortened.
        found: String,
        /// The identifier that the message has now.
        id: String,
    },
    /// A finished message has no header fields, though its text begins with some.
    #[error(
        "the message begins with an empty line, so that {line:?} is text and not a field: remove \
         the empty line if that is not meant"
    )]
    FieldsInText {
        /// The first line of the text that looks like a field, shortened.
        line: String,
    },
    /// A field of a finished message was left out, as there is nothing in it where RFC 5322 section
    /// 3.6 wants at least one address, identifier or phrase.
    #[error(
        "the field {field} is empty, and is left out: a mail has it with a value or not at all"
    )]
    EmptyFieldLeftOut {
        /// The name of the field, shortened.
        field: String,
    },
    /// A field was encoded, as a [repair](crate::message::RawBuilder::repair) was asked for.
    #[error("repaired: the field {field} is in encoded words now, its octets read as {charset}")]
    FieldRepaired {
        /// The name of the field, shortened.
        field: String,
        /// The charset that its octets were taken for.
        charset: String,
    },
    /// A part was encoded again, as a [repair](crate::message::RawBuilder::repair) was asked for.
    #[error("repaired: a line of {part} had {found}, so the encoding is {encoding} now")]
    PartRepaired {
        /// Which part it is.
        part: String,
        /// What was wrong with it.
        found: &'static str,
        /// How it is encoded now.
        encoding: String,
    },
    /// The message has a signature by DKIM (RFC 6376), which does not hold: after a
    /// [repair](crate::message::RawBuilder::repair), or on a server without SMTPUTF8, for which fields have
    /// to be encoded.
    #[error("the DKIM signature of the message does not hold {place}")]
    SignatureBroken {
        /// Where or after what it does not hold.
        place: &'static str,
    },
}

impl Warning {
    /// The most warnings of one message. Others are dropped.
    pub const MAX: usize = 100;

    /// Whether a finished message was changed.
    pub(super) fn is_repair(&self) -> bool {
        matches!(
            self,
            Self::EmptyFieldLeftOut { .. } | Self::FieldRepaired { .. } | Self::PartRepaired { .. }
        )
    }

    /// At most [`MAX`](Self::MAX) warnings: first those that a message has once, which many of the
    /// others must not hide.
    pub(super) fn limited(mut warnings: Vec<Self>) -> Vec<Self> {
        warnings.sort_by_key(|warning| match warning {
            Self::NoPart { .. } | Self::NotShown { .. } | Self::LocalPicture { .. } => 2,
            repair if repair.is_repair() => 1,
            _ => 0,
        });
        warnings.truncate(Self::MAX);
        warnings
    }
}
