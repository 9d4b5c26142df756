//! One question before a mail that looks like a mistake.

use std::io::{self, IsTerminal as _};

use super::concern::Concern;
use crate::args::{Confirm, GlobalArguments, MailArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::report;
use crate::terminal::question::Questions;
use crate::terminal::style::Mark;

/// Asks whether to send a mail with these concerns, and changes the mail if the answer says so. Where
/// there is no terminal, the concerns are warnings.
pub(super) async fn confirm(
    mail: &mut MailArguments,
    concerns: &[Concern],
    when: Confirm,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    if concerns.is_empty() && when != Confirm::Always {
        return Ok(());
    }
    let may_ask = when != Confirm::Never && io::stderr().is_terminal();
    let questions = may_ask.then(|| Questions::open(global.no_input)).flatten();
    let Some(questions) = questions else {
        if when == Confirm::Always {
            return Err(Failure::usage(
                "--confirm always needs a terminal to ask on",
            ));
        }
        for concern in concerns.iter().filter(|_| !global.quiet) {
            report::warning(&concern.shown());
        }
        return Ok(());
    };
    let answer = ask(&questions, mail, concerns).await;
    let answer =
        answer.map_err(|error| Failure::io(exit::OS_ERROR, "cannot ask on the terminal", error))?;
    match answer {
        Answer::Send => Ok(()),
        Answer::Change { typed, meant } => {
            let addresses = &mut mail.addresses;
            let lists = [&mut addresses.to, &mut addresses.cc, &mut addresses.bcc];
            for list in lists.into_iter().flatten() {
                *list = with_domain(list, &typed, meant);
            }
            Ok(())
        }
        Answer::No => Err(Failure::declined()),
    }
}

enum Answer {
    Send,
    Change { typed: String, meant: &'static str },
    No,
}

async fn ask(
    questions: &Questions,
    mail: &MailArguments,
    concerns: &[Concern],
) -> io::Result<Answer> {
    for concern in concerns {
        questions.say(&questions.stream().marked(Mark::Look, concern.shown()))?;
    }
    let domains = concerns.iter().filter_map(|concern| match concern {
        Concern::Domain { typed, meant } => Some((typed, *meant)),
        _ => None,
    });
    let domains: Vec<_> = domains.collect();
    let [(typed, meant)] = domains.as_slice() else {
        let sends = questions.yes_or_no("Send?", false).await?;
        return Ok(if sends { Answer::Send } else { Answer::No });
    };
    let addresses = &mail.addresses;
    let all: Vec<_> = [&addresses.to, &addresses.cc, &addresses.bcc]
        .into_iter()
        .flatten()
        .collect();
    let names = match all.as_slice() {
        [only] if !only.contains(',') => only.escape_debug().to_string(),
        _ => (*typed).clone(),
    };
    let changed = with_domain(&names, typed, meant);
    let question = format!("Send to {names}? [y]es, [n]o, [c]hange to {changed}:");
    Ok(
        match questions.letter(&question, &['y', 'n', 'c'], None).await? {
            Some('y') => Answer::Send,
            Some('c') => Answer::Change {
                typed: (*typed).clone(),
                meant,
            },
            _ => Answer::No,
        },
    )
}

/// A list of addresses with one domain in place of another.
fn with_domain(list: &str, typed: &str, meant: &str) -> String {
    let lower = list.to_ascii_lowercase();
    let mut out = String::new();
    let mut end = 0;
    for (at, _) in lower.match_indices(typed) {
        let is_whole = lower
            .get(..at)
            .is_some_and(|before| before.is_empty() || before.ends_with('@'));
        if is_whole {
            out.push_str(list.get(end..at).unwrap_or_default());
            out.push_str(meant);
            end = at + typed.len();
        }
    }
    out + list.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_changed_where_it_is_one() {
        for (list, expected) in [
            ("ann@gmial.com", "ann@gmail.com"),
            (
                "Ann <ann@GMIAL.com>, b@x.test",
                "Ann <ann@gmail.com>, b@x.test",
            ),
            ("gmial.com", "gmail.com"),
            ("a@gmial.com,b@gmial.com", "a@gmail.com,b@gmail.com"),
            ("gmial.com@x.test", "gmail.com@x.test"),
            ("a@x.gmial.com", "a@x.gmial.com"),
        ] {
            assert_eq!(with_domain(list, "gmial.com", "gmail.com"), expected);
        }
    }
}
