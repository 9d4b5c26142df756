//! Questions to a DNS server, and what its answers say (RFC 1035).

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

/// The most records of one answer that are used.
const MAX_RECORDS: usize = 16;

/// The most aliases (CNAME) between the name that was asked for and its records.
const MAX_ALIASES: usize = 8;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Mail exchangers (MX).
    MailExchanger,
    /// Servers of a service (SRV).
    Service,
}

/// A record of an answer. A name that is not a host name is `None`: "." says that there is no such
/// server (RFC 2782, RFC 7505).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    MailExchanger {
        preference: u16,
        host: Option<String>,
    },
    Service {
        priority: u16,
        weight: u16,
        port: u16,
        host: Option<String>,
    },
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The records, which may be none.
    Records(Vec<Record>),
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The answer is too long for a datagram.
    Truncated,
    /// The server cannot answer: the name of the code, such as `ServerFailure`.
    Failed(String),
}

/// A question, with the number that its answer repeats.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) id: u16,
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Query {
    /// The octets of the question. `None` if the name is too long for DNS.
    pub(super) fn octets(&self) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(&self.name).ok()?;
        let class = QCLASS::CLASS(CLASS::IN);
        let question = Question::new(name, self.qtype(), class, false);
        packet.questions.push(question);
        packet.build_bytes_vec().ok()
    }

    fn qtype(&self) -> QTYPE {
        QTYPE::TYPE(match self.kind {
            Kind::MailExchanger => TYPE::MX,
            Kind::Service => TYPE::SRV,
        })
    }

    /// Reads an answer. `None` if the octets are not an answer to this question.
    pub(super) fn answer(&self, octets: &[u8]) -> Option<Answer> {
        // What follows the header of a truncated answer may be cut anywhere.
        let [first, second, flags, ..] = octets else {
            return None;
        };
        let is_response = flags & 0x80 != 0;
        if octets.len() < 12 || [*first, *second] != self.id.to_be_bytes() || !is_response {
            return None;
        }
        if flags & 0x02 != 0 {
            return Some(Answer::Truncated);
        }
        let packet = Packet::parse(octets).ok()?;
        match packet.questions.as_slice() {
            [question] if self.is_same(question) => {}
            // A server that fails may leave the question out.
            [] if packet.rcode() != RCODE::NoError => {}
            _ => return None,
        }
        Some(match packet.rcode() {
            RCODE::NoError => Answer::Records(self.records(&packet)),
            RCODE::NameError => Answer::NoSuchName,
            other => Answer::Failed(format!("{other:?}")),
        })
    }

    fn is_same(&self, question: &Question<'_>) -> bool {
        let is_name = question.qname.to_string().eq_ignore_ascii_case(&self.name);
        is_name && question.qtype == self.qtype()
    }

    /// The records of the name, or of the name that it is an alias of. Others do not count.
    fn records(&self, packet: &Packet<'_>) -> Vec<Record> {
        let mut owner = self.name.to_ascii_lowercase();
        for _ in 0..MAX_ALIASES {
            let mut answers = packet.answers.iter();
            let alias = answers.find_map(|record| match &record.rdata {
                RData::CNAME(alias) if is_name(&record.name, &owner) => Some(alias.0.to_string()),
                _ => None,
            });
            match alias {
                Some(alias) => owner = alias.to_ascii_lowercase(),
                None => break,
            }
        }
        let own = packet
            .answers
            .iter()
            .filter(|record| is_name(&record.name, &owner));
        let records = own.filter_map(|record| self.record(&record.rdata));
        records.take(MAX_RECORDS).collect()
    }

    fn record(&self, data: &RData<'_>) -> Option<Record> {
        match (self.kind, data) {
            (Kind::MailExchanger, RData::MX(mx)) => Some(Record::MailExchanger {
                preference: mx.preference,
                host: host(&mx.exchange),
            }),
            (Kind::Service, RData::SRV(srv)) => Some(Record::Service {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                host: host(&srv.target),
            }),
            _ => None,
        }
    }
}

fn is_name(name: &Name<'_>, other: &str) -> bool {
    name.to_string().eq_ignore_ascii_case(other)
}

