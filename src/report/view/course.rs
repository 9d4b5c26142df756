//! The course of the job, and the replies of the server.

use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use minijinja::Value;
use serde::Serialize;

use super::{Source, line};
use crate::report::charts::{self, Labels, Period, Width};
use crate::report::course::{Bucket, Course};
use crate::report::data::Pause;
use crate::report::format::{Count, Span, counted, milliseconds, rate};
use crate::report::time::{between, seconds};

/// The number of lines of the table.
const MAX_LINES: usize = 16;

/// The number of pauses that the page lists.
const MAX_PAUSES: usize = 50;

#[derive(Serialize)]
pub(super) struct CourseView {
    /// Whether anything was sent.
    is_there: bool,
    summary: String,
    charts: Vec<Value>,
    pauses: Vec<PauseLine>,
    more_pauses: Option<String>,
    /// How long each line of the table is.
    each: String,
    lines: Vec<Line>,
    latency: Option<LatencyView>,
}

#[derive(Serialize)]
struct PauseLine {
    number: usize,
    when: String,
    reason: String,
}

/// A line of the table.
#[derive(Serialize)]
struct Line {
    from: String,
    accepted: String,
    rejected: String,
    deferred: String,
    unknown: String,
    connections: String,
    latency: Option<[String; 3]>,
}

#[derive(Serialize)]
struct LatencyView {
    p50: Option<String>,
    p95: Option<String>,
    p99: Option<String>,
    charts: Vec<Value>,
}

impl CourseView {
    pub(super) fn new(source: &Source<'_>) -> io::Result<Self> {
        let data = source.data;
        let period = period(source);
        let coarse = data.course.coarser(MAX_LINES);
        let summary = summary(source, period.as_ref());
        let mut charts = Vec::new();
        if let Some(period) = &period {
            for (width, id) in [(Width::Wide, "course"), (Width::Narrow, "course-narrow")] {
                let labels = Labels {
                    id,
                    title: "Mails a minute and connections over time",
                    description: &summary,
                };
                charts.push(charts::course(&data.course, period, width, labels)?);
            }
        }
        let more = data.pauses.len().saturating_sub(MAX_PAUSES);
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        Ok(Self {
            is_there: period.is_some(),
            summary,
            charts,
            pauses: pauses(source),
            more_pauses: (more > 0).then(|| format!("and {}", counted(more, "more", "more"))),
            each: Span(coarse.bucket_width()).to_string(),
            lines: lines(source, &coarse),
            latency: latency(source, period.as_ref())?,
        })
    }
}

/// The time that the charts show: from the first mail to the last, and the pauses.
fn period<'a>(source: &Source<'a>) -> Option<Period<'a>> {
    let data = source.data;
    let (first, _) = data.course.placed().next()?;
    let (last, _) = data.course.placed().last()?;
    let width = i64::try_from(data.course.bucket_width().as_secs()).unwrap_or(i64::MAX);
    let end = last.saturating_add(width);
    let within = |time: Option<SystemTime>, range: Range<i64>| {
        time.map(seconds).filter(|second| range.contains(second))
    };
    let start = within(data.started, first..first.saturating_add(width)).unwrap_or(first);
    let end = within(data.ended.or(Some(data.made)), last..end).unwrap_or(end);
    let ranges: Vec<_> = data
        .pauses
        .iter()
        .map(|pause| seconds(pause.from)..seconds(end_of(pause, source)))
        .collect();
    let start = ranges.iter().map(|pause| pause.start).fold(start, i64::min);
    let end = ranges.iter().map(|pause| pause.end).fold(end, i64::max);
    let end = end.max(start.saturating_add(1));
    Some(Period {
        seconds: start..end,
        pauses: ranges.into_iter().zip(1..).take(MAX_PAUSES).collect(),
        clock: source.clock,
    })
}

/// A pause that lasts ends, as far as the report knows, when it was made.
fn end_of(pause: &Pause, source: &Source<'_>) -> SystemTime {
    let known = source.data.ended.unwrap_or(source.data.made);
    pause.until.unwrap_or(known).min(known).max(pause.from)
}

