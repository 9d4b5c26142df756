//! A server that takes every mail and keeps none.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use socket2::SockRef;

/// When the server acknowledges what it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acknowledging {
    /// When the system thinks that it is time.
    Ordinary,
    AtOnce,
}

/// Says at which two addresses it listens: as an ordinary server, and as one that acknowledges at
/// once. Runs until it is killed.
pub(crate) fn run() -> crate::Result<()> {
    let listeners = [
        listen(Acknowledging::Ordinary)?,
        listen(Acknowledging::AtOnce)?,
    ];
    println!("{} {}", listeners[0], listeners[1]);
    loop {
        thread::park();
    }
}

fn listen(acknowledging: Acknowledging) -> io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || Connection::new(stream, acknowledging)?.serve());
        }
    });
    Ok(address)
}

struct Connection {
    input: BufReader<TcpStream>,
    /// Replies that leave when there is nothing more to read.
    replies: Vec<u8>,
    acknowledging: Acknowledging,
    line: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream, acknowledging: Acknowledging) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            input: BufReader::with_capacity(256 * 1024, stream),
            replies: Vec::new(),
            acknowledging,
            line: Vec::new(),
        })
    }

    fn serve(mut self) -> io::Result<()> {
        self.reply("220 sink.example ESMTP");
        while self.next_line()? {
            let command = String::from_utf8_lossy(&self.line)
                .trim()
                .to_ascii_uppercase();
            match command.split(' ').collect::<Vec<_>>()[..] {
                ["EHLO", ..] => self.reply(
                    "250-sink.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE",
                ),
                ["DATA"] => {
                    self.reply("354 go on");
                    while self.next_line()? && self.line != b".\r\n" {}
                    self.reply("250 2.0.0 taken");
                }
                ["BDAT", octets, ..] => {
                    let octets = octets.parse().map_err(io::Error::other)?;
                    self.send()?;
                    io::copy(&mut self.input.by_ref().take(octets), &mut io::sink())?;
                    self.reply("250 2.0.0 taken");
                }
                ["QUIT"] => {
                    self.reply("221 2.0.0 bye");
                    return self.send();
                }
                _ => self.reply("250 2.0.0 fine"),
            }
        }
        Ok(())
    }

    fn reply(&mut self, reply: &str) {
        self.replies.extend_from_slice(reply.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    fn send(&mut self) -> io::Result<()> {
        let sent = self.input.get_mut().write_all(&self.replies);
        self.replies.clear();
        sent
    }

    /// Reads the next line; false if there is none.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        if self.input.buffer().is_empty() {
            self.send()?;
            if self.acknowledging == Acknowledging::AtOnce {
                // The system does this once.
                let _ = SockRef::from(self.input.get_ref()).set_tcp_quickack(true);
            }
        }
        Ok(self.input.read_until(b'\n', &mut self.line)? > 0)
    }
}
