//! The folders that each folder of `message` may use.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ROOT, none, source};

/// The folders and files of `message`, the lowest first. None uses a later one.
const ORDER: [&str; 14] = [
    "error",
    "warning",
    "random",
    "first_error",
    "encoding",
    "source",
    "header",
    "html",
    "raw",
    "part",
    "render",
    "message",
    "builder",
    "dkim",
];

/// The types that `message` exports, each with its folder or file.
fn exported() -> BTreeMap<String, String> {
    let module = Path::new(ROOT).join("src/message/mod.rs");
    let text = std::fs::read_to_string(module).unwrap();
    let mut homes = BTreeMap::new();
    for statement in text.split("pub use ").skip(1) {
        let (statement, _) = statement.split_once(';').unwrap();
        let (home, types) = statement.split_once("::").unwrap();
        for name in types.split(|c: char| !c.is_alphanumeric()) {
            homes.insert(name.to_owned(), home.to_owned());
        }
    }
    homes
}

/// The names that follow `root` in the code of a file.
fn named<'a>(code: &'a str, root: &str) -> Vec<&'a str> {
    let first_name = |text: &'a str| {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text.get(..end.unwrap_or(text.len())).unwrap()
    };
    let after_root = code.split(root).skip(1);
    let names = after_root.flat_map(|rest| {
        let list = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        list.map_or(vec![rest], |(list, _)| list.split(',').collect())
    });
    names
        .map(first_name)
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_folder_of_message_names_only_those_before_it() {
    let homes = exported();
    let place = |name: &str| ORDER.iter().position(|folder| *folder == name);
    let mut complaints = Vec::new();
    for file in source() {
        let Some(path) = file.path.strip_prefix("src/message/") else {
            continue;
        };
        let own = path.split(['/', '.']).next().unwrap();
        if own == "mod" || own == "tests" {
            continue;
        }
        let own_place = place(own).unwrap_or_else(|| panic!("{own} has no place in the order"));
        let code: Vec<_> = file.code().map(|(_, line)| line).collect();
        let code = code.join("\n");
        // This test cannot see the names behind a glob import.
        if code.contains("super::super") {
            complaints.push(format!("{}: write crate::message", file.path));
        }
        let root = if path.contains('/') {
            "crate::message::"
        } else {
            "super::"
        };
        for name in named(&code, root)
            .into_iter()
            .chain(named(&code, "crate::message::"))
        {
            let home = homes.get(name).map_or(name, String::as_str);
            if place(home).is_none_or(|place| place > own_place) {
                complaints.push(format!("{}: {own} may not name {name}", file.path));
            }
        }
    }
    none(&complaints);
}
