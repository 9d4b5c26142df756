//! The fields of a finished message, written for the server.

use super::charset::Decoded;
use super::edit::Finished;
use super::field::Field;
use super::header::HeaderSection;
use super::part::Head;
use crate::message::encoding::MAX_LINE;
use crate::message::encoding::lines;
use crate::message::error::{MessageError, shown};
use crate::message::header::{Header, encoded_field, without_controls};
use crate::message::raw::recode::Repair;
use crate::message::warning::Warning;

/// Writes fields twice: as they are, and in ASCII.
pub(crate) struct Writer<'a> {
    section: &'a HeaderSection<'a>,
    /// The value of Content-Type.
    content_type: String,
    pub(crate) header: Vec<u8>,
    /// Nothing once a field cannot be written so.
    ascii: Option<Vec<u8>>,
    repair: Repair,
    warnings: &'a mut Vec<Warning>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        section: &'a HeaderSection<'a>,
        repair: Repair,
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
            Ok(()) => {
                self.push(field, &written);
                return Ok(());
            }
            Err(error @ MessageError::UnsendableField { .. }) => error,
            Err(error) => return Err(error),
        };
        let Repair::Made = self.repair else {
            return Err(problem);
        };
        let body = field.octets.get(field.body_offset()..).unwrap_or_default();
        let decoded = Decoded::new(body, &self.content_type);
        without_controls(&shown(field.name), decoded.text.as_bytes())?;
        let repaired = encoded_field(field.name, &decoded.text).ok_or(problem)?;
        self.warnings.push(Warning::FieldRepaired {
            field: shown(field.name),
            charset: decoded.charset,
        });
        self.push(field, repaired.as_bytes());
        Ok(())
    }

    /// Leaves out a field that has nothing in it, and says so.
    pub(crate) fn leave_out(&mut self, field: &Field<'_>) {
        self.warnings.push(Warning::EmptyFieldLeftOut {
            field: shown(field.name),
        });
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
    let name = shown(field.name);
    // What is before this cannot be folded: in the first line, the name.
    let mut fixed = field.body_offset();
    for line in lines(field.octets) {
        without_controls(&name, line.text)?;
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
