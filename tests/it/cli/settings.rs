//! Invalid settings, from flags and from files of accounts: 78, and 64 if the user has to name an
//! account first.

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
            "help: write the password into the file by: install -D -m 600 /dev/stdin none",
        ),
        (
            "--token-file none",
            "help: write the token into the file by",
        ),
        ("--password-file .", "cannot read the password"),
        ("--password-file empty", "nothing on its first line"),
        ("--password-file blank", "nothing on its first line"),
        ("--password-file open", "chmod 600 open"),
        ("--password-fd 99", "/dev/fd/99"),
        ("--password-command 'exit 3'", "exit status: 3"),
        ("--password-command true", "nothing on its first line"),
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
    directory.file("bad-from.toml", "[account.work]\nserver = 'x'\nfrom = 'me'");
    directory.file("other.toml", "[account.home]\nserver = 'x'");
    directory.file("empty.pem", "");
    directory.file(
        "not.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for (arguments, words) in [
        ("--config none.toml --account work", "none.toml"),
        ("--config not.toml --account work", "not valid"),
        ("--config unknown-key.toml --account work", "unknown field"),
        ("--config bad-from.toml --account work", "from"),
        ("--config other.toml --account work", "there is: home"),
        ("--tls-ca none.pem", "none.pem"),
        ("--tls-ca empty.pem", "empty.pem"),
        ("--tls-ca not.pem", "not.pem"),
        (
            "--tls none --user me --password-file password",
            "help: encrypt the connection by --tls starttls or --tls implicit; \
             --danger-cleartext-auth",
        ),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} {arguments}"));
        run.directory(directory.path()).end().await.fails(78, words);
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
        ended.fails(64, "no account of mail.toml is named: add --account");
        ended.fails(64, "help: the file has: home, work");
    }
}
