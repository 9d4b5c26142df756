//! `pilotfish sendmail`, also under the names `sendmail`, `mailq` and `newaliases`: takes mail from
//! programs as sendmail(1) does.

pub(crate) mod aliases;
mod dots;
mod flags;
mod page;
mod smtp;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pilotfish::Message;
use pilotfish::address::envelope::Options;
use pilotfish::address::{AddrSpec, DisplayName, Domain, Envelope, Mailbox, ReversePath};
use pilotfish::config::Config;
use pilotfish::message::{Body, RawBuilder};

use self::aliases::Aliases;
use self::flags::{Flags, Mode};
use crate::args::help::version;
use crate::args::{GlobalArguments, ServerArguments};
use crate::compose::cannot_make;
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::raw::Finished;
use crate::input::{self, Input, blocking};
use crate::output::logging::{self, Watch};
use crate::output::report::{self, answer, failed, help_alone};
use crate::output::submission::TypedAddresses;
use crate::send::{Delivered, Outgoing, deliver};
use crate::settings::configuration;
use crate::stop::Stops;

pub(crate) use page::{FLAGS, IGNORED, PARAGRAPHS, TASKS, USAGES, help};

/// The names under which the program is sendmail, and the flag that each stands for.
const NAMES: [(&str, Option<&str>); 3] = [
    ("sendmail", None),
    ("mailq", Some("-bp")),
    ("newaliases", Some("-bi")),
];

/// The command line, with all that follows `sendmail` kept together: its flags are not those of the
/// other commands. A program that is called by one of the names of sendmail is that command.
pub(crate) fn as_command(mut line: Vec<OsString>) -> Vec<OsString> {
    let program = line.first().map(Path::new).and_then(Path::file_name);
    let named = NAMES
        .into_iter()
        .find(|(name, _)| program == Some(name.as_ref()));
    if let Some((_, flag)) = named {
        let begin = ["pilotfish", "sendmail", "--"].into_iter().chain(flag);
        return begin.map(OsString::from).chain(line.split_off(1)).collect();
    }
    let mut at = 1;
    while let Some(argument) = line.get(at).and_then(|argument| argument.to_str()) {
        at += match argument {
            "sendmail" => {
                line.insert(at + 1, "--".into());
                break;
            }
            "-A" | "--account" | "-C" | "--config" | "--color" => 2,
            option if option.starts_with('-') => 1,
            _ => break,
        };
    }
    line
}

/// Does what the caller asks for, and returns the exit status.
pub(crate) async fn run(arguments: &[OsString], global: &GlobalArguments) -> u8 {
    // With more arguments, -h is the number of hops.
    if arguments == ["-h"] || arguments.iter().any(|argument| argument == "--help") {
        return report::page(&help());
    }
    if arguments == ["--version"] {
        return report::page(&version());
    }
    let flags = match Flags::parse(arguments) {
        Ok(flags) => flags,
        Err(failure) => return failed(global, None, &failure),
    };
    let global = GlobalArguments {
        account: flags.account.clone().or_else(|| global.account.clone()),
        config: flags.config.clone().or_else(|| global.config.clone()),
        verbose: global.verbose.saturating_add(flags.verbose),
        // Callers such as cron send what they read.
        quiet: flags.verbose == 0 && global.verbose == 0,
        log: flags.log.clone().or_else(|| global.log.clone()),
        no_input: true,
        is_silent: flags.is_quiet,
        ..global.clone()
    };
    if global.quiet || global.is_silent {
        global.logins.keep_quiet();
    }
    match flags.mode {
        Mode::Nothing => exit::OK,
        Mode::ListQueue => report::page("the queue is empty"),
        Mode::Verify => verify(&flags, &global).await,
        Mode::Smtp => smtp::serve(&global).await,
        Mode::Deliver => {
            let watch = logging::init(&global);
            // The caller writes all of the message, whatever the configuration is like.
            let body = input::raw::finished(Input::Stdin, "standard input").await;
            let sent = async { send(body?, &flags, &global, watch).await };
            let status = match Box::pin(sent).await {
                Ok(delivered) => delivered.status,
                Err(failure) => failed(&global, None, &failure),
            };
            if status == exit::PARTIAL && !flags.is_quiet {
                // Callers such as git say that the mail failed, and invite to repeat it.
                help_alone(
                    "do not repeat the command: it would send the mail again to those who have it",
                );
            }
            for_callers(status)
        }
    }
}

