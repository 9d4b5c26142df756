//! What the help and the manual page of `sendmail` say. The parser of the other commands does not know
//! these flags.

use crate::terminal::style::{BOLD, painted};
use crate::terminal::wrap::wrapped;

/// The columns of the help.
const WIDTH: usize = 80;

pub(crate) const USAGES: &[&str] = &[
    "pilotfish [-A NAME] [-C FILE] sendmail [FLAG]... [RECIPIENT]...",
    "sendmail [FLAG]... [RECIPIENT]...",
    "mailq",
    "newaliases",
];

pub(crate) const PARAGRAPHS: &[&str] = &[
    "The message is on standard input, to its end; a line with only a dot does not end it. It is \
     sent at once, from the account as with `pilotfish send`.",
    "The names sendmail, mailq and newaliases are links to pilotfish. No package makes them unasked.",
    "A name without a domain, such as root, gets the address that the file of `aliases` in the \
     configuration says, or else the `domain` of the configuration.",
];

pub(crate) const FLAGS: &[(&str, &str)] = &[
    (
        "-t",
        "Send to the addresses in To, Cc and Bcc, and to the recipients",
    ),
    (
        "-f, -r ADDR",
        "The address for reports of failed delivery; '<>' for none",
    ),
    ("-F NAME", "The sender's name, for a message without From"),
    (
        "-N WHEN",
        "Notifications: never, or some of success,failure,delay",
    ),
    ("-R PART", "What a notification returns: hdrs or full"),
    ("-V ID", "The identifier in notifications"),
    ("-A NAME", "Use this account"),
    ("-C FILE", "Read accounts from this file alone"),
    ("-X FILE", "Add a line for each mail to this file"),
    ("-oeq", "Print no errors"),
    ("-v", "Print each step"),
];

pub(crate) const TASKS: &[(&str, &str)] = &[
    ("-bs", "Speak SMTP on standard input and output"),
    (
        "-bv",
        "Show who gets the mail for the recipients; no server is asked",
    ),
    (
        "-bp, mailq",
        "Show the queue, which is empty: mails are sent at once",
    ),
    (
        "-bi, -q",
        "Do nothing, as newaliases does: no table has to be built",
    ),
];

/// Flags that change nothing here, and that callers set.
pub(crate) const IGNORED: &str =
    "-i -oi -om -m -n -G -U -B -h -L -d -Ac -Am -O -p, other -o and -e";

/// The help of the command.
pub(crate) fn help() -> String {
    let row = |(flag, what): &(&str, &str)| format!("  {flag:<12} {what}");
    let mut lines = vec![
        "Take mail from cron, git, mutt or PHP, as sendmail(1) does".to_owned(),
        String::new(),
    ];
    for (index, usage) in USAGES.iter().take(2).enumerate() {
        let begin = if index == 0 { "Usage:" } else { "      " };
        lines.push(format!("{begin} {usage}"));
    }
    lines.push(String::new());
    lines.push(painted(BOLD, "Flags"));
    lines.extend(FLAGS.iter().map(row));
    lines.push(painted(BOLD, "Other tasks"));
    lines.extend(TASKS.iter().map(row));
    lines.push(String::new());
    lines.push(wrapped(
        &format!("Accepted without effect: {IGNORED}"),
        0,
        WIDTH,
    ));
    for paragraph in PARAGRAPHS {
        lines.push(String::new());
        lines.push(wrapped(paragraph, 0, WIDTH));
    }
    lines.push(String::new());
    lines.push(painted(BOLD, "Examples"));
    let examples = crate::args::endings::of("sendmail").map_or(&[][..], |ending| ending.examples);
    lines.extend(examples.iter().map(|example| format!("  {example}")));
    lines.push(String::new());
    lines.push(wrapped(
        "Exit status: 0 accepted, 65 rejected by some or all, 74 unknown: the mail may have arrived, \
         so do not send it again, 75 try again later, 76 TLS, 77 login, 78 configuration",
        0,
        WIDTH,
    ));
    lines.join("\n")
}
