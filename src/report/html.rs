//! The report as one page.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior};

use super::data::ReportData;
use super::view::Page;
use crate::cryptography::digest;

const STYLE: &str = include_str!("page/style.css");

/// The page: its sections, one after the other.
const PAGE: &str = concat!(
    include_str!("page/begin.html"),
    include_str!("page/head.html"),
    include_str!("page/course.html"),
    include_str!("page/replies.html"),
    include_str!("page/problems.html"),
    include_str!("page/facts.html"),
    include_str!("page/end.html"),
);

/// Writes the report as one HTML file.
///
/// The file has no script and loads nothing, and its content security policy forbids both. It has
/// colours for light and dark screens and for paper. All text of servers and mails is escaped.
///
/// # Errors
///
/// The writer's.
pub fn html(data: &ReportData, mut writer: impl Write) -> io::Result<()> {
    let page = render(data)?;
    writer.write_all(page.as_bytes())?;
    writer.flush()
}

fn render(data: &ReportData) -> io::Result<String> {
    let page = Page::new(data, STYLE, &hash(STYLE))?;
    environment()
        .and_then(|environment| environment.get_template("page.html")?.render(Serde(&page)))
        .map_err(io::Error::other)
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A line with a tag alone leaves no blank line.
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.add_template("page.html", PAGE)?;
    Ok(environment)
}

/// The only style sheet that the policy of the page allows.
fn hash(style: &str) -> String {
    let digest = digest::digest(&digest::SHA256, style.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest))
}
