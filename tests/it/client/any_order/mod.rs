//! Mails in any order, some of which cannot be sent, need another session, go in portions or are
//! cancelled. Each is reported once, the report agrees with what the server has, and no mail waits
//! without end.
//!
//! Everything follows from a seed. `PILOTFISH_SEED=17` runs only seed 17.

mod client;
mod session;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use pilotfish::address::{Envelope, ForwardPath};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, Receipt, RecipientOutcome, recipient_outcomes};
use pilotfish::{ErrorKind, Message, Result};

use crate::session::send_each::strategy;
use crate::support::client::ACCOUNT;
use crate::support::dice::Dice;
use crate::support::mini_server::Arrived;

/// The server's limit for the size of a message, in octets.
const SIZE: usize = 2_000;

/// The extensions of the server. With each of these it has one of the limits.
const OFFERS: [&[&str]; 3] = [&[], &["PIPELINING"], &["PIPELINING", "CHUNKING"]];
const LIMITS: [&str; 7] = [
    "",
    "RCPTMAX=2",
    "RCPTDOMAINMAX=1",
    "RCPTDOMAINMAX=2",
    "MAILMAX=1",
    "MAILMAX=3",
    "RCPTMAX=2 RCPTDOMAINMAX=1 MAILMAX=2",
];

/// What a mail requires of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MailKind {
    Good,
    /// The message is larger than the server accepts.
    Large,
    /// The mail needs SMTPUTF8.
    Utf8,
    /// The mail goes to another domain.
    Elsewhere,
    /// The mail goes to three recipients in two domains.
    Portioned,
    /// The mail is valid, and the caller cancels it.
    Withdrawn,
}

impl MailKind {
    /// The recipients of the mail with this number.
    fn paths(self, number: usize) -> Vec<ForwardPath> {
        let paths: &[&str] = match self {
            Self::Good | Self::Large | Self::Withdrawn => &["a@a.test"],
            Self::Utf8 => &["ä@a.test"],
            Self::Elsewhere => &["b@b.test"],
            Self::Portioned => &["a@a.test", "aa@a.test", "b@b.test"],
        };
        let path = |path: &&str| format!("{number}-{path}").parse().unwrap();
        paths.iter().map(path).collect()
    }

    fn mail(self, number: usize) -> Mail {
        static SMALL: LazyLock<Message> = LazyLock::new(|| ACCOUNT.letter(&["a@a.test"]));
        static LARGE: LazyLock<Message> =
            LazyLock::new(|| ACCOUNT.letter_with(&["a@a.test"], &"x\n".repeat(SIZE)));
        let message = if self == Self::Large { &LARGE } else { &SMALL };
        let from = ACCOUNT.user;
        let envelope = Envelope::new(from, self.paths(number)).unwrap();
        Mail::new(envelope, Message::clone(message))
    }
}

/// Where a server ends a session, and how: by 421, or without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Never,
    /// Instead of the reply to MAIL, after this many mails.
    AtMail(usize, Last),
    /// Instead of any reply, after this many replies.
    Anywhere(usize, Last),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Says421,
    Closes,
}

impl End {
    fn new(dice: &mut Dice) -> Self {
        let last = dice.one_of(&[Last::Says421, Last::Closes]);
        let after = usize::try_from(1 + dice.below(4)).unwrap();
        match dice.below(4) {
            0 => Self::AtMail(after, last),
            1 => Self::Anywhere(2 + usize::try_from(dice.below(30)).unwrap(), last),
            _ => Self::Never,
        }
    }

    /// Changes the replies of a session.
    fn fate(self) -> impl FnMut(&mut Vec<u8>) -> bool + Send + 'static {
        let (mut replies, mut mails) = (0, 0);
        move |reply| {
            let is_mail = reply.starts_with(b"250 2.1.0");
            let is_end = match self {
                Self::Never => false,
                Self::AtMail(after, _) => is_mail && mails == after,
                Self::Anywhere(after, _) => replies == after,
            };
            replies += 1;
            mails += usize::from(is_mail);
            let (Self::AtMail(_, last) | Self::Anywhere(_, last)) = self else {
                return false;
            };
            if is_end && last == Last::Says421 {
                // A reply about overload would make the client wait.
                *reply = match self {
                    Self::AtMail(..) => b"421 4.7.1 too many messages in this session\r\n".to_vec(),
                    _ => b"421 4.4.2 this session has timed out\r\n".to_vec(),
                };
            }
            is_end && last == Last::Closes
        }
    }
}

