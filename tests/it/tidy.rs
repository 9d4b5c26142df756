//! Rules that the source code keeps.

mod layers;
mod manual;
mod message_layers;
mod packages;
mod texts;

use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The maximum number of lines of a source file.
const MAX_LINES: usize = 450;

/// A file that is under version control.
struct File {
    path: String,
    text: String,
}

/// The text files under version control whose path begins with this.
fn files(beginning: &str) -> Vec<File> {
    paths()
        .into_iter()
        .filter(|path| path.starts_with(beginning))
        .filter_map(|path| {
            let text = std::fs::read_to_string(Path::new(ROOT).join(&path)).ok()?;
            Some(File { path, text })
        })
        .collect()
}

/// The paths of the working tree that git does not ignore. Outside of a repository, as in an
/// unpacked archive, all paths but the build output.
fn paths() -> Vec<String> {
    let git = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(git).current_dir(ROOT).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        let mut paths = Vec::new();
        walk(Path::new(ROOT), &mut paths);
        return paths;
    };
    let paths = String::from_utf8(output.stdout).unwrap();
    // Files that were deleted, but whose deletion is not committed yet.
    let there = |path: &&str| Path::new(ROOT).join(path).exists();
    paths.lines().filter(there).map(str::to_owned).collect()
}

fn walk(directory: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !["target", ".git"].iter().any(|built| path.ends_with(built)) {
                walk(&path, paths);
            }
        } else {
            let path = path.strip_prefix(ROOT).unwrap();
            paths.push(path.to_str().unwrap().to_owned());
        }
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

impl File {
    fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// Whether the whole file is for tests.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// The product's lines of code with their numbers: no comments, no tests, and no imports that
    /// only the documentation needs.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut previous = "";
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| !self.is_test() && !line.ends_with("mod tests {"))
            .filter(move |(_, line)| {
                let for_documentation = previous.trim() == "#[cfg(doc)]";
                previous = line;
                !for_documentation && !line.trim_start().starts_with("//")
            })
            .map(|(number, line)| (number + 1, line))
    }

    /// The module of the library that the file belongs to.
    fn module(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split('/').next().unwrap().trim_end_matches(".rs")
    }
}

/// The files of the library and the command.
fn source() -> Vec<File> {
    files("src/").into_iter().filter(File::is_rust).collect()
}

/// Fails if there are complaints, and prints them.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn the_top_level_has_only_these_entries() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "config",
        "src",
        "tests",
    ];
    let others: Vec<_> = paths()
        .into_iter()
        .map(|path| path.split('/').next().unwrap().to_owned())
        .filter(|entry| !entry.starts_with('.') && !allowed.contains(&entry.as_str()))
        .collect();
    none(&others);
}

