//! `pilotfish send`.

use std::path::PathBuf;
use std::time::Instant;

use pilotfish::address::Mailbox;
use pilotfish::config::{Account, Config, PasswordSource, ServerAddress, Tls};
use pilotfish::session::Receipt;
use pilotfish::transport::TlsClient;
use pilotfish::{Client, Credentials, Message, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{SendArguments, ServerArguments};
use crate::compose::compose;
use crate::failure::Failure;
use crate::logging::{self, Dialogue};
use crate::progress::Transfer;
use crate::report::{self, Mail, Sent};
use crate::{dry_run, exit};

/// Sends one mail, prints what became of it, and returns the exit status.
pub(crate) async fn run(arguments: SendArguments) -> u8 {
    let SendArguments {
        server,
        mail,
        output,
    } = arguments;
    let dialogue = if output.transcript {
        Dialogue::Shown
    } else {
        Dialogue::Hidden
    };
    logging::init(dialogue, output.verbose);
    let prepared = async {
        if output.dry_run {
            dry_run::check_output(&output.output, &mail)?;
        }
        let submitter = Submitter::from_arguments(server)?;
        let message = compose(mail, submitter.mailbox()).await?;
        Ok((submitter, message))
    };
    let (submitter, message) = match prepared.await {
        Ok(prepared) => prepared,
        Err(failure) => return report::failed(&output, None, &failure),
    };
    if output.dry_run {
        return match dry_run::write(message, &output.output).await {
            Ok(()) => exit::OK,
            Err(failure) => report::failed(&output, None, &failure),
        };
    }
    let server = match submitter.server().await {
        Ok(server) => server,
        Err(failure) => return report::failed(&output, None, &failure),
    };
    let mail = Mail::of(&message, format!("{}:{}", server.host(), server.port()));
    let transfer = Transfer::watched_by(&output);
    let client = Client::new(server).on_progress(transfer.observer());
    let started = Instant::now();
    let result = finish_or_interrupt(&client, message, &transfer).await;
    transfer.clear_bar();
    // Whoever interrupts does not wait.
    let interrupted = result
        .as_ref()
        .is_err_and(|failure| failure.error.is_none());
    let status = match result {
        Ok(receipt) => report::sent(
            &output,
            &mail,
            &Sent {
                receipt,
                duration: started.elapsed(),
            },
        ),
        Err(failure) => report::failed(&output, Some(&mail), &failure),
    };
    // What became of the mail is told; nobody waits for QUIT but the server.
    if !interrupted {
        client.close().await;
    }
    status
}

/// Who sends, by which server: an account of the configuration with the flags laid over it.
struct Submitter {
    server: Option<ServerAddress>,
    tls: Option<Tls>,
    tls_ca: Option<PathBuf>,
    user: Option<String>,
    password: Option<PasswordSource>,
    from: Option<Mailbox>,
    cleartext_auth: bool,
}

impl Submitter {
    fn from_arguments(arguments: ServerArguments) -> Result<Self, Failure> {
        let account = match (&arguments.config, &arguments.account) {
            (Some(path), Some(name)) => Some(account(path, name)?),
            _ => None,
        };
        let password = arguments
            .password_file
            .map(PasswordSource::File)
            .or(arguments.password_fd.map(PasswordSource::Fd))
            .or(arguments.password_command.map(PasswordSource::Command));
        let account = account.as_ref();
        Ok(Self {
            // Another server than the account's is not meant to get the account's TLS mode.
            tls: arguments.tls.map(Tls::from).or_else(|| {
                account
                    .filter(|_| arguments.server.is_none())
                    .and_then(|account| account.tls)
            }),
            server: arguments
                .server
                .or_else(|| account.map(|account| account.server.clone())),
            tls_ca: arguments
                .tls_ca
                .or_else(|| account.and_then(|account| account.tls_ca.clone())),
            user: arguments
                .user
                .or_else(|| account.and_then(|account| account.user.clone())),
            password: password.or_else(|| account.and_then(|account| account.password.clone())),
            from: account.and_then(|account| account.from.clone()),
            cleartext_auth: arguments.danger_cleartext_auth,
        })
    }

    /// The sender, where none is named.
    fn mailbox(&self) -> Option<Mailbox> {
        self.from
            .clone()
            .or_else(|| self.user.as_ref()?.parse().ok())
    }

    async fn server(self) -> Result<Server, Failure> {
        let address = self
            .server
            .ok_or_else(|| Failure::new(exit::USAGE, "no server is named by --server"))?;
        let mut builder = Server::builder(address.host);
        if let Some(port) = address.port {
            builder = builder.port(port);
        }
        if let Some(tls) = self.tls {
            builder = builder.security(tls.into());
        }
        if let Some(path) = self.tls_ca {
            builder = builder.tls(TlsClient::builder().ca_file(path)?.build()?);
        }
        if self.cleartext_auth {
            builder = builder.danger_cleartext_auth();
        }
        match (self.user, self.password) {
            (Some(user), Some(source)) => {
                let password = source
                    .read()
                    .await
                    .map_err(|error| Failure::of(exit::CONFIG, &error))?;
                let credentials = Credentials::new(user, password)
                    .map_err(|error| Failure::of(exit::CONFIG, &error))?;
                builder = builder.credentials(credentials);
            }
            (Some(_), None) => {
                let message = "there is a user and no password: add --password-file, \
                               --password-fd or --password-command";
                return Err(Failure::new(exit::USAGE, message));
            }
            (None, Some(_)) => {
                return Err(Failure::new(
                    exit::USAGE,
                    "there is a password and no --user",
                ));
            }
            (None, None) => {}
        }
        Ok(builder.build()?)
    }
}

fn account(path: &PathBuf, name: &str) -> Result<Account, Failure> {
    let config = Config::load(path).map_err(|error| Failure::of(exit::CONFIG, &error))?;
    config
        .account(name)
        .cloned()
        .map_err(|error| Failure::of(exit::CONFIG, &error))
}

/// Sends, unless a signal comes first. A mail that has left is waited for, until a second one.
async fn finish_or_interrupt(
    client: &Client,
    message: Message,
    transfer: &Transfer,
) -> Result<Receipt, Failure> {
    let no_signals = |error: std::io::Error| Failure::of(exit::OS_ERROR, &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut sending = Box::pin(client.send(message));
    let mut waits_for_reply = false;
    loop {
        let (status, signal) = tokio::select! {
            biased;
            result = &mut sending => return Ok(result?),
            _ = interrupt.recv() => (exit::INTERRUPTED, "interrupted"),
            _ = terminate.recv() => (exit::TERMINATED, "terminated"),
        };
        if waits_for_reply {
            return Err(unanswered(signal));
        }
        if transfer.is_done() {
            transfer.clear_bar();
            report::notice(&format!(
                "{signal}: the mail has left, waiting for the server's answer \
                 (once more to stop at once)"
            ));
            waits_for_reply = true;
            continue;
        }
        drop(sending);
        // It may have left at the last moment, and then its answer is waited for.
        let closed = tokio::select! {
            () = client.close() => true,
            _ = interrupt.recv() => false,
            _ = terminate.recv() => false,
        };
        return Err(if closed && !transfer.is_done() {
            Failure::new(status, format!("{signal}: the mail was not sent"))
        } else {
            unanswered(signal)
        });
    }
}

fn unanswered(signal: &str) -> Failure {
    let message = format!(
        "{signal}: the mail left whole and its answer was not waited for: look whether it arrived \
         before sending it again"
    );
    Failure::new(exit::UNKNOWN, message)
}
