//! The parameters of MAIL and RCPT (RFC 5321, section 4.1.1.11).

use std::collections::HashSet;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::asked::{Late, deliver_by, is_well_formed};
use super::super::dialogue::Dialogue;
use super::super::keyword::Keyword;
use super::super::offer::Offer;
use super::super::syntax::PathArgument;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Checks that MAIL has only what was offered, each but once, and nothing that is over the
    /// server's limits.
    pub(super) fn check_mail_parameters(&mut self, argument: &PathArgument) -> Option<()> {
        self.check_parameters("MAIL", argument)?;
        let Some(refusal) = argument.parameters.iter().find_map(|one| self.limit(one)) else {
            return Some(());
        };
        self.refuse("555", "5.5.4", refusal);
        None
    }

    /// Checks that a command has only what was offered, and each but once.
    pub(super) fn check_parameters(&mut self, verb: &str, argument: &PathArgument) -> Option<()> {
        let mut seen = HashSet::new();
        for (keyword, parameter) in argument.keywords().zip(&argument.parameters) {
            if !self.is_offered(verb, &keyword, parameter) {
                self.violation(&format!(
                    "parameter {parameter}, not offered (RFC 5321, section 4.1.1.11)"
                ));
                self.refuse("555", "5.5.4", "Parameter not offered");
                return None;
            }
            let value = parameter.split_once('=').map(|(_, value)| value);
            if !is_well_formed(&keyword, value) {
                self.malformed(&format!("{verb} with a malformed {parameter}"));
                return None;
            }
            // Only one of the two may be there (RFC 4865).
            let once = keyword.replace("HOLDUNTIL", "HOLDFOR");
            if !seen.insert(once) {
                self.malformed(&format!("{verb} with {keyword} twice"));
                return None;
            }
        }
        Some(())
    }

    fn is_offered(&self, verb: &str, keyword: &str, parameter: &str) -> bool {
        match (verb, keyword) {
            ("MAIL", "SIZE") => self.offers(Keyword::Size),
            ("MAIL", "BODY") => {
                let binary = parameter.to_ascii_uppercase().ends_with("=BINARYMIME");
                self.offers(if binary {
                    Keyword::BinaryMime
                } else {
                    Keyword::EightBitMime
                })
            }
            ("MAIL", "SMTPUTF8") => self.offers(Keyword::SmtpUtf8),
            ("MAIL", "AUTH") => self.offers_auth(),
            ("MAIL", "RET" | "ENVID") | ("RCPT", "NOTIFY" | "ORCPT") => self.offers(Keyword::Dsn),
            ("MAIL", "BY") => self.offers(Keyword::DeliverBy),
            ("MAIL", "HOLDFOR" | "HOLDUNTIL") => self.offers(Keyword::FutureRelease),
            ("MAIL", "MT-PRIORITY") => self.offers(Keyword::MtPriority),
            ("MAIL", "REQUIRETLS") => self.offers(Keyword::RequireTls),
            _ => false,
        }
    }

    /// Why the server does not do so much.
    fn limit(&self, parameter: &str) -> Option<&'static str> {
        let (keyword, value) = parameter.split_once('=')?;
        let date = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let mut offers = self.shared.settings.offers.iter();
        let keyword = keyword.to_ascii_uppercase();
        offers.find_map(|offer| match (keyword.as_str(), offer) {
            ("BY", Offer::DeliverBy(least)) => {
                let (seconds, late) = deliver_by(value)?;
                let soon = late == Late::Return && seconds < i64::from(*least);
                soon.then_some("Cannot deliver as soon as that")
            }
            ("HOLDFOR", Offer::FutureRelease { longest, .. }) => {
                let seconds: u32 = value.parse().ok()?;
                (seconds > *longest).then_some("Cannot hold as long as that")
            }
            ("HOLDUNTIL", Offer::FutureRelease { latest, .. }) => {
                (date(value)? > date(latest)?).then_some("Cannot hold as long as that")
            }
            _ => None,
        })
    }
}
