//! Markdown, for those who read HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

const BEFORE: &str = "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n</head>\n<body>\n";
const AFTER: &str = "</body>\n</html>\n";

/// The HTML document for a text in Markdown. The text beside it in the message is the Markdown
/// itself, which is made to be read as it is.
///
/// It is `CommonMark` with tables and `~~strikethrough~~`. There are no footnotes and no boxes to
/// tick, as many readers remove what they are made of; their Markdown is still legible. Quotes
/// and dashes stay the characters that they are.
///
/// Nothing in the text becomes HTML of its own, whoever wrote the words that were put into it:
/// HTML in it is shown as text, and a link that would run a script leads nowhere.
///
/// A title is not needed in a mail, which has its subject (HTML section 4.2.1).
pub(crate) fn markdown(source: &str) -> String {
    document(source, Some)
}

/// The same, with other events in place of those of the text.
pub(super) fn document<'a, I>(source: &'a str, replaced: impl FnMut(Event<'a>) -> I) -> String
where
    I: IntoIterator<Item = Event<'a>>,
{
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(source, options)
        .flat_map(replaced)
        .map(harmless);
    let mut document = String::with_capacity(source.len() * 5 / 4 + BEFORE.len() + AFTER.len());
    document.push_str(BEFORE);
    html::push_html(&mut document, events);
    document.push_str(AFTER);
    document
}

fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) if runs_a_script(&dest_url) => Event::Start(Tag::Link {
            link_type,
            dest_url: CowStr::Borrowed(""),
            title,
            id,
        }),
        other => other,
    }
}

/// The keys that metadata begins with, as programs that make pages of Markdown spell them. Other
/// lines of the form `Name: value` between two rules are text, such as those of an alert.
const METADATA: &str = "aliases author authors categories category date description draft keywords \
    lang layout linkTitle permalink published slug subtitle summary tags title weight";

/// Splits a text in Markdown into the metadata at its beginning, which may be empty, and the rest.
///
/// Metadata is YAML between lines `---` or TOML between lines `+++`, which programs that make pages
/// of Markdown read. Its first key is one of [`METADATA`].
pub(crate) fn split_metadata(source: &str) -> (&str, &str) {
    let len = metadata_len(source).unwrap_or(0);
    source.split_at_checked(len).unwrap_or(("", source))
}

/// How many octets the metadata has, with the empty lines after it.
fn metadata_len(source: &str) -> Option<usize> {
    let mut lines = source.split_inclusive('\n');
    let first = lines.next()?;
    let fence = first.trim_end();
    let assignment = match fence {
        "---" => ':',
        "+++" => '=',
        _ => return None,
    };
    let mut len = first.len();
    let mut is_metadata = false;
    for line in lines {
        len += line.len();
        let text = line.trim_end();
        let is_end = text == fence || (fence == "---" && text == "...");
        if is_end && is_metadata {
            let rest = source.get(len..)?;
            return Some(source.len() - rest.trim_start_matches(['\r', '\n']).len());
        }
        let key = text.split_once(assignment).map(|(key, _)| key.trim());
        match key {
            _ if text.starts_with('#') => {}
            // An empty line, or one that continues a value.
            _ if is_metadata
                && (text.is_empty() || text.starts_with([' ', '\t', '-', '[', ']'])) => {}
            Some(key) if is_metadata || METADATA.split(' ').any(|known| known == key) => {
                is_metadata = true;
            }
            _ => return None,
        }
    }
    None
}

