//! The name of the job, its state, and its counts in large figures.

use std::io;

use minijinja::Value;
use serde::Serialize;

use super::{Named, Source, line};
use crate::report::charts::{self, Labels};
use crate::report::data::{JobState, Outcome};
use crate::report::format::{Count, Share, Span, counted};
use crate::report::time::between;

#[derive(Serialize)]
pub(super) struct Head {
    job: String,
    /// `✓`, `!` or `-`, with the class of its colour.
    mark: &'static str,
    class: &'static str,
    state: String,
    /// What makes the job continue.
    command: Option<String>,
    mails: String,
    mails_word: &'static str,
    figures: Vec<Figure>,
    bar: Value,
    lines: Vec<Named>,
}

/// The count of one outcome.
#[derive(Serialize)]
struct Figure {
    class: &'static str,
    word: String,
    count: String,
    share: String,
    is_none: bool,
}

impl Head {
    pub(super) fn new(source: &Source<'_>) -> io::Result<Self> {
        let data = source.data;
        let figures: Vec<_> = Outcome::ALL
            .into_iter()
            .map(|outcome| figure(source, outcome))
            .collect();
        let described: Vec<_> = figures
            .iter()
            .map(|figure| format!("{} {} ({})", figure.word, figure.count, figure.share))
            .collect();
        let labels = Labels {
            id: "outcomes",
            title: "The mails by their outcomes",
            description: &described.join(", "),
        };
        let (mark, class) = mark(source);
        Ok(Self {
            job: line(&data.job),
            mark,
            class,
            state: state(source),
            command: command(source),
            mails: Count(data.counts.mails).to_string(),
            mails_word: if data.counts.mails == 1 {
                "mail"
            } else {
                "mails"
            },
            figures,
            bar: charts::outcomes(&data.counts, labels)?,
            lines: lines(source),
        })
    }
}

fn figure(source: &Source<'_>, outcome: Outcome) -> Figure {
    let counts = &source.data.counts;
    let count = counts.of(outcome);
    let is_over = matches!(source.data.state, JobState::Finished | JobState::Cancelled);
    let word = match outcome {
        Outcome::NotTried if !is_over => "left".to_owned(),
        other => other.to_string(),
    };
    Figure {
        class: outcome.name(),
        word,
        count: Count(count).to_string(),
        share: Share {
            part: count,
            whole: counts.mails,
        }
        .to_string(),
        is_none: count == 0,
    }
}

fn mark(source: &Source<'_>) -> (&'static str, &'static str) {
    let counts = &source.data.counts;
    match source.data.state {
        JobState::Running => ("", "running"),
        JobState::Finished if counts.accepted == counts.mails => ("✓", "good"),
        JobState::Finished if counts.accepted == 0 => ("✗", "bad"),
        JobState::Finished | JobState::Paused { .. } => ("!", "look"),
        JobState::Cancelled => ("-", "off"),
    }
}

/// The state in a sentence.
fn state(source: &Source<'_>) -> String {
    let data = source.data;
    let counts = &data.counts;
    let took = data.started.zip(data.ended);
    let took = took.map(|(from, to)| Span(between(from, to)).to_string());
    match &data.state {
        JobState::Running => {
            let since = data
                .started
                .map(|time| format!(" since {}", source.minute(time)));
            let done = counts.mails.saturating_sub(counts.not_tried);
            let since = since.unwrap_or_default();
            format!(
                "running{since}: {} of {} tried",
                Count(done),
                Count(counts.mails)
            )
        }
        JobState::Paused { reason, until } => {
            let reason = line(reason);
            match until {
                Some(until) => format!(
                    "paused: {reason}. Continues by itself at {}",
                    source.minute(*until)
                ),
                None => format!("paused: {reason}"),
            }
        }
        JobState::Finished => {
            let took = took.map(|time| format!(" in {time}")).unwrap_or_default();
            format!("finished{took}: {}", result(counts.mails, counts.accepted))
        }
        JobState::Cancelled => {
            let after = took
                .map(|time| format!(" after {time}"))
                .unwrap_or_default();
            let rest = counted(counts.not_tried, "mail was", "mails were");
            format!("cancelled{after}: {rest} not tried")
        }
    }
}

fn result(mails: u64, accepted: u64) -> String {
    match (mails, mails.saturating_sub(accepted)) {
        (0, _) => "there was no mail to send".to_owned(),
        (1, 0) => "the server accepted the mail".to_owned(),
        (_, 0) => format!("the server accepted all {} mails", Count(mails)),
        (1, _) => "the mail was not accepted".to_owned(),
        (_, missing) if missing == mails => {
            format!("none of {} mails was accepted", Count(mails))
        }
        (_, missing) => {
            let verb = if missing == 1 { "was" } else { "were" };
            format!(
                "{} of {} mails {verb} not accepted",
                Count(missing),
                Count(mails)
            )
        }
    }
}

/// A job that does not continue by itself.
fn command(source: &Source<'_>) -> Option<String> {
    match &source.data.state {
        JobState::Paused { until: None, .. } => source.command("resume", ""),
        _ => None,
    }
}

fn lines(source: &Source<'_>) -> Vec<Named> {
    let data = source.data;
    let day = |time| source.clock.day_and_minute(time);
    let known = [
        ("started", data.started.map(day)),
        ("ended", data.ended.map(|time| source.minute(time))),
        ("account", data.account.clone()),
        ("server", data.server.clone()),
        ("sender", data.sender.clone()),
    ];
    known
        .into_iter()
        .filter_map(|(name, value)| Some(Named::new(name, value?)))
        .collect()
}
