//! Errors that the command finds before it connects: 64 for the command line, 65 for the mail, 66
//! for files, 73 for the output.

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::Run;

/// Arguments that would be valid without what the test adds.
const VALID_ARGUMENTS: &str =
    "send --server there.invalid --from me@example.org --to ann@example.org";

#[tokio::test]
async fn a_wrong_command_line_is_64() {
    for (arguments, words) in [
        ("sned", "there is no command 'sned'"),
        (
            "send",
            "no recipient\n  help:   pilotfish send ann@example.org -s Hello < text",
        ),
        ("send --server there.invalid", "no recipient"),
        (
            "send --to ann@example.org --user me@example.org --password-file password",
            "no server is named by --server",
        ),
        ("send --server there.invalid --to ann@example.org", "--from"),
        ("send --server there.invalid:0", "is not a port"),
        ("send --server there.invalid:smtp", "is not a port"),
        (
            "send --server ftp://there.invalid",
            "is no way to send mail",
        ),
        ("send --server 'there invalid'", "--server"),
        (
            "send --server smtps://a:b@c",
            "--server '..': a server's address must not contain a password",
        ),
        (
            "send --server smtps://a:b@c",
            "help:   give the password by --password-file",
        ),
        ("send --server a:b@c", "must not contain a password"),
        (
            "send --server lmtp://there.invalid:25",
            "never spoken on 25",
        ),
        ("send --output mail.eml", "--dry-run"),
        (
            "send --quiet --verbose",
            "--quiet cannot be used with --verbose",
        ),
        (
            "demo --to ann@example.org",
            "--to is for a real server: name it by --server",
        ),
        ("demo --user me", "name it by --server or --account"),
        ("demo --server there.invalid", "add --from"),
    ] {
        Run::new(arguments).end().await.fails(64, words);
    }
    let ended = Run::new("demo --json").end().await;
    ended.reports(64, "--json is for a real server");
    let ended = Run::new("send --dry-run --json").end().await;
    ended.reports(64, "--dry-run cannot be used with --json");
    let object: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(object["error"], "--dry-run cannot be used with --json");
    assert_eq!(object["exit_status"], 64);
    for (arguments, words) in [
        ("--colour", "there is no flag --colour"),
        ("--subject", "--subject needs a value"),
        ("--subject a --subject b", "--subject can be given once"),
        ("--tls maybe", "--tls cannot be 'maybe'"),
        ("--user me", "--user needs a password"),
        ("--proxy socks4://a:1", "a proxy is written like"),
        ("--proxy http://a:b@c:1", "must not contain a password"),
        (
            "--proxy http://a:b@c:1",
            "help:   give the password by --proxy-password-file",
        ),
        ("--proxy http://a", "the port of the proxy"),
        ("--helo a_b", "--helo 'a_b': "),
        ("--source-ip localhost", "--source-ip 'localhost': "),
        ("-4 -6", "cannot be used with"),
        ("--timeout greeting=1", "is not a time from 1ms to 24h"),
        ("--timeout gretting=1s", "there is no step"),
        ("--timeout 5", "write 2m for all together"),
        ("--password-file password", "no user: add --user"),
        ("--password-fd x", "--password-fd cannot be '..'"),
        ("--password-fd 3 --password-file password", "cannot be used"),
        ("-H X-Priority", "'Name: value'"),
        ("-H 'X Priority: 1'", "--header 'X Priority: 1': "),
        ("-H ': 1'", "--header ': 1': "),
        ("-a ''", "no file name"),
        ("--text @", "no file name"),
        ("-a 'x;name=a;name=b'", "two values for name"),
        ("-a 'x;type=image'", "--attach 'x;type=image': "),
        ("-a 'x;nme=y'", "no parameter \";nme=\""),
        ("-a 'x;nme=y;type=image/png'", "no parameter \";nme=\""),
        (
            "--inline 'a=x;titel=y' --html x",
            "no parameter \";titel=\"",
        ),
    ] {
        Run::new(&format!("{VALID_ARGUMENTS} {arguments}"))
            .end()
            .await
            .fails(64, words);
    }
}

