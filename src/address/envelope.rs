//! What the server is told beside the message.

use std::collections::HashSet;

use super::addr_spec::AddrSpec;
use super::error::{AddressError, Problem};
use super::path::{ForwardPath, ReversePath};

/// Where a message goes and where reports about it go: RFC 5321, 2.3.1.
///
/// It has one or more recipients, each of them once. It need not agree with the fields of the
/// message: blind copies are recipients here and in no field.
///
/// ```
/// use pilotfish::address::{Envelope, ReversePath};
///
/// let recipients = ["bo@example.org".parse()?, "bo@EXAMPLE.org".parse()?];
/// let envelope = Envelope::new(ReversePath::Null, recipients)?;
/// assert_eq!(envelope.forward_paths().len(), 1);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
}

impl Envelope {
    /// An envelope for these recipients, in their order. Of equal ones the first is kept.
    ///
    /// # Errors
    ///
    /// If there is no recipient.
    pub fn new(
        reverse_path: ReversePath,
        forward_paths: impl IntoIterator<Item = ForwardPath>,
    ) -> Result<Self, AddressError> {
        let mut seen = HashSet::new();
        let mut forward_paths: Vec<_> = forward_paths.into_iter().collect();
        forward_paths.retain(|path| seen.insert(path.clone()));
        if forward_paths.is_empty() {
            return Err(AddressError::of_values(Problem::NoRecipient));
        }
        Ok(Self {
            reverse_path,
            forward_paths,
        })
    }

    /// Where reports of failure go.
    #[must_use]
    pub fn reverse_path(&self) -> &ReversePath {
        &self.reverse_path
    }

    /// The recipients: at least one, and no two are equal.
    #[must_use]
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.forward_paths
    }

    /// Whether an address has a non-ASCII local part, which only a server that offers
    /// SMTPUTF8 can take (RFC 6531, 3.4). The message may need SMTPUTF8 for its own reasons.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        let recipients = self.forward_paths.iter().map(ForwardPath::addr_spec);
        !self
            .reverse_path
            .addr_spec()
            .into_iter()
            .chain(recipients)
            .all(AddrSpec::is_ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(from: &str, to: &[&str]) -> Result<Envelope, AddressError> {
        let paths: Vec<ForwardPath> = to.iter().map(|path| path.parse().unwrap()).collect();
        Envelope::new(from.parse()?, paths)
    }

    #[test]
    fn duplicates_are_removed_and_the_first_kept() {
        for (to, expected) in [
            (&["a@x.test"][..], "<a@x.test>"),
            (
                &["a@x.test", "b@x.test", "a@X.TEST"],
                "<a@x.test> <b@x.test>",
            ),
            (
                &["b@x.test", "a@x.test", "b@x.test"],
                "<b@x.test> <a@x.test>",
            ),
            (&["\"a\"@x.test", "a@x.test"], "<a@x.test>"),
            (&["A@x.test", "a@x.test"], "<A@x.test> <a@x.test>"),
            (
                &["a@bücher.test", "a@xn--bcher-kva.test"],
                "<a@xn--bcher-kva.test>",
            ),
        ] {
            let envelope = envelope("f@x.test", to).unwrap();
            let paths: Vec<_> = envelope
                .forward_paths()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(paths.join(" "), expected);
        }
    }

    #[test]
    fn an_envelope_has_a_recipient() {
        let error = envelope("f@x.test", &[]).unwrap_err();
        assert_eq!(error.position(), None);
        assert_eq!(
            error.to_string(),
            "an envelope without a recipient, add at least one"
        );
    }

    #[test]
    fn only_local_parts_need_smtputf8() {
        for (from, to, expected) in [
            ("f@x.test", "a@x.test", false),
            ("f@bücher.test", "a@bücher.test", false),
            ("f@x.test", "jörg@x.test", true),
            ("jörg@x.test", "a@x.test", true),
        ] {
            assert_eq!(
                envelope(from, &["z@x.test", to]).unwrap().needs_smtputf8(),
                expected
            );
        }
        let null = Envelope::new(ReversePath::Null, ["a@x.test".parse().unwrap()]).unwrap();
        assert!(!null.needs_smtputf8());
    }

    #[test]
    fn ten_thousand_recipients() {
        let paths = (0..20_000).map(|n| format!("a{}@x.test", n % 10_000).parse().unwrap());
        let envelope = Envelope::new(ReversePath::Null, paths).unwrap();
        assert_eq!(envelope.forward_paths().len(), 10_000);
        assert_eq!(
            envelope.forward_paths()[9_999].to_string(),
            "<a9999@x.test>"
        );
    }
}
