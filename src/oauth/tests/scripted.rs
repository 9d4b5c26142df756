//! A server that answers each request as the test says.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::super::{HttpClient, OAuthClient, Provider};

/// A request: its path, its header section and its body.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) header: String,
    pub(super) body: String,
}

/// It ends when it is dropped.
pub(super) struct Scripted {
    pub(super) url: String,
    listening: JoinHandle<()>,
}

impl Scripted {
    /// Answers with this status and this body.
    pub(super) async fn start(
        answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(serve(stream, move |asked| answer(asked)));
            }
        });
        Self { url, listening }
    }

    /// A client with the secret `client-secret`, if the server takes it in the header as well.
    pub(super) fn client(&self, secret: &str, in_header: bool) -> OAuthClient {
        let at = |path| format!("{}/{path}", self.url);
        let mut provider = Provider::new(&at("authorize"), &at("token"))
            .and_then(|provider| provider.device_endpoint(&at("device")))
            .and_then(|provider| provider.revocation_endpoint(&at("revoke")))
            .and_then(|provider| provider.scope("mail.send"))
            .unwrap();
        provider.secret_in_header = in_header;
        let client = OAuthClient::new(provider, "mailer", HttpClient::new().unwrap()).unwrap();
        client.secret(secret)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: impl Fn(&Asked) -> (u16, String)) {
    let mut octets = Vec::new();
    let asked = loop {
        if stream.read_buf(&mut octets).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&octets);
        let Some((header, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = header.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            (name.eq_ignore_ascii_case("content-length")).then(|| value.parse().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            break Asked {
                path: header.split(' ').nth(1).unwrap().to_owned(),
                header: header.to_owned(),
                body: body.to_owned(),
            };
        }
    };
    let (status, body) = answer(&asked);
    let answer = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}
