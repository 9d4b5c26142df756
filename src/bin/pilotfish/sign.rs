//! Signing by DKIM, with what the flags or the account say.

use pilotfish::Message;
use pilotfish::config::{Dkim, KeySource};
use pilotfish::message::BodyType;
use pilotfish::message::dkim::{DkimError, Signer, SigningKey};

use crate::args::DkimArguments;
use crate::compose::parse;
use crate::exit;
use crate::failure::Failure;

/// Whether the mail is signed, and how.
pub(crate) struct Signing(Option<Signer>);

impl Signing {
    /// Reads the key of the flags, or else that of the account.
    ///
    /// `body` is what the mail is to make use of, if that is said.
    pub(crate) async fn new(
        flags: DkimArguments,
        account: Option<&Dkim>,
        body: Option<BodyType>,
    ) -> Result<Self, Failure> {
        let typed = typed(flags)?;
        let signing = Self::of(typed.as_ref().or(account)).await?;
        if signing.0.is_some() && body.is_some_and(|body| body > BodyType::SevenBit) {
            let message = "a mail that is signed goes out with --body 7bit, not with another";
            return Err(Failure::new(exit::USAGE, message));
        }
        Ok(signing)
    }

    /// Reads the key, if there is one.
    pub(crate) async fn of(dkim: Option<&Dkim>) -> Result<Self, Failure> {
        let Some(dkim) = dkim else {
            return Ok(Self(None));
        };
        let pem = dkim.key.read().await;
        let pem = pem.map_err(|error| Failure::of(exit::CONFIG, &error))?;
        let signer = signer(dkim, pem.expose());
        let signer = signer.map_err(|error| Failure::of(exit::CONFIG, &error))?;
        Ok(Self(Some(signer)))
    }

    pub(crate) async fn apply(&self, message: Message) -> Result<Message, Failure> {
        match &self.0 {
            None => Ok(message),
            Some(signer) => message.sign(signer).await.map_err(|error| match &error {
                DkimError::Body(error) => Failure::of(exit::NO_INPUT, error),
                DkimError::From { .. } => Failure::of(exit::DATA, &error),
                _ => Failure::of(exit::CONFIG, &error),
            }),
        }
    }
}

fn signer(dkim: &Dkim, pem: &[u8]) -> Result<Signer, DkimError> {
    let key = SigningKey::from_pem(pem)?;
    let mut builder = Signer::builder(dkim.domain.clone(), dkim.selector.as_str(), key);
    if let Some(identity) = &dkim.identity {
        builder = builder.identity(identity.clone());
    }
    builder.build()
}

/// What the flags say, which are given all or not at all.
fn typed(flags: DkimArguments) -> Result<Option<Dkim>, Failure> {
    let key = flags
        .key
        .map(KeySource::File)
        .or(flags.key_command.map(KeySource::Command));
    let (Some(domain), Some(selector), Some(key)) = (flags.domain, flags.selector, key) else {
        return Ok(None);
    };
    let mut dkim = Dkim::new(parse("--dkim-domain", &domain)?, selector.as_str(), key);
    if let Some(identity) = flags.identity {
        dkim.identity = Some(parse("--dkim-identity", &identity)?);
    }
    Ok(Some(dkim))
}