/// The status for callers, which do not know the statuses of Pilotfish: a mail that some recipients
/// have, or may have, is not sent again.
fn for_callers(status: u8) -> u8 {
    match status {
        exit::PARTIAL => exit::DATA,
        exit::UNKNOWN => exit::IO_ERROR,
        status => status,
    }
}

/// Sends a message.
async fn send(
    finished: Finished,
    flags: &Flags,
    global: &GlobalArguments,
    watch: Watch,
) -> Result<Delivered, Failure> {
    let config = configuration(global).await?;
    if let Some(name) = &flags.account {
        // Callers that mean something else by -A must not send from another account.
        config.account(name).map_err(Failure::usage)?;
    }
    let names = LocalNames::of(config)?;
    let author = match &flags.sender {
        None => finished.author(),
        Some(_) => None,
    };
    let sender = flags.sender.as_deref().filter(|sender| !sender.is_empty());
    let sender = sender.or(author.as_deref());
    let server = ServerArguments::default();
    let (connection, mut stops) = Connection::open(global, server, None, sender).await?;
    connection.require_account()?;
    let made = message(finished.body, flags, &names, &connection);
    let made = stops.unless(Interrupted::NotSent(None), made).await?;
    deliver_quietly(connection, made, flags, global, watch, stops).await
}

async fn deliver_quietly(
    connection: Connection,
    message: Message,
    flags: &Flags,
    global: &GlobalArguments,
    watch: Watch,
    stops: Stops,
) -> Result<Delivered, Failure> {
    let mut options = Options::default();
    options.partial = flags.partial;
    options.each.notify = flags.notify.or(connection.account.dsn);
    options.ret = flags.ret.or(connection.account.dsn_return);
    options.id.clone_from(&flags.envelope_id);
    let outgoing = Outgoing {
        message,
        options,
        typed: TypedAddresses::default(),
        concerns: Vec::new(),
        copy: None,
    };
    let delivered = deliver(connection, outgoing, global, watch, stops);
    Ok(Box::pin(delivered).await)
}

/// The message with its envelope: local names are completed and replaced by their aliases.
async fn message(
    body: Body,
    flags: &Flags,
    names: &LocalNames,
    connection: &Connection,
) -> Result<Message, Failure> {
    let account = &connection.account;
    let author = author(flags, account.sender())?;
    let mut builder = Message::raw(body)
        .local_domain(names.domain.clone())
        .repair();
    for recipient in &flags.recipients {
        builder = builder.to(names.list(recipient)?);
    }
    if flags.read_recipients {
        builder = builder.recipients_from_fields();
    }
    let reverse_path = match &flags.sender {
        Some(sender) if sender.is_empty() => Some(ReversePath::Null),
        Some(sender) => Some(names.one(sender)?.into_addr_spec().into()),
        None => account.envelope_from.clone(),
    };
    let reverse_path = reverse_path.or_else(|| Some(account.sender()?.into_addr_spec().into()));
    if let Some(path) = reverse_path {
        builder = builder.reverse_path(path);
    }
    if let Some(author) = author {
        builder = builder.from(author);
    }
    let message = built(builder).await?;
    let envelope = names.resolved(message.envelope()).await?;
    let message = message.with_envelope(envelope);
    let signer = connection.signer(None).await?;
    signed(message, signer.as_ref()).await
}

async fn built(builder: RawBuilder) -> Result<Message, Failure> {
    let message = builder.build().await;
    message.map_err(|error| cannot_make(&error))
}

