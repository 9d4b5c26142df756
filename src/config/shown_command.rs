//! Commands that print a secret, as errors and lists show them.

/// What is shown in place of arguments.
const HIDDEN: &str = "…";

/// A program whose arguments name an item of a store, and do not contain the secret.
struct PasswordManager {
    program: &'static str,
    /// The first arguments that read an item, if not all do.
    reading: &'static [&'static str],
    /// Options whose value is a secret.
    secrets: &'static [&'static str],
}

const fn manager(
    program: &'static str,
    reading: &'static [&'static str],
    secrets: &'static [&'static str],
) -> PasswordManager {
    PasswordManager {
        program,
        reading,
        secrets,
    }
}

const PASSWORD_MANAGERS: [PasswordManager; 18] = [
    manager("age", &["-d", "--decrypt"], &[]),
    manager(
        "aws",
        &["secretsmanager get-secret-value", "ssm get-parameter"],
        &[],
    ),
    manager("bw", &["get"], &["--session"]),
    manager("gcloud", &["secrets versions access"], &[]),
    manager("gopass", &[], &[]),
    manager("gpg", &[], &["--pass", "--override-session"]),
    manager("gpg2", &[], &["--pass", "--override-session"]),
    manager("keepassxc-cli", &["show"], &[]),
    manager("kwallet-query", &[], &[]),
    manager("lpass", &["show"], &[]),
    manager("op", &["read", "item get"], &["--session"]),
    manager("pass", &[], &[]),
    manager("passage", &[], &[]),
    manager("rbw", &["get"], &[]),
    manager("secret-tool", &["lookup"], &[]),
    manager(
        "security",
        &["find-generic-password", "find-internet-password"],
        &[],
    ),
    manager("sops", &["-d", "--decrypt", "decrypt"], &[]),
    manager("vault", &["kv get"], &["-header"]),
];

/// A command as errors and lists show it, in one line: whole if it reads an item of a known password
/// manager, and otherwise its first word and an ellipsis. No list of arguments that are secrets could be
/// complete.
pub(super) fn shown_command(command: &str) -> String {
    let command = command.trim();
    let (program, arguments) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    // Other words may have a secret themselves, as in `TOKEN=secret get`.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+~".contains(c);
    if program.is_empty() || !program.chars().all(is_plain) {
        return HIDDEN.to_owned();
    }
    if arguments.is_empty() || reads_item(program, arguments) {
        return command.to_owned();
    }
    format!("{program} {HIDDEN}")
}

/// Whether the arguments name an item of a password manager, and nothing else.
fn reads_item(program: &str, arguments: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    let mut managers = PASSWORD_MANAGERS.iter();
    let Some(manager) = managers.find(|manager| manager.program == name) else {
        return false;
    };
    // A shell reads the others as more than a part of a word.
    let is_plain = |c: char| c.is_alphanumeric() || " '\"-_./:@+,=~%".contains(c);
    if !arguments.chars().all(is_plain) {
        return false;
    }
    let arguments = arguments.replace(['\'', '"'], "");
    let arguments: Vec<_> = arguments
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    let begins = |first: &&str| {
        let mut words = arguments.iter();
        first.split(' ').all(|word| words.next() == Some(&word))
    };
    let is_secret = |word: &&str| manager.secrets.iter().any(|own| word.starts_with(own));
    (manager.reading.is_empty() || manager.reading.iter().any(begins))
        && !arguments.iter().any(is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_password_managers_are_shown() {
        for command in [
            "pass show mail/work",
            "/usr/bin/pass 'my mail'",
            "gpg --no-tty -q -d ~/.secret.gpg",
            "secret-tool lookup service \"smtp\" user me@example.org",
            "security find-generic-password -s mail -w",
            "op read op://Mail/example/password",
            "bw get password mail",
            "vault kv get -field=password secret/mail",
            "gcloud secrets versions access latest --secret=mail",
            "get-my-password",
        ] {
            assert_eq!(shown_command(command), command);
        }
    }

    #[test]
    fn nothing_that_may_be_a_secret_is_shown() {
        for (command, expected) in [
            ("curl -u me:hunter2 https://vault.test", "curl …"),
            (
                "curl -d 'client_secret=hunter2&refresh_token=hunter2' x",
                "curl …",
            ),
            ("curl -H 'Authorization: Bearer hunter2'", "curl …"),
            ("/bin/echo hunter2", "/bin/echo …"),
            ("printf %s hunter2", "printf …"),
            ("sh -c 'echo hunter2'", "sh …"),
            ("get --password='open hunter2'", "get …"),
            ("PASS=hunter2 get", "…"),
            ("echo$IFS\"hunter2\"", "…"),
            ("(echo hunter2)", "…"),
            ("https://me:hunter2@vault.test/", "…"),
            ("pass show mail; echo hunter2", "pass …"),
            ("pass show mail || echo hunter2", "pass …"),
            ("pass show mail\necho hunter2", "pass …"),
            ("pass show mail # hunter2", "pass …"),
            ("pass show $(echo hunter2)", "pass …"),
            ("gpg -d <<<hunter2", "gpg …"),
            ("gpg --passphrase hunter2 -d x", "gpg …"),
            ("gpg '--pass'phrase hunter2 -d x", "gpg …"),
            ("gpg --pass\\phrase hunter2 -d x", "gpg …"),
            ("bw get password mail --session hunter2", "bw …"),
            ("bw unlock hunter2", "bw …"),
            ("op item edit mail password=hunter2", "op …"),
            ("vault login hunter2", "vault …"),
            ("vault kv get -header=X-Vault-Token=hunter2 x", "vault …"),
            ("security unlock-keychain -p hunter2", "security …"),
            ("a\u{1b}[31m", "…"),
            ("", "…"),
        ] {
            let shown = shown_command(command);
            assert_eq!(shown, expected, "{command}");
            assert!(!shown.contains("hunter2"));
        }
    }
}
