//! Tables as people and programs write them.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(options: TableOptions, octets: &[u8]) -> Result<Vec<Row>, MergeError> {
    let source = Cursor::new(octets.to_vec());
    options.read("people", source)?.collect()
}

/// The rows as their numbers and values, one after another.
fn values(text: &str) -> String {
    let rows = read(TableOptions::new(), text.as_bytes()).unwrap();
    let row = |row: &Row| {
        let values: Vec<_> = row.fields().map(|(_, value)| value.to_string()).collect();
        format!("{} {}", row.number(), values.join(" "))
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn error(octets: &[u8]) -> MergeError {
    let format = TableOptions::new().format(TableFormat::Csv);
    read(format, octets).unwrap_err()
}

#[test]
fn rows_of_csv() {
    for (text, expected) in [
        ("a,b\n1,2\n", r#"2 "1" "2""#),
        ("a,b\r\n1,2", r#"2 "1" "2""#),
        ("a,b\r1,2\r3,4\r", "2 \"1\" \"2\"\n3 \"3\" \"4\""),
        ("a;b\n00123;1,5\n", r#"2 "00123" "1,5""#),
        (" a , b \n x , y \n", r#"2 " x " " y ""#),
        ("a,b\n\"x, \"\"y\"\"\",\"\"\n", r#"2 "x, \"y\"" """#),
        (
            "a,b\n\"x\r\ny\",z\n1,2",
            "2 \"x\\r\\ny\" \"z\"\n3 \"1\" \"2\"",
        ),
        ("a,b\n\"x\" ,y", r#"2 "x" "y""#),
        ("a,b\nx\"y,\"z\"", r#"2 "x\"y" "z""#),
        ("\n\na\n\nx\n", r#"5 "x""#),
        ("a,b\n,\n ,\n1,2\n\n", r#"4 "1" "2""#),
        ("sep=;\r\na;b\r\n1;2", r#"2 "1" "2""#),
        ("\u{feff}a\nx", r#"2 "x""#),
        ("a\n", ""),
    ] {
        assert_eq!(values(text), expected, "{text:?}");
    }
}

#[test]
fn rows_of_json_lines() {
    for (text, expected) in [
        (
            "{\"a\":1,\"b\":\"x\"}\n\n {\"b\":null}\r\n",
            "1 1 \"x\"\n3 null",
        ),
        (
            "{\"a\":1.10,\"b\":1.5,\"c\":12345678901234567890123,\"d\":1e3,\"e\":true}",
            r#"1 "1.10" 1.5 "12345678901234567890123" "1e3" true"#,
        ),
        (
            r#"{"z":[{"b":2,"a":0.50}],"a":{}}"#,
            r#"1 [{"a":"0.50","b":2}] {}"#,
        ),
    ] {
        assert_eq!(values(text), expected, "{text:?}");
    }
}

#[test]
fn what_csv_must_not_be() {
    let long = format!("a\n\"{}", "x".repeat(2 << 20));
    let wide = format!("a{}", ",a".repeat(1000));
    for (text, expected) in [
        ("", "people: there is no header: the table is empty"),
        ("a,,b\n", "people:1: column 2 has no name"),
        ("a,b, a\n", "people:1: two columns have the name \"a\""),
        (
            "ann@example.org,Ann\n",
            "people:1: there is no header: \"ann@example.org\" is not the name of a column",
        ),
        (
            "a,b\n\"x\ny\",z\n1\n",
            "people:4: the row has 1 field, the header 2",
        ),
        (
            "a,b\n1,2,3\n",
            "people:2: the row has 3 fields, the header 2",
        ),
        (
            "a,b\n1,\"2\n3,4\n",
            "people:2:3: the quotation mark is not closed before the end of the file",
        ),
        (
            &long,
            "people:2:1: the quotation mark is not closed before the next mebibyte",
        ),
        (&wide, "people:1:2000: the row has over 1000 fields"),
        ("a\né\0", "people:2:2: there is a NUL character"),
        (
            "a,b\n\"x\"y,z\n",
            "people:2:4: text follows the quotation mark that closes a field",
        ),
    ] {
        let error = error(text.as_bytes());
        assert_eq!(error.to_string(), expected);
    }
    let mut octets = format!("a\n{}ä", "x\n".repeat(40_000)).into_bytes();
    octets.push(0xe4);
    let error = error(&octets);
    assert_eq!(
        error.to_string(),
        "people:40002:2: this is not UTF-8, as the text before it is"
    );
    assert!(error.help().unwrap().contains("windows-1252"));
    let csv = |separator| TableOptions::new().separator(separator);
    assert!(read(csv('"'), b"a").is_err() && read(csv('§'), b"a").is_err());
    assert_eq!(read(csv(':'), b"a:b\n1:2").unwrap().len(), 1);
}

#[test]
fn what_json_lines_must_not_be() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 21));
    for (text, expected) in [
        ("{\"a\":1}\n[1]\n", "people:2: the line is not an object"),
        ("{\"a\":1,}", "people:1:8: this is not JSON: trailing comma"),
        (
            "{\"a\":1,\"a\":2}",
            "people:1: the object has two fields \"a\"",
        ),
        (&deep, "people:1: this is not JSON: it is nested too deep"),
        (&long, "people:1: the line has over 1 MiB"),
    ] {
        let error = read(TableOptions::new(), text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let json = TableOptions::new().format(TableFormat::JsonLines);
    let error = read(json, b"{\"a\":\"\xe4\"}").unwrap_err();
    assert_eq!(error.to_string(), "people:1: this is not UTF-8");
}

#[test]
fn a_row_can_be_stored_as_an_object() {
    let rows = read(TableOptions::new(), b"{\"b\":1.50,\"a\":[true]}").unwrap();
    let object = rows[0].to_object();
    let again = Row::new("people", 1, object);
    assert_eq!(again.get("b"), Some(&json!("1.50")));
    assert_eq!(again.get("a"), Some(&json!([true])));
    assert_eq!(again.get("c"), None);
}

#[test]
fn the_extension_names_the_format() {
    for (path, expected) in [
        ("a.CSV", Some(TableFormat::Csv)),
        ("a.b.tsv", Some(TableFormat::Csv)),
        ("a.ndjson", Some(TableFormat::JsonLines)),
        ("a.xlsx", Some(TableFormat::Spreadsheet)),
        ("a.xls", None),
        ("csv", None),
    ] {
        assert_eq!(TableFormat::of_path(Path::new(path)), expected, "{path}");
    }
    let error = Rows::open("people.xls").unwrap_err();
    assert!(error.to_string().starts_with("people.xls: the extension"));
    let error = Rows::open("none.csv").unwrap_err();
    assert_eq!(error.kind(), MergeErrorKind::Io);
}

/// Gives rows for ever, and counts its octets.
struct Endless {
    given: Arc<AtomicU64>,
    row: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        let len = place.len().min(self.row.len());
        place[..len].copy_from_slice(&self.row[..len]);
        self.row.rotate_left(len);
        self.given.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

#[test]
fn a_million_rows_are_never_in_memory_together() {
    let given = Arc::new(AtomicU64::new(0));
    let row = b"abc,ann@example.org\n".to_vec();
    let len = row.len() as u64;
    let source = Endless {
        given: Arc::clone(&given),
        row,
    };
    let header = Cursor::new(b"id,email\n".to_vec());
    let mut rows = TableOptions::new()
        .read("people", header.chain(source))
        .unwrap();
    for count in 1..=1_000_000 {
        let row = rows.next().unwrap().unwrap();
        let ahead = given.load(Ordering::Relaxed) - count * len;
        assert!(ahead <= 2 * text_reader::BLOCK as u64, "{ahead}");
        assert!(row.number() == count + 1);
    }
}

/// A table that programs for spreadsheets write, as `tests/fixtures/tables` has it in their formats.
#[test]
fn tables_of_spreadsheets() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    let number = |row: &Row| row.number();
    for (name, encoding) in [
        ("excel-unicode.txt", Some("UTF-16LE")),
        ("excel-german.csv", Some("windows-1252")),
        ("excel-utf8.csv", Some("UTF-8")),
        #[cfg(feature = "spreadsheet")]
        ("openpyxl.xlsx", None),
        #[cfg(feature = "spreadsheet")]
        ("odfpy.ods", None),
    ] {
        let rows = Rows::open(directory.join(name)).unwrap();
        assert_eq!(rows.encoding(), encoding, "{name}");
        assert_eq!(
            rows.columns().unwrap(),
            ["Name", "E-Mail", "Ticket", "Betrag", "Datum"]
        );
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        // The third row is empty.
        assert_eq!(
            rows.iter().map(number).collect::<Vec<_>>(),
            [2, 4],
            "{name}"
        );
        let texts = |row: &Row| {
            row.fields()
                .map(|(_, value)| value.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let expected = [
            "Jörg Müller",
            "joerg@example.org",
            "00123",
            "4711",
            "2026-11-30",
        ];
        assert_eq!(texts(&rows[0]), expected, "{name}");
        let expected = ["Lee, Ann \"A\"", "ann@example.org", "00124", "0.5", ""];
        assert_eq!(texts(&rows[1]), expected, "{name}");
    }
}

#[cfg(feature = "spreadsheet")]
#[test]
fn spreadsheets_that_cannot_be_read() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    let sheet = |name: &str| TableOptions::new().sheet(name);
    let error = sheet("Tabele2")
        .open(directory.join("openpyxl.xlsx"))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the spreadsheet has no sheet \"Tabele2\""),
        "{error}"
    );
    assert_eq!(error.help(), Some("did you mean \"Tabelle2\"?"));
    for name in ["openpyxl.xlsx", "odfpy.ods"] {
        let rows = sheet("Tabelle2").open(directory.join(name)).unwrap();
        let error = rows.map(Result::unwrap_err).next().unwrap();
        assert!(
            error
                .to_string()
                .ends_with(":3: the row has 2 fields, the header 1"),
            "{error}"
        );
        assert_eq!(error.row(), Some(3));
    }
    let spreadsheet = TableOptions::new().format(TableFormat::Spreadsheet);
    let error = spreadsheet.clone().read("a.xlsx", &b"PK"[..]).unwrap_err();
    assert_eq!(error.help(), Some("save it as CSV"));
    let large = io::repeat(b'x').take(50_000_001);
    let error = spreadsheet.read("a.xlsx", large).unwrap_err();
    assert_eq!(error.to_string(), "a.xlsx: the spreadsheet has over 50 MB");
}

#[cfg(not(feature = "spreadsheet"))]
#[test]
fn a_spreadsheet_needs_its_feature() {
    let spreadsheet = TableOptions::new().format(TableFormat::Spreadsheet);
    let error = spreadsheet.read("a.xlsx", &b"PK"[..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.xlsx: this build cannot read spreadsheets"
    );
}

proptest! {
    #[test]
    fn rows_that_another_program_wrote_are_the_same(
        rows in prop::collection::vec(prop::collection::vec("[ab,;\"\r\n\t| é🦈]{0,6}", 3), 0..8),
        separator in prop::sample::select(&[b',', b';', b'\t', b'|'][..]),
        is_crlf: bool,
    ) {
        let terminator = if is_crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
        let mut writer = ::csv::WriterBuilder::new()
            .delimiter(separator)
            .terminator(terminator)
            .from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let octets = writer.into_inner().unwrap();
        let found = read(TableOptions::new(), &octets).unwrap();
        let found: Vec<Vec<_>> = found
            .iter()
            .map(|row| row.fields().map(|(_, value)| value.as_str().unwrap().to_owned()).collect())
            .collect();
        let expected: Vec<_> = rows
            .into_iter()
            .filter(|row| row.iter().any(|field| !field.trim().is_empty()))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_octets_do_harm(octets in prop::collection::vec(any::<u8>(), 0..300), text in "[a\",;\r\n{}:\\[\\]]{0,60}") {
        let _ = read(TableOptions::new(), &octets);
        let _ = read(TableOptions::new(), text.as_bytes());
        for format in [TableFormat::Csv, TableFormat::JsonLines, TableFormat::Spreadsheet] {
            let _ = read(TableOptions::new().format(format), &octets);
        }
    }
}
