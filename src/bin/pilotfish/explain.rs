//! `pilotfish explain`: what a server's reply or an exit status means, and what to do about it.

use std::borrow::Cow;

use pilotfish::Stage;
use pilotfish::protocol::{Reply, ReplyClass, ReplyMeaning};
use pilotfish::services::Service;
use serde_json::json;

use crate::args::endings::{STATUSES as EXIT_STATUSES, Status};
use crate::args::{ExplainArguments, GlobalArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::advice::for_reply;
use crate::output::report;

/// What a reply means to a person: the sentence, whether to send again, and the exit status of `send`.
struct Explanation {
    sentence: &'static str,
    again: &'static str,
    status: u8,
}

const fn row(sentence: &'static str, again: &'static str, status: u8) -> Explanation {
    Explanation {
        sentence,
        again,
        status,
    }
}

const NEVER: &str = "no: the same is rejected again";
const LATER: &str = "yes, later";

/// By what the table of meanings says, the most specific first.
const MEANINGS: &[(ReplyMeaning, Stage, Explanation)] = &[
    (
        ReplyMeaning::QuotaExceeded,
        Stage::EndOfData,
        row(
            "the account has sent as many mails as it may",
            "yes, in hours or tomorrow",
            exit::TEMPORARY,
        ),
    ),
    (
        ReplyMeaning::MessageTooLarge,
        Stage::EndOfData,
        row(
            "the message is too large",
            "no: send less, or by a link",
            exit::DATA,
        ),
    ),
    (
        ReplyMeaning::CredentialsInvalid,
        Stage::Auth,
        row(
            "the server rejected the login: wrong user name or password",
            "no: more attempts may lock the account",
            exit::NO_PERMISSION,
        ),
    ),
    (
        ReplyMeaning::TlsRequired,
        Stage::Mail,
        row(
            "the session has to be encrypted first",
            "yes, with TLS",
            exit::DATA,
        ),
    ),
    (
        ReplyMeaning::LoginRequired,
        Stage::Mail,
        row(
            "the client has to log in first",
            "yes, with a login",
            exit::NO_PERMISSION,
        ),
    ),
    (
        ReplyMeaning::Greylisted,
        Stage::Rcpt,
        row(
            "the server does not know the sender yet",
            "yes, after some minutes",
            exit::TEMPORARY,
        ),
    ),
    (
        ReplyMeaning::TooManyRecipients,
        Stage::Rcpt,
        row(
            "the mail has too many recipients",
            "yes, to fewer at a time",
            exit::TEMPORARY,
        ),
    ),
    (
        ReplyMeaning::TooManyMails,
        Stage::Mail,
        row(
            "the session has sent as many mails as it may",
            "yes, over a new connection",
            exit::TEMPORARY,
        ),
    ),
    (
        ReplyMeaning::Throttled,
        Stage::Mail,
        row(
            "the client sends too much at once, or has too many connections",
            "yes, later and more slowly",
            exit::TEMPORARY,
        ),
    ),
    (
        ReplyMeaning::MechanismRejected,
        Stage::Auth,
        row(
            "the server does not accept this way to log in",
            "yes, by another mechanism",
            exit::NO_PERMISSION,
        ),
    ),
    (
        ReplyMeaning::NotUnderstood,
        Stage::Mail,
        row(
            "the server does not understand the command, or not at this point",
            NEVER,
            exit::DATA,
        ),
    ),
];

/// By subject and detail of the enhanced status code (RFC 3463, RFC 5248, RFC 7372).
const STATUSES: &[((u16, u16), &str)] = &[
    (
        (1, 1),
        "the mailbox does not exist: check the part before the @",
    ),
    (
        (1, 2),
        "the domain does not exist: check the part after the @",
    ),
    ((1, 3), "the address is not written correctly"),
    (
        (1, 8),
        "the domain of the sender does not exist or does not accept mail",
    ),
    ((1, 10), "the domain accepts no mail (null MX)"),
    ((2, 1), "the mailbox is disabled"),
    ((2, 2), "the mailbox is full"),
    ((3, 4), "the message is too large"),
    ((4, 1), "the host of the recipient does not answer"),
    (
        (4, 4),
        "the mail cannot be routed to the recipient's domain",
    ),
    ((4, 7), "the mail could not be delivered in time"),
    ((5, 2), "the command is not written correctly"),
    ((6, 0), "the message is malformed"),
    (
        (7, 1),
        "the server does not accept the mail by its rules: sender, content or the address of the client",
    ),
    ((7, 25), "the address of the client has no name in the DNS"),
    (
        (7, 26),
        "the mail has neither a valid SPF nor a valid DKIM signature",
    ),
];

/// Explains a reply, and returns the exit status.
pub(crate) fn run(arguments: &ExplainArguments, global: &GlobalArguments) -> u8 {
    let text = arguments.reply.join(" ");
    let done = match exit_status(&text) {
        Some(status) => explain_status(status, global),
        None => explain_reply(&text, global),
    };
    report::status(global, done)
}

fn explain_reply(text: &str, global: &GlobalArguments) -> Result<(), Failure> {
    let reply: Result<Reply, _> = with_code(text).parse();
    let reply = reply.map_err(|error| {
        let help = "pilotfish explain '550 5.1.1 User unknown'";
        Failure::usage(error).with_help(help)
    })?;
    let Explanation {
        sentence,
        again,
        status,
    } = explanation(&reply);
    let advice = for_reply(&reply);
    let at = advice.as_ref().and_then(|advice| advice.at);
    let at = at.and_then(|at| Some((at, Service::of_key(at.key)?)));
    let page = at.filter(|(at, _)| at.needs_secret);
    let page = page.and_then(|(_, service)| service.page);
    let help = match page {
        Some(page) => Some(format!("{page}, then: pilotfish auth set")),
        None => advice.map(|advice| advice.text.to_owned()),
    };
    let enhanced = reply.enhanced_status().map(|status| status.to_string());
    if global.json {
        let object = json!({
            "schema": "pilotfish.explain/1",
            "code": reply.code().number(),
            "enhanced": enhanced,
            "meaning": sentence,
            "at": at.map(|(at, service)| json!({
                "service": service.name,
                "meaning": at.meaning,
            })),
            "again": again,
            "exit_status": status,
            "help": help.into_iter().collect::<Vec<_>>(),
        });
        return report::answer(&object.to_string());
    }
    let code = match enhanced {
        Some(enhanced) => format!("{} {enhanced}", reply.code()),
        None => reply.code().to_string(),
    };
    let again = format!("{again}. Exit status {status}");
    let label = at.map(|(_, service)| format!("at {}", service.name));
    let mut rows = vec![(code.as_str(), sentence)];
    if let (Some(label), Some((at, _))) = (&label, at) {
        rows.push((label, at.meaning));
    }
    rows.push(("send again", &again));
    rows.extend(help.as_deref().map(|help| ("help", help)));
    let widest = rows.iter().map(|(label, _)| label.len()).max();
    let column = widest.unwrap_or_default() + "  ".len();
    let lines = (rows.iter()).map(|(label, text)| report::row(label, text, column));
    report::answer(&lines.collect::<Vec<_>>().join("\n"))
}

/// The exit status of this command, if the text is one. No reply has two digits, or begins with 1.
fn exit_status(text: &str) -> Option<&'static Status> {
    let number: u8 = text.trim().parse().ok()?;
    EXIT_STATUSES.iter().find(|(status, ..)| *status == number)
}

