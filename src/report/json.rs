//! The report for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::data::ReportData;

/// The JSON Schema of what [`json`] writes.
pub const SCHEMA: &str = include_str!("schema.json");

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    #[serde(flatten)]
    data: &'a ReportData,
}

/// Writes the report as one JSON object on a line. [`SCHEMA`] describes it.
///
/// # Errors
///
/// The writer's.
pub fn json(data: &ReportData, mut writer: impl Write) -> io::Result<()> {
    let object = Object {
        schema: "pilotfish.report/1",
        data,
    };
    serde_json::to_writer(&mut writer, &object)?;
    writer.write_all(b"\n")?;
    writer.flush()
}
