//! A server that has answered EHLO, with or without TLS.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::authenticate::authenticate;
use super::hello::{Hello, introduce};
use crate::error::Result;
use crate::protocol::{Credentials, Extensions, Mechanism};
use crate::session::Session;
use crate::session::session::ExtensionsAge;
use crate::session::timing::SetUp;
use crate::transport::Wire;

/// What [`Greeted`](super::Greeted) and [`Secured`](super::Secured) have in common.
#[derive(Debug)]
pub(super) struct Established<S> {
    pub(super) wire: Wire<S>,
    pub(super) hello: Hello,
    pub(super) extensions: Extensions,
    pub(super) set_up: SetUp,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Established<S> {
    /// Waits for the greeting, and introduces the client.
    pub(super) async fn greet(mut wire: Wire<S>, hello: Hello, mut set_up: SetUp) -> Result<Self> {
        let begun = Instant::now();
        let extensions = introduce(&mut wire, &hello).await?;
        set_up.greeting = begun.elapsed();
        Ok(Self {
            wire,
            hello,
            extensions,
            set_up,
        })
    }

    /// Logs in with one of these mechanisms.
    pub(super) async fn authenticate(
        mut self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<Session<S>> {
        let begun = Instant::now();
        authenticate(&mut self.wire, &self.extensions, credentials, mechanisms).await?;
        self.set_up.auth = begun.elapsed();
        Ok(self.into_session(ExtensionsAge::BeforeLogin))
    }

    /// Goes on without a login.
    pub(super) fn without_login(self) -> Session<S> {
        self.into_session(ExtensionsAge::Current)
    }

    fn into_session(self, extensions_age: ExtensionsAge) -> Session<S> {
        let Self {
            wire,
            hello,
            extensions,
            set_up,
        } = self;
        Session::new(wire, hello, extensions, extensions_age, set_up)
    }
}