/// Flags of other programs, and words that a shell has split.
#[tokio::test]
async fn a_wrong_flag_gets_the_tip_that_helps() {
    for (arguments, tip) in [
        ("-s Hello world", "quote the subject: -s 'Hello world'"),
        (
            "--subject=Hello world",
            "quote the subject: -s 'Hello world'",
        ),
        ("--text Hello world", "quote the text"),
        ("--message hello", "--text TEXT"),
        ("--body hello", "the text is --text TEXT"),
        ("--body-type hello", "the text is --text TEXT"),
        ("--port 25", "--server HOST:PORT"),
        ("--host x.test", "--server HOST[:PORT]"),
        ("--password sesame", "--password-file FILE"),
        ("--password=sesame", "--password-file FILE"),
        ("--ssl", "--tls implicit"),
        ("--attachment a.png", "-a FILE"),
        ("--no-tls", "--tls none"),
        ("--ca ca.pem", "--tls-ca FILE"),
        ("--auth-user me", "--user NAME"),
        ("--auth-password sesame", "--password-file FILE"),
        ("-k", "--tls-fingerprint"),
        ("--retries 3", "--retry 30m"),
        ("--text-file a.txt", "--text @FILE"),
        ("--html-file a.html", "--html @FILE"),
        ("--user Ann Lee", "quote the name"),
        ("--auth login plain", "--auth plain,login"),
        ("--forward a b", "repeat --forward"),
        ("smtp://me@x.test:25", "the server is --server HOST[:PORT]"),
    ] {
        let ended = Run::new(&format!("{VALID_ARGUMENTS} {arguments}"))
            .end()
            .await;
        ended.fails(64, tip);
        assert_eq!(
            ended.stderr.matches("  help: ").count(),
            1,
            "{arguments}: {ended:?}"
        );
        assert!(!ended.stderr.contains("sesame"), "{arguments}: {ended:?}");
        // The usage line has the flag that clap would have suggested.
        assert!(!ended.stderr.contains("--password-fd"), "{ended:?}");
    }
    let ended = Run::new("send --server there.invalid --raw mail.eml").end();
    ended.await.fails(64, "help:   -t takes the recipients");
}

/// The error about a URL with a password does not show the password.
#[tokio::test]
async fn a_password_in_a_url_is_not_shown() {
    for arguments in [
        "--server smtp://me:sesame@there.invalid",
        "--server smtps://me:sesame@there.invalid:465",
        "--server smtp://me:ses/sesame@there.invalid",
        "--server smtp://me:s@sesame@there.invalid",
        "--server me:sesame@there.invalid",
        "--server me:sesame@there.invalid:25",
        "--server nonsense://me:sesame@there.invalid",
        "--server there.invalid --proxy http://me:sesame@there.invalid:1",
        "--server there.invalid --proxy socks5h://me:s@sesame@there.invalid:1",
        "--server there.invalid --proxy me:sesame@there.invalid:1",
        "--server there.invalid --proxy http://me:sesame@there.invalid",
        "smtp://me:sesame@there.invalid",
        "smtp://me:s@sesame@there.invalid:25",
        "me:sesame@there.invalid",
        "--server smtps://me:sesame",
        "--server lmtp:///me:sesame@x/",
        "--server me:sesame",
        "--server me:ses:sesame",
        "--server smtp://me:ses/sesame",
        "--server there.invalid --proxy http://me:sesame",
        "--server there.invalid --proxy http://me:sesame:1",
        "--server there.invalid --password-fd sesame",
        "--server there.invalid --password-fd=sesame",
        "--server there.invalid --token-fd sesame",
        "--server there.invalid --token-fd=1sesame",
        "--srever smtp://me:sesame@there.invalid",
        "--srever=smtp://me:sesame@there.invalid",
        "-Vsmtp://me:sesame@there.invalid",
        "--server there.invalid --tls smtp://me:sesame@there.invalid",
        "--server there.invalid --flowed=smtp://me:sesame@there.invalid",
        "--server there.invalid --flowed smtp://me:sesame@there.invalid",
        "--server there.invalid --helo smtp://me:sesame@there.invalid",
        "--server there.invalid --timeout smtp://me:sesame@there.invalid",
        "--server there.invalid -- smtp://me:sesame@there.invalid",
    ] {
        let run = Run::new(&format!(
            "send --from a@x.test --to b@x.test --text Hi {arguments}"
        ));
        let ended = run.end().await;
        assert_eq!(ended.status, 64, "{arguments}: {ended:?}");
        assert!(!ended.stderr.contains("sesame"), "{arguments}: {ended:?}");
    }
    let ended = Run::new(&format!("{VALID_ARGUMENTS} --password-fd sesame"))
        .end()
        .await;
    ended.fails(64, "help:   give the password by --password-file");
    // A password or a token may be a number.
    for (flag, tip) in [
        (
            "--password-fd",
            "help:   give the password by --password-file",
        ),
        ("--token-fd", "help:   give the token by --token-file"),
    ] {
        for number in ["12345678901", "-7654321"] {
            let ended = Run::new(&format!("{VALID_ARGUMENTS} {flag}={number}"))
                .end()
                .await;
            ended.fails(64, tip);
            assert!(!ended.stderr.contains(number), "{ended:?}");
        }
    }
    let ended = Run::new("smtp://me:sesame@there.invalid").end().await;
    ended.fails(64, "there is no command 'smtp://..@there.invalid'");
    assert!(!ended.stderr.contains("sesame"), "{ended:?}");
}

