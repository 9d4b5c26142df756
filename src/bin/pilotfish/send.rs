//! `pilotfish send`.

mod again;
mod concern;
mod confirm;
mod copy;
mod deferred;
mod delivery;
mod draft;
mod editor;
mod text;

use std::path::PathBuf;

use pilotfish::address::envelope::Options;
use pilotfish::address::{Address, ReversePath};
use pilotfish::message::BodyType;

use crate::args::{GlobalArguments, MailArguments, SendArguments};
use crate::compose::{compose, list};
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::input::Input;
use crate::input::raw::{self, Finished};
use crate::output::dry_run::{self, Output};
use crate::output::logging;
use crate::output::report;
use crate::output::submission::TypedAddresses;
use crate::stop::Stops;
use crate::usage;
use concern::Concern;
use copy::CopyPlace;
pub(crate) use delivery::{Delivered, Outgoing, deliver, finish_or_stop};
use text::with_text;

/// The finished message, if one is sent.
async fn finished(mail: &MailArguments) -> Result<Option<Finished>, Failure> {
    match mail.raw.raw.clone() {
        Some(input) => raw::finished(input, "--raw").await.map(Some),
        None => Ok(None),
    }
}

/// Sends one mail, prints what became of it, and returns the exit status.
pub(crate) async fn run(arguments: SendArguments, global: &GlobalArguments) -> u8 {
    let SendArguments {
        server,
        mut mail,
        delivery,
        dkim,
        sending,
        dry_run,
        schema,
    } = arguments;
    if let Some(schema) = schema {
        return report::page(schema.trim_end());
    }
    let watch = logging::init(global);
    let mut draft = None;
    let is_dry_run = dry_run.dry_run;
    let sent = async {
        with_recipients(&mut mail)?;
        let bcc = list("--bcc", &mail.addresses.bcc)?;
        let paths = mail.inputs().filter_map(Input::path);
        let read: Vec<_> = paths.map(PathBuf::from).collect();
        let body = mail.content.body_type;
        let mut stops = Stops::new()?;
        stops.set_total_time(server.network.total_time());
        let reading = finished(&mail);
        let finished = stops.unless(Interrupted::NotSent(None), reading).await?;
        let author = finished.as_ref().and_then(Finished::author);
        let sender = mail.addresses.from.as_deref().or(author.as_deref());
        let names_server = server.server.is_some();
        let opened = Connection::open_within(stops, global, server, dkim.dkim()?, sender).await;
        let (mut connection, mut stops) = opened?;
        if !is_dry_run {
            connection.require_account()?;
        }
        let has_sender = mail.addresses.from.is_some() || connection.account.sender().is_some();
        if !has_sender && mail.raw.raw.is_none() && names_server {
            let help = "--server is used without an account: add --from, or leave --server out";
            return Err(Failure::usage("there is no sender").with_help(help));
        }
        if let Some(path) = &connection.account.envelope_from {
            let own = || match path {
                ReversePath::Address(address) => address.to_string(),
                ReversePath::Null => "<>".to_owned(),
            };
            mail.addresses.envelope_from.get_or_insert_with(own);
        }
        connection.account.retry = sending.retry.or(connection.account.retry);
        let copy = (sending.save_copy.clone()).map(|path| CopyPlace::at(path, &bcc));
        let copy = copy.transpose()?;
        let text = with_text(&mut mail, &mut draft, &connection, &mut stops, global);
        Box::pin(text).await?;
        let found = concern::concerns(&mail);
        let asked = Box::pin(confirm::confirm(
            &mut mail,
            &found,
            sending.confirm(),
            global,
        ));
        stops.unless(Interrupted::NotSent(None), asked).await?;
        // Without those that the answer has mended.
        let concerns = concern::concerns(&mail);
        let addresses = &mail.addresses;
        let typed = [&addresses.to, &addresses.cc, &addresses.bcc];
        let typed = TypedAddresses::of(typed.into_iter().flatten());
        let finished = finished.map(|finished| finished.body);
        let message = async {
            let signer = connection.signer(body).await?;
            let message = compose(mail, finished, connection.account.sender()).await?;
            signed(message, signer.as_ref()).await
        };
        let message = Box::pin(message);
        let message = stops.unless(Interrupted::NotSent(None), message).await?;
        report::warnings(global, &message);
        if is_dry_run {
            let most = body.unwrap_or(BodyType::SevenBit);
            let output = Output::of_dry_run(&dry_run.output);
            let written = dry_run::write(&message, most, &output, &read);
            stops.unless(Interrupted::NotWritten, written).await?;
            return Ok(exit::OK);
        }
        let mut options: Options = delivery.into();
        options.each.notify = options.each.notify.or(connection.account.dsn);
        options.ret = options.ret.or(connection.account.dsn_return);
        let outgoing = Outgoing {
            message,
            options,
            typed,
            concerns: concerns.iter().map(Concern::shown).collect(),
            copy,
        };
        let delivered = deliver(connection, outgoing, global, watch, stops).await;
        Ok(delivered.status)
    };
    let sent = Box::pin(sent).await;
    let status = sent.unwrap_or_else(|failure| report::failed(global, None, &failure));
    if let Some(draft) = draft {
        draft.ends(status, is_dry_run);
    }
    status
}