fn explain_status(
    (status, sentence, again): &Status,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    if global.json {
        let object = json!({
            "schema": "pilotfish.explain-status/1",
            "exit_status": status,
            "meaning": sentence,
            "again": again,
        });
        return report::answer(&object.to_string());
    }
    let label = format!("exit status {status}");
    let column = label.len() + "  ".len();
    let rows = [(label.as_str(), *sentence), ("send again", *again)];
    let lines = rows.map(|(label, text)| report::row(label, text, column));
    report::answer(&lines.join("\n"))
}

/// The reply with a code, if it begins with an enhanced status code.
fn with_code(text: &str) -> Cow<'_, str> {
    let mut begin = text.trim_start().split('.');
    let class = begin.next().unwrap_or_default();
    let has_subject = begin
        .next()
        .is_some_and(|subject| subject.parse::<u16>().is_ok());
    let is_enhanced = matches!(class, "2" | "4" | "5") && has_subject;
    if is_enhanced {
        Cow::Owned(format!("{class}50 {}", text.trim_start()))
    } else {
        Cow::Borrowed(text)
    }
}

fn explanation(reply: &Reply) -> Explanation {
    let mut meanings = MEANINGS.iter();
    let meaning = meanings.find(|(meaning, stage, _)| reply.means_at(*meaning, Some(*stage)));
    if let Some((.., explanation)) = meaning {
        return Explanation { ..*explanation };
    }
    let is_transient = reply.is_transient();
    let (again, status) = if is_transient {
        (LATER, exit::TEMPORARY)
    } else {
        (NEVER, exit::DATA)
    };
    let class = reply.code().class();
    let enhanced = reply
        .enhanced_status()
        .map(|status| (status.subject, status.detail));
    let mut statuses = STATUSES.iter();
    let known =
        statuses.find(|(status, _)| Some(*status) == enhanced && reply.code().number() >= 400);
    match known {
        Some((_, sentence)) => row(sentence, again, status),
        None if class == ReplyClass::PositiveCompletion => {
            row("the server accepted it", "no: it is done", exit::OK)
        }
        None if class == ReplyClass::PositiveIntermediate => row(
            "the server waits for more",
            "the dialogue goes on",
            exit::OK,
        ),
        None if is_transient => row(
            "the server defers the mail: it may accept it later",
            again,
            status,
        ),
        None => row("the server rejects the mail for good", again, status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        for (text, status, words) in [
            (
                "535-5.7.8 Username and Password not accepted",
                77,
                "wrong user name or password",
            ),
            (
                "550-5.4.5 Daily user sending limit exceeded.",
                75,
                "as many mails as it may",
            ),
            ("552 5.3.4 too big", 65, "too large"),
            ("552 5.2.2 over quota", 65, "the mailbox is full"),
            ("450 4.7.1 Greylisted", 75, "does not know the sender yet"),
            ("421 4.7.0 Try again later", 75, "too much at once"),
            (
                "530 5.7.0 Must issue a STARTTLS command first",
                65,
                "encrypted first",
            ),
            ("530 5.7.1 Authentication required", 77, "log in first"),
            (
                "504 5.7.4 Unrecognized Authentication Type",
                77,
                "this way to log in",
            ),
            ("550 5.1.1 User unknown", 65, "the mailbox does not exist"),
            ("450 4.2.0 later", 75, "defers the mail"),
            ("554 no", 65, "rejects the mail for good"),
            ("250 2.0.0 Ok", 0, "the server accepted it"),
            ("354 go on", 0, "waits for more"),
        ] {
            let reply: Reply = text.parse().unwrap();
            let found = explanation(&reply);
            assert!(found.sentence.contains(words), "{text}: {}", found.sentence);
            assert_eq!(found.status, status, "{text}");
        }
    }
}
