//! A login that the server refuses (RFC 4954 section 6).

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, ErrorKind, Problem, Stage};
use crate::protocol::{Credentials, Exchange, Extensions, Mechanism, Reply, ReplyMeaning};
use crate::transport::Wire;

/// An exchange that ended without a login.
#[derive(Debug)]
pub(super) struct LoginRefusal {
    /// How many times the server has received the credentials, or a proof of them.
    pub(super) presented: u8,
    pub(super) cause: RefusalCause,
}

#[derive(Debug)]
pub(super) enum RefusalCause {
    Reply {
        reply: Reply,
        /// The reason that the server gave before, for a token or with SCRAM.
        reason: String,
    },
    /// The exchange could not go on, and the client cancelled it.
    Cancelled(Error),
}

impl LoginRefusal {
    pub(super) fn by(
        reply: Reply,
        exchange: &Exchange,
        wire: &Wire<impl AsyncRead + AsyncWrite + Unpin>,
    ) -> Self {
        let of_token = exchange.refusal();
        let of_token = of_token.map(|refusal| wire.masked(refusal.to_owned()));
        let of_scram = exchange.server_error();
        let of_scram =
            of_scram.map(|value| wire.masked(value.to_owned()).escape_debug().to_string());
        let reason = of_token.or(of_scram).unwrap_or_default();
        Self {
            presented: exchange.times_presented(),
            cause: RefusalCause::Reply { reply, reason },
        }
    }

    /// Whether the reply says that the credentials are invalid.
    pub(super) fn judges(&self) -> bool {
        matches!(&self.cause, RefusalCause::Reply { reply, .. } if reply.means(ReplyMeaning::CredentialsInvalid))
    }

    /// Whether the server refused a token, so that another one may be accepted.
    pub(super) fn is_of_token(&self, mechanism: Mechanism) -> bool {
        let takes_tokens = matches!(mechanism, Mechanism::OAuthBearer | Mechanism::XOAuth2);
        takes_tokens && self.presented > 0 && self.judges()
    }

    /// Whether the server refused the mechanism, so that another one may succeed.
    pub(super) fn is_about_mechanism(&self) -> bool {
        match &self.cause {
            // An attacker may have removed a mechanism from the server's list.
            RefusalCause::Reply { reason, .. } if is_about_binding(reason) => false,
            RefusalCause::Reply { reply, .. } => reply.means(ReplyMeaning::MechanismRejected),
            RefusalCause::Cancelled(_) => true,
        }
    }

    pub(super) fn error(
        self,
        credentials: &Credentials,
        extensions: &Extensions,
        mechanism: Mechanism,
    ) -> Error {
        let (reply, reason) = match self.cause {
            RefusalCause::Reply { reply, reason } => (reply, reason),
            RefusalCause::Cancelled(error) => return error,
        };
        let who = match credentials.user() {
            "" => String::new(),
            user => format!(" of {user}"),
        };
        let shown = match reason.as_str() {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        let others = match others(credentials, extensions, mechanism).as_slice() {
            [] => String::new(),
            others => format!(", and also offers {}", others.join(", ")),
        };
        let message =
            format!("the server refused the login{who} by AUTH {mechanism}{shown}{others}");
        let kind = if is_about_binding(&reason) {
            ErrorKind::Protocol
        } else {
            ErrorKind::Auth
        };
        // RFC 5802 section 7.
        let transient = reason == "no-resources" || reply.is_transient();
        let error = Error::new(kind, message)
            .with_reply(reply)
            .with_transient(transient)
            .with_stage(Stage::Auth);
        if reason == "no-resources" {
            error.with_problem(Problem::NoResources)
        } else if !others.is_empty() {
            error.with_problem(Problem::OtherMechanisms)
        } else if !shown.is_empty() {
            error.with_problem(Problem::LoginReason)
        } else {
            error
        }
    }
}

/// The offered mechanisms that take the password itself, if this one needs a secret that the server
/// stores. Some servers offer such a mechanism without having the secret.
fn others(
    credentials: &Credentials,
    extensions: &Extensions,
    mechanism: Mechanism,
) -> Vec<&'static str> {
    if !mechanism.is_scram() && mechanism != Mechanism::CramMd5 {
        return Vec::new();
    }
    [Mechanism::Plain, Mechanism::Login]
        .into_iter()
        .filter(|other| extensions.mechanisms().contains(other) && other.takes(credentials))
        .map(Mechanism::name)
        .collect()
}

/// The words of SCRAM for channel binding (RFC 5802 section 7).
fn is_about_binding(reason: &str) -> bool {
    reason.contains("channel-binding")
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::protocol::ReplyDecoder;

    /// Somebody may have taken a mechanism out of the server's list: no other is tried then.
    #[test]
    fn a_refusal_of_the_channel_binding() {
        for (reason, expected) in [
            ("", true),
            ("invalid-encoding", true),
            ("channel-bindings-dont-match", false),
            ("server-does-support-channel-binding", false),
        ] {
            let mut octets = BytesMut::from("504 5.5.4 no\r\n".as_bytes());
            let reply = ReplyDecoder::default().decode(&mut octets).unwrap();
            let (reply, reason) = (reply.unwrap(), reason.to_owned());
            let refused = LoginRefusal {
                presented: 1,
                cause: RefusalCause::Reply { reply, reason },
            };
            assert_eq!(refused.is_about_mechanism(), expected, "{refused:?}");
        }
    }

    /// What else the server offers is named where it refuses a proof of the password.
    #[test]
    fn mechanisms_that_take_the_password_itself() {
        let credentials = Credentials::new("tim", "tanstaaf").unwrap();
        for (offered, mechanism, expected) in [
            (
                "SCRAM-SHA-256 PLAIN LOGIN",
                Mechanism::ScramSha256,
                ["PLAIN", "LOGIN"].as_slice(),
            ),
            ("CRAM-MD5 LOGIN", Mechanism::CramMd5, &["LOGIN"]),
            ("CRAM-MD5", Mechanism::CramMd5, &[]),
            ("PLAIN LOGIN", Mechanism::Plain, &[]),
            ("PLAIN LOGIN", Mechanism::Login, &[]),
        ] {
            let mut octets = BytesMut::from(format!("250-x\r\n250 AUTH {offered}\r\n").as_bytes());
            let reply = ReplyDecoder::default().decode(&mut octets).unwrap();
            let extensions = Extensions::from_ehlo(&reply.unwrap());
            let others = others(&credentials, &extensions, mechanism);
            assert_eq!(others, expected, "{mechanism} of {offered}");
        }
    }
}
