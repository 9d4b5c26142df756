//! EHLO (RFC 5321 sections 3.1, 3.2 and 4.1.1.1).

use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Domain;
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::protocol::{Command, Dialect, Extensions, Reply, ReplyClass, ReplyMeaning};
use crate::transport::Wire;

/// How a client introduces itself: its name, and the protocol that it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// Its primary host name, or the literal of its address (RFC 5321 section 4.1.4).
    pub name: Domain,
    /// EHLO, or LHLO.
    pub dialect: Dialect,
}

impl Hello {
    /// LHLO with this name: the session is one of LMTP (RFC 2033 section 4.1).
    #[must_use]
    pub fn lmtp(name: Domain) -> Self {
        Self {
            name,
            dialect: Dialect::Lmtp,
        }
    }

    /// The command that introduces the client.
    pub(in crate::session) fn command(&self) -> Command<'static> {
        match self.dialect {
            Dialect::Lmtp => Command::Lhlo(self.name.clone()),
            _ => Command::Ehlo(self.name.clone()),
        }
    }

    /// Sends EHLO or LHLO, or HELO to a server that does not know EHLO. The extensions in the reply are
    /// valid until TLS begins.
    pub(super) async fn introduce(
        &self,
        wire: &mut Wire<impl AsyncRead + AsyncWrite + Unpin>,
    ) -> Result<Extensions> {
        let Self { name, dialect } = self;
        let mut reply = wire.command(Stage::Hello, self.command()).await?;
        if reply.is_positive_completion() {
            return Ok(Extensions::from_ehlo(&reply));
        }
        // The command is unknown, and not only its argument refused.
        let unknown = reply.means(ReplyMeaning::CommandUnknown);
        let mut speaks_neither = false;
        // RFC 5321 section 3.2: without EHLO there are no extensions, and so no TLS and no login.
        if *dialect == Dialect::Smtp && reply.means(ReplyMeaning::HeloMayDo) {
            let old_greeting = Command::Helo(name.clone());
            match wire.command(Stage::Hello, old_greeting).await {
                Ok(answer) if answer.is_positive_completion() => return Ok(Extensions::default()),
                Ok(answer) => {
                    speaks_neither = unknown && answer.means(ReplyMeaning::CommandUnknown);
                    reply = answer;
                }
                Err(error) if error.reply().is_some() => return Err(error),
                // A server that closes the connection after refusing EHLO has given its reason.
                Err(_) => return Err(rejection(Stage::Hello, name_refused(name), reply)),
            }
        }
        wire.quit().await;
        let message = match dialect {
            Dialect::Lmtp if unknown => "the server does not speak LMTP: use SMTP".to_owned(),
            _ if speaks_neither => {
                "the server does not speak SMTP, it knows neither EHLO nor HELO".to_owned()
            }
            _ => name_refused(name),
        };
        let error = rejection(Stage::Hello, message, reply).with_tls(wire.tls().is_some());
        Err(if speaks_neither && !matches!(dialect, Dialect::Lmtp) {
            error
                .with_problem(Problem::MaybeLmtp)
                .with_advice("if it is a server for LMTP, use LMTP (`ServerConfigBuilder::lmtp`)")
        } else {
            error
        })
    }
}

/// EHLO with this name.
impl From<Domain> for Hello {
    fn from(name: Domain) -> Self {
        Self {
            name,
            dialect: Dialect::Smtp,
        }
    }
}

fn name_refused(name: &Domain) -> String {
    format!("the server refused the name {name}: give it another one (`ServerConfigBuilder::name`)")
}

/// The error for a reply that is not positive.
pub(in crate::session) fn rejection(
    stage: Stage,
    message: impl Into<std::borrow::Cow<'static, str>>,
    reply: Reply,
) -> Error {
    let kind = match reply.code().class() {
        ReplyClass::TransientNegative | ReplyClass::PermanentNegative => ErrorKind::Rejected,
        _ => ErrorKind::Protocol,
    };
    Error::new(kind, message)
        .with_reply(reply)
        .with_stage(stage)
}
