//! The running servers, and the mails in their mailboxes.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};

/// The file `live.json`, which `servers start` writes.
static FACTS: LazyLock<Value> = LazyLock::new(|| {
    let folder = env::var_os("PILOTFISH_LIVE")
        .expect("PILOTFISH_LIVE is unset: tests/run starts the servers and sets it");
    let facts = fs::read(PathBuf::from(folder).join("live.json"))
        .expect("PILOTFISH_LIVE is not a folder of running servers");
    serde_json::from_slice(&facts).unwrap()
});

/// The path of a file that `live.json` names: `ca`, `password_file`, ...
pub(super) fn file(name: &str) -> &'static str {
    FACTS[name].as_str().unwrap()
}

/// The server at the port of one of the services in `conf/master.cf`, or of `maildev`.
pub(super) fn server(host: &str, service: &str) -> String {
    format!("{host}:{}", FACTS["ports"][service])
}

/// A program that `tests/provision` has unpacked.
pub(super) fn tool(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    tools.join(name)
}

/// The port of a service, on 127.0.0.1.
pub(super) fn port(service: &str) -> u16 {
    let port = FACTS["ports"][service].as_u64().unwrap();
    u16::try_from(port).unwrap()
}

pub(super) fn has_ipv6() -> bool {
    FACTS["addresses"]
        .as_array()
        .unwrap()
        .contains(&"::1".into())
}

/// The address of a user, whether or not the user exists.
pub(super) fn address(user: &str) -> String {
    format!("{user}@{}", FACTS["domain"].as_str().unwrap())
}

/// Every form of a password that no output may show.
pub(super) fn secrets() -> impl Iterator<Item = &'static str> {
    let secrets = FACTS["secrets"].as_array().unwrap();
    secrets.iter().map(|secret| secret.as_str().unwrap())
}

/// Waits until the mail is in the mailbox of the user.
pub(super) fn fetch(user: &str, id: &str) -> Value {
    run_fetch(&[user, id])
}

/// Waits until a notification about the mail is in the mailbox of the user.
pub(super) fn report(user: &str, envelope_id: &str) -> Value {
    run_fetch(&["--report", user, envelope_id])
}

/// Neither Postfix nor the mailbox has received the mail.
pub(super) fn assert_never_submitted(user: &str, id: &str) {
    assert_eq!(
        run_fetch(&["--absent", user, id]),
        json!({"copies": 0, "submissions": []})
    );
}

/// The mail was submitted once, with the queue id in this line of the command's output, and is in
/// the mailbox once.
pub(super) fn assert_once(got: &Value, line: &str) {
    let queue_ids = got["submissions"].as_array().unwrap();
    assert_eq!(queue_ids.len(), 1, "{queue_ids:?}");
    assert!(line.contains(queue_ids[0].as_str().unwrap()), "{line}");
    assert_eq!(got["copies"], 1);
}

/// Waits until this many mails with the id are in the mailbox of the user. Returns the octets of all
/// of them.
pub(super) fn fetch_all(user: &str, id: &str, count: usize) -> Vec<Vec<u8>> {
    let found = run_fetch(&["--all", user, id, &count.to_string()]);
    let octets = |mail: &Value| mail.as_str().unwrap().chars().map(octet).collect();
    found.as_array().unwrap().iter().map(octets).collect()
}

/// From text in Latin-1.
fn octet(character: char) -> u8 {
    u8::try_from(u32::from(character)).unwrap()
}

/// A field of the message's header.
pub(super) fn header<'a>(got: &'a Value, name: &str) -> Option<&'a str> {
    let mut fields = got["headers"].as_array().unwrap().iter();
    let field = fields.find(|field| field[0].as_str().unwrap().eq_ignore_ascii_case(name))?;
    field[1].as_str()
}

/// The facts that Python finds in the octets of a message.
pub(super) fn parse(message: &Path) -> Value {
    run_fetch(&[OsStr::new("--file"), message.as_os_str()])
}

fn run_fetch(arguments: &[impl AsRef<OsStr>]) -> Value {
    let output = Command::new("tests/it/live/fetch")
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "fetch: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
