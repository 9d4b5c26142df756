//! A login that the server refuses (RFC 4954 section 6).

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::{Credentials, Exchange, Extensions, Mechanism, Reply, ReplyMeaning};
use crate::transport::Wire;

/// An exchange that ended without a login.
#[derive(Debug)]
pub(super) struct Refused {
    /// How many times the server has received the credentials, or a proof of them.
    pub(super) presented: u8,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Reply {
        reply: Reply,
        /// What the server said before: of the token, or by SCRAM.
        reason: String,
    },
    /// The exchange could not go on, and the client cancelled it.
    Cancelled(Error),
}

impl Refused {
    pub(super) fn by<S>(reply: Reply, exchange: &Exchange, wire: &Wire<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let of_token = exchange
            .refusal()
            .map(|refusal| wire.masked(refusal.to_string()));
        let of_scram = exchange.server_error().map(|word| {
            let word = wire.masked(word.to_owned());
            word.escape_debug().to_string()
        });
        Self {
            presented: exchange.times_presented(),
            cause: Cause::Reply {
                reply,
                reason: of_token.or(of_scram).unwrap_or_default(),
            },
        }
    }

    pub(super) fn cancelled(error: Error, presented: u8) -> Self {
        Self {
            presented,
            cause: Cause::Cancelled(error),
        }
    }

    /// Whether the reply says that the credentials are invalid.
    pub(super) fn judges(&self) -> bool {
        matches!(&self.cause, Cause::Reply { reply, .. } if reply.means(ReplyMeaning::CredentialsInvalid))
    }

    /// Whether the refusal is for the mechanism, so that another may do.
    pub(super) fn is_about_mechanism(&self) -> bool {
        match &self.cause {
            // An attacker may have removed a mechanism from the server's list.
            Cause::Reply { reason, .. } if is_about_binding(reason) => false,
            Cause::Reply { reply, .. } => reply.means(ReplyMeaning::MechanismRejected),
            Cause::Cancelled(_) => true,
        }
    }

    pub(super) fn error(
        self,
        credentials: &Credentials,
        extensions: &Extensions,
        mechanism: Mechanism,
    ) -> Error {
        match self.cause {
            Cause::Cancelled(error) => error,
            Cause::Reply { reply, reason } => {
                let others = others(credentials, extensions, mechanism);
                refused(credentials, mechanism, &others, reply, &reason)
            }
        }
    }
}

/// Mechanisms that take the password itself, offered beside one for which a server needs a secret
/// of its own. Some servers offer the latter without having one.
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

fn refused(
    credentials: &Credentials,
    mechanism: Mechanism,
    others: &[&str],
    reply: Reply,
    reason: &str,
) -> Error {
    let who = match credentials.user() {
        "" => String::new(),
        user => format!(" of {user}"),
    };
    let shown = match reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let others = match others {
        [] => String::new(),
        others => format!(", and also offers {}", others.join(", ")),
    };
    let message = format!("the server refused the login{who} by AUTH {mechanism}{shown}{others}");
    let kind = if is_about_binding(reason) {
        ErrorKind::Protocol
    } else {
        ErrorKind::Auth
    };
    // RFC 5802 section 7.
    let transient = reason == "no-resources" || reply.is_transient();
    Error::new(kind, message)
        .with_reply(reply)
        .with_transient(transient)
        .with_stage(Stage::Auth)
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
            let refused = Refused {
                presented: 1,
                cause: Cause::Reply { reply, reason },
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