/// The author of a message that names none.
fn author(flags: &Flags, sender: Option<Mailbox>) -> Result<Option<Mailbox>, Failure> {
    let Some(name) = &flags.full_name else {
        return Ok(sender);
    };
    let name: DisplayName = name
        .parse()
        .map_err(|error| Failure::usage(format!("in -F: {error}")))?;
    Ok(sender.map(|sender| sender.with_name(name)))
}

/// Names of this machine, which have no domain.
#[derive(Debug)]
struct LocalNames {
    domain: Domain,
    /// Whether the configuration says that these names have this domain.
    has_domain: bool,
    /// The file of the aliases. It is read when a local name needs it.
    aliases: Option<PathBuf>,
}

impl LocalNames {
    fn of(config: Config) -> Result<Self, Failure> {
        let has_domain = config.domain.is_some();
        let domain = match config.domain {
            Some(domain) => domain,
            None => this_machine()?,
        };
        Ok(Self {
            domain,
            has_domain,
            aliases: config.aliases,
        })
    }

    fn list(&self, text: &str) -> Result<Vec<Mailbox>, Failure> {
        let list = Mailbox::parse_list_with_domain(text, &self.domain);
        list.map_err(|error| Failure::bad_mail(format!("in a recipient: {error}")))
    }

    fn one(&self, text: &str) -> Result<Mailbox, Failure> {
        let mut list = self.list(text)?;
        match (list.pop(), list.is_empty()) {
            (Some(mailbox), true) => Ok(mailbox),
            _ => Err(Failure::usage("in -f: write one address")),
        }
    }

    /// The addresses with those of the aliases in place of their names.
    async fn addresses(&self, addresses: &[AddrSpec]) -> Result<Vec<AddrSpec>, Failure> {
        let is_local = |address: &AddrSpec| address.domain() == &self.domain;
        let aliases = match &self.aliases {
            Some(path) if addresses.iter().any(is_local) => {
                let path = path.clone();
                blocking(move || Aliases::load(&path)).await?
            }
            _ => Aliases::default(),
        };
        let mut found = Vec::new();
        for address in addresses {
            found.extend(aliases.resolve(address, &self.domain, self.has_domain)?);
        }
        Ok(found)
    }

    /// The envelope with the addresses of the aliases.
    async fn resolved(&self, envelope: &Envelope) -> Result<Envelope, Failure> {
        let paths = envelope.forward_paths().iter();
        let addresses: Vec<_> = paths.map(|path| path.addr_spec().clone()).collect();
        let paths = self.addresses(&addresses).await?;
        let envelope = Envelope::new(envelope.reverse_path().clone(), paths);
        envelope.map_err(|error| Failure::bad_mail(error.to_string()))
    }
}

/// The name of this machine, if it is a whole one. Such names need an alias to be reached.
fn this_machine() -> Result<Domain, Failure> {
    let name = rustix::system::uname();
    let name = name.nodename().to_str().unwrap_or_default().to_owned();
    let whole = name.parse().ok().filter(|_| name.contains('.'));
    match whole {
        Some(domain) => Ok(domain),
        None => "localhost".parse().map_err(Failure::bad_mail),
    }
}

/// Looks at the addresses, and says who gets their mail. No server is asked.
async fn verify(flags: &Flags, global: &GlobalArguments) -> u8 {
    let names = async { LocalNames::of(configuration(global).await?) };
    let names = match names.await {
        Ok(names) => names,
        Err(failure) => return failed(global, None, &failure),
    };
    let mut status = exit::OK;
    for recipient in &flags.recipients {
        let addresses = async {
            let mailboxes = names.list(recipient)?.into_iter();
            let addresses: Vec<_> = mailboxes.map(Mailbox::into_addr_spec).collect();
            names.addresses(&addresses).await
        };
        match addresses.await {
            Ok(addresses) => {
                let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                let shown = shown.join(", ");
                let printed = answer(&format!("{recipient}: {shown} (no server was asked)"));
                if let Err(failure) = printed {
                    return failed(global, None, &failure);
                }
            }
            Err(failure) => status = failed(global, None, &failure),
        }
    }
    status
}
