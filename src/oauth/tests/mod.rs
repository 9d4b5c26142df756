//! The flows against the authorization server for tests, which shares no code with them.
#![cfg(feature = "testing")]

mod devices;
mod discovery;
mod faults;
mod flows;
mod renewal;
mod scripted;
mod secrets;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    HttpClient, OAuthClient, OAuthError, Provider, Redirected, StoreFuture, TokenLock, TokenMemory,
    TokenStore, Tokens,
};
use crate::testing::{AuthorizationServer, AuthorizationServerBuilder, Endpoint};

const USER: &str = "ada@here.example";

/// A port without a listener.
const PORT: u16 = 49_152;

fn builder() -> AuthorizationServerBuilder {
    AuthorizationServer::builder().user(USER).client("mailer")
}

fn provider(server: &AuthorizationServer) -> Provider {
    let url = |endpoint| server.url(endpoint);
    Provider::new(&url(Endpoint::Authorization), &url(Endpoint::Token))
        .and_then(|provider| provider.device_endpoint(&url(Endpoint::DeviceAuthorization)))
        .and_then(|provider| provider.revocation_endpoint(&url(Endpoint::Revocation)))
        .and_then(|provider| provider.scope("mail.send offline_access"))
        .unwrap()
}

fn client(server: &AuthorizationServer) -> OAuthClient {
    OAuthClient::new(provider(server), "mailer", HttpClient::new().unwrap()).unwrap()
}

/// Logs in with the browser, and copies the address of its last page.
async fn log_in(server: &AuthorizationServer, client: &OAuthClient) -> Result<Tokens, OAuthError> {
    let listener = super::Loopback::bind().await?;
    let authorization = client.authorize(listener.port(), Some(USER))?;
    let (tokens, page) = tokio::join!(
        listener.log_in(
            client,
            &authorization,
            USER,
            std::time::Duration::from_mins(1)
        ),
        server.log_in(authorization.url(), USER)
    );
    assert_eq!(page.unwrap().status, 200);
    tokens
}

/// What a pasted address gives.
fn pasted(client: &OAuthClient, address: &str) -> Result<Redirected, OAuthError> {
    let authorization = client.authorize(PORT, None).unwrap();
    let state = String::from_utf8(authorization.state.expose().to_vec()).unwrap();
    Redirected::parse(&address.replace("STATE", &state), &authorization)
}

/// A store that counts, and fails the first times that it has to store.
#[derive(Debug, Clone, Default)]
struct Counting {
    memory: TokenMemory,
    failures: Arc<AtomicUsize>,
    stored: Arc<AtomicUsize>,
}

impl TokenStore for Counting {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        self.memory.load()
    }

    fn store<'a>(&'a self, tokens: &'a Tokens) -> StoreFuture<'a, ()> {
        let fails = |left: usize| left.checked_sub(1);
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.failures.fetch_update(set, get, fails).is_ok() {
            let error = OAuthError::new(super::OAuthErrorKind::Store, "the disk is full");
            return Box::pin(std::future::ready(Err(error)));
        }
        self.stored.fetch_add(1, Ordering::Relaxed);
        self.memory.store(tokens)
    }

    fn remove(&self) -> StoreFuture<'_, ()> {
        self.memory.remove()
    }

    fn lock(&self) -> StoreFuture<'_, TokenLock> {
        self.memory.lock()
    }
}
