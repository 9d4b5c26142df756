//! A real terminal around a shell script.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than any of these programs takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// The side of the person, and the side of the programs: 24 lines of this many columns.
pub(crate) fn terminal(columns: u16) -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let mut options = File::options();
    let line = options.read(true).write(true).open(name.to_str().unwrap());
    let line = line.unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&line, size).unwrap();
    (File::from(person), line)
}

/// A script that runs on a terminal of its own.
pub(crate) struct Screen {
    person: File,
    line: File,
    child: Child,
    /// Everything that was shown, without line feeds and colours.
    pub(crate) shown: String,
}

impl Screen {
    /// Starts a shell with this script in this directory. `$0` is `pilotfish`.
    pub(crate) fn start(script: &str, directory: &Path) -> Self {
        let (person, line) = terminal(80);
        let stream = || Stdio::from(line.try_clone().unwrap());
        // Whoever starts the tests may ignore signals, as `nohup` does.
        let child = Command::new("env")
            .args([
                "--default-signal=INT,TERM,HUP,QUIT",
                "setsid",
                "--ctty",
                "--wait",
                "sh",
                "-c",
                script,
                env!("CARGO_BIN_EXE_pilotfish"),
            ])
            .current_dir(directory)
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("XDG_STATE_HOME", directory.join("state"))
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            person,
            line,
            child,
            shown: String::new(),
        }
    }

    /// Waits until the screen shows this text.
    pub(crate) async fn until(&mut self, text: &str) {
        self.until_after("", text).await;
    }

    /// Waits until the screen shows this text somewhere after the first one, and returns what is between
    /// them.
    pub(crate) async fn until_after(&mut self, first: &str, text: &str) -> String {
        loop {
            let after = self.shown.split_once(first).map(|(_, after)| after);
            if let Some((between, _)) = after.and_then(|after| after.split_once(text)) {
                return between.to_owned();
            }
            let mut person = self.person.try_clone().unwrap();
            let read = tokio::task::spawn_blocking(move || {
                let mut block = [0; 4096];
                let octets = person.read(&mut block).unwrap_or(0);
                block[..octets].to_vec()
            });
            let octets = timeout(LIMIT, read).await;
            let octets = octets
                .unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.shown))
                .unwrap();
            assert!(!octets.is_empty(), "no {text:?} in {:?}", self.shown);
            self.shown
                .push_str(&String::from_utf8_lossy(&octets).replace('\r', ""));
        }
    }

    /// Types this text: a line, or a control character.
    pub(crate) fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a question, and answers it.
    pub(crate) async fn answer(&mut self, question: &str, answer: &str) {
        self.until(question).await;
        self.types(answer);
    }

    /// Waits for the end of the script. The terminal shows what is typed then.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let status = timeout(LIMIT, self.child.wait())
            .await
            .expect("it ends")
            .unwrap();
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO));
        // What is written now comes after everything else.
        self.line.write_all(b"<END>").unwrap();
        self.until("<END>").await;
        let shown = self.shown.replace("<END>", "");
        (status, shown)
    }
}
