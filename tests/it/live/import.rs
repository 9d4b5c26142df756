//! `config import` understands a file as the program does that it is for.

use serde_json::Value;

use crate::cli::cli_fixture::Directory;
use crate::cli::run::Run;

const FILE: &str = "defaults\nauth on\ntls on\nset_from_header on\n\n\
    account whale\nhost smtp.whale.test\nport 587\nfrom me@whale.test\nuser me@whale.test\n\
    passwordeval \"echo secret\"\n\n\
    account implicit : whale\nhost mail.example.net\nport 465\ntls_starttls off\n\
    domain desk.example.org\ndsn_notify failure\ndsn_return headers\n\n\
    account copy\nhost \"smtp.example.org\"\nuser \"me too\"\nfrom copy@example.org\n\
    auth plain\npasswordeval \"echo secret\"\nsource_ip 192.0.2.1\n\n\
    account relay\nhost localhost\nauth off\ntls off\n\n\
    account default : implicit\n";

/// What msmtp prints about its settings, as in `host = smtp.whale.test`.
fn value<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    let begin = format!("{name} = ");
    let value = printed.lines().find_map(|line| line.strip_prefix(&begin))?;
    (value != "(not set)").then_some(value)
}

#[tokio::test]
#[ignore = "needs msmtp, which tests/provision unpacks: tests/run"]
async fn the_accounts_are_those_of_msmtp() {
    let directory = Directory::new();
    let path = directory.path();
    directory.file("msmtprc", FILE);
    let run = async |run: Run| {
        let run = run.directory(path).env("HOME", path);
        let ended = run.env("XDG_CONFIG_HOME", "").end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        ended.stdout
    };
    run(Run::new("config import msmtprc")).await;
    for name in ["whale", "implicit", "copy", "relay", "default"] {
        let msmtp =
            Run::program("msmtp").args(["-P", "-C", "msmtprc", "-a", name, "ann@example.org"]);
        let theirs = run(msmtp).await;
        let name = if name == "default" { "" } else { name };
        let ours = run(Run::new(&format!("account show {name} --json"))).await;
        let ours: Value = serde_json::from_str(&ours).unwrap();
        let setting = |key: &str| {
            let mut settings = ours["settings"].as_array().unwrap().iter();
            let found = settings.find(|setting| setting["key"] == key);
            found.map(|setting| setting["value"].as_str().unwrap().to_owned())
        };
        let theirs = |name: &str| value(&theirs, name).map(str::to_owned);
        let mode = match (theirs("tls").as_deref(), theirs("tls_starttls").as_deref()) {
            (Some("off"), _) => "no TLS",
            (_, Some("off")) => "implicit",
            _ => "starttls",
        };
        let place = format!(
            "{}:{}, {mode}",
            theirs("host").unwrap(),
            theirs("port").unwrap()
        );
        assert_eq!(setting("server"), Some(place), "{name}");
        assert_eq!(setting("user"), theirs("user"), "{name}");
        assert_eq!(setting("from"), theirs("from"), "{name}");
        let command = theirs("passwordeval").map(|_| "command: echo …".to_owned());
        assert_eq!(setting("secret"), command, "{name}");
        assert_eq!(setting("network.source-ip"), theirs("source ip"), "{name}");
        let domain = theirs("domain").filter(|domain| domain != "localhost");
        assert_eq!(setting("network.helo"), domain, "{name}");
        let notify = theirs("dsn_notify").map(|notify| notify.to_lowercase());
        assert_eq!(setting("dsn"), notify, "{name}");
        let mechanism = theirs("auth").filter(|auth| !matches!(auth.as_str(), "choose" | "none"));
        assert_eq!(
            setting("auth"),
            mechanism.map(|auth| auth.to_lowercase()),
            "{name}"
        );
    }
}
