//! A line on the terminal that names the reply that a silent server owes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};
use pilotfish::transport::Timeouts;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::logging::LibraryEvent;
use super::progress::hidden_line;
use crate::terminal::style::{DIM, Stream, painted};

/// How long a wait has to last before the line is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is brought up to date.
const TICK: Duration = Duration::from_millis(100);

/// The steps that the server has not taken yet, as the dialogue shows.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<DueSteps>>);

pub(super) struct DueSteps {
    /// The replies and steps to wait for, the next first. Empty while the message is sent.
    due: VecDeque<Due>,
    /// When something last happened.
    since: Instant,
}

/// A step of the server to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Due {
    Connection,
    Greeting,
    Handshake,
    /// The reply to a command with this verb.
    Reply(String),
    /// The reply to the end of the mail.
    End,
    /// The next attempt, which begins after this time.
    Attempt(Duration),
    /// A step of the command that is not one of the dialogue, and how long it may take.
    Step(String, Option<Duration>),
}

/// The line. Dropping this clears it.
pub(crate) struct WaitingLine {
    task: JoinHandle<()>,
    bar: ProgressBar,
}

impl Default for DueSteps {
    fn default() -> Self {
        Self {
            due: VecDeque::from([Due::Connection]),
            since: Instant::now(),
        }
    }
}

impl DueSteps {
    /// The mail is deferred, and the client sends it again after this time.
    pub(super) fn wait_for_next_attempt(&mut self, wait: Duration) {
        self.since = Instant::now();
        self.due = VecDeque::from([Due::Attempt(wait)]);
    }

    /// What is due after so long a silence, and how long it has been due. Nothing if that is short.
    fn present(&self, silent: Duration) -> Option<(&Due, Duration)> {
        let due = self.due.front()?;
        let over = match due {
            Due::Attempt(wait) => silent.checked_sub(*wait).filter(|over| !over.is_zero()),
            _ => None,
        };
        // The wait has ended, and the client connects.
        let (due, silent) = over.map_or((due, silent), |over| (&Due::Connection, over));
        (silent >= PATIENCE).then_some((due, silent))
    }

    /// Follows the dialogue.
    pub(super) fn see(&mut self, line: &LibraryEvent) {
        if let Some(Due::Step(..)) = self.due.front() {
            return;
        }
        if let Some(Due::Attempt(_)) = self.due.front() {
            // What else happens belongs to the attempt before.
            let is_mail = line.from == "client" && line.text.starts_with("MAIL ");
            if line.from != "network" && !is_mail {
                return;
            }
            self.due.clear();
        }
        self.since = Instant::now();
        match (line.from.as_str(), line.octets) {
            ("network", _) => self.due = VecDeque::from([Due::Greeting]),
            ("tls", _) => self.due.retain(|due| *due != Due::Handshake),
            ("client", None) => {
                let verb = line.text.split(' ').next().unwrap_or_default();
                self.due.push_back(Due::Reply(verb.to_owned()));
            }
            ("client", Some(_)) if line.text == "last block" => self.due.push_back(Due::End),
            ("client", Some(_)) if line.text == "last chunk" => {
                // The reply to its BDAT is the reply to the mail.
                self.due.pop_back();
                self.due.push_back(Due::End);
            }
            // The last line of a reply (RFC 5321 section 4.2.1).
            ("server", _) if line.text.as_bytes().get(3) != Some(&b'-') => {
                let answered = self.due.pop_front();
                if answered == Some(Due::Reply("STARTTLS".to_owned())) {
                    self.due.push_back(Due::Handshake);
                }
            }
            _ => {}
        }
    }
}

