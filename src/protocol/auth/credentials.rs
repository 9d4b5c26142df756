//! The user and the secret of a login.

use crate::protocol::ValueError;
use crate::secret::Secret;

/// The longest user name or password, in octets: what RFC 4954 section 4 lets a response
/// hold leaves room for both.
const MAX_CREDENTIAL: usize = 4_096;

/// The longest access token, in octets, and the longest name beside it: together they stay within
/// the 12,288 octets of base64 that a response may have (RFC 4954 section 4).
const MAX_TOKEN: usize = 8_192;
const MAX_NAME_OF_TOKEN: usize = 512;

/// The longest authorization identity, in octets: beside the longest name and password there is
/// room for so much.
const MAX_IDENTITY: usize = 512;

/// A user with a password or an access token, or an identity that the server already knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    proof: Proof,
    identity: Option<String>,
}

/// What shows that the user is who they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    Password(Secret),
    Token(Secret),
    External,
}

impl Credentials {
    /// A name and a password, for PLAIN, LOGIN, CRAM-MD5 and SCRAM.
    ///
    /// Where the server repeats the password, replies, errors and logs have it masked. A password
    /// of fewer than six octets is not masked: it may be part of an ordinary word, and the masked text
    /// would show it.
    ///
    /// # Errors
    ///
    /// One of them is empty, longer than 4,096 octets, or has a control character in it. NUL
    /// would shift the fields of PLAIN (RFC 4616 section 2); the others come from a file's
    /// line end far more often than from a password.
    pub fn new(user: impl Into<String>, password: impl Into<Secret>) -> Result<Self, ValueError> {
        let (user, password) = (user.into(), password.into());
        check("user name", user.as_bytes(), MAX_CREDENTIAL)?;
        check("password", password.expose(), MAX_CREDENTIAL)?;
        Ok(Self::by(user, Proof::Password(password)))
    }

    /// A name and an OAuth 2.0 access token, for OAUTHBEARER and XOAUTH2.
    ///
    /// A token is valid for about an hour. A program that runs longer uses a
    /// [provider](crate::session::CredentialsProvider), which the client asks for each connection.
    ///
    /// # Errors
    ///
    /// One of them is empty, the name is longer than 512 octets or has a control character in it,
    /// or the token is longer than 8,192 octets, has anything but visible ASCII in it (RFC 6750
    /// section 2.1), or is JSON with a token in it.
    pub fn token(user: impl Into<String>, token: impl Into<Secret>) -> Result<Self, ValueError> {
        let (user, token) = (user.into(), token.into());
        check("user name", user.as_bytes(), MAX_NAME_OF_TOKEN)?;
        check("token", token.expose(), MAX_TOKEN)?;
        // JSON begins with a brace or a quote, as no bearer token does.
        let is_json = token.expose().starts_with(b"{") || token.expose().starts_with(b"\"");
        if is_json || !token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(invalid(
                "the token has characters in it that no access token has: is it really one?"
                    .to_owned(),
            ));
        }
        Ok(Self::by(user, Proof::Token(token)))
    }

    /// What the server knows from elsewhere, such as a client certificate, for EXTERNAL (RFC 4422
    /// appendix A). `user` is who to act for; empty is whoever the certificate stands for.
    ///
    /// # Errors
    ///
    /// The name is longer than 4,096 octets or has a control character in it.
    pub fn external(user: impl Into<String>) -> Result<Self, ValueError> {
        let user = user.into();
        if !user.is_empty() {
            check("user name", user.as_bytes(), MAX_CREDENTIAL)?;
        }
        Ok(Self::by(user, Proof::External))
    }

    fn by(user: String, proof: Proof) -> Self {
        Self {
            user,
            proof,
            identity: None,
        }
    }

    /// Acts as another identity than the user's own: the authorization identity of SASL (RFC 4422
    /// section 2), for a user who may send for others. PLAIN, SCRAM, EXTERNAL,
    /// OAUTHBEARER and XOAUTH2 carry one; other mechanisms are not tried then.
    ///
    /// # Errors
    ///
    /// The identity is empty, longer than 512 octets, or has a control character in it.
    pub fn acting_as(mut self, identity: impl Into<String>) -> Result<Self, ValueError> {
        let identity = identity.into();
        check("identity to act as", identity.as_bytes(), MAX_IDENTITY)?;
        self.identity = Some(identity);
        Ok(self)
    }

    /// The user's name; empty if [`external`](Self::external) has none.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The authorization identity.
    pub(super) fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    pub(super) fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The password or the token; `None` where [`external`](Self::external) has none.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => Some(secret),
            Proof::External => None,
        }
    }
}

fn check(what: &'static str, octets: &[u8], longest: usize) -> Result<(), ValueError> {
    let reason = if octets.is_empty() {
        format!("the {what} is empty")
    } else if octets.len() > longest {
        format!("the {what} is longer than {longest} octets: is it really one?")
    } else if octets.iter().any(u8::is_ascii_control) {
        format!("the {what} has a control character in it, perhaps a line end: remove it")
    } else {
        return Ok(());
    };
    Err(invalid(reason))
}

fn invalid(reason: String) -> ValueError {
    ValueError::with_reason("the credentials are not valid", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_cannot_be_used() {
        let long = "x".repeat(MAX_CREDENTIAL + 1);
        for (user, password) in [
            ("", "p"),
            ("u", ""),
            ("u\0v", "p"),
            ("u", "p\0q"),
            ("u", "p\n"),
            ("u\r\n", "p"),
            (&long, "p"),
            ("u", &long),
        ] {
            let error = Credentials::new(user, password).unwrap_err();
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        assert!(Credentials::new("jörg", "pässword 🦈").is_ok());
    }

    #[test]
    fn tokens_that_cannot_be_used() {
        let long = "x".repeat(MAX_TOKEN + 1);
        let name = "x".repeat(MAX_NAME_OF_TOKEN + 1);
        for (user, token) in [
            ("", "t"),
            ("u", ""),
            ("u", "t t"),
            ("u", "t\u{1}auth=Bearer x"),
            ("u\u{1}v", "t"),
            ("u", "tökén"),
            ("u", "{\"access_token\":\"t\"}"),
            ("u", "\"t\""),
            ("u", &long),
            (&name, "t"),
        ] {
            assert!(
                Credentials::token(user, token).is_err(),
                "{user:?} {token:?}"
            );
        }
        assert!(Credentials::token("u", "ya29.vF9dft4qmTc2Nvb3Rlck-_~+/==").is_ok());
    }

    #[test]
    fn external_needs_no_name() {
        assert_eq!(Credentials::external("").unwrap().user(), "");
        assert!(Credentials::external("a\0b").is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        for credentials in [
            Credentials::new("ann", "hunter2").unwrap(),
            Credentials::token("ann", "hunter2").unwrap(),
        ] {
            assert!(!format!("{credentials:?}").contains("hunter2"));
        }
    }
}
