//! What the templates of the page show: text that is ready to read, and charts.

mod course;
mod facts;
mod head;
mod problems;
mod replies;

use std::io;
use std::time::SystemTime;

use minijinja::Value;
use serde::Serialize;

use self::course::CourseView;
use self::facts::FactsView;
use self::head::Head;
use self::problems::ProblemsView;
use self::replies::RepliesView;
use super::data::ReportData;
use super::time::Clock;

/// Everything on the page.
#[derive(Serialize)]
pub(super) struct Page {
    style: Value,
    style_hash: Value,
    head: Head,
    course: CourseView,
    replies: RepliesView,
    problems: ProblemsView,
    facts: FactsView,
    made: String,
    zone: String,
}

/// A name and a value.
#[derive(Serialize)]
struct Named {
    name: String,
    value: String,
}

/// What the parts of the page are made of.
struct Source<'a> {
    data: &'a ReportData,
    clock: &'a Clock,
    /// Times of this day are without their day.
    reference: SystemTime,
}

impl Page {
    pub(super) fn new(data: &ReportData, style: &str, style_hash: &str) -> io::Result<Self> {
        let clock = Clock::new(data.time_zone.as_deref());
        let reference = data.started.unwrap_or(data.made);
        let source = Source {
            data,
            clock: &clock,
            reference,
        };
        Ok(Self {
            style: Value::from_safe_string(style.to_owned()),
            // The quotes around it and the slashes in it are not escaped.
            style_hash: Value::from_safe_string(style_hash.to_owned()),
            head: Head::new(&source)?,
            course: CourseView::new(&source)?,
            replies: RepliesView::new(&source)?,
            problems: ProblemsView::new(&source),
            facts: FactsView::new(&source),
            made: clock.day_and_minute(data.made),
            zone: clock.zone(reference),
        })
    }
}

impl Source<'_> {
    fn minute(&self, time: SystemTime) -> String {
        self.clock.minute(time, self.reference)
    }

    /// A command for this job, if its name needs no quotes in a shell.
    fn command(&self, before: &str, after: &str) -> Option<String> {
        let job = &self.data.job;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_word = !job.is_empty() && !job.starts_with('-') && job.chars().all(is_plain);
        is_word.then(|| format!("pilotfish batch {before} {job}{after}"))
    }
}

impl Named {
    fn new(name: &str, value: impl AsRef<str>) -> Self {
        Self {
            name: line(name),
            value: line(value.as_ref()),
        }
    }
}

/// The text on one line, without characters that steer a device.
fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
