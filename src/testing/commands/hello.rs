//! EHLO and HELO (RFC 5321, section 4.1.1.1), and STARTTLS (RFC 3207).

use super::super::client::{Security, TlsVersion};
use super::super::extensions::{EXTENSIONS, Keyword, Offer};
use super::super::fault::Point;
use super::super::received::TransactionState;
use super::super::session::{Flow, ServerSession, SessionStop};
use super::super::settings::{AuthMechanism, ServerSettings};
use super::super::syntax::is_host;

impl ServerSession {
    pub(super) async fn ehlo(&mut self, line: &str) -> Flow<()> {
        let settings = &self.shared.settings;
        let mechanisms = mechanisms(settings, self.tls);
        let offered = offered(settings, self.tls, &mechanisms);
        let mut lines = vec![settings.host_name().to_owned()];
        lines.extend(extension_lines(settings, &offered, &mechanisms));
        let last = lines.len() - 1;
        let lines = lines.iter().enumerate().map(|(index, line)| {
            let separator = if index == last { ' ' } else { '-' };
            format!("250{separator}{line}")
        });
        let reply = lines.collect::<Vec<_>>().join("\r\n");
        self.hello(line, reply).await?;
        self.offered = offered;
        self.mechanisms = mechanisms;
        Ok(())
    }

    pub(super) async fn helo(&mut self, line: &str) -> Flow<()> {
        let reply = format!("250 {}", self.shared.settings.host_name());
        self.hello(line, reply).await?;
        self.offered.clear();
        self.mechanisms.clear();
        Ok(())
    }

    async fn hello(&mut self, line: &str, reply: String) -> Flow<()> {
        let Some((_, name)) = line.split_once(' ').filter(|(_, name)| is_host(name)) else {
            return Err(self.malformed(
                "EHLO without a domain or an address literal (RFC 5321, section 4.1.1.1)",
            ));
        };
        if !self.say_at(Point::Ehlo, reply).await? {
            return Err(SessionStop::Refused);
        }
        self.hello = Some(name.to_owned());
        self.transaction = TransactionState::None;
        Ok(())
    }

    pub(super) async fn start_tls(&mut self) -> Flow<()> {
        if !self.offers(Keyword::StartTls) {
            return Err(self.out_of_order("STARTTLS, not offered (RFC 3207, section 4)"));
        }
        self.answer(Point::StartTls, "220 2.0.0 Ready to start TLS")
            .await?;
        Err(SessionStop::StartTls)
    }
}

/// The AUTH mechanisms that the server offers in this state of the session: none where TLS could
/// protect the password and does not (RFC 4954, section 4).
fn mechanisms(settings: &ServerSettings, tls: Option<TlsVersion>) -> Vec<AuthMechanism> {
    let protected = tls.is_some() || settings.security == Security::Cleartext;
    let needless = settings.anonymous && settings.users.is_empty();
    let fits = |own: &AuthMechanism| {
        protected && !needless && (!own.binds() || tls == Some(TlsVersion::Tls13))
    };
    settings.mechanisms.iter().copied().filter(fits).collect()
}

/// The extensions that the server offers in this state of the session. It does not offer STARTTLS
/// twice (RFC 3207, section 4.2), SMTPUTF8 without 8BITMIME (RFC 6531, section 3.1), BINARYMIME
/// without CHUNKING (RFC 3030, section 3), and REQUIRETLS without TLS (RFC 8689).
fn offered(
    settings: &ServerSettings,
    tls: Option<TlsVersion>,
    mechanisms: &[AuthMechanism],
) -> Vec<Keyword> {
    let kept = |keyword| !settings.left_out.contains(&keyword);
    let wanted = |keyword: Keyword| {
        let mut offers = settings.offers.iter();
        !keyword.is_optional() || offers.any(|offer| offer.keyword() == keyword)
    };
    let fits = |keyword: &Keyword| match keyword {
        Keyword::StartTls => settings.security == Security::StartTls && tls.is_none(),
        Keyword::SmtpUtf8 => kept(Keyword::EightBitMime),
        Keyword::BinaryMime => kept(Keyword::Chunking),
        Keyword::RequireTls => tls.is_some(),
        Keyword::Auth => !mechanisms.is_empty(),
        _ => true,
    };
    let all = EXTENSIONS.iter().map(|(keyword, ..)| *keyword);
    all.filter(|keyword| kept(*keyword) && wanted(*keyword) && fits(keyword))
        .collect()
}

/// The lines of the reply to EHLO after the first one.
fn extension_lines(
    settings: &ServerSettings,
    offered: &[Keyword],
    mechanisms: &[AuthMechanism],
) -> Vec<String> {
    let mut lines = Vec::new();
    for (keyword, name, _) in EXTENSIONS
        .iter()
        .filter(|(keyword, ..)| offered.contains(keyword))
    {
        let mut words = vec![(*name).to_owned()];
        match keyword {
            Keyword::Size => words.push(settings.max_size.to_string()),
            Keyword::Auth => words.extend(mechanisms.iter().map(|own| own.name().to_owned())),
            _ => {
                let offers = settings.offers.iter();
                let offers = offers.filter(|offer| offer.keyword() == *keyword);
                words.extend(offers.filter_map(Offer::value));
            }
        }
        lines.push(words.join(" "));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::super::TestServer;
    use super::*;

    fn lines(settings: &ServerSettings, tls: Option<TlsVersion>) -> Vec<String> {
        let mechanisms = mechanisms(settings, tls);
        extension_lines(settings, &offered(settings, tls, &mechanisms), &mechanisms)
    }

    #[test]
    fn tls_comes_before_passwords() {
        let settings = ServerSettings {
            max_size: 9,
            ..ServerSettings::default()
        };
        let common = [
            "PIPELINING",
            "SIZE 9",
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "SMTPUTF8",
            "CHUNKING",
            "BINARYMIME",
        ];
        assert_eq!(
            lines(&settings, None),
            [&["STARTTLS"][..], &common].concat()
        );
        assert_eq!(
            lines(&settings, Some(TlsVersion::Tls13)),
            [&common[..], &["AUTH PLAIN LOGIN"]].concat()
        );
    }

    #[test]
    fn mechanisms_can_be_left_out_one_by_one() {
        for (left_out, line) in [("auth plain", "AUTH LOGIN"), ("AUTH LOGIN", "AUTH PLAIN")] {
            let builder = TestServer::builder()
                .security(Security::Cleartext)
                .without(left_out);
            let lines = lines(&builder.settings, None);
            assert_eq!(lines.last().map(String::as_str), Some(line));
        }
    }
}
