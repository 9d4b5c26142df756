//! The ways to log in with OAuth 2.0: by the browser, by a pasted address, and on another device.

use std::convert::Infallible;
use std::time::Duration;

use pilotfish::oauth::{Authorization, Loopback, OAuthClient, OAuthErrorKind, Redirected, Tokens};
use pilotfish::transport::Timeouts;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, stdin};

use super::browser::Browser;
use super::tokens::no_token;
use crate::failure::Failure;
use crate::output::advice::LoginCommand;
use crate::output::logging::Watch;
use crate::output::report::notice;
use crate::output::waiting::WaitingLine;
use crate::terminal::question::Questions;
use crate::terminal::style::{BOLD, CYAN, painted};

/// How long the browser may take.
const BROWSER: Duration = Duration::from_mins(5);

/// The longest address that is pasted, in octets.
const MAX_ADDRESS: u64 = 16 << 10;

/// How often a person may paste an address.
const ATTEMPTS: u32 = 3;

/// What a login needs.
pub(super) struct Way<'a> {
    pub(super) client: &'a OAuthClient,
    /// The command that begins again.
    pub(super) again: &'a LoginCommand,
    pub(super) user: &'a str,
    pub(super) questions: Option<&'a Questions>,
    pub(super) watch: &'a Watch,
}

impl Way<'_> {
    /// By the browser of this machine, which comes back to a port of it.
    pub(super) async fn browser(&self) -> Result<Tokens, Failure> {
        let loopback = Loopback::bind().await?;
        let port = loopback.port();
        let authorization = self.client.authorize(port, Some(self.user))?;
        let url = authorization.url();
        let host = host(&authorization);
        let opener = self
            .questions
            .and_then(|questions| Some((questions, Browser::find()?)));
        let shown = painted(CYAN, url);
        if opener.is_some() {
            notice(&format!(
                "Press Enter to open the login page of {host} in your browser, or open:\n  {shown}"
            ));
        } else {
            notice(&format!(
                "Open this in a browser of this machine:\n  {shown}"
            ));
        }
        let line = self.waits(
            format!("waiting for the browser on 127.0.0.1:{port}"),
            BROWSER,
        );
        let opening = async {
            if let Some((questions, browser)) = opener
                && let Ok(Some(_)) = questions.line("").await
            {
                // The address is on the screen, if this fails.
                browser.open(url).await;
            }
            std::future::pending::<Infallible>().await
        };
        let tokens = tokio::select! {
            tokens = loopback.log_in(self.client, &authorization, self.user, BROWSER) => tokens,
            never = opening => match never {},
        };
        drop(line);
        tokens.map_err(|error| no_token(error, self.again))
    }

    /// By the browser of another machine. Its last page does not load, and has the code in its address.
    pub(super) async fn paste(&self) -> Result<Tokens, Failure> {
        // A port that is free, so that no other program gets the code.
        let port = Loopback::bind().await?.port();
        let authorization = self.client.authorize(port, Some(self.user))?;
        let url = painted(CYAN, authorization.url());
        notice(&format!("Open this on any machine and log in:\n  {url}"));
        let question = "The last page will not load; that is expected. Paste its address here:";
        let mut attempt = 1;
        let redirected = loop {
            let address = self.pasted(question).await?;
            match Redirected::parse(&address, &authorization) {
                Err(error)
                    if error.kind() == OAuthErrorKind::State
                        && self.questions.is_some()
                        && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                    notice(&format!("{error} (attempt {attempt} of {ATTEMPTS})"));
                }
                parsed => break parsed,
            }
        };
        let tokens = match redirected {
            Ok(redirected) => self.client.exchange(&authorization, &redirected).await,
            Err(error) => Err(error),
        };
        tokens.map_err(|error| no_token(error, self.again))
    }

    /// The line that a person pastes, or that standard input has.
    async fn pasted(&self, question: &str) -> Result<String, Failure> {
        let address = if let Some(questions) = self.questions {
            let address = questions.line(question).await;
            address.map_err(Failure::terminal)?
        } else {
            notice(question);
            let mut line = Vec::new();
            // One octet more, so that a longer one is refused and not cut.
            let mut input = BufReader::new(stdin().take(MAX_ADDRESS + 1));
            let read = input.read_until(b'\n', &mut line).await;
            read.map_err(Failure::terminal)?;
            Some(String::from_utf8_lossy(&line).into_owned())
        };
        address.ok_or_else(Failure::nothing_stored)
    }

    /// On any device, by a code (RFC 8628).
    pub(super) async fn device(&self) -> Result<Tokens, Failure> {
        if !self.client.provider().has_device_flow() {
            let name = self.client.provider().name();
            let message = format!("{name} offers no login on another device");
            let help = "with the browser of another machine: --paste";
            return Err(Failure::usage(message).with_help(help));
        }
        let login = self.client.device().await;
        let login = login.map_err(|error| no_token(error, self.again))?;
        let (uri, code) = (painted(CYAN, login.uri()), painted(BOLD, login.user_code()));
        notice(&format!("Open {uri} on any device and enter: {code}"));
        let line = self.waits("waiting for the login".to_owned(), login.expires_in());
        let tokens = self.client.poll(&login).await;
        drop(line);
        tokens.map_err(|error| no_token(error, self.again))
    }

    fn waits(&self, what: String, limit: Duration) -> Option<WaitingLine> {
        let waiting = self.watch.waiting.clone()?;
        waiting.begin(what, Some(limit));
        Some(waiting.show(String::new(), Timeouts::default()))
    }
}

/// The host that the browser opens.
fn host(authorization: &Authorization) -> &str {
    let url = authorization.url();
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split(['/', '?']).next().unwrap_or_default()
}
