//! AUTH (RFC 4954), with PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), EXTERNAL (RFC 4422),
//! OAUTHBEARER (RFC 7628) and XOAUTH2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;

use super::super::authorization::TokenProblem;
use super::super::extensions::Keyword;
use super::super::fault::Point;
use super::super::received::TransactionState;
use super::super::session::{Flow, ServerSession, SessionStop};
use super::super::settings::AuthMechanism;
use crate::secret::Secret;

impl ServerSession {
    pub(super) async fn auth(&mut self, line: &str) -> Flow<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = self.check_mechanism(words.next().unwrap_or_default())?;
        let initial = words.next();
        if words.next().is_some() || initial == Some("") {
            return Err(self.malformed("AUTH with spaces too many (RFC 4954, section 4)"));
        }
        let name = match mechanism {
            AuthMechanism::Plain => self.plain(initial).await?,
            AuthMechanism::Login => self.login(initial).await?,
            AuthMechanism::CramMd5 => self.cram_md5(initial).await?,
            AuthMechanism::External => self.external(initial).await?,
            AuthMechanism::XOAuth2 | AuthMechanism::OAuthBearer => {
                self.token(mechanism, initial).await?
            }
            _ => self.scram(mechanism, initial).await?,
        };
        self.answer(Point::Auth, "235 2.7.0 Authentication succeeded")
            .await?;
        self.authenticated_as = Some(name);
        Ok(())
    }

    /// The mechanism, if the client may use it now.
    fn check_mechanism(&mut self, name: &str) -> Flow<AuthMechanism> {
        if self.tls.is_none() && self.offers(Keyword::StartTls) {
            let violation = "AUTH in clear text where TLS is offered (RFC 4954, section 4)";
            return Err(self.reject(violation, "538 5.7.11 Encryption required"));
        }
        if !self.offers(Keyword::Auth) {
            return Err(self.out_of_order("AUTH, not offered (RFC 4954, section 3)"));
        }
        if self.authenticated_as.is_some() {
            return Err(self.out_of_order("AUTH a second time (RFC 4954, section 4)"));
        }
        if matches!(self.transaction, TransactionState::Open(_)) {
            return Err(self.out_of_order("AUTH in a transaction (RFC 4954, section 4)"));
        }
        let offered = AuthMechanism::named(name).filter(|own| self.mechanisms.contains(own));
        offered.ok_or_else(|| {
            let violation = "AUTH with a mechanism that is not offered (RFC 4954, section 4)";
            self.reject(violation, "504 5.5.4 Mechanism not offered")
        })
    }

    /// The first response, from the command or after this challenge.
    pub(super) async fn first_response(
        &mut self,
        initial: Option<&str>,
        challenge: &str,
    ) -> Flow<Secret> {
        match initial {
            Some("=") => Ok(Secret::new([])),
            Some(response) => self.decode(response.as_bytes()),
            None => self.challenge(challenge).await,
        }
    }

    async fn plain(&mut self, initial: Option<&str>) -> Flow<String> {
        let octets = self.first_response(initial, "").await?;
        // message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616, section 2)
        let fields: Vec<&[u8]> = octets.expose().split(|octet| *octet == 0).collect();
        if let [authorize, name, password] = fields.as_slice()
            && !name.is_empty()
            && !password.is_empty()
        {
            // No user may act for another one.
            let own = authorize.is_empty() || authorize == name;
            return self.find_user(|user, secret| {
                own && user.as_bytes() == *name && *secret == Secret::new(*password)
            });
        }
        Err(self.malformed("malformed PLAIN response (RFC 4616, section 2)"))
    }

    async fn login(&mut self, initial: Option<&str>) -> Flow<String> {
        let name = self.first_response(initial, "VXNlcm5hbWU6").await?;
        let password = self.challenge("UGFzc3dvcmQ6").await?;
        self.find_user(|user, secret| user.as_bytes() == name.expose() && *secret == password)
    }

    async fn cram_md5(&mut self, initial: Option<&str>) -> Flow<String> {
        if initial.is_some() {
            let violation = "CRAM-MD5 with an initial response (RFC 4954, section 4)";
            return Err(self.malformed(violation));
        }
        let challenge = format!("<{}@{}>", self.number, self.shared.settings.host_name());
        let response = self.challenge(&STANDARD.encode(&challenge)).await?;
        let digest = |password: &Secret| {
            let mac = Hmac::<Md5>::new_from_slice(password.expose()).ok()?;
            let digest = mac.chain_update(&challenge).finalize().into_bytes();
            Some(format!("{:032x}", u128::from_be_bytes(digest.into())))
        };
        self.find_user(|name, password| {
            digest(password)
                .is_some_and(|digest| response.expose() == format!("{name} {digest}").as_bytes())
        })
    }

    /// As if the client had shown a certificate for the first user.
    async fn external(&mut self, initial: Option<&str>) -> Flow<String> {
        let wanted = self.first_response(initial, "").await?;
        let users = &self.shared.settings.users;
        let first = users.first().map(|(name, _)| name.clone());
        self.find_user(|name, _| {
            first.as_deref() == Some(name)
                && (wanted.is_empty() || name.as_bytes() == wanted.expose())
        })
    }

    /// The name of the user that the token belongs to.
    async fn token(&mut self, mechanism: AuthMechanism, initial: Option<&str>) -> Flow<String> {
        let message = self.first_response(initial, "").await?;
        let text = String::from_utf8_lossy(message.expose());
        // How the message begins, what ends the name, and what answers a refusal.
        let (begin, end, dummy) = match mechanism {
            AuthMechanism::XOAuth2 => ("user=", "\u{1}", ""),
            _ => ("n,a=", ",\u{1}", "\u{1}"),
        };
        let rest = text.strip_prefix(begin).unwrap_or_default();
        let (name, fields) = rest.split_once(end).unwrap_or_default();
        let name = name.replace("=2C", ",").replace("=3D", "=");
        let token = fields.strip_suffix("\u{1}\u{1}").and_then(|fields| {
            let mut fields = fields.split('\u{1}');
            fields.find_map(|field| field.strip_prefix("auth=Bearer "))
        });
        let Some(token) = token.filter(|_| !name.is_empty()) else {
            return Err(self.malformed("malformed token response (RFC 7628, section 3.1)"));
        };
        let Some(problem) = self.token_problem(&name, token) else {
            return Ok(name);
        };
        let settings = &self.shared.settings;
        let tokens_of = settings.tokens_of.as_ref();
        let scope = tokens_of.map_or("mail.send", |authority| authority.mail_scope());
        let Some(challenge) = settings.token_refusal.challenge(problem, scope) else {
            return Err(self.refuse("535 5.7.3 Authentication unsuccessful"));
        };
        let response = self.challenge(&STANDARD.encode(challenge)).await?;
        if response.expose() != dummy.as_bytes() {
            self.violation("answer to a refused token (RFC 7628, section 3.2.3)");
        }
        Err(self.wrong_credentials())
    }

    /// Why the token does not log this user in.
    fn token_problem(&self, name: &str, token: &str) -> Option<TokenProblem> {
        let settings = &self.shared.settings;
        if let Some(authority) = &settings.tokens_of {
            let problem = authority.check(token, name).err()?;
            tracing::debug!(target: "pilotfish::testing", ?problem, "token refused");
            return Some(problem);
        }
        let mut users = settings.users.iter();
        let known =
            users.any(|(own, password)| own == name && password.expose() == token.as_bytes());
        (!known).then_some(TokenProblem::NotSigned)
    }

    /// Sends a challenge and reads the response of the client.
    pub(super) async fn challenge(&mut self, challenge: &str) -> Flow<Secret> {
        self.say(&format!("334 {challenge}"));
        let line = Secret::new(self.line().await?);
        if !self.input.is_empty() {
            let violation = "octets after a response, unanswered (RFC 2920, section 3.1)";
            return Err(self.disconnect(violation, "A response is answered first"));
        }
        match line.expose() {
            b"*" => Err(self.refuse("501 5.7.0 Authentication cancelled")),
            response => self.decode(response),
        }
    }

    fn decode(&mut self, base64: &[u8]) -> Flow<Secret> {
        STANDARD.decode(base64).map(Secret::new).map_err(|_| {
            let violation = "response that is not base64 (RFC 4954, section 4)";
            self.reject(violation, "501 5.5.2 Not base64")
        })
    }

    /// The name of the first user that fits.
    pub(super) fn find_user(&mut self, fits: impl Fn(&str, &Secret) -> bool) -> Flow<String> {
        let mut users = self.shared.settings.users.iter();
        let user = users.find(|(name, password)| fits(name, password));
        let name = user.map(|(name, _)| name.clone());
        name.ok_or_else(|| self.wrong_credentials())
    }

    pub(super) fn wrong_credentials(&mut self) -> SessionStop {
        self.refuse("535 5.7.8 Authentication credentials invalid")
    }
}
