//! How mailboxes are written in header fields: RFC 5322, 3.4.

use std::borrow::Cow;
use std::mem;

use super::addr_spec::AddrSpec;
use super::domain::Domain;
use super::error::{AddressError, ParseFault, Problem};
use super::group::{Address, Group};
use super::local_names::with_domain;
use super::mailbox::{DisplayName, Mailbox};
use super::parser::{Cursor, is_atext, is_invisible, whole};
use super::phrase::Phrase;

/// What an element of a list begins with.
enum ListElement {
    Mailbox(Mailbox),
    /// A group's name and colon.
    GroupStart(DisplayName),
}

/// Shortens names that are too long, or returns them as they are, and then they are rejected.
type ShortenName = fn(&str) -> &str;

impl Mailbox {
    /// Reads the body of a field such as To: RFC 5322, 3.4 `address-list`, in the order given.
    ///
    /// A group gives its members, an empty group such as `undisclosed-recipients:;` nothing.
    /// Of the obsolete forms, empty list elements (`a@b,,c@d,`) and dots in names are read.
    /// The rest is as for one mailbox; the text has at most 1 MiB in all.
    ///
    /// # Errors
    ///
    /// If any of it is not as described, or if there is neither a mailbox nor a group.
    ///
    /// ```
    /// use pilotfish::address::Mailbox;
    ///
    /// let list = Mailbox::parse_list("Ann <ann@example.org>, crew: bo@example.org, cy@example.org;")?;
    /// assert_eq!(list.len(), 3);
    /// assert_eq!(list[1].to_string(), "bo@example.org");
    /// # Ok::<(), pilotfish::address::AddressError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>, AddressError> {
        Self::list(text, |name| name)
    }

    /// The same, but an address that is a local part alone, such as `root`, gets this domain, as
    /// sendmail(1) does it.
    ///
    /// # Errors
    ///
    /// As for [`parse_list`](Self::parse_list).
    ///
    /// ```
    /// use pilotfish::address::Mailbox;
    ///
    /// let domain = "example.org".parse()?;
    /// let list = Mailbox::parse_list_with_domain("root, Ann <ann@example.net>", &domain)?;
    /// assert_eq!(list[0].to_string(), "root@example.org");
    /// # Ok::<(), pilotfish::address::AddressError>(())
    /// ```
    pub fn parse_list_with_domain(text: &str, domain: &Domain) -> Result<Vec<Self>, AddressError> {
        Self::parse_list(&with_domain(text, domain))
    }

    /// As [`parse_list`](Self::parse_list), but keeps only the beginning of a name that is too long.
    ///
    /// For lists that came in a message, where a name may consist of encoded words and so be
    /// several times longer than it was.
    pub(crate) fn parse_list_of_long_names(text: &str) -> Result<Vec<Self>, AddressError> {
        Self::list(text, DisplayName::beginning)
    }

    fn list(text: &str, shorten: ShortenName) -> Result<Vec<Self>, AddressError> {
        let addresses = whole(text, |cursor| address_list(cursor, shorten))?;
        let mailboxes = addresses.into_iter().flat_map(Address::into_mailboxes);
        Ok(mailboxes.collect())
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ParseFault> {
        let cfws = cursor.cfws()?;
        let start = cursor.clone();
        match element(cursor, cfws, |name| name)? {
            ListElement::Mailbox(mailbox) => {
                end_of_element(cursor)?;
                Ok(mailbox)
            }
            ListElement::GroupStart(_) => Err(start.fault(Problem::Group)),
        }
    }
}

read_from_str!(Mailbox);

impl Address {
    /// Reads the body of a field such as To: RFC 5322, 3.4 `address-list`, in the order given.
    ///
    /// Groups stay groups; the rest is as for [`Mailbox::parse_list`].
    ///
    /// # Errors
    ///
    /// As for [`Mailbox::parse_list`].
    pub fn parse_list(text: &str) -> Result<Vec<Self>, AddressError> {
        whole(text, |cursor| address_list(cursor, |name| name))
    }
}

