//! A message as it was built: fixed to the octet, but for the encodings of its parts.

use std::path::Path;

use bytes::Bytes;

use super::rendition::Segment;
use crate::message::encoding::{BodyEncoding, BodyType};
use crate::message::error::MessageError;
use crate::message::header::{Header, HeaderCharset};
use crate::message::part::{EmbeddedMessage, Entity, EntityKind, FileName, Multipart, Text};
use crate::message::random::random_token;
use crate::message::source::{Body, VerbatimBody};

/// What stays the same for every server, and what depends on it, in the order in which it is
/// sent.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Octets(Bytes),
    /// The fields of a finished message that has text beyond ASCII in them and a signature: as
    /// they are, and encoded.
    Fields {
        utf8: Bytes,
        ascii: Bytes,
    },
    /// The field Content-Transfer-Encoding of a multipart, if it needs one. Its last piece is just
    /// before the index `end`.
    MultipartEncoding {
        end: usize,
    },
    /// The field Content-Transfer-Encoding, the blank line and the content of a text.
    Text(Text, Placement),
    /// The same of an attachment, with its name.
    Attachment(Body, Option<FileName>, Placement),
    /// A body that goes out as it is. Its header is in the piece before it.
    Verbatim(VerbatimBody),
}

/// Where a part is, which decides whether a line end must follow it for the next delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    Alone,
    InMultipart,
}

impl Template {
    /// The message that has these fields, but for those about its content, and this content.
    pub(crate) fn new(
        header: Header,
        script: HeaderCharset,
        root: Entity,
    ) -> Result<Self, MessageError> {
        let mut template = Self::default();
        template.entity(header, script, root, Placement::Alone)?;
        Ok(template)
    }

    /// A finished message: its header, the same in ASCII if that differs, and its body.
    pub(crate) fn finished(header: Bytes, ascii: Option<Bytes>, body: VerbatimBody) -> Self {
        let header = match ascii {
            Some(ascii) => Piece::Fields {
                utf8: header,
                ascii,
            },
            None => Piece::Octets(header),
        };
        Self {
            pieces: vec![header, Piece::Verbatim(body)],
        }
    }

    /// Whether the script makes fields be in UTF-8 that need not be.
    pub(crate) fn is_utf8(&self, script: HeaderCharset) -> bool {
        let has_fields = |piece| matches!(piece, &Piece::Fields { .. });
        script == HeaderCharset::Utf8 && self.pieces.iter().any(has_fields)
    }

    fn entity(
        &mut self,
        mut header: Header,
        script: HeaderCharset,
        entity: Entity,
        placement: Placement,
    ) -> Result<(), MessageError> {
        let Entity {
            kind,
            content_id,
            language,
            error: _,
        } = entity;
        if let Some(id) = content_id {
            header.fixed("Content-ID", &format!("<{id}>"));
        }
        if let Some(language) = language {
            header.begin("Content-Language");
            language.tags().for_each(|tag| header.word(tag));
            header.end();
        }
        let content = match kind {
            EntityKind::Text(media_type, text) => {
                media_type.with("charset", "utf-8").write(&mut header);
                Piece::Text(text, placement)
            }
            EntityKind::Attachment(attachment) => {
                let (body, name) = attachment.write(&mut header);
                Piece::Attachment(body, name, placement)
            }
            EntityKind::Message(message) => {
                return self.message(header, script, message, placement);
            }
            EntityKind::Multipart(multipart) => return self.multipart(header, script, multipart),
        };
        self.header(header);
        self.pieces.push(content);
        Ok(())
    }

    fn multipart(
        &mut self,
        mut header: Header,
        script: HeaderCharset,
        multipart: Multipart,
    ) -> Result<(), MessageError> {
        // No line of quoted-printable or base64 has `=_`, so that only plain text could have the
        // boundary in it, and nobody can guess it.
        let boundary = format!("=_{}", random_token()?);
        multipart
            .media_type()
            .with("boundary", &boundary)
            .write(&mut header);
        self.header(header);
        let encoding = self.pieces.len();
        self.pieces.push(Piece::MultipartEncoding { end: encoding });
        let mut delimiter = Header::new(script);
        delimiter.blank_line();
        for part in multipart.parts {
            delimiter.append(&format!("--{boundary}"));
            delimiter.end();
            self.entity(delimiter, script, part, Placement::InMultipart)?;
            delimiter = Header::new(script);
        }
        delimiter.append(&format!("--{boundary}--"));
        delimiter.end();
        self.header(delimiter);
        let end = self.pieces.len();
        if let Some(piece) = self.pieces.get_mut(encoding) {
            *piece = Piece::MultipartEncoding { end };
        }
        Ok(())
    }

    fn message(
        &mut self,
        mut header: Header,
        script: HeaderCharset,
        message: EmbeddedMessage,
        placement: Placement,
    ) -> Result<(), MessageError> {
        let (inner, lines) = message.write(&mut header)?;
        header.fixed("Content-Transfer-Encoding", lines.body_type.name());
        header.blank_line();
        self.header(header);
        self.pieces.push(Piece::Octets(inner));
        self.pieces.push(Piece::Verbatim(lines));
        if placement == Placement::InMultipart {
            // That of the delimiter, as the message keeps its own.
            let mut line_end = Header::new(script);
            line_end.blank_line();
            self.header(line_end);
        }
        Ok(())
    }

