//! The help pages as they are printed, and `explain`.

use super::cli_fixture::Directory;
use super::run::{Ended, Run};

/// Runs this in a home without any account but those of this file.
async fn at_home(directory: &Directory, arguments: &str) -> Ended {
    let path = directory.path();
    let run = Run::new(arguments).directory(path).env("HOME", path);
    let run = run.env("XDG_CONFIG_HOME", "");
    run.env("PILOTFISH_CONFIG", "").end().await
}

#[tokio::test]
async fn the_first_screen_says_what_to_type() {
    let directory = Directory::new();
    let ended = at_home(&directory, "").await;
    assert_eq!((ended.status, ended.stdout.as_str()), (64, ""));
    for line in [
        "Pilotfish sends mail: text, pictures and attachments of any size.\n\n",
        "\n  pilotfish send ann@example.org -s Hello < text   send a mail\n",
        "\n  pilotfish check smtp.gmail.com                   test a server, send nothing\n",
    ] {
        assert!(ended.stderr.contains(line), "{ended:?}");
    }
    std::fs::create_dir_all(directory.path().join(".config/pilotfish")).unwrap();
    let one = "[account.work]\nserver = 'there.invalid'\n";
    let two = "[account.home]\nserver = 'there.invalid'\n";
    for (accounts, state) in [
        (one.to_owned(), "Account: work"),
        (format!("{one}{two}"), "Accounts: home, work"),
        (format!("default = 'home'\n{one}{two}"), "Account: home"),
    ] {
        directory.file(".config/pilotfish/config.toml", accounts);
        let ended = at_home(&directory, "").await;
        let end = format!("\n\n{state}\nAll commands: pilotfish -h\n");
        assert!(ended.stderr.ends_with(&end), "{ended:?}");
    }
}