/// `address-list`, up to the end of the text.
fn address_list(cursor: &mut Cursor<'_>, shorten: ShortenName) -> Result<Vec<Address>, ParseFault> {
    let mut addresses = Vec::new();
    let mut open_group: Option<(Cursor<'_>, Group)> = None;
    loop {
        let cfws = cursor.cfws()?;
        let start = cursor.clone();
        match cursor.peek() {
            None => break,
            Some(',') => {
                cursor.next();
                continue;
            }
            Some(';') => {
                let Some((_, group)) = open_group.take() else {
                    return Err(cursor.fault(Problem::Semicolon));
                };
                addresses.push(group.into());
                cursor.next();
            }
            Some(_) => match (element(cursor, cfws, shorten)?, &mut open_group) {
                (ListElement::Mailbox(mailbox), Some((_, group))) => group.members.push(mailbox),
                (ListElement::Mailbox(mailbox), None) => addresses.push(mailbox.into()),
                (ListElement::GroupStart(_), Some(_)) => {
                    return Err(start.fault(Problem::NestedGroup));
                }
                (ListElement::GroupStart(name), None) => {
                    open_group = Some((start, Group::new(name, [])));
                    continue;
                }
            },
        }
        end_of_element(cursor)?;
    }
    match open_group {
        Some((start, _)) => Err(start.fault(Problem::UnclosedGroup)),
        None if addresses.is_empty() => Err(cursor.fault(Problem::Empty)),
        None => Ok(addresses),
    }
}

/// Skips to what ends an element: a comma, a semicolon or the end of the text.
fn end_of_element(cursor: &mut Cursor<'_>) -> Result<(), ParseFault> {
    cursor.cfws()?;
    match cursor.peek() {
        None | Some(',' | ';') => Ok(()),
        Some('<') => Err(cursor.fault(Problem::AtInName)),
        Some('>') => Err(cursor.fault(Problem::StrayAngle)),
        Some(c) if is_invisible(c) => Err(cursor.fault(Problem::Invisible(c))),
        Some(c) if is_atext(c) || matches!(c, '"' | '.') => Err(cursor.fault(Problem::TextBehind)),
        Some(c) => Err(cursor.fault(Problem::unexpected(c))),
    }
}

/// `mailbox`, or the beginning of `group`, after these comments. The comments that follow a mailbox
/// are read, too, as all of them are a part of its name.
fn element(
    cursor: &mut Cursor<'_>,
    cfws: Option<Vec<String>>,
    shorten: ShortenName,
) -> Result<ListElement, ParseFault> {
    let start = cursor.clone();
    let mut phrase = Phrase::default();
    phrase.add_cfws(cfws);
    let addr_spec = loop {
        let word: Cow<'_, str> = match cursor.peek() {
            Some('"') => cursor.quoted_string()?.into(),
            Some('.') if phrase.words == 0 => {
                return Err(cursor.fault(Problem::MisplacedDot));
            }
            Some(c) if c == '.' || is_atext(c) => {
                cursor.take_while(|c| c == '.' || is_atext(c)).into()
            }
            Some('<') => break angle_addr(cursor)?,
            Some(':') if phrase.text.eq_ignore_ascii_case("mailto") => {
                return Err(start.fault(Problem::Mailto));
            }
            Some(':') if phrase.words > 0 => {
                cursor.next();
                let name = DisplayName::checked(shorten(&phrase.text), start.position())?;
                return Ok(ListElement::GroupStart(name));
            }
            next => return Err(cursor.fault(phrase.broken_off(next))),
        };
        if phrase.words == 0 && cursor.peek() == Some('@') {
            // That was the local part, and not a word of the name.
            *cursor = start.clone();
            let addr_spec = AddrSpec::read(cursor);
            if addr_spec.is_err() || is_before_angle(cursor) {
                let end = mem::replace(cursor, start.clone());
                if let Some((name, addr_spec)) = named_by_itself(cursor) {
                    phrase.push(name);
                    break addr_spec;
                }
                *cursor = end;
            }
            break addr_spec?;
        }
        phrase.push(&word);
        phrase.add_cfws(cursor.cfws()?);
    };
    phrase.add_cfws(cursor.cfws()?);
    let mailbox = Mailbox::new(addr_spec);
    // A name in quotation marks may be empty: then there is none.
    Ok(ListElement::Mailbox(match phrase.name().trim() {
        "" => mailbox,
        name => mailbox.with_name(DisplayName::checked(shorten(name), start.position())?),
    }))
}

