//! The first error of a builder, which `build` returns.

use super::error::MessageError;
use crate::address::{Address, AddressError, IntoAddresses, Mailbox};

/// Converts the arguments of a builder, and keeps the first error.
#[derive(Debug, Default)]
pub(crate) struct FirstError(Option<MessageError>);

impl FirstError {
    /// Keeps an error, unless there was one before.
    pub(crate) fn keep(&mut self, error: impl Into<MessageError>) {
        self.0.get_or_insert(error.into());
    }

    /// Takes the error of a part.
    pub(crate) fn take_over(&mut self, other: &mut Self) {
        if let Some(error) = other.0.take() {
            self.keep(error);
        }
    }

    /// The first error, if there was one.
    pub(crate) fn result(&mut self) -> Result<(), MessageError> {
        self.0.take().map_or(Ok(()), Err)
    }

    /// The value, or `None` if the conversion fails.
    pub(crate) fn value<T>(
        &mut self,
        value: impl TryInto<T, Error: Into<MessageError>>,
    ) -> Option<T> {
        let value = value.try_into();
        value.map_err(|error| self.keep(error)).ok()
    }

    /// The address for `field`, or `None` if the conversion fails.
    pub(crate) fn address<T>(
        &mut self,
        field: &'static str,
        address: impl TryInto<T, Error: Into<AddressError>>,
    ) -> Option<T> {
        let address = address.try_into().map_err(Into::into);
        let keep = |source| self.keep(MessageError::Address { field, source });
        address.map_err(keep).ok()
    }

    /// The addresses of `field`; none if one of them is invalid.
    pub(crate) fn addresses(
        &mut self,
        field: &'static str,
        addresses: impl IntoAddresses,
    ) -> Vec<Address> {
        let addresses = addresses.into_addresses();
        addresses.unwrap_or_else(|source| {
            self.keep(MessageError::Address { field, source });
            Vec::new()
        })
    }

    /// The mailboxes of `field`, which takes no groups.
    pub(crate) fn mailboxes(
        &mut self,
        field: &'static str,
        addresses: impl IntoAddresses,
    ) -> Vec<Mailbox> {
        let addresses = self.addresses(field, addresses).into_iter();
        let mailboxes = addresses.filter_map(|address| match address {
            Address::Mailbox(mailbox) => Some(mailbox),
            Address::Group(_) => {
                self.keep(MessageError::Group { field });
                None
            }
        });
        // In place, as a mailbox has the size of an address.
        mailboxes.collect()
    }

    /// The one mailbox of `field`.
    pub(crate) fn mailbox(
        &mut self,
        field: &'static str,
        address: impl IntoAddresses,
    ) -> Option<Mailbox> {
        let mut mailboxes = self.mailboxes(field, address);
        let found = mailboxes.len();
        if found != 1 {
            self.keep(MessageError::NotOneMailbox { field, found });
        }
        mailboxes.pop()
    }
}
