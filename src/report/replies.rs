//! The replies that rejected or deferred mails, and the domains that they are about.

use std::collections::BTreeMap;

use serde::Serialize;

use super::data::Outcome;

/// The domain of the mails whose domain is not named.
const OTHERS: &str = "other domains";

/// Mails that got the same reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplyClass {
    /// The reply with its code, such as `550 5.1.1 User unknown`, or the error of the network.
    pub reply: String,
    /// The outcome of these mails.
    pub outcome: Outcome,
    /// How many mails got this reply.
    pub count: u64,
    /// The domains of the recipients with the most of these mails. The others may be missing.
    pub domains: Vec<DomainCount>,
}

/// A domain of recipients, and how many mails it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DomainCount {
    /// The domain.
    pub domain: String,
    /// How many mails.
    pub count: u64,
}

/// What became of the mails to one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DomainOutcomes {
    pub(super) domain: String,
    pub(super) rejected: u64,
    /// Deferred mails, and those of any other outcome.
    pub(super) deferred: u64,
}

impl ReplyClass {
    /// Mails that got the same reply, without their domains.
    #[must_use]
    pub fn new(reply: impl Into<String>, outcome: Outcome, count: u64) -> Self {
        Self {
            reply: reply.into(),
            outcome,
            count,
            domains: Vec::new(),
        }
    }

    /// Adds a domain.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>, count: u64) -> Self {
        self.domains.push(DomainCount::new(domain, count));
        self
    }
}

impl DomainCount {
    /// A domain of recipients, and how many mails it is about.
    #[must_use]
    pub fn new(domain: impl Into<String>, count: u64) -> Self {
        Self {
            domain: domain.into(),
            count,
        }
    }
}

impl DomainOutcomes {
    pub(super) fn count(&self) -> u64 {
        self.rejected.saturating_add(self.deferred)
    }
}

/// The replies with the most mails first.
pub(super) fn by_count(replies: &[ReplyClass]) -> Vec<&ReplyClass> {
    let mut sorted: Vec<_> = replies.iter().collect();
    sorted.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reply.cmp(&b.reply)));
    sorted
}

/// The domains of all replies, those with the most mails first. What no reply names is at the end, so
/// the sum is that of the replies.
pub(super) fn by_domain(replies: &[ReplyClass]) -> Vec<DomainOutcomes> {
    let mut domains = BTreeMap::<&str, (u64, u64)>::new();
    for class in replies {
        let mut rest = class.count;
        for named in &class.domains {
            add(&mut domains, &named.domain, class.outcome, named.count);
            rest = rest.saturating_sub(named.count);
        }
        if rest > 0 {
            add(&mut domains, OTHERS, class.outcome, rest);
        }
    }
    let outcomes = |(domain, (rejected, deferred)): (&str, _)| DomainOutcomes {
        domain: domain.to_owned(),
        rejected,
        deferred,
    };
    let mut sorted: Vec<_> = domains.into_iter().map(outcomes).collect();
    sorted.sort_by_key(|outcomes| {
        (
            outcomes.domain == OTHERS,
            std::cmp::Reverse(outcomes.count()),
        )
    });
    sorted
}

fn add<'a>(
    domains: &mut BTreeMap<&'a str, (u64, u64)>,
    domain: &'a str,
    outcome: Outcome,
    count: u64,
) {
    let (rejected, deferred) = domains.entry(domain).or_default();
    let sum = if outcome == Outcome::Rejected {
        rejected
    } else {
        deferred
    };
    *sum = sum.saturating_add(count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_the_sum_of_the_replies() {
        let replies = [
            ReplyClass::new("550 5.1.1 User unknown", Outcome::Rejected, 9)
                .domain("example.net", 4)
                .domain("example.com", 1),
            ReplyClass::new("450 4.2.0 Greylisted", Outcome::Deferred, 2).domain("example.com", 2),
        ];
        let found = by_domain(&replies);
        let rows = found
            .iter()
            .map(|row| (row.domain.as_str(), row.rejected, row.deferred));
        let expected = [("example.net", 4, 0), ("example.com", 1, 2), (OTHERS, 4, 0)];
        assert_eq!(rows.collect::<Vec<_>>(), expected);
        assert_eq!(by_count(&replies)[0].count, 9);
    }
}
