//! The listener that the browser comes back to (RFC 8252 section 7.3).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::authorization::Authorization;
use super::client::OAuthClient;
use super::connections::{Connections, Heard, next_of};
use super::error::{OAuthError, OAuthErrorKind};
use super::page;
use super::redirected::Redirected;
use super::tokens::Tokens;

/// The most octets of a request.
const MAX_REQUEST: usize = 16 * 1024;

/// How long a browser may take to send its request, and to take the answer.
const MAX_REQUEST_WAIT: Duration = Duration::from_secs(10);

/// How long a browser may take to read a page, and to end the connection.
const MAX_ANSWER: Duration = Duration::from_secs(2);

/// A listener on this machine that the browser comes back to after the login.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// What a browser asked for.
enum Visit {
    /// The end of this login.
    Login(TcpStream, Result<Redirected, OAuthError>),
    /// Something else, which has been answered.
    Other,
}

impl Loopback {
    /// Listens on 127.0.0.1, at a port that the system chooses.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Network`]: the system does not allow it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn bind() -> Result<Self, OAuthError> {
        let bind = async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let port = listener.local_addr()?.port();
            Ok(Self { listener, port })
        };
        bind.await.map_err(|error: io::Error| {
            let message = "cannot listen on 127.0.0.1 for the browser";
            OAuthError::new(OAuthErrorKind::Network, message).caused_by(error)
        })
    }

    /// The port, for [`OAuthClient::authorize`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the browser, exchanges the code for tokens, and shows the browser a page with the
    /// outcome. The page names `user`. Requests that do not belong to this login are answered
    /// and ignored.
    ///
    /// # Errors
    ///
    /// [`OAuthErrorKind::Cancelled`]: the browser did not come within `limit`; the error that the server
    /// gave in the redirect; and those of [`OAuthClient::exchange`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the login.
    pub async fn log_in(
        self,
        client: &OAuthClient,
        authorization: &Authorization,
        user: &str,
        limit: Duration,
    ) -> Result<Tokens, OAuthError> {
        let visited = timeout(limit, self.wait(authorization)).await;
        let (browser, redirected) = visited.map_err(|_| {
            let message = "the login in the browser did not end in time: begin again, and if the page of the \
                           server shows an error, follow that";
            OAuthError::new(OAuthErrorKind::Cancelled, message)
        })?;
        let tokens = match redirected {
            Ok(redirected) => client.exchange(authorization, &redirected).await,
            Err(error) => Err(error),
        };
        let page = match &tokens {
            Ok(_) => page::logged_in(user),
            Err(error) => page::failed(error),
        };
        let browser = send(browser, &page).await;
        // The tokens are not lost while a browser leaves its connection open.
        tokio::spawn(end(browser));
        tokens
    }

    async fn wait(
        &self,
        authorization: &Authorization,
    ) -> (TcpStream, Result<Redirected, OAuthError>) {
        let mut visits = Connections::new();
        let accept = async || Ok(self.listener.accept().await?.0);
        loop {
            tokio::select! {
                browser = next_of(accept) => {
                    visits.add(|heard| visit(browser, authorization, heard));
                }
                visit = visits.next() => {
                    if let Visit::Login(browser, redirected) = visit {
                        return (browser, redirected);
                    }
                }
            }
        }
    }
}

async fn visit(mut browser: TcpStream, authorization: &Authorization, heard: Heard) -> Visit {
    let target = request_target(&mut browser, &heard);
    let Ok(Some(target)) = timeout(MAX_REQUEST_WAIT, target).await else {
        return Visit::Other;
    };
    let redirected = match target.split_once('?') {
        Some(("/", query)) => Redirected::parse(query, authorization),
        _ => Err(OAuthError::new(OAuthErrorKind::State, "")),
    };
    match redirected {
        Err(error) if error.kind() == OAuthErrorKind::State => {
            let sentence = "This page is not part of the login. You can close it.";
            end(send(browser, &page::page("404 Not Found", sentence)).await).await;
            Visit::Other
        }
        redirected => Visit::Login(browser, redirected),
    }
}

/// The target of a GET request. `None` if it is not one, or if the browser went away.
async fn request_target(browser: &mut TcpStream, heard: &Heard) -> Option<String> {
    let mut octets = Vec::new();
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(&octets) {
            Ok(httparse::Status::Complete(_)) => {
                let is_get = request.method == Some("GET");
                return request.path.filter(|_| is_get).map(str::to_owned);
            }
            Ok(httparse::Status::Partial) if octets.len() < MAX_REQUEST => {}
            _ => return None,
        }
        if browser.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
        heard.set();
    }
}

/// Sends a page. `None` if the browser has gone away.
async fn send(mut browser: TcpStream, page: &str) -> Option<TcpStream> {
    let sent = async {
        browser.write_all(page.as_bytes()).await?;
        browser.shutdown().await
    };
    let sent: io::Result<()> = timeout(MAX_ANSWER, sent).await.ok()?;
    sent.ok().map(|()| browser)
}

/// Ends the connection after a page. What the browser still sends must not reset the connection before it
/// reads the page.
async fn end(browser: Option<TcpStream>) {
    let Some(mut browser) = browser else { return };
    let ended = async {
        let mut rest = [0; 1024];
        while browser.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(MAX_ANSWER, ended).await;
}