/// Some mails, and their server.
#[derive(Debug)]
struct Case {
    mails: Vec<MailKind>,
    strategy: Strategy,
    keywords: &'static [&'static str],
    limits: &'static str,
    end: End,
    dice: Dice,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let sorts = [
            MailKind::Good,
            MailKind::Good,
            MailKind::Large,
            MailKind::Utf8,
            MailKind::Elsewhere,
            MailKind::Portioned,
            MailKind::Withdrawn,
        ];
        let (keywords, limits) = offer(&mut dice);
        Self {
            mails: (0..=dice.below(6)).map(|_| dice.one_of(&sorts)).collect(),
            strategy: strategy(
                dice.one_of(&[Pipelining::Never, Pipelining::Auto, Pipelining::Eager]),
                dice.one_of(&[Chunking::Never, Chunking::Auto, Chunking::Always]),
            ),
            keywords,
            limits,
            end: End::new(&mut dice),
            dice,
        }
    }

    /// Whether the server accepts a valid mail for all of its recipients.
    fn reaches_all(&self, kind: MailKind) -> bool {
        let fits = matches!(
            kind,
            MailKind::Good | MailKind::Elsewhere | MailKind::Portioned
        );
        fits && match self.end {
            End::Never | End::AtMail(_, Last::Says421) => true,
            // A mail that left completely is unknown.
            End::AtMail(_, Last::Closes) => !self.keywords.contains(&"CHUNKING"),
            End::Anywhere(..) => false,
        }
    }

    /// The reported outcome of each mail agrees with what the server has.
    fn verify(&self, reported: &[Vec<Result<Receipt>>], arrived: &[Arrived]) {
        for (number, (kind, reported)) in self.mails.iter().zip(reported).enumerate() {
            match reported.as_slice() {
                [] if *kind == MailKind::Withdrawn => {}
                [only] => self.verify_one(number, *kind, only, arrived),
                _ => panic!("mail {number} is reported so: {reported:?}, {self:?}"),
            }
        }
        for arrived in arrived {
            let number = |path: &String| path.split('-').next().unwrap().to_owned();
            let of: BTreeSet<_> = arrived.paths.iter().map(number).collect();
            assert_eq!(of.len(), 1, "mixed up: {:?}, {self:?}", arrived.paths);
            let most = if self.limits.contains("RCPTMAX=2") {
                2
            } else {
                3
            };
            assert!(arrived.paths.len() <= most, "{:?}, {self:?}", arrived.paths);
        }
    }

    fn verify_one(
        &self,
        number: usize,
        kind: MailKind,
        result: &Result<Receipt>,
        arrived: &[Arrived],
    ) {
        let paths: Vec<_> = arrived.iter().map(|one| (&one.paths, one.taken)).collect();
        let context = || format!("mail {number}, {result:?}, {paths:?}, {self:?}");
        for recipient in recipient_outcomes(&kind.paths(number), result.as_ref()) {
            let (path, outcome) = (recipient.path.addr_spec().to_string(), recipient.outcome);
            let has = |arrived: &&Arrived| arrived.taken && arrived.paths.contains(&path);
            let copies = arrived.iter().filter(has).count();
            let expected = match outcome {
                RecipientOutcome::Accepted => 1..=1,
                RecipientOutcome::Unknown => 0..=1,
                _ => 0..=0,
            };
            let fits = expected.contains(&copies);
            assert!(fits, "{path}: {outcome}, {copies} there: {}", context());
            let is_accepted = outcome == RecipientOutcome::Accepted;
            assert!(
                is_accepted || !self.reaches_all(kind),
                "{path}: {outcome}: {}",
                context()
            );
        }
        let error = result.as_ref().map_err(pilotfish::Error::kind).err();
        match kind {
            MailKind::Large => assert_eq!(error, Some(ErrorKind::InvalidInput), "{}", context()),
            MailKind::Utf8 => assert_eq!(error, Some(ErrorKind::Unsupported), "{}", context()),
            _ => {}
        }
    }
}

/// The server's reply to EHLO, and the limits in it.
fn offer(dice: &mut Dice) -> (&'static [&'static str], &'static str) {
    static ALL: LazyLock<Vec<(&[&str], &str)>> = LazyLock::new(|| {
        let size: &'static str = Box::leak(format!("SIZE {SIZE}").into_boxed_str());
        let mut all: Vec<(&'static [&'static str], &'static str)> = Vec::new();
        for offers in OFFERS {
            for limits in LIMITS {
                let line = (!limits.is_empty()).then(|| format!("LIMITS {limits}"));
                let line = line.map(|line| &*Box::leak(line.into_boxed_str()));
                let keywords = offers.iter().copied().chain([size]).chain(line);
                all.push((Vec::leak(keywords.collect()), limits));
            }
        }
        all
    });
    dice.one_of(&ALL)
}

/// The seeds to run: these, or the one that the environment names.
fn seeds(all: Range<u64>) -> Range<u64> {
    match std::env::var("PILOTFISH_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => all,
    }
}
