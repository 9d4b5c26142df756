//! Mail addresses: the sender, the recipients, and the envelope for the server.
//!
//! | type | grammar | example |
//! |---|---|---|
//! | [`AddrSpec`] | RFC 5321, 4.1.2 `Mailbox` without comments or folding | `ann@example.org` |
//! | [`Mailbox`] | RFC 5322, 3.4 `mailbox` | `Ann Lee <ann@example.org>` |
//! | [`Address`], [`Group`] | RFC 5322, 3.4 `address`, `group` | `crew: ann@example.org;` |
//! | [`ReversePath`], [`ForwardPath`] | RFC 5321, 4.1.2 | `<ann@example.org>` |
//! | [`Envelope`] | RFC 5321, 2.3.1 | one reverse path, one or more forward paths |
//!
//! Values of these types are always valid. None of them contains a control character, a line
//! separator or more octets than RFC 5321, 4.5.3.1 allows, so none of them can end a command or a
//! header field early.
//!
//! Parsing is strict: an address that could be read in two ways is an error, not a guess. In
//! particular an [`AddrSpec`] has no comments, no white space and no source route, and a domain that
//! IDNA would turn into another one is an error. [`Mailbox`] reads header fields, and the same strict
//! parser reads the address inside. Every parser here takes linear time, and none of them recurses.
//!
//! ```
//! use pilotfish::address::{Envelope, Mailbox};
//!
//! let to = Mailbox::parse_list("Ann <ann@example.org>, team: bo@bücher.example, cy@example.org;")?;
//! let from: Mailbox = r#""Lee, Dan" <dan@example.org>"#.parse()?;
//!
//! let envelope = Envelope::new(
//!     from.into_addr_spec(),
//!     to.into_iter().map(Mailbox::into_addr_spec),
//! )?;
//! assert_eq!(envelope.forward_paths()[1].to_string(), "<bo@xn--bcher-kva.example>");
//! # Ok::<(), pilotfish::address::AddressError>(())
//! ```

/// Conversions from texts and from a reference, for a type that implements `FromStr`; with
/// `displayed`, its `Display` is `as_str`.
macro_rules! try_from_text {
    ($type:ty: $($text:ty),*) => {$(
        impl TryFrom<$text> for $type {
            type Error = <$type as std::str::FromStr>::Err;

            fn try_from(text: $text) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    )*};
    ($type:ty, displayed) => {
        $crate::address::try_from_text!($type);

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
    ($type:ty) => {
        $crate::address::try_from_text!($type: &str, &String, String);

        impl From<&$type> for $type {
            fn from(value: &$type) -> Self {
                value.clone()
            }
        }
    };
}
pub(crate) use try_from_text;

/// `FromStr` and `TryFrom` for a type that has a `read` for [`parser::whole`].
macro_rules! read_from_str {
    ($type:ty) => {
        impl std::str::FromStr for $type {
            type Err = $crate::address::AddressError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::address::parser::whole(text, Self::read)
            }
        }

        $crate::address::try_from_text!($type);
    };
}

mod addr_spec;
mod domain;
pub mod envelope;
mod error;
mod escape;
mod group;
#[cfg(test)]
mod hint_tests;
#[cfg(test)]
mod hostile_tests;
mod list;
mod literal;
mod local_names;
mod local_part;
mod mailbox;
mod parser;
mod phrase;

pub use addr_spec::{AddrSpec, ForwardPath, ReversePath};
pub use domain::Domain;
pub use envelope::paths::Envelope;
pub use error::AddressError;
pub(crate) use escape::escaped;
pub use group::{Address, Group, IntoAddresses};
pub use literal::AddressLiteral;
pub(crate) use local_names::with_domain;
pub use local_part::LocalPart;
pub use mailbox::{DisplayName, Mailbox};
pub(crate) use parser::{is_forbidden, is_invisible};
