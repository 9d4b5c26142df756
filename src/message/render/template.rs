//! A message as it was built: fixed to the octet, but for the encodings of its parts.

use std::path::Path;

use bytes::Bytes;

use super::layout::Layout;
use crate::message::encoding::{BodyType, Coding};
use crate::message::error::MessageError;
use crate::message::header::{Header, Script};
use crate::message::part::{Entity, FileName, InnerMessage, Kind, Multipart, Text};
use crate::message::random::random_token;
use crate::message::source::{Body, LineBody};

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
    /// Content-Transfer-Encoding of a multipart whose last piece is just before this index, if
    /// it is one that has to be said.
    MultipartEncoding {
        end: usize,
    },
    /// The field Content-Transfer-Encoding, the blank line and the content of a part.
    Leaf(Leaf, Place),
    /// What goes out as it is, behind its header.
    Lines(LineBody),
}

#[derive(Debug)]
enum Leaf {
    Text(Text),
    /// In base64, or as it is; with the name of the file.
    Octets(Body, Option<FileName>),
}

/// Where a part stands, and so whether a delimiter follows that needs a line end before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    InMultipart,
}

impl Template {
    /// The message that has these fields, but for those about its content, and this content.
    pub(crate) fn new(header: Header, script: Script, root: Entity) -> Result<Self, MessageError> {
        let mut template = Self::default();
        template.entity(header, script, root, Place::Alone)?;
        Ok(template)
    }

    /// A finished message: its header, the same in ASCII if that differs, and its body.
    pub(crate) fn finished(header: Bytes, ascii: Option<Bytes>, body: LineBody) -> Self {
        let header = match ascii {
            Some(ascii) => Piece::Fields {
                utf8: header,
                ascii,
            },
            None => Piece::Octets(header),
        };
        Self {
            pieces: vec![header, Piece::Lines(body)],
        }
    }

    /// Whether the script makes fields be in UTF-8 that need not be.
    pub(crate) fn is_utf8(&self, script: Script) -> bool {
        let has_fields = |piece| matches!(piece, &Piece::Fields { .. });
        script == Script::Utf8 && self.pieces.iter().any(has_fields)
    }

    fn entity(
        &mut self,
        mut header: Header,
        script: Script,
        entity: Entity,
        place: Place,
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
        let leaf = match kind {
            Kind::Text(media_type, text) => {
                media_type.with("charset", "utf-8").write(&mut header);
                Leaf::Text(text)
            }
            Kind::Attachment(attachment) => {
                let (body, name) = attachment.write(&mut header);
                Leaf::Octets(body, name)
            }
            Kind::Message(message) => return self.message(header, script, message, place),
            Kind::Multipart(multipart) => return self.multipart(header, script, multipart),
        };
        self.header(header);
        self.pieces.push(Piece::Leaf(leaf, place));
        Ok(())
    }

