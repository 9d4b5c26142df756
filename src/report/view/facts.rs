//! What was sent, and how.

use serde::Serialize;

use super::{Named, Source, line};
use crate::report::facts::{Fact, FileFact};
use crate::report::format::{Size, counted};

#[derive(Serialize)]
pub(super) struct FactsView {
    lines: Vec<Named>,
    files: Vec<FileLine>,
    more_files: Option<String>,
}

#[derive(Serialize)]
struct FileLine {
    kind: &'static str,
    name: String,
    size: String,
    sha256: String,
}

impl FactsView {
    pub(super) fn new(source: &Source<'_>) -> Self {
        let data = source.data;
        let facts = &data.facts;
        let known = [
            ("account", &data.account),
            ("server", &data.server),
            ("sender", &data.sender),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value)| Some(Named::new(name, value.as_deref()?)));
        let named = |fact: &Fact| Named::new(&fact.name, &fact.value);
        let limits = facts.limits.iter().map(named);
        let versions = facts.versions.iter().map(named);
        let template = facts.template.iter().map(|file| of_file("template", file));
        let rows = facts.data.iter().map(|file| of_file("data", file));
        let attachments = facts.attachments.first().iter();
        let attachments = attachments.map(|file| of_file("attachment", file));
        let omitted = facts.attachments.omitted();
        let more = counted(omitted, "more attachment", "more attachments");
        Self {
            lines: known.chain(limits).chain(versions).collect(),
            files: template.chain(rows).chain(attachments).collect(),
            more_files: (omitted > 0).then(|| format!("and {more}")),
        }
    }
}

fn of_file(kind: &'static str, file: &FileFact) -> FileLine {
    FileLine {
        kind,
        name: line(&file.name),
        size: Size(file.size).to_string(),
        sha256: line(&file.sha256),
    }
}
