//! `account add`: finds the server, asks for the secret, proves both, and writes the configuration.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pilotfish::address::{AddrSpec, Mailbox};
use pilotfish::config::{Account, Config};
use pilotfish::services::Service;
use pilotfish::{Message, Secret, Security};
use serde_json::json;
use toml_edit::Value;

use super::oauth::with_oauth;
use super::secret::{Asked, ask};
use super::store::Store;
use super::{login, said, server};
use crate::args::{AccountAddArguments, GlobalArguments};
use crate::connection::Connection;
use crate::exit;
use crate::failure::Failure;
use crate::output::logging::Watch;
use crate::output::report;
use crate::output::submission::{Submission, TypedAddresses};
use crate::settings::{ConfigFile, configuration, in_shell, shown_path};
use crate::terminal::question::Questions;
use crate::terminal::style::{CYAN, Mark, Stream, painted};

/// An account that is being set up.
pub(super) struct Setup {
    pub(super) name: String,
    pub(super) address: AddrSpec,
    pub(super) service: Option<&'static Service>,
    pub(super) account: Account,
    /// What the file of accounts will have.
    pub(super) keys: Vec<(&'static str, Value)>,
    login: Login,
}

/// How an account logs in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Login {
    /// By a secret that has to be asked for.
    Asked,
    /// By a secret whose place the command line says.
    Named,
    /// With OAuth 2.0.
    OAuth,
    /// Not at all.
    None,
}

/// Sets up an account.
pub(super) async fn add(
    arguments: AccountAddArguments,
    global: &GlobalArguments,
    watch: &Watch,
) -> Result<(), Failure> {
    arguments.check_commands()?;
    let is_tested = !arguments.no_test;
    let address = parsed(&arguments.address)?;
    let config = configuration_or_none(global).await?;
    if let Some(name) = &arguments.name {
        is_new(&config, name)?;
    }
    let mut file = ConfigFile::of_user(global)?;
    let questions = Questions::open(global.no_input);
    let server = server::find(&arguments, &address, questions.as_ref(), global).await?;
    let mut setup = setup(arguments, address, &server)?;
    is_new(&config, &setup.name)?;
    if is_tested && !server.is_proved {
        let connection = Connection::of_account(setup.account.clone(), Some(setup.name.clone()));
        let proof = login::server(&setup.account).await;
        let proof = proof.map_err(|failure| {
            let failure = failure.advised(&connection);
            server.unreachable(failure)
        })?;
        said(
            global,
            &Stream::stderr().marked(Mark::Done, proof.of_server()),
        );
    }
    let mut stored = None;
    if setup.login == Login::OAuth {
        let added = with_oauth(questions.as_ref(), setup, file, is_tested, global, watch);
        return Box::pin(added).await;
    }
    if setup.login == Login::Asked {
        let questions = questions.as_ref().ok_or_else(cannot_ask)?;
        stored = Some(asked(questions, &mut setup, &file, is_tested).await?);
    } else if is_tested {
        let connection = Connection::of_account(setup.account.clone(), None);
        let proof = login::proof(&setup.account, &setup.name, global).await;
        proof.map_err(|failure| failure.advised(&connection))?;
    }
    let from = setup.account.from.as_ref();
    let from = from.map_or_else(String::new, ToString::to_string);
    setup.keys.push(("from", from.into()));
    file.add_account(&setup.name, setup.keys.clone());
    if let Some((store, secret)) = &stored {
        // The configuration never names a file that is not there.
        file.reserve().await?;
        let place = store.keep_new(&mut file, &setup.name, secret).await?;
        let text = format!("password stored in {place}");
        said(global, &Stream::stderr().marked(Mark::Done, text));
    }
    file.save().await?;
    let is_default = file.default() == Some(&setup.name);
    let path = shown_path(file.path());
    let mut end = match (is_tested, setup.login) {
        (true, Login::Named) => "; login tested".to_owned(),
        (true, Login::None) => "; the server answers".to_owned(),
        _ => String::new(),
    };
    if is_default {
        end.push_str("; it is the default");
    }
    let object = json!({
        "schema": "pilotfish.account-add/1", "name": setup.name,
        "address": setup.address.to_string(), "server": super::list::place(&setup.account),
        "user": setup.account.user, "file": file.path().display().to_string(),
        "default": is_default, "tested": is_tested,
    });
    let text = format!("account {} written to {path}{end}", setup.name);
    super::done(global, &text, &object);
    // A program that reads the object reads one.
    let questions = questions.filter(|_| !global.json);
    if let (Some(questions), true, Login::Asked) = (&questions, is_tested, setup.login) {
        send_test(questions, &setup, file.path(), global).await?;
    }
    if questions.is_some() {
        let account = if is_default {
            String::new()
        } else {
            format!("-A {} ", in_shell(&setup.name))
        };
        let next =
            format!("pilotfish send {account}ann@example.org -s 'A shark' -m 'Look.' -a shark.png");
        said(global, &format!("next: {}", painted(CYAN, next)));
    }
    Ok(())
}

