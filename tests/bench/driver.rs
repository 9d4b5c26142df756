//! Sends many mails over a few connections, for comparison with other clients.
//!
//! `driver --host H --port P --tls none|starttls|implicit [--ca FILE] [--name NAME] [--user U
//! --pass P] --mails N --conns C [--attach FILE] [--text OCTETS] [--from A] [--to B]
//! [--strategy grouped|eager|chunked|default]`
//!
//! Without `--strategy`, the last part of the program's name selects the strategy: a link named
//! `ours-eager` is eager. Any other name selects the default strategy, as a service has it. The
//! certificate is checked for NAME, and the connection goes to H. The password is on the command line because it protects nothing. The last
//! line of the output is a JSON object with the outcomes of the mails.

#![expect(clippy::print_stdout, reason = "the outcome goes to standard output")]

use std::collections::HashMap;
use std::process::ExitCode;

use futures_util::{StreamExt as _, stream};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::transport::TlsConfig;
use pilotfish::{Attachment, Client, Credentials, Message, Security, ServerConfig};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The command line, by flag.
struct Flags(HashMap<String, String>);

impl Flags {
    fn parse() -> Self {
        let mut arguments = std::env::args();
        let name = arguments.next().unwrap_or_default();
        let mut flags = HashMap::new();
        if let Some((_, strategy)) = name.rsplit_once('-') {
            flags.insert("strategy".to_owned(), strategy.to_owned());
        }
        while let (Some(flag), Some(value)) = (arguments.next(), arguments.next()) {
            flags.insert(flag.trim_start_matches('-').to_owned(), value);
        }
        Self(flags)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn required(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| format!("--{name} is missing").into())
    }

    fn server(&self) -> Result<ServerConfig> {
        let host = self.required("host")?;
        let mut builder = ServerConfig::builder(host).port(self.required("port")?.parse()?);
        builder = builder.security(match self.required("tls")? {
            "implicit" => Security::ImplicitTls,
            "starttls" => Security::StartTls,
            _ => Security::Cleartext,
        });
        if let Some(path) = self.get("ca") {
            let tls = TlsConfig::builder().ca_pem(std::fs::read(path)?);
            let tls = tls.server_name(self.get("name").unwrap_or(host));
            builder = builder.tls(tls.build()?);
        }
        if let (Some(user), Some(password)) = (self.get("user"), self.get("pass")) {
            builder = builder
                .credentials(Credentials::new(user, password)?)
                .danger_cleartext_auth();
        }
        Ok(builder.strategy(self.strategy()).build()?)
    }

    fn strategy(&self) -> Strategy {
        let mut strategy = Strategy::default();
        (strategy.pipelining, strategy.chunking) = match self.get("strategy") {
            Some("eager") => (Pipelining::Eager, Chunking::Never),
            Some("chunked") => (Pipelining::Auto, Chunking::Always),
            Some("grouped") => (Pipelining::Auto, Chunking::Never),
            _ => return strategy,
        };
        strategy
    }

    fn text(&self) -> Result<String> {
        let octets = self.get("text").map_or(Ok(2048), str::parse)?;
        let line = format!("{}\n", "x".repeat(76));
        let mut text = line.repeat(octets / 78 + 1);
        text.truncate(octets);
        Ok(text)
    }

    async fn message(&self, number: usize, text: &str) -> pilotfish::Result<Message> {
        let mut builder = Message::builder()
            .from(self.get("from").unwrap_or("sender@example.org"))
            .to(self.get("to").unwrap_or("recipient@example.org"))
            .subject(format!("Mail {number}"))
            .text(text);
        if let Some(path) = self.get("attach") {
            builder = builder.attach(
                Attachment::file(path)
                    .name("photo.jpg")
                    .media_type("image/jpeg"),
            );
        }
        Ok(builder.build().await?)
    }
}

/// Returns how many mails were sent and how many were not, and the last error.
async fn run(flags: Flags) -> Result<(usize, usize, String)> {
    let mails: usize = flags.required("mails")?.parse()?;
    if mails == 0 {
        return Ok((0, 0, String::new()));
    }
    let connections = flags.get("conns").map_or(Ok(1), str::parse)?;
    let text = flags.text()?;
    let client = Client::builder(flags.server()?)
        .max_connections(connections)
        .build()?;
    let built =
        stream::iter(0..mails).then(async |number| (number, flags.message(number, &text).await));
    let mut outcomes = client.send_all(built);
    // Each mail has a single recipient, which was accepted if this is not an error.
    let (mut sent, mut last_error) = (0, String::new());
    while let Some((_, result)) = outcomes.next().await {
        match result {
            Ok(_) => sent += 1,
            Err(error) => last_error = error.to_string(),
        }
    }
    client.close().await;
    Ok((sent, mails - sent, last_error))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (sent, failed, error) = run(Flags::parse())
        .await
        .unwrap_or_else(|error| (0, 1, error.to_string()));
    let error = error.escape_default();
    println!("{{\"sent\":{sent},\"failed\":{failed},\"error\":\"{error}\"}}");
    ExitCode::from(u8::from(failed > 0))
}
