//! The page that asks the user for consent (RFC 6749, section 4.1.1).

use std::fmt::Write as _;

use super::access_token::random;
use super::authority::Authority;
use super::form::Form;
use super::http::Request;
use super::response::{OAuthError, Response, ToClient, escape};
use super::state::{Code, Subject};
use super::token::internal;

/// The length of a code challenge by S256 (RFC 7636, section 4.2).
const CHALLENGE: usize = 43;

/// What a client asks the user for.
struct Wish {
    client: String,
    scope: String,
    challenge: String,
    /// The user that the client expects.
    hint: Option<String>,
}

impl Authority {
    /// Shows the page, and takes what the user says there.
    pub(super) fn authorize(&self, request: &Request) -> Response {
        let query = &request.query;
        let client = query.text("client_id");
        let redirect_uri = query.text("redirect_uri");
        // An answer to a client that is not known would send the code to anybody (RFC 6749, section
        // 4.1.2.1).
        let known = self.settings.clients.iter().any(|own| own.id == client);
        if !known || !is_loopback(redirect_uri) {
            let wrong = if known { "redirect_uri" } else { "client_id" };
            let text = format!("<p>The {wrong} is not known to the server.</p>");
            return Response::html(400, "The login did not work", &text);
        }
        let to_client = ToClient {
            redirect_uri: redirect_uri.to_owned(),
            state: query.get("state").map(str::to_owned),
            issuer: self.issuer.clone(),
            fields: Vec::new(),
        };
        let wish = match self.wish(query) {
            Ok(wish) => wish,
            Err(error) => return error.redirect(to_client),
        };
        let decision = if request.method == "POST" {
            Some(request.form.get("user"))
        } else if self.settings.consents {
            let users = &self.settings.users;
            let hinted = wish.hint.as_ref().filter(|hint| users.contains(hint));
            Some(hinted.or(users.first()).map(String::as_str))
        } else {
            None
        };
        let known = |user: &&str| self.settings.users.iter().any(|own| own == user);
        match decision {
            None => self.page(&wish),
            Some(user) => match user.filter(known) {
                Some(user) => self.consent(&wish, user, to_client),
                None => {
                    OAuthError::new("access_denied", "the user has refused").redirect(to_client)
                }
            },
        }
    }

    fn wish(&self, query: &Form) -> Result<Wish, OAuthError> {
        if query.text("response_type") != "code" {
            let text = "the response_type is not code";
            return Err(OAuthError::new("unsupported_response_type", text));
        }
        let challenge = query.text("code_challenge");
        let is_s256 = query.text("code_challenge_method") == "S256";
        if !is_s256 || challenge.len() != CHALLENGE {
            self.violation("a login without PKCE by S256 (RFC 8252, section 8.1)");
            let text = "there is no code_challenge by S256";
            return Err(OAuthError::new("invalid_request", text));
        }
        Ok(Wish {
            client: query.text("client_id").to_owned(),
            scope: self.scope(query.get("scope"))?,
            challenge: challenge.to_owned(),
            hint: query.get("login_hint").map(str::to_owned),
        })
    }

    /// A button for each user, the expected one first.
    fn page(&self, wish: &Wish) -> Response {
        let mut users: Vec<_> = self.settings.users.iter().collect();
        users.sort_by_key(|user| Some(*user) != wish.hint.as_ref());
        let text = format!(
            "<p>{} asks for: {}</p>",
            escape(&wish.client),
            escape(&wish.scope)
        );
        Response::html(200, "Log in", &format!("{text}\n{}", buttons(&users, "")))
    }

    /// Sends the client a code.
    fn consent(&self, wish: &Wish, user: &str, mut to_client: ToClient) -> Response {
        let code = match random() {
            Ok(code) => code,
            Err(error) => return internal(&error).redirect(to_client),
        };
        let mut state = self.state();
        let subject = Subject::User(user.to_owned());
        let consent = state.add_consent(&wish.client, subject, &wish.scope);
        let entry = Code {
            consent,
            redirect_uri: to_client.redirect_uri.clone(),
            challenge: wish.challenge.clone(),
            used: false,
        };
        state.codes.insert(code.clone(), entry);
        to_client.fields = vec![("code", code)];
        Response::to_client(to_client)
    }
}

/// A form with a button for each user and one to refuse. It is sent to its own address.
pub(super) fn buttons(users: &[&String], fields: &str) -> String {
    let mut form = format!("<form method=\"post\">\n{fields}");
    for user in users {
        let user = escape(user);
        // Writing to a string cannot fail.
        _ = writeln!(
            form,
            "<p><button name=\"user\" value=\"{user}\">Log in as {user}</button></p>"
        );
    }
    form.push_str("<p><button name=\"refuse\" value=\"yes\">Refuse</button></p>\n</form>");
    form
}

/// Whether this is an address of the loopback interface with any port (RFC 8252, section 7.3), and
/// without a fragment (RFC 6749, section 3.1.2).
fn is_loopback(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://") else {
        return false;
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let hosts = ["127.0.0.1", "[::1]", "localhost"];
    let port = hosts.iter().find_map(|host| authority.strip_prefix(host));
    let fits = |port: &str| {
        let digits = port.strip_prefix(':');
        port.is_empty() || digits.is_some_and(|digits| digits.parse::<u16>().is_ok())
    };
    port.is_some_and(fits) && !uri.contains(['#', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_have_any_port() {
        for uri in [
            "http://127.0.0.1:49152/callback",
            "http://127.0.0.1",
            "http://[::1]:1?a=b",
            "http://localhost:65535/",
        ] {
            assert!(is_loopback(uri), "{uri}");
        }
        for uri in [
            "",
            "https://127.0.0.1/",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1:1@example.org/",
            "http://127.0.0.1:65536/",
            "http://example.org/127.0.0.1",
            "http://127.0.0.1/#a",
        ] {
            assert!(!is_loopback(uri), "{uri}");
        }
    }
}
