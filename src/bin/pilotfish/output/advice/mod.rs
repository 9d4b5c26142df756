//! The next step, where the error does not name it.
//!
//! Each subject has a table. The first row that matches gives the advice.

mod connection;
mod login;
mod mail;
mod situation;

use pilotfish::protocol::{Reply, ReplyMeaning};
use pilotfish::transport::Fingerprint;
use pilotfish::{Error, ErrorKind, Fate, Problem, Stage};

pub(crate) use login::{LoginCommand, oauth_error, oauth_help};
pub(crate) use situation::{LoginBy, SecretShape};

use crate::connection::Connection;

/// A failure that many users meet, and what to do next. An empty list matches everything;
/// otherwise one of its entries has to match.
struct Advice {
    kinds: &'static [ErrorKind],
    stages: &'static [Stage],
    /// The reply's code.
    codes: &'static [u16],
    /// The reply's enhanced status code with "X" for its class, as RFC 3463 writes it: "X.7.8".
    statuses: &'static [&'static str],
    /// Words of the reply, in lower case.
    words: &'static [&'static str],
    /// What the reply has to mean.
    means: Option<ReplyMeaning>,
    /// What the library says that can be mended.
    problems: &'static [Problem],
    /// What else has to be true.
    when: fn(&Connection) -> bool,
    text: &'static str,
    /// Whether the shape of the password that was sent helps.
    says_what_was_sent: bool,
    /// Whether the row holds for the reply alone, whatever was sent.
    explains: bool,
    /// Whether the table of services says more, if it has the server.
    of_service: bool,
    /// Which service replies like this.
    at: Option<AtService>,
}

/// What a reply means at the service that it is from, as its words show.
#[derive(Clone, Copy)]
pub(crate) struct AtService {
    /// The service's key in the table of services.
    pub(crate) key: &'static str,
    pub(crate) meaning: &'static str,
    /// Whether the page where the secret is made helps.
    pub(crate) needs_secret: bool,
}

/// What helps with a reply, whatever was sent.
pub(crate) struct ReplyAdvice {
    pub(crate) text: &'static str,
    pub(crate) at: Option<AtService>,
}

/// Fills in the columns that a row leaves out.
macro_rules! rows {
    ($($($column:ident: $value:expr),+ => $text:expr;)*) => {
        &[$(Advice { $($column: $value,)+ text: $text, ..ANY }),*]
    };
}
use rows;

/// Matches everything: rows name only the fields that they restrict.
const ANY: Advice = Advice {
    kinds: &[],
    stages: &[],
    codes: &[],
    statuses: &[],
    words: &[],
    means: None,
    problems: &[],
    when: |_| true,
    text: "",
    says_what_was_sent: false,
    explains: true,
    of_service: false,
    at: None,
};

/// In this order.
const TABLES: [&[Advice]; 5] = [
    connection::ROWS,
    login::ROWS,
    login::WANTED,
    mail::ROWS,
    OTHERS,
];

/// For what no other row matches.
const OTHERS: &[Advice] = rows! {
    kinds: &[ErrorKind::Closed], codes: &[421]
        => "the server is busy: try again later";
};

/// The advice for an error, if there is any. It names the flag that helps, and never one that would
/// be an error.
pub(crate) fn advice(error: &Error, connection: &Connection) -> Vec<String> {
    let facts = ErrorFacts::of(error);
    if error.fate() == Fate::Unknown {
        let loses_commands = error.problem() == Some(Problem::LostCommand);
        let help =
            loses_commands.then(|| "if you send it again, add --pipelining never".to_owned());
        return help.into_iter().collect();
    }
    if let Some(Problem::UntrustedCertificate {
        sha256,
        needs_authority,
    }) = error.problem()
    {
        return trust(sha256, needs_authority, connection);
    }
    // A token that was refused could not be renewed: what helps with that is what counts.
    if oauth_error(error).is_some() {
        return Vec::new();
    }
    let mut rows = TABLES.into_iter().flatten();
    let Some(row) = rows.find(|row| row.matches(&facts, connection)) else {
        return Vec::new();
    };
    let secret = connection.secret.as_ref();
    let of_service = login::of_service(row, connection);
    let text = of_service.as_deref().unwrap_or(row.text);
    let login = LoginCommand::Login(connection.name.clone()).to_string();
    let text = text.replace(&LoginCommand::Login(None).to_string(), &login);
    vec![match secret.filter(|_| row.says_what_was_sent) {
        Some(secret) => format!("{text} ({secret})"),
        None => text,
    }]
}

