//! The shape of a password, which does not show the password.

use std::fmt;

use pilotfish::Secret;

/// What is often wrong with a password that comes from a file or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretShape {
    characters: usize,
    blank_at_an_end: bool,
    /// Sixteen letters, as Google makes them, with blanks between them or without.
    pub(super) looks_like_app_password: bool,
}

impl SecretShape {
    pub(crate) fn of(secret: &Secret) -> Self {
        let octets = secret.expose();
        let mut letters = octets.iter().filter(|octet| **octet != b' ');
        let count = letters.clone().count();
        Self {
            characters: String::from_utf8_lossy(octets).chars().count(),
            blank_at_an_end: octets.trim_ascii().len() < octets.len(),
            looks_like_app_password: count == 16 && letters.all(u8::is_ascii_lowercase),
        }
    }
}

impl fmt::Display for SecretShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the password that was sent has {} character",
            self.characters
        )?;
        if self.characters != 1 {
            f.write_str("s")?;
        }
        if self.blank_at_an_end {
            f.write_str(", with a blank at its beginning or end")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() {
        for (password, shown, app_password) in [
            ("hunter2", "7 characters", false),
            ("p", "1 character", false),
            ("pässword", "8 characters", false),
            (
                " pw",
                "3 characters, with a blank at its beginning or end",
                false,
            ),
            ("pw\u{a0}", "3 characters", false),
            ("abcd efgh ijkl mnop", "19 characters", true),
            ("abcdefghijklmnop", "16 characters", true),
            ("abcdefghijklmno1", "16 characters", false),
        ] {
            let shape = SecretShape::of(&password.into());
            assert_eq!(
                shape.to_string(),
                format!("the password that was sent has {shown}")
            );
            assert_eq!(shape.looks_like_app_password, app_password, "{password}");
        }
    }
}
