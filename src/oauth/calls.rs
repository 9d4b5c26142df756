//! Calls of the protocol's library, whose failures become errors that say what to do.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::basic::BasicErrorResponse;
use oauth2::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use oauth2::http::{Method, Request};
use oauth2::url::form_urlencoded;
use oauth2::{
    AsyncHttpClient, DeviceCodeErrorResponse, ErrorResponse, HttpRequest, HttpResponse,
    RequestTokenError,
};

use super::diagnosis::{Answer, Flow, diagnose};
use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind as Kind};
use super::hidden::Hidden;
use super::http::HttpClient;
use super::lenient::canonical;
use super::provider::Brand;
use crate::secret::Secret;

/// One flow with a server.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    http: &'a HttpClient,
    flow: Flow,
    pub(super) brand: Brand,
    pub(super) server: &'a str,
    pub(super) hidden: Hidden,
    pub(super) answer: Mutex<Option<Answer>>,
}

/// The members of an error in JSON.
pub(super) trait Members: ErrorResponse + 'static {
    fn members(&self) -> (String, Option<String>);
}

impl Members for BasicErrorResponse {
    fn members(&self) -> (String, Option<String>) {
        let description = self.error_description().cloned();
        (self.error().as_ref().to_owned(), description)
    }
}

impl Members for DeviceCodeErrorResponse {
    fn members(&self) -> (String, Option<String>) {
        let description = self.error_description().cloned();
        (self.error().as_ref().to_owned(), description)
    }
}

impl<'a> Calls<'a> {
    pub(super) fn new(http: &'a HttpClient, flow: Flow, brand: Brand, server: &'a str) -> Self {
        Self {
            http,
            flow,
            brand,
            server,
            hidden: Hidden::default(),
            answer: Mutex::new(None),
        }
    }

    /// Hides these where the server repeats them.
    pub(super) fn hiding<'s>(mut self, secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        self.hidden.add(secrets);
        self
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OAuthError> {
        let asked = SystemTime::now();
        let mut response = self.http.fetch(request).await?;
        if let Some(body) = canonical(response.body()) {
            *response.body_mut() = body;
        }
        // Some servers name another type for their JSON. What is not JSON is found when it is read.
        response.headers_mut().remove(CONTENT_TYPE);
        let answer = Answer::of(&response, asked, &self.hidden);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(response)
    }

    /// Sends a form that the protocol's library does not know. `basic` are a client's ID and secret for
    /// the header (RFC 6749 section 2.3.1).
    pub(super) async fn post(
        &self,
        endpoint: &Endpoint,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<HttpResponse, OAuthError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(endpoint.url().as_str())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            let encoded =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let login = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
            request = request.header(AUTHORIZATION, format!("Basic {login}"));
        }
        let request = request.body(body.into_bytes()).map_err(|error| {
            let message = "the address of the endpoint cannot be requested";
            OAuthError::new(Kind::Config, message).caused_by(error)
        })?;
        self.send(request).await
    }

    /// The error of an answer to [`post`](Self::post).
    pub(super) fn success(&self, answer: &HttpResponse) -> Result<(), OAuthError> {
        if answer.status().is_success() {
            return Ok(());
        }
        let refused = serde_json::from_slice::<BasicErrorResponse>(answer.body());
        let other = |_| RequestTokenError::Other(String::new());
        Err(self.error(refused.map_or_else(other, RequestTokenError::ServerResponse)))
    }

    /// The error of a call.
    pub(super) fn error<T: Members>(&self, error: RequestTokenError<OAuthError, T>) -> OAuthError {
        let code = match error {
            RequestTokenError::Request(error) => return error,
            RequestTokenError::ServerResponse(response) => Some(response.members()),
            // The library's error would show the answer, and so perhaps a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => None,
        };
        let code = code.map(|(code, description)| {
            let masked = |text: String| self.hidden.masked(&text);
            (masked(code), description.map(masked))
        });
        let code = code
            .as_ref()
            .map(|(code, text)| (code.as_str(), text.as_deref()));
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let unheard = || OAuthError::new(Kind::Expired, "the code has expired: begin again");
        answer.as_ref().map_or_else(unheard, |answer| {
            diagnose(self.flow, self.brand, self.server, code, answer)
        })
    }

    /// When the request began whose answer came last.
    pub(super) fn asked(&self) -> SystemTime {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer.as_ref().map_or_else(SystemTime::now, Answer::asked)
    }
}

impl<'c> AsyncHttpClient<'c> for Calls<'_> {
    type Error = OAuthError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OAuthError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
