//! Asking DNS servers: by UDP, and by TCP where the answer is too long for that.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::answer::{Answer, Kind, Query, Record};

/// The variable that names the DNS servers, separated by commas, in place of `/etc/resolv.conf`.
const VARIABLE: &str = "PILOTFISH_DNS";

/// The most servers that are asked: resolvers use no more (resolv.conf(5)).
const MAX_SERVERS: usize = 3;

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often each server is asked: a datagram may get lost.
const ROUNDS: usize = 2;

/// The longest answer by UDP that is read, in octets. Without EDNS, a server sends at most 512.
const MAX_DATAGRAM: usize = 4096;

/// Why there are no records, the less certain reason last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DnsError {
    /// The name does not exist.
    NoSuchName,
    /// No server answered: what happened with the last one.
    NoAnswer(String),
}

/// The DNS servers of this machine.
pub(super) struct Resolver {
    servers: Vec<SocketAddr>,
}

impl Resolver {
    pub(super) fn of_machine() -> Self {
        let servers = if let Ok(list) = std::env::var(VARIABLE) {
            list.split(',').filter_map(address).collect()
        } else {
            let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
            name_servers(&text)
        };
        Self { servers }
    }

    /// The records of a name.
    pub(super) async fn records(&self, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError> {
        let id = getrandom::u32().map_err(|error| DnsError::NoAnswer(error.to_string()))?;
        let query = Query {
            id: (id & 0xffff) as u16,
            name: name.to_owned(),
            kind,
        };
        let octets = query.octets().ok_or(DnsError::NoSuchName)?;
        let mut last = "no DNS server is known".to_owned();
        for server in self
            .servers
            .iter()
            .cycle()
            .take(self.servers.len() * ROUNDS)
        {
            let answer = timeout(PATIENCE, exchanged(*server, &query, &octets)).await;
            last = match answer {
                Ok(Ok(Answer::Records(records))) => return Ok(records),
                Ok(Ok(Answer::NoSuchName)) => return Err(DnsError::NoSuchName),
                Ok(Ok(Answer::Failed(code))) => format!("the DNS server {server} failed: {code}"),
                Ok(Ok(Answer::Truncated)) => {
                    format!("the DNS server {server} sent an answer that is not whole")
                }
                Ok(Err(error)) => format!("the DNS server {server} cannot be asked: {error}"),
                Err(_) => format!("the DNS server {server} did not answer within 2 s"),
            };
        }
        Err(DnsError::NoAnswer(last))
    }
}

/// Asks a server.
async fn exchanged(server: SocketAddr, query: &Query, octets: &[u8]) -> io::Result<Answer> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(octets).await?;
    let mut datagram = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut datagram).await?;
        let received = datagram.get(..length).unwrap_or_default();
        // Somebody else may have sent a datagram that is not the answer.
        match query.answer(received) {
            Some(Answer::Truncated) => return exchanged_by_tcp(server, query, octets).await,
            Some(answer) => return Ok(answer),
            None => {}
        }
    }
}

/// Asks a server by TCP, where the length comes first (RFC 1035 section 4.2.2).
async fn exchanged_by_tcp(server: SocketAddr, query: &Query, octets: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(octets.len()).map_err(io::Error::other)?;
    let mut question = length.to_be_bytes().to_vec();
    question.extend(octets);
    stream.write_all(&question).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    let answer = query.answer(&answer);
    answer.ok_or_else(|| io::Error::other("it is not an answer to the question"))
}

/// The servers of `/etc/resolv.conf`; without any, that of this machine (resolv.conf(5)).
fn name_servers(text: &str) -> Vec<SocketAddr> {
    let lines = text.lines();
    let servers = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| address(words.next()?))?
    });
    let mut servers: Vec<_> = servers.take(MAX_SERVERS).collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, 53).into());
    }
    servers
}

