//! What holds mails and connections back: rates, throttling, and pauses after failed connections.

mod admission;
mod connect_backoff;
mod rates;
mod sliding_window;
mod throttle;

pub(super) use self::admission::{Admission, now};
pub(super) use self::connect_backoff::{
    ConnectBackoff, is_cut, is_refused_for_now, is_refused_login, pauses_anyway,
};
pub use self::rates::{Period, Rates};
pub(super) use self::throttle::Blocked;
