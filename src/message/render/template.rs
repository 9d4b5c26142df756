//! A message as it was built: fixed to the octet, but for the encodings of its parts.

use std::path::Path;

use super::segment::{Segment, Segments};
use crate::message::encoding::{BodyEncoding, BodyType};
use crate::message::error::MessageError;
use crate::message::header::{Header, HeaderCharset};
use crate::message::part::{Entity, EntityKind, FileName, Multipart};
use crate::message::random::push_random;
use crate::message::source::{Body, TextBody, VerbatimBody};

/// The pieces of a message in their order: those that are the same for every server, and those that
/// depend on the server.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Octets(Vec<u8>),
    /// The fields of a finished message that has text beyond ASCII in them and a signature: as
    /// they are, and encoded.
    Fields {
        utf8: Vec<u8>,
        ascii: Vec<u8>,
    },
    /// The field Content-Transfer-Encoding of a multipart, if it needs one, and the blank line. Its
    /// last piece is just before the index `end`.
    MultipartEncoding {
        end: usize,
    },
    /// The field Content-Transfer-Encoding, the blank line and the content of a text.
    Text(TextBody),
    /// The same of an attachment, with its name; and the line end of the delimiter, if the attachment
    /// is in a multipart.
    Attachment(Body, Option<FileName>, bool),
    /// A body that goes out as it is. Its header is in the piece before it.
    Verbatim(VerbatimBody),
}

impl Template {
    /// The message with this header, without the fields about the content, and this content.
    pub(crate) fn new(header: Header, root: Entity) -> Result<Self, MessageError> {
        let mut template = Self::default();
        template.entity(header, root, false)?;
        Ok(template)
    }

