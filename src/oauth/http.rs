//! Requests to an authorization server, over the library's TLS and routes.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use oauth2::{HttpRequest, HttpResponse};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, join, split};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::{OAuthError, OAuthErrorKind};
use crate::error::ErrorKind;
use crate::transport::{Route, Timeouts, TlsConfig};

/// How long one request may take, with the connection.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The most octets of an answer.
const MAX_ANSWER: usize = 256 * 1024;

/// The most octets of an answer's header.
const MAX_HEADER: usize = 64 * 1024;

/// The most octets that are read: the answer, and others of the kind 1xx before it.
const MAX_READ: u64 = 1024 * 1024;

/// Sends requests to authorization servers over HTTPS.
///
/// A request takes at most 30 seconds and an answer has at most 256 KiB. Redirects are not followed.
/// Plain HTTP is only for addresses of this machine.
#[derive(Debug, Clone)]
pub struct HttpClient {
    tls: TlsConfig,
    route: Route,
}

impl HttpClient {
    /// Trusts the public certificate authorities, and connects directly.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Config`]: TLS cannot be set up.
    pub fn new() -> Result<Self, OAuthError> {
        let tls = TlsConfig::builder().build().map_err(|error| {
            OAuthError::new(OAuthErrorKind::Config, "TLS cannot be set up").caused_by(error)
        })?;
        Ok(Self {
            tls,
            route: Route::new(),
        })
    }

    /// Sets the certificate authorities. Pins and client certificates are those of a mail server, and do
    /// not belong here.
    #[must_use]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the route: a proxy, the family of addresses, the source address. A Unix socket in it leads to
    /// the mail server and is ignored. Plain HTTP to this machine uses no proxy.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.route = route.over_tcp();
        self
    }

    /// Sends a request and reads the whole answer, of any status.
    pub(super) async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, OAuthError> {
        let endpoint = Endpoint::parse(&request.uri().to_string())?;
        let fetched = timeout(MAX_WAIT, self.fetch_unbounded(&endpoint, request)).await;
        fetched.unwrap_or_else(|_| {
            let message = format!(
                "no answer from {} within 30 seconds: check the network and the proxy, or try again \
                 later",
                endpoint.name()
            );
            Err(OAuthError::new(OAuthErrorKind::Network, message).passing("timed out"))
        })
    }

    async fn fetch_unbounded(
        &self,
        endpoint: &Endpoint,
        request: HttpRequest,
    ) -> Result<HttpResponse, OAuthError> {
        let (host, port) = endpoint.place()?;
        let timeouts = Timeouts::all(MAX_WAIT);
        let unreached = |error: crate::Error| {
            let name = endpoint.name();
            let failed = if error.kind() == ErrorKind::Tls {
                let message = format!("there is no secure connection to {name} to log in");
                OAuthError::new(OAuthErrorKind::Tls, message)
            } else {
                let message = format!("cannot reach {name} to log in");
                OAuthError::new(OAuthErrorKind::Network, message)
            };
            if error.is_transient() {
                failed.passing(error)
            } else {
                failed.caused_by(error)
            }
        };
        if endpoint.is_tls() {
            let connected = self.route.connect_tls(&self.tls, &host, port, &timeouts);
            let stream = connected.await.map_err(unreached)?;
            Box::pin(exchange(endpoint, stream, request)).await
        } else {
            // A proxy would connect to its own machine.
            let connected = Route::new().connect(&host, port, &timeouts).await;
            let stream = connected.map_err(unreached)?;
            Box::pin(exchange(endpoint, stream, request)).await
        }
    }
}

async fn exchange(
    endpoint: &Endpoint,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: HttpRequest,
) -> Result<HttpResponse, OAuthError> {
    let broken = |error: hyper::Error| {
        let name = endpoint.name();
        if error.is_parse() {
            let message =
                format!("{name} does not answer as an HTTP server does: check the address");
            return OAuthError::new(OAuthErrorKind::NotOAuth, message).caused_by(error);
        }
        let message = format!(
            "the connection to {name} ended before its answer was complete: try again later"
        );
        OAuthError::new(OAuthErrorKind::Network, message).passing(error)
    };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADER);
    let (input, output) = split(stream);
    let stream = join(input.take(MAX_READ), output);
    let begun = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = begun.map_err(broken)?;
    let answer = async {
        let answer = sender.send_request(in_origin_form(request)?).await;
        let (head, body) = answer.map_err(broken)?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => broken(*error),
            Err(other) => too_long(endpoint, other),
        })?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    };
    driven(answer, connection).await
}

/// Awaits the answer while the connection makes progress.
async fn driven<T>(answer: impl Future<Output = T>, connection: impl Future) -> T {
    let (answer, connection) = (Box::pin(answer), Box::pin(connection));
    match select(answer, connection).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, answer)) => answer.await,
    }
}

fn too_long(endpoint: &Endpoint, cause: Box<dyn std::error::Error + Send + Sync>) -> OAuthError {
    let what = if cause.is::<LengthLimitError>() {
        "answered with more than 256 KiB"
    } else {
        "sent an answer that cannot be read"
    };
    let message = format!("{} {what}: check the address", endpoint.name());
    OAuthError::new(OAuthErrorKind::NotOAuth, message).caused_by(cause)
}

/// RFC 9112 section 3.2.1.
fn in_origin_form(request: HttpRequest) -> Result<hyper::Request<Full<Bytes>>, OAuthError> {
    let unusable = || OAuthError::new(OAuthErrorKind::Config, "the address cannot be requested");
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().ok_or_else(unusable)?.as_str();
    let host = HeaderValue::from_str(authority).map_err(|_| unusable())?;
    head.headers.insert(HOST, host);
    head.headers
        .insert(USER_AGENT, HeaderValue::from_static("pilotfish"));
    head.headers
        .insert(CONNECTION, HeaderValue::from_static("close"));
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|_| unusable())?;
    Ok(hyper::Request::from_parts(
        head,
        Full::new(Bytes::from(body)),
    ))
}
