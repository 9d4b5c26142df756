//! What advice depends on: the settings, and the shape of the password.

use std::fmt;

use pilotfish::protocol::Mechanism;
use pilotfish::{Secret, Security};

use crate::connection::Connection;

/// The proof in a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginBy {
    /// No login.
    None,
    Password,
    /// An OAuth 2.0 access token.
    Token,
    /// The client's certificate, which TLS has shown.
    Certificate,
}

impl Connection {
    /// What the login is by.
    pub(crate) fn login(&self) -> LoginBy {
        let account = &self.account;
        let tokens = [
            account.uses_oauth(),
            account.token_file.is_some(),
            account.token_fd.is_some(),
            account.token_command.is_some(),
            account.token_env.is_some(),
            account.token_credential.is_some(),
            account.token_keyring.is_some(),
        ];
        if !account.logs_in() {
            LoginBy::None
        } else if tokens.contains(&true) {
            LoginBy::Token
        } else if account.mechanisms() == Some(&[Mechanism::External]) {
            LoginBy::Certificate
        } else {
            LoginBy::Password
        }
    }

    /// Whether the session has no TLS.
    pub(super) fn is_in_clear_text(&self) -> bool {
        self.account.security() == Security::Cleartext
    }

    /// Whether a login that is added would not be sent: the session is in clear text, neither over a
    /// Unix socket nor by the user's wish.
    pub(super) fn takes_no_login(&self) -> bool {
        let is_safe = self.account.unix_socket().is_some() || self.account.danger_cleartext_auth;
        !self.account.logs_in() && self.is_in_clear_text() && !is_safe
    }

    /// Whether the server is this machine.
    pub(super) fn is_local(&self) -> bool {
        let host = self.account.host().map(ToString::to_string);
        host.is_some_and(|host| {
            let address = host.parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    /// Whether `--helo` or the account gives a name for EHLO.
    pub(super) fn names_helo(&self) -> bool {
        self.account.network.helo.is_some()
    }
}

/// What is often wrong with a password that comes from a file or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretShape {
    characters: usize,
    /// What is seldom meant, in words.
    oddities: Vec<&'static str>,
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
            oddities: oddities(&String::from_utf8_lossy(octets)),
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
        for oddity in &self.oddities {
            write!(f, ", {oddity}")?;
        }
        Ok(())
    }
}

/// What is seldom meant in a password, and comes from copying it. No character of it is named that may
/// be meant.
fn oddities(password: &str) -> Vec<&'static str> {
    let ends = password.chars().next().zip(password.chars().next_back());
    let is_quoted = |quote| password.len() > 1 && ends == Some((quote, quote));
    let is_unseen = |c: char| {
        matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
    };
    let tests = [
        (
            password.trim_matches([' ', '\t']).len() < password.len(),
            "with a blank at its beginning or end",
        ),
        (
            password.contains(['\u{a0}', '\u{202f}']),
            "with a no-break space",
        ),
        (
            password.contains(is_unseen),
            "with a character that is not seen",
        ),
        (
            password.contains(|c: char| c.is_control() && c != '\t'),
            "with a control character",
        ),
        (is_quoted('"') || is_quoted('\''), "with quotes around it"),
        (
            password.to_ascii_lowercase().starts_with("password"),
            "beginning with the word password",
        ),
    ];
    let odd = tests.into_iter().filter(|(is_odd, _)| *is_odd);
    odd.map(|(_, words)| words).collect()
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
            ("pw\u{a0}", "3 characters, with a no-break space", false),
            (
                "\u{feff}pw",
                "3 characters, with a character that is not seen",
                false,
            ),
            ("\"pw\"", "4 characters, with quotes around it", false),
            ("'", "1 character", false),
            ("'pw\"", "4 characters", false),
            ("pw\r", "3 characters, with a control character", false),
            (
                "password: pw ",
                "13 characters, with a blank at its beginning or end, beginning with the word \
                 password",
                false,
            ),
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
