//! The rows that were not accepted.

use serde::Serialize;

use super::{Source, line};
use crate::report::data::Outcome;
use crate::report::format::{Count, counted};
use crate::report::kept::Problem;

#[derive(Serialize)]
pub(super) struct ProblemsView {
    rows: Vec<ProblemLine>,
    /// How many rows are not on the page.
    more: Option<String>,
    /// What writes all rows.
    command: Option<String>,
}

#[derive(Serialize)]
struct ProblemLine {
    row: String,
    address: String,
    outcome: String,
    class: &'static str,
    reply: String,
    time: String,
    subject: String,
}

impl ProblemsView {
    pub(super) fn new(source: &Source<'_>) -> Self {
        let problems = &source.data.problems;
        let omitted = problems.omitted();
        let more = counted(omitted, "more row is", "more rows are");
        Self {
            rows: problems
                .first()
                .iter()
                .map(|problem| row(source, problem))
                .collect(),
            more: (omitted > 0).then(|| format!("{more} in the CSV")),
            command: source.command("report", " --csv"),
        }
    }
}

fn row(source: &Source<'_>, problem: &Problem) -> ProblemLine {
    let text = |value: &Option<String>| value.as_deref().map(line).unwrap_or_default();
    ProblemLine {
        row: Count(problem.row).to_string(),
        address: line(&problem.address),
        outcome: problem.outcome.to_string(),
        class: problem.outcome.name(),
        reply: match problem.outcome {
            Outcome::Unknown if problem.reply.is_none() => "no reply".to_owned(),
            _ => text(&problem.reply),
        },
        time: problem
            .time
            .map(|time| source.minute(time))
            .unwrap_or_default(),
        subject: text(&problem.subject),
    }
}
