//! The DKIM signature.

use std::path::PathBuf;

use clap::Args;
use pilotfish::config::Dkim;
use pilotfish::message::dkim::Selector;

use crate::compose::parse;
use crate::failure::Failure;

/// The DKIM signature.
#[derive(Args)]
#[command(next_help_heading = "Signature")]
#[expect(
    clippy::struct_field_names,
    reason = "clap makes the names of flags from them"
)]
pub(crate) struct DkimArguments {
    /// Sign the mail for this domain (DKIM), in place of the account's.
    ///
    /// A signed mail is the same octets for every server, of 7 bits where it can be.
    #[arg(long, value_name = "DOMAIN", requires_all = ["dkim_selector", "signing_key"])]
    dkim_domain: Option<String>,

    /// The name of the key among those of the domain.
    #[arg(long, value_name = "NAME", requires = "dkim_domain")]
    dkim_selector: Option<Selector>,

    /// Read the private key from a PEM file that only you can read.
    #[arg(
        long,
        value_name = "FILE",
        group = "signing_key",
        requires = "dkim_domain"
    )]
    dkim_key: Option<PathBuf>,

    /// Take the private key, in PEM, from what this command prints.
    #[arg(
        long,
        value_name = "CMD",
        group = "signing_key",
        requires = "dkim_domain",
        hide_short_help = true
    )]
    dkim_key_command: Option<String>,

    /// The identity on whose behalf the domain signs.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "dkim_domain",
        hide_short_help = true
    )]
    dkim_identity: Option<String>,
}

impl DkimArguments {
    /// What the flags sign with, if they are given.
    pub(crate) fn dkim(self) -> Result<Option<Dkim>, Failure> {
        let (Some(domain), Some(selector)) = (self.dkim_domain, self.dkim_selector) else {
            return Ok(None);
        };
        let mut dkim = Dkim::new(parse("--dkim-domain", &domain)?, selector.as_str());
        dkim.key_file = self.dkim_key;
        dkim.key_command = self.dkim_key_command;
        if let Some(identity) = self.dkim_identity {
            dkim.identity = Some(parse("--dkim-identity", &identity)?);
        }
        Ok(Some(dkim))
    }
}