/// An address with a port, or one whose port is 53.
fn address(text: &str) -> Option<SocketAddr> {
    let ip = || Some(SocketAddr::new(text.trim().parse::<IpAddr>().ok()?, 53));
    text.trim().parse().ok().or_else(ip)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn servers_are_found() {
        for (text, expected) in [
            ("", "127.0.0.1:53"),
            (
                "# nameserver 192.0.2.1\nsearch example.org\n",
                "127.0.0.1:53",
            ),
            (
                "nameserver\t192.0.2.1\nnameserver 2001:db8::1 \n",
                "192.0.2.1:53 [2001:db8::1]:53",
            ),
            (
                "nameserver x\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4",
                "1.1.1.1:53 2.2.2.2:53 3.3.3.3:53",
            ),
        ] {
            let found = name_servers(text);
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected);
        }
        assert_eq!(
            address(" 127.0.0.1:5300"),
            Some(([127, 0, 0, 1], 5300).into())
        );
        assert_eq!(address("localhost"), None);
    }

    /// How a server answers a question by UDP.
    type Respond = fn(&[u8]) -> Vec<Vec<u8>>;

    /// An answer with this code and these flags, and without records.
    fn reply(question: &[u8], flags: u8, code: u8) -> Vec<u8> {
        let mut reply = question.to_vec();
        reply[2] = 0x81 | flags;
        reply[3] = 0x80 | code;
        reply
    }

    /// Asks a server that answers so, by UDP and by TCP.
    async fn asked(udp: Respond, tcp: Respond) -> Result<Vec<Record>, DnsError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(server).await.unwrap();
        let serve = async {
            let mut question = vec![0; 512];
            loop {
                tokio::select! {
                    received = socket.recv_from(&mut question) => {
                        let (length, client) = received.unwrap();
                        for reply in udp(&question[..length]) {
                            socket.send_to(&reply, client).await.unwrap();
                        }
                    }
                    accepted = listener.accept() => {
                        let (mut stream, _) = accepted.unwrap();
                        let length = stream.read_u16().await.unwrap();
                        stream.read_exact(&mut question[..length.into()]).await.unwrap();
                        for reply in tcp(&question[..length.into()]) {
                            stream.write_all(&reply).await.unwrap();
                        }
                    }
                }
            }
        };
        let resolver = Resolver {
            servers: vec![server],
        };
        tokio::select! {
            records = resolver.records("example.org", Kind::MailExchanger) => records,
            () = serve => unreachable!(),
        }
    }

    fn with_length(mut octets: Vec<u8>) -> Vec<u8> {
        let length = u16::try_from(octets.len()).unwrap();
        octets.splice(0..0, length.to_be_bytes());
        octets
    }

    #[tokio::test]
    async fn servers_that_answer() {
        let never: Respond = |_| Vec::new();
        let udp: Respond = |question| vec![b"noise".to_vec(), reply(question, 0, 0)];
        assert_eq!(asked(udp, never).await, Ok(Vec::new()));
        let udp: Respond = |question| vec![reply(question, 0, 3)];
        assert_eq!(asked(udp, never).await, Err(DnsError::NoSuchName));
        // An answer that is too long for a datagram.
        let truncated: Respond = |question| vec![reply(question, 0x02, 0)];
        let tcp: Respond = |question| vec![with_length(reply(question, 0, 0))];
        assert_eq!(asked(truncated, tcp).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn servers_that_do_not_answer() {
        let never: Respond = |_| Vec::new();
        let truncated: Respond = |question| vec![reply(question, 0x02, 0)];
        let cases: [(Respond, Respond, &str); 4] = [
            (
                |question| vec![reply(question, 0, 2)],
                never,
                "failed: ServerFailure",
            ),
            (
                truncated,
                |question| vec![with_length(reply(question, 0x02, 0))],
                "not whole",
            ),
            // The length is a lie, and the stream ends.
            (
                truncated,
                |_| vec![vec![0xff, 0xff, 1, 2, 3]],
                "cannot be asked",
            ),
            (
                truncated,
                |_| vec![with_length(b"noise".to_vec())],
                "not an answer",
            ),
        ];
        for (udp, tcp, words) in cases {
            match asked(udp, tcp).await {
                Err(DnsError::NoAnswer(reason)) => assert!(reason.contains(words), "{reason}"),
                other => panic!("{words}: {other:?}"),
            }
        }
        let silent = Resolver {
            servers: Vec::new(),
        };
        let answer = silent.records("example.org", Kind::Service).await;
        assert_eq!(
            answer,
            Err(DnsError::NoAnswer("no DNS server is known".to_owned()))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_asked_twice() {
        let never: Respond = |_| Vec::new();
        let begun = tokio::time::Instant::now();
        let answer = asked(never, never).await;
        assert!(matches!(answer, Err(DnsError::NoAnswer(reason)) if reason.contains("within 2 s")));
        assert_eq!(begun.elapsed().as_secs(), 4);
    }
}
