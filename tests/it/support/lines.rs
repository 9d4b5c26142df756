//! Pieces of transcripts that many tests share.

/// A server in clear text that offers PIPELINING.
pub(crate) const GREETING_AND_EHLO: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250 PIPELINING
";

/// A server that accepts binary messages, and one command at a time: the dialogue up to the
/// message.
pub(crate) const GREETING_TO_BINARY_RCPT: &str = "
    S: 220 server.example ESMTP
    C: EHLO client.example
    S: 250-server.example
    S: 250-8BITMIME
    S: 250-CHUNKING
    S: 250 BINARYMIME
    C: MAIL FROM:<tim@client.example> BODY=BINARYMIME
    S: 250 ok
    C: RCPT TO:<a@example.org>
    S: 250 ok
";

/// All commands of a mail to a@example.org.
pub(crate) const MAIL_RCPT_DATA: &str = "
    C: MAIL FROM:<tim@client.example>
    C: RCPT TO:<a@example.org>
    C: DATA
";

/// The replies to them, which ask for the message.
pub(crate) const OK_OK_354: &str = "
    S: 250 ok
    S: 250 ok
    S: 354 go
";

/// The end of most dialogues.
pub(crate) const QUIT_AND_221: &str = "
    C: QUIT
    S: 221 bye
";

/// The message of `ACCOUNT` with this text in its field To, and the end of data.
pub(crate) fn letter_lines(to: &str) -> String {
    format!(
        "
    C: Date: Tue, 1 Jul 2003 10:52:37 +0200
    C: From: tim@client.example
    C: To: {to}
    C: Subject: A shark
    C: Message-ID: <1@client.example>
    C: MIME-Version: 1.0
    C: Content-Type: text/plain; charset=utf-8
    C: Content-Transfer-Encoding: 7bit
    C:
    C: Here it comes.
    C: .
"
    )
}