/// How to trust a server whose certificate is not trusted. The user has to know the certificate.
fn trust(sha256: [u8; 32], needs_authority: bool, connection: &Connection) -> Vec<String> {
    let fingerprint = Fingerprint::Certificate(sha256);
    let pin = format!("if you know this certificate: --tls-fingerprint {fingerprint}");
    let authority = if needs_authority {
        Some("if you know its authority: --tls-ca FILE")
    } else {
        let names_one = connection.account.tls_ca.is_some();
        names_one.then_some("--tls-ca does not help with this certificate")
    };
    let authority = authority.map(str::to_owned);
    [pin].into_iter().chain(authority).collect()
}

/// The advice for a reply that no other row is about.
pub(crate) fn for_reply(reply: &Reply) -> Option<ReplyAdvice> {
    let status = reply.enhanced_status();
    let status = status.map(|status| format!("X.{}.{}", status.subject, status.detail));
    let status = status.unwrap_or_default();
    let words = reply.text().to_lowercase();
    let code = reply.code().number();
    let mut rows = TABLES.into_iter().flatten();
    let row = rows.find(|row| {
        let is_about_reply =
            !(row.codes.is_empty() && row.statuses.is_empty() && row.words.is_empty());
        row.explains
            && is_about_reply
            && row.problems.is_empty()
            && one_of(row.codes, Some(&code))
            && one_of(row.statuses, Some(&status.as_str()))
            && one_in(row.words, &words)
            && (row.means)
                .is_none_or(|meaning| reply.means_at(meaning, row.stages.first().copied()))
    });
    row.map(|row| ReplyAdvice {
        text: row.text,
        at: row.at,
    })
}

/// The properties of an error that rows compare.
struct ErrorFacts<'a> {
    kind: ErrorKind,
    stage: Option<Stage>,
    code: Option<u16>,
    status: String,
    words: String,
    error: &'a Error,
    problem: Option<Problem>,
}

impl<'a> ErrorFacts<'a> {
    fn of(error: &'a Error) -> Self {
        let of_recipient = || error.rejected().first().map(|(_, reply)| reply);
        let reply = error.reply().or_else(of_recipient);
        let status = reply.and_then(Reply::enhanced_status);
        let status = status.map(|status| format!("X.{}.{}", status.subject, status.detail));
        Self {
            kind: error.kind(),
            stage: error.stage(),
            code: reply.map(|reply| reply.code().number()),
            status: status.unwrap_or_default(),
            words: reply.map(Reply::text).unwrap_or_default().to_lowercase(),
            error,
            problem: error.problem(),
        }
    }
}

impl Advice {
    fn matches(&self, facts: &ErrorFacts<'_>, connection: &Connection) -> bool {
        one_of(self.kinds, Some(&facts.kind))
            && one_of(self.stages, facts.stage.as_ref())
            && one_of(self.codes, facts.code.as_ref())
            && one_of(self.statuses, Some(&facts.status.as_str()))
            && one_in(self.words, &facts.words)
            && (self.means).is_none_or(|meaning| facts.error.means(meaning))
            && one_of(self.problems, facts.problem.as_ref())
            && (self.when)(connection)
    }
}

fn one_of<T: PartialEq>(allowed: &[T], value: Option<&T>) -> bool {
    allowed.is_empty() || value.is_some_and(|value| allowed.contains(value))
}

fn one_in(words: &[&str], text: &str) -> bool {
    words.is_empty() || words.iter().any(|word| text.contains(word))
}
