//! The first minute of a new user, in a real terminal: tmux, and a server that has the name and the
//! port of Gmail's.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pilotfish::testing::{Received, Security, TestServer};
use tempfile::TempDir;
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::live_env;

/// How long a screen may take to appear on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A shell in tmux, whose machine finds smtp.gmail.com at a loopback address.
struct Terminal {
    folder: TempDir,
    /// Everything that the programs write.
    written: Receiver,
}

impl Terminal {
    /// Starts the shell, if the machine allows mounts.
    fn start(address: Ipv4Addr, server: &TestServer) -> Result<Self, String> {
        const SCRIPT: &str = "mount --bind $1/hosts /etc/hosts\ncd $1\n\
             exec env -i HOME=$1 PATH=$1/bin:/usr/bin:/bin TERM=screen LC_ALL=C.UTF-8 \
             ENV=$1/shell \
             $2 -S $1/tmux -f /dev/null new-session -d -x 80 -y 70 sh";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("bin")).unwrap();
        // The real Gmail needs no --tls-ca.
        let pilotfish = format!(
            "#!/bin/sh\n[ \"$1\" != account ] || set -- \"$@\" --tls-ca ca.pem\nexec {} \"$@\"\n",
            env!("CARGO_BIN_EXE_pilotfish")
        );
        std::fs::write(path.join("bin/pilotfish"), pilotfish).unwrap();
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path.join("bin/pilotfish"), executable).unwrap();
        std::fs::write(path.join("ca.pem"), server.ca_pem()).unwrap();
        let hosts = format!("127.0.0.1 localhost\n{address} smtp.gmail.com\n");
        std::fs::write(path.join("hosts"), hosts).unwrap();
        std::fs::write(path.join("shell"), "PS1='$ '\n").unwrap();
        let shark = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images/shark.png");
        std::fs::copy(shark, path.join("shark.png")).unwrap();
        let started = Command::new("unshare")
            .args(["--mount", "sh", "-ec", SCRIPT, "sh"])
            .arg(path)
            .arg(live_env::tool("tmux"))
            .output()
            .unwrap();
        if !started.status.success() {
            return Err(String::from_utf8_lossy(&started.stderr).into_owned());
        }
        let pipe = path.join("written");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let written = OpenOptions::new()
            .read_write(true)
            .open_receiver(&pipe)
            .unwrap();
        let terminal = Self { folder, written };
        terminal.tmux(&["pipe-pane", &format!("exec cat > {}", pipe.display())]);
        Ok(terminal)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(live_env::tool("tmux"));
        command.arg("-S").arg(self.path("tmux")).args(arguments);
        let ended = command.output().unwrap();
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    }

    /// Waits until this is the last line. Returns the whole screen.
    async fn until(&self, line: &str) -> String {
        loop {
            let screen = self.tmux(&["capture-pane", "-p", "-S", "-"]);
            let screen = screen.trim_end();
            if screen.rsplit('\n').next() == Some(line) {
                return screen.to_owned();
            }
            let change = timeout(PATIENCE, self.written.readable()).await;
            change
                .unwrap_or_else(|_| panic!("no {line:?} in {screen}"))
                .unwrap();
            let _ = self.written.try_read(&mut [0; 4096]);
        }
    }

    /// Waits for a question, and types the answer.
    async fn answer(&self, question: &str, answer: &str) {
        self.until(question).await;
        self.types(answer);
    }

    fn types(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// Waits for a question, and pastes the answer.
    async fn paste(&self, question: &str, answer: &str) {
        self.until(question).await;
        self.tmux(&["set-buffer", answer]);
        self.tmux(&["paste-buffer"]);
        self.tmux(&["send-keys", "Enter"]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut command = Command::new(live_env::tool("tmux"));
        let _ = command
            .arg("-S")
            .arg(self.path("tmux"))
            .arg("kill-server")
            .output();
    }
}

/// A loopback address whose port 465 is free, and leads to the server.
async fn port_465(server: &TestServer) -> std::io::Result<Ipv4Addr> {
    let port = server.addr();
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, a.max(1), b, c.max(1));
    let listener = TcpListener::bind((address, 465)).await?;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(port).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    Ok(address)
}

/// The screens without the day and the id of this run.
fn normalized(screen: &str) -> String {
    let mut lines = screen.lines().map(|line| {
        if let Some((before, _)) = line.split_once("valid until ") {
            format!("{before}valid until 2027-01-19")
        } else if let Some((before, _)) = line
            .split_once("@gmail.com: ")
            .filter(|_| line.starts_with("✓ accepted"))
        {
            format!("{before}@gmail.com: 5f1c0a9e2b")
        } else if let Some((before, _)) = line
            .split_once("@example.org: ")
            .filter(|_| line.starts_with("✓ accepted"))
        {
            format!("{before}@example.org: 5f1c0a9e2c")
        } else {
            line.trim_end().to_owned()
        }
    });
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |text, line| text + "\n" + &line)
}

/// The screens in the README.
fn documented() -> String {
    let readme = include_str!("../../../README.md");
    let (_, block) = readme
        .split_once("```console\n$ pilotfish account add")
        .expect("the screens");
    let (block, _) = block.split_once("\n```").unwrap();
    format!("$ pilotfish account add{block}")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, and tmux, which tests/provision unpacks: tests/run"]
async fn the_first_minute() {
    let server = TestServer::builder()
        .host_names(["smtp.gmail.com"])
        .security(Security::ImplicitTls)
        .user("me@gmail.com", "abcdefghijklmnop")
        .start()
        .await
        .unwrap();
    let terminal = match port_465(&server).await {
        Ok(address) => Terminal::start(address, &server),
        Err(error) => Err(format!("port 465: {error}")),
    };
    let terminal = match terminal {
        Ok(terminal) => terminal,
        Err(cause) => {
            // Some containers allow neither. The test harness does not capture this line.
            let line = format!("live::first_minute: not tested here: {cause}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return;
        }
    };
    let begin = Instant::now();
    terminal.until("$").await;
    terminal.types("pilotfish account add me@gmail.com");
    terminal
        .answer("App password for me@gmail.com:", "my-own-password")
        .await;
    terminal
        .answer(
            "  15 characters; an app password has 16. Try it anyway? [y/N]",
            "y",
        )
        .await;
    terminal
        .paste(
            "App password for me@gmail.com (attempt 2 of 3):",
            "abcd efgh ijkl mnop",
        )
        .await;
    terminal
        .answer("Your name, as recipients see it [Me]:", "")
        .await;
    terminal.answer("and not encrypted? [Y/n]", "").await;
    terminal
        .answer("Send a test mail to me@gmail.com? [Y/n]", "n")
        .await;
    terminal.until("$").await;
    terminal.types("pilotfish send ann@example.org -s 'A shark' -m 'Look.' -a shark.png");
    let screen = terminal.until("$").await;
    let took = begin.elapsed();
    let screen = normalized(&screen);
    println!("{screen}\n\nthe whole took {} ms", took.as_millis());
    assert_eq!(screen.trim_end_matches("\n$"), documented());
    let received = server.received();
    assert_eq!(received.len(), 1);
    is_the_shark(&received[0]);
    server.shutdown().await.unwrap();
}

fn is_the_shark(mail: &Received) {
    assert_eq!(mail.reverse_path, "me@gmail.com");
    assert_eq!(mail.forward_paths, ["ann@example.org"]);
    let text = String::from_utf8_lossy(&mail.octets);
    for part in [
        "From: Me <me@gmail.com>",
        "Subject: A shark",
        "Look.",
        "shark.png",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
