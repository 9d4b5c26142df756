//! The marks of axes, at round numbers and times.

use crate::report::time::Clock;

/// The distances that time axes have, in seconds.
const STEPS: [i64; 21] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 2_419_200,
];

/// The marks of a time axis: seconds since 1970, at round times of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeMarks {
    pub(super) seconds: Vec<i64>,
    /// How far they are apart.
    pub(super) step: i64,
}

/// At most so many marks from one second to another.
pub(super) fn times(from: i64, to: i64, most: i64, clock: &Clock) -> TimeMarks {
    let span = to.saturating_sub(from).max(1);
    let step = STEPS.iter().find(|step| span / **step <= most);
    // A job of years.
    let step = step.copied().unwrap_or(span / most.max(1) + 1);
    let offset = clock.offset(from);
    let local = from.saturating_add(offset);
    let first = local.saturating_sub(local.rem_euclid(step));
    let marks = std::iter::successors(Some(first), |mark| mark.checked_add(step))
        .map(|mark| mark.saturating_sub(offset));
    let seconds = marks
        .skip_while(|second| *second < from)
        .take_while(|second| *second <= to)
        .collect();
    TimeMarks { seconds, step }
}

/// Round numbers in at most so many steps, from 0 up to the first that is not less than this one.
pub(super) fn numbers(highest: u64, steps: u64) -> Vec<u64> {
    let highest = highest.max(1);
    let step = (0..19).find_map(|power| {
        let unit = 10_u64.checked_pow(power)?;
        [1, 2, 5]
            .into_iter()
            .filter_map(|digit| unit.checked_mul(digit))
            .find(|step| highest.div_ceil(*step) <= steps)
    });
    let step = step.unwrap_or(highest);
    let last = highest.div_ceil(step);
    (0..=last)
        .map(|number| number.saturating_mul(step))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_round_and_few() {
        for (highest, expected) in [
            (0, &[0, 1][..]),
            (1, &[0, 1]),
            (4, &[0, 1, 2, 3, 4]),
            (34, &[0, 10, 20, 30, 40]),
            (310, &[0, 100, 200, 300, 400]),
            (2_140, &[0, 500, 1_000, 1_500, 2_000, 2_500]),
        ] {
            assert_eq!(numbers(highest, 5), expected);
        }
        assert_eq!(numbers(4, 3), [0, 2, 4]);
        assert!(numbers(u64::MAX, 5).len() < 10);
    }

    #[test]
    fn times_are_round_and_few() {
        let clock = Clock::new(Some("UTC"));
        for (from, to, expected, step) in [
            (0, 1, &[0, 1][..], 1),
            (7, 60, &[10, 20, 30, 40, 50, 60], 10),
            (70, 2_530, &[600, 1_200, 1_800, 2_400], 600),
            (
                0,
                3 * 86_400,
                &[0, 43_200, 86_400, 129_600, 172_800, 216_000, 259_200],
                43_200,
            ),
        ] {
            let marks = times(from, to, 6, &clock);
            assert_eq!((marks.seconds.as_slice(), marks.step), (expected, step));
        }
        assert!(times(0, i64::MAX / 2, 6, &clock).seconds.len() <= 7);
    }
}
