//! A command that prints a secret, while it runs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use tokio::process::{Child, Command};

/// The most processes that are looked for when a command is stopped.
const MAX_PROCESSES: usize = 256;

/// How long a command on a terminal may take to restore the terminal and end.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often is looked whether it has ended.
const INTERVAL: Duration = Duration::from_millis(5);

/// A command that runs. Dropping this before its end stops it, with the processes that it has started.
///
/// On a terminal, the drop waits until all of them have ended, and after 2 seconds it kills them: the
/// program may be about to end as well, and then nothing else would.
pub(super) struct Running {
    pub(super) child: Child,
    /// Whether the command is the first of a process group of its own.
    has_group: bool,
    /// The other ends of its pipes. Without a reader, a program that is stopped would end by SIGPIPE as soon as
    /// it says something, before it has restored the terminal.
    _readers: Vec<OwnedFd>,
}

impl Running {
    /// Runs a command by `sh -c` without input.
    pub(super) fn start(command: &str) -> io::Result<Self> {
        // On a terminal, a program outside of the foreground group cannot ask for a passphrase.
        let has_group = std::fs::File::open("/dev/tty").is_err();
        Self::start_in(command, has_group)
    }

    fn start_in(command: &str, has_group: bool) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if has_group {
            shell.process_group(0);
        }
        let child = shell.spawn()?;
        let output = child.stdout.as_ref().map(AsFd::as_fd);
        let errors = child.stderr.as_ref().map(AsFd::as_fd);
        let readers = output.into_iter().chain(errors);
        let readers = readers.map(|reader| reader.try_clone_to_owned());
        let readers = readers.collect::<Result<_, _>>()?;
        Ok(Self {
            child,
            has_group,
            _readers: readers,
        })
    }

    /// Lets programs that have changed the terminal restore it.
    fn end(&mut self, shell: Pid) {
        let mut processes = descendants(shell);
        processes.push(shell);
        for process in &processes {
            let _ = kill_process(*process, Signal::TERM);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let has_shell_ended = !matches!(self.child.try_wait(), Ok(None));
            processes.retain(|process| {
                let has_ended = has_shell_ended && *process == shell;
                !has_ended && is_running(*process)
            });
            if processes.is_empty() {
                return;
            }
            if Instant::now() >= end {
                break;
            }
            std::thread::sleep(INTERVAL);
        }
        for process in processes {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A command that has ended has no number any more, and what it left running goes on.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(shell) = id.and_then(Pid::from_raw) else {
            return;
        };
        if self.has_group {
            let _ = kill_process_group(shell, Signal::KILL);
        } else {
            self.end(shell);
        }
    }
}

/// The processes that a process has started, and those that they have, as far as the system says it
/// (Linux).
fn descendants(process: Pid) -> Vec<Pid> {
    let mut all = Vec::new();
    let mut open = vec![process];
    while let Some(parent) = open.pop().filter(|_| all.len() < MAX_PROCESSES) {
        let id = parent.as_raw_nonzero();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        let children: Vec<_> = children.filter_map(Pid::from_raw).collect();
        open.extend(&children);
        all.extend(children);
    }
    all
}

/// Whether a process has not ended. One that has ended keeps its number until its parent has seen it.
fn is_running(process: Pid) -> bool {
    let id = process.as_raw_nonzero();
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => {
            let state = stat.rsplit_once(") ").map_or("", |(_, state)| state);
            !state.starts_with(['Z', 'X'])
        }
        Err(_) => test_kill_process(process).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Starts a command, and waits for the file with the number of a process, `begun`.
    async fn begun(directory: &Path, command: &str, has_group: bool) -> (Running, Pid) {
        let script = format!("cd '{}'; {command}", directory.display());
        let mut running = Running::start_in(&script, has_group).unwrap();
        // As if what it says had been read until now.
        drop((running.child.stdout.take(), running.child.stderr.take()));
        let file = directory.join("begun");
        while !file.exists() {
            tokio::task::yield_now().await;
        }
        let id = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        let id = id.trim().parse().unwrap();
        (running, Pid::from_raw(id).unwrap())
    }

    const BEGUN: &str = "echo $$ >pid; mv pid begun";

    /// With and without a terminal, the last process of a command ends with it, even if it does not
    /// want to.
    #[tokio::test]
    async fn no_process_stays() {
        let directory = tempfile::tempdir().unwrap();
        for has_group in [true, false] {
            for command in [
                format!("sh -c '{BEGUN}; sleep 600; true'; true"),
                format!("exec sh -c '{BEGUN}; sleep 600; true'"),
                format!("sh -c 'trap \"\" TERM; {BEGUN}; sleep 600; true'; true"),
            ] {
                let (running, process) = begun(directory.path(), &command, has_group).await;
                drop(running);
                // An orphan that was killed is gone when the system has done it.
                while is_running(process) {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// On a terminal, a program ends by itself, whether the shell has become it or has started it.
    #[tokio::test]
    async fn a_program_on_a_terminal_restores_it() {
        let directory = tempfile::tempdir().unwrap();
        let restored = directory.path().join("restored");
        let program = format!(
            "trap 'echo ends >&2; echo >restored; exit' TERM; {BEGUN}; while :; do sleep 0.02; done"
        );
        std::fs::write(directory.path().join("ask.sh"), program).unwrap();
        for command in ["exec sh ask.sh", "sh ask.sh; true"] {
            let (running, _) = begun(directory.path(), command, false).await;
            drop(running);
            assert!(restored.exists(), "{command}");
            std::fs::remove_file(&restored).unwrap();
        }
    }
}