/// An account is never overwritten.
fn is_new(config: &Config, name: &str) -> Result<(), Failure> {
    if !config.accounts.contains_key(name) {
        return Ok(());
    }
    let failure = Failure::usage(format!("there is an account {name} already"));
    let failure = failure.with_help(format!(
        "another account: --name {}",
        in_shell(&format!("{name}2"))
    ));
    Err(failure.with_help(format!(
        "another password for it: pilotfish auth set {}",
        in_shell(name)
    )))
}

/// The address of the account.
fn parsed(address: &str) -> Result<AddrSpec, Failure> {
    address.parse().map_err(|error| {
        Failure::usage(format!("{error}")).with_help("pilotfish account add me@example.org")
    })
}

/// The configuration; a file of `--config` that does not exist has no accounts yet.
async fn configuration_or_none(global: &GlobalArguments) -> Result<Config, Failure> {
    match &global.config {
        Some(path) if !path.exists() => Ok(Config::default()),
        _ => configuration(global).await,
    }
}

/// The account for this server, with what the command line says.
fn setup(
    arguments: AccountAddArguments,
    address: AddrSpec,
    found: &server::Found,
) -> Result<Setup, Failure> {
    let service = found.service;
    let domain = address.domain().to_string();
    let label = domain.split('.').next().unwrap_or_default();
    let own = Service::of_domain(&domain);
    let name = arguments.name.clone();
    let name = name.unwrap_or_else(|| own.map_or(label, |service| service.key).to_owned());
    let mut account = Account::new(&found.server)?;
    account.tls = found.security;
    account.tls_ca = arguments.tls_ca.map(absolute).transpose()?;
    account.tls_fingerprint.extend(arguments.tls_fingerprint);
    account.from = Some(Mailbox::new(address.clone()));
    account.password_file = arguments.password_file.map(absolute).transpose()?;
    account.password_command = arguments.password_command;
    account.password_env = arguments.password_env;
    account.password_keyring = arguments.password_keyring;
    account.token_command = arguments.token_command;
    let has_source = account.password_file.is_some()
        || account.password_command.is_some()
        || account.password_env.is_some()
        || account.password_keyring.is_some()
        || account.token_command.is_some();
    let needs_oauth = service.is_some_and(|service| service.secret == "oauth");
    let login = match (arguments.no_login, has_source) {
        (true, _) => Login::None,
        (false, true) => Login::Named,
        (false, false) if arguments.oauth || needs_oauth => Login::OAuth,
        (false, false) => Login::Asked,
    };
    if login != Login::None {
        let of_service = service.and_then(|service| service.user_of(&address.to_string()));
        let user = arguments.user.or(account.user).or(of_service);
        account.user = Some(user.unwrap_or_else(|| address.to_string()));
    }
    let keys = keys(&found.server, &account);
    // Contradictions are found before anything is asked.
    let account = Account::default().with_overrides(account)?;
    if login != Login::None && account.security() == Security::Cleartext {
        let message = "without TLS no password is sent, because anybody on the way could read it";
        let failure = Failure::usage(message);
        return Err(failure.with_help("for a relay that needs no login, add --no-login"));
    }
    Ok(Setup {
        name,
        address,
        service,
        account,
        keys,
        login,
    })
}

/// A path that means the same in a file elsewhere.
fn absolute(path: PathBuf) -> Result<PathBuf, Failure> {
    if path.starts_with("~") {
        return Ok(path);
    }
    std::path::absolute(&path).map_err(|error| {
        Failure::io(
            exit::CONFIG,
            format!("cannot use the path {}", path.display()),
            error,
        )
    })
}

/// The keys that are set, but for the sender.
fn keys(server: &str, account: &Account) -> Vec<(&'static str, Value)> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let fingerprint = account.tls_fingerprint.first().map(ToString::to_string);
    let keys = [
        ("server", Some(server.to_owned())),
        ("tls", account.tls.map(|mode| mode.to_string())),
        ("tls-ca", path(&account.tls_ca)),
        ("tls-fingerprint", fingerprint),
        ("user", account.user.clone()),
        ("password-file", path(&account.password_file)),
        ("password-command", account.password_command.clone()),
        ("password-env", account.password_env.clone()),
        ("password-keyring", account.password_keyring.clone()),
        ("token-command", account.token_command.clone()),
    ];
    let keys = keys.into_iter();
    keys.filter_map(|(key, value)| Some((key, value?.into())))
        .collect()
}

