//! What MAIL and RCPT have to say beside the paths, and what the server cannot take.

use tokio::io::{AsyncRead, AsyncWrite};

use super::options::add_options;
use super::transaction::Session;
use crate::address::Envelope;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::message::{BodyType, Message, Rendition};
use crate::protocol::{BodyValue, Extension, Parameter, Parameters};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// The most that the server can carry, and all that is less.
    pub(super) fn offered_body_type(&self) -> BodyType {
        let offers = |extension| self.extensions().offers(extension);
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

    /// What MAIL and RCPT have to say; an error if the server could not take the mail.
    pub(super) fn parameters(
        &self,
        envelope: &Envelope,
        message: &Message,
        rendition: &Rendition,
    ) -> Result<Parameters> {
        let size = rendition.exact_size();
        if let Some(limit) = self.extensions().size_limit().filter(|limit| size > *limit) {
            let message = too_large(size, limit, message, rendition.body_type());
            return Err(Error::new(ErrorKind::InvalidInput, message).at(Stage::Mail));
        }
        let mut parameters = Parameters::default();
        if self.extensions().offers(Extension::Size) {
            parameters.mail.push(Parameter::Size(size));
        }
        let smtputf8 = envelope.needs_smtputf8() || rendition.needs_smtputf8();
        if smtputf8 && !self.extensions().offers(Extension::SmtpUtf8) {
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
            let message = format!("{what}, which the server does not accept (it lacks SMTPUTF8)");
            return Err(Error::new(ErrorKind::Unsupported, message).at(Stage::Mail));
        }
        if rendition.body_type() > self.offered_body_type() {
            let message = "the message has octets beyond ASCII that must not be recoded, \
                           which the server does not take (it lacks 8BITMIME)";
            return Err(Error::new(ErrorKind::Unsupported, message).at(Stage::Mail));
        }
        let body = match rendition.body_type() {
            BodyType::Binary => Some(BodyValue::BinaryMime),
            BodyType::EightBit => Some(BodyValue::EightBitMime),
            _ => smtputf8.then_some(BodyValue::EightBitMime),
        };
        parameters.mail.extend(body.map(Parameter::Body));
        parameters
            .mail
            .extend(smtputf8.then_some(Parameter::SmtpUtf8));
        add_options(&mut parameters, envelope, self.extensions(), self.tls())?;
        Ok(parameters)
    }
}

/// How many parts of a message that is too large are named.
const NAMED: usize = 3;

fn too_large(size: u64, limit: u64, message: &Message, data: BodyType) -> String {
    let parts = message.largest_parts(data, NAMED);
    let named = parts.iter().map(|part| format!("{part}"));
    let named = named.collect::<Vec<_>>().join(", ");
    let largest = match parts.as_slice() {
        [] => String::new(),
        [_] => format!(", of which {named} is the largest part"),
        _ => format!(", and its largest parts are {named}"),
    };
    format!(
        "the message has {size} octets{largest}, and the server takes {limit}: send less, or send \
         it another way"
    )
}
