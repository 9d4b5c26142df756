//! Templates of mails: fields and a text, with expressions.

mod addresses;
mod engine;
mod front_matter;
mod marked;
mod names;
mod rendered;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};

use super::error::{MergeError, MergeErrorKind};
use super::rows::Row;
use crate::address::{AddressError, Mailbox};
use crate::message::{FieldName, markdown_place, markdown_with};
use engine::{Engine, PartId, RowValues, Values};
use front_matter::RawField;
use marked::{Marked, Piece};
pub use rendered::Rendered;

/// The largest template, in octets.
const MAX_TEMPLATE: u64 = 16 << 20;

/// A mail with expressions in it, from which each row of a table makes one.
///
/// It begins with fields between lines `---`, and continues with the text:
///
/// ```text
/// ---
/// from: Tickets <tickets@example.org>
/// to: {{ name }} <{{ email }}>
/// subject: {{ name }}, your ticket {{ ticket }}
/// attach: tickets/{{ ticket }}.pdf
/// ---
/// Dear {{ name }},
///
/// here is your ticket.
/// ```
///
/// | field | value |
/// |---|---|
/// | `from`, `reply-to`, `to`, `cc`, `bcc` | addresses; several fields of a name are added up, but for `from` |
/// | `envelope-from` | the address for reports of failed delivery |
/// | `subject` | any text |
/// | `attach` | the path of a file; none if it is empty |
/// | `inline` | the path of a picture, or `PATH as LABEL`: HTML shows it as `cid:LABEL`, by default the name of the file |
/// | `list-unsubscribe` | an `https:` URL for one click, `mailto:` and an address, or two fields with one of each |
/// | `header` | `Name: value`, another field |
///
/// All but the addresses of the sender and the subject can be repeated. A line that begins with a blank
/// continues the field before it, and one that begins with `#` is a comment. Paths are relative to the
/// directory of the template.
///
/// # Expressions
///
/// They are those of [minijinja](https://docs.rs/minijinja), as in Jinja: `{{ name }}`,
/// `{% if vip %}..{% endif %}`, `{{ amount|default("0") }}`. A column whose name is no word has `_` in place
/// of other characters, `{{ First_name }}`, or is `{{ row["First name"] }}`. A variable that is no column is
/// an error, as is a loop without an end. No expression reads files, other templates or the environment.
///
/// # Text
///
/// The extension says what the text is:
///
/// * `.md`: Markdown. The mail has it as text, and as HTML. Values are text, whatever they contain: `*` in a
///   name is no emphasis, and `<` no tag. `{{ note|safe }}` is Markdown.
/// * `.html` and `.htm`: HTML alone. Values are escaped, but for `{{ note|safe }}`.
/// * Others: text.
///
/// No value can add a recipient or a field: in addresses it stays the name or the part that it is for, and
/// control characters are errors.
#[derive(Debug)]
pub struct Template {
    file: String,
    directory: PathBuf,
    engine: Engine,
    fields: Vec<Field>,
    body: PartId,
    format: BodyFormat,
    default_from: Option<Mailbox>,
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    value: PartId,
    /// The name of another field, or the label of a picture.
    label: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyFormat {
    Text,
    Markdown,
    Html,
}

impl BodyFormat {
    fn of_path(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("md" | "markdown") => Self::Markdown,
            Some("html" | "htm") => Self::Html,
            _ => Self::Text,
        }
    }
}