    /// A finished message: its header, the same in ASCII if that differs, and its body.
    pub(crate) fn finished(header: Vec<u8>, ascii: Option<Vec<u8>>, body: VerbatimBody) -> Self {
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

    /// Whether fields are in UTF-8 in this charset that could be in ASCII.
    pub(crate) fn is_utf8(&self, charset: HeaderCharset) -> bool {
        let has_fields = |piece| matches!(piece, &Piece::Fields { .. });
        charset == HeaderCharset::Utf8 && self.pieces.iter().any(has_fields)
    }

    fn entity(
        &mut self,
        mut header: Header,
        entity: Entity,
        in_multipart: bool,
    ) -> Result<(), MessageError> {
        if let Some(id) = entity.content_id {
            header.fixed("Content-ID", &format!("<{id}>"));
        }
        if let Some(language) = entity.language {
            header.begin("Content-Language");
            language.tags().for_each(|tag| header.word(tag));
            header.end();
        }
        match entity.kind {
            EntityKind::Text(media_type, text) => {
                media_type.write(&[("charset", "utf-8")], &mut header);
                self.header(header);
                self.pieces.push(Piece::Text(text.into_body()?));
            }
            EntityKind::Attachment(attachment) => {
                let (body, name) = attachment.write(&mut header);
                self.header(header);
                let content = Piece::Attachment(body, name, in_multipart);
                self.pieces.push(content);
                return Ok(());
            }
            EntityKind::Message(message) => {
                let (inner, body) = message.write(&mut header)?;
                header.fixed("Content-Transfer-Encoding", body.body_type.name());
                header.end();
                self.header(header);
                self.pieces.push(Piece::Octets(inner.into()));
                self.pieces.push(Piece::Verbatim(body));
            }
            EntityKind::Multipart(multipart) => return self.multipart(header, multipart),
        }
        if in_multipart {
            // That of the delimiter, as the content keeps its own.
            self.pieces.push(Piece::Octets(LINE_END.to_vec()));
        }
        Ok(())
    }

    fn multipart(&mut self, mut header: Header, multipart: Multipart) -> Result<(), MessageError> {
        // No line of quoted-printable or base64 contains `=_`, so that only plain text could contain
        // the boundary, which cannot be guessed.
        let mut boundary = String::from("=_");
        push_random(&mut boundary)?;
        let charset = header.charset;
        let media_type = multipart.media_type();
        media_type.write(&[("boundary", &boundary)], &mut header);
        self.header(header);
        let encoding = self.pieces.len();
        self.pieces.push(Piece::MultipartEncoding { end: encoding });
        for part in multipart.parts {
            let mut delimiter = Header::new(charset);
            delimiter.append(&format!("--{boundary}"));
            delimiter.end();
            self.entity(delimiter, part, true)?;
        }
        let last = format!("--{boundary}--\r\n");
        self.pieces.push(Piece::Octets(last.into()));
        let end = self.pieces.len();
        if let Some(piece) = self.pieces.get_mut(encoding) {
            *piece = Piece::MultipartEncoding { end };
        }
        Ok(())
    }

    fn header(&mut self, header: Header) {
        self.pieces
            .push(Piece::Octets(header.into_text().into_bytes()));
    }

    /// The body type of the content for a server that supports up to `most`.
    pub(crate) fn body_type(&self, most: BodyType) -> BodyType {
        body_type(&self.pieces, most)
    }

    /// The bodies of attachments, with their names. A text can always be read again.
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
            Piece::Text(text) => text.body().path(),
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

    /// The segments of a piece for a server that supports up to `most`, with fields in `charset`; `None`
    /// if no piece has this number.
    pub(crate) fn segments(
        &self,
        at: usize,
        most: BodyType,
        charset: HeaderCharset,
    ) -> Option<Segments<'_>> {
        Some(match self.pieces.get(at)? {
            Piece::Octets(octets) => [Some(Segment::Octets(octets)), None, None],
            Piece::Fields { utf8, ascii } => {
                let fields = match charset {
                    HeaderCharset::Ascii => ascii,
                    HeaderCharset::Utf8 => utf8,
                };
                [Some(Segment::Octets(fields)), None, None]
            }
            Piece::MultipartEncoding { end } => {
                let inside = self.pieces.get(at + 1..*end).unwrap_or_default();
                let field = match body_type(inside, most) {
                    // Without a field it is 7bit (RFC 2045 section 6.1).
                    BodyType::SevenBit => Segment::Octets(LINE_END),
                    found => encoding_field(found.name()),
                };
                [Some(field), None, None]
            }
            Piece::Text(text) => {
                let (name, body, encoding) = text.written(most);
                let content = Segment::Body(body, encoding);
                [Some(encoding_field(name)), Some(content), None]
            }
            Piece::Attachment(body, _, in_multipart) => {
                let (name, encoding) = attachment_encoding(most);
                // The line end before a delimiter belongs to the delimiter. Base64 ends with
                // one.
                let has_end = encoding == BodyEncoding::Base64 && !body.is_empty();
                let content = Segment::Body(body.handle(), encoding);
                let end = (*in_multipart && !has_end).then_some(Segment::Octets(LINE_END));
                [Some(encoding_field(name)), Some(content), end]
            }
            Piece::Verbatim(verbatim) => {
                let body = Segment::Body(verbatim.body.handle(), verbatim.encoding);
                [Some(body), None, None]
            }
        })
    }
}

/// The body type of these pieces for a server that supports up to `most`.
fn body_type(pieces: &[Piece], most: BodyType) -> BodyType {
    let all = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.body_type(most),
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

/// The field Content-Transfer-Encoding, and the blank line after it.
fn encoding_field(name: &str) -> Segment<'static> {
    let field: &'static str = match name {
        "8bit" => "Content-Transfer-Encoding: 8bit\r\n\r\n",
        "base64" => "Content-Transfer-Encoding: base64\r\n\r\n",
        "binary" => "Content-Transfer-Encoding: binary\r\n\r\n",
        "quoted-printable" => "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        _ => "Content-Transfer-Encoding: 7bit\r\n\r\n",
    };
    Segment::Octets(field.as_bytes())
}

const LINE_END: &[u8] = b"\r\n";
