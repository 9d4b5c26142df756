//! Answers, and how they are sent.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::with_query;

/// An answer to a request.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: String,
    /// Other fields.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Where the client gets its code, or an error, with what is in the query.
    pub(super) to_client: Option<ToClient>,
    pub(super) delivery: Delivery,
}

/// A redirect to the client (RFC 6749, section 4.1.2).
#[derive(Debug)]
pub(super) struct ToClient {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    /// The server that sends it (RFC 9207).
    pub(super) issuer: String,
    /// The other fields of the query.
    pub(super) fields: Vec<(&'static str, String)>,
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Never,
    /// Octet by octet, with this pause before each.
    Slow(Duration),
    Half,
    Endless,
}

impl Response {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            content_type: content_type.to_owned(),
            fields: Vec::new(),
            body: body.into(),
            to_client: None,
            delivery: Delivery::Whole,
        }
    }

    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A page. The title and the body are HTML.
    pub(super) fn html(status: u16, title: &str, body: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <title>{title}</title>\n<h1>{title}</h1>\n{body}\n</html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, "text/plain", String::new())
    }

    pub(super) fn redirect(location: String) -> Self {
        Self::empty(302).field("Location", location)
    }

    /// A redirect to the client with its fields, the server's issuer and the state that it sent.
    pub(super) fn to_client(client: ToClient) -> Self {
        let fields = client.fields.iter();
        let mut fields: Vec<_> = fields
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fields.push(("iss", &client.issuer));
        fields.extend(client.state.as_deref().map(|state| ("state", state)));
        let location = with_query(&client.redirect_uri, &fields);
        let mut response = Self::redirect(location);
        response.to_client = Some(client);
        response
    }

    pub(super) fn field(mut self, name: &'static str, value: String) -> Self {
        self.fields.push((name, value));
        self
    }

    /// The line and the fields of the answer, whose date is this one.
    pub(super) fn head(&self, now: Timestamp) -> String {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nCache-Control: no-store\r\n",
            self.status,
            phrase(self.status),
            now.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            self.content_type,
        );
        for (name, value) in &self.fields {
            // Writing to a string cannot fail.
            // The address of a fault may have a line break in it, which would be a field of its own.
            let value = value.replace(['\r', '\n'], "");
            _ = write!(head, "{name}: {value}\r\n");
        }
        if self.delivery == Delivery::Endless {
            head.push_str("Connection: close\r\n\r\n");
        } else {
            _ = write!(head, "Content-Length: {}\r\n\r\n", self.body.len());
        }
        head
    }
}

/// What a status means (RFC 9110, section 15).
fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

/// An error of RFC 6749, sections 4.1.2.1 and 5.2.
#[derive(Debug)]
pub(super) struct OAuthError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) description: String,
}

impl OAuthError {
    pub(super) fn new(code: &str, description: &str) -> Self {
        Self {
            status: if code == "invalid_client" { 401 } else { 400 },
            code: code.to_owned(),
            description: description.to_owned(),
        }
    }

    pub(super) fn response(&self) -> Response {
        let mut error = json!({"error": self.code});
        if let (Some(error), false) = (error.as_object_mut(), self.description.is_empty()) {
            let description = Value::from(self.description.as_str());
            error.insert("error_description".to_owned(), description);
        }
        Response::json(self.status, &error)
    }

    /// The error in a redirect to the client.
    pub(super) fn redirect(self, mut client: ToClient) -> Response {
        client.fields = vec![("error", self.code)];
        if !self.description.is_empty() {
            client.fields.push(("error_description", self.description));
        }
        Response::to_client(client)
    }
}

/// The text in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
