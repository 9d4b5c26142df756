//! The help page of each command as it is printed, the pager, and the version.

use std::collections::BTreeSet;
use std::path::Path;

use super::cli_fixture::Directory;
use super::run::Run;
use crate::support::screen::Screen;

/// Where the pages are that tests compare with. With `PILOTFISH_NEW_PAGES=1` they are written anew.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/help");

/// All commands, by the names of their manual pages.
async fn commands(directory: &Directory) -> Vec<String> {
    let written = Run::new("man --output pages").directory(directory.path());
    assert_eq!(written.end().await.status, 0);
    let files = std::fs::read_dir(directory.path().join("pages")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.map(|name| {
        let name = name
            .strip_suffix(".1")
            .unwrap()
            .replacen("pilotfish", "", 1);
        name.replace('-', " ").trim().to_owned()
    });
    let commands: BTreeSet<_> = names.collect();
    assert!(commands.len() >= 21, "{commands:?}");
    commands.into_iter().collect()
}

#[tokio::test]
async fn each_page_is_the_one_that_was_reviewed() {
    let directory = Directory::new();
    let mut files = BTreeSet::new();
    for command in commands(&directory).await {
        let ended = Run::new(&format!("{command} -h")).end().await;
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{command}");
        let lines = ended.stdout.lines();
        assert!(lines.clone().count() <= 60, "{}", ended.stdout);
        for line in lines {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        let name = format!("pilotfish {command}").trim().replace(' ', "-");
        let file = Path::new(PAGES).join(format!("{name}.txt"));
        if std::env::var_os("PILOTFISH_NEW_PAGES").is_some() {
            std::fs::create_dir_all(PAGES).unwrap();
            std::fs::write(&file, &ended.stdout).unwrap();
        }
        let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(ended.stdout, reviewed, "{command}");
        files.insert(format!("{name}.txt"));
    }
    let there = std::fs::read_dir(PAGES).unwrap();
    let there = there.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), files);
}

/// `help X` and `X --help` are the same page, which says more than `-h`.
#[tokio::test]
async fn help_of_a_command_is_its_long_page() {
    for command in ["send", "account", "account add", "check", "sendmail", "man"] {
        let by_name = Run::new(&format!("help {command}")).end().await;
        let by_flag = Run::new(&format!("{command} --help")).end().await;
        assert_eq!(by_name.stdout, by_flag.stdout, "{command}");
        assert_eq!((by_name.status, by_flag.status), (0, 0), "{command}");
        let short = Run::new(&format!("{command} -h")).end().await.stdout;
        assert!(by_flag.stdout.len() >= short.len(), "{command}");
    }
}

/// A group without a command is an error, and shows its commands.
#[tokio::test]
async fn a_group_alone_shows_its_commands() {
    for group in ["account", "auth", "config"] {
        let alone = Run::new(group).end().await;
        let asked = Run::new(&format!("{group} -h")).end().await;
        assert_eq!((alone.status, alone.stdout.as_str()), (64, ""), "{group}");
        assert_eq!(alone.stderr, asked.stdout, "{group}");
    }
}

/// On a terminal, a long page goes through the pager of the person.
#[tokio::test]
async fn a_long_page_goes_through_the_pager() {
    let directory = Directory::new();
    directory.file("pager", "#!/bin/sh\nsed 's/^/| /'\n");
    directory.chmod("pager", 0o755);
    let paged = ("\n| Exit status", true);
    for (script, (text, is_shown)) in [
        ("PAGER=./pager \"$0\" send --help", paged),
        ("PAGER=./pager \"$0\" help send", paged),
        (
            "PAGER='./pager -x' \"$0\" account --help",
            ("| Commands", true),
        ),
        // One screen needs no pager.
        ("PAGER=./pager \"$0\" send -h", ("| Usage", false)),
        // Without a pager, and with one that is not there, the page is printed.
        ("PAGER= \"$0\" send --help", ("\nExit status", true)),
        ("PAGER=./nosuch \"$0\" send --help", ("\nExit status", true)),
        // A pager that ends before it has read everything has shown enough.
        (
            "PAGER='head -n 1' \"$0\" send --help",
            ("Exit status", false),
        ),
        // Off a terminal, there is no pager.
        (
            "PAGER=./pager \"$0\" send --help | cat",
            ("\nExit status", true),
        ),
    ] {
        let script = format!("{script}; echo status $?");
        let mut screen = Screen::start(&script, directory.path());
        // A terminal holds few lines that are not read.
        screen.until("status ").await;
        let (_, shown) = screen.end().await;
        assert!(shown.ends_with("status 0\n"), "{script}: {shown}");
        assert_eq!(shown.contains(text), is_shown, "{script}: {shown}");
    }
}

#[tokio::test]
async fn the_version_says_what_the_build_has() {
    for flag in ["-V", "--version"] {
        let ended = Run::new(flag).end().await;
        let lines: Vec<_> = ended.stdout.lines().collect();
        assert_eq!(ended.status, 0);
        assert!((5..24).contains(&lines.len()), "{lines:?}");
        assert_eq!(lines[0], concat!("pilotfish ", env!("CARGO_PKG_VERSION")));
        let cryptography = if cfg!(feature = "aws-lc-rs") {
            "aws-lc-rs"
        } else {
            "ring"
        };
        assert!(lines[2].starts_with(&format!("TLS       rustls with {cryptography}: TLS 1.3")));
        for (feature, is_on) in [
            ("keyring", cfg!(feature = "keyring")),
            ("metrics", cfg!(feature = "metrics")),
            ("tower", cfg!(feature = "tower")),
            ("aws-lc-rs", cfg!(feature = "aws-lc-rs")),
        ] {
            let mut words = ended
                .stdout
                .split_once("\nfeatures ")
                .unwrap()
                .1
                .split_whitespace();
            assert_eq!(words.any(|word| word == feature), is_on, "{feature}");
        }
    }
}
