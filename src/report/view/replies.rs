//! The replies that rejected or deferred mails, and their domains, as bars.

use std::io;

use minijinja::Value;
use serde::Serialize;

use super::{Source, line};
use crate::report::charts::{self, Labels};
use crate::report::data::Outcome;
use crate::report::format::{Count, counted};
use crate::report::replies::{DomainOutcomes, ReplyClass, by_count, by_domain};

/// The number of bars in each chart.
const MAX_BARS: usize = 20;

/// The number of domains that stand beside a reply.
const MAX_DOMAINS: usize = 5;

#[derive(Serialize)]
pub(super) struct RepliesView {
    replies: Vec<ReplyLine>,
    more_replies: Option<String>,
    domains: Vec<DomainLine>,
    more_domains: Option<String>,
}

#[derive(Serialize)]
struct ReplyLine {
    reply: String,
    outcome: String,
    class: &'static str,
    count: String,
    domains: String,
    bar: Value,
}

#[derive(Serialize)]
struct DomainLine {
    domain: String,
    /// `4 rejected, 2 deferred`.
    counts: String,
    bar: Value,
}

impl RepliesView {
    pub(super) fn new(source: &Source<'_>) -> io::Result<Self> {
        let replies = by_count(&source.data.replies);
        let domains = by_domain(&source.data.replies);
        let most_of_reply = replies.first().map_or(0, |class| class.count);
        let most_of_domain = domains.iter().map(DomainOutcomes::count).max();
        let most_of_domain = most_of_domain.unwrap_or(0);
        let rest = replies.iter().skip(MAX_BARS).map(|class| class.count);
        let more_replies = more(rest, "reply", "replies");
        let rest = domains.iter().skip(MAX_BARS).map(DomainOutcomes::count);
        let more_domains = more(rest, "domain", "domains");
        let replies = replies.into_iter().take(MAX_BARS).enumerate();
        let domains = domains.iter().take(MAX_BARS).enumerate();
        Ok(Self {
            replies: replies
                .map(|(index, class)| reply(index, class, most_of_reply))
                .collect::<io::Result<_>>()?,
            more_replies,
            domains: domains
                .map(|(index, outcomes)| domain(index, outcomes, most_of_domain))
                .collect::<io::Result<_>>()?,
            more_domains,
        })
    }
}

/// `and 3 other replies with 12 mails`.
fn more(counts: impl ExactSizeIterator<Item = u64>, one: &str, many: &str) -> Option<String> {
    let omitted = u64::try_from(counts.len()).unwrap_or(u64::MAX);
    let mails = counted(counts.fold(0, u64::saturating_add), "mail", "mails");
    let (one, many) = (format!("other {one}"), format!("other {many}"));
    (omitted > 0).then(|| format!("and {} with {mails}", counted(omitted, &one, &many)))
}

fn reply(index: usize, class: &ReplyClass, longest: u64) -> io::Result<ReplyLine> {
    let text = line(&class.reply);
    let mails = counted(class.count, "mail", "mails");
    let labels = Labels {
        id: &format!("reply-{index}"),
        title: &text,
        description: &format!("{mails} {}", class.outcome),
    };
    let domains = class.domains.iter().take(MAX_DOMAINS);
    let domains: Vec<_> = domains
        .map(|named| format!("{} {}", line(&named.domain), Count(named.count)))
        .collect();
    Ok(ReplyLine {
        outcome: class.outcome.to_string(),
        class: class.outcome.name(),
        count: Count(class.count).to_string(),
        domains: domains.join(", "),
        bar: charts::share(&[(class.count, class.outcome)], longest, labels)?,
        reply: text,
    })
}

fn domain(index: usize, outcomes: &DomainOutcomes, longest: u64) -> io::Result<DomainLine> {
    let domain = line(&outcomes.domain);
    let parts = [
        (outcomes.rejected, Outcome::Rejected),
        (outcomes.deferred, Outcome::Deferred),
    ];
    let counts = parts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, outcome)| format!("{} {outcome}", Count(*count)))
        .collect();
    let counts = counts.join(", ");
    let labels = Labels {
        id: &format!("domain-{index}"),
        title: &domain,
        description: &counts,
    };
    let bar = charts::share(&parts, longest, labels)?;
    Ok(DomainLine {
        domain,
        counts,
        bar,
    })
}