impl Due {
    /// What it is called, and how long it may take.
    fn shown(&self, host: &str, limits: &Timeouts) -> (String, Option<Duration>) {
        let (what, limit) = match self {
            Self::Step(what, limit) => return (what.clone(), *limit),
            Self::Attempt(wait) => ("deferred; trying again".to_owned(), *wait),
            Self::Connection => (format!("connecting to {host}"), limits.connect),
            Self::Greeting => (
                format!("waiting for the greeting of {host}"),
                limits.greeting,
            ),
            Self::Handshake => ("waiting for the TLS handshake".to_owned(), limits.handshake),
            Self::End => {
                let what = "waiting for the reply to the end of the mail".to_owned();
                (what, limits.end_of_data)
            }
            Self::Reply(verb) => {
                let limit = match verb.as_str() {
                    "EHLO" | "HELO" | "LHLO" => limits.hello,
                    "STARTTLS" => limits.starttls,
                    "MAIL" => limits.mail,
                    "RCPT" => limits.rcpt,
                    "DATA" => limits.data,
                    "BDAT" => limits.block,
                    "QUIT" => limits.quit,
                    "RSET" => limits.reset,
                    _ => limits.auth,
                };
                (format!("waiting for the reply to {verb}"), limit)
            }
        };
        (what, Some(limit))
    }
}

impl Waiting {
    pub(super) fn state(&self) -> MutexGuard<'_, DueSteps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line for the present wait, if it has lasted.
    fn line(&self, host: &str, limits: &Timeouts) -> Option<String> {
        let state = self.state();
        let (due, silent) = state.present(state.since.elapsed())?;
        let (what, limit) = due.shown(host, limits);
        let limit = limit.map(|limit| format!(" of {}", time(limit)));
        let line = format!("{what}: {}{}", time(silent), limit.unwrap_or_default());
        Some(Stream::stderr().shown(painted(DIM, line)))
    }

    /// The command begins this step, whatever the dialogue shows.
    pub(crate) fn begin(&self, what: String, limit: Option<Duration>) {
        let mut state = self.state();
        state.due = VecDeque::from([Due::Step(what, limit)]);
        state.since = Instant::now();
    }

    /// A session begins, and the dialogue shows what is due.
    pub(crate) fn follow(&self) {
        *self.state() = DueSteps::default();
    }

    /// The mail is deferred for some recipients, and the command sends it again after this time.
    pub(crate) fn wait_for_next_attempt(&self, wait: Duration) {
        self.state().wait_for_next_attempt(wait);
    }

    /// Shows the line whenever a wait lasts.
    pub(crate) fn show(self, host: String, limits: Timeouts) -> WaitingLine {
        // The time before was spent on passwords and files.
        self.state().since = Instant::now();
        let bar = hidden_line();
        let drawn = bar.clone();
        let task = tokio::spawn(async move {
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                ticks.tick().await;
                match self.line(&host, &limits) {
                    Some(line) if line == drawn.message() => {}
                    Some(line) => {
                        if drawn.is_hidden() {
                            drawn.set_draw_target(ProgressDrawTarget::stderr());
                        }
                        drawn.set_message(line);
                    }
                    None => clear(&drawn),
                }
            }
        });
        WaitingLine { task, bar }
    }
}

impl WaitingLine {
    /// Clears the line, before anything else is printed.
    pub(crate) fn clear(&self) {
        clear(&self.bar);
    }
}

impl Drop for WaitingLine {
    fn drop(&mut self) {
        self.task.abort();
        self.clear();
    }
}

fn clear(bar: &ProgressBar) {
    bar.finish_and_clear();
    bar.set_draw_target(ProgressDrawTarget::hidden());
    bar.reset();
    bar.set_message("");
}