    fn header(&mut self, header: Header) {
        self.pieces.push(Piece::Octets(header.into_text().into()));
    }

    /// The body type of the content for a server that supports up to `most`.
    pub(crate) fn body_type(&self, most: BodyType) -> BodyType {
        body_type(&self.pieces, most)
    }

    /// The bodies of attachments, with their names.
    fn attachments(&self) -> impl Iterator<Item = (&Body, Option<&FileName>)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Attachment(body, name, _) => Some((body, name.as_ref())),
            _ => None,
        })
    }

    /// Whether all bodies can be read more than once.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.attachments().all(|(body, _)| body.is_repeatable())
    }

    /// Whether a body that can be read only once has been read.
    pub(crate) fn is_consumed(&self) -> bool {
        self.attachments().any(|(body, _)| body.is_consumed())
    }

    /// The files that are in it.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Attachment(body, ..) => body.path(),
            Piece::Verbatim(verbatim) => verbatim.body.path(),
            _ => None,
        })
    }

    /// The parts that have a name, and how many octets their content is sent as.
    pub(crate) fn named_parts(&self, most: BodyType) -> impl Iterator<Item = (&str, u64)> {
        let (_, encoding) = attachment_encoding(most);
        self.attachments()
            .filter_map(move |(body, name)| Some((name?.as_str(), encoding.len(body.len()?)?)))
    }

    /// The message for a server that supports up to `most`, with fields in `script`, as segments in
    /// their order.
    pub(crate) fn segments(
        &self,
        most: BodyType,
        script: HeaderCharset,
    ) -> impl Iterator<Item = Segment> {
        let pieces = self.pieces.iter().enumerate();
        let segments = pieces.map(move |(at, piece)| match piece {
            Piece::Octets(octets) => [Some(octets.clone().into()), None, None, None],
            Piece::Fields { utf8, ascii } => {
                let fields = match script {
                    HeaderCharset::Ascii => ascii,
                    HeaderCharset::Utf8 => utf8,
                };
                [Some(fields.clone().into()), None, None, None]
            }
            Piece::MultipartEncoding { end } => {
                let inside = self.pieces.get(at + 1..*end).unwrap_or_default();
                let field = match body_type(inside, most) {
                    // Without a field it is 7bit (RFC 2045 section 6.1).
                    BodyType::SevenBit => None,
                    found => Some(encoding_field(found.name())),
                };
                [field, None, None, None]
            }
            Piece::Text(text, placement) => {
                let (name, octets) = text.encoded(most);
                let end = (*placement == Placement::InMultipart).then(line_end);
                [
                    Some(encoding_field(name)),
                    Some(line_end()),
                    Some(octets.clone().into()),
                    end,
                ]
            }
            Piece::Attachment(body, _, placement) => {
                let (name, encoding) = attachment_encoding(most);
                // The line end before a delimiter belongs to the delimiter. Base64 ends with
                // one.
                let has_end = encoding == BodyEncoding::Base64 && !body.is_empty();
                let end = (*placement == Placement::InMultipart && !has_end).then(line_end);
                let body = Segment::Body(body.handle(), encoding);
                [
                    Some(encoding_field(name)),
                    Some(line_end()),
                    Some(body),
                    end,
                ]
            }
            Piece::Verbatim(verbatim) => {
                let body = Segment::Body(verbatim.body.handle(), verbatim.encoding);
                [Some(body), None, None, None]
            }
        });
        segments.flatten().flatten()
    }
}

/// The body type of these pieces for a server that supports up to `most`.
fn body_type(pieces: &[Piece], most: BodyType) -> BodyType {
    let all = pieces.iter().map(|piece| match piece {
        Piece::Text(text, _) => text.body_type(most),
        Piece::Attachment(..) if most == BodyType::Binary => BodyType::Binary,
        Piece::Verbatim(verbatim) => verbatim.body_type,
        // The header of a part, in UTF-8.
        Piece::Octets(octets) if !octets.is_ascii() => BodyType::EightBit,
        // The caller that chooses the fields in UTF-8 takes them into account.
        Piece::Attachment(..)
        | Piece::Octets(_)
        | Piece::Fields { .. }
        | Piece::MultipartEncoding { .. } => BodyType::SevenBit,
    });
    all.max().unwrap_or_default()
}

/// How an attachment is encoded for a server that supports up to `most`, and the name of that.
fn attachment_encoding(most: BodyType) -> (&'static str, BodyEncoding) {
    match most {
        BodyType::Binary => (most.name(), BodyEncoding::Identity),
        _ => ("base64", BodyEncoding::Base64),
    }
}

fn encoding_field(name: &str) -> Segment {
    let field: &'static str = match name {
        "8bit" => "Content-Transfer-Encoding: 8bit\r\n",
        "base64" => "Content-Transfer-Encoding: base64\r\n",
        "binary" => "Content-Transfer-Encoding: binary\r\n",
        "quoted-printable" => "Content-Transfer-Encoding: quoted-printable\r\n",
        _ => "Content-Transfer-Encoding: 7bit\r\n",
    };
    Bytes::from_static(field.as_bytes()).into()
}

fn line_end() -> Segment {
    Bytes::from_static(b"\r\n").into()
}
