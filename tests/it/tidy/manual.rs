//! The manual names only tests that exist.

use super::{File, files, none};

/// The module of a file, as the manual names its tests.
fn module(file: &File) -> String {
    let path = file.path.trim_start_matches("src/");
    let path = path.trim_start_matches("tests/it/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").replace('/', "::")
}

/// Whether the file has a test with this name, as a function or as a line of a test macro.
fn has_test(file: &File, test: &str) -> bool {
    file.text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches("async ");
        let name = line.trim_start_matches("fn ").strip_prefix(test);
        name.is_some_and(|rest| rest.starts_with('('))
    })
}

/// The tests that a table names: words in backquotes with a path.
fn named(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let rows = table.lines().filter(|line| line.starts_with("//! | "));
    let last_cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let words = last_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.filter_map(|word| word.rsplit_once("::"))
}

#[test]
fn every_test_that_the_manual_names_exists() {
    let mut sources = files("src/");
    sources.extend(files("tests/it/"));
    let mut complaints = Vec::new();
    for table in ["src/manual/rfc.rs", "src/manual/attacks.rs"] {
        let table = files(table).pop().unwrap();
        let mut count = 0;
        for (place, test) in named(&table.text) {
            count += 1;
            // The manual may also name types and its own pages.
            let other = place == "manual" || test.starts_with(char::is_uppercase);
            let mut there = sources.iter().filter(|file| module(file) == place);
            if !other && !there.any(|file| has_test(file, test)) {
                complaints.push(format!("{}: {place}::{test}", table.path));
            }
        }
        assert!(count > 20, "{}: {count} tests", table.path);
    }
    none(&complaints);
}