/// An address with itself as its name, `ann@example.org <ann@example.org>`: some programs leave
/// the quotation marks out there, or write single ones, and it means one thing only. Gives the
/// name as it is written, and the address.
fn named_by_itself<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a str, AddrSpec)> {
    let mut ahead = cursor.clone();
    let name = ahead.take_while(|c| matches!(c, '@' | '.') || is_atext(c));
    if !is_before_angle(&ahead) {
        return None;
    }
    ahead.take_while(|c| matches!(c, ' ' | '\t'));
    let addr_spec = angle_addr(&mut ahead).ok()?;
    let same = name.trim_matches('\'').parse() == Ok(addr_spec.clone());
    same.then(|| {
        *cursor = ahead;
        (name, addr_spec)
    })
}

/// Whether an angle bracket comes next, perhaps after white space.
fn is_before_angle(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    ahead.take_while(|c| matches!(c, ' ' | '\t'));
    ahead.peek() == Some('<')
}

/// `angle-addr` without comments and white space inside the brackets.
fn angle_addr(cursor: &mut Cursor<'_>) -> Result<AddrSpec, ParseFault> {
    let unclosed = cursor.fault(Problem::UnclosedAngle);
    cursor.next();
    match cursor.peek() {
        None => return Err(unclosed),
        Some('>') => return Err(cursor.fault(Problem::EmptyAngle)),
        Some('@') => return Err(cursor.fault(Problem::SourceRoute)),
        Some(_) => {}
    }
    let addr_spec = AddrSpec::read(cursor)?;
    match cursor.peek() {
        Some('>') => {
            cursor.next();
            Ok(addr_spec)
        }
        None | Some(',' | '<') => Err(unclosed),
        Some(c) => Err(cursor.fault(Problem::unexpected(c))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<String, Option<usize>> {
        let mailboxes = Mailbox::parse_list(text).map_err(|error| error.position())?;
        Ok(mailboxes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "))
    }

    fn one(text: &str) -> Result<String, Option<usize>> {
        text.parse::<Mailbox>()
            .map(|x| x.to_string())
            .map_err(|error| error.position())
    }

    #[test]
    fn one_mailbox_is_a_list_of_one() {
        for (input, expected) in [
            ("a@b", "a@b"),
            ("<a@b>", "a@b"),
            (" \t(c) a@b (d (e)) ", r#""c d (e)" <a@b>"#),
            ("Ann<a@b>", "Ann <a@b>"),
            ("Ann  Lee\t<a@b>", "Ann Lee <a@b>"),
            (
                "(x)Ann(c)Lee (d) <a@b> (e)",
                r#""(x) Ann (c) Lee (d) (e)" <a@b>"#,
            ),
            ("Acme (Support) <a@b>", r#""Acme (Support)" <a@b>"#),
            (
                r#""Lee, Ann" (at work) <a@b>"#,
                r#""Lee, Ann (at work)" <a@b>"#,
            ),
            ("Ann <a@b> (work)", r#""Ann (work)" <a@b>"#),
            ("a@b (Ann Lee)", "Ann Lee <a@b>"),
            (r"a@b (\) \\ (\t))", r#"") \\ (t)" <a@b>"#),
            ("a@b () ( )", "a@b"),
            ("\"Lee,\tAnn\" <a@b>", r#""Lee, Ann" <a@b>"#),
            ("a@b <a@b>", r#""a@b" <a@b>"#),
            ("a.c@B.test\t<a.c@b.test>", r#""a.c@B.test" <a.c@b.test>"#),
            ("'a@b' <a@b>", r#""'a@b'" <a@b>"#),
            ("(x) a@b <a@b> (y)", r#""(x) a@b (y)" <a@b>"#),
            ("(<x@y>,)Ann <a@b>", r#""(<x@y>,) Ann" <a@b>"#),
            (r#""Lee, Ann" <a@b>"#, r#""Lee, Ann" <a@b>"#),
            (r#""a@b" <c@d>"#, r#""a@b" <c@d>"#),
            (r#""<a@b>" <c@d>"#, r#""<a@b>" <c@d>"#),
            (r#""\"x\" \\" <c@d>"#, r#""\"x\" \\" <c@d>"#),
            (r#"" " <a@b>"#, "a@b"),
            (r#""" <a@b>"#, "a@b"),
            ("Dr. Ann Q. Lee <a@b>", r#""Dr. Ann Q. Lee" <a@b>"#),
            (
                "Müller Jörg <jörg@bücher.test>",
                "Müller Jörg <jörg@xn--bcher-kva.test>",
            ),
            (
                "=?utf-8?q?J=C3=B6rg?= <a@b>",
                r#""=?utf-8?q?J=C3=B6rg?=" <a@b>"#,
            ),
            ("=?utf-8?q?x=40y=2C?=@b", "=?utf-8?q?x=40y=2C?=@b"),
            (r#""a b"@x.test"#, r#""a b"@x.test"#),
            (
                r#""evil@x.test y"@good.test"#,
                r#""evil@x.test y"@good.test"#,
            ),
            (r#"X <"a>b"@[IPv6:::1]>"#, r#"X <"a>b"@[IPv6:::1]>"#),
        ] {
            assert_eq!(one(input).as_deref(), Ok(expected), "{input:?}");
            assert_eq!(list(input).as_deref(), Ok(expected), "{input:?}");
        }
    }

    #[test]
    fn lists_and_groups_are_read() {
        for (input, expected) in [
            ("a@b,c@d", "a@b, c@d"),
            (
                "Ann <a@b> , (c) \"B, C\" <c@d>(e)",
                "Ann <a@b>, \"(c) B, C (e)\" <c@d>",
            ),
            (",a@b, ,(c),c@d,", "a@b, c@d"),
            ("undisclosed-recipients:;", ""),
            ("my friends : ;", ""),
            ("g:a@b,X <c@d>;", "a@b, X <c@d>"),
            ("g:,a@b,;,e@f", "a@b, e@f"),
            ("\"a;b:\" (c) : c@d (;) ; , e@f, h:;", "\";\" <c@d>, e@f"),
            ("g: \"x;\" <a@b>;", "\"x;\" <a@b>"),
        ] {
            assert_eq!(list(input).as_deref(), Ok(expected), "{input:?}");
            assert!(one(input).is_err(), "{input:?}");
        }
    }

    #[test]
    fn what_may_be_read_in_two_ways_is_refused() {
        for (input, position) in [
            ("", 0),
            (" (c) ", 5),
            (",,", 2),
            ("Ann", 3),
            ("Lee, Ann <a@b>", 3),
            ("Ann Lee", 7),
            ("a@b@c", 3),
            ("\"x\" y@z", 5),
            ("\"x\"y@z", 4),
            ("x.\"y\"@z", 5),
            ("a@b (c) d", 8),
            ("a@b(c)d", 6),
            ("a@b(c).d", 6),
            ("a@b c@d", 4),
            ("a@b \"c\"", 4),
            ("a@(c)b", 2),
            ("a(c)@b", 4),
            ("a @b", 2),
            ("a@ b", 2),
            ("@b", 0),
            ("a@b <c@d>", 4),
            ("Ann a@b <c@d>", 5),
            ("Ann <a@b> <c@d>", 10),
            ("<a@b> x", 6),
            ("<a@b>@c", 5),
            ("<<a@b>>", 1),
            ("<>", 1),
            ("Ann <>", 5),
            (".Ann <a@b>", 0),
            ("Ann <Bo>", 7),
            ("Ann <a@b", 4),
            ("Ann <a@b, c@d", 4),
            ("Ann < a@b>", 5),
            ("Ann <a@b >", 8),
            ("Ann <a@b(c)>", 8),
            ("<@x,@y:a@b>", 1),
            ("@x:a@b", 0),
            ("a@b; c@d", 3),
            ("a@b;", 3),
            (":a@b;", 0),
            ("g:", 0),
            ("g: a@b", 0),
            ("g: a@b, h: c@d;;", 8),
            ("g: a@b; c@d", 8),
            ("g:;;", 3),
            ("a@b:", 3),
            ("Ann\\ <a@b>", 3),
            ("Ann [x] <a@b>", 4),
            ("Ann) <a@b>", 3),
            ("\"Ann <a@b>", 0),
            ("\"Ann\\\" <a@b>", 0),
            ("(Ann <a@b>", 0),
            ("Ann\r\n <a@b>", 3),
            ("Ann\nBcc: x@y", 3),
            ("\"Ann\r\n\" <a@b>", 4),
            ("a@b\u{2028}", 3),
            ("a\u{ff20}b", 5),
            ("a@b\u{ff0c}c@d", 2),
        ] {
            assert_eq!(list(input), Err(Some(position)), "{input:?}");
            assert!(one(input).is_err(), "{input:?}");
        }
    }
}
