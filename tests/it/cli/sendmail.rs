//! `pilotfish sendmail`: the mail of other programs, and the exit statuses that they know.

use std::os::unix::fs::symlink;

use pilotfish::testing::{Fault, Point, TestServerBuilder};

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::{Run, USER};

/// A message as cron of Debian writes it.
const CRON: &str = "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@web1> df\n\
                    Content-Type: text/plain; charset=UTF-8\n\nFilesystem\n.\n..\n";

/// A configuration with one account at the server.
pub(super) async fn fixture(server: TestServerBuilder, keys: &str) -> CliFixture {
    let fixture = CliFixture::open(server).await;
    let config = format!(
        "{keys}\n[account.a]\nserver = \"{}\"\ntls-ca = \"ca.pem\"\nuser = \"{USER}\"\n\
         password-file = \"password\"\n",
        fixture.server.addr()
    );
    fixture.directory.file("config.toml", config);
    fixture
        .directory
        .file("aliases", "root: ann@example.org, bo\nbo: bo@example.net\n");
    fixture
}

/// `pilotfish sendmail` with these flags and this input.
pub(super) fn sendmail(directory: &Directory, flags: &str, input: &str) -> Run {
    Run::new(&format!("-C config.toml sendmail {flags}"))
        .directory(directory.path())
        .stdin(input)
}

/// A recipient that is named, what the configuration says, and who gets the mail.
#[tokio::test]
async fn names_without_a_domain() {
    for (keys, flags, expected) in [
        (
            "aliases = 'aliases'",
            "-i -FCronDaemon -B8BITMIME -oem root",
            &["ann@example.org", "bo@example.net"][..],
        ),
        ("domain = 'web1.example'", "-i root", &["root@web1.example"]),
        (
            "domain = 'web1.example'\naliases = 'aliases'",
            "-t -oi cy@example.com",
            &["cy@example.com", "ann@example.org", "bo@example.net"],
        ),
    ] {
        let fixture = fixture(server(), keys).await;
        let ended = sendmail(&fixture.directory, flags, CRON).end().await;
        // cron sends what it reads.
        assert_eq!(
            (ended.status, ended.stdout.as_str(), ended.stderr.as_str()),
            (0, "", "")
        );
        let mail = fixture.mail().await;
        assert_eq!(mail.forward_paths, expected, "{flags}");
        let text = String::from_utf8(mail.octets.to_vec()).unwrap();
        assert!(text.contains("\r\n\r\nFilesystem\r\n.\r\n..\r\n"), "{text}");
        let domain = if keys.starts_with("domain") {
            "@web1.example"
        } else {
            "@"
        };
        assert!(text.contains(&format!("From: root{domain}")), "{text}");
        let id = text.lines().find(|line| line.starts_with("Message-ID: <"));
        assert!(id.is_some_and(|id| id.ends_with("@example.org>")), "{text}");
    }
    let fixture = fixture(server(), "").await;
    let ended = sendmail(&fixture.directory, "root", CRON).end().await;
    ended.fails(65, "root is a name without a domain");
    fixture.received_nothing().await;
}

/// What callers do with the status: 75 is tried again, 65 and 74 are not.
#[tokio::test]
async fn statuses_that_callers_know() {
    let at_data = |reply: &str| server().fault(Fault::ReplyAt(Point::EndOfData, reply.into()));
    for (server, status) in [
        (at_data("554 5.7.1 no"), 65),
        (at_data("451 4.7.1 later"), 75),
        (server().fault(Fault::CloseAt(Point::EndOfData)), 74),
        (
            server().refuse_recipient("bo@example.net", "550 5.1.1 no"),
            65,
        ),
        (
            server().refuse_recipient("bo@example.net", "450 4.2.0 later"),
            65,
        ),
    ] {
        let fixture = fixture(server, "").await;
        let run = sendmail(&fixture.directory, "ann@example.org bo@example.net", CRON);
        let ended = run.end().await;
        assert_eq!(ended.status, status, "{ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{ended:?}");
        // Whoever repeats the command doubles the mail of those who have it.
        let repeat = "do not repeat the command: it would send the mail again to those who have it";
        let is_partial = ended.stderr.contains("accepted  ann@example.org");
        let words: Vec<_> = ended.stderr.split_whitespace().collect();
        let is_said = words.join(" ").contains(repeat);
        assert_eq!(is_said, is_partial, "{ended:?}");
        let quiet = sendmail(&fixture.directory, "-oeq -Z", CRON).end().await;
        assert_eq!(quiet.status, 64, "{quiet:?}");
    }
    // All of the message is read, or the caller would end by SIGPIPE.
    let directory = Directory::new();
    let long = "a\n".repeat(1 << 20);
    let ended = sendmail(&directory, "ann@example.org", &long).end().await;
    assert_eq!(ended.status, 78, "{ended:?}");
}

