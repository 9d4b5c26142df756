//! An SVG that the page contains.

use std::io;

use minijinja::{HtmlEscape, Value};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};

/// What charts are drawn on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Why a chart cannot be drawn.
pub(super) type Failure = DrawingAreaErrorKind<io::Error>;

/// What those who do not see the chart read.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Labels<'a> {
    /// The identifier, which no other chart of the page has.
    pub(in crate::report) id: &'a str,
    pub(in crate::report) title: &'a str,
    pub(in crate::report) description: &'a str,
}

/// How wide the page is that a chart is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Width {
    /// A window or paper.
    Wide,
    /// A telephone.
    Narrow,
}

impl Width {
    /// In points of charts with axes.
    pub(super) fn points(self) -> u32 {
        match self {
            Self::Wide => 1_840,
            Self::Narrow => 720,
        }
    }

    /// The class that the style sheet shows at this width alone.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// Draws a chart of this size, whose proportions stay.
pub(super) fn proportional(
    size: (u32, u32),
    class: &str,
    labels: Labels<'_>,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Failure>,
) -> io::Result<Value> {
    svg(size, class, "xMidYMid", labels, draw)
}

/// Draws a chart of this size, which fills its place.
pub(super) fn stretched(
    size: (u32, u32),
    class: &str,
    labels: Labels<'_>,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Failure>,
) -> io::Result<Value> {
    svg(size, class, "none", labels, draw)
}

fn svg(
    (width, height): (u32, u32),
    class: &str,
    proportions: &str,
    Labels {
        id,
        title,
        description,
    }: Labels<'_>,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Failure>,
) -> io::Result<Value> {
    let mut drawn = String::new();
    let area = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
    draw(&area)
        .and_then(|()| area.present())
        .map_err(io::Error::other)?;
    drop(area);
    // The backend's own tag has a fixed size and no label.
    let shapes = drawn.split_once('>').map_or("", |(_, shapes)| shapes);
    let (title, description) = (HtmlEscape(title), HtmlEscape(description));
    Ok(Value::from_safe_string(format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"{proportions}\" \
         role=\"img\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{shapes}"
    )))
}
