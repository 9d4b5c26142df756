//! The values of the cells of spreadsheets as texts.

use calamine::{CellErrorType, Data, ExcelDateTime};

/// The text of a cell, or the error that its formula has.
pub(super) fn text(value: &Data) -> Result<String, CellErrorType> {
    Ok(match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => decimal(*number),
        Data::String(text) => text.clone(),

        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => date_time(time),
        Data::DateTimeIso(text) => iso_date_time(text),
        Data::DurationIso(text) => iso_duration(text),
        Data::Error(error) => return Err(error.clone()),
        Data::Empty => String::new(),
    })
}

/// A number as spreadsheets show it: with at most 15 digits, and without a needless `.0`.
fn decimal(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// `2026-11-30`, `2026-11-30 14:05`, `14:05` or `2026-11-30 14:05:09`.
fn date_time(time: &ExcelDateTime) -> String {
    let (year, month, day, hours, minutes, seconds, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    // The time alone is a part of a day.
    let has_date = time.as_f64() >= 1.0;
    if time.is_duration() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a number with a point is bounded"
        )]
        let seconds = (time.as_f64() * 86_400.0).round() as i64;
        return clock(seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let clock = clock(hours.into(), minutes.into(), seconds.into());
    match (has_date, clock.as_str()) {
        (true, "00:00") => date,
        (true, clock) => format!("{date} {clock}"),
        (false, clock) => clock.to_owned(),
    }
}

fn clock(hours: i64, minutes: i64, seconds: i64) -> String {
    if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

/// `2026-11-30T14:05:00` in the same form.
fn iso_date_time(text: &str) -> String {
    match text.split_once('T') {
        None | Some((_, "00:00:00")) => text.split('T').next().unwrap_or_default().to_owned(),
        Some((date, clock)) => format!("{date} {}", clock.strip_suffix(":00").unwrap_or(clock)),
    }
}

/// `PT14H05M00S` in the same form. Another duration stays as it is.
fn iso_duration(text: &str) -> String {
    let parts = || {
        let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?.split(['.', ',']).next()?;
        let number = |text: &str| text.parse::<i64>().ok();
        Some(clock(number(hours)?, number(minutes)?, number(seconds)?))
    };
    parts().unwrap_or_else(|| text.to_owned())
}

/// The letters of a column: A, B and so on, AA after Z.
pub(super) fn column_name(place: usize) -> String {
    let mut name = Vec::new();
    let mut rest = place + 1;
    while rest > 0 {
        rest -= 1;
        name.extend(u8::try_from(rest % 26).map(|letter| char::from(b'A' + letter)));
        rest /= 26;
    }
    name.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn values_are_written_as_spreadsheets_show_them() {
        let date = |value| {
            Data::DateTime(ExcelDateTime::new(
                value,
                ExcelDateTimeType::DateTime,
                false,
            ))
        };
        let duration = |value| {
            Data::DateTime(ExcelDateTime::new(
                value,
                ExcelDateTimeType::TimeDelta,
                false,
            ))
        };
        for (value, expected) in [
            (Data::Float(4711.0), "4711"),
            (Data::Float(-0.5), "-0.5"),
            (Data::Float(0.1 + 0.2), "0.3"),
            (Data::Float(1e15), "1000000000000000"),
            (Data::Int(7), "7"),
            (Data::String("00123".to_owned()), "00123"),
            (Data::Bool(true), "TRUE"),
            (date(46356.0), "2026-11-30"),
            (date(46356.25), "2026-11-30 06:00"),
            (date(0.25), "06:00"),
            (duration(1.5), "36:00"),
            (Data::DateTimeIso("2026-11-30".to_owned()), "2026-11-30"),
            (
                Data::DateTimeIso("2026-11-30T06:00:00".to_owned()),
                "2026-11-30 06:00",
            ),
            (Data::DurationIso("PT06H05M09S".to_owned()), "06:05:09"),
            (Data::Empty, ""),
        ] {
            assert_eq!(text(&value).unwrap(), expected, "{value:?}");
        }
        assert!(text(&Data::Error(CellErrorType::NA)).is_err());
        let names = [0, 25, 26, 701, 702].map(column_name);
        assert_eq!(names, ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
