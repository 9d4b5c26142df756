//! Runs the command.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

pub(crate) const USER: &str = "me@example.org";
pub(crate) const PASSWORD: &str = "c0rrect-h0rse";

/// A command that takes longer hangs.
const LIMIT: Duration = Duration::from_mins(1);

/// A command that has not started.
pub(crate) struct Run {
    command: Command,
    stdin: String,
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    /// The lines that were read from it.
    seen: String,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status, or 128 plus the number of the signal that ended the command.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// `pilotfish` with these arguments, which are split like in a shell with only blanks and
    /// single quotes.
    pub(crate) fn new(arguments: &str) -> Self {
        Self::program(env!("CARGO_BIN_EXE_pilotfish")).args(Self::words(arguments))
    }

    /// A shell with this script, in which `$0` is `pilotfish`.
    pub(crate) fn shell(script: &str) -> Self {
        Self::program("sh").args(["-c", script, env!("CARGO_BIN_EXE_pilotfish")])
    }

    /// Another program than `pilotfish`.
    pub(crate) fn program(program: impl AsRef<OsStr>) -> Self {
        // A shell that runs the tests in the background ignores signals, and the command would
        // inherit that.
        let mut command = Command::new("env");
        command
            .arg("--default-signal=INT,TERM,HUP")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // The configuration of the user who runs the tests does not count.
            .env_remove("PILOTFISH_CONFIG")
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("XDG_STATE_HOME", "/nonexistent");
        Self {
            command,
            stdin: "Hi\n".to_owned(),
        }
    }

    /// Splits text at blanks that are not between single quotes.
    pub(crate) fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quoted = false;
        for character in text.chars() {
            match character {
                '\'' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                character if character.is_whitespace() && !quoted => words.extend(word.take()),
                character => word.get_or_insert_default().push(character),
            }
        }
        assert!(!quoted, "a quote is open: {text}");
        words.extend(word);
        words
    }

    pub(crate) fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.command.args(arguments);
        self
    }

    /// The content of standard input: the text `Hi` unless the test sets it.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    pub(crate) fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs the command to its end.
    pub(crate) async fn end(self) -> Ended {
        let child = self.spawn().await;
        let output = timeout(LIMIT, child.wait_with_output())
            .await
            .expect("it ends")
            .unwrap();
        Ended::new(output.status, output.stdout, &output.stderr)
    }

    /// Starts the command, and watches its standard error.
    pub(crate) async fn start(self) -> Running {
        let mut child = self.spawn().await;
        let stderr = child.stderr.take().unwrap();
        Running {
            child,
            stderr: BufReader::new(stderr).lines(),
            seen: String::new(),
        }
    }

    /// Starts the command with other streams.
    pub(crate) async fn spawn(mut self) -> Child {
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The command may end without reading its input.
        let _ = stdin.write_all(self.stdin.as_bytes()).await;
        child
    }
}

impl Running {
    /// Waits for a line of standard error that contains this text, and returns the line.
    pub(crate) async fn until(&mut self, phrase: &str) -> String {
        loop {
            let line = timeout(LIMIT, self.stderr.next_line()).await;
            let line = line
                .unwrap_or_else(|_| panic!("no {phrase:?} after\n{}", self.seen))
                .unwrap();
            let line = line.unwrap_or_else(|| panic!("no {phrase:?} in\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(phrase) {
                return line;
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(crate) async fn end(mut self) -> Ended {
        let rest = async {
            let mut stderr = self.seen.into_bytes();
            let lines = self.stderr.get_mut();
            lines.read_to_end(&mut stderr).await.unwrap();
            (self.child.wait_with_output().await.unwrap(), stderr)
        };
        let (output, stderr) = timeout(LIMIT, rest).await.expect("it ends");
        Ended::new(output.status, output.stdout, &stderr)
    }
}

impl Ended {
    fn new(status: std::process::ExitStatus, stdout: Vec<u8>, stderr: &[u8]) -> Self {
        let signal = status.signal().map(|signal| signal + 128);
        if signal.is_none() {
            // A shell continues a loop unless the signal itself has ended the command.
            assert!(!matches!(status.code(), Some(129 | 130 | 143)), "{status}");
        }
        let ended = Self {
            status: status
                .code()
                .or(signal)
                .unwrap_or_else(|| panic!("{status}")),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8_lossy(stderr).into_owned(),
        };
        // Users of the command know flags, and not the methods of the library.
        for line in unwrapped(&ended.stderr)
            .lines()
            .filter(|line| is_message(line))
        {
            assert!(!names_a_method(line), "{line}");
        }
        for secret in forms_of_the_password() {
            assert!(!ended.stdout.contains(&secret), "{ended:?}");
            assert!(!ended.stderr.contains(&secret), "{ended:?}");
        }
        ended
    }

    /// Checks for this exit status, one error with this text, and no result.
    #[track_caller]
    pub(crate) fn fails(&self, status: i32, phrase: &str) {
        assert_eq!(self.stdout, "", "{self:?}");
        self.reports(status, phrase);
    }

    /// Checks for this exit status, and one error with this text, which is printed last.
    #[track_caller]
    pub(crate) fn reports(&self, status: i32, phrase: &str) {
        assert_eq!(self.status, status, "{phrase}: {self:?}");
        let is_error = |line: &&str| line.starts_with("error: ");
        assert_eq!(self.stderr.lines().filter(is_error).count(), 1, "{self:?}");
        let error = self.stderr.lines().skip_while(|line| !is_error(line));
        let error = unwrapped(&error.collect::<Vec<_>>().join("\n"));
        assert!(error.contains(phrase), "{phrase}: {self:?}");
    }

    /// Checks for success with one line, and returns the line.
    #[track_caller]
    pub(crate) fn result(&self) -> &str {
        assert_eq!(self.status, 0, "{self:?}");
        assert_eq!(self.stdout.matches('\n').count(), 1, "{self:?}");
        self.stdout.trim_end()
    }
}

/// The text with each line that goes on in the next ones, which are indented, as one line.
pub(crate) fn unwrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut() {
            Some(last) if line.starts_with("       ") => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// Whether the command uses its own words.
fn is_message(line: &str) -> bool {
    let begins = ["error: ", "warning: ", "  cause:  ", "  help:   "];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// Whether the text has a Rust path such as `ServerConfig::builder`, or a name in the library's
/// parentheses.
fn names_a_method(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | ':'));
    let is_path = |word: &str| {
        word.split_once("::").is_some_and(|(owner, method)| {
            owner.contains(char::is_lowercase) && method.starts_with(char::is_alphabetic)
        })
    };
    line.contains("(`") || words.any(is_path)
}

/// The password in plain text, and as it is in AUTH LOGIN and AUTH PLAIN (RFC 4616).
pub(crate) fn forms_of_the_password() -> [String; 3] {
    [
        PASSWORD.to_owned(),
        BASE64_STANDARD.encode(PASSWORD),
        BASE64_STANDARD.encode(format!("\0{USER}\0{PASSWORD}")),
    ]
}

#[test]
fn arguments_are_divided_as_by_a_shell() {
    assert_eq!(Run::words("a  'b c' d'e f'"), ["a", "b c", "de f"]);
    assert_eq!(Run::words("-s ''"), ["-s", ""]);
}

/// Waits until this is so, for a minute at most.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIMIT, waiting).await.expect("it becomes so");
}
