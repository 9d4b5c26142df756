//! Whether the flight may leave: the caller's last word about the mails that end in it.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::Dialogue;
use super::in_flight::InFlight;
use crate::error::Error;
use crate::session::departure::{Departure, ask, too_slow};
use crate::session::mail::{Mail, withdrawn};
use crate::transport::Flight;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Asks the departures of the mails that end in the flight, and commits these mails. `false` if the
    /// flight may not leave: the dialogue has ended then.
    pub(super) async fn may_depart(&mut self) -> bool {
        let has_departure = |in_flight: &InFlight| in_flight.mail.departure.is_some();
        // Rare, and large: in a box, the future takes no room in those around it.
        if self.leaving().any(has_departure) && !Box::pin(self.ask_departures()).await {
            return false;
        }
        for in_flight in self.leaving() {
            in_flight.mail.withdrawal.commit();
        }
        true
    }

    /// The mails that end in the flight.
    fn leaving(&self) -> impl Iterator<Item = &InFlight> {
        let handed_over = self.wire.handed_over();
        let carried = self.pipeline.carried();
        carried.filter(move |in_flight| in_flight.is_leaving(handed_over))
    }

    /// Asks each departure once, until one of them refuses.
    async fn ask_departures(&mut self) -> bool {
        let limit = self.wire.timeouts().block;
        for (departure, mails) in self.departures() {
            // The flight is not sent any more.
            if self.wire.has_ended() {
                break;
            }
            let asking = ask(&*departure, &mails);
            let asked = self.wire.read_during(limit, asking).await;
            if let Err(error) = asked.unwrap_or_else(|| Err(too_slow(limit))) {
                let refuses = |mail: &Mail| {
                    let own = mail.departure.as_ref();
                    own.is_some_and(|own| Arc::ptr_eq(&own.departure, &departure))
                };
                self.hold_back(&error, refuses);
                break;
            }
        }
        // Callers may have stopped waiting meanwhile.
        self.hold_back(&withdrawn(), |mail| mail.withdrawal.is_withdrawn());
        let may_leave = !self.leaving().any(InFlight::is_held_back);
        if !may_leave {
            self.end_before_flight().await;
        }
        may_leave
    }

    /// The departures of the mails that end in the flight, each with the numbers of its mails.
    fn departures(&self) -> Vec<(Arc<dyn Departure>, Vec<u64>)> {
        let mut departures: Vec<(Arc<dyn Departure>, Vec<u64>)> = Vec::new();
        for own in self.leaving().filter_map(|it| it.mail.departure.as_ref()) {
            let mut known = departures.iter_mut();
            match known.find(|(departure, _)| Arc::ptr_eq(departure, &own.departure)) {
                Some((_, mails)) => mails.push(own.number),
                None => departures.push((Arc::clone(&own.departure), vec![own.number])),
            }
        }
        departures
    }

    /// These of the mails that end in the flight fail with this error.
    fn hold_back(&mut self, error: &Error, which: impl Fn(&Mail) -> bool) {
        let handed_over = self.wire.handed_over();
        for in_flight in self.pipeline.carried_mut() {
            if in_flight.is_leaving(handed_over) && which(&in_flight.mail) {
                in_flight.failure.get_or_insert_with(|| error.clone());
            }
        }
    }

    /// Receives the replies to the mails that left earlier, and ends the dialogue. The flight is not sent.
    async fn end_before_flight(&mut self) {
        self.flight = Flight::default();
        let has_left = |dialogue: &Self| {
            let oldest = dialogue.pipeline.carried().next();
            oldest.is_some_and(|oldest| dialogue.has_left(oldest))
        };
        while has_left(self)
            && let Some(received) = self.reply().await
        {
            self.accept_reply(Some(received)).await;
        }
        self.end_unsent();
    }
}