impl Template {
    /// Reads the template at `path`. This blocks the thread.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is over 16 MiB, and as for [`parse`](Self::parse).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MergeError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let failed = |error: std::io::Error| {
            let kind = match error.kind() {
                std::io::ErrorKind::InvalidData => MergeErrorKind::Encoding,
                _ => MergeErrorKind::Io,
            };
            let error_here = MergeError::new(kind, format!("cannot be read: {error}"));
            error_here.in_file(&file).caused_by(error)
        };
        if std::fs::metadata(path).map_err(failed)?.len() > MAX_TEMPLATE {
            let error = MergeError::new(MergeErrorKind::Limit, "the template has over 16 MiB");
            return Err(error.in_file(&file));
        }
        Self::parse(path, &std::fs::read_to_string(path).map_err(failed)?)
    }

    /// Reads a template whose path would be this.
    ///
    /// # Errors
    ///
    /// If it does not begin with fields, has a field that is not known or no recipient, or if an expression
    /// does not follow the syntax.
    pub fn parse(path: impl AsRef<Path>, source: &str) -> Result<Self, MergeError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let in_file = |error: MergeError| error.in_file(&file);
        let (raw, body) = front_matter::split(source).map_err(in_file)?;
        if !raw.iter().any(|field| RECIPIENTS.contains(&field.name)) {
            let message = "the template has no recipient";
            let error = MergeError::new(MergeErrorKind::Template, message).at_line(1);
            return Err(in_file(
                error.with_help("add a field such as \"to: {{ email }}\""),
            ));
        }
        let format = BodyFormat::of_path(path);
        let mut engine = Engine::new(&file);
        let fields = raw.into_iter().map(|field| Field::new(field, &mut engine));
        let fields = fields.collect::<Result<_, _>>().map_err(in_file)?;
        let values = match format {
            BodyFormat::Html => Values::Escaped,
            BodyFormat::Text | BodyFormat::Markdown => Values::Marked,
        };
        let body = engine.add(body, values)?;
        Ok(Self {
            directory: path.parent().unwrap_or(Path::new("")).to_owned(),
            file,
            engine,
            fields,
            body,
            format,
            default_from: None,
        })
    }

    /// Sets the author of mails for which the template names none.
    #[must_use]
    pub fn with_default_from(mut self, author: Mailbox) -> Self {
        self.default_from = Some(author);
        self
    }

    /// The path, as it was given.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Checks that each variable is one of these columns. Rows of JSON lines have their own columns, so that
    /// [`render`](Self::render) checks each of them.
    ///
    /// # Errors
    ///
    /// If a variable is no column. The error has its place in the template, and what may be meant.
    pub fn check(&self, columns: &[String]) -> Result<(), MergeError> {
        self.engine.check(columns)
    }

    /// The files that each mail has: those of `attach` and `inline` without expressions.
    pub fn shared_files(&self) -> impl Iterator<Item = PathBuf> {
        let fields = self.fields.iter();
        let fixed = fields.filter(|field| {
            matches!(field.name, "attach" | "inline") && self.engine.is_fixed(field.value)
        });
        fixed.filter_map(|field| {
            let text = self.engine.text(field.value).trim();
            (!text.is_empty()).then(|| self.directory.join(text))
        })
    }

    /// The mail of a row.
    ///
    /// # Errors
    ///
    /// If the row has no column for a variable, if an expression fails, or if a value makes no address or
    /// path. The error is that of the row, and names the line of the template.
    pub fn render(&self, row: &Row) -> Result<Rendered, MergeError> {
        let values = RowValues::new(row);
        let mut mail = Rendered::new(row, &self.file);
        let mut ways = Vec::new();
        for field in &self.fields {
            let marked = self.engine.render(field.value, &values)?;
            let wrong = |kind, message: String| {
                let place = self.engine.place(field.value);
                let message = format!("in {}: {message} ({place})", field.name);
                let error = MergeError::new(kind, message).in_file(row.table());
                error.at_line(row.line()).of_row(row.number())
            };
            let bad_address = |error: AddressError| {
                wrong(MergeErrorKind::Address, error.to_string()).caused_by(error)
            };
            if field.name == "list-unsubscribe" {
                ways.push(values::unsubscribe(&marked));
                let list = values::list_unsubscribe(&ways);
                mail.list_unsubscribe = list.map_err(|why| wrong(MergeErrorKind::Message, why))?;
                continue;
            }
            if matches!(field.name, "attach" | "inline") {
                let path = values::path(&marked, &self.directory);
                let path = path.map_err(|why| wrong(MergeErrorKind::Attachment, why.to_owned()))?;
                mail.add_file(path, field.label.as_deref());
                continue;
            }
            if matches!(field.name, "subject" | "header") {
                let line = marked.line();
                if line.contains(|c: char| c.is_control() && c != '\t') {
                    let message =
                        "a line break or another control character is in a value: remove it";
                    return Err(wrong(MergeErrorKind::Message, message.to_owned()));
                }
                mail.add_text(field.label.as_deref(), line);
                continue;
            }
            let addresses = addresses::read(&marked).map_err(bad_address)?;
            mail.add_addresses(field.name, addresses)
                .map_err(|why| wrong(MergeErrorKind::Address, why.to_owned()))?;
        }
        mail.settle_addresses(self.default_from.as_ref())?;
        let body = self.engine.render(self.body, &values)?;
        self.set_body(&mut mail, body);
        Ok(mail)
    }

    fn set_body(&self, mail: &mut Rendered, body: Marked) {
        match self.format {
            BodyFormat::Text => mail.text = Some(body.into_text()),
            BodyFormat::Html => mail.html = Some(body.into_text()),
            BodyFormat::Markdown => {
                mail.html = Some(html(&body));
                mail.text = Some(body.into_text());
            }
        }
    }
}

/// The HTML of Markdown.
fn html(body: &Marked) -> String {
    let mut source = String::new();
    let mut values = Vec::new();
    for piece in body.pieces() {
        match piece {
            Piece::Fixed(text) => source.push_str(text),
            Piece::Value(value) => {
                source.push_str(&markdown_place(values.len()));
                values.push(value);
            }
        }
    }
    markdown_with(&source, &values)
}

/// The fields of which a mail needs one.
const RECIPIENTS: [&str; 3] = ["bcc", "cc", "to"];

impl Field {
    fn new(field: RawField, engine: &mut Engine) -> Result<Self, MergeError> {
        let RawField { name, mut value } = field;
        let mut label = None;
        if name == "header" {
            let (header, rest) = value.text.split_once(':').unwrap_or((&value.text, ""));
            let wrong = |message: String| {
                let error = MergeError::new(MergeErrorKind::Template, message);
                error.at_line(value.line)
            };
            let parsed: Result<FieldName, _> = header.trim().parse();
            let header = parsed.map_err(|error| {
                let help = "write it as \"header: Name: value\"";
                wrong(error.to_string()).with_help(help).caused_by(error)
            })?;
            label = Some(header.as_str().to_owned());
            value = value.skip(value.text.len() - rest.len());
        } else if name == "inline"
            && let Some((path, given)) = value.text.rsplit_once(" as ")
            && !given.trim().contains([' ', '{', '}'])
        {
            label = Some(given.trim().to_owned());
            value.text.truncate(path.trim_end().len());
        } else if name == "inline" {
            label = Some(String::new());
        }
        let value = engine.add(value, Values::Marked)?;
        Ok(Self { name, value, label })
    }
}
