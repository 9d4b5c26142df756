//! Random tokens, unique and impossible to guess.

use super::error::MessageError;

/// The hexadecimal digits.
const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// Appends 128 random bits as 32 hexadecimal digits.
///
/// They come from the operating system each time. None are kept for later: after a `fork`, parent
/// and child would use the same bits, and create the same Message-IDs and boundaries.
pub(super) fn push_random(out: &mut String) -> Result<(), MessageError> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| MessageError::Random {
        cause: error.to_string(),
    })?;
    let halves = bits.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    out.extend(halves.filter_map(|half| DIGITS.get(usize::from(half))));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_differ_in_all_threads() {
        let token = || {
            let mut token = String::new();
            push_random(&mut token).unwrap();
            token
        };
        let tokens = move || (0..50).map(move |_| token());
        let thread = std::thread::spawn(move || tokens().collect::<Vec<_>>());
        let all: HashSet<_> = tokens().chain(thread.join().unwrap()).collect();
        assert_eq!(all.len(), 100);
        let is_token = |token: &String| {
            token.len() == 32
                && token
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        assert!(all.iter().all(is_token));
    }
}
