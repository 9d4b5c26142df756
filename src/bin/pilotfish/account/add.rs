//! `account add`: finds the server, asks for the secret, proves both, and writes the configuration.

use pilotfish::Secret;
use pilotfish::address::{AddrSpec, Mailbox};
use pilotfish::config::{Account, Config};
use pilotfish::services::Service;

use super::oauth::WithOAuth;
use super::secret::{Asked, ask};
use super::setup::{Login, Setup, setup};
use super::store::Store;
use super::{login, said, server, service_at, test_mail};
use crate::args::{AccountAddArguments, AuthLoginArguments, GlobalArguments};
use crate::auth::check_flags;
use crate::connection::Connection;
use crate::failure::{Failure, Interrupted};
use crate::output::advice::LoginCommand;
use crate::output::logging::Watch;
use crate::settings::{ConfigFile, configuration, in_shell};
use crate::stop::Stops;
use crate::terminal::question::Questions;
use crate::terminal::style::{CYAN, Mark, Stream, painted};

/// Sets up an account.
pub(super) async fn add(
    arguments: AccountAddArguments,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let again = LoginCommand::Add {
        again: arguments.again(),
        with_server: arguments.with_oauth_server(),
        with_client: arguments.with_client(),
    };
    let login = AuthLoginArguments {
        oauth: arguments.oauth.clone().flatten(),
        login: arguments.login.clone(),
        no_test: arguments.no_test,
        ..AuthLoginArguments::default()
    };
    let questions = Questions::open(global.no_input);
    let prepared = Box::pin(prepared(arguments, questions.as_ref(), global));
    let (setup, file) = stops.unless(Interrupted::NotStored, prepared).await?;
    if setup.login == Login::OAuth {
        let oauth = WithOAuth {
            setup,
            file,
            login,
            again,
        };
        return Box::pin(oauth.add(questions, global, watch, stops)).await;
    }
    Box::pin(with_secret(setup, file, questions, global, watch, stops)).await
}

/// Finds the server, and sees whether it answers.
async fn prepared(
    arguments: AccountAddArguments,
    questions: Option<&Questions>,
    global: &GlobalArguments,
) -> Result<(Setup, ConfigFile), Failure> {
    arguments.check_commands()?;
    let address = parsed(&arguments.address)?;
    check_oauth(&arguments, &address)?;
    let file = ConfigFile::of_user(global)?;
    let config = configuration_or_none(global).await?;
    if let Some(name) = &arguments.name {
        is_new(&config, name)?;
    }
    let server = server::find(&arguments, &address, questions, global).await?;
    let setup = setup(arguments, address, &server)?;
    is_new(&config, &setup.name)?;
    if setup.is_tested && !server.is_proved {
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
    Ok((setup, file))
}

/// Adds an account that logs in by a password, by a token that another program has, or not at all.
async fn with_secret(
    mut setup: Setup,
    mut file: ConfigFile,
    questions: Option<Questions>,
    global: &GlobalArguments,
    watch: &Watch,
    stops: &mut Stops,
) -> Result<(), Failure> {
    let stored = Box::pin(store(&mut setup, &mut file, questions.as_ref(), global));
    let stored = stops.unless(Interrupted::NotStored, stored).await;
    if stored.is_err() {
        file.undo().await;
    }
    stored?;
    let is_default = file.default() == Some(&setup.name);
    setup.say_written(file.path(), is_default, global);
    // A program that reads the object reads one.
    let questions = questions.filter(|_| !global.json);
    if let (Some(questions), true, Login::Asked) = (&questions, setup.is_tested, setup.login) {
        Box::pin(test_mail::offer(
            questions,
            &setup,
            file.path(),
            global,
            watch,
            stops,
        ))
        .await?;
    }
    if questions.is_some() {
        setup.say_next(is_default, global);
    }
    Ok(())
}

/// Asks for the secret if it is not named, proves it, and writes the configuration.
async fn store(
    setup: &mut Setup,
    file: &mut ConfigFile,
    questions: Option<&Questions>,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let mut stored = None;
    if setup.login == Login::Asked {
        let questions = questions.ok_or_else(cannot_ask)?;
        stored = Some(asked(questions, setup, file).await?);
    } else if setup.is_tested {
        let connection = Connection::of_account(setup.account.clone(), None);
        let proof = login::proof(&setup.account, &setup.name, global).await;
        proof.map_err(|failure| failure.advised(&connection))?;
    }
    setup.add_sender();
    file.add_account(&setup.name, setup.keys.clone());
    if let Some((store, secret)) = &stored {
        // The configuration never names a file that is not there.
        file.reserve().await?;
        let place = store.keep_new(file, &setup.name, secret).await?;
        let text = format!("password stored in {place}");
        said(global, &Stream::stderr().marked(Mark::Done, text));
    }
    file.save().await
}

/// An account is never overwritten.
fn is_new(config: &Config, name: &str) -> Result<(), Failure> {
    let Some(account) = config.accounts.get(name) else {
        return Ok(());
    };
    let failure = Failure::usage(format!("there is an account {name} already"));
    let failure = failure.with_help(format!(
        "another account: --name {}",
        in_shell(&format!("{name}2"))
    ));
    let name = in_shell(name);
    Err(failure.with_help(if account.uses_oauth() {
        format!("log in again: pilotfish auth login {name}")
    } else {
        format!("another password for it: pilotfish auth set {name}")
    }))
}

/// Fails if the flags of a login with OAuth 2.0 do not fit, before anything is asked.
fn check_oauth(arguments: &AccountAddArguments, address: &AddrSpec) -> Result<(), Failure> {
    if let Some(Some(server)) = &arguments.oauth {
        return check_flags(server, false, &arguments.login);
    }
    let flags = arguments.login.flags();
    let Some((flag, _)) = flags.first().filter(|_| arguments.oauth.is_none()) else {
        return Ok(());
    };
    let domain = address.domain().to_string();
    let service = match &arguments.server {
        Some(server) => service_at(&Account::new(server)?, Some(&domain)),
        None => Service::of_domain(&domain),
    };
    let needs_oauth = service.is_some_and(|service| service.secret == "oauth");
    if needs_oauth && !arguments.no_login && !arguments.has_source() {
        return Ok(());
    }
    let failure = Failure::usage(format!("{flag} is for a login with OAuth 2.0"));
    Err(failure.with_help(format!("leave {flag} out, or add --oauth")))
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
) -> Result<(Store, Secret), Failure> {
    if let Some(service) = setup.service {
        for line in steps(service) {
            questions.say(&line).map_err(Failure::terminal)?;
        }
    }
    let Asked { secret, proof } =
        ask(questions, &setup.account, setup.service, setup.is_tested).await?;
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
