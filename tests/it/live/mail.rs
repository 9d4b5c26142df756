//! A mail for the command to send, and the output of the command.

use std::{
    fs,
    path::PathBuf,
    process::{self, Command},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;
use tempfile::TempDir;

use super::live_env;

/// The time in seconds after which `timeout` ends a command that hangs.
const PATIENCE: &str = "300";

/// The arguments of one `pilotfish send` by ann.
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) subject: String,
    folder: TempDir,
    server: String,
    ca: &'static str,
    password_file: Option<&'static str>,
    arguments: Vec<String>,
}

impl Mail {
    /// By one of the services in `conf/master.cf`, or by maildev.
    pub(super) fn over(service: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("live.{}.{count}.", process::id());
        let mail = Self {
            // Long enough to be folded within an encoded word.
            subject: format!("Grüße 🦈 – {id} – 日本語の件名も、長くても、そのまま届くはずです"),
            id,
            folder: TempDir::new().unwrap(),
            server: live_env::server("localhost", service),
            ca: live_env::file("ca"),
            password_file: Some(live_env::file("password_file")),
            arguments: Vec::new(),
        };
        match service {
            "submissions" | "other_names" | "maildev" => mail.arguments(["--tls", "implicit"]),
            _ => mail,
        }
    }

    pub(super) fn server(mut self, server: String) -> Self {
        self.server = server;
        self
    }

    /// Trusts an authority that `live.json` names.
    pub(super) fn trusting(mut self, ca: &str) -> Self {
        self.ca = live_env::file(ca);
        self
    }

    /// Logs in with a password file that `live.json` names.
    pub(super) fn password(mut self, file: &str) -> Self {
        self.password_file = Some(live_env::file(file));
        self
    }

    pub(super) fn without_login(mut self) -> Self {
        self.password_file = None;
        self
    }

    pub(super) fn to(self, user: &str) -> Self {
        self.arguments(["--to", &live_env::address(user)])
    }

    pub(super) fn cc(self, user: &str) -> Self {
        self.arguments(["--cc", &live_env::address(user)])
    }

    pub(super) fn bcc(self, user: &str) -> Self {
        self.arguments(["--bcc", &live_env::address(user)])
    }

    pub(super) fn text(self, text: &str) -> Self {
        let file = self.file("text");
        fs::write(&file, text).unwrap();
        self.arguments(["--text", &format!("@{}", file.display())])
    }

    /// Attaches a file of this name.
    pub(super) fn attach(self, name: &str, octets: &[u8]) -> Self {
        let file = self.file(name);
        fs::write(&file, octets).unwrap();
        self.arguments(["-a", file.to_str().unwrap()])
    }

    /// Attaches a file under another name than its own.
    pub(super) fn attach_as(self, name: &str, octets: &[u8]) -> Self {
        let file = self.file("octets");
        fs::write(&file, octets).unwrap();
        let name = name.replace('\\', r"\\").replace('"', r#"\""#);
        self.arguments(["-a", &format!("{};name=\"{name}\"", file.display())])
    }

    /// Attaches a file that uses no disk space.
    pub(super) fn attach_hole(self, size: u64) -> Self {
        let file = self.file("hole");
        fs::File::create(&file).unwrap().set_len(size).unwrap();
        self.arguments(["-a", file.to_str().unwrap()])
    }

    pub(super) fn arguments<const N: usize>(mut self, more: [&str; N]) -> Self {
        self.arguments.extend(more.map(str::to_owned));
        self
    }

    /// The path of a file that exists as long as this value.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn send(&self) -> Run {
        self.run(Command::new("timeout").arg(PATIENCE))
    }

    /// Also returns the peak of the command's memory, in KiB.
    pub(super) fn send_and_weigh(&self) -> (Run, u64) {
        let peak = self.file("peak");
        // GNU time, not Python: a process inherits the peak of its parent, so the parent has to be
        // smaller than the measured process.
        let mut command = Command::new("timeout");
        command.arg(PATIENCE).arg(live_env::tool("time"));
        command.args(["--quiet", "--format=%M", "--output"]);
        let run = self.run(command.arg(&peak));
        let peak = fs::read_to_string(peak).unwrap();
        (run, peak.trim().parse().unwrap())
    }

    /// Sends the demo message instead.
    pub(super) fn demonstrate(&self) -> Run {
        self.run_with(Command::new("timeout").arg(PATIENCE), "demo", &[])
    }

    fn run(&self, command: &mut Command) -> Run {
        let test_id = format!("X-Test-Id: {}", self.id);
        self.run_with(command, "send", &["-s", &self.subject, "-H", &test_id])
    }

    fn run_with(&self, command: &mut Command, verb: &str, more: &[&str]) -> Run {
        command
            .arg(env!("CARGO_BIN_EXE_pilotfish"))
            .args([verb, "--server", &self.server])
            .args(["--from", &live_env::address("ann")])
            .args(more)
            .args(&self.arguments)
            // The settings of the user who runs the tests must not matter.
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME");
        // An authority without TLS is a contradiction.
        let mut pairs = self.arguments.windows(2);
        if !pairs.any(|pair| pair == ["--tls", "none"]) {
            command.args(["--tls-ca", self.ca]);
        }
        if let Some(file) = self.password_file {
            command.args(["--user", &live_env::address("ann"), "--password-file", file]);
        }
        // The text of a mail without another text.
        let stdin = self.file("stdin");
        fs::write(&stdin, "Hi\n").unwrap();
        let stdin = fs::File::open(stdin).unwrap();
        let output = command.stdin(stdin).output().unwrap();
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in live_env::secrets() {
            assert!(!run.stdout.contains(secret), "a password in {run:?}");
            assert!(!run.stderr.contains(secret), "a password in {run:?}");
        }
        run
    }
}

/// The result of a run, which has already been checked for passwords.
#[derive(Debug)]
pub(super) struct Run {
    code: Option<i32>,
    stdout: String,
    pub(super) stderr: String,
}

impl Run {
    /// Checks that the mail was accepted. Returns the line that says so.
    pub(super) fn accepted(&self) -> &str {
        self.ended(0);
        let mut lines = self.stdout.lines();
        let line = lines.next().expect("a line with the server's reply");
        assert_eq!(lines.next(), None, "{self:?}");
        line
    }

    /// Checks that nothing was sent: one error, and no other output except for the dialogue.
    pub(super) fn failed(&self, code: i32) -> &Self {
        self.ended(code);
        let rest = self.stderr.lines().filter(|line| side(line).is_none());
        let rest: Vec<&str> = rest.collect();
        let errors = rest.iter().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{self:?}");
        assert!(rest[0].starts_with("error: "), "{self:?}");
        assert_eq!(self.stdout, "");
        self
    }

    /// The object that `--json` prints.
    pub(super) fn report(&self, code: i32) -> Value {
        self.ended(code);
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn ended(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{self:?}");
    }

    /// The first words of the client's lines in the `--transcript`.
    pub(super) fn commands(&self) -> Vec<&str> {
        let ours = self.stderr.lines().filter(|line| side(line) == Some('>'));
        ours.map(|line| line[3..].split(' ').next().unwrap())
            .collect()
    }
}

/// The side that sent this line, if it is a line of the dialogue.
fn side(line: &str) -> Option<char> {
    match line.get(..3)? {
        "-> " | "~> " => Some('>'),
        "<- " | "<~ " => Some('<'),
        // The negotiated parameters of TLS.
        "===" => Some('='),
        _ => None,
    }
}
