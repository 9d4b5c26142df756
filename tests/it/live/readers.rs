//! Programs of Debian that read what comes with the command: man, three shells and systemd.

use std::path::Path;

use crate::cli::cli_fixture::{CliFixture, Directory, server};
use crate::cli::run::{Ended, Run, USER};

/// A script of the shell `sh` in a directory where `pilotfish` is a link to the command.
async fn shell(directory: &Directory, script: &str) -> Ended {
    let bin = directory.path().join("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).unwrap();
        let program = env!("CARGO_BIN_EXE_pilotfish");
        std::os::unix::fs::symlink(program, bin.join("pilotfish")).unwrap();
    }
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let path = format!("{}:{}:/usr/bin:/bin", bin.display(), tools.display());
    Run::program("sh")
        .args(["-ec", script])
        .directory(directory.path())
        .env("PATH", path)
        .env("HOME", directory.path())
        .env("TERM", "dumb")
        .env("LC_ALL", "C.UTF-8")
        .end()
        .await
}

#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn man_accepts_every_page() {
    let directory = Directory::new();
    let script = "pilotfish man --output pages; mkdir text
        for page in pages/*; do
            for width in 80 132; do
                MANWIDTH=$width man --warnings -E UTF-8 -l -Tutf8 $page > text/$(basename $page)
            done
        done";
    let ended = shell(&directory, script).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let files = std::fs::read_dir(directory.path().join("text")).unwrap();
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        let text = without_overstrikes(&std::fs::read_to_string(&path).unwrap());
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
            let heading = format!("\n{section}\n");
            assert!(text.contains(&heading), "{}: {text}", path.display());
        }
        count += 1;
        if !path.ends_with("pilotfish-send.1") {
            continue;
        }
        for part in [
            "\nMAIL\n",
            "\nSERVER AND TLS\n",
            "\n       -a, --attach <FILE[;name=..][;type=..]>\n",
            "pilotfish send ann@example.org -s 'A shark' -a shark.png < letter.txt\n",
            "\nEXIT STATUS\n",
            "Send again? no, ask first.\n",
            "\n       ~/.config/pilotfish/config.toml\n",
            "\nENVIRONMENT\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert!(count >= 21, "{count}");
}

/// The text without the characters that make a printer print bold: `x`, back, `x`.
fn without_overstrikes(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        if character == '\u{8}' {
            plain.pop();
        } else {
            plain.push(character);
        }
    }
    plain
}

#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn bash_completes_commands_and_flags() {
    let directory = Directory::new();
    // What bash itself does at the Tab key.
    directory.file(
        "complete.bash",
        "set -u; source ./script; complete -p pilotfish\n\
         try() {\n\
             COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\"; COMPREPLY=()\n\
             _pilotfish pilotfish \"${COMP_WORDS[$COMP_CWORD]}\" \"${COMP_WORDS[$(($# - 2))]}\"\n\
             echo \"${COMPREPLY[@]}\"\n\
         }\n\
         try pilotfish se\n\
         try pilotfish account te\n\
         try pilotfish send --subj\n\
         try pilotfish send --tls im\n\
         try pilotfish sendmail -\n",
    );
    let script = "pilotfish completions bash > script; bash --norc complete.bash";
    let ended = shell(&directory, script).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines[0].contains("_pilotfish"), "{ended:?}");
    let found = &lines[1..];
    // Those of sendmail(1), not those of the other commands.
    let of_sendmail = "-t -f -r -F -N -R -V -A -C -X -v";
    let expected = [
        "send sendmail",
        "test",
        "--subject",
        "implicit",
        of_sendmail,
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn zsh_completes_commands_and_flags() {
    let directory = Directory::new();
    directory.file(
        ".zshenv",
        "module_path=($ZSH_UNPACKED/usr/lib/*/zsh/*); \
         fpath=($PWD/functions $ZSH_UNPACKED/usr/share/zsh/functions/**/*(/))\n",
    );
    directory.file(
        ".zshrc",
        "PS1=; autoload -U compinit; compinit -u -D; bindkey '^I' complete-word\n\
         zle-line-init() { : > ready; }; zle -N zle-line-init\n\
         show-line() { print -r \"<$BUFFER>\" > new; mv new found; BUFFER=; }; zle -N show-line\n\
         bindkey '^G' show-line\n",
    );
    // A shell on a terminal of its own, at which the Tab key is pressed.
    directory.file(
        "complete.zsh",
        "zmodload zsh/zpty || exit 1\n\
         zpty shell zsh -d -i\n\
         await() { while [[ ! -e $1 ]]; do zpty -r -t shell line; read -t 0.01; done; }\n\
         await ready\n\
         for typed in 'pilotfish chec' 'pilotfish account te' 'pilotfish send --subj' \
             'pilotfish send --tls im' 'pilotfish check --logi' \
             'pilotfish account add --na'; do\n\
             rm -f found\n\
             zpty -w -n shell \"$typed\"$'\\t\\a'\n\
             await found\n\
             cat found\n\
         done\n\
         zpty -d shell\n",
    );
    let script = "mkdir functions; pilotfish completions zsh > functions/_pilotfish
        timeout 50 zsh -d complete.zsh";
    let ended = shell(&directory, script).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let lines = ended.stdout.lines().filter(|line| !line.is_empty());
    let expected = [
        "<pilotfish check >",
        "<pilotfish account test >",
        "<pilotfish send --subject=>",
        "<pilotfish send --tls implicit >",
        "<pilotfish check --login >",
        "<pilotfish account add --name=>",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn fish_completes_commands_and_flags() {
    let directory = Directory::new();
    directory.file(
        "setup",
        "set fish_function_path $FISH_UNPACKED/usr/share/fish/functions\n\
         source script; complete -C\"$typed\"\n",
    );
    let script = "pilotfish completions fish > script
        for typed in 'pilotfish se' 'pilotfish account te' 'pilotfish send --subj' \
            'pilotfish send --tls im'; do
            typed=\"$typed\" fish --no-config setup
        done";
    let ended = shell(&directory, script).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let words = ended
        .stdout
        .lines()
        .map(|line| line.split('\t').next().unwrap());
    let words: Vec<_> = words.collect();
    assert_eq!(words, ["send", "sendmail", "test", "--subject", "implicit"]);
}

/// systemd knows each key of the unit, and what the unit runs mails the journal of the unit that failed.
#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn systemd_accepts_the_unit_and_its_command_mails_the_journal() {
    const UNIT: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/config/systemd/pilotfish-failure@.service"
    );
    let fixture = CliFixture::open(server()).await;
    let directory = &fixture.directory;
    let ended = shell(directory, &format!("systemd-analyze verify {UNIT}")).await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    // It says what it does not know, so the silence before means something.
    let unit = std::fs::read_to_string(UNIT).unwrap();
    directory.file(
        "bad@.service",
        unit.replace("ProtectHome=", "ProtectHouse="),
    );
    let ended = shell(directory, "systemd-analyze verify ./bad@.service").await;
    assert!(ended.stderr.contains("ProtectHouse"), "{ended:?}");

    let config = format!(
        "[account.system]\nserver = '{}'\nuser = '{USER}'\ntls-ca = 'ca.pem'\n\
         password-credential = 'password'\n",
        fixture.server.addr()
    );
    directory.file("config.toml", config);
    directory.file("journalctl", "#!/bin/sh\necho \"$@\"\n");
    directory.chmod("journalctl", 0o755);
    // As systemd reads it: a line goes on after a backslash, and $$ is $.
    let command = unit.replace("\\\n", " ").replace("$$", "$");
    let command = command
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/bin/sh -c '"));
    let script = command.unwrap().strip_suffix("' sh %i").unwrap();
    let script = script.replace("/usr/bin/pilotfish", "pilotfish");
    let script = script.replace("--log journald", "--log mail.log");
    directory.file("script", script);
    let run = "PATH=$PWD:$PATH; export PILOTFISH_CONFIG=config.toml CREDENTIALS_DIRECTORY=$PWD
        sh script backup.service 2>&1 || true
        MAILTO=ann@example.org sh -c \"$(cat script)\" sh backup.service";
    let ended = shell(directory, run).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("set it by: systemctl edit"),
        "{ended:?}"
    );
    let mail = fixture.mail().await;
    assert_eq!(mail.forward_paths, ["ann@example.org"]);
    let text = String::from_utf8_lossy(&mail.octets);
    assert!(
        text.contains("Subject: backup.service failed on "),
        "{text}"
    );
    assert!(
        text.contains("\r\n\r\n--unit=backup.service --lines=100"),
        "{text}"
    );
}
