//! What an envelope asks for beside delivery, and whether the server can do it.

use crate::address::Envelope;
use crate::address::envelope::{DeliverBy, Dsn, Hold, TlsOnward};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::protocol::{Extension, Extensions, Parameter, Parameters, RcptParameter};
use crate::transport::TlsParameters;

/// Adds what the envelope asks for to the parameters; an error if the server does not offer it,
/// or not so much of it.
pub(super) fn add_options(
    parameters: &mut Parameters,
    envelope: &Envelope,
    extensions: &Extensions,
    tls: Option<TlsParameters>,
) -> Result<()> {
    let options = envelope.options();
    let offers = |extension| extensions.offers(extension);
    if envelope.asks_for_dsn() {
        if offers(Extension::Dsn) {
            add_dsn(parameters, envelope);
        } else if options.dsn == Dsn::Required {
            let what = "notifications (RET, ENVID, NOTIFY or ORCPT)";
            return Err(not_offered("DSN", what));
        }
    }
    let mail = &mut parameters.mail;
    if let Some(by) = options.deliver_by {
        if !offers(Extension::DeliverBy) {
            return Err(not_offered("DELIVERBY", "a time to deliver by"));
        }
        deliverable(by, extensions)?;
        mail.push(Parameter::DeliverBy(by));
    }
    if let Some(hold) = options.hold {
        if !offers(Extension::FutureRelease) {
            return Err(not_offered("FUTURERELEASE", "a time to hold the mail"));
        }
        holdable(hold, extensions)?;
        mail.push(Parameter::Hold(hold));
    }
    if let Some(priority) = options.priority {
        if !offers(Extension::MtPriority) {
            return Err(not_offered("MT-PRIORITY", "a priority"));
        }
        mail.push(Parameter::Priority(priority));
    }
    if options.onward == TlsOnward::Required {
        if tls.is_none() || !offers(Extension::RequireTls) {
            return Err(no_tls_onward(tls));
        }
        mail.push(Parameter::RequireTls);
    }
    if let Some(submitter) = &options.submitter {
        if !offers(Extension::Auth) {
            return Err(not_offered("AUTH", "the name of who submitted the mail"));
        }
        mail.push(Parameter::Submitter(submitter.clone()));
    }
    Ok(())
}

fn add_dsn(parameters: &mut Parameters, envelope: &Envelope) {
    let options = envelope.options();
    let mail = &mut parameters.mail;
    mail.extend(options.ret.map(Parameter::Ret));
    mail.extend(options.id.clone().map(Parameter::EnvelopeId));
    let rcpt = envelope.recipient_options().map(|asked| {
        let notify = asked.notify.map(RcptParameter::Notify);
        let original = asked.original.map(RcptParameter::OriginalRecipient);
        notify.into_iter().chain(original).collect()
    });
    parameters.rcpt = rcpt.collect();
}

/// RFC 2852: the least time is for mails that are to be returned.
fn deliverable(by: DeliverBy, extensions: &Extensions) -> Result<()> {
    let least = extensions.least_deliver_by().unwrap_or_default();
    if by.returns() && i64::from(by.seconds()) < i64::from(least) {
        return Err(invalid(format!(
            "the server takes no mail that is to be delivered within {} seconds or returned: give \
             it {least} or more",
            by.seconds()
        )));
    }
    Ok(())
}

fn holdable(hold: Hold, extensions: &Extensions) -> Result<()> {
    let limits = extensions.future_release();
    match hold {
        Hold::For(interval) => match limits.longest {
            Some(longest) if interval > longest => Err(invalid(format!(
                "the server holds no mail for {interval} seconds: hold it for {longest} or less"
            ))),
            _ => Ok(()),
        },
        Hold::Until(moment) => match limits.latest {
            Some(latest) if moment > latest => Err(invalid(format!(
                "the server holds no mail until {moment}: hold it until {latest} or earlier"
            ))),
            _ => Ok(()),
        },
    }
}

/// RFC 8689 section 4.2.1: without TLS, or without the extension, there is no sending.
fn no_tls_onward(tls: Option<TlsParameters>) -> Error {
    let why = match tls {
        None => "this session has no TLS: connect with it",
        Some(_) => "the server does not offer REQUIRETLS: leave that out, or use another server",
    };
    let message =
        format!("the mail is to be sent on by TLS alone, and that cannot be had (5.7.30): {why}");
    Error::new(ErrorKind::Unsupported, message).at(Stage::Mail)
}

fn not_offered(keyword: &str, what: &str) -> Error {
    let message = format!(
        "the mail asks for {what}, which this server does not offer ({keyword}): leave it out, or \
         use another server"
    );
    Error::new(ErrorKind::Unsupported, message).at(Stage::Mail)
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message).at(Stage::Mail)
}
