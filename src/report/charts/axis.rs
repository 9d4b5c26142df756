//! An axis whose marks are chosen, and stand at any distance.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

/// Numbers from one end to the other, with text at some of them.
#[derive(Clone)]
pub(super) struct Axis {
    places: RangedCoordf64,
    marks: Vec<(f64, String)>,
}

impl Axis {
    /// The marks have their places and their text.
    pub(super) fn new(range: Range<f64>, marks: Vec<(f64, String)>) -> Self {
        Self {
            places: range.into(),
            marks,
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.places.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Each mark has its text, and there are none between.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.marks.iter().map(|(place, _)| *place).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.places.range()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        let near = |place: f64| (place - value).abs() < 1e-6;
        let mark = self.marks.iter().find(|(place, _)| near(*place));
        mark.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}
