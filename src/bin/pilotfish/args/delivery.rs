//! What the server is to do besides delivery.

use clap::Args;
use jiff::{Span, SpanRelativeTo};
use pilotfish::address::envelope::{
    DateTime, DeliverBy, Dsn, EnvelopeError, EnvelopeId, Hold, HoldSeconds, Notify, Options,
    Partial, Priority, Ret, TlsOnward,
};

use super::{Words, rows, words};

const RETURNED: Words<Ret> = rows! {
    "hdrs" = Ret::Headers => "Its header fields";
    "full" = Ret::Full => "All of it";
};

const ON_REJECTED: Words<Partial> = rows! {
    "continue" = Partial::AsManyAsPossible => "The others get the mail";
    "abort" = Partial::AllOrNothing => "No recipient gets the mail";
};

/// What the server is to do besides delivery. If the server does not offer it, nothing is sent.
#[derive(Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct DeliveryArguments {
    /// When you are notified about the mail: never, or on success, failure or delay (several, separated
    /// by commas).
    #[arg(long, value_name = "WHEN", help_heading = "Notifications (DSN)")]
    dsn: Option<Notify>,

    /// How much of the mail comes back with a notification.
    #[arg(long, value_parser = words(RETURNED), value_name = "PART", hide_short_help = true,
          help_heading = "Notifications (DSN)")]
    dsn_return: Option<Ret>,

    /// The identifier of the mail in notifications.
    #[arg(
        long,
        value_name = "ID",
        hide_short_help = true,
        help_heading = "Notifications (DSN)"
    )]
    dsn_envid: Option<EnvelopeId>,

    /// Send the mail without notifications if the server does not offer them.
    #[arg(long, hide_short_help = true, help_heading = "Notifications (DSN)")]
    dsn_if_offered: bool,

    /// Have the mail delivered within a time such as 1h, or else be notified; `1h,return` has it
    /// returned, and `1h,notify,trace` asks servers on the way to report it.
    #[arg(long, value_name = "TIME[,MODE][,trace]", value_parser = deliver_by,
          allow_hyphen_values = true, hide_short_help = true)]
    deliver_by: Option<DeliverBy>,

    /// Have the server hold the mail for a time such as 2h or 3d.
    #[arg(long, value_name = "TIME", value_parser = interval, conflicts_with = "hold_until",
          hide_short_help = true)]
    hold_for: Option<HoldSeconds>,

    /// Have the server hold the mail until a date such as 2030-01-31T08:00:00Z.
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    hold_until: Option<DateTime>,

    /// The priority, from -9, which can wait, to 9.
    #[arg(long, value_name = "NUMBER", value_parser = priority, allow_hyphen_values = true,
          hide_short_help = true)]
    priority: Option<Priority>,

    /// Let the mail leave the server by verified TLS or not at all, on every hop.
    #[arg(long, hide_short_help = true)]
    require_tls: bool,

    /// What happens when the server rejects some of the recipients.
    ///
    /// This is decided before the message is sent. By LMTP, the server may reject recipients after
    /// the message too, and the others have it then: the exit status is 80.
    #[arg(
        long,
        value_parser = words(ON_REJECTED),
        value_name = "WHAT",
        default_value = "continue",
        hide_short_help = true
    )]
    on_rejected: Partial,
}

impl From<DeliveryArguments> for Options {
    fn from(arguments: DeliveryArguments) -> Self {
        let mut options = Self::default();
        options.ret = arguments.dsn_return;
        options.id = arguments.dsn_envid;
        options.each.notify = arguments.dsn;
        if arguments.dsn_if_offered {
            options.dsn = Dsn::IfOffered;
        }
        options.deliver_by = arguments.deliver_by;
        let until = arguments.hold_until.map(Hold::Until);
        options.hold = arguments.hold_for.map(Hold::For).or(until);
        options.priority = arguments.priority;
        if arguments.require_tls {
            options.onward = TlsOnward::Required;
        }
        options.partial = arguments.on_rejected;
        options
    }
}

/// A time, in seconds.
fn seconds(time: &str) -> Result<i64, String> {
    let span: Option<Span> = time.parse().ok();
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .map(|duration| duration.as_secs())
        .ok_or_else(|| "write a time as in 90s, 15m, 2h or 3d".to_owned())
}

fn deliver_by(text: &str) -> Result<DeliverBy, String> {
    let mut words = text.split(',');
    let seconds = seconds(words.next().unwrap_or_default())?;
    let seconds =
        i32::try_from(seconds).map_err(|_| EnvelopeError::DeliverBy { seconds }.to_string())?;
    let rest: Vec<_> = words.collect();
    let (mode, rest) = match rest.as_slice() {
        [mode @ ("notify" | "return"), rest @ ..] => (*mode, rest),
        rest => ("notify", rest),
    };
    let by = match mode {
        "return" => DeliverBy::or_return(seconds),
        _ => DeliverBy::or_notify(seconds),
    };
    let by = by.map_err(|error| error.to_string())?;
    match rest {
        [] => Ok(by),
        ["trace"] => Ok(by.with_trace()),
        _ => Err("write a time, then ,notify or ,return, then ,trace".to_owned()),
    }
}

fn interval(text: &str) -> Result<HoldSeconds, String> {
    HoldSeconds::new(seconds(text)?).map_err(|error| error.to_string())
}

fn priority(text: &str) -> Result<Priority, String> {
    let number = text.parse().unwrap_or(i8::MAX);
    Priority::new(number).map_err(|_| "write a number from -9 to 9".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: ToString>(result: Result<T, String>) -> String {
        result.map_or_else(|error| error, |value| value.to_string())
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("1h", "3600;N"),
            ("90s,return", "90;R"),
            ("15m,notify,trace", "900;NT"),
            ("1d12h,trace", "129600;NT"),
            ("-5m", "-300;N"),
            (
                "1h,trace,return",
                "write a time, then ,notify or ,return, then ,trace",
            ),
            ("60", "write a time as in 90s, 15m, 2h or 3d"),
            ("", "write a time as in 90s, 15m, 2h or 3d"),
        ] {
            assert_eq!(shown(deliver_by(text)), expected, "{text:?}");
        }
        for (text, seconds) in [
            ("0s,return", "0"),
            ("-1s,return", "-1"),
            ("9000000h", "32400000000"),
            ("-9000000h", "-32400000000"),
        ] {
            let error = shown(deliver_by(text));
            let begin = format!("{seconds} seconds is not a valid delivery time");
            assert!(error.starts_with(&begin), "{error}");
        }
        for (text, expected) in [
            ("2h", "7200"),
            ("3d", "259200"),
            (
                "0s",
                "a mail cannot be held for 0 seconds: use 1 to 999999999",
            ),
            (
                "-1h",
                "a mail cannot be held for -3600 seconds: use 1 to 999999999",
            ),
            (
                "9000000h",
                "a mail cannot be held for 32400000000 seconds: use 1 to 999999999",
            ),
        ] {
            assert_eq!(shown(interval(text)), expected);
        }
    }

    #[test]
    fn priorities() {
        for (text, expected) in [
            ("-9", "-9"),
            ("9", "9"),
            ("10", "write a number from -9 to 9"),
            ("high", "write a number from -9 to 9"),
        ] {
            assert_eq!(shown(priority(text)), expected);
        }
    }
}
