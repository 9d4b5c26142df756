//! How recipients unsubscribe from a list.

use super::writer::Header;
use crate::address::{AddrSpec, AddressError, escaped};
use crate::message::error::MessageError;

/// How a recipient leaves the list that a message was sent to (RFC 2369 section 3.2), with one
/// click if the server of the list can do that (RFC 8058).
///
/// ```
/// # use pilotfish::message::ListUnsubscribe;
/// let unsubscribe = ListUnsubscribe::one_click("https://lists.example.org/leave?who=8a61")?
///     .or_mail_to("leave@lists.example.org")?;
/// assert!(ListUnsubscribe::one_click("http://lists.example.org/leave").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUnsubscribe {
    uris: Vec<String>,
    one_click: bool,
}

impl ListUnsubscribe {
    /// The longest address on the web, in octets, a comma being three: it cannot be folded.
    pub const MAX_URL: usize = 900;

    /// By a page on the web that asks before it does anything.
    ///
    /// # Errors
    ///
    /// If it does not begin with `https://` or `http://`, has characters other than those that
    /// a URI is made of (RFC 3986 section 2), or is over [`MAX_URL`](Self::MAX_URL).
    pub fn page(url: &str) -> Result<Self, MessageError> {
        Self::web(url, &["https://", "http://"])
    }

    /// One click: the mail program sends a POST request to this address (RFC 8058 section 3.1).
    ///
    /// Mail programs offer it only for a message that is signed by DKIM, the two fields
    /// included (section 4).
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page), and if it does not begin with `https://`.
    pub fn one_click(url: &str) -> Result<Self, MessageError> {
        Ok(Self {
            one_click: true,
            ..Self::web(url, &["https://"])?
        })
    }

    /// By an empty mail to this address.
    ///
    /// # Errors
    ///
    /// If a text is not an address.
    pub fn mail_to(
        address: impl TryInto<AddrSpec, Error: Into<AddressError>>,
    ) -> Result<Self, AddressError> {
        let none = Self {
            uris: Vec::new(),
            one_click: false,
        };
        none.or_mail_to(address)
    }

    /// By an empty mail to this address too.
    ///
    /// # Errors
    ///
    /// If a text is not an address.
    pub fn or_mail_to(
        mut self,
        address: impl TryInto<AddrSpec, Error: Into<AddressError>>,
    ) -> Result<Self, AddressError> {
        let address = address.try_into().map_err(Into::into)?;
        self.uris.push(mailto(&address));
        Ok(self)
    }

    fn web(url: &str, schemes: &[&str]) -> Result<Self, MessageError> {
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
        let is_uri = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        // RFC 2369 section 2: a comma separates.
        let uri = url.replace(',', "%2C");
        if host.is_some_and(|host| !host.is_empty())
            && uri.len() <= Self::MAX_URL
            && uri.bytes().all(is_uri)
        {
            return Ok(Self {
                uris: vec![uri],
                one_click: false,
            });
        }
        let hint = "use https:// and at most 900 octets of a URI";
        Err(MessageError::invalid(
            url,
            "cannot be opened to leave a list",
            hint,
        ))
    }

    /// Writes the field, or both of them.
    pub(crate) fn write(&self, header: &mut Header) {
        header.begin("List-Unsubscribe");
        let last = self.uris.len().saturating_sub(1);
        for (at, uri) in self.uris.iter().enumerate() {
            header.word(&format!("<{uri}>{}", if at == last { "" } else { "," }));
        }
        header.end();
        if self.one_click {
            header.fixed("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
    }
}

/// RFC 6068 section 2: octets that are not unreserved are percent-encoded.
fn mailto(address: &AddrSpec) -> String {
    let is_unreserved = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    let local_part = address.local_part().to_string();
    let local_part = escaped(&local_part, '%', is_unreserved);
    format!("mailto:{local_part}@{}", address.domain())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::header::writer::HeaderCharset;

    fn fields(list_unsubscribe: &ListUnsubscribe) -> String {
        let mut header = Header::new(HeaderCharset::Ascii);
        list_unsubscribe.write(&mut header);
        header.into_text()
    }

    #[test]
    fn ways_out() {
        let url = "https://x.test/u?a=1,2";
        let address = "le+ave@x.test";
        let page = ListUnsubscribe::page(url).unwrap();
        assert_eq!(
            fields(&page),
            "List-Unsubscribe: <https://x.test/u?a=1%2C2>\r\n"
        );
        let click = ListUnsubscribe::one_click(url)
            .unwrap()
            .or_mail_to("le+ave@x.test")
            .unwrap();
        assert_eq!(
            fields(&click),
            "List-Unsubscribe: <https://x.test/u?a=1%2C2>, <mailto:le%2Bave@x.test>\r\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        );
        assert_eq!(
            fields(&ListUnsubscribe::mail_to(address).unwrap()),
            "List-Unsubscribe: <mailto:le%2Bave@x.test>\r\n"
        );
    }

    #[test]
    fn what_is_no_way_out() {
        let long = format!("https://x.test/{}", "a".repeat(900));
        for url in [
            "",
            "x",
            "https://",
            "https:///x",
            "ftp://x.test",
            "https://x.test/ä",
            "https://x.test/a b",
            "https://x.test/\r\nX: y",
            "https://x.test/>",
            &long,
        ] {
            assert!(ListUnsubscribe::page(url).is_err(), "{url:?}");
        }
        assert!(ListUnsubscribe::one_click("http://x.test").is_err());
        assert!(ListUnsubscribe::page("http://x.test").is_ok());
    }
}
