//! Connecting to one of several addresses, without waiting long for those that do not answer (RFC
//! 8305).

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long an attempt may take before the next one starts beside it (RFC 8305 section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The maximum number of addresses to try.
const MAX_ADDRESSES: usize = 16;

/// Starts an attempt for each address in order, until one succeeds. The next attempt starts when one
/// has failed, or when none has ended for 250 ms (RFC 8305 section 5).
///
/// # Errors
///
/// Each address with its error, in the order in which they failed.
///
/// # Cancel safety
///
/// Dropping the future ends all attempts.
pub(super) async fn happy_eyeballs<A, T, F>(
    addresses: Vec<A>,
    attempt: impl Fn(A) -> F,
) -> Result<T, Vec<(A, io::Error)>>
where
    A: Copy + Send + 'static,
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut addresses = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        if let Some(address) = addresses.next() {
            let attempt = attempt(address);
            attempts.spawn(async move { attempt.await.map_err(|error| (address, error)) });
        }
        let limit = if addresses.len() == 0 {
            Duration::MAX
        } else {
            ATTEMPT_DELAY
        };
        match timeout(limit, attempts.join_next()).await {
            Ok(Some(Ok(Ok(connected)))) => return Ok(connected),
            Ok(Some(Ok(Err(failure)))) => failures.push(failure),
            Ok(None) if addresses.len() == 0 => return Err(failures),
            // It panicked, or has not ended yet.
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
}

/// Orders the addresses so that the families alternate, beginning with the family of the first
/// address (RFC 8305 section 4).
pub(super) fn alternate(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let mut second = second.into_iter();
    let mut alternating = Vec::new();
    for address in first {
        alternating.push(address);
        alternating.extend(second.next());
    }
    alternating.extend(second);
    alternating.truncate(MAX_ADDRESSES);
    alternating
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[test]
    fn families_alternate() {
        for (addresses, expected) in [
            ("::1 ::2 ::3 1.1.1.1", "::1 1.1.1.1 ::2 ::3"),
            ("1.1.1.1 ::1 ::2", "1.1.1.1 ::1 ::2"),
            ("1.1.1.1 1.1.1.2", "1.1.1.1 1.1.1.2"),
            ("", ""),
        ] {
            let parsed = addresses
                .split_whitespace()
                .map(|text| text.parse().unwrap())
                .collect();
            let alternating: Vec<_> = alternate(parsed).iter().map(IpAddr::to_string).collect();
            assert_eq!(alternating.join(" "), expected);
        }
    }

    /// Which addresses succeed or fail when, in milliseconds after their beginning; which of
    /// them is taken, or all that failed; and after how many milliseconds.
    #[tokio::test(start_paused = true)]
    async fn attempts_start_when_one_has_failed_or_takes_too_long() {
        const NEVER: u64 = 1_000_000;
        for (attempts, expected, end) in [
            (&[("ok", 10)][..], Ok(0), 10),
            // A black hole costs the delay.
            (&[("ok", NEVER), ("ok", 10)], Ok(1), 260),
            (&[("ok", NEVER), ("ok", NEVER), ("ok", 10)], Ok(2), 510),
            // A late attempt may still win.
            (&[("ok", 300), ("ok", 100)], Ok(0), 300),
            (&[("no", 10), ("ok", 10)], Ok(1), 20),
            (&[("no", 300), ("ok", 10)], Ok(1), 260),
            // A failure of an earlier one begins the next before its time.
            (&[("no", 300), ("ok", NEVER), ("ok", 10)], Ok(2), 310),
            (&[("no", 10), ("no", 20)], Err(vec![0, 1]), 30),
            (&[("no", 400), ("no", 20)], Err(vec![1, 0]), 400),
            (&[], Err(vec![]), 0),
        ] {
            let begin = Instant::now();
            let outcome = happy_eyeballs((0..attempts.len()).collect(), |index| {
                let (outcome, after) = attempts[index];
                async move {
                    sleep(Duration::from_millis(after)).await;
                    match outcome {
                        "ok" => Ok(index),
                        _ => Err(io::Error::other("no")),
                    }
                }
            });
            let outcome = outcome.await.map_err(|failures| {
                let failed = failures.iter().map(|(index, _)| *index);
                failed.collect::<Vec<_>>()
            });
            assert_eq!(outcome, expected, "{attempts:?}");
            assert_eq!(begin.elapsed().as_millis(), end, "{attempts:?}");
        }
    }
}
