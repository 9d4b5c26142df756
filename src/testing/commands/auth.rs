//! AUTH with PLAIN and LOGIN (RFC 4954, RFC 4616).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN};
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::dialogue::{Dialogue, Effect, Flow};
use super::super::fault::Point;
use super::super::keyword::Keyword;
use super::Transaction;
use crate::secret::Secret;

/// What a client said in answer to a challenge.
enum Response {
    Octets(Secret),
    Cancelled,
    Malformed,
}

/// Who a client says it is.
struct Credentials {
    name: Secret,
    password: Secret,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn auth(&mut self, mechanism: u64, line: &str) -> Flow<()> {
        let Some(keyword) = self.may_authenticate(mechanism) else {
            return Ok(());
        };
        let mut words = line.split(' ').skip(2);
        let initial = words.next();
        if words.next().is_some() || initial == Some("") {
            self.malformed("AUTH with spaces too many (RFC 4954, section 4)");
            return Ok(());
        }
        let initial = initial.map(|word| match word {
            "=" => Response::Octets(Secret::new([])),
            word => decode(word.as_bytes()),
        });
        let credentials = match keyword {
            Keyword::AuthPlain => self.plain(initial).await?,
            _ => self.login(initial).await?,
        };
        match credentials {
            Some(credentials) => self.log_in(&credentials).await,
            None => Ok(()),
        }
    }

    /// The mechanism, if it may be used now.
    fn may_authenticate(&mut self, mechanism: u64) -> Option<Keyword> {
        let keyword = match mechanism {
            AUTH_PLAIN => Some(Keyword::AuthPlain),
            AUTH_LOGIN => Some(Keyword::AuthLogin),
            _ => None,
        };
        if self.tls.is_none() && self.offers(Keyword::StartTls) {
            self.violation("AUTH in clear text where TLS is offered (RFC 4954, section 4)");
            self.refuse("538", "5.7.11", "Encryption required");
            return None;
        }
        if !self.offers(Keyword::AuthPlain) && !self.offers(Keyword::AuthLogin) {
            self.out_of_order("AUTH, not offered (RFC 4954, section 3)");
            return None;
        }
        if self.authenticated_as.is_some() {
            self.out_of_order("AUTH a second time (RFC 4954, section 4)");
            return None;
        }
        if matches!(self.transaction, Transaction::Open(_)) {
            self.out_of_order("AUTH in a transaction (RFC 4954, section 4)");
            return None;
        }
        let offered = keyword.filter(|keyword| self.offers(*keyword));
        if offered.is_none() {
            self.violation("AUTH with a mechanism that is not offered (RFC 4954, section 4)");
            self.refuse("504", "5.5.4", "Mechanism not offered");
        }
        offered
    }

    async fn plain(&mut self, initial: Option<Response>) -> Flow<Option<Credentials>> {
        let response = match initial {
            Some(response) => response,
            None => self.challenge("").await?,
        };
        let Some(octets) = self.accept(response) else {
            return Ok(None);
        };
        // message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616, section 2)
        let fields: Vec<&[u8]> = octets.expose().split(|octet| *octet == 0).collect();
        if let [authorize, name, password] = fields.as_slice()
            && !name.is_empty()
            && !password.is_empty()
        {
            let own = authorize.is_empty() || authorize == name;
            // Nobody may act for somebody else.
            let name = if own { *name } else { &[] };
            return Ok(Some(Credentials {
                name: Secret::new(name),
                password: Secret::new(*password),
            }));
        }
        self.malformed("malformed PLAIN response (RFC 4616, section 2)");
        Ok(None)
    }

    async fn login(&mut self, initial: Option<Response>) -> Flow<Option<Credentials>> {
        let response = match initial {
            Some(response) => response,
            None => self.challenge("VXNlcm5hbWU6").await?,
        };
        let Some(name) = self.accept(response) else {
            return Ok(None);
        };
        let response = self.challenge("UGFzc3dvcmQ6").await?;
        let password = self.accept(response);
        Ok(password.map(|password| Credentials { name, password }))
    }

    /// Sends a challenge and reads what the client responds.
    async fn challenge(&mut self, challenge: &str) -> Flow<Response> {
        self.say(&format!("334 {challenge}"));
        let line = Secret::new(self.line().await?);
        if !self.input.is_empty() {
            let violation = "octets behind a response, unanswered (RFC 2920, section 3.1)";
            return Err(self.send_away(violation, "A response is answered first"));
        }
        Ok(match line.expose() {
            b"*" => Response::Cancelled,
            line => decode(line),
        })
    }

    fn accept(&mut self, response: Response) -> Option<Secret> {
        match response {
            Response::Octets(octets) => return Some(octets),
            Response::Cancelled => self.refuse("501", "5.7.0", "Authentication cancelled"),
            Response::Malformed => {
                self.violation("response that is not base64 (RFC 4954, section 4)");
                self.refuse("501", "5.5.2", "Not base64");
            }
        }
        None
    }

    async fn log_in(&mut self, credentials: &Credentials) -> Flow<()> {
        let mut users = self.shared.settings.users.iter();
        let known = users.find(|(name, password)| {
            name.as_bytes() == credentials.name.expose() && *password == credentials.password
        });
        let Some(name) = known.map(|(name, _)| name.clone()) else {
            self.refuse("535", "5.7.8", "Authentication credentials invalid");
            return Ok(());
        };
        let reply = self.reply("235", "2.7.0", "Authentication succeeded");
        if self.answer(Point::Auth, reply).await? == Effect::Happens {
            self.authenticated_as = Some(name);
        }
        Ok(())
    }
}

fn decode(base64: &[u8]) -> Response {
    match STANDARD.decode(base64) {
        Ok(octets) => Response::Octets(Secret::new(octets)),
        Err(_) => Response::Malformed,
    }
}
