//! The packages that the crate depends on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::{ROOT, files, lines_with, none, paths, source};

/// The machine decides where packages are downloaded from.
#[test]
fn only_the_public_registry_is_named() {
    let lock = files("Cargo.lock").remove(0);
    let sources = lock
        .text
        .lines()
        .filter(|line| line.starts_with("source = "));
    let other = sources
        .filter(|line| *line != PUBLIC_REGISTRY)
        .map(str::to_owned);
    none(&other.collect::<Vec<_>>());
    none(&lines_with("tests/it/live/node/", |line| {
        line.contains("\"resolved\"")
    }));
    let settings = paths().into_iter().filter(|path| path.ends_with("/.npmrc"));
    none(&settings.collect::<Vec<_>>());
    // Cargo's own settings are variables for builds, and nothing else.
    none(&lines_with(".cargo/", |line| {
        let other_table = line.starts_with('[') && line != "[env]";
        other_table || line.contains("registr") || line.contains("source")
    }));
}

const PUBLIC_REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// The names in a table of the manifest.
fn packages(table: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let rest = manifest.split_once(&format!("\n[{table}]\n")).unwrap().1;
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
        .collect()
}

#[test]
fn every_package_is_used() {
    let files = source();
    let mut complaints = Vec::new();
    for package in packages("dependencies") {
        let name = package.replace('-', "_");
        let path = format!("{name}::");
        let used = files
            .iter()
            .any(|file| file.code().any(|(_, line)| line.contains(&path)));
        if !used {
            complaints.push(format!("{package} is not used"));
        }
    }
    none(&complaints);
}

#[test]
fn the_required_packages_are_used() {
    let packages = packages("dependencies");
    for package in [
        "tokio",
        "tokio-rustls",
        "rustls-pemfile",
        "webpki-roots",
        "base64",
        "tracing",
        "tracing-subscriber",
    ] {
        assert!(packages.iter().any(|found| found == package), "{package}");
    }
}

/// A service that sends mail builds few packages, including those for the build.
#[test]
fn the_bare_library_is_small() {
    for (cryptography, most) in [("ring", 80), ("aws-lc-rs", 86)] {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--offline", "--no-default-features"])
            .args(["--features", cryptography, "--edges", "normal,build"])
            .args(["--prefix", "none", "--format", "{p}"])
            .current_dir(ROOT)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        // Cargo marks packages that are listed again.
        let packages: BTreeSet<_> = lines
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .collect();
        assert!(
            packages
                .iter()
                .any(|package| package.starts_with("tokio v"))
        );
        assert!(
            packages.len() <= most,
            "{} with {cryptography}: {packages:#?}",
            packages.len()
        );
    }
}

/// This crate implements the protocol and the messages itself.
#[test]
fn no_package_sends_mail_or_makes_messages() {
    let others = [
        "lettre",
        "mail-send",
        "mail-builder",
        "async-smtp",
        "mailgun",
        "samotop",
        "sendmail",
        "new_mail",
        "email",
        "emailmessage",
        "email-format",
        "mime_multipart",
        "imap",
    ];
    let lock = files("Cargo.lock").remove(0);
    let names = lock
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("name = "));
    let found = names.map(|name| name.trim_matches('"').to_owned());
    none(
        &found
            .filter(|name| others.contains(&name.as_str()))
            .collect::<Vec<_>>(),
    );
}
