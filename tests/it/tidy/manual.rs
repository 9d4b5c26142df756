//! What the manual says is tested is tested.

use super::{File, files, none};

/// The module that a file is, as its tests are named.
fn module(file: &File) -> String {
    let path = file.path.trim_start_matches("src/");
    let path = path.trim_start_matches("tests/it/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").replace('/', "::")
}

/// Whether there is a test of this name, as a function or as a line of a macro of tests.
fn has_test(file: &File, test: &str) -> bool {
    file.text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches("async ");
        let name = line.trim_start_matches("fn ").strip_prefix(test);
        name.is_some_and(|rest| rest.starts_with('('))
    })
}

/// The names of tests in a table: words in backquotes with a path.
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
            // Types and pages of the manual may be named too.
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