/// Whether something happens in the reader's name that follows the link.
fn runs_a_script(url: &str) -> bool {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme.trim());
    ["javascript", "vbscript", "data"]
        .iter()
        .any(|other| other.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(source: &str) -> String {
        let document = markdown(source);
        let body = document.strip_prefix(BEFORE).unwrap();
        body.strip_suffix(AFTER).unwrap().replace('\n', "")
    }

    #[test]
    fn markdown_becomes_html() {
        for (source, html) in [
            ("", ""),
            ("a\nb\r\n\r\nc\rd", "<p>ab</p><p>cd</p>"),
            ("# Häi 🦈\n---", "<h1>Häi 🦈</h1><hr />"),
            (
                "*a* **b** ~~c~~ `<d>`",
                "<p><em>a</em> <strong>b</strong> <del>c</del> <code>&lt;d&gt;</code></p>",
            ),
            ("\"a\" -- it's...", "<p>\"a\" -- it's...</p>"),
            ("a[^1]\n\n[^1]: b", "<p>a<a href=\"b\">^1</a></p>"),
            ("- [ ] a", "<ul><li>[ ] a</li></ul>"),
            ("> a", "<blockquote><p>a</p></blockquote>"),
            (
                "[a](https://x.test/?b&c \"t\")",
                "<p><a href=\"https://x.test/?b&amp;c\" title=\"t\">a</a></p>",
            ),
            (
                "![a](cid:shark)",
                "<p><img src=\"cid:shark\" alt=\"a\" /></p>",
            ),
            (
                "![a](<my shark.png>)",
                "<p><img src=\"my%20shark.png\" alt=\"a\" /></p>",
            ),
            (
                "<ann@x.test>",
                "<p><a href=\"mailto:ann@x.test\">ann@x.test</a></p>",
            ),
            (
                "a|b\n-|-:\n1|2",
                "<table><thead><tr><th>a</th><th style=\"text-align: right\">b</th></tr></thead><tbody>\
                 <tr><td>1</td><td style=\"text-align: right\">2</td></tr></tbody></table>",
            ),
        ] {
            assert_eq!(body(source), html, "{source}");
        }
    }

    #[test]
    fn metadata_is_what_programs_for_pages_read_and_nothing_else() {
        for (metadata, rest) in [
            ("---\ntitle: News\n---\n\n", "# News\n"),
            ("---\r\ntitle: News\r\n---\r\n\r\n", "text"),
            ("---\ntitle: News\n...\n", "text"),
            (
                "---\n# a comment\nlayout: post\n\ntags:\n- a\n- b\n  c\nHost: x\n---\n",
                "text",
            ),
            ("+++\ndate = 2026-11-30\n[extra]\na = 1\n+++\n", "text"),
            ("---\ntitle: News\n---", ""),
            // An alert, a list and a text between two rules.
            (
                "",
                "---\nHost: web1\nDisk: 98 % full\n---\n\nPlease look.\n",
            ),
            ("", "---\nDate: Monday\nHost: web1\n---\n\nPlease look.\n"),
            ("", "---\n- title: a\n---\n\nb\n"),
            ("", "---\n# News\n---\n\nb\n"),
            ("", "+++\nweb1 = down\n+++\nb\n"),
            ("", "---\n\ntitle: News\n---\n"),
            ("", "---\ntitle: News\ntext\n---\n"),
            ("", "---\ntitle: News\n"),
            ("", "\n---\ntitle: News\n---\n"),
            ("", "---\n---\ntext\n"),
            ("", "title: News\n"),
            ("", ""),
        ] {
            let source = format!("{metadata}{rest}");
            assert_eq!(split_metadata(&source), (metadata, rest));
        }
    }

    #[test]
    fn nothing_in_it_is_html_of_its_own() {
        for (source, html) in [
            ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
            (
                "a <b onclick='x'>c</b>",
                "<p>a &lt;b onclick='x'&gt;c&lt;/b&gt;</p>",
            ),
            ("<!-- a -->", "&lt;!-- a --&gt;"),
            ("&lt;b&gt;", "<p>&lt;b&gt;</p>"),
            (
                "![\" onload=\"x](a)",
                "<p><img src=\"a\" alt=\"&quot; onload=&quot;x\" /></p>",
            ),
            ("[a](JavaScript:x)", "<p><a href=\"\">a</a></p>"),
            ("[a](<&#32;data:text/html,x>)", "<p><a href=\"\">a</a></p>"),
            ("<vbscript:x>", "<p><a href=\"\">vbscript:x</a></p>"),
            (
                "``` a\" b=\"c\n```",
                "<pre><code class=\"language-a&quot;\"></code></pre>",
            ),
        ] {
            assert_eq!(body(source), html, "{source}");
        }
    }

    #[test]
    fn a_long_text_takes_no_longer_for_its_length() {
        for piece in [
            ">",
            "[",
            "![a](",
            "*a_",
            "`",
            "- ",
            "<!",
            "a|b\n-|-\n",
            "&",
            "[a]: b\n\n[a]",
        ] {
            let source = piece.repeat((1 << 18) / piece.len());
            assert!(markdown(&source).len() < 40 << 18, "{piece}");
        }
    }

    proptest! {
        #[test]
        fn no_tag_comes_from_the_text(source in "([-<>a/!\\[\\]()*_`#|\n &;:\"'=]|<b>|</p>|é|🦈)*") {
            // The tags that Markdown has.
            let tags = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "em", "strong", "code", "pre", "a",
                "img", "ul", "ol", "li", "blockquote", "br", "table", "thead", "tbody", "tr", "th", "td"];
            for tag in body(&source).split('<').skip(1) {
                let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                prop_assert!(tags.contains(&name.as_str()), "{}", tag);
            }
        }

        #[test]
        fn any_text_is_borne(source: String) {
            let _ = markdown(&source);
            let _ = split_metadata(&source);
        }
    }
}
