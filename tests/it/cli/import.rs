//! Accounts from the files of other programs.

use super::account::{CONFIG, conversation, words};
use super::cli_fixture::Directory;
use super::run::{Ended, Run};

const MSMTPRC: &str = r#"# defaults of all
defaults
auth on
tls on
tls_trust_file /etc/ssl/certs/ca-certificates.crt
logfile ~/.msmtp.log

# at work
# password of the vault: hunter3
account work
host smtp.example.org
port 587
from "me@example.org"
user me
passwordeval "pass show mail/work"
domain desk.example.org
dsn_notify failure,delay

account home : work
host mail.example.net
port 465
tls_starttls off
tls_fingerprint 9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5:9A:E5
tls_trust_file
passwordeval
password hunter2
tls_certcheck off

account relay
host relay.example.org
auth off
tls off

account clear
host clear.example.org
tls off
user me
password hunter2

account default : home
"#;

const MUTTRC: &str = r#"set realname="Ann Lee" from=me@example.org # mine
set my_pass = "hunter2"
set smtp_url = "smtp://me%40example.org@smtp.example.org:587/" smtp_pass=$my_pass
set ssl_force_tls = yes
set smtp_authenticators="plain"
source ~/.mutt/colors
account-hook . 'set smtp_url=smtp://x'
"#;

const GITCONFIG: &str = r#"[user]
	name = Ann Lee
	email = ann@example.org ; mine
[sendemail]
	smtpEncryption = ssl
	smtpUser = "me"
	from = Me <me@example.org>
	confirm = always
[sendemail "work"]
	smtpServer = smtp.example.org
	smtpServerPort = 465
	smtpPass = "hunter#2"
	smtpAuth = PLAIN
[sendemail "local"]
	smtpServer = /usr/bin/msmtp
[include]
	path = other
"#;

async fn run(directory: &Directory, arguments: &str) -> Ended {
    let path = directory.path();
    let run = Run::new(arguments).directory(path).env("HOME", path);
    run.env("XDG_CONFIG_HOME", "").end().await
}

fn text(directory: &Directory, name: &str) -> String {
    String::from_utf8(directory.read(name)).unwrap()
}

#[tokio::test]
async fn the_accounts_of_msmtp() {
    let directory = Directory::new();
    directory.file(".msmtprc", MSMTPRC);
    let ended = run(&directory, "config import .msmtprc --store file --no-input").await;
    assert_eq!(
        ended.result(),
        "3 accounts written to ~/.config/pilotfish/config.toml: home, relay, work"
    );
    let expected = "not taken: .msmtprc:6: logfile: it is the flag --log\n\
        not taken: .msmtprc:27: tls_certcheck: the certificate is verified nevertheless\n\
        not taken: .msmtprc:34: account clear: it sends its password without TLS, which Pilotfish \
        does not do\n\
        password of home stored in ~/.config/pilotfish/home.password\n\
        .msmtprc still has the password: remove it there\n\
        next: pilotfish account test home\n\
        next: pilotfish account test relay\n\
        next: pilotfish account test work\n";
    assert_eq!(ended.stderr, expected);
    let written = "default = \"home\"\n\n\
        # from .msmtprc:10\n# at work\n[account.work]\nserver = \"smtp.example.org:587\"\n\
        tls-roots = \"system\"\nuser = \"me\"\npassword-command = \"pass show mail/work\"\n\
        from = \"me@example.org\"\ndsn = \"failure,delay\"\n\
        network = { helo = \"desk.example.org\" }\n\n\
        # from .msmtprc:19\n[account.home]\nserver = \"mail.example.net:465\"\n\
        tls-fingerprint = \"sha256:9ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae59ae5\"\n\
        user = \"me\"\nfrom = \"me@example.org\"\ndsn = \"failure,delay\"\n\
        network = { helo = \"desk.example.org\" }\npassword-file = \"home.password\"\n\n\
        # from .msmtprc:29\n[account.relay]\nserver = \"relay.example.org:25\"\ntls = \"none\"\n";
    assert_eq!(text(&directory, CONFIG), written);
    assert_eq!(
        text(&directory, ".config/pilotfish/home.password"),
        "hunter2"
    );
    assert_eq!(run(&directory, "config check").await.status, 0);
    // A second time, nothing is overwritten.
    let ended = run(&directory, "config import .msmtprc --store file").await;
    ended.fails(65, ".msmtprc has no account to import");
    let words = "not taken: .msmtprc:10: there is an account work already\n";
    assert!(ended.stderr.contains(words), "{ended:?}");
    assert_eq!(text(&directory, CONFIG), written);
}

