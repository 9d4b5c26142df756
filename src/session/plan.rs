//! How a mail goes to a server: what MAIL and RCPT say, and how the message is written. All of it is
//! decided by the extensions that the server offers, before a command is sent.

use crate::address::Envelope;
use crate::address::envelope::{DeliverBy, Dsn, Hold, TlsOnward};
use crate::error::{Error, ErrorKind, Problem, Result, Stage};
use crate::message::{BodyType, Message, MessageReader, Rendition};
use crate::protocol::{
    BodyValue, Extension, Extensions, Parameter, Parameters, RcptParameter, TransferCommand,
};
use crate::transport::TlsParameters;

use super::mail::Mail;
use super::portions::Portion;

/// A mail that the server can take, as far as its extensions say.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) mail: Mail,
    pub(super) reader: MessageReader,
    pub(super) size: u64,
    pub(super) parameters: Parameters,
    /// The only command that can transfer the message, if there is only one.
    pub(super) only: Option<TransferCommand>,
    /// The portion of a larger mail that this is, if others follow.
    pub(super) portion: Option<Portion>,
}

/// The richest body type that the server offers to transfer.
pub(super) fn offered_body_type(extensions: &Extensions) -> BodyType {
    let offers = |extension| extensions.offers(extension);
    // RFC 6531 section 3.1: a server with SMTPUTF8 has 8BITMIME.
    if !offers(Extension::EightBitMime) && !offers(Extension::SmtpUtf8) {
        BodyType::SevenBit
    // RFC 3030 section 3: BINARYMIME is of use with CHUNKING alone.
    } else if offers(Extension::BinaryMime) && offers(Extension::Chunking) {
        BodyType::Binary
    } else {
        BodyType::EightBit
    }
}

/// Decides how a mail goes to a server with these extensions, which can carry body types up to `most` in
/// this session.
///
/// # Errors
///
/// The server could not take the mail: it lacks an extension, or the mail exceeds a limit.
pub(super) fn prepare(
    extensions: &Extensions,
    tls: Option<TlsParameters>,
    most: BodyType,
    mail: &Mail,
) -> Result<Prepared> {
    if mail.message.is_consumed() {
        return Err(Error::new(
            ErrorKind::Body,
            "the message has been sent before, and a body of it can be read only once: \
             give it as a file, or spool it",
        ));
    }
    let rendition = if extensions.offers(Extension::SmtpUtf8) {
        mail.message.rendition_with_smtputf8(most)
    } else {
        mail.message.rendition(most)
    };
    let parameters = parameters(extensions, tls, mail, &rendition)?;
    Ok(Prepared {
        mail: mail.clone(),
        size: rendition.exact_size(),
        // RFC 3030 section 3.
        only: (rendition.body_type() == BodyType::Binary).then_some(TransferCommand::Bdat),
        reader: rendition.into_octets(),
        parameters,
        portion: None,
    })
}

/// The parameters of MAIL and RCPT.
fn parameters(
    extensions: &Extensions,
    tls: Option<TlsParameters>,
    mail: &Mail,
    rendition: &Rendition,
) -> Result<Parameters> {
    let envelope = &mail.envelope;
    let size = rendition.exact_size();
    if let Some(limit) = extensions.size_limit().filter(|limit| size > *limit) {
        let error = invalid(too_large(size, limit));
        let error = error.with_problem(Problem::MessageTooLarge { size, limit });
        let parts = largest_parts(&mail.message, rendition.body_type());
        return Err(match parts {
            Some(parts) => error.caused_by(parts),
            None => error,
        });
    }
    let mut parameters = Parameters::default();
    if extensions.offers(Extension::Size) {
        parameters.mail.push(Parameter::Size(size));
    }
    let smtputf8 = envelope.needs_smtputf8() || rendition.needs_smtputf8();
    if smtputf8 && !extensions.offers(Extension::SmtpUtf8) {
        let what = match (
            envelope.address_beyond_ascii(),
            rendition.address_beyond_ascii(),
        ) {
            (Some(address), _) => {
                format!("the address {address} has characters beyond ASCII before the @")
            }
            (None, Some((address, field))) => {
                format!("{address} in the field {field} has characters beyond ASCII")
            }
            (None, None) => "a header field has an address or an identifier with characters \
                             beyond ASCII"
                .to_owned(),
        };
        return Err(unsupported(format!(
            "{what}, which the server does not accept (it lacks SMTPUTF8)"
        )));
    }
    if rendition.body_type() > offered_body_type(extensions) {
        return Err(unsupported(
            "the message has octets beyond ASCII that must not be recoded, \
             which the server does not take (it lacks 8BITMIME)"
                .to_owned(),
        ));
    }
    let body = match rendition.body_type() {
        BodyType::Binary => Some(BodyValue::BinaryMime),
        BodyType::EightBit => Some(BodyValue::EightBitMime),
        _ => smtputf8.then_some(BodyValue::EightBitMime),
    };
    let utf8 = smtputf8.then_some(Parameter::SmtpUtf8);
    (parameters.mail).extend(body.map(Parameter::Body).into_iter().chain(utf8));
    add_options(&mut parameters, envelope, extensions, tls)?;
    Ok(parameters)
}

/// How many parts of a message that is too large are named.
const MAX_NAMED_PARTS: usize = 3;

fn too_large(size: u64, limit: u64) -> String {
    format!(
        "the message has {size} octets, and the server takes {limit}: send less, or send it another \
         way"
    )
}

