//! The addresses of flags.

use std::str::FromStr;

use pilotfish::address::{Address, AddressError, Mailbox, ReversePath};

use crate::args::AddressArguments;
use crate::failure::Failure;

/// The authors of the mail: none if neither names one.
pub(super) fn authors(
    from: Option<&str>,
    default: Option<Mailbox>,
) -> Result<Vec<Address>, Failure> {
    match from {
        Some(from) => Address::parse_list(from).map_err(|error| bad_address("--from", &error)),
        None => Ok(default.map(Address::from).into_iter().collect()),
    }
}

/// Reads the addresses of a flag that can be given several times.
pub(crate) fn list(flag: &str, lists: &[String]) -> Result<Vec<Address>, Failure> {
    let mut addresses = Vec::new();
    for list in lists {
        addresses.extend(Address::parse_list(list).map_err(|error| bad_address(flag, &error))?);
    }
    Ok(addresses)
}

pub(super) fn reverse_path(addresses: &AddressArguments) -> Result<Option<ReversePath>, Failure> {
    match addresses.envelope_from.as_deref() {
        Some("<>") => Ok(Some(ReversePath::Null)),
        Some(address) => parse("--envelope-from", address).map(Some),
        None => Ok(None),
    }
}

/// Reads a single address or domain of a flag.
pub(crate) fn parse<T: FromStr<Err = AddressError>>(flag: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| bad_address(flag, &error))
}

pub(super) fn bad_address(flag: &str, error: &AddressError) -> Failure {
    Failure::bad_mail(format!("in {flag}: {error}"))
}