/// Takes the arguments that are recipients among those of --to.
fn with_recipients(mail: &mut MailArguments) -> Result<(), Failure> {
    let recipients = std::mem::take(&mut mail.addresses.recipients);
    let is_link = |word: &&String| {
        word.get(..7)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("mailto:"))
    };
    if let Some(link) = recipients.iter().find(is_link) {
        let message = format!("'{}' is not an address", usage::shown(link));
        let address = link.get(7..).unwrap_or_default();
        let help = format!("leave mailto: out: {}", usage::shown(address));
        return Err(Failure::bad_mail(message).with_help(help));
    }
    if let Some(word) = recipients.iter().find(|word| usage::is_url(word)) {
        let message = format!("{} is no recipient", usage::shown(word));
        let help = "the server is --server HOST[:PORT], and the login --user NAME and \
                    --password-file FILE";
        return Err(Failure::usage(message).with_help(help));
    }
    if let Some(word) = recipients.iter().find(|word| !word.contains('@')) {
        let message = format!("'{}' is not an address: it has no @", usage::shown(word));
        return Err(match usage::split_word(word) {
            Some(tip) => Failure::usage(message).with_help(tip),
            None => Failure::bad_mail(message),
        });
    }
    for word in &recipients {
        Address::parse_list(word)
            .map_err(|error| Failure::bad_mail(format!("in the recipient {word}: {error}")))?;
    }
    mail.addresses.to.extend(recipients);
    let addresses = &mail.addresses;
    let mut lists = [&addresses.to, &addresses.cc, &addresses.bcc].into_iter();
    if lists.all(Vec::is_empty) && !mail.raw.read_recipients {
        let mut failure = Failure::usage("no recipient");
        let files = mail
            .content
            .attach
            .iter()
            .filter_map(|spec| spec.input.path());
        if let Some(word) = files.skip(1).find(|path| !path.exists()) {
            let word = word.display();
            failure = failure.with_help(format!(
                "-a takes all names after it as files, and {word} as well: a recipient has an @"
            ));
        }
        return Err(if mail.raw.raw.is_some() {
            failure.with_help("-t takes the recipients from the fields of the finished message")
        } else {
            failure.with_help("pilotfish send ann@example.org -s Hello < text")
        });
    }
    if mail.raw.read_recipients && mail.raw.raw.is_none() {
        let message = "-t takes the recipients from a finished message, and there is none";
        return Err(Failure::usage(message).with_help("add --raw FILE, or leave -t out"));
    }
    Ok(())
}
