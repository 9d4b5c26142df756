//! A mail that is made and written, not sent.

use super::cli_fixture::Directory;
use super::run::{Ended, Run};

/// The files that a mail can use.
#[derive(Default)]
pub(crate) struct Composer<'a> {
    pub(crate) files: &'a [(&'a str, &'a [u8])],
    pub(crate) stdin: &'a str,
}

impl Composer<'_> {
    /// `pilotfish send --dry-run` with these arguments.
    pub(crate) async fn run(&self, arguments: &str) -> Ended {
        let directory = Directory::new();
        for (name, content) in self.files {
            directory.file(name, content);
        }
        Run::new("send --dry-run")
            .args(Run::words(arguments))
            .directory(directory.path())
            .stdin(self.stdin)
            .end()
            .await
    }

    /// The mail that is made with these arguments, without a warning, from me to ann.
    pub(crate) async fn mail(&self, arguments: &str) -> String {
        let to = "--from me@example.org --to ann@example.org";
        let ended = self.run(&format!("{to} {arguments}")).await;
        let expected = (0, "");
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            expected,
            "{arguments}"
        );
        ended.stdout
    }
}

/// The fields of a mail that have these names, unfolded, with line breaks between them.
pub(crate) fn fields(mail: &str, names: &[&str]) -> String {
    let (header, _) = mail.split_once("\r\n\r\n").unwrap();
    let header = header.replace("\r\n ", " ");
    let is_one = |line: &&str| {
        let (name, _) = line.split_once(": ").unwrap();
        names.contains(&name)
    };
    header.lines().filter(is_one).collect::<Vec<_>>().join("\n")
}

/// The parts of a mail, each in parentheses after its parent.
pub(crate) fn shape(mail: &str) -> String {
    use mail_parser::{MessageParser, MimeHeaders as _, PartType};
    fn one(mail: &mail_parser::Message<'_>, id: u32) -> String {
        let part = &mail.parts[usize::try_from(id).unwrap()];
        let kind = part.content_type().map(|kind| match kind.subtype() {
            Some(subtype) => subtype.to_owned(),
            None => kind.ctype().to_owned(),
        });
        let kind = kind.unwrap_or_default();
        match &part.body {
            PartType::Multipart(parts) => {
                let parts: Vec<_> = parts.iter().map(|id| one(mail, *id)).collect();
                format!("{kind}({})", parts.join(" "))
            }
            _ => kind,
        }
    }
    one(&MessageParser::default().parse(mail.as_bytes()).unwrap(), 0)
}