#[tokio::test]
async fn other_tasks() {
    let fixture = fixture(server(), "aliases = 'aliases'").await;
    for (flags, stdout) in [
        ("-bp", "the queue is empty\n"),
        ("-bi", ""),
        ("-q30m", ""),
        (
            "-bv root ann@example.com",
            "root: ann@example.org, bo@example.net (no server was asked)\n\
             ann@example.com: ann@example.com (no server was asked)\n",
        ),
    ] {
        let ended = sendmail(&fixture.directory, flags, "").end().await;
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, stdout),
            "{flags}: {ended:?}"
        );
    }
    for (name, stdout) in [("mailq", "the queue is empty\n"), ("newaliases", "")] {
        let path = fixture.directory.path().join(name);
        symlink(env!("CARGO_BIN_EXE_pilotfish"), &path).unwrap();
        let ended = Run::program(&path).end().await;
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, stdout),
            "{ended:?}"
        );
    }
    fixture.received_nothing().await;
}

/// The account after `-A` is never a recipient, and flags of other commands are named whole.
#[tokio::test]
async fn accounts_and_unknown_flags() {
    let fixture = fixture(server(), "domain = 'example.org'").await;
    for (flags, status, text) in [
        ("-A a ann@example.org", 0, ""),
        ("-Aa ann@example.org", 0, ""),
        ("-Ac -Am ann@example.org", 0, ""),
        (
            "-A example ann@example.org",
            64,
            "there is no account named \"example\"",
        ),
        (
            "--retry 1m ann@example.org",
            64,
            "sendmail has no flag --retry",
        ),
        ("--json ann@example.org", 64, "sendmail has no flag --json"),
    ] {
        let ended = sendmail(&fixture.directory, flags, CRON).end().await;
        assert_eq!(ended.status, status, "{flags}: {ended:?}");
        assert!(ended.stderr.contains(text), "{flags}: {ended:?}");
    }
    for (flag, text) in [
        ("-h", "\nUsage: pilotfish"),
        ("--help", "\nUsage: pilotfish"),
        ("--version", "\nTLS       rustls"),
    ] {
        let ended = sendmail(&fixture.directory, flag, "").end().await;
        assert_eq!(ended.status, 0, "{flag}: {ended:?}");
        assert!(ended.stdout.contains(text), "{flag}: {ended:?}");
    }
    let mails = fixture.mails().await;
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert_eq!(mail.forward_paths, ["ann@example.org"]);
    }
}

/// An alias may lead to an address of this machine.
#[tokio::test]
async fn an_alias_may_be_an_address_at_localhost() {
    let fixture = fixture(server(), "aliases = 'here'").await;
    fixture.directory.file("here", "root: me@localhost\n");
    let ended = sendmail(&fixture.directory, "root", CRON).end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(fixture.mail().await.forward_paths, ["me@localhost"]);
}

