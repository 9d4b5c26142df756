//! Deviations of a reader, where the mail is right. Every entry must be needed for each of the
//! cases that it names, and states the value that the reader returns.

use serde_json::Value;

use super::reader::Reader::{self, Dovecot, MailParser, Mailparser, PostalMime, Python};

pub(super) struct Deviation {
    pub(super) reader: Reader,
    /// The names of the cases. A `*` at the end matches any text.
    pub(super) cases: &'static [&'static str],
    /// The end of the name of the fact.
    fact: &'static str,
    reads: Reads,
    /// Why the mail is right.
    pub(super) because: &'static str,
}

enum Reads {
    /// The value that the reader returns.
    As(fn(&str) -> String),
    /// A value that is equal if both are changed in this way.
    Like(fn(&str) -> String),
    /// This value, in JSON.
    Value(&'static str),
    /// The fact is missing.
    Nothing,
}

use Reads::{As, Like, Nothing};

const fn deviation(
    reader: Reader,
    cases: &'static [&'static str],
    fact: &'static str,
    reads: Reads,
    because: &'static str,
) -> Deviation {
    Deviation {
        reader,
        cases,
        fact,
        reads,
        because,
    }
}

const BYTE_ORDER_MARK: &[&str] = &[
    "H3 \"\\u{feff}bom\"",
    "B4 \"\\u{feff}bom\\n\"",
    "B9 \"a byte order mark\"",
    "B4 with a file \"\\u{feff}bom\\n\"",
];
/// Names of several encoded words.
const LONG_NAMES: &[&str] = &[
    r#"H7 "n, n*"#,
    r#"H7 "xxxx*"#,
    r#"H7 "é é*"#,
    r#"H7 "🦈🦈*"#,
];
#[rustfmt::skip]
pub(super) const DEVIATIONS: &[Deviation] = &[
    deviation(Python, LONG_NAMES, "names", Like(without_spaces), "puts a space between two encoded words of a display name"),
    deviation(Python, &[r#"H8 "\".a\"@x""#, r#"H8 "\"a..b\"@x.test""#, r#"H8 with a name "\".a\"@x""#, r#"H8 with a name "\"a..b\"@x.test""#], "", As(unquoted), "quotes no local part that has dots where none may be"),
    deviation(Python, &["H6 \"a long name, encoded\""], "", As(|value| format!(" {value}")), "keeps the space of a fold between the name of a field and its value"),
    deviation(Python, &["F1 *", "F2 *", "F7 *"], "defects", Reads::Value(r#"["InvalidHeaderDefect('duplicate parameter name; duplicate ignored')"]"#), "takes `filename` behind `filename*` for the same once more, and goes by the first"),
    deviation(Python, &["F1 \" a \""], "name", As(|name| name.trim().to_owned()), "removes white space at the ends of a file name"),
    deviation(Python, &["F1 \"<a>\""], "name", As(|name| name.replace(['<', '>'], "")), "takes a file name in angle brackets out of them"),

    deviation(MailParser, &[r#"H8 "\"a\\\"\\\\\"@x.test""#, r#"H8 with a name "\"a\\\"\\\\\"@x.test""#], "", As(unescaped), "removes the backslashes from a local part, and leaves its quotes"),
    deviation(MailParser, &["F8 \"a/b; x=\\\"\\\"\""], "parameters", Nothing, "drops a parameter with an empty value"),

    deviation(Mailparser, &["H2 \"\""], "", Nothing, "drops empty fields"),
    deviation(Mailparser, &["H8 \"a@*", "H8 with a name \"a@*", "H8 \"jörg@b*", "H8 with a name \"jörg@b*"], "", As(|address| address.replace("xn--bcher-kva", "bücher")), "shows A-labels as U-labels"),
    deviation(Mailparser, &["F4 \"a.eml\""], "type", As(|_| "message/rfc822".to_owned()), "guesses the media type of octets by the name"),
    deviation(Mailparser, &["B1 with a file \"\""], "text", Reads::Value(r#""\r\n""#), "takes a text of no line for one line"),
    deviation(Mailparser, &["B7 *"], "text", Like(without_line_ends), "puts an empty line between the texts of a multipart"),
    deviation(Mailparser, &["B8 \"flowed*"], "text", As(|text| text.trim_end().to_owned()), "drops the last line end of a flowed text"),

    deviation(PostalMime, &["H2 \"\""], "subject", Nothing, "drops an empty subject"),
    deviation(PostalMime, BYTE_ORDER_MARK, "", As(|text| text.replace('\u{feff}', "")), "drops a byte order mark"),
    deviation(PostalMime, &["H13 \"two authors\""], "from", Reads::Value(r#"["a@x.test"]"#), "has room for one author"),
    deviation(PostalMime, &["H13 \"two authors\""], "from names", Reads::Value(r#"["Ann"]"#), "has room for one author"),
    deviation(PostalMime, &["F1 \"=?utf-8?q?x?=\""], "name", As(|_| "x".to_owned()), "decodes encoded words in parameters, against RFC 2047 section 5"),
    deviation(PostalMime, &["B4 with a file \"\\u{feff}bom\\n\""], "text", As(|text| text.replace('\u{feff}', "") + "\r\n"), "drops a byte order mark, and adds a line break to the text of a multipart"),
    deviation(PostalMime, &["F4 *", "B1 with a file*", "B2 with a file*", "B3 with a file*", "B4 with a file*", "B5 with a file*", "B6*", "B8 with a file*", "B8 \"de*", "F7 *"], "text", As(|text| format!("{text}\r\n")), "adds a line break to the text of a multipart"),
    deviation(PostalMime, &["B8 \"de*", "F6 *", "F7 *"], "html", As(|html| format!("{html}\r\n")), "adds a line break to the document of a multipart"),
    deviation(PostalMime, &["F9 *"], "text", Like(anything), "adds the text of a message in the message"),
    deviation(PostalMime, &["F9 *"], "", Nothing, "adds the text of a message in the message"),
    deviation(PostalMime, &["B7 *"], "text", Like(without_line_ends), "adds line breaks to every text of a multipart"),
    deviation(PostalMime, &["F7 *", "B8 \"another charset\""], "octets", Like(anything), "makes LF of the line ends of a text that it takes for a file"),
    deviation(PostalMime, &["B8 \"flowed, quoted\""], "text", Like(|text| text.replace(" > ", " ")), "leaves the marks of a quotation in its paragraph"),

    deviation(Dovecot, &["H7 \"two  spaces\""], "names", Like(without_spaces), "makes one space of two in an ENVELOPE"),
    deviation(Dovecot, &["F4 \"a.html\"", "F4 \"a.txt\"", "F4 \"latin1.txt\"", "F4 \"a.csv\"", "B6 *"], "parameters", Reads::Value(r#"{"charset":"us-ascii"}"#), "names the charset that a text without one has by RFC 2045 section 5.2"),
];

impl Deviation {
    /// The pattern that matches this case.
    pub(super) fn concerns(
        &self,
        reader: Reader,
        case: &str,
        fact: &str,
    ) -> Option<&'static &'static str> {
        let is_case = |pattern: &&&str| match pattern.strip_suffix('*') {
            Some(beginning) => case.starts_with(beginning),
            None => case == **pattern,
        };
        let is_about = self.reader == reader && fact.ends_with(self.fact);
        self.cases.iter().find(is_case).filter(|_| is_about)
    }

    /// Whether the reader is known to return this value instead of the expected one.
    pub(super) fn explains(&self, expected: &Value, found: &Value) -> bool {
        match self.reads {
            As(change) => changed(expected, change) == *found,
            Like(change) => changed(expected, change) == changed(found, change),
            Reads::Value(json) => serde_json::from_str::<Value>(json).unwrap() == *found,
            Nothing => found.is_null(),
        }
    }
}

/// The value with each text in it changed.
fn changed(value: &Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(text).into(),
        Value::Array(values) => values.iter().map(|value| changed(value, change)).collect(),
        Value::Null => changed(&"".into(), change),
        other => other.clone(),
    }
}

fn without_spaces(text: &str) -> String {
    text.replace(' ', "")
}

fn without_line_ends(text: &str) -> String {
    text.replace("\r\n", "")
}

fn anything(_: &str) -> String {
    String::new()
}

fn unescaped(address: &str) -> String {
    address.replace("\\\"", "\"").replace("\\\\", "\\")
}

fn unquoted(address: &str) -> String {
    let at = address.rfind('@').unwrap();
    let local_part = address[..at].trim_start_matches('"');
    let local_part = local_part.strip_suffix('"').unwrap_or(local_part);
    format!("{}{}", unescaped(local_part), &address[at..])
}