/// However the command line leads to a mail without recipients.
#[tokio::test]
async fn a_recipient_that_is_missing_is_64() {
    for (arguments, words) in [
        ("--text Hi", "error: no recipient\n"),
        ("--text Hi --to 'nobody:;'", "name one by --to"),
        ("--raw - -t", "name one by --to"),
        ("--raw - --to 'nobody:;'", "name one by --to"),
    ] {
        let run = Run::new(&format!("send --server there.invalid {arguments}"));
        let run = run.args(["--from", "me@example.org"]);
        let mail = "From: me@example.org\nTo: nobody:;\n\ntext\n";
        run.stdin(mail).end().await.fails(64, words);
    }
}

#[tokio::test]
async fn a_date_that_readers_take_for_another_is_64() {
    for (date, words) in [
        ("Mon, 02 Nov 2026 10:00:00 CET", "the time zone \"CET\""),
        ("Mon, 02 Nov 2026 10:00:00 IST", "such as +0100"),
        ("Tue, 02 Nov 2026 10:00:00 +0100", "is a Monday"),
        ("tomorrow", "is not a date"),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} --text Hi --date '{date}'"));
        run.end().await.fails(64, words);
    }
}

#[tokio::test]
async fn a_password_is_never_the_value_of_a_flag() {
    for flag in ["--password", "--pass", "--auth-password"] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} --user me {flag} sesame"));
        run.end()
            .await
            .fails(64, &format!("there is no flag {flag}\n"));
    }
}

#[tokio::test]
async fn without_arguments_it_prints_help_and_reads_no_input() {
    let ended = Run::new("").end().await;
    assert_eq!(ended.status, 64);
    assert_eq!(ended.stdout, "");
    let end = "\nAll commands: pilotfish -h\n";
    assert!(ended.stderr.ends_with(end), "{ended:?}");
}

#[tokio::test]
async fn help_and_version_are_results() {
    for (arguments, words) in [
        (
            "--version",
            concat!("pilotfish ", env!("CARGO_PKG_VERSION")),
        ),
        ("-V", concat!("pilotfish ", env!("CARGO_PKG_VERSION"))),
        ("--help", "demo"),
        ("-h", "\n  send       Send one mail\n"),
        ("help", "\n  send       Send one mail\n"),
        ("send -h", "--password-file"),
        (
            "send --help",
            "81  the whole mail was sent, and no reply came",
        ),
        ("help send", "80  the mail was accepted for some recipients"),
    ] {
        let ended = Run::new(arguments).end().await;
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (0, ""),
            "{arguments}"
        );
        assert!(
            ended.stdout.contains(words),
            "{arguments}: {}",
            ended.stdout
        );
    }
}

