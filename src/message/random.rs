//! Tokens that nobody can guess and that occur nowhere else.

use std::cell::RefCell;

use super::MessageError;

/// 128 random bits.
type Bits = [u8; 16];

/// How many tokens the system is asked for at a time: each question is a system call.
const BATCH: usize = 16;

thread_local! {
    static READY: RefCell<Vec<Bits>> = const { RefCell::new(Vec::new()) };
}

/// 128 random bits as 32 hexadecimal digits.
pub(super) fn random_token() -> Result<String, MessageError> {
    match random_bits() {
        Ok(bits) => Ok(format!("{:032x}", u128::from_ne_bytes(bits))),
        Err(error) => Err(MessageError::Random {
            cause: error.to_string(),
        }),
    }
}

fn random_bits() -> Result<Bits, getrandom::Error> {
    READY.with_borrow_mut(|ready| {
        if let Some(bits) = ready.pop() {
            return Ok(bits);
        }
        let mut batch = [Bits::default(); BATCH];
        getrandom::fill(batch.as_flattened_mut())?;
        let [first, rest @ ..] = batch;
        ready.extend(rest);
        Ok(first)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_differ_over_batches_and_threads() {
        let tokens = || (0..=3 * BATCH).map(|_| random_token().unwrap());
        let thread = std::thread::spawn(move || tokens().collect::<Vec<_>>());
        let all: HashSet<_> = tokens().chain(thread.join().unwrap()).collect();
        assert_eq!(all.len(), 2 * (3 * BATCH + 1));
        assert!(all.iter().all(|token| token.len() == 32));
    }
}
