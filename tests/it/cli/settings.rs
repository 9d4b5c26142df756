//! Invalid settings, from flags and from files of accounts: 78, and 64 if flags contradict each other.

use super::cli_fixture::Directory;
use super::run::Run;

/// Arguments that would be valid without what the test adds.
const VALID_ARGUMENTS: &str =
    "send --server there.invalid --from me@example.org --to ann@example.org";

#[tokio::test]
async fn a_source_without_a_password_is_78() {
    let directory = Directory::new();
    directory.file("empty", "");
    directory.file("blank", "\nsesame\n");
    directory.file("open", "sesame");
    directory.chmod("open", 0o644);
    for (arguments, words) in [
        (
            "--password-file none",
            "help:   write the password into the file by: install -D -m 600 /dev/stdin none",
        ),
        (
            "--token-file none",
            "help:   write the token into the file by",
        ),
        ("--password-file .", "cannot read the password"),
        ("--password-file empty", "no password on its first line"),
        ("--password-file blank", "no password on its first line"),
        ("--password-file open", "chmod 600 open"),
        ("--password-fd 99", "/dev/fd/99"),
        (
            "--password-command 'exit 3'",
            "`exit …` ended with status 3",
        ),
        ("--password-command true", "no password on its first line"),
        ("--password-command 'echo sesame; exit 1'", "failed"),
        ("--password-command pilotfish-no-such-command", "failed"),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} --user me {arguments}"));
        run.directory(directory.path()).end().await.fails(78, words);
    }
}

#[tokio::test]
async fn settings_that_are_wrong_are_78() {
    let directory = Directory::new();
    directory.file("password", "sesame");
    directory.file("not.toml", "account = [");
    directory.file(
        "unknown-key.toml",
        "[account.work]\nserver = 'x'\npassword = 'p'",
    );
    directory.file(
        "near-key.toml",
        "[account.work]\nserver = 'x'\npassword_file = 'p'",
    );
    directory.file(
        "two-modes.toml",
        "[account.work]\nserver = 'smtps://x'\ntls = 'none'",
    );
    directory.file("home.toml", "");
    directory.file("bad-from.toml", "[account.work]\nserver = 'x'\nfrom = 'me'");
    directory.file("other.toml", "[account.home]\nserver = 'x'");
    directory.file("empty.pem", "");
    directory.file(
        "not.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for (arguments, words) in [
        ("--config none.toml --account work", "none.toml"),
        ("--config not.toml --account work", "not.toml:1: account: "),
        (
            "--config unknown-key.toml --account work",
            "unknown-key.toml:3: a password does not belong here\n  cause:  password = \"…\" in \
             [account.work]\n  help:   delete the line",
        ),
        (
            "--config near-key.toml",
            "near-key.toml:3: there is no key \"password_file\": did you mean \"password-file\"?",
        ),
        (
            "--config two-modes.toml",
            "two-modes.toml:1: server and tls name different modes",
        ),
        ("--config home.toml", "no account is set up"),
        ("--config bad-from.toml --account work", "from"),
        (
            "--config other.toml --account work",
            "the only account is home",
        ),
        ("--tls-ca none.pem", "none.pem"),
        ("--tls-ca empty.pem", "empty.pem"),
        ("--tls-ca not.pem", "not.pem"),
        (
            "--tls none --user me --password-file password",
            "help:   encrypt the connection by --tls starttls or --tls implicit; \
             --danger-cleartext-auth",
        ),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} {arguments}"));
        run.directory(directory.path()).end().await.fails(78, words);
    }
}

#[tokio::test]
async fn flags_that_contradict_each_other_are_64() {
    const MAIL: &str = "send --from me@example.org --to ann@example.org --text Hi";
    for (flags, words) in [
        (
            "smtps://x --tls none",
            "server and tls name different modes",
        ),
        (
            "smtps://x --tls starttls",
            "server and tls name different modes",
        ),
        (
            "x --tls none --tls-name y",
            "without TLS no certificate is verified",
        ),
        (
            "x --tls none --tls-insecure",
            "without TLS no certificate is verified",
        ),
        (
            "smtp+notls://x --tls-ca y",
            "without TLS no certificate is verified",
        ),
        ("x --auth plain", "there is no user"),
        ("x --auth-as shop", "there is no user"),
        ("x --tls none --auth external", "there is no TLS"),
    ] {
        let run = Run::new(&format!("{MAIL} --server {flags}"));
        run.end().await.fails(64, words);
    }
}

#[tokio::test]
async fn a_file_of_accounts_without_a_name_lists_them() {
    let directory = Directory::new();
    let accounts = "[account.home]\nserver = 'x'\n[account.work]\nserver = 'y'\n";
    directory.file("mail.toml", accounts);
    for arguments in [
        "send -C mail.toml --to ann@example.org --text Hi",
        "send -C mail.toml --server there.invalid --to ann@example.org --text Hi",
        "demo -C mail.toml",
    ] {
        let run = Run::new(arguments).directory(directory.path());
        let ended = run.end().await;
        ended.fails(
            78,
            "no account is chosen, and none is the default: the accounts are home and work",
        );
        ended.fails(
            78,
            "help:   name one, as in -A home, or write default = \"home\"",
        );
    }
}
