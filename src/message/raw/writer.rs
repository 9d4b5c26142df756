//! The fields of a finished message, written for the server.

use super::charset;
use super::field::Field;
use super::header::HeaderSection;
use super::part::Head;
use crate::message::encoding::{MAX_LINE, lines};
use crate::message::error::{MessageError, shown};
use crate::message::header::{Header, encoded_field, without_controls};
use crate::message::warning::Warning;

/// A header section as it is sent, with the empty line after it if there is a body.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) header: Vec<u8>,
    /// The same in ASCII, where that is possible and differs.
    pub(crate) ascii: Option<Vec<u8>>,
}

impl Finished {
    /// Whether there is something in it that can be written in UTF-8 alone.
    pub(crate) fn needs_smtputf8(&self) -> bool {
        self.ascii.is_none() && !self.header.is_ascii()
    }
}

/// Writes fields twice: as they are, and in ASCII.
pub(crate) struct Writer<'a> {
    section: &'a HeaderSection<'a>,
    /// The value of Content-Type.
    content_type: String,
    pub(crate) header: Vec<u8>,
    /// Nothing once a field cannot be written so.
    ascii: Option<Vec<u8>>,
    repair: bool,
    pub(crate) warnings: &'a mut Vec<Warning>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        section: &'a HeaderSection<'a>,
        repair: bool,
        warnings: &'a mut Vec<Warning>,
    ) -> Self {
        Self {
            section,
            content_type: Head::of_section(section).content_type,
            header: Vec::new(),
            ascii: Some(Vec::new()),
            repair,
            warnings,
        }
    }

    pub(crate) fn field(&mut self, field: &Field<'_>) -> Result<(), MessageError> {
        let mut written = Vec::new();
        let problem = match field.text().and_then(|_| write_field(field, &mut written)) {
            Err(problem @ MessageError::UnsendableField { .. }) if self.repair => problem,
            result => {
                result?;
                self.push(field, &written);
                return Ok(());
            }
        };
        let Some((text, charset)) = charset::decode(field.body(), &self.content_type) else {
            return Err(problem);
        };
        without_controls(field.name, &text)?;
        let repaired = encoded_field(field.name, &text).ok_or(problem)?;
        self.warnings.push(Warning::FieldRepaired {
            field: shown(field.name),
            charset: charset.to_owned(),
        });
        self.push(field, repaired.as_bytes());
        Ok(())
    }

    /// Adds the lines of a field.
    fn push(&mut self, field: &Field<'_>, written: &[u8]) {
        self.header.extend_from_slice(written);
        if written.is_ascii() {
            if let Some(ascii) = &mut self.ascii {
                ascii.extend_from_slice(written);
            }
            return;
        }
        let encoded = field.unfolded().ok();
        let encoded = encoded.and_then(|value| encoded_field(field.name, &value));
        self.ascii = self.ascii.take().zip(encoded).map(|(mut ascii, encoded)| {
            ascii.extend_from_slice(encoded.as_bytes());
            ascii
        });
    }

    /// Names the encoding of the body if it has changed.
    pub(crate) fn encoding(&self, encoding: Option<&str>, added: &mut Header) {
        if let Some(encoding) = encoding {
            if !self.section.has("MIME-Version") {
                added.fixed("MIME-Version", "1.0");
            }
            added.fixed("Content-Transfer-Encoding", encoding);
        }
    }

    pub(crate) fn finish(mut self, added: &str) -> Finished {
        self.header.extend_from_slice(added.as_bytes());
        if let Some(ascii) = &mut self.ascii {
            ascii.extend_from_slice(added.as_bytes());
        }
        Finished {
            ascii: self.ascii.filter(|ascii| *ascii != self.header),
            header: self.header,
        }
    }
}

/// Writes a field as it is, its lines folded if they have to be.
fn write_field(field: &Field<'_>, out: &mut Vec<u8>) -> Result<(), MessageError> {
    // What is before this cannot be folded: in the first line, the name.
    let mut fixed = field.body_offset();
    for line in lines(field.octets) {
        without_controls(field.name, line.text)?;
        let mut rest = line.text;
        // A fold must not leave a line of nothing but white space.
        let mut content = rest.trim_ascii_end().len();
        while rest.len() > MAX_LINE {
            let (folded, after) = (fixed..content.min(MAX_LINE + 1))
                .rev()
                .find(|at| is_fold(rest, *at))
                .and_then(|at| rest.split_at_checked(at))
                .ok_or_else(|| field.unsendable("has over 998 octets without white space"))?;
            out.extend_from_slice(folded);
            out.extend_from_slice(b"\r\n");
            content -= folded.len();
            rest = after;
            fixed = 0;
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(b"\r\n");
        fixed = 0;
    }
    Ok(())
}

/// Whether a line can be folded here: before white space with something before it, which
/// must not be a backslash that quotes the white space (RFC 5322 section 3.2.1).
fn is_fold(line: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| line.get(before));
    matches!(line.get(at), Some(b' ' | b'\t'))
        && before.is_some_and(|before| !matches!(before, b' ' | b'\t' | b'\\'))
}