/// What makes the message large.
fn largest_parts(message: &Message, data: BodyType) -> Option<String> {
    let parts = message.largest_parts(data, MAX_NAMED_PARTS);
    let named = parts.join(", ");
    match parts.as_slice() {
        [] => None,
        [_] => Some(format!("its largest part is {named}")),
        _ => Some(format!("its largest parts are {named}")),
    }
}

/// Adds what the envelope asks for to the parameters; an error if the server does not offer it,
/// or not so much of it.
fn add_options(
    parameters: &mut Parameters,
    envelope: &Envelope,
    extensions: &Extensions,
    tls: Option<TlsParameters>,
) -> Result<()> {
    let options = envelope.options();
    let offers = |extension| extensions.offers(extension);
    let require = |extension, keyword, what| {
        let offered = offers(extension).then_some(());
        offered.ok_or_else(|| not_offered(keyword, what))
    };
    if envelope.asks_for_dsn() && offers(Extension::Dsn) {
        add_dsn(parameters, envelope);
    } else if envelope.asks_for_dsn() && options.dsn == Dsn::Required {
        return Err(not_offered(
            "DSN",
            "notifications (RET, ENVID, NOTIFY or ORCPT)",
        ));
    }
    let mail = &mut parameters.mail;
    if let Some(by) = options.deliver_by {
        require(Extension::DeliverBy, "DELIVERBY", "a time to deliver by")?;
        deliverable(by, extensions)?;
        mail.push(Parameter::DeliverBy(by));
    }
    if let Some(hold) = options.hold {
        require(
            Extension::FutureRelease,
            "FUTURERELEASE",
            "a time to hold the mail",
        )?;
        holdable(hold, extensions)?;
        mail.push(Parameter::Hold(hold));
    }
    if let Some(priority) = options.priority {
        require(Extension::MtPriority, "MT-PRIORITY", "a priority")?;
        mail.push(Parameter::Priority(priority));
    }
    if options.onward == TlsOnward::Required {
        if tls.is_none() || !offers(Extension::RequireTls) {
            return Err(no_tls_onward(tls));
        }
        mail.push(Parameter::RequireTls);
    }
    if let Some(submitter) = &options.submitter {
        require(
            Extension::Auth,
            "AUTH",
            "the name of who submitted the mail",
        )?;
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
    match hold {
        Hold::For(interval) => match extensions.longest_hold() {
            Some(longest) if interval > longest => Err(invalid(format!(
                "the server holds no mail for {interval} seconds: hold it for {longest} or less"
            ))),
            _ => Ok(()),
        },
        Hold::Until(moment) => match extensions.latest_release() {
            Some(latest) if moment > latest => Err(invalid(format!(
                "the server holds no mail until {moment}: hold it until {latest} or earlier"
            ))),
            _ => Ok(()),
        },
    }
}

/// RFC 8689 section 4.2.1: without TLS, or without the extension, the mail must not be sent.
fn no_tls_onward(tls: Option<TlsParameters>) -> Error {
    let why = match tls {
        None => "this session has no TLS: connect with it",
        Some(_) => "the server does not offer REQUIRETLS: leave that out, or use another server",
    };
    unsupported(format!(
        "the mail requires TLS on its whole way, which is not possible here (5.7.30): {why}"
    ))
}

fn not_offered(keyword: &str, what: &str) -> Error {
    unsupported(format!(
        "the mail asks for {what}, which this server does not offer ({keyword}): leave it out, or \
         use another server"
    ))
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message).with_stage(Stage::Mail)
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message).with_stage(Stage::Mail)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::protocol::ReplyDecoder;

    fn extensions(offered: &str) -> Extensions {
        let lines = offered.replace(", ", "\r\n250-");
        let mut octets =
            BytesMut::from(format!("250-x.test\r\n250-{lines}\r\n250 HELP\r\n").as_str());
        let reply = ReplyDecoder::default().decode(&mut octets).unwrap();
        Extensions::from_ehlo(&reply.unwrap())
    }

    #[test]
    fn the_richest_body_type() {
        for (offered, expected) in [
            ("SIZE", BodyType::SevenBit),
            ("8BITMIME", BodyType::EightBit),
            ("SMTPUTF8", BodyType::EightBit),
            ("8BITMIME, BINARYMIME", BodyType::EightBit),
            ("8BITMIME, BINARYMIME, CHUNKING", BodyType::Binary),
        ] {
            assert_eq!(
                offered_body_type(&extensions(offered)),
                expected,
                "{offered}"
            );
        }
    }

    #[tokio::test]
    async fn what_mail_says() {
        let text = "From: a@x.test\r\nTo: b@x.test\r\n\r\nGr\u{fc}\u{df}e\r\n";
        let message = Message::builder()
            .from("a@x.test")
            .to("b@x.test")
            .text(text);
        let mail = Mail::from(message.build().await.unwrap());
        for (offered, expected) in [
            ("HELP", ""),
            ("8BITMIME", "BODY=8BITMIME"),
            ("SIZE 1000000, 8BITMIME", "SIZE BODY=8BITMIME"),
            ("SIZE 10", "the message has"),
        ] {
            let extensions = extensions(offered);
            let most = offered_body_type(&extensions);
            let found = match prepare(&extensions, None, most, &mail) {
                Ok(prepared) => {
                    let words = prepared.parameters.mail.iter().map(|parameter| {
                        let word = parameter.to_string();
                        word.strip_suffix(&format!("={}", prepared.size))
                            .map_or(word.clone(), str::to_owned)
                    });
                    words.collect::<Vec<_>>().join(" ")
                }
                Err(error) => error.to_string(),
            };
            let matches = if expected.starts_with("the") {
                found.starts_with(expected)
            } else {
                found == expected
            };
            assert!(matches, "{offered}: {found}");
        }
    }
}
