//! The envelope that a finished message names itself.

use std::collections::HashSet;

use super::field::Field;
use super::header::HeaderSection;
use crate::address::{ForwardPath, Mailbox};
use crate::message::error::{MessageError, limit, shown};
use crate::message::header::is_one_of;

/// The most recipients of a message.
pub(crate) const MAX_MAILBOXES: usize = 100_000;

impl<'a> HeaderSection<'a> {
    /// The addresses in To, Cc and Bcc, members of groups included, in the order of the fields. An empty
    /// field has none.
    ///
    /// If the message is resent, only the fields of the latest resending count: the other recipients
    /// have the message already (RFC 5322 section 3.6.6).
    ///
    /// # Errors
    ///
    /// If one of these fields cannot be read, or if they have too many mailboxes.
    pub(crate) fn recipients(&self) -> Result<Vec<ForwardPath>, MessageError> {
        self.not_empty()?;
        let mut paths = Vec::new();
        for (name, field) in self.transmission() {
            if is_one_of("To Cc Bcc", name) {
                let addresses = self
                    .mailboxes(field)?
                    .into_iter()
                    .map(Mailbox::into_addr_spec);
                paths.extend(addresses.map(ForwardPath::from));
            }
            limit("the number of mailboxes", paths.len(), MAX_MAILBOXES)?;
        }
        Ok(paths)
    }

    /// The Sender of the message, or else its first author. If the message is resent, that of the
    /// latest resending.
    ///
    /// # Errors
    ///
    /// If the field cannot be read.
    pub(crate) fn sender(&self) -> Result<Option<Mailbox>, MessageError> {
        let fields = self.transmission();
        for wanted in ["Sender", "From"] {
            let is_wanted = |name: &str| name.eq_ignore_ascii_case(wanted);
            for (_, field) in fields.iter().filter(|(name, _)| is_wanted(name)) {
                if let Some(mailbox) = self.mailboxes(field)?.into_iter().next() {
                    return Ok(Some(mailbox));
                }
            }
        }
        Ok(None)
    }

    /// The fields of the present transmission, each with its name. If the message is resent, these are
    /// the fields of the latest resending, with their names without Resent-.
    fn transmission(&self) -> Vec<(&'a str, &Field<'a>)> {
        let block = self.latest_resending();
        if block.is_empty() {
            return self
                .fields
                .iter()
                .map(|field| (field.name, field))
                .collect();
        }
        block
    }

    /// The fields of the latest resending, as each puts its own in front; none if the message is not
    /// resent. They are a block, which ends where a server has added a field, or where a field comes again; but one
    /// list may be in several fields of the same name, one after the other.
    fn latest_resending(&self) -> Vec<(&'a str, &Field<'a>)> {
        let mut block = Vec::new();
        let mut seen = HashSet::new();
        let mut last = "";
        for field in &self.fields {
            let Some(name) = field.resent_name() else {
                if field.is("Received") && !block.is_empty() {
                    break;
                }
                continue;
            };
            if !seen.insert(name.to_ascii_lowercase()) && !name.eq_ignore_ascii_case(last) {
                break;
            }
            last = name;
            block.push((name, field));
        }
        block
    }

