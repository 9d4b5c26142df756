//! Random tokens, unique and impossible to guess.

use super::error::MessageError;

/// 128 random bits as 32 hexadecimal digits.
///
/// They come from the operating system each time. None are kept for later: after a `fork`, parent
/// and child would use the same bits, and create the same Message-IDs and boundaries.
pub(super) fn random_token() -> Result<String, MessageError> {
    let mut bits = [0; 16];
    match getrandom::fill(&mut bits) {
        Ok(()) => Ok(format!("{:032x}", u128::from_ne_bytes(bits))),
        Err(error) => Err(MessageError::Random {
            cause: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_differ_in_all_threads() {
        let tokens = || (0..50).map(|_| random_token().unwrap());
        let thread = std::thread::spawn(move || tokens().collect::<Vec<_>>());
        let all: HashSet<_> = tokens().chain(thread.join().unwrap()).collect();
        assert_eq!(all.len(), 100);
        assert!(all.iter().all(|token| token.len() == 32));
    }
}
