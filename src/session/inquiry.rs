//! Questions between two mails: NOOP, VRFY, HELP and RSET (RFC 5321 section 4.1.1).

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::hello::refused;
use super::transaction::{Session, State};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Argument, ArgumentError, Command, Reply};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Asks whether the server is still there (RFC 5321 section 4.1.1.9).
    ///
    /// # Errors
    ///
    /// At [`Stage::Inquiry`]: [`ErrorKind::Rejected`] if the server says no, after which the session
    /// goes on. [`ErrorKind::Closed`], [`ErrorKind::Timeout`], [`ErrorKind::Io`] and [`ErrorKind::Protocol`] end it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn noop(&mut self) -> Result<()> {
        let reply = self.inquire(Command::Noop).await?;
        accepted(reply, "NOOP")
    }

    /// Asks whether there is a user or a mailbox (RFC 5321 section 3.5), and returns the answer,
    /// whatever it is. 250 and 251 say that there is; 252, which most servers answer, that it
    /// cannot be said (section 3.5.3); 550 that there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the text is not 1 to 505 characters of printable ASCII, or has a space
    /// at either end: nothing is sent then. Else those of [`noop`](Self::noop) that end the session.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn verify(&mut self, name: &str) -> Result<Reply> {
        let name = argument(name)?;
        self.inquire(Command::Vrfy(name)).await
    }

    /// Asks for help, with a command or in general (RFC 5321 section 4.1.1.8), and returns the
    /// answer, whatever it is: 211 or 214 with some text, or 502 where there is no help.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the text is not 1 to 505 characters of printable ASCII, or has a space
    /// at either end: nothing is sent then. Else those of [`noop`](Self::noop) that end the session.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn help(&mut self, about: Option<&str>) -> Result<Reply> {
        let about = about.map(argument).transpose()?;
        self.inquire(Command::Help(about)).await
    }

    /// Says RSET (RFC 5321 section 4.1.1.5). There is no need to: the session does it after a
    /// mail that was refused.
    ///
    /// # Errors
    ///
    /// As [`noop`](Self::noop).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the session.
    pub async fn reset(&mut self) -> Result<()> {
        let reply = self.inquire(Command::Rset).await?;
        accepted(reply, "RSET")?;
        self.pipeline.has_reset();
        Ok(())
    }

    async fn inquire(&mut self, command: Command) -> Result<Reply> {
        self.require_open()
            .map_err(|error| error.at(Stage::Inquiry))?;
        self.state = State::Lost;
        let span = self.watch.span.clone();
        let reply = self
            .wire
            .command(Stage::Inquiry, command)
            .instrument(span)
            .await?;
        self.state = State::Idle;
        Ok(reply)
    }
}

fn accepted(reply: Reply, verb: &str) -> Result<()> {
    if reply.is_positive_completion() {
        return Ok(());
    }
    let message = format!("the server refused {verb}");
    Err(refused(Stage::Inquiry, message, reply))
}

fn argument(text: &str) -> Result<Argument> {
    text.parse().map_err(|error: ArgumentError| {
        Error::new(ErrorKind::InvalidInput, error.to_string()).at(Stage::Inquiry)
    })
}
