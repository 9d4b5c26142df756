//! The charts of the page, as SVG.

mod axis;
mod bars;
mod course;
mod frame;
mod latency;
mod svg;
mod ticks;

use plotters::style::RGBColor;

use super::data::Outcome;

pub(super) use self::bars::{outcomes, share};
pub(super) use self::course::course;
pub(super) use self::frame::Period;
pub(super) use self::latency::latency;
pub(super) use self::svg::{Labels, Width};

// The style sheet finds shapes by their colour, and has other colours for dark screens.
const ACCEPTED: RGBColor = RGBColor(0x2F, 0x85, 0x5F);
const REJECTED: RGBColor = RGBColor(0xC2, 0x3B, 0x3B);
const DEFERRED: RGBColor = RGBColor(0xE0, 0xA0, 0x30);
const UNKNOWN: RGBColor = RGBColor(0x8C, 0x5A, 0xA8);
const NOT_TRIED: RGBColor = RGBColor(0xC8, 0xCE, 0xD8);
const CONNECTIONS: RGBColor = RGBColor(0x8F, 0xA8, 0xC4);
const P50: RGBColor = RGBColor(0x1F, 0x5F, 0x99);
const P95: RGBColor = RGBColor(0x1E, 0x5F, 0x99);
const P99: RGBColor = RGBColor(0x1D, 0x5F, 0x99);
const PAUSE: RGBColor = RGBColor(0xEC, 0xEE, 0xF2);
const GRID: RGBColor = RGBColor(0xE2, 0xE5, 0xEA);
const AXIS: RGBColor = RGBColor(0x9A, 0xA3, 0xB0);
const LABEL: RGBColor = RGBColor(0x59, 0x62, 0x6F);

fn colour(outcome: Outcome) -> RGBColor {
    match outcome {
        Outcome::Accepted => ACCEPTED,
        Outcome::Rejected => REJECTED,
        Outcome::Deferred => DEFERRED,
        Outcome::Unknown => UNKNOWN,
        Outcome::NotTried => NOT_TRIED,
    }
}

/// A count as a coordinate.
#[expect(
    clippy::cast_precision_loss,
    reason = "a pixel is larger than the error"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// A second since 1970 as a coordinate.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds up to the year 9999 are exact"
)]
fn coordinate(second: i64) -> f64 {
    second as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_knows_each_colour() {
        let style = include_str!("../page/style.css");
        let colours = [
            ACCEPTED,
            REJECTED,
            DEFERRED,
            UNKNOWN,
            NOT_TRIED,
            CONNECTIONS,
            P50,
            P95,
            P99,
            PAUSE,
            GRID,
            AXIS,
            LABEL,
        ];
        for RGBColor(red, green, blue) in colours {
            let value = format!("=\"#{red:02X}{green:02X}{blue:02X}\"]");
            assert!(style.contains(&value), "{value}");
        }
    }
}
