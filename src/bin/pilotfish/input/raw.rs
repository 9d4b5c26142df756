//! A finished message as it is read: one mail, neither none nor several.

use mail_parser::MessageParser;
use pilotfish::message::Body;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::InspectReader;

use super::{Input, spooled};
use crate::failure::Failure;

/// How many octets of a line are looked at.
const MAX_LINE_OCTETS: usize = 200;

/// How many octets of a file are read at a time.
const BLOCK_OCTETS: usize = 64 * 1024;

/// The octets of a finished message, if they are one mail. It is the value of this flag.
pub(crate) async fn finished(input: Input, flag: &str) -> Result<Finished, Failure> {
    let mut mbox = MboxCounter::default();
    let name = match &input {
        Input::Stdin => "standard input".to_owned(),
        Input::File(path) => path.display().to_string().escape_debug().to_string(),
    };
    let body = match input {
        Input::Stdin => {
            let stdin = tokio::io::stdin();
            spooled(InspectReader::new(stdin, |octets| mbox.pass(octets))).await?
        }
        Input::File(path) => {
            // What cannot be read, or is not a regular file, is an error when it is attached.
            if std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file())
                && let Ok(file) = tokio::fs::File::open(&path).await
            {
                mbox.count_in(file).await;
            } else {
                mbox.has_octets = true;
            }
            Body::file(path)
        }
    };
    if !mbox.has_octets {
        return Err(Failure::bad_mail(format!(
            "the finished message ({flag}) is empty: check the program that makes it"
        )));
    }
    if mbox.separators > 1 {
        return Err(Failure::bad_mail(format!(
            "the finished message ({flag}) is an mbox file with {} mails: take it apart, \
             for example with formail -s, and send each mail by itself",
            mbox.separators
        )));
    }
    if is_binary(&mbox.head) {
        return Err(Failure::bad_mail(format!(
            "{name} is not a mail ({flag}): it does not begin with a header field"
        ))
        .with_help("attach it by --attach FILE"));
    }
    Ok(Finished {
        body,
        head: mbox.head,
    })
}

/// A finished message.
pub(crate) struct Finished {
    pub(crate) body: Body,
    /// Its first octets: the header, unless that is very long.
    head: Vec<u8>,
}

impl Finished {
    /// A message whose header is not of interest.
    pub(crate) fn of(body: Body) -> Self {
        let head = Vec::new();
        Self { body, head }
    }

    /// The address of the first author, if the header has one. What is wrong with the header is found when
    /// the mail is made.
    pub(crate) fn author(&self) -> Option<String> {
        let header = MessageParser::new().parse_headers(&self.head)?;
        let author = header.from()?.first()?;
        author.address().map(str::to_owned)
    }
}

/// Counts the separators of an mbox file (RFC 4155) in octets that pass. Only a file that begins
/// with one is an mbox file.
#[derive(Debug, Default)]
struct MboxCounter {
    has_octets: bool,
    /// The first octets.
    head: Vec<u8>,
    separators: usize,
    /// The beginning of the present line.
    line: Vec<u8>,
    /// Whether the line before has text.
    after_text: bool,
    /// Whether it is known that this is not an mbox file.
    is_other: bool,
}

impl MboxCounter {
    fn pass(&mut self, octets: &[u8]) {
        self.has_octets |= !octets.is_empty();
        let room = BLOCK_OCTETS.saturating_sub(self.head.len());
        self.head.extend(octets.iter().take(room));
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.is_other {
                return;
            }
            let room = MAX_LINE_OCTETS.saturating_sub(self.line.len());
            self.line.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = self.line.trim_ascii_end();
        if !self.after_text && is_separator(line) {
            self.separators += 1;
        }
        // The first line is not a separator.
        self.is_other = self.separators == 0;
        self.after_text = !line.is_empty();
        self.line.clear();
    }

    async fn count_in(&mut self, mut file: tokio::fs::File) {
        let mut block = vec![0; BLOCK_OCTETS];
        // A file that cannot be read is an error when it is attached.
        while let Ok(octets @ 1..) = file.read(&mut block).await {
            self.pass(block.get(..octets).unwrap_or_default());
            if self.is_other {
                return;
            }
        }
    }
}

/// Whether a file that begins like this is a picture, an archive or the like: its first line is not a
/// field, and it has a NUL.
fn is_binary(head: &[u8]) -> bool {
    let line = head.split(|octet| *octet == b'\n').next();
    let line = line.unwrap_or_default();
    let colon = line.iter().position(|octet| *octet == b':');
    let name = colon.and_then(|colon| line.get(..colon));
    let is_name = |name: &[u8]| {
        let name = name.trim_ascii_end();
        !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
    };
    !line.starts_with(b"From ") && !name.is_some_and(is_name) && head.contains(&0)
}

/// `From `, a sender and a time, as in `From ann@example.org Mon Nov  2 10:00:00 2026`. A line of
/// text seldom has a time in it.
fn is_separator(line: &[u8]) -> bool {
    let is_time = |octets: &[u8]| match octets {
        [a, b, b':', c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_digit),
        _ => false,
    };
    line.starts_with(b"From ") && line.windows(5).any(is_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_counted_however_their_octets_come() {
        let mail = "From ann@example.org Mon Nov  2 10:00:00 2026\nTo: b@x.test\n\ntext\n";
        for (text, expected) in [
            (String::new(), 0),
            ("To: b@x.test\n\ntext\n".to_owned(), 0),
            (mail.to_owned(), 1),
            (format!("{mail}\nFrom here on it rains.\n"), 1),
            (
                format!("{mail}From ann@example.org Mon Nov  2 10:00:00 2026\n"),
                1,
            ),
            (format!("{mail}\n{mail}\n{mail}"), 3),
            (format!("{mail}\n{mail}").replace('\n', "\r\n"), 2),
            (format!("To: b@x.test\n\n{mail}\n{mail}"), 0),
        ] {
            for size in [1, 7, 1_000] {
                let mut mbox = MboxCounter::default();
                text.as_bytes()
                    .chunks(size)
                    .for_each(|part| mbox.pass(part));
                assert_eq!(mbox.separators, expected, "{size}: {text}");
            }
        }
    }
}