#[tokio::test]
async fn a_bad_address_is_65_and_the_flag_is_named() {
    for (arguments, words) in [
        ("--to nobody", "in --to: the address has no @"),
        ("--to 'ann@example.org, @'", "in --to: "),
        ("--to ''", "in --to: there is no address"),
        ("--to 'ann@example.org bob@example.org'", "in --to: "),
        ("--to 'Ann\n<ann@example.org>'", "in --to: "),
        (
            "--to 'ann@example.org>\r\nRCPT TO:<eve@example.org'",
            "in --to: ",
        ),
        ("--cc ann@", "in --cc: "),
        ("--bcc 'Ann <ann@example.org'", "in --bcc: "),
        (
            "--to 'Lee, Ann <ann@example.org>'",
            "put a name with a comma in quotation marks",
        ),
        ("--to ann@example.org --reply-to nobody", "in --reply-to: "),
        ("--from me", "in --from: "),
        ("--from 'a@example.org, b@example.org'", "by --sender"),
        ("--from 'a:;'", "in From"),
        ("--to ann@example.org --sender a", "in --sender: "),
        (
            "--to ann@example.org --envelope-from ''",
            "in --envelope-from: ",
        ),
        (
            "--to ann@example.org --envelope-from 'Me <me@example.org>'",
            "in --envelope-from: ",
        ),
        (
            "--to ann@example.org --list-unsubscribe-mailto leave",
            "in --list-unsubscribe-mailto: ",
        ),
    ] {
        let valid_arguments = if arguments.starts_with("--from") {
            "send --server there.invalid --to ann@example.org"
        } else {
            "send --server there.invalid --from me@example.org"
        };
        let run = Run::new(&format!("{valid_arguments} {arguments}"));
        run.end().await.fails(65, words);
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_built_is_65() {
    let directory = Directory::new();
    directory.file("latin1.txt", b"caf\xe9");
    for (arguments, words) in [
        ("-H 'Subject: x'", "use --subject"),
        ("-H 'Bcc: eve@example.org'", "use --bcc"),
        ("-H 'reply-to: eve@example.org'", "use --reply-to"),
        ("-H 'Date: now'", "use --date"),
        ("-H 'Sender: eve@example.org'", "use --sender"),
        ("-H 'Message-ID: <1@x.test>'", "use --message-id"),
        ("-H 'In-Reply-To: <1@x.test>'", "use --in-reply-to"),
        ("-H 'references: <1@x.test>'", "use --references"),
        ("-H 'Auto-Submitted: no'", "use --auto-submitted"),
        (
            "-H 'List-Unsubscribe: <x:y>'",
            "use --list-unsubscribe or --list-unsubscribe-mailto",
        ),
        ("-H 'List-Unsubscribe-Post: x'", "use --list-unsubscribe"),
        ("-H 'Content-Language: de'", "use --language"),
        ("-H 'Content-Type: text/html'", "follows from the text"),
        ("-H 'Received: x'", "servers write it"),
        ("-s 'a\nBcc: eve@example.org'", "Subject"),
        ("-H 'X-Note: a\r\nBcc: eve@example.org'", "X-Note"),
        ("--text @latin1.txt", "not in UTF-8"),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} {arguments}")).directory(directory.path());
        run.end().await.fails(65, words);
    }
}

#[tokio::test]
async fn input_that_cannot_be_read_is_66() {
    let directory = Directory::new();
    directory.pipe("pipe");
    directory.file("two\nlines", "");
    for (arguments, words) in [
        ("-a none.png", "none.png"),
        ("-a .", "a directory"),
        ("-a pipe", "a pipe"),
        ("-a /dev/zero", "a device"),
        // A regular file that can be opened but not read, even by root.
        ("-a /proc/self/mem", "/proc/self/mem"),
        ("--text @none.txt", "none.txt"),
        (
            "-a 'two\nlines'",
            "help:   give the attachment another name by ;name=",
        ),
        ("--text @.", "cannot read the text in ."),
        ("--text @/proc/self/mem", "/proc/self/mem"),
    ] {
        let run = Run::new(&format!("{VALID_ARGUMENTS} {arguments}")).directory(directory.path());
        run.end().await.fails(66, words);
    }
}

#[tokio::test]
async fn an_attachment_that_changes_while_it_is_sent_is_66() {
    for (change, words) in [
        ("truncate -s 10", "letter.txt"),
        ("truncate -s 20000000", "letter.txt"),
        ("touch -d 2001-01-01", "letter.txt"),
    ] {
        let fixture = CliFixture::open(server()).await;
        fixture.directory.sparse_file("letter.txt", 10_000_000);
        // The command reads the password when it makes the message, before it sends anything.
        let command = format!("{change} letter.txt; cat password");
        let run = fixture
            .send_without_login("--user me@example.org --to ann@example.org -a letter.txt")
            .args(["--password-command", &command]);
        run.end().await.fails(66, words);
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_73() {
    let directory = Directory::new();
    for output in [".", "none/mail.eml", "/dev/full"] {
        let run = Run::new(&format!(
            "{VALID_ARGUMENTS} --text Hi --dry-run -o {output}"
        ));
        let ended = run.directory(directory.path()).end().await;
        ended.fails(73, &format!("cannot write to {output}"));
    }
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let run = Run::new(&format!("{VALID_ARGUMENTS} --text Hi --dry-run")).stdout(full);
    run.end().await.fails(73, "cannot write to standard output");
}
