//! Mails a minute and connections over time.

use std::io;
use std::time::Duration;

use minijinja::Value;
use plotters::element::Polygon;
use plotters::style::{Color, RGBColor};

use super::frame::{Chart, Frame, Period};
use super::svg::{Failure, Labels, Width, proportional};
use super::{CONNECTIONS, colour, coordinate, float};
use crate::report::course::{Bucket, Course};
use crate::report::data::Outcome;
use crate::report::format::Count;

/// The heights of both charts, in points.
const MAILS: u32 = 420;
const OPEN: u32 = 260;

/// The space for half of the last time.
const RIGHT: u32 = 60;

/// The outcomes from the bottom of the stack to its top.
const STACK: [Outcome; 4] = [
    Outcome::Accepted,
    Outcome::Rejected,
    Outcome::Deferred,
    Outcome::Unknown,
];

/// A part of the time, and the lower and upper end of what is drawn there.
struct Step {
    from: f64,
    to: f64,
    low: f64,
    high: f64,
}

/// Draws the mails a minute above the connections.
pub(in crate::report) fn course(
    course: &Course,
    period: &Period<'_>,
    width: Width,
    labels: Labels<'_>,
) -> io::Result<Value> {
    let size = (width.points(), MAILS + OPEN);
    proportional(size, width.class(), labels, |area| {
        let (upper, lower) = area.split_vertically(MAILS);
        let frame = |caption, highest, steps| Frame {
            period,
            width,
            caption,
            highest,
            steps,
            number: |number| Count(number).to_string(),
            right: RIGHT,
        };
        let rate = |bucket: &Bucket, length| (0.0, per_minute(bucket.mails(), length));
        let all = bands(course, period, rate);
        let fastest = all.iter().map(|step| step.high).fold(0.0, f64::max);
        let mut chart = frame("mails a minute", ceiling(fastest), 5).draw(&upper)?;
        for outcome in STACK {
            let height = |bucket: &Bucket, length| {
                let below = STACK.into_iter().take_while(|other| *other != outcome);
                let below = below.map(|outcome| bucket.of(outcome));
                let low = below.fold(0, u64::saturating_add);
                let high = low.saturating_add(bucket.of(outcome));
                (per_minute(low, length), per_minute(high, length))
            };
            steps(&mut chart, &bands(course, period, height), colour(outcome))?;
        }
        let most = course.buckets().map(|bucket| bucket.connections).max();
        let mut chart = frame("connections", most.unwrap_or(0), 3).draw(&lower)?;
        let height = |bucket: &Bucket, _| (0.0, float(bucket.connections));
        steps(&mut chart, &bands(course, period, height), CONNECTIONS)
    })
}

fn per_minute(mails: u64, time: Duration) -> f64 {
    float(mails) * 60.0 / time.as_secs_f64()
}

/// The next whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are no less than 0, and too high ones become the highest number"
)]
fn ceiling(rate: f64) -> u64 {
    rate.ceil() as u64
}

/// The buckets as steps, without those that have no height.
fn bands(
    course: &Course,
    period: &Period<'_>,
    ends: impl Fn(&Bucket, Duration) -> (f64, f64),
) -> Vec<Step> {
    let width = course.bucket_width();
    let step = |(second, bucket): (i64, &Bucket)| {
        let part = period.part(second, width);
        let (low, high) = ends(bucket, period.length(second, width));
        Step {
            from: coordinate(part.start),
            to: coordinate(part.end),
            low,
            high,
        }
    };
    let has_height = |step: &Step| step.high > step.low;
    course.placed().map(step).filter(has_height).collect()
}

/// Draws steps, and nothing between two that do not touch.
fn steps(chart: &mut Chart<'_, '_>, steps: &[Step], colour: RGBColor) -> Result<(), Failure> {
    for run in steps.chunk_by(|one, next| next.from - one.to < 0.5) {
        let upper = run
            .iter()
            .flat_map(|step| [(step.from, step.high), (step.to, step.high)]);
        let lower = run
            .iter()
            .rev()
            .flat_map(|step| [(step.to, step.low), (step.from, step.low)]);
        let outline: Vec<_> = upper.chain(lower).collect();
        chart.draw_series([Polygon::new(outline, colour.filled())])?;
    }
    Ok(())
}
