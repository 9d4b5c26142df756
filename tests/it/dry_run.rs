//! The command writes the mail instead of sending it.

use std::fs;
use std::process::Command;

#[test]
fn what_the_mail_is_made_of_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("a.png");
    fs::write(&picture, "octets").unwrap();
    fs::hard_link(&picture, folder.path().join("link.png")).unwrap();
    for (flag, input, output) in [
        ("--attach", "a.png", "a.png"),
        ("--attach", "a.png;name=b.png", "./a.png"),
        ("--attach", "a.png", "link.png"),
        ("--text", "@a.png", "a.png"),
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_pilotfish"))
            .current_dir(&folder)
            .args([
                "send",
                "--from",
                "me@example.org",
                "--to",
                "ann@example.org",
            ])
            .args(["--dry-run", "--output", output, flag, input])
            .output()
            .unwrap();
        assert_eq!(
            fs::read(&picture).unwrap(),
            b"octets",
            "{input} to {output}"
        );
        assert_eq!(run.status.code(), Some(73), "{run:?}");
    }
}