    fn multipart(
        &mut self,
        mut header: Header,
        script: Script,
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
            self.entity(delimiter, script, part, Place::InMultipart)?;
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
        script: Script,
        message: InnerMessage,
        place: Place,
    ) -> Result<(), MessageError> {
        let (inner, lines) = message.write(&mut header)?;
        header.fixed("Content-Transfer-Encoding", lines.data.name());
        header.blank_line();
        self.header(header);
        self.pieces.push(Piece::Octets(inner));
        self.pieces.push(Piece::Lines(lines));
        if place == Place::InMultipart {
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

    /// What the content is sent as, where `most` can be carried.
    pub(crate) fn data(&self, most: BodyType) -> BodyType {
        data_of(&self.pieces, most)
    }

    /// Whether all bodies can be had more than once.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Leaf(Leaf::Octets(body, _), _) => body.is_repeatable(),
            _ => true,
        })
    }

    /// Whether a body that could be had once has been.
    pub(crate) fn is_spent(&self) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Leaf(Leaf::Octets(body, _), _) => body.is_spent(),
            _ => false,
        })
    }

    /// The files that are in it.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Leaf(Leaf::Octets(body, _), _) => body.path(),
            Piece::Lines(lines) => lines.body.path(),
            Piece::Leaf(Leaf::Text(_), _)
            | Piece::Octets(_)
            | Piece::Fields { .. }
            | Piece::MultipartEncoding { .. } => None,
        })
    }

    /// The parts that have a name, and how many octets their content is sent as.
    pub(crate) fn named_parts(&self, most: BodyType) -> impl Iterator<Item = (&str, u64)> {
        self.pieces.iter().filter_map(move |piece| match piece {
            Piece::Leaf(leaf @ Leaf::Octets(body, Some(name)), _) => {
                let (_, coding) = leaf.coding(most);
                Some((name.as_str(), coding.len(body.len()?)?))
            }
            _ => None,
        })
    }

    /// Adds the octets to a layout, where `most` can be carried, and fields may be in `script`.
    pub(crate) fn layout(&self, most: BodyType, script: Script, mut layout: Layout) -> Layout {
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Octets(octets) => layout.octets(octets),
                Piece::Fields { utf8, ascii } => layout.octets(match script {
                    Script::Ascii => ascii,
                    Script::Utf8 => utf8,
                }),
                Piece::MultipartEncoding { end } => {
                    let inside = self.pieces.get(at + 1..*end).unwrap_or_default();
                    match data_of(inside, most) {
                        // What no field at all says (RFC 2045 section 6.1).
                        BodyType::SevenBit => {}
                        data => encoding(&mut layout, data.name()),
                    }
                }
                Piece::Leaf(leaf, place) => leaf.layout(most, *place, &mut layout),
                Piece::Lines(lines) => layout.body(&lines.body, lines.coding),
            }
        }
        layout
    }
}

/// What these pieces are sent as, where `most` can be carried.
fn data_of(pieces: &[Piece], most: BodyType) -> BodyType {
    let data = pieces.iter().map(|piece| match piece {
        Piece::Leaf(leaf, _) => leaf.data(most),
        Piece::Lines(lines) => lines.data,
        // The header of a part, in UTF-8.
        Piece::Octets(octets) if !octets.is_ascii() => BodyType::EightBit,
        // Whoever chooses the fields in UTF-8 knows it.
        Piece::Octets(_) | Piece::Fields { .. } | Piece::MultipartEncoding { .. } => {
            BodyType::SevenBit
        }
    });
    data.max().unwrap_or_default()
}

fn encoding(layout: &mut Layout, name: &str) {
    layout.line(b"Content-Transfer-Encoding: ");
    layout.line(name.as_bytes());
    layout.line(b"\r\n");
}

impl Leaf {
    fn data(&self, most: BodyType) -> BodyType {
        match self {
            Self::Text(text) => text.data(most),
            Self::Octets(..) if most == BodyType::Binary => BodyType::Binary,
            Self::Octets(..) => BodyType::SevenBit,
        }
    }

    /// How octets are encoded, and what that is called.
    fn coding(&self, most: BodyType) -> (&'static str, Coding) {
        match self.data(most) {
            BodyType::Binary => (BodyType::Binary.name(), Coding::Identity),
            _ => ("base64", Coding::Base64),
        }
    }

    fn layout(&self, most: BodyType, place: Place, layout: &mut Layout) {
        // The line end in front of a delimiter belongs to the delimiter. Base64 ends with one
        // that can be it.
        let mut has_line_end = false;
        match self {
            Self::Text(text) => {
                let (name, octets) = text.encoded(most);
                encoding(layout, name);
                layout.line(b"\r\n");
                layout.octets(octets);
            }
            Self::Octets(body, _) => {
                let (name, coding) = self.coding(most);
                encoding(layout, name);
                layout.line(b"\r\n");
                layout.body(body, coding);
                has_line_end = coding == Coding::Base64 && !body.is_empty();
            }
        }
        if place == Place::InMultipart && !has_line_end {
            layout.line(b"\r\n");
        }
    }
}