    /// The mailboxes of a field; none if it is empty. Display names may have any length, and need not
    /// be UTF-8.
    fn mailboxes(&self, field: &Field<'_>) -> Result<Vec<Mailbox>, MessageError> {
        let list = self
            .completed(field)
            .unwrap_or_else(|| field.unfolded_lossy());
        if list.trim().is_empty() {
            return Ok(Vec::new());
        }
        Mailbox::parse_list_of_long_names(&list).map_err(|source| MessageError::Addresses {
            field: shown(field.name),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::raw::header::tests::messages;

    fn recipients(header: &str) -> Result<String, MessageError> {
        let paths = HeaderSection::read(header.as_bytes())?.recipients()?;
        let paths: Vec<_> = paths.iter().map(ToString::to_string).collect();
        Ok(paths.join(" "))
    }

    fn sender(header: &str) -> Result<String, MessageError> {
        let sender = HeaderSection::read(header.as_bytes())?.sender()?;
        Ok(sender
            .map(|mailbox| mailbox.to_string())
            .unwrap_or_default())
    }

    #[test]
    fn recipients_are_those_of_the_fields() {
        for (header, expected) in [
            ("Subject: x\nReply-To: a@b\n", ""),
            ("To: a@b\nCc: c@d\nBcc: e@f\n", "<a@b> <c@d> <e@f>"),
            ("BCC: a@b\nto : c@d\ncC:e@f\n", "<a@b> <c@d> <e@f>"),
            ("To: a@b,\n c@d\n\t, e@f\n", "<a@b> <c@d> <e@f>"),
            ("To: a@b\nTo: c@d\n", "<a@b> <c@d>"),
            ("To: a@b\r\n\r\nCc: c@d\r\n", "<a@b>"),
            ("To: a@b\rCc: c@d\r\rx", "<a@b> <c@d>"),
            ("To: undisclosed-recipients:;\nBcc: a@b\n", "<a@b>"),
            ("To: crew: a@b, Bo <c@d>; , e@f\n", "<a@b> <c@d> <e@f>"),
            ("To: a@b\nCc:\nBcc: \n \n", "<a@b>"),
            ("To: (x) \"A, B\" (y)\n <a@b> (z)\n", "<a@b>"),
            ("To: =?utf-8?q?A=2C_B?=\n <a@b>\n", "<a@b>"),
            ("To: Jörg <a@bücher.test>\n", "<a@xn--bcher-kva.test>"),
            ("To: jörg@b\n", "<jörg@b>"),
            ("To: ,a@b,,\n ,\n", "<a@b>"),
            (
                &format!("To: {} <a@b>\n", "=?utf-8?q?=C3=BC?= ".repeat(99)),
                "<a@b>",
            ),
            (&format!("To: \"{}\": a@b;\n", "ü".repeat(999)), "<a@b>"),
        ] {
            assert_eq!(recipients(header).unwrap(), expected, "{header:?}");
        }
    }

    #[test]
    fn a_message_that_is_resent_goes_to_the_latest_recipients() {
        for (header, expected, from) in [
            (
                "Resent-From: r@x\nResent-To: a@b\nResent-Cc: c@d\nResent-Bcc: e@f\nFrom: f@x\nTo: t@x\nBcc: b@x\n",
                "<a@b> <c@d> <e@f>",
                "r@x",
            ),
            (
                "From: f@x\nTo: t@x\nresent-to: a@b\nRESENT-FROM: r@x\n",
                "<a@b>",
                "r@x",
            ),
            ("Resent-From: r@x\nFrom: f@x\nTo: t@x\n", "", "r@x"),
            ("Resent-To: a@b\nFrom: f@x\nTo: t@x\n", "<a@b>", ""),
            (
                "Resent-From: r@x\nResent-Sender: s@x\nResent-To: a@b\nSender: f@x\n",
                "<a@b>",
                "s@x",
            ),
            (
                "Resent-To: a@b\nResent-From: 2@x\nResent-To: c@d\nResent-From: 1@x\n",
                "<a@b>",
                "2@x",
            ),
            (
                "Resent-From: 2@x\nResent-To: a@b\nResent-From: 1@x\nResent-Cc: c@d\n",
                "<a@b>",
                "2@x",
            ),
            (
                "Received: y\nResent-From: 2@x\nSubject: x\nResent-To: a@b\nReceived: z\nResent-Cc: c@d\n",
                "<a@b>",
                "2@x",
            ),
            (
                "Resent-To: a@b\nResent-To: c@d\nResent-From: r@x\n",
                "<a@b> <c@d>",
                "r@x",
            ),
        ] {
            assert_eq!(recipients(header).unwrap(), expected, "{header:?}");
            assert_eq!(sender(header).unwrap(), from, "{header:?}");
        }
    }

    #[test]
    fn the_sender_is_who_sends() {
        for (header, expected) in [
            ("To: a@b\n", ""),
            ("From: Ann <a@b>\n", "Ann <a@b>"),
            ("From: a@b, c@d\n", "a@b"),
            ("From: a@b, c@d\nSender: e@f\n", "e@f"),
            ("From: a@b\nSender:\n", "a@b"),
            ("From: nobody:;\n", ""),
            ("Sender: a@b\nFrom: not read\n", "a@b"),
        ] {
            assert_eq!(sender(header).unwrap(), expected, "{header:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (header, field) in [
            ("To: a@b\nCc: Ann\n", "Cc"),
            ("TO: a@b c@d\n", "TO"),
            ("Bcc: <@x:a@b>\n", "Bcc"),
            ("To: a@b\nBcc: (nobody)\n", "Bcc"),
            ("To: a@b\0\n", "To"),
            ("Resent-To: a b@c\nTo: a@b\n", "Resent-To"),
        ] {
            let error = recipients(header).unwrap_err();
            assert!(
                matches!(&error, MessageError::Addresses { field: found, .. } if found == field),
                "{header:?}: {error}"
            );
        }
        assert!(sender("From: x\n").is_err());
        for (field, is_read) in [
            (&b"To: J\xf6rg <a@b>\n"[..], true),
            (b"To: <j\xf6rg@b>\n", false),
            (b"To: a@b\xfccher.test\n", false),
        ] {
            let latin = HeaderSection::read(field).unwrap();
            assert_eq!(latin.recipients().is_ok(), is_read, "{field:?}");
        }
        // What is not asked is not read.
        assert_eq!(
            recipients("From: x\nResent-To: a@b\nTo: x\n").unwrap(),
            "<a@b>"
        );
    }

    #[test]
    fn mailboxes_are_bounded() {
        let header = |count: usize| {
            let list = vec!["a@b"; count / 2].join(",");
            format!("To: {list}\nCc: {list}\n")
        };
        let max = MAX_MAILBOXES;
        let count = |header: &str| {
            let section = HeaderSection::read(header.as_bytes()).unwrap();
            section.recipients().map(|paths| paths.len())
        };
        assert_eq!(count(&header(max)).unwrap(), max);
        assert!(matches!(
            count(&header(max + 2)),
            Err(MessageError::Limit { limit, .. }) if limit == max
        ));
    }

    proptest! {
        #[test]
        fn nothing_panics(message in messages()) {
            if let Ok(section) = HeaderSection::read(&message) {
                let _ = (section.recipients(), section.sender());
            }
        }
    }
}
