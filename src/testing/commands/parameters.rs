//! Checks the parameters of MAIL and RCPT (RFC 5321, section 4.1.1.11).

use std::collections::HashSet;

use super::super::envelope_parameters::{deliver_by, extension_of, is_well_formed};
use super::super::offer::Offer;
use super::super::session::{Flow, ServerSession};
use super::super::syntax::keyword_and_value;

impl ServerSession {
    /// Checks that a command has only parameters that the server offers, each at most once, and
    /// within the server's limits.
    pub(super) fn check_parameters(&mut self, verb: &str, parameters: &[String]) -> Flow<()> {
        let mut seen = HashSet::new();
        for parameter in parameters {
            if !extension_of(verb, parameter).is_some_and(|extension| self.offers(extension)) {
                return Err(self.parameter_not_offered(parameter));
            }
            if !is_well_formed(parameter) {
                return Err(self.malformed(&format!("{verb} with a malformed {parameter}")));
            }
            let keyword = keyword_and_value(parameter).0.to_ascii_uppercase();
            // Only one of the two may be there (RFC 4865).
            if !seen.insert(keyword.replace("HOLDUNTIL", "HOLDFOR")) {
                return Err(self.malformed(&format!("{verb} with {keyword} twice")));
            }
        }
        match parameters.iter().find_map(|one| self.limit(one)) {
            Some(refusal) => Err(self.refuse(refusal)),
            None => Ok(()),
        }
    }

    /// The refusal of a parameter that is outside the server's limits.
    fn limit(&self, parameter: &str) -> Option<&'static str> {
        let (keyword, value) = parameter.split_once('=')?;
        let date = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let mut offers = self.shared.settings.offers.iter();
        let keyword = keyword.to_ascii_uppercase();
        offers.find_map(|offer| match (keyword.as_str(), offer) {
            ("BY", Offer::DeliverBy(least)) => {
                let (seconds, returned) = deliver_by(value)?;
                let soon = returned && seconds < i64::from(*least);
                soon.then_some("555 5.5.4 Cannot deliver as soon as that")
            }
            ("HOLDFOR", Offer::FutureRelease { longest, .. }) => {
                let seconds: u32 = value.parse().ok()?;
                (seconds > *longest).then_some("555 5.5.4 Cannot hold as long as that")
            }
            ("HOLDUNTIL", Offer::FutureRelease { latest, .. }) => {
                (date(value)? > date(latest)?).then_some("555 5.5.4 Cannot hold as long as that")
            }
            _ => None,
        })
    }
}