/// After a `fork`, a process and its copy have the same state. Random octets in it would make both
/// give the same Message-ID to different mails.
#[test]
fn the_only_state_of_the_process_is_the_same_in_all_processes() {
    let allowed = [
        "static ENGINE",
        "static ZONE",
        "static ALL",
        "static TLS_1_3",
    ];
    let mut complaints = Vec::new();
    for file in source() {
        for (number, line) in file.code() {
            let is_state =
                line.split(' ').any(|word| word == "static") || line.contains("thread_local!");
            if is_state && !allowed.iter().any(|name| line.contains(name)) {
                complaints.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none(&complaints);
}

/// The command omits the parts "(`Type::method`)" of the library's messages, and adds its own flag.
/// It describes errors in messages in its own words.
#[test]
fn errors_name_methods_in_parentheses() {
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        !name.is_empty() && name.chars().all(is_part)
    };
    let mut complaints = Vec::new();
    for file in source() {
        if ["bin", "lib", "message", "testing", "manual"].contains(&file.module()) {
            continue;
        }
        for (number, line) in file.code() {
            let names = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|name| is_name(name));
            let names: Vec<_> = names.collect();
            let are_apart = names
                .iter()
                .all(|name| line.contains(&format!("(`{name}`)")));
            let is_attribute = line.trim_start().starts_with("#[must_use");
            if !are_apart && !is_attribute {
                complaints.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none(&complaints);
}

#[test]
fn no_file_is_long() {
    let long = files("src/").into_iter().chain(files("tests/it/"));
    let complaints: Vec<_> = long
        .filter(|file| file.is_rust() && file.text.lines().count() > MAX_LINES)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    none(&complaints);
}

#[test]
fn no_code_is_unfinished_and_none_may_panic() {
    let words = [
        "todo!",
        "unimplemented!",
        "unreachable!",
        "panic!(",
        "#[allow(",
        "#![allow(",
        ".unwrap()",
        ".expect(",
        "dbg!(",
        "unsafe ",
    ];
    let mut complaints = Vec::new();
    for file in source() {
        for (number, line) in file.code() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                complaints.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    none(&complaints);
}

/// A builder that is dropped builds nothing, and a stream that is dropped withdraws its mails.
#[test]
fn builders_and_streams_are_marked_must_use() {
    let mut count = 0;
    let mut complaints = Vec::new();
    for file in source() {
        let lines: Vec<_> = file.code().map(|(_, line)| line).collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("pub struct ") else {
                continue;
            };
            let end = |c: char| !c.is_alphanumeric();
            let name = rest.split(end).next().unwrap();
            let is_for = |of_trait: &str| {
                let implemented = |line: &&str| {
                    let types = line
                        .strip_prefix("impl")
                        .and_then(|l| l.split_once(of_trait));
                    types.is_some_and(|(_, on)| on.split(end).next() == Some(name))
                };
                lines.iter().any(implemented)
            };
            if !name.ends_with("Builder") && !is_for(" Stream for ") && !is_for(" Future for ") {
                continue;
            }
            count += 1;
            let attributes = lines[..index].iter().rev();
            let mut attributes = attributes.take_while(|line| line.starts_with("#["));
            if !attributes.any(|line| line.starts_with("#[must_use")) {
                complaints.push(format!("{}: {name} lacks #[must_use]", file.path));
            }
        }
    }
    none(&complaints);
    assert!(count >= 8, "{count}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let complaints: Vec<_> = source()
        .into_iter()
        .chain(files("tests/it/").into_iter().filter(File::is_rust))
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    none(&complaints);
}

/// Paths of the machine on which a file was made have no meaning elsewhere.
#[test]
fn no_text_names_a_path_of_the_developer() {
    let places = ["work", "home", "root", "tmp"].map(|place| format!("/{place}/"));
    none(&lines_with("", |line| {
        places.iter().any(|place| line.contains(place))
    }));
}

/// The tests that run the command, which uses the network. All other tests use a duplex in memory
/// or the server in this process.
const WITH_NETWORK: &[&str] = &["cli", "live", "message/memory"];

/// Names that are reserved for examples and tests (RFC 2606, RFC 6761) have no owner. Tests may
/// mention other names only in comments.
#[test]
fn no_test_connects_to_a_public_host() {
    let public = ["com", "net", "org", "io", "dev", "de", "edu", "gov"];
    let reserved = ["example.com", "example.net", "example.org"];
    let spoken_of = ["smtp.gmail.com"];
    let is_public = |name: &str| {
        let top = name.rsplit_once('.').map(|(_, top)| top);
        top.is_some_and(|top| public.contains(&top))
            && !reserved.iter().any(|domain| name.ends_with(domain))
            && !spoken_of.contains(&name)
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let names_public_host = |line: &str| {
        let line = line.trim_start();
        let comment = line.starts_with("//") || line.starts_with('#');
        !comment && line.split(|c| !in_name(c)).any(is_public)
    };
    for module in WITH_NETWORK {
        let beginning = format!("tests/it/{module}");
        let found = lines_with(&beginning, names_public_host).into_iter();
        // The authors of a package may be named. `packages` checks the source of the packages.
        let found = found.filter(|place| !place.contains("/package-lock.json:"));
        // Accounts at public services, which these files reach on this machine.
        let on_this_machine = [
            "tests/it/cli/examples.rs:",
            "tests/it/cli/account.rs:",
            "tests/it/cli/oauth_terminal.rs:",
            "tests/it/cli/printed_examples.rs:",
            "tests/it/live/first_minute.rs:",
        ];
        let is_public =
            |place: &String| on_this_machine.iter().all(|file| !place.starts_with(file));
        let found = found.filter(is_public);
        none(&found.collect::<Vec<_>>());
    }
}

/// The places of the lines that satisfy `has`, in the files whose path begins with this.
fn lines_with(beginning: &str, has: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(beginning) {
        for (number, line) in file.text.lines().enumerate() {
            if has(line) {
                found.push(format!("{}:{}: {line}", file.path, number + 1));
            }
        }
    }
    found
}

/// The first line of a dialogue names its source.
#[test]
fn a_dialogue_begins_with_its_source() {
    let complaints: Vec<_> = files("tests/fixtures/")
        .into_iter()
        .filter(|file| has_extension(&file.path, "smtp"))
        .filter(|file| {
            let first = file.text.lines().next().unwrap_or_default();
            let source = first.strip_prefix("# ").unwrap_or_default();
            !source.contains("RFC ") && !source.contains('.')
        })
        .map(|file| file.path)
        .collect();
    none(&complaints);
}

/// The file that declares the module of this file: `main.rs`, or that of the folder it is in.
fn declared_in(path: &str) -> String {
    let folder = path
        .strip_suffix("/mod.rs")
        .unwrap_or(path)
        .rsplit_once('/')
        .unwrap()
        .0;
    let own = [format!("{folder}/mod.rs"), format!("{folder}.rs")];
    let own = own
        .into_iter()
        .find(|file| Path::new(ROOT).join(file).exists());
    own.unwrap_or_else(|| format!("{folder}/main.rs"))
}

#[test]
fn every_module_of_tests_is_run() {
    let mut complaints = Vec::new();
    let mut count = 0;
    for file in files("tests/it/").into_iter().filter(File::is_rust) {
        if file.path.ends_with("/main.rs") {
            continue;
        }
        let parent = declared_in(&file.path);
        let text = std::fs::read_to_string(Path::new(ROOT).join(&parent)).unwrap();
        let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let declaration = format!("mod {};", path.rsplit('/').next().unwrap());
        let lines: Vec<_> = text.lines().collect();
        let place = lines.iter().position(|line| line.ends_with(&declaration));
        let comment = place.and_then(|place| lines.get(place.checked_sub(1)?));
        if place.is_none() || !file.text.starts_with("//! ") {
            complaints.push(format!(
                "{} is not in {parent}, or has no comment",
                file.path
            ));
        } else if parent.ends_with("/main.rs") && !comment.unwrap().starts_with("/// ") {
            complaints.push(format!("{} is in main.rs without a comment", file.path));
        }
        count += 1;
    }
    assert!(count > 100, "{count}");
    none(&complaints);
}
