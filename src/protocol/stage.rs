//! The steps of a dialogue.

use std::fmt;

/// What a client was doing when an error occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Looking up and connecting; with implicit TLS, its handshake too.
    Connect,
    /// Waiting for the greeting.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS and the handshake after it.
    StartTls,
    /// The exchange of AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// Sending the message.
    Transfer,
    /// Waiting for the reply to the end of data, or to the last chunk.
    EndOfData,
    /// RSET.
    Reset,
    /// NOOP, VRFY, HELP or RSET between two mails.
    Inquiry,
    /// QUIT.
    Quit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Transfer => "the transfer of the message",
            Self::EndOfData => "the end of data",
            Self::Reset => "RSET",
            Self::Inquiry => "an inquiry",
            Self::Quit => "QUIT",
        })
    }
}
