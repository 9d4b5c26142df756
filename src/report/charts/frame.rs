//! What the charts over time have in common: the axes, and the pauses behind everything.

use std::ops::Range;
use std::time::Duration;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::{Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, TRANSPARENT, TextStyle};

use super::axis::Axis;
use super::svg::{Area, Failure, Width};
use super::ticks::{self, TimeMarks};
use super::{AXIS, GRID, LABEL, PAUSE, coordinate, float};
use crate::report::time::Clock;

/// The size of text. The backend divides it by 1.24.
const TEXT: f64 = 30.0;

/// The place of the numbers beside and the times below a chart, and of the text above it, in points.
const LEFT: u32 = 112;
const BELOW: u32 = 56;
const ABOVE: u32 = 56;

/// A chart whose x are seconds since 1970.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// The time that the charts show.
#[derive(Debug, Clone)]
pub(in crate::report) struct Period<'a> {
    /// Seconds since 1970. The end is after the start.
    pub(in crate::report) seconds: Range<i64>,
    /// When nothing was sent, with the number that the page gives to each.
    pub(in crate::report) pauses: Vec<(Range<i64>, usize)>,
    pub(in crate::report) clock: &'a Clock,
}

impl Period<'_> {
    /// The part of a bucket in which mails were sent: within the period, and without a pause at its
    /// start or its end. All of it, if that leaves nothing.
    pub(in crate::report) fn part(&self, second: i64, width: Duration) -> Range<i64> {
        let width = i64::try_from(width.as_secs()).unwrap_or(i64::MAX);
        let whole = second..second.saturating_add(width);
        let mut part = whole.start.max(self.seconds.start)..whole.end.min(self.seconds.end);
        for (pause, _) in &self.pauses {
            if pause.contains(&part.start) {
                part.start = pause.end;
            }
            if pause.start < part.end && part.end <= pause.end {
                part.end = pause.start;
            }
        }
        if part.is_empty() { whole } else { part }
    }

    /// How long the part of a bucket is. A few seconds say nothing of a minute.
    pub(in crate::report) fn length(&self, second: i64, width: Duration) -> Duration {
        let part = self.part(second, width);
        let length = u64::try_from(part.end.saturating_sub(part.start)).unwrap_or(1);
        Duration::from_secs(length.max(10)).min(width)
    }
}

/// One chart over time.
pub(super) struct Frame<'a> {
    pub(super) period: &'a Period<'a>,
    pub(super) width: Width,
    /// What the numbers are, above the chart.
    pub(super) caption: &'a str,
    pub(super) highest: u64,
    /// The most steps of the numbers beside the chart.
    pub(super) steps: u64,
    /// How a number beside the chart is written.
    pub(super) number: fn(u64) -> String,
    /// The space at the right end, in points.
    pub(super) right: u32,
}

impl Frame<'_> {
    /// Draws the axes, the pauses and the caption.
    pub(super) fn draw<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Chart<'a, 'b>, Failure> {
        let numbers = ticks::numbers(self.highest, self.steps);
        // Above the highest number is a little space, so that the chart does not touch its caption.
        let top = 1.06 * float(numbers.last().copied().unwrap_or(1));
        let mark = |number: u64| (float(number), (self.number)(number));
        let y = Axis::new(0.0..top, numbers.into_iter().map(mark).collect());
        let x = self.times();
        let mut chart = ChartBuilder::on(area)
            .margin_top(ABOVE)
            .margin_right(self.right)
            .set_label_area_size(LabelAreaPosition::Left, LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, BELOW)
            .build_cartesian_2d(x, y)?;
        self.draw_pauses(&mut chart, top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(AXIS.stroke_width(2))
            .label_style(text(LABEL))
            .set_all_tick_mark_size(8)
            .draw()?;
        let caption = Text::new(self.caption, (0, 2), text(LABEL));
        area.draw(&caption)?;
        Ok(chart)
    }

    fn times(&self) -> Axis {
        let Period { seconds, clock, .. } = self.period;
        let most = match self.width {
            Width::Wide => 9,
            Width::Narrow => 4,
        };
        let TimeMarks {
            seconds: marks,
            step,
        } = ticks::times(seconds.start, seconds.end, most, clock);
        let marks = marks
            .into_iter()
            .map(|second| (coordinate(second), clock.mark(second, step)));
        let range = coordinate(seconds.start)..coordinate(seconds.end);
        Axis::new(range, marks.collect())
    }

    fn draw_pauses(&self, chart: &mut Chart<'_, '_>, top: f64) -> Result<(), Failure> {
        for (pause, number) in &self.period.pauses {
            let (from, to) = (coordinate(pause.start), coordinate(pause.end));
            chart.draw_series([Rectangle::new([(from, 0.0), (to, top)], PAUSE.filled())])?;
            let style = text(LABEL).pos(Pos::new(HPos::Center, VPos::Bottom));
            let place = f64::midpoint(from, to);
            chart.draw_series([Text::new(format!("pause {number}"), (place, top), style)])?;
        }
        Ok(())
    }
}

/// Text of this colour.
pub(super) fn text(colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_the_time_in_which_mails_were_sent() {
        let clock = Clock::new(Some("UTC"));
        let period = Period {
            seconds: 50..10_000,
            pauses: vec![(100..150, 1), (400..1_000, 2)],
            clock: &clock,
        };
        let width = Duration::from_mins(1);
        for (second, part, length) in [
            (0, 50..60, 10),
            (60, 60..100, 40),
            (120, 150..180, 30),
            (180, 180..240, 60),
            (360, 360..400, 40),
            // A mail within a pause.
            (600, 600..660, 60),
            (960, 1_000..1_020, 20),
            (9_995, 9_995..10_000, 10),
        ] {
            assert_eq!(period.part(second, width), part);
            assert_eq!(period.length(second, width).as_secs(), length, "{second}");
        }
    }
}
