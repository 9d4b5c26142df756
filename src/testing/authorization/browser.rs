//! A browser that knows the pages of the server, for tests without one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::listeners::ByteStream;
use super::authority::Authority;
use super::connection;
use super::form::encode;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The most octets of a page.
const PAGE: u64 = 1024 * 1024;

/// The room between the browser and the server.
const ROOM: usize = 64 * 1024;

/// What a browser shows after a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPage {
    /// The status of the page, such as 200.
    pub status: u16,
    /// The address of the page. If the login went well, that of the client with the code in it.
    pub url: String,
    /// The page as the server sent it, up to 1 MiB.
    pub text: String,
    location: Option<String>,
}

impl Authority {
    /// Opens the address of a login, presses the button of this user, or the one that refuses, and
    /// follows the redirect.
    pub(super) async fn browse(
        self: &Arc<Self>,
        url: &str,
        user: Option<&str>,
    ) -> io::Result<LoginPage> {
        let mut page = self.load(url, None).await?;
        if page.status == 200 && page.location.is_none() {
            let pressed = user.map_or("refuse=yes".to_owned(), |user| {
                format!("user={}", encode(user))
            });
            page = self.load(url, Some(&pressed)).await?;
        }
        match page.location.take() {
            Some(location) => self.load(&location, None).await,
            None => Ok(page),
        }
    }

    /// Loads a page: of this server, or of a client on the loopback interface.
    async fn load(self: &Arc<Self>, url: &str, form: Option<&str>) -> io::Result<LoginPage> {
        let loaded = async {
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, target) = rest.split_at_checked(end).unwrap_or_default();
            let slash = if target.starts_with('/') { "" } else { "/" };
            let request = match form {
                None => format!("GET {slash}{target} HTTP/1.1\r\nHost: {host}\r\n"),
                Some(form) => format!(
                    "POST {slash}{target} HTTP/1.1\r\nHost: {host}\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n\
                     Content-Length: {}\r\n",
                    form.len()
                ),
            };
            let form = form.unwrap_or_default();
            let request = format!("{request}Connection: close\r\n\r\n{form}");
            let mut stream = self.connect(url, host).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(PAGE).read_to_end(&mut answer).await?;
            read(url, &answer)
        };
        timeout(PATIENCE, loaded).await?
    }

    /// To this server without TLS, because it is in this process.
    async fn connect(self: &Arc<Self>, url: &str, host: &str) -> io::Result<Box<dyn ByteStream>> {
        let own = url.strip_prefix(&self.issuer);
        if own.is_some_and(|rest| rest.starts_with('/')) {
            let (near, far) = duplex(ROOM);
            tokio::spawn(connection::serve(Box::new(far), Arc::clone(self)));
            return Ok(Box::new(near));
        }
        if !url.starts_with("http://") {
            let text = "a redirect that does not lead to the loopback interface";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let port = host
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        let host = if host.starts_with("[::1]") {
            "::1"
        } else {
            "127.0.0.1"
        };
        let stream = TcpStream::connect((host, port.unwrap_or(80))).await?;
        Ok(Box::new(stream))
    }
}

fn read(url: &str, answer: &[u8]) -> io::Result<LoginPage> {
    let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(head)) = response.parse(answer) else {
        return Err(invalid("the answer is not HTTP, or cut off"));
    };
    let mut fields = response.headers.iter();
    let location = fields.find(|field| field.name.eq_ignore_ascii_case("Location"));
    Ok(LoginPage {
        status: response.code.unwrap_or_default(),
        url: url.to_owned(),
        text: String::from_utf8_lossy(answer.get(head..).unwrap_or_default()).into_owned(),
        location: location.map(|field| String::from_utf8_lossy(field.value).into_owned()),
    })
}
