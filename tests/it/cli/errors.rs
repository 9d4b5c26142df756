//! Errors of all commands: their object with `--json`, and advice that fits the command.

use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::{Auth, EndOfData, Greeting, Mail, Rcpt};
use pilotfish::testing::TestServerBuilder;
use serde_json::{Value, json};

use super::cli_fixture::{CliFixture, Directory, server};
use super::run::Run;

const SCHEMA: &str = include_str!("../../../src/bin/pilotfish/output/error-schema.json");

/// The object of an error, which fits the schema.
fn object(stdout: &str) -> Value {
    let object: Value = serde_json::from_str(stdout).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(SCHEMA).unwrap();
    compiler.add_resource("error.json", schema).unwrap();
    let schema = compiler.compile("error.json", &mut schemas).unwrap();
    let faults = schemas.validate(&object, schema).err();
    assert!(faults.is_none(), "{object}: {}", faults.unwrap());
    object
}

#[tokio::test]
async fn the_error_of_a_command_that_sends_no_mail() {
    let directory = Directory::new();
    for (arguments, status, command) in [
        ("nosuch", 64, Value::Null),
        ("account add", 64, json!("account add")),
        ("account show", 78, json!("account show")),
        ("account list --nosuch", 64, json!("account list")),
        ("config show -C none.toml", 78, json!("config show")),
        ("explain nothing", 64, json!("explain")),
        ("check there.invalid --nosuch", 64, json!("check")),
        ("check -A work -C none.toml", 78, json!("check")),
    ] {
        let run = Run::new(&format!("{arguments} --json"));
        let ended = run.directory(directory.path()).end().await;
        assert_eq!(ended.status, status, "{arguments}: {ended:?}");
        let object = object(&ended.stdout);
        assert_eq!(object["command"], command, "{arguments}");
        assert_eq!(object["exit_status"], status, "{arguments}");
        let error = object["error"].as_str().unwrap();
        assert!(!error.is_empty(), "{arguments}");
    }
    let ended = Run::new("send --schema=error").end().await;
    assert_eq!((ended.status, ended.stdout.as_str()), (0, SCHEMA));
}

#[tokio::test]
async fn flags_without_effect_are_refused() {
    for (arguments, words) in [
        (
            "man --json",
            "error: --json has no effect here: man prints no JSON\n",
        ),
        ("explain 550 --quiet", "explain has a result to print"),
        ("account list -q", "account list has a result to print"),
        ("config path -q", "config path has a result to print"),
    ] {
        let ended = Run::new(arguments).end().await;
        assert_eq!(ended.status, 64, "{arguments}: {ended:?}");
        assert!(ended.stderr.contains(words), "{arguments}: {ended:?}");
    }
}

#[tokio::test]
async fn commands_of_a_group_with_a_typing_error() {
    for (arguments, meant) in [
        ("config shw", "did you mean: pilotfish config show"),
        ("account tst", "did you mean: pilotfish account test"),
        ("sned", "did you mean: pilotfish send"),
    ] {
        Run::new(arguments).end().await.fails(64, meant);
    }
    let raw = Run::new("send ann@example.org --raw x.eml -s other").end();
    raw.await.fails(64, "--raw cannot be used with --subject");
    for (arguments, words) in [
        (
            "send --dkim-domain x.test",
            "--dkim-selector and --dkim-key or --dkim-key-command are missing",
        ),
        ("explain", "the reply is missing"),
        ("check a.test b.test", "'b.test' is one word too many"),
    ] {
        Run::new(arguments).end().await.fails(64, words);
    }
}

/// Without an account, the first thing to do is to set one up.
#[tokio::test]
async fn no_account_at_all() {
    for arguments in [
        "send ann@example.org -s Hi -m x",
        "send ann@example.org --from me@example.org -m x",
        "sendmail ann@example.org",
    ] {
        let ended = Run::new(arguments).end().await;
        ended.fails(78, "error: no account is set up\n");
        ended.fails(78, "set one up: pilotfish account add me@example.org");
    }
    let run = Run::new("send ann@example.org -m x --server there.invalid");
    run.end().await.fails(
        64,
        "--server is used without an account: add --from, or leave --server out",
    );
}

/// The flags of sendmail(1) are letters: its errors name no others.
#[tokio::test]
async fn sendmail_names_no_flag_that_it_lacks() {
    let reply = |point, text: &str| Some(ReplyAt(point, text.to_owned()));
    for (fault, arguments, stdin, status) in [
        (
            reply(Auth, "535 5.7.8 no"),
            "ann@example.org",
            "To: x\n\nHi\n",
            77,
        ),
        (
            reply(Auth, "534 5.7.9 no"),
            "ann@example.org",
            "To: x\n\nHi\n",
            77,
        ),
        (
            reply(Greeting, "421 4.7.0 later"),
            "ann@example.org",
            "Hi\n",
            75,
        ),
        (
            reply(Greeting, "554 no HELO"),
            "ann@example.org",
            "Hi\n",
            69,
        ),
        (
            reply(Mail, "530 5.7.0 Authentication required"),
            "ann@example.org",
            "Hi\n",
            77,
        ),
        (
            reply(Mail, "553 5.7.1 not owned by user"),
            "ann@example.org",
            "Hi\n",
            65,
        ),
        (
            reply(Rcpt, "450 4.2.0 later"),
            "ann@example.org",
            "Hi\n",
            75,
        ),
        (reply(Rcpt, "550 5.1.1 no"), "ann@example.org", "Hi\n", 65),
        (
            reply(EndOfData, "451 4.7.1 Greylisted"),
            "ann@example.org",
            "Hi\n",
            75,
        ),
        (
            reply(EndOfData, "550 5.4.5 daily limit"),
            "ann@example.org",
            "Hi\n",
            75,
        ),
        (None, "", "Subject: x\n\nHi\n", 64),
        (None, "-t", "Subject: x\n\nHi\n", 64),
        (None, "-t", "To: ann@\n\nHi\n", 65),
        (None, "ann@", "Hi\n", 65),
        (None, "-A nosuch ann@example.org", "Hi\n", 64),
        (None, "-f me@ ann@example.org", "Hi\n", 65),
    ] {
        let server = fault
            .into_iter()
            .fold(server(), TestServerBuilder::fault_always);
        let fixture = CliFixture::open(server).await;
        let account = format!(
            "[account.work]\nserver = \"{}\"\nuser = \"me@example.org\"\npassword-file = \
             \"password\"\ntls-ca = \"ca.pem\"\nfrom = \"me@example.org\"\n",
            fixture.server.addr()
        );
        fixture.directory.file("mail.toml", account);
        let run = Run::new(&format!("-C mail.toml sendmail {arguments}"));
        let run = run.stdin(stdin).directory(fixture.directory.path());
        let ended = run.end().await;
        assert_eq!(ended.status, status, "{arguments}: {ended:?}");
        assert!(
            ended.stderr.starts_with("error: "),
            "{arguments}: {ended:?}"
        );
        assert!(!ended.stderr.contains("--"), "{arguments}: {ended:?}");
    }
}