#[tokio::test]
async fn the_account_of_mutt() {
    let directory = Directory::new();
    directory.file("muttrc", MUTTRC);
    std::fs::create_dir_all(directory.path().join(".config/pilotfish")).unwrap();
    let own = "# mine\n[account.old] # old\nserver = \"x\"\n";
    directory.file(CONFIG, own);
    let ended = run(&directory, "config import muttrc --no-input").await;
    ended.fails(64, "--store keyring, or --store file");
    assert_eq!(text(&directory, CONFIG), own);
    let ended = run(&directory, "config import muttrc --store file").await;
    assert!(ended.result().ends_with(": mutt"), "{ended:?}");
    for words in [
        "muttrc:5: smtp_authenticators: Pilotfish chooses the mechanism",
        "muttrc:6: source: another file is not read",
        "muttrc:7: account-hook: an account has one server",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    let written = "default = \"old\"\n# mine\n[account.old] # old\nserver = \"x\"\n\n\
        # from muttrc:3\n[account.mutt]\nserver = \"smtp.example.org:587\"\n\
        user = \"me@example.org\"\nfrom = \"Ann Lee <me@example.org>\"\n\
        password-file = \"mutt.password\"\n";
    assert_eq!(text(&directory, CONFIG), written);
    assert_eq!(
        text(&directory, ".config/pilotfish/mutt.password"),
        "hunter2"
    );
    // A command, and TLS at once.
    for (line, expected) in [
        (
            "set smtp_pass=`pass show me` smtp_url='smtps://me@[::1]'",
            "server = \"[::1]:465\"\nuser = \"me\"\npassword-command = \"pass show me\"\n",
        ),
        (
            "set nossl_starttls smtp_url=smtp://relay.example.org",
            "server = \"relay.example.org:25\"\ntls = \"none\"\n",
        ),
        (
            "set smtp_url=smtp://me@x smtp_oauth_refresh_command=\"oauth 'a b'\"",
            "auth = \"xoauth2,oauthbearer\"\nuser = \"me\"\ntoken-command = \"oauth …\"\n",
        ),
    ] {
        directory.file("line", line);
        let ended = run(&directory, "config import --from mutt line -n -C none.toml").await;
        assert!(
            format!("{}\n", ended.stdout.trim_end()).ends_with(expected),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn the_identities_of_git() {
    let directory = Directory::new();
    directory.file("config", GITCONFIG);
    let ended = run(&directory, "config import config --dry-run").await;
    let expected = "default = \"work\"\n\n# from config:10\n\
        # its password goes to the keyring or to a file of its own\n\
        [account.work]\nserver = \"smtp.example.org:465\"\nuser = \"me\"\nfrom = \"Me <me@example.org>\"";
    assert_eq!(
        (ended.status, ended.stdout.trim_end()),
        (0, expected),
        "{ended:?}"
    );
    assert!(!directory.path().join(".config").exists());
    for words in [
        "config:13: smtpauth: Pilotfish chooses",
        "config:15: smtpserver: it is a program",
        "config:17: include: another file is not read",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    let arguments = words("config import config");
    let answers = [("[f]iles that only you can read?", "f")];
    let (status, shown) = conversation(directory.path(), "", &arguments, &answers).await;
    assert_eq!(status, Some(0), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
    assert_eq!(
        text(&directory, ".config/pilotfish/work.password"),
        "hunter#2"
    );
}

#[tokio::test]
async fn files_that_are_not_imported() {
    let directory = Directory::new();
    directory.file("letter.txt", "Dear Ann\n");
    directory.file("latin1", b"host \xff\n");
    directory.sparse_file("large.msmtprc", 2 << 20);
    directory.file(
        "bad.msmtprc",
        "account a\nhost two words\nfrom @@\nport x\nunknown 1\n",
    );
    for (arguments, status, words) in [
        ("letter.txt", 64, "--from msmtp, --from mutt or --from git"),
        (
            "letter.txt --from git",
            65,
            "letter.txt has no account to import",
        ),
        ("none", 66, "cannot read none"),
        ("latin1", 66, "cannot read latin1"),
        ("large.msmtprc", 66, "too large"),
        ("/dev/zero --from git", 66, "too large"),
        ("bad.msmtprc", 65, "bad.msmtprc has no account to import"),
    ] {
        let ended = run(&directory, &format!("config import {arguments}")).await;
        ended.fails(status, words);
        assert!(!directory.path().join(".config").exists());
    }
    let ended = run(&directory, "config import bad.msmtprc").await;
    for words in [
        "not taken: bad.msmtprc:1: account a: from: ",
        "not taken: bad.msmtprc:4: port: it is not a port\n",
        "not taken: bad.msmtprc:5: unknown: it is not known\n",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
}
