//! By when a mail is to be delivered (RFC 2852).

use std::fmt;

use super::error::EnvelopeError;

const MAX_SECONDS: i32 = 999_999_999;

/// By when a mail is to be delivered, and what happens if it is not: RFC 2852 section 4.
///
/// It is shown as it is sent.
///
/// ```
/// use pilotfish::address::envelope::DeliverBy;
///
/// assert_eq!(DeliverBy::or_return(3600)?.to_string(), "3600;R");
/// assert_eq!(DeliverBy::or_notify(3600)?.with_trace().to_string(), "3600;NT");
/// # Ok::<(), pilotfish::address::envelope::EnvelopeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    mode: ByMode,
    trace: Trace,
}

/// What happens to a mail that is late: RFC 2852 section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ByMode {
    /// The sender is notified, and delivery goes on.
    Notify,
    /// It is returned.
    Return,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Trace {
    Off,
    On,
}

impl DeliverBy {
    /// Delivery within so many seconds, -999999999 to 999999999, or else a notification. A time
    /// that is not positive has passed already.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::DeliverBy`] if it is another number.
    pub fn or_notify(seconds: i32) -> Result<Self, EnvelopeError> {
        Self::new(seconds, -MAX_SECONDS, ByMode::Notify)
    }

    /// Delivery within so many seconds, 1 to 999999999, or not at all.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::DeliverBy`] if it is another number.
    pub fn or_return(seconds: i32) -> Result<Self, EnvelopeError> {
        Self::new(seconds, 1, ByMode::Return)
    }

    fn new(seconds: i32, least: i32, mode: ByMode) -> Result<Self, EnvelopeError> {
        if !(least..=MAX_SECONDS).contains(&seconds) {
            let seconds = seconds.into();
            return Err(EnvelopeError::DeliverBy { seconds });
        }
        Ok(Self {
            seconds,
            mode,
            trace: Trace::Off,
        })
    }

    /// Asks for a notification from each server that relays the mail to one without DELIVERBY, too
    /// (RFC 2852 section 4).
    #[must_use]
    pub fn with_trace(mut self) -> Self {
        self.trace = Trace::On;
        self
    }

    /// The time left, in seconds.
    #[must_use]
    pub fn seconds(self) -> i32 {
        self.seconds
    }

    /// Whether a late mail is returned rather than delivered late.
    #[must_use]
    pub fn returns(self) -> bool {
        self.mode == ByMode::Return
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            ByMode::Notify => "N",
            ByMode::Return => "R",
        };
        let trace = match self.trace {
            Trace::Off => "",
            Trace::On => "T",
        };
        write!(f, "{};{mode}{trace}", self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_modes() {
        for (by, sent) in [
            (DeliverBy::or_notify(0), Some("0;N")),
            (DeliverBy::or_notify(-999_999_999), Some("-999999999;N")),
            (DeliverBy::or_notify(-1_000_000_000), None),
            (DeliverBy::or_notify(999_999_999), Some("999999999;N")),
            (DeliverBy::or_notify(i32::MAX), None),
            (DeliverBy::or_return(1), Some("1;R")),
            (DeliverBy::or_return(0), None),
            (DeliverBy::or_return(-1), None),
            (DeliverBy::or_return(999_999_999), Some("999999999;R")),
            (DeliverBy::or_return(1_000_000_000), None),
            (
                DeliverBy::or_return(60).map(DeliverBy::with_trace),
                Some("60;RT"),
            ),
        ] {
            assert_eq!(by.ok().map(|by| by.to_string()).as_deref(), sent);
        }
    }
}
