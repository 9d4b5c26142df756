//! EHLO and HELO (RFC 5321, section 4.1.1.1), and STARTTLS (RFC 3207).

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::dialogue::{Dialogue, Effect, End, Flow};
use super::super::fault::Point;
use super::super::keyword::Keyword;
use super::super::syntax::is_host;
use super::Transaction;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn ehlo(&mut self, line: &str) -> Flow<()> {
        let settings = &self.shared.settings;
        let offered = Keyword::offered(settings, self.tls);
        let mut lines = vec![settings.host_name().to_owned()];
        lines.extend(Keyword::lines(&offered, settings));
        let last = lines.len() - 1;
        let lines = lines.iter().enumerate().map(|(index, line)| {
            let separator = if index == last { ' ' } else { '-' };
            format!("250{separator}{line}")
        });
        let reply = lines.collect::<Vec<_>>().join("\r\n");
        self.hello(line, reply, offered).await
    }

    pub(super) async fn helo(&mut self, line: &str) -> Flow<()> {
        let reply = format!("250 {}", self.shared.settings.host_name());
        self.hello(line, reply, Vec::new()).await
    }

    async fn hello(&mut self, line: &str, reply: String, offered: Vec<Keyword>) -> Flow<()> {
        let name = match line.split_once(' ') {
            Some((_, name)) if is_host(name) => name.to_owned(),
            _ => {
                self.malformed(
                    "EHLO without a domain or an address literal (RFC 5321, section 4.1.1.1)",
                );
                return Ok(());
            }
        };
        if self.answer(Point::Ehlo, reply).await? == Effect::Happens {
            self.hello = Some(name);
            self.offered = offered;
            self.transaction = Transaction::None;
        }
        Ok(())
    }

    pub(super) async fn start_tls(&mut self) -> Flow<()> {
        if !self.offers(Keyword::StartTls) {
            self.out_of_order("STARTTLS, not offered (RFC 3207, section 4)");
            return Ok(());
        }
        let reply = self.reply("220", "2.0.0", "Ready to start TLS");
        match self.answer(Point::StartTls, reply).await? {
            Effect::Happens => Err(End::StartTls),
            Effect::Fails => Ok(()),
        }
    }
}
