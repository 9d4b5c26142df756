//! Logins on another device (RFC 8628).

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::access_token::random;
use super::authority::Authority;
use super::authorize::buttons;
use super::clients::KnownClient;
use super::fault::Endpoint;
use super::form::with_query;
use super::http::Request;
use super::response::{OAuthError, Response, escape};
use super::state::{Decision, Device};
use super::token::internal;

/// The letters of a user code (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How many seconds a device code is valid.
const EXPIRES_IN: u64 = 900;

/// How many seconds `slow_down` adds (RFC 8628, section 3.5).
const SLOWER: u64 = 5;

impl Authority {
    /// Begins a login.
    pub(super) fn begin_device(&self, request: &Request) -> Result<Response, OAuthError> {
        let client = self.client(request)?;
        let scope = self.scope(request.form.get("scope"))?;
        let codes = || Ok((random()?, user_code()?));
        let (device_code, user_code) = codes().map_err(|error: io::Error| internal(&error))?;
        let first = self.settings.users.first();
        let decision = first.filter(|_| self.settings.consents).cloned();
        let uri = self.url(Endpoint::Verification);
        let answer = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": uri,
            "verification_uri_complete": with_query(&uri, &[("user_code", &user_code)]),
            "expires_in": EXPIRES_IN,
            "interval": self.settings.device_interval,
        });
        self.state().devices.push(Device {
            code: device_code,
            user_code,
            client: client.id,
            scope,
            decision: decision.map_or(Decision::Pending, Decision::Approved),
            interval: self.settings.device_interval,
            asked: None,
        });
        Ok(Response::json(200, &answer))
    }

    /// The user who has approved the device's login, and the scope.
    pub(super) fn poll_device(
        &self,
        client: &KnownClient,
        device_code: &str,
    ) -> Result<(String, String), OAuthError> {
        let error = |code: &str| Err(OAuthError::new(code, ""));
        let mut state = self.state();
        let mut devices = state.devices.iter();
        let index =
            devices.position(|device| device.code == device_code && device.client == client.id);
        let device = index.and_then(|index| state.devices.get_mut(index));
        let (Some(index), Some(device)) = (index, device) else {
            return error("invalid_grant");
        };
        let now = Instant::now();
        let asked = device.asked.replace(now);
        let early = asked
            .is_some_and(|asked| now.duration_since(asked) < Duration::from_secs(device.interval));
        if early {
            device.interval += SLOWER;
            return error("slow_down");
        }
        match &device.decision {
            Decision::Pending => error("authorization_pending"),
            Decision::Denied => error("access_denied"),
            Decision::Approved(user) => {
                let granted = (user.clone(), device.scope.clone());
                state.devices.remove(index);
                Ok(granted)
            }
        }
    }

    /// The page where the user enters the code.
    pub(super) fn verification(&self, request: &Request) -> Response {
        if request.method != "POST" {
            let code = escape(request.query.text("user_code"));
            let field =
                format!("<p><label>Code <input name=\"user_code\" value=\"{code}\"></label></p>\n");
            let users: Vec<_> = self.settings.users.iter().collect();
            return Response::html(200, "Connect a device", &buttons(&users, &field));
        }
        let code = request.form.text("user_code");
        let user = request.form.get("user");
        let user = user.filter(|user| self.settings.users.iter().any(|own| own == user));
        if self.decide(code, user) {
            let text = "<p>You can close this page.</p>";
            Response::html(200, "The device has your answer", text)
        } else {
            let text = "<p>No device waits with this code.</p>";
            Response::html(400, "The login did not work", text)
        }
    }

    /// Approves a device's login by this user, or denies it. Returns whether it waits.
    pub(super) fn decide(&self, user_code: &str, user: Option<&str>) -> bool {
        let mut state = self.state();
        let Some(device) = state.device(user_code) else {
            return false;
        };
        let decision = user.map(|user| Decision::Approved(user.to_owned()));
        device.decision = decision.unwrap_or(Decision::Denied);
        true
    }
}

/// Eight letters with a hyphen in the middle.
fn user_code() -> io::Result<String> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).map_err(io::Error::other)?;
    let letters = octets.iter().filter_map(|octet| {
        let index = usize::from(*octet) % LETTERS.len();
        LETTERS.get(index).copied().map(char::from)
    });
    let mut code: String = letters.collect();
    code.insert(4, '-');
    Ok(code)
}
