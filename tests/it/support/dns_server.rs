//! A DNS server with a few records.

use std::sync::Arc;

use simple_dns::rdata::{CNAME, MX, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The longest answer by UDP: a longer one is cut (RFC 1035 section 4.2.1).
const MAX_DATAGRAM: usize = 512;

/// A server on a free port, by UDP and TCP. It stops when it is dropped.
pub(crate) struct DnsServer {
    address: String,
    _serving: JoinSet<()>,
}

impl DnsServer {
    /// A server with these records, one in a line as in a zone file: `NAME MX 10 HOST`,
    /// `NAME SRV 10 5 465 HOST` or `NAME CNAME HOST`. Every other name does not exist.
    pub(crate) async fn start(zone: &str) -> Self {
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = tcp.local_addr().unwrap();
            if let Ok(udp) = UdpSocket::bind(address).await {
                break (tcp, udp);
            }
        };
        let address = udp.local_addr().unwrap().to_string();
        let zone: Arc<str> = zone.into();
        let mut serving = JoinSet::new();
        let records = Arc::clone(&zone);
        serving.spawn(async move {
            let mut question = [0; MAX_DATAGRAM];
            loop {
                let (length, client) = udp.recv_from(&mut question).await.unwrap();
                let mut reply = answer(&question[..length], &records);
                if reply.len() > MAX_DATAGRAM {
                    reply.truncate(MAX_DATAGRAM);
                    reply[2] |= 0x02;
                }
                udp.send_to(&reply, client).await.unwrap();
            }
        });
        serving.spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let mut question = vec![0; stream.read_u16().await.unwrap().into()];
                stream.read_exact(&mut question).await.unwrap();
                let reply = answer(&question, &zone);
                let length = u16::try_from(reply.len()).unwrap();
                stream.write_u16(length).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        });
        Self {
            address,
            _serving: serving,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

/// The answer to a question: the records of the name, and of the name that it is an alias of.
fn answer(question: &[u8], zone: &str) -> Vec<u8> {
    let question = Packet::parse(question).unwrap();
    let asked = &question.questions[0];
    let mut reply = Packet::new_reply(question.id());
    reply.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE);
    reply.questions.push(asked.clone());
    let mut owner = asked.qname.to_string();
    for line in zone.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.first() != Some(&owner.as_str()) {
            continue;
        }
        let number = |word: &str| word.parse().unwrap();
        let data = match words[1..] {
            ["MX", preference, host] => RData::MX(MX {
                preference: number(preference),
                exchange: Name::new_unchecked(host),
            }),
            ["SRV", priority, weight, port, host] => RData::SRV(SRV {
                priority: number(priority),
                weight: number(weight),
                port: number(port),
                target: Name::new_unchecked(host),
            }),
            ["CNAME", host] => {
                let name = Name::new_unchecked(words[0]);
                let data = RData::CNAME(CNAME(Name::new_unchecked(host)));
                reply
                    .answers
                    .push(ResourceRecord::new(name, CLASS::IN, 60, data));
                host.clone_into(&mut owner);
                continue;
            }
            _ => panic!("{line}"),
        };
        if asked.qtype == data.type_code().into() {
            let name = Name::new_unchecked(words[0]);
            reply
                .answers
                .push(ResourceRecord::new(name, CLASS::IN, 60, data));
        }
    }
    if zone
        .lines()
        .all(|line| !line.starts_with(&asked.qname.to_string()))
    {
        *reply.rcode_mut() = RCODE::NameError;
    }
    reply.build_bytes_vec_compressed().unwrap()
}
