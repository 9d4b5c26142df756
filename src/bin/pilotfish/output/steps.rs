//! The steps of a submission, a line each, for `-v`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::logging::LibraryEvent;
use super::report;
use crate::terminal::quantity::{Span, day};
use crate::terminal::style::{DIM, painted};

/// How often the client has waited for the server since it began to send the mail.
#[derive(Clone, Default)]
pub(crate) struct RoundTrips(Arc<AtomicUsize>);

impl RoundTrips {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Another mail begins.
    pub(crate) fn reset(&self) {
        self.set(0);
    }

    fn set(&self, count: usize) {
        self.0.store(count, Ordering::Relaxed);
    }
}

/// Prints a line for each step that a person wants to know of, up to the mail itself.
pub(super) fn steps(round_trips: RoundTrips) -> impl Fn(LibraryEvent) {
    let started = Instant::now();
    let seen = Mutex::new(Seen {
        round_trips,
        sends: false,
        hears: false,
    });
    move |event| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.follow(&event);
        if let Some(step) = step(&event, started) {
            report::notice(&painted(DIM, step));
        }
    }
}

/// How far the dialogue is.
struct Seen {
    round_trips: RoundTrips,
    /// Whether the mail has begun and is not answered yet.
    sends: bool,
    /// Whether the server was the last to speak.
    hears: bool,
}

impl Seen {
    /// Counts each time that the client speaks after the server, from MAIL to the last reply.
    fn follow(&mut self, event: &LibraryEvent) {
        if event.wait.is_some() {
            // What counts is the attempt by which the mail is accepted.
            self.round_trips.reset();
            self.sends = false;
        }
        match event.from.as_str() {
            "client" => {
                let verb = event.text.split(' ').next().unwrap_or_default();
                self.sends = (self.sends || verb == "MAIL") && !matches!(verb, "QUIT" | "RSET");
                let begins = self.round_trips.count() == 0;
                if self.sends && (self.hears || begins) {
                    self.round_trips.set(self.round_trips.count() + 1);
                }
                self.hears = false;
            }
            "server" => self.hears = true,
            _ => {}
        }
    }
}

/// The step that an event shows, if it shows one.
fn step(event: &LibraryEvent, started: Instant) -> Option<String> {
    if event.from == "network" {
        let place = event.text.replacen(" port ", ":", 1);
        return Some(format!("{place} in {}", Span(started.elapsed())));
    }
    if let (Some(user), Some(mechanism)) = (&event.user, &event.mechanism) {
        let user = if user.is_empty() {
            String::new()
        } else {
            format!(" as {user}")
        };
        return Some(format!("logged in{user} ({mechanism})"));
    }
    let version = event.version.as_ref()?;
    let mut parts = vec![version.replacen("TLSv", "TLS ", 1)];
    parts.extend(event.key_exchange.clone());
    let end = event.not_after.map(Duration::from_secs);
    let end = end.and_then(|end| day(SystemTime::UNIX_EPOCH.checked_add(end)?));
    if let Some(end) = end {
        let of = event.certificate.as_ref().map(|name| format!(" of {name}"));
        parts.push(format!("certificate{} until {end}", of.unwrap_or_default()));
    }
    Some(parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_counted_from_mail_to_the_last_reply() {
        let begin = "> EHLO|< 250 ok";
        for (dialogue, expected) in [
            // One command at a time.
            (
                "> MAIL|< 250|> RCPT|< 250|> DATA|< 354|> last block|< 250|> QUIT|< 221",
                4,
            ),
            (
                "> MAIL|> RCPT|> DATA|< 250|< 250|< 354|> block|> last block|< 250",
                2,
            ),
            (
                "> MAIL|> RCPT|> BDAT|> last chunk|< 250|< 250|< 250|> QUIT",
                1,
            ),
            // The second attempt alone.
            (
                "> MAIL|< 450|wait|> RSET|< 250|> MAIL|> RCPT|> DATA|< 250|< 250|< 354|> last block|< 250",
                2,
            ),
        ] {
            let mut seen = Seen {
                round_trips: RoundTrips::default(),
                sends: false,
                hears: false,
            };
            for line in begin.split('|').chain(dialogue.split('|')) {
                let (from, text) = line.split_once(' ').unwrap_or_default();
                let from = match from {
                    ">" => "client",
                    "<" => "server",
                    _ => "",
                };
                seen.follow(&LibraryEvent {
                    from: from.to_owned(),
                    text: text.to_owned(),
                    wait: (line == "wait").then_some(Duration::from_secs(1)),
                    ..LibraryEvent::default()
                });
            }
            assert_eq!(seen.round_trips.count(), expected, "{dialogue}");
        }
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let tls = |key_exchange: Option<&str>, certificate: Option<&str>, not_after| LibraryEvent {
            version: Some("TLSv1.3".to_owned()),
            key_exchange: key_exchange.map(str::to_owned),
            certificate: certificate.map(str::to_owned),
            not_after,
            ..LibraryEvent::default()
        };
        let end = Some(1_800_316_800);
        for (event, expected) in [
            (
                tls(Some("X25519MLKEM768"), Some("smtp.gmail.com"), end),
                "TLS 1.3, X25519MLKEM768, certificate of smtp.gmail.com until 2027-01-19",
            ),
            (
                tls(None, None, end),
                "TLS 1.3, certificate until 2027-01-19",
            ),
            (tls(None, Some("a.test"), None), "TLS 1.3"),
            (tls(None, Some("a.test"), Some(u64::MAX)), "TLS 1.3"),
        ] {
            assert_eq!(step(&event, Instant::now()).as_deref(), Some(expected));
        }
    }
}
