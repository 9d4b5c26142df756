//! Tokens that nobody can guess and that occur nowhere else.

use std::fmt::Write;

use super::MessageError;

/// 128 random bits as 32 hexadecimal digits.
pub(super) fn random_token() -> Result<String, MessageError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| MessageError::Random {
        cause: error.to_string(),
    })?;
    Ok(bits
        .iter()
        .fold(String::with_capacity(32), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        }))
}