#[tokio::test]
async fn the_help_of_send_is_one_screen() {
    let expected = "\
Send one mail. Standard input is its text.

Usage: pilotfish send [OPTIONS] [RECIPIENT]...

Mail
      --to, --cc, --bcc <LIST>   Recipients; bcc: the others do not see them
  -s, --subject <TEXT>           The subject
      --from <MAILBOX>           The sender [default: the account's]
      --reply-to <LIST>          Where answers go
Content
  -m, --text <TEXT|@FILE|->      The text, in place of standard input
      --html <HTML|@FILE|->      The HTML that most readers show instead
      --markdown <FILE|->        Make text and HTML from a Markdown file
      --inline <LABEL=FILE|auto> A picture in the HTML; auto: all it refers to
  -a, --attach <FILE>...         Attach files
  -e, --edit                     Write the text in $EDITOR
      --raw <FILE|->             Send a finished message (RFC 5322)
Account
  -A, --account <NAME>           [default: the one of --from, else the default]
      --server <HOST[:PORT]>     A server without an account
      --user <NAME>              Log in as this user
      --password-file <FILE>     Where the password is
Delivery
      --retry <TIME>             Try again for this long, such as 30m
      --timeout <TIME>           Stop after this time in all, such as 2m
Output
  -n, --dry-run                  Write the mail instead of sending it
      --json                     Print the outcome as JSON
  -v, -vv, -q                    Each step; the whole dialogue; errors only
Examples
  pilotfish send ann@example.org -s 'A shark' -a shark.png < letter.txt
  pilotfish send ann@example.org bob@example.net -s News --markdown news.md
  df -h | pilotfish send me@example.org -s 'Disks of web1'

Exit status: 0 accepted, 65 rejected, 75 try again later, 76 TLS, 77 login,
80 accepted for some, 81 unknown. All flags and statuses: --help
";
    let ended = Run::new("send -h").end().await;
    assert_eq!((ended.status, ended.stdout.as_str()), (0, expected));
}

/// What concerns the mail comes first, and the protocol last.
#[tokio::test]
async fn the_whole_help_has_its_order() {
    for arguments in ["send --help", "help send"] {
        let ended = Run::new(arguments).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        let lines: Vec<_> = ended.stdout.lines().collect();
        let is_long = |line: &&str| line.chars().count() > 80;
        assert!(!lines.iter().any(is_long), "{}", ended.stdout);
        // After an empty line, and not indented.
        let pairs = lines.windows(2).filter(|pair| pair[0].is_empty());
        let headings = pairs.map(|pair| pair[1]);
        let headings: Vec<_> = headings
            .filter(|line| line.starts_with(char::is_uppercase) && !line.starts_with("Usage"))
            .map(|line| line.split("  ").next().unwrap())
            .collect();
        let is_heading = |line: &&str| headings.contains(line);
        assert_eq!(
            headings,
            [
                "Mail",
                "Content",
                "Account",
                "Delivery",
                "Output",
                "Finished message",
                "Signature (DKIM)",
                "Server and TLS",
                "Network",
                "Notifications (DSN)",
                "Protocol",
                "Examples",
                "Exit status",
                "Files",
                "Environment",
            ]
        );
        for (flag, heading) in [
            ("--subject <", "Mail"),
            ("--text <", "Content"),
            ("--user <", "Account"),
            ("--password-file <", "Account"),
            ("--account <", "Account"),
            ("--retry <", "Delivery"),
            ("--timeout <", "Delivery"),
            ("--json", "Output"),
            ("--raw <", "Finished message"),
            ("--dkim-key <", "Signature (DKIM)"),
            ("--tls <", "Server and TLS"),
            ("--tls-ca <", "Server and TLS"),
            ("--proxy <", "Network"),
            ("--dsn <", "Notifications (DSN)"),
            ("--chunking <", "Protocol"),
        ] {
            let before = ended.stdout.split(&format!("      {flag}")).next().unwrap();
            let before = if before.len() == ended.stdout.len() {
                ended.stdout.split(&format!(", {flag}")).next().unwrap()
            } else {
                before
            };
            let last = before.lines().rfind(is_heading);
            assert_eq!(last, Some(heading), "{flag}");
        }
    }
}

#[tokio::test]
async fn a_reply_is_explained() {
    for (reply, expected) in [
        (
            "'535-5.7.8 Username and Password not accepted'",
            "535 5.7.8   the server rejected the login: wrong user name or password\n\
             at Gmail    an app password is needed, or this one was revoked\n\
             send again  no: more attempts may lock the account. Exit status 77\n\
             help        https://",
        ),
        (
            "'535 5.7.139 Authentication unsuccessful, basic authentication is disabled'",
            "535 5.7.139       the server rejected the login: wrong user name or password\n\
             at Microsoft 365  this account cannot log in by a password\n\
             send again        no: more attempts may lock the account. Exit status 77\n\
             help              Microsoft takes no password",
        ),
        (
            "550 5.1.1 User unknown",
            "550 5.1.1   the mailbox does not exist: check the part before the @\n\
             send again  no: the same is rejected again. Exit status 65\n",
        ),
        // An enhanced status code alone, and an exit status.
        (
            "5.1.1",
            "550 5.1.1   the mailbox does not exist: check the part before the @\n",
        ),
        (
            "4.2.0 busy",
            "450 4.2.0   the server defers the mail: it may accept it later\n",
        ),
        (
            "80",
            "exit status 80  the mail was accepted for some recipients, and not for the\n\
             \x20               others\n\
             send again      to the others alone\n",
        ),
    ] {
        let ended = Run::new(&format!("explain {reply}")).end().await;
        assert_eq!(ended.status, 0);
        assert!(ended.stdout.starts_with(expected), "{ended:?}");
        let has_page = ended.stdout.ends_with(", then: pilotfish auth set\n");
        assert_eq!(has_page, reply.contains("5.7.8"), "{ended:?}");
    }
    let ended = Run::new("explain --json 535 5.7.8 gsmtp").end().await;
    let object: serde_json::Value = serde_json::from_str(ended.result()).unwrap();
    assert_eq!(object["at"]["service"], "Gmail");
    let ended = Run::new("explain --json 421 4.7.0 busy").end().await;
    let object: serde_json::Value = serde_json::from_str(ended.result()).unwrap();
    assert_eq!(object["schema"], "pilotfish.explain/1");
    assert_eq!(object["at"], serde_json::Value::Null);
    assert_eq!(
        (&object["code"], &object["exit_status"]),
        (&421.into(), &75.into())
    );
    let ended = Run::new("explain --json 130").end().await;
    let object: serde_json::Value = serde_json::from_str(ended.result()).unwrap();
    assert_eq!(object["schema"], "pilotfish.explain-status/1");
    for text in ["User unknown", "5.x", "63", "1.1.1"] {
        let ended = Run::new(&format!("explain {text}")).end().await;
        ended.fails(64, "a reply begins with its code, as in 550 5.1.1");
    }
}

#[tokio::test]
async fn what_was_meant_is_named() {
    for (arguments, words) in [
        ("sned", "help:   did you mean: pilotfish send"),
        ("version", "help:   all commands: pilotfish -h"),
        ("config shw", "help:   did you mean: pilotfish config show"),
        (
            "account tst",
            "help:   did you mean: pilotfish account test",
        ),
        ("auth statsu", "help:   did you mean: pilotfish auth status"),
        ("auth xyzzy", "help:   all commands: pilotfish auth -h"),
        ("send --colour never", "help:   did you mean --color?"),
        ("send --sbuject x", "help:   did you mean --subject?"),
        (
            "send --tls implict",
            "help:   it is one of implicit, starttls, none",
        ),
    ] {
        Run::new(arguments).end().await.fails(64, words);
    }
    let ended = Run::new("send --xyzzy").end().await;
    ended.fails(64, "there is no flag --xyzzy");
    assert!(!ended.stderr.contains("help:"), "{ended:?}");
}
