//! What looks like a mistake in a mail, before it is sent: what leaves cannot be taken back.

use pilotfish::address::Address;
use pilotfish::message::AutoSubmitted;

use crate::args::MailArguments;
use crate::input::TextSource;
use crate::suggestion::nearest_domain;
use crate::terminal::quantity::counted;

/// More recipients who see each other's addresses than this are seldom meant.
pub(super) const MANY: usize = 20;

/// Words that speak of an attachment, in lower case. Each stands at the beginning of a word.
const ATTACHED: &[&str] = &[
    "attached",
    "attachment",
    "attaching",
    "enclosed please",
    "im anhang",
    "anbei",
    "angehängt",
    "beigefügt",
    "ci-joint",
    "pièce jointe",
    "adjunto",
    "adjunta",
    "in allegato",
    "in bijlage",
    "bijgevoegd",
    "em anexo",
    "bifogad",
];

/// What looks like a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Concern {
    /// The domain of an address, and the well-known one that differs by a letter or two.
    Domain { typed: String, meant: &'static str },
    /// The word of the text that speaks of an attachment, and there is none.
    NothingAttached { word: String },
    /// How many recipients see each other's addresses.
    ManyRecipients { count: usize },
}

impl Concern {
    /// The sentence about it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Domain { typed, meant } => format!("{typed} looks like {meant}"),
            Self::NothingAttached { word } => {
                format!("the text says \"{word}\" and nothing is attached")
            }
            Self::ManyRecipients { count } => {
                let recipients = counted(*count, "recipient", "recipients");
                format!("{recipients} can see each other's addresses; --bcc hides them")
            }
        }
    }
}

/// All that looks like a mistake in this mail.
pub(super) fn concerns(mail: &MailArguments) -> Vec<Concern> {
    // A program has no typing errors.
    if mail
        .fields
        .auto_submitted
        .is_some_and(|why| why != AutoSubmitted::No)
    {
        return Vec::new();
    }
    let addresses = &mail.addresses;
    let mailboxes = |lists: [&Vec<String>; 2]| {
        let lists = lists.into_iter().flatten();
        // What is no address is an error later.
        let parsed = lists.filter_map(|list| Address::parse_list(list).ok());
        parsed.flatten().collect::<Vec<_>>()
    };
    let visible = mailboxes([&addresses.to, &addresses.cc]);
    let hidden = mailboxes([&addresses.bcc, &Vec::new()]);
    let mut concerns = Vec::new();
    for mailbox in visible.iter().chain(&hidden).flat_map(Address::mailboxes) {
        let typed = mailbox.addr_spec().domain().to_string();
        let meant = nearest_domain(&typed);
        let concern = meant.map(|meant| Concern::Domain { typed, meant });
        concerns.extend(concern.filter(|concern| !concerns.contains(concern)));
    }
    let text = mail.content.text.as_ref().and_then(TextSource::known);
    let is_new = mail.raw.raw.is_none();
    if is_new
        && !mail.content.has_parts()
        && mail.content.inline.is_empty()
        && let Some(word) = text.and_then(speaks_of_attachment)
    {
        concerns.push(Concern::NothingAttached { word });
    }
    let count = visible
        .iter()
        .map(|address| address.mailboxes().len())
        .sum();
    if is_new && count > MANY {
        concerns.push(Concern::ManyRecipients { count });
    }
    concerns
}

/// The first word of a text that speaks of an attachment, as it is written. Quoted lines are another
/// person's.
fn speaks_of_attachment(text: &str) -> Option<String> {
    let mut own = text.lines().filter(|line| !line.starts_with('>'));
    own.find_map(|line| {
        let lower = line.to_lowercase();
        let begins_word = |at: &usize| {
            let before = lower
                .get(..*at)
                .and_then(|before| before.chars().next_back());
            before.is_none_or(|before| !before.is_alphanumeric())
        };
        let found = ATTACHED.iter().filter_map(|word| {
            let at = lower
                .match_indices(word)
                .map(|(at, _)| at)
                .find(begins_word)?;
            Some((at, word.len()))
        });
        let (at, length) = found.min()?;
        // Where lower case takes as many octets, the line has the word as it is written.
        let written = if lower.len() == line.len() {
            line
        } else {
            &lower
        };
        written.get(at..at + length).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_speak_of_an_attachment() {
        for (text, expected) in [
            ("Attached is the plan.", Some("Attached")),
            ("See the attachments, please", Some("attachment")),
            ("Anbei der Plan", Some("Anbei")),
            ("Ci-joint le plan", Some("Ci-joint")),
            ("Unattached people", None),
            ("> Attached is the plan.\nThanks!", None),
            ("Hello", None),
            ("İ attached", Some("attached")),
        ] {
            assert_eq!(speaks_of_attachment(text).as_deref(), expected, "{text}");
        }
    }
}