/// The name, if it is that of a host.
fn host(name: &Name<'_>) -> Option<String> {
    name.is_valid_hostname()
        .then(|| name.to_string().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{CNAME, SRV};

    use super::*;

    fn query() -> Query {
        Query {
            id: 0x1234,
            name: "_submissions._tcp.example.org".to_owned(),
            kind: Kind::Service,
        }
    }

    fn record<'a>(owner: &'a str, data: RData<'a>) -> ResourceRecord<'a> {
        ResourceRecord::new(Name::new_unchecked(owner), CLASS::IN, 60, data)
    }

    fn srv(target: &str) -> RData<'_> {
        RData::SRV(SRV {
            priority: 1,
            weight: 2,
            port: 465,
            target: Name::new_unchecked(target),
        })
    }

    fn alias(target: &str) -> RData<'_> {
        RData::CNAME(CNAME(Name::new_unchecked(target)))
    }

    /// An answer to the query with these records.
    fn octets(records: &[(&str, RData<'_>)], change: impl FnOnce(&mut Packet<'_>)) -> Vec<u8> {
        let query = query();
        let mut packet = Packet::new_reply(query.id);
        let name = Name::new_unchecked(&query.name);
        let question = Question::new(name, query.qtype(), QCLASS::CLASS(CLASS::IN), false);
        packet.questions.push(question);
        let records = records.iter();
        packet.answers = records
            .map(|(owner, data)| record(owner, data.clone()))
            .collect();
        change(&mut packet);
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn found(hosts: &[Option<&str>]) -> Answer {
        let records = hosts.iter().map(|host| Record::Service {
            priority: 1,
            weight: 2,
            port: 465,
            host: host.map(str::to_owned),
        });
        Answer::Records(records.collect())
    }

    #[test]
    fn answers_are_read() {
        const NAME: &str = "_Submissions._TCP.example.org";
        let unchanged = |_: &mut Packet<'_>| {};
        for (answer, expected) in [
            (octets(&[], unchanged), Some(found(&[]))),
            (
                octets(&[(NAME, srv("Mail.example.net"))], unchanged),
                Some(found(&[Some("mail.example.net")])),
            ),
            (octets(&[(NAME, srv("."))], unchanged), Some(found(&[None]))),
            (
                octets(&[(NAME, srv("a b"))], unchanged),
                Some(found(&[None])),
            ),
            // Aliases, in any order; and a record of another name.
            (
                octets(
                    &[
                        ("b.example.net", srv("mail.example.net")),
                        ("other.example.net", srv("evil.example.net")),
                        ("a.example.net", alias("B.example.net")),
                        (NAME, alias("a.example.net")),
                    ],
                    unchanged,
                ),
                Some(found(&[Some("mail.example.net")])),
            ),
            // A loop of aliases ends.
            (
                octets(
                    &[
                        (NAME, alias("a.example.net")),
                        ("a.example.net", alias(NAME)),
                    ],
                    unchanged,
                ),
                Some(found(&[])),
            ),
            (
                octets(&[], |packet| *packet.rcode_mut() = RCODE::NameError),
                Some(Answer::NoSuchName),
            ),
            (
                octets(&[], |packet| *packet.rcode_mut() = RCODE::ServerFailure),
                Some(Answer::Failed("ServerFailure".to_owned())),
            ),
            (
                octets(&[], |packet| packet.set_flags(PacketFlag::TRUNCATION)),
                Some(Answer::Truncated),
            ),
            // Not answers to this question.
            (octets(&[], |packet| packet.set_id(0x4321)), None),
            (
                octets(&[], |packet| packet.remove_flags(PacketFlag::RESPONSE)),
                None,
            ),
            (octets(&[], |packet| packet.questions.clear()), None),
            (
                octets(&[], |packet| {
                    let name = Name::new_unchecked("_submissions._tcp.example.com");
                    packet.questions.iter_mut().for_each(|question| {
                        question.qname = name.clone();
                    });
                }),
                None,
            ),
        ] {
            assert_eq!(query().answer(&answer), expected);
        }
    }

    #[test]
    fn lying_lengths_are_no_answer() {
        let whole = octets(
            &[("_submissions._tcp.example.org", srv("mail.example.net"))],
            |_| {},
        );
        for length in 0..whole.len() {
            assert_eq!(query().answer(&whole[..length]), None, "{length}");
        }
        // More records than there are.
        let mut lying = whole.clone();
        lying[7] = 0xff;
        assert_eq!(query().answer(&lying), None);
        // A name that leads to itself.
        let mut lying = whole;
        let question = 12;
        lying.splice(question..question + 2, [0xc0, 12]);
        assert_eq!(query().answer(&lying), None);
    }

    #[test]
    fn at_most_so_many_records_are_used() {
        let one = ("_submissions._tcp.example.org", srv("mail.example.net"));
        let many = vec![one; 100];
        let answer = query().answer(&octets(&many, |_| {}));
        assert!(matches!(answer, Some(Answer::Records(records)) if records.len() == MAX_RECORDS));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Nothing that a server sends makes the command panic.
        #[test]
        fn any_octets_are_read(
            rest in prop::collection::vec(any::<u8>(), 0..200),
            changes in prop::collection::vec((0_usize..90, any::<u8>()), 0..4),
        ) {
            let mut random = vec![0x12, 0x34, 0x81, 0x80];
            random.extend(&rest);
            let _ = query().answer(&random);
            let record = ("_submissions._tcp.example.org", srv("mail.example.net"));
            let mut changed = octets(&[record], |_| {});
            for (place, octet) in changes {
                let place = place % changed.len();
                changed[place] = octet;
            }
            let _ = query().answer(&changed);
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_not_asked_for() {
        let name = "a".repeat(64);
        assert!(Query { name, ..query() }.octets().is_none());
        assert!(query().octets().is_some());
    }
}
