//! Bars without axes. The page has their numbers as text.

use std::io;

use minijinja::Value;
use plotters::element::Rectangle;
use plotters::style::{Color, RGBColor};

use super::svg::{Area, Failure, Labels, stretched};
use super::{NOT_TRIED, colour};
use crate::report::data::{Counts, Outcome};

/// The length and the height of a bar, in points.
const SIZE: (i32, i32) = (2_000, 40);

/// The shortest part that can be seen, and the gap between two parts.
const LEAST: u64 = 8;
const GAP: i32 = 3;

/// One bar of all mails, by their outcomes.
pub(in crate::report) fn outcomes(counts: &Counts, labels: Labels<'_>) -> io::Result<Value> {
    let parts = Outcome::ALL.map(|outcome| (counts.of(outcome), colour(outcome)));
    bar(&parts, None, "bar", labels)
}

/// A bar of rejected and other mails, as a part of the longest one.
pub(in crate::report) fn share(
    parts: &[(u64, Outcome)],
    longest: u64,
    labels: Labels<'_>,
) -> io::Result<Value> {
    let parts: Vec<_> = parts
        .iter()
        .map(|(count, outcome)| (*count, colour(*outcome)))
        .collect();
    bar(&parts, Some(longest), "bar small", labels)
}

fn bar(
    parts: &[(u64, RGBColor)],
    longest: Option<u64>,
    class: &str,
    labels: Labels<'_>,
) -> io::Result<Value> {
    let size = (SIZE.0.unsigned_abs(), SIZE.1.unsigned_abs());
    stretched(size, class, labels, |area| {
        let counts: Vec<_> = parts.iter().map(|(count, _)| *count).collect();
        let lengths = lengths(&counts, longest);
        if lengths.iter().all(|length| *length == 0) {
            return rectangle(area, (0, SIZE.0), NOT_TRIED);
        }
        let mut from = 0;
        for (length, (_, colour)) in lengths.into_iter().zip(parts) {
            if length > 0 {
                let to = from + length;
                let end = if to < SIZE.0 { to - GAP } else { to };
                rectangle(area, (from, end), *colour)?;
                from = to;
            }
        }
        Ok(())
    })
}

/// The length of each part. What is not nothing can be seen, at the cost of the longest part.
fn lengths(counts: &[u64], longest: Option<u64>) -> Vec<i32> {
    let whole = SIZE.0.unsigned_abs();
    let sum = counts.iter().copied().map(u128::from).sum::<u128>();
    let scale = longest.map_or(sum, |longest| sum.max(u128::from(longest)));
    let length = |count: &u64| match u128::from(*count) * u128::from(whole) {
        0 => 0,
        area => u64::try_from(area / scale.max(1)).unwrap_or(0).max(LEAST),
    };
    let mut lengths: Vec<_> = counts.iter().map(length).collect();
    let total = lengths.iter().sum::<u64>();
    let wanted = match longest {
        // One bar of all mails is always full.
        None if total > 0 => u64::from(whole),
        _ => total.min(u64::from(whole)),
    };
    if let Some(largest) = lengths.iter_mut().max() {
        *largest = (*largest + wanted).saturating_sub(total);
    }
    let point = |length| i32::try_from(length).unwrap_or(SIZE.0);
    lengths.into_iter().map(point).collect()
}

fn rectangle(area: &Area<'_>, (from, to): (i32, i32), colour: RGBColor) -> Result<(), Failure> {
    area.draw(&Rectangle::new([(from, 0), (to, SIZE.1)], colour.filled()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_can_be_seen_and_a_bar_is_full() {
        for (counts, expected) in [
            (&[0, 0, 0][..], &[0, 0, 0][..]),
            (&[5, 0, 0], &[2_000, 0, 0]),
            (&[1, 1, 0], &[1_000, 1_000, 0]),
            (&[1_000_000, 1, 1], &[1_984, 8, 8]),
            (&[u64::MAX, 1, 0], &[1_992, 8, 0]),
        ] {
            assert_eq!(lengths(counts, None), expected);
        }
        assert_eq!(lengths(&[5], Some(10)), [1_000]);
        assert_eq!(lengths(&[1, 1], Some(1_000_000)), [8, 8]);
        assert_eq!(lengths(&[0], Some(0)), [0]);
    }
}