/// `29/min on average, 34/min at most, over at most 4 connections`.
fn summary(source: &Source<'_>, period: Option<&Period<'_>>) -> String {
    let data = source.data;
    let buckets = || data.course.buckets();
    let mails = buckets().map(Bucket::mails).fold(0, u64::saturating_add);
    let connections = buckets()
        .map(|bucket| bucket.connections)
        .max()
        .unwrap_or(0);
    let over = counted(connections, "connection", "connections");
    let peak = peak(&data.course, period);
    let Some(started) = data.started else {
        return format!("{peak} at most, over at most {over}");
    };
    let took = between(started, data.ended.unwrap_or(data.made));
    let paused = data
        .pauses
        .iter()
        .map(|pause| between(pause.from, end_of(pause, source)))
        .fold(Duration::ZERO, Duration::saturating_add);
    let sending = took.saturating_sub(paused);
    // In less than a minute, an average of a minute says nothing.
    if sending < Duration::from_mins(1) {
        let mails = counted(mails, "mail", "mails");
        return format!("{mails} in {}, over at most {over}", Span(took));
    }
    let without = if paused.is_zero() {
        ""
    } else {
        " without the pauses"
    };
    let average = rate(mails, sending);
    format!("{average} on average{without}, {peak} at most, over at most {over}")
}

/// The highest rate of the chart.
fn peak(course: &Course, period: Option<&Period<'_>>) -> String {
    let width = course.bucket_width();
    let of_one = |(second, bucket): (i64, &Bucket)| {
        let time = period.map_or(width, |period| period.length(second, width));
        (bucket.mails(), time)
    };
    let fastest = course
        .placed()
        .map(of_one)
        .max_by_key(|(mails, time)| u128::from(*mails) * 1_000_000 / time.as_millis().max(1));
    let (mails, time) = fastest.unwrap_or((0, width));
    rate(mails, time)
}

fn pauses(source: &Source<'_>) -> Vec<PauseLine> {
    let of_one = |(number, pause): (usize, &Pause)| {
        let from = source.minute(pause.from);
        let when = match pause.until {
            Some(until) => {
                let length = Span(between(pause.from, until));
                format!("{from} to {}, {length}", source.minute(until))
            }
            None => format!("since {from}"),
        };
        PauseLine {
            number,
            when,
            reason: line(&pause.reason),
        }
    };
    (1..)
        .zip(&source.data.pauses)
        .take(MAX_PAUSES)
        .map(of_one)
        .collect()
}

fn lines(source: &Source<'_>, course: &Course) -> Vec<Line> {
    let count = |number| Count(number).to_string();
    let of_one = |bucket: &Bucket| Line {
        from: source.minute(bucket.start),
        accepted: count(bucket.accepted),
        rejected: count(bucket.rejected),
        deferred: count(bucket.deferred),
        unknown: count(bucket.unknown),
        connections: count(bucket.connections),
        latency: bucket
            .latency
            .map(|latency| [latency.p50_ms, latency.p95_ms, latency.p99_ms].map(milliseconds)),
    };
    course.buckets().map(of_one).collect()
}

fn latency(source: &Source<'_>, period: Option<&Period<'_>>) -> io::Result<Option<LatencyView>> {
    let data = source.data;
    let is_known = data.course.buckets().any(|bucket| bucket.latency.is_some());
    if data.latency.is_none() && !is_known {
        return Ok(None);
    }
    let overall = |figure: fn(&crate::report::Latency) -> u64| {
        data.latency
            .as_ref()
            .map(|latency| milliseconds(figure(latency)))
    };
    let mut view = LatencyView {
        p50: overall(|latency| latency.p50_ms),
        p95: overall(|latency| latency.p95_ms),
        p99: overall(|latency| latency.p99_ms),
        charts: Vec::new(),
    };
    let Some(period) = period.filter(|_| is_known) else {
        return Ok(Some(view));
    };
    let figures = [("p50", &view.p50), ("p95", &view.p95), ("p99", &view.p99)];
    let figures = figures.map(|(name, value)| {
        let value = value.as_deref().unwrap_or("unknown");
        format!("{name} {value}")
    });
    let description = format!("In the whole job: {}", figures.join(", "));
    for (width, id) in [(Width::Wide, "latency"), (Width::Narrow, "latency-narrow")] {
        let labels = Labels {
            id,
            title: "Time to the reply over time: p50, p95 and p99",
            description: &description,
        };
        view.charts
            .push(charts::latency(&data.course, period, width, labels)?);
    }
    Ok(Some(view))
}
