//! AUTH (RFC 4954), with PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195) and EXTERNAL (RFC 4422).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::dialogue::{Dialogue, Effect, Flow};
use super::super::fault::Point;
use super::super::keyword::Keyword;
use super::super::mechanism::Mechanism;
use super::Transaction;
use crate::secret::Secret;

/// What a client said in answer to a challenge.
pub(super) enum Response {
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
    pub(super) async fn auth(&mut self, line: &str) -> Flow<()> {
        let mut words = line.split(' ').skip(1);
        let Some(mechanism) = self.may_authenticate(words.next().unwrap_or_default()) else {
            return Ok(());
        };
        let initial = words.next();
        if words.next().is_some() || initial == Some("") {
            self.malformed("AUTH with spaces too many (RFC 4954, section 4)");
            return Ok(());
        }
        let initial = initial.map(|word| match word {
            "=" => Response::Octets(Secret::new([])),
            word => decode(word.as_bytes()),
        });
        let name = match mechanism {
            Mechanism::Plain => self.plain(initial).await?,
            Mechanism::Login => self.login(initial).await?,
            Mechanism::CramMd5 => self.cram_md5(initial).await?,
            Mechanism::External => self.external(initial).await?,
            Mechanism::XOAuth2 | Mechanism::OAuthBearer => self.token(mechanism, initial).await?,
            _ => self.scram(mechanism, initial).await?,
        };
        match name {
            Some(name) => self.log_in(name).await,
            None => Ok(()),
        }
    }

    /// The mechanism, if it may be used now.
    fn may_authenticate(&mut self, name: &str) -> Option<Mechanism> {
        if self.tls.is_none() && self.offers(Keyword::StartTls) {
            self.violation("AUTH in clear text where TLS is offered (RFC 4954, section 4)");
            self.refuse("538", "5.7.11", "Encryption required");
            return None;
        }
        if !self.offers_auth() {
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
        let offered = Mechanism::named(name).filter(|own| self.offers(Keyword::Auth(*own)));
        if offered.is_none() {
            self.violation("AUTH with a mechanism that is not offered (RFC 4954, section 4)");
            self.refuse("504", "5.5.4", "Mechanism not offered");
        }
        offered
    }

    /// What a mechanism begins with, in the command or in answer to an empty challenge.
    pub(super) async fn first_response(
        &mut self,
        initial: Option<Response>,
    ) -> Flow<Option<Secret>> {
        let response = match initial {
            Some(response) => response,
            None => self.challenge("").await?,
        };
        Ok(self.accept(response))
    }

    async fn plain(&mut self, initial: Option<Response>) -> Flow<Option<String>> {
        let Some(octets) = self.first_response(initial).await? else {
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
            return Ok(self.known(&Credentials {
                name: Secret::new(name),
                password: Secret::new(*password),
            }));
        }
        self.malformed("malformed PLAIN response (RFC 4616, section 2)");
        Ok(None)
    }

    async fn login(&mut self, initial: Option<Response>) -> Flow<Option<String>> {
        let response = match initial {
            Some(response) => response,
            None => self.challenge("VXNlcm5hbWU6").await?,
        };
        let Some(name) = self.accept(response) else {
            return Ok(None);
        };
        let response = self.challenge("UGFzc3dvcmQ6").await?;
        let password = self.accept(response);
        Ok(password.and_then(|password| self.known(&Credentials { name, password })))
    }

    async fn cram_md5(&mut self, initial: Option<Response>) -> Flow<Option<String>> {
        if initial.is_some() {
            self.malformed("CRAM-MD5 with an initial response (RFC 4954, section 4)");
            return Ok(None);
        }
        let challenge = format!("<{}@{}>", self.number, self.shared.settings.host_name());
        let response = self.challenge(&STANDARD.encode(&challenge)).await?;
        let Some(response) = self.accept(response) else {
            return Ok(None);
        };
        let digest = |password: &Secret| {
            let mut digits = String::new();
            if let Ok(mut mac) = Hmac::<Md5>::new_from_slice(password.expose()) {
                mac.update(challenge.as_bytes());
                for octet in mac.finalize().into_bytes() {
                    let _ = write!(digits, "{octet:02x}");
                }
            }
            digits
        };
        let mut users = self.shared.settings.users.iter();
        let known = users.find(|(name, password)| {
            response.expose() == format!("{name} {}", digest(password)).as_bytes()
        });
        let name = known.map(|(name, _)| name.clone());
        Ok(self.or_refused(name))
    }

    /// As if the client had shown a certificate for the first user.
    async fn external(&mut self, initial: Option<Response>) -> Flow<Option<String>> {
        let Some(wanted) = self.first_response(initial).await? else {
            return Ok(None);
        };
        let first = self.shared.settings.users.first();
        let own = first.filter(|(name, _)| wanted.is_empty() || name.as_bytes() == wanted.expose());
        let name = own.map(|(name, _)| name.clone());
        Ok(self.or_refused(name))
    }

    /// Sends a challenge and reads what the client responds.
    pub(super) async fn challenge(&mut self, challenge: &str) -> Flow<Response> {
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

    pub(super) fn accept(&mut self, response: Response) -> Option<Secret> {
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

    fn known(&mut self, credentials: &Credentials) -> Option<String> {
        let mut users = self.shared.settings.users.iter();
        let known = users.find(|(name, password)| {
            name.as_bytes() == credentials.name.expose() && *password == credentials.password
        });
        let name = known.map(|(name, _)| name.clone());
        self.or_refused(name)
    }

    fn or_refused(&mut self, name: Option<String>) -> Option<String> {
        if name.is_none() {
            self.refuse("535", "5.7.8", "Authentication credentials invalid");
        }
        name
    }

    async fn log_in(&mut self, name: String) -> Flow<()> {
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