/// A line for each mail, whatever became of it; a log that cannot be written stops the mail before.
#[tokio::test]
async fn a_log_has_a_line_for_each_mail() {
    let rejects = Fault::ReplyAt(Point::EndOfData, "554 5.7.1 no \"spam\"".into());
    let fixture = fixture(server().fault(rejects), "").await;
    for (flags, status) in [("-oeq -X mail.log", 65), ("-X mail.log", 0)] {
        let run = sendmail(
            &fixture.directory,
            &format!("{flags} ann@example.org"),
            CRON,
        );
        let ended = run.end().await;
        // By -oeq an error is in the status alone.
        assert_eq!((ended.status, ended.stderr.as_str()), (status, ""));
    }
    let nowhere = sendmail(&fixture.directory, "-X none/mail.log ann@example.org", CRON);
    let nowhere = nowhere.end().await;
    nowhere.fails(73, "cannot write the log to none/mail.log");
    let log = String::from_utf8(fixture.directory.read("mail.log")).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (line, parts) in lines.iter().zip([
        [
            " rejected account=a from=me@example.org to=ann@example.org ",
            " status=65 ",
            "reply=\"5.7.1 no \\\"spam\\\"\"",
        ],
        [
            " accepted account=a from=me@example.org to=ann@example.org ",
            " status=0 ",
            " code=250 ",
        ],
    ]) {
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    assert_eq!(fixture.mails().await.len(), 1);
}

/// The author of the message chooses the account, for sendmail and for finished messages.
#[tokio::test]
async fn the_author_chooses_the_account() {
    let server = server().user("joe@example.net", "sesame");
    let fixture = fixture(server, "default = 'a'").await;
    let address = fixture.server.addr();
    let config = String::from_utf8(fixture.directory.read("config.toml")).unwrap();
    let joe = format!(
        "{config}[account.joe]\nserver = \"{address}\"\ntls-ca = \"ca.pem\"\nuser = \"joe@example.net\"\n\
         password-command = \"echo sesame\"\n"
    );
    fixture.directory.file("config.toml", joe);
    let message = |from: &str| format!("From: {from}\nTo: ann@example.org\n\nHi\n");
    let mut expected = Vec::new();
    for (from, user) in [
        ("Joe <joe@example.net>", "joe@example.net"),
        ("JOE@example.net", "joe@example.net"),
        (USER, USER),
        // No account is that author's.
        ("eve@example.com", USER),
    ] {
        let ended = sendmail(&fixture.directory, "-t", &message(from))
            .end()
            .await;
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{from}");
        fixture.directory.file("mail.eml", message(from));
        for (raw, input) in [("mail.eml", String::new()), ("-", message(from))] {
            let run = Run::new(&format!("-C config.toml send -t --raw {raw}"));
            let run = run.directory(fixture.directory.path()).stdin(&input);
            run.end().await.result();
        }
        // The account by its name counts more.
        let ended = sendmail(&fixture.directory, "-t -A a", &message(from))
            .end()
            .await;
        assert_eq!(ended.status, 0, "{ended:?}");
        expected.extend([user, user, user, USER].map(str::to_owned));
    }
    let mails = fixture.mails().await.into_iter();
    let users: Vec<_> = mails.filter_map(|mail| mail.authenticated_as).collect();
    assert_eq!(users, expected);
}

/// An alias that cannot be used, or a file that is not there, is an error for the names that need it.
#[tokio::test]
async fn an_unusable_alias_stops_no_other_mail() {
    let fixture = fixture(server(), "aliases = 'odd'").await;
    let odd = "prog: |/bin/prog\nlist: :include:/etc/list\nroot: ann@example.org\n";
    fixture.directory.file("odd", odd);
    for recipient in ["ann@example.org", "root"] {
        let ended = sendmail(&fixture.directory, recipient, CRON).end().await;
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, ""),
            "{recipient}"
        );
    }
    let ended = sendmail(&fixture.directory, "prog", CRON).end().await;
    ended.fails(78, "odd:1: an alias is an address or a name");
    let check = Run::new("-C config.toml config check").directory(fixture.directory.path());
    let ended = check.end().await;
    assert_eq!(ended.status, 0);
    let shown = super::run::unwrapped(&ended.stderr);
    assert!(
        shown.contains("odd:1: an alias") && shown.contains("odd:2: an alias"),
        "{shown}"
    );
    std::fs::remove_file(fixture.directory.path().join("odd")).unwrap();
    let ended = sendmail(&fixture.directory, "ann@example.org", CRON)
        .end()
        .await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let ended = sendmail(&fixture.directory, "root", CRON).end().await;
    ended.fails(78, "cannot read the aliases in");
    let check = Run::new("-C config.toml config check").directory(fixture.directory.path());
    check.end().await.fails(78, "cannot read the aliases in");
    assert_eq!(fixture.mails().await.len(), 3);
}
