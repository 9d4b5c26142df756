//! The time to the reply over time.

use std::io;

use minijinja::Value;
use plotters::element::{Circle, PathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor};

use super::frame::{Chart, Frame, Period, text};
use super::svg::{Failure, Labels, Width, proportional};
use super::{LABEL, P50, P95, P99, coordinate, float};
use crate::report::course::{Course, Latency};
use crate::report::format::milliseconds;

/// The height in points, the place of the names of the lines, and the least distance between two.
const HEIGHT: u32 = 500;
const NAMES: u32 = 84;
const APART: f64 = 34.0;

/// A line: its name, its colour and what it shows.
type Line = (&'static str, RGBColor, fn(&Latency) -> u64);

const LINES: [Line; 3] = [
    ("p50", P50, |latency| latency.p50_ms),
    ("p95", P95, |latency| latency.p95_ms),
    ("p99", P99, |latency| latency.p99_ms),
];

/// Draws p50, p95 and p99. The style sheet makes their lines solid, dashed and dotted.
pub(in crate::report) fn latency(
    course: &Course,
    period: &Period<'_>,
    width: Width,
    labels: Labels<'_>,
) -> io::Result<Value> {
    proportional((width.points(), HEIGHT), width.class(), labels, |area| {
        let known = course.buckets().filter_map(|bucket| bucket.latency);
        let highest = known.map(|latency| latency.p99_ms).max().unwrap_or(0);
        let frame = Frame {
            period,
            width,
            caption: "time to the reply",
            highest,
            steps: 5,
            number: milliseconds,
            right: NAMES,
        };
        let mut chart = frame.draw(area)?;
        let mut names = Vec::new();
        for (name, colour, figure) in LINES {
            let points = points(course, period, figure);
            lines(&mut chart, course, &points, colour)?;
            if let Some((x, y)) = points.last() {
                let (x, y) = chart.backend_coord(&(*x, *y));
                names.push((name, x, f64::from(y)));
            }
        }
        // Names of lines that end at nearly the same height are moved apart, from the bottom up.
        let mut lowest = f64::MAX;
        for (name, x, y) in names {
            lowest = y.min(lowest - APART);
            let style = text(LABEL).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(name, (x + 12, rounded(lowest)), style))?;
        }
        Ok(())
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the height of a chart is a few hundred points"
)]
fn rounded(height: f64) -> i32 {
    height.round() as i32
}

/// The middle of each bucket with its figure.
fn points(course: &Course, period: &Period<'_>, figure: fn(&Latency) -> u64) -> Vec<(f64, f64)> {
    let width = course.bucket_width();
    let point = |(second, latency): (i64, Latency)| {
        let part = period.part(second, width);
        let middle = f64::midpoint(coordinate(part.start), coordinate(part.end));
        (middle, float(figure(&latency)))
    };
    course
        .placed()
        .filter_map(|(second, bucket)| Some((second, bucket.latency?)))
        .map(point)
        .collect()
}

/// Joins the points of neighbouring buckets. A point alone is a dot.
fn lines(
    chart: &mut Chart<'_, '_>,
    course: &Course,
    points: &[(f64, f64)],
    colour: RGBColor,
) -> Result<(), Failure> {
    let width = float(course.bucket_width().as_secs());
    for run in points.chunk_by(|one, next| next.0 - one.0 < 1.55 * width) {
        match run {
            [point] => chart.draw_series([Circle::new(*point, 5, colour.filled())])?,
            run => chart.draw_series([PathElement::new(run, colour.stroke_width(4))])?,
        };
    }
    Ok(())
}