/// A time in seconds, or in minutes from two of them on.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0 | 1, _) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: &str, text: &str, octets: Option<u64>) -> LibraryEvent {
        LibraryEvent {
            from: from.to_owned(),
            tls: false,
            octets,
            text: text.to_owned(),
            ..LibraryEvent::default()
        }
    }

    #[test]
    fn what_is_due_after_each_line_of_a_dialogue() {
        let mut state = DueSteps::default();
        let reply = |verb: &str| Some(Due::Reply(verb.to_owned()));
        assert_eq!(state.due.front(), Some(&Due::Connection));
        for (from, text, octets, due) in [
            ("network", "connected to x", None, Some(Due::Greeting)),
            ("server", "220-one", None, Some(Due::Greeting)),
            ("server", "220 two", None, None),
            ("client", "EHLO x", None, reply("EHLO")),
            ("server", "250-x", None, reply("EHLO")),
            ("server", "250 STARTTLS", None, None),
            ("client", "STARTTLS", None, reply("STARTTLS")),
            ("server", "220 go", None, Some(Due::Handshake)),
            ("tls", "TLSv1.3", None, None),
            ("client", "MAIL FROM:<a@b>", None, reply("MAIL")),
            ("client", "RCPT TO:<a@b>", None, reply("MAIL")),
            ("client", "DATA", None, reply("MAIL")),
            ("server", "250 ok", None, reply("RCPT")),
            ("server", "250 ok", None, reply("DATA")),
            ("server", "354", None, None),
            ("client", "block", Some(9), None),
            ("client", "last block", Some(9), Some(Due::End)),
            ("server", "250 ok", None, None),
            ("client", "BDAT 9 LAST", None, reply("BDAT")),
            ("client", "last chunk", Some(9), Some(Due::End)),
            ("server", "250 ok", None, None),
        ] {
            state.see(&line(from, text, octets));
            assert_eq!(state.due.front(), due.as_ref(), "{from} {text}");
        }
    }

    #[test]
    fn the_wait_for_the_next_attempt_lasts_until_it_begins() {
        let mut state = DueSteps::default();
        let wait = Duration::from_secs(5);
        for (from, text, due) in [
            ("client", "RSET", Due::Attempt(wait)),
            ("server", "250 ok", Due::Attempt(wait)),
            ("client", "MAIL FROM:<a@b>", Due::Reply("MAIL".to_owned())),
            ("network", "connected to x", Due::Greeting),
        ] {
            if from != "server" {
                state.wait_for_next_attempt(wait);
            }
            state.see(&line(from, text, None));
            assert_eq!(state.due.front(), Some(&due), "{from} {text}");
        }
        let (shown, limit) = Due::Attempt(wait).shown("x.test", &Timeouts::default());
        assert_eq!(
            (shown.as_str(), limit),
            ("deferred; trying again", Some(wait))
        );
    }

    #[test]
    fn the_client_connects_after_the_wait_for_the_next_attempt() {
        let seconds = Duration::from_secs;
        let mut state = DueSteps::default();
        state.wait_for_next_attempt(seconds(5));
        let attempt = Due::Attempt(seconds(5));
        for (silent, expected) in [
            (0, None),
            (1, Some((&attempt, seconds(1)))),
            (5, Some((&attempt, seconds(5)))),
            (6, Some((&Due::Connection, seconds(1)))),
            (31, Some((&Due::Connection, seconds(26)))),
        ] {
            assert_eq!(state.present(seconds(silent)), expected, "{silent}");
        }
        let short = seconds(5) + PATIENCE / 2;
        assert_eq!(state.present(short), None);
    }

    #[test]
    fn a_step_of_the_command_lasts_until_the_dialogue_is_followed() {
        let waiting = Waiting::default();
        waiting.begin("testing the ports".to_owned(), None);
        let connected = line("network", "connected to x", None);
        waiting.state().see(&connected);
        let (shown, limit) = (waiting.state().due[0]).shown("x.test", &Timeouts::default());
        assert_eq!((shown.as_str(), limit), ("testing the ports", None));
        waiting.follow();
        waiting.state().see(&connected);
        assert_eq!(waiting.state().due.front(), Some(&Due::Greeting));
    }

    #[test]
    fn times_are_in_seconds_and_minutes() {
        for (seconds, shown) in [(1, "1 s"), (90, "90 s"), (120, "2 min"), (301, "5 min 1 s")] {
            assert_eq!(time(Duration::from_secs(seconds)), shown);
        }
    }
}
