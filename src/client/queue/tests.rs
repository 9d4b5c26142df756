//! Which worker is woken or begun for a mail, and which ends.

use std::sync::{Arc, Mutex};
use std::task::Wake;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::super::account_verdict::tests::{refused, reply};
use super::super::job::{OutcomeSender, Tally};
use super::*;
use crate::Message;
use crate::error::{ErrorKind, Stage};
use crate::session::Withdrawal;

/// Notes which worker is woken.
struct Bell(u64, Arc<Mutex<Vec<u64>>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

/// A state, the workers that have been woken, and how many mails have come.
struct Play {
    queue: Queue,
    woken: Arc<Mutex<Vec<u64>>>,
    mails: usize,
    retry: Retry,
}

impl Play {
    fn new(max_connections: usize, retry: Retry) -> Self {
        Self {
            queue: Queue::new(max_connections, &Rates::new()),
            woken: Arc::default(),
            mails: 0,
            retry,
        }
    }

    /// A mail that knows its number.
    fn job(&mut self) -> Job {
        self.mails += 1;
        let id = format!("<{}@x.test>", self.mails);
        let builder = Message::builder().from("a@x.test").to("b@x.test");
        let message = builder.text("x").message_id(id).build().now_or_never();
        let mail = message.unwrap().unwrap().into();
        let (sender, tally) = (
            OutcomeSender::One(oneshot::channel().0),
            Arc::new(Tally::new("x")),
        );
        Job::new(mail, Withdrawal::default(), sender, tally)
    }

    /// Which workers are woken or begun.
    fn wakeups(&mut self) -> String {
        let named = self.queue.wakeups.drain(..).map(|wakeup| match wakeup {
            Wakeup::Parked(waker) => {
                waker.wake();
                format!("wakes {}", self.woken.lock().unwrap().pop().unwrap())
            }
            Wakeup::Spawn(worker) => format!("begins {worker}"),
        });
        named.collect::<Vec<_>>().join(", ")
    }

    fn wakeups_or_none(&mut self) -> String {
        match self.wakeups() {
            wakeups if wakeups.is_empty() => "none".to_owned(),
            wakeups => wakeups,
        }
    }

    /// What follows from an event. A number before it is that of the worker.
    fn step(&mut self, step: &str) -> String {
        let (worker, event) = match step.split_once(' ') {
            Some((worker, event)) if worker.parse::<u64>().is_ok() => {
                (worker.parse().unwrap(), event)
            }
            _ => (0, step),
        };
        let queue = &mut self.queue;
        match event {
            "mail" => {
                let job = self.job();
                self.queue.jobs.push_back(job);
                self.queue.wake_one();
                self.wakeups_or_none()
            }
            "mail in silence" => {
                let job = self.job();
                self.queue.jobs.push_back(job);
                String::new()
            }
            "connected" => {
                queue.connected();
                self.wakeups()
            }
            "asks" | "asks busy" => {
                let bell = Bell(worker, Arc::clone(&self.woken));
                match queue.next_mail(worker, event == "asks busy", &Arc::new(bell).into()) {
                    NextMail::Mail(job) => format!("mail {}", number_of(&job)),
                    NextMail::Refused(..) => "refused".to_owned(),
                    NextMail::BlockedUntil(_) => "hold".to_owned(),
                    NextMail::Wait => "wait".to_owned(),
                    NextMail::Stop => "leave".to_owned(),
                }
            }
            "takes leave" => {
                queue.stop_taking(worker);
                self.wakeups_or_none()
            }
            "ends" if queue.should_continue(worker, &Retry::none()) => "goes on".to_owned(),
            "ends" => "over".to_owned(),
            "is dropped" => format!("{} back", queue.worker_dropped(worker, false).len()),
            "is dropped early" => format!("{} back", queue.worker_dropped(worker, true).len()),
            "accepted" => {
                queue.accepted(now());
                self.wakeups()
            }
            "too much" => {
                let error = refused(Stage::Mail, "421 4.4.5 Server busy, try again later.");
                queue.admission.throttle.failed(now(), now(), &error);
                queue.admission.throttle.connections.to_string()
            }
            "withdrawn" => {
                let removed = queue.remove_where(|job| number_of(job) == worker).len();
                let wakeups = self.wakeups();
                format!("{removed}: {wakeups}").trim_end().to_owned()
            }
            "closes" => {
                queue.begin_close();
                for wakeup in queue.wakeups.drain(..) {
                    if let Wakeup::Parked(waker) = wakeup {
                        waker.wake();
                    }
                }
                let woken = std::mem::take(&mut *self.woken.lock().unwrap());
                format!("wakes {woken:?}")
            }
            "closes no more" => {
                queue.end_close();
                String::new()
            }
            "rests" => {
                queue.backoff.rests();
                String::new()
            }
            "gives up" => {
                queue.connect_abandoned();
                String::new()
            }
            "connecting for nothing" => queue.is_connecting_without_mail().to_string(),
            "unreachable" | "not now" | "wrong password" => self.connect_fails(event),
            "may connect" => format!("{:?}", queue.admit_connection()),
            "refusal" => queue.refusal().is_some().to_string(),
            _ => panic!("{step}"),
        }
    }

    /// An attempt to open a session fails.
    fn connect_fails(&mut self, event: &str) -> String {
        let error = match event {
            "unreachable" => Error::new(ErrorKind::Connect, "x").with_transient(true),
            "not now" => refused(Stage::Greeting, "421 4.3.2 not now").with_transient(true),
            _ => {
                let reply = reply("535 5.7.8 no");
                Error::new(ErrorKind::Auth, "x")
                    .with_stage(Stage::Auth)
                    .with_reply(reply)
            }
        };
        let retry = self.retry.clone();
        let failed = self.queue.connect_failed(&error, &retry, u32::MAX);
        let first = if failed.is_first_refusal {
            ", first refusal"
        } else {
            ""
        };
        format!(
            "{} fail, {} wait, {:?}{first}",
            failed.stranded.len(),
            failed.waiting,
            failed.pause
        )
    }

    fn play(&mut self, transcript: &str) {
        for step in transcript.split("; ") {
            let (step, expected) = step.split_once(" -> ").unwrap_or((step, ""));
            assert_eq!(self.step(step), expected, "{step:?} in {transcript}");
        }
    }
}

fn number_of(job: &Job) -> u64 {
    let id = job.completion.message_id.to_string();
    id[1..].split('@').next().unwrap().parse().unwrap()
}

/// Each transcript is one of a client with this many connections at most: events, and what follows.
fn plays(max_connections: usize, transcript: &str) {
    Play::new(max_connections, Retry::none()).play(transcript);
}

#[test]
fn one_session_is_opened_first_and_then_as_many_as_are_open() {
    plays(
        4,
        "mail -> begins 1; mail -> none; mail -> none; mail -> none; mail -> none; mail -> \
         none; connected -> begins 2; connected -> begins 3, begins 4; connected; connected",
    );
    // No more than mails wait.
    plays(
        9,
        "mail -> begins 1; mail -> none; mail -> none; connected -> begins 2; 1 asks -> mail \
         1; connected -> begins 3; 2 asks -> mail 2; 2 takes leave -> none",
    );
}

#[test]
fn a_worker_without_mails_is_woken_before_another_is_begun_and_a_busy_one_last() {
    plays(
        2,
        "mail -> begins 1; connected; 1 asks -> mail 1; 1 asks busy -> wait; mail -> \
         begins 2; mail -> wakes 1; mail -> none; 1 asks busy -> mail 2; connected; 2 \
         asks -> mail 3; 2 asks -> mail 4; 2 asks -> wait; 1 asks -> wait; \
         mail -> wakes 1; 1 asks -> mail 5; mail -> wakes 2; 2 asks -> mail \
         6; 1 asks busy -> wait; 1 asks -> wait; mail -> wakes 1; mail -> none",
    );
    plays(
        2,
        "mail -> begins 1; connected; 1 asks -> mail 1; 1 asks -> wait; mail in \
         silence; mail in silence; 1 takes leave -> begins 2",
    );
}

#[test]
fn a_worker_goes_on_if_its_mails_would_wait_otherwise() {
    plays(
        1,
        "mail -> begins 1; mail -> none; connected; 1 asks -> mail 1; 1 ends -> goes \
         on; connected; 1 asks -> mail 2; 1 ends -> over; mail -> begins 2",
    );
    // Another that connects is enough.
    plays(
        4,
        "mail -> begins 1; mail -> none; connected -> begins 2; 1 asks -> mail 1; 1 \
         ends -> over; mail -> none; connected -> begins 3",
    );
    // It goes on beside others.
    plays(
        4,
        "mail -> begins 1; mail -> none; mail -> none; connected -> begins 2; 1 asks -> mail \
         1; connected -> begins 3; 2 asks -> mail 2; connected; 3 asks -> \
         mail 3; mail in silence; mail in silence; 3 ends -> goes on; 2 ends -> over",
    );
}

#[test]
fn fewer_workers_where_the_server_takes_less_and_more_when_it_takes_more() {
    plays(
        4,
        "mail -> begins 1; mail -> none; connected -> begins 2; 1 asks -> mail 1; \
         connected; 2 asks -> mail 2; too much -> 2; too much -> 1; 1 asks busy -> \
         wait; 1 asks -> leave; 2 asks -> wait; mail in silence; mail in silence; 1 ends -> \
         over; 2 asks -> mail 3; 2 ends -> goes on",
    );
    plays(
        4,
        "mail -> begins 1; connected; too much -> 2; too much -> 1; 1 asks -> mail 1; \
         mail -> none; accepted -> begins 2",
    );
    plays(4, "mail in silence; accepted");
    // As many as the server takes go on.
    plays(
        4,
        "mail -> begins 1; mail -> none; mail -> none; connected -> begins 2; 1 asks -> mail 1; \
         connected -> begins 3; 2 asks -> mail 2; connected; 3 asks -> mail 3; too much -> 2; \
         mail in silence; 3 ends -> over",
    );
}

#[test]
fn a_client_that_closes_has_no_worker_that_waits() {
    plays(
        2,
        "mail -> begins 1; connected; 1 asks -> mail 1; 1 asks -> wait; closes -> \
         wakes [1]; mail in silence; 1 asks -> mail 2; 1 asks -> leave; closes -> \
         wakes []; closes no more; 1 asks -> leave; closes no more; 1 asks -> wait; mail -> \
         wakes 1",
    );
}

#[tokio::test(start_paused = true)]
async fn mails_that_are_taken_out_hold_no_other() {
    plays(
        1,
        "mail -> begins 1; connected; 1 asks -> mail 1; 1 asks -> wait; mail in \
         silence; mail in silence; mail in silence; 3 withdrawn -> 1:; 2 withdrawn -> 1: wakes \
         1; 4 withdrawn -> 1:; 4 withdrawn -> 0:",
    );
    let held = "mail -> begins 1; connected; too much -> 1; 1 asks -> mail 1; mail -> none; 1 \
     asks -> hold; may connect -> Err(1s)";
    plays(
        1,
        &format!("{held}; 2 withdrawn -> 1:; may connect -> Ok(())"),
    );
    plays(
        1,
        &format!("{held}; closes -> wakes [1]; 1 asks -> hold; 2 withdrawn -> 1: wakes 1"),
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_when_no_session_can_be_opened() {
    let two = "mail -> begins 1; mail -> none; ";
    for (retry, transcript) in [
        (
            Retry::none(),
            "unreachable -> 2 fail, 0 wait, 0ns; gives up; mail -> begins 2",
        ),
        (
            Retry::none(),
            "not now -> 1 fail, 0 wait, 1s; not now -> 1 fail, 0 wait, 2s",
        ),
        (
            Retry::none(),
            "wrong password -> 2 fail, 0 wait, 1s, first refusal; refusal -> true; may connect \
             -> Err(1s); mail in silence; wrong password -> 1 fail, 0 wait, 2s",
        ),
        (
            Retry::new(),
            "unreachable -> 0 fail, 2 wait, 1s; may connect -> Err(1s); not now -> 0 fail, 2 \
             wait, 2s; mail in silence; closes -> wakes []; not now -> 3 fail, 0 wait, 4s",
        ),
        // Others have a session.
        (
            Retry::none(),
            "connected -> begins 2; refusal -> false; unreachable -> 0 fail, 0 wait, 0ns; may \
             connect -> Err(1s); wrong password -> 0 fail, 0 wait, 0ns, first refusal; refusal \
             -> false; gives up; 2 ends -> goes on; 1 asks -> mail 1; 1 asks -> mail \
             2; 1 ends -> over; refusal -> true",
        ),
        // A session was open at the time: the client that closes may open another.
        (
            Retry::none(),
            "connected -> begins 2; mail in silence; closes -> wakes []; not now -> 0 fail, 0 \
             wait, 0ns; gives up; 2 ends -> goes on; 1 asks -> mail 1; 1 ends -> over; refusal -> \
             false; may connect -> Err(1s); not now -> 2 fail, 0 wait, 1s; refusal -> true",
        ),
    ] {
        Play::new(4, retry).play(&format!("{two}{transcript}"));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_no_session_is_opened_beside_others() {
    plays(
        4,
        "mail -> begins 1; connected; rests; mail -> none; may connect -> Err(1s)",
    );
    plays(4, "rests; mail -> begins 1");
}

#[test]
fn the_last_worker_that_is_dropped_gives_the_mails_back() {
    plays(
        4,
        "mail -> begins 1; mail -> none; 1 is dropped early -> 2 back; mail -> begins 2; \
         connected; mail -> begins 3; 2 is dropped -> 0 back; 3 is dropped early -> 2 back; \
         mail -> begins 4; connected; 4 asks -> mail 5; 4 asks -> wait; 4 is dropped \
         -> 0 back; mail -> begins 5",
    );
    // One that was to end is not counted twice.
    plays(
        2,
        "mail -> begins 1; mail -> none; connected -> begins 2; connected; too much -> 1; 1 \
         asks -> leave; 1 is dropped -> 0 back; accepted -> begins 3; connected; too much -> \
         1; 2 asks -> leave",
    );
}

#[test]
fn a_connection_that_no_mail_waits_for() {
    plays(
        4,
        "connecting for nothing -> false; mail -> begins 1; connecting for nothing -> false; 1 \
         withdrawn -> 1:; connecting for nothing -> true; connected; connecting for nothing -> \
         false",
    );
}
