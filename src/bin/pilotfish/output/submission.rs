//! A mail before it is sent, and by which account and server.

use pilotfish::Message;
use pilotfish::address::{AddrSpec, ForwardPath};
use pilotfish::protocol::is_printable;

/// A mail before it is sent.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) message: Message,
    /// The name of the account.
    pub(crate) account: Option<String>,
    /// Host and port, or the path of a Unix socket.
    pub(crate) server: String,
    /// The same without the port.
    pub(crate) host: String,
    /// How often it was sent.
    pub(crate) attempts: u32,
    /// The recipients' addresses as they were typed, where they differ from those that are sent.
    pub(crate) typed: TypedAddresses,
    /// What looked like a mistake before the message was built.
    pub(crate) concerns: Vec<String>,
}

/// Addresses as they were typed: domains beyond ASCII are sent in another form.
#[derive(Debug, Default)]
pub(crate) struct TypedAddresses(Vec<(AddrSpec, String)>);

impl TypedAddresses {
    /// The addresses in these lists.
    pub(crate) fn of<'a>(lists: impl IntoIterator<Item = &'a String>) -> Self {
        let is_end = |c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | ':' | '<' | '>' | '(' | ')' | '"')
        };
        let words = lists.into_iter().flat_map(|list| list.split(is_end));
        let address = |word: &str| {
            let address: AddrSpec = word.parse().ok()?;
            let is_safe = word.chars().all(is_printable);
            (is_safe && address.to_string() != word).then(|| (address, word.to_owned()))
        };
        Self(words.filter_map(address).collect())
    }
}

impl Submission {
    /// The address of a recipient as it was typed.
    pub(crate) fn typed(&self, path: &ForwardPath) -> String {
        let address = path.addr_spec();
        let mut typed = self.typed.0.iter();
        let typed = typed.find(|(other, _)| other == address);
        typed.map_or_else(|| address.to_string(), |(_, typed)| typed.clone())
    }
}