fn cannot_ask() -> Failure {
    Failure::usage("the password cannot be asked for: there is no terminal, or --no-input")
        .with_help(
            "say where it is: --password-command CMD, --password-file FILE or --password-env NAME",
        )
}

/// Asks for the secret until it logs in, and where to store it.
async fn asked(
    questions: &Questions,
    setup: &mut Setup,
    file: &ConfigFile,
    is_tested: bool,
) -> Result<(Store, Secret), Failure> {
    if let Some(service) = setup.service {
        for line in steps(service) {
            questions.say(&line).map_err(Failure::terminal)?;
        }
    }
    let Asked { secret, proof } = ask(questions, &setup.account, setup.service, is_tested).await?;
    if proof.is_some() {
        let user = setup.account.user.clone().unwrap_or_default();
        let text = format!("logged in as {user}");
        let line = questions.stream().marked(Mark::Done, text);
        questions.say(&line).map_err(Failure::terminal)?;
    }
    ask_name(questions, setup).await?;
    let store = Store::ask(questions, "password", file.password_file(&setup.name)).await?;
    let (key, value) = store.key(&setup.name);
    setup.keys.push((key, value.into()));
    Ok((store, secret))
}

/// How the secret is made at the service.
fn steps(service: &Service) -> Vec<String> {
    let mut lines = Vec::new();
    let (Some(page), true) = (service.page, service.secret == "app password") else {
        return lines;
    };
    lines.push(format!(
        "{} needs an app password here, not the password of the account.",
        service.name
    ));
    let mut steps = Vec::new();
    if let Some(two_step) = service.two_step {
        steps.push(format!(
            "Turn on 2-Step Verification:  {}",
            painted(CYAN, two_step)
        ));
    }
    steps.push(format!(
        "Make an app password:         {}",
        painted(CYAN, page)
    ));
    let letters = service.length.map(|length| format!(" {length} letters"));
    let letters = letters.map_or_else(|| "it".to_owned(), |letters| format!("its{letters}"));
    let blanks = if service.no_blanks {
        "Blanks do not matter, and nothing"
    } else {
        "Nothing"
    };
    steps.push(format!("Paste {letters}. {blanks} is shown."));
    let numbered = steps.iter().enumerate();
    lines.extend(numbered.map(|(index, step)| format!("  {}. {step}", index + 1)));
    lines
}

/// Asks for the name that recipients see.
pub(super) async fn ask_name(questions: &Questions, setup: &mut Setup) -> Result<(), Failure> {
    let local_part = setup.address.local_part().to_string();
    let mut letters = local_part.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    let proposed = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    let question = format!("Your name, as recipients see it [{proposed}]:");
    let answer = questions.line(&question).await.map_err(Failure::terminal)?;
    let name = answer.filter(|name| !name.is_empty()).unwrap_or(proposed);
    let name = name
        .parse()
        .map_err(|error| Failure::usage(format!("in the name: {error}")))?;
    setup.account.from = Some(Mailbox::new(setup.address.clone()).with_name(name));
    Ok(())
}

/// Sends a mail to the account itself, if the person wants it.
async fn send_test(
    questions: &Questions,
    setup: &Setup,
    file: &Path,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let address = &setup.address;
    let question = format!("Send a test mail to {address}?");
    if questions
        .yes_or_no(&question, true)
        .await
        .map_err(Failure::terminal)?
    {
        let config = Config::load(file)?;
        let account = config.account(&setup.name)?;
        let server = account.server().await?;
        let message = Message::builder()
            .from(
                setup
                    .account
                    .from
                    .clone()
                    .unwrap_or_else(|| Mailbox::new(address.clone())),
            )
            .to(Mailbox::new(address.clone()))
            .subject("A test mail from Pilotfish")
            .text("Pilotfish can send mail by this account.\n")
            .build()
            .await;
        let message = message.map_err(|error| Failure::of(exit::DATA, &error))?;
        let mail = Submission {
            message,
            account: Some(setup.name.clone()),
            server: super::list::place(account),
            host: account.host().map(ToString::to_string).unwrap_or_default(),
            attempts: 1,
            typed: TypedAddresses::default(),
            concerns: Vec::new(),
        };
        let started = Instant::now();
        let client = account.client(server).build()?;
        let receipt = client.send(mail.message.clone()).await?;
        client.close().await;
        report::sent(global, &mail, &receipt, started.elapsed());
    }
    Ok(())
}
