//! OAUTHBEARER (RFC 7628) and XOAUTH2: the password of a user is the token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::mechanism::AuthMechanism;
use super::super::session::{Flow, ServerSession};

/// The challenge that says why a token is refused (RFC 7628, section 3.2.2).
const REFUSAL: &str = r#"{"status":"invalid_token","schemes":"bearer","scope":"mail.send"}"#;

impl ServerSession {
    /// The name of the user that the token belongs to.
    pub(super) async fn token(
        &mut self,
        mechanism: AuthMechanism,
        initial: Option<&str>,
    ) -> Flow<String> {
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
        let mut users = self.shared.settings.users.iter();
        if users.any(|(own, password)| *own == name && password.expose() == token.as_bytes()) {
            return Ok(name);
        }
        let response = self.challenge(&STANDARD.encode(REFUSAL)).await?;
        if response.expose() != dummy.as_bytes() {
            self.violation("answer to a refused token (RFC 7628, section 3.2.3)");
        }
        Err(self.wrong_credentials())
    }
}
