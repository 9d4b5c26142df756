//! Markdown with values that are texts, whatever they contain.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd};

use super::markdown::document;

/// What stands before and after the number of a value in the Markdown: characters that no text has.
const BEGIN: char = '\u{fdd0}';
const END: char = '\u{fdd1}';

/// A place in Markdown for the value with this number.
pub(crate) fn place(number: usize) -> String {
    format!("{BEGIN}{number}{END}")
}

/// The HTML document for a text in Markdown, in which each [`place`] shows its value.
///
/// The values are put in after the Markdown is parsed. No character of them has a meaning there: they are
/// text, or a part of a URL. A line break of a value is one in the document.
pub(crate) fn markdown_with(source: &str, values: &[&str]) -> String {
    let mut is_code = false;
    document(source, |event| {
        match &event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            _ => {}
        }
        filled(event, values, is_code)
    })
}

/// The events with the values in their places. In code, a line break is one without a tag.
fn filled<'a>(event: Event<'a>, values: &[&str], is_code: bool) -> Vec<Event<'a>> {
    let fill = |text: CowStr<'a>| -> CowStr<'a> {
        if text.contains(BEGIN) {
            fill(&text, values).into()
        } else {
            text
        }
    };
    let event = match event {
        Event::Text(text) if text.contains(BEGIN) && !is_code => return lines(&fill(text)),
        Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => Event::Text(fill(text)),
        Event::Code(text) => Event::Code(fill(text)),
        Event::Start(tag) => Event::Start(match tag {
            Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            } => Tag::Link {
                link_type,
                dest_url: fill(dest_url),
                title: fill(title),
                id,
            },
            Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            } => Tag::Image {
                link_type,
                dest_url: fill(dest_url),
                title: fill(title),
                id,
            },
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                Tag::CodeBlock(CodeBlockKind::Fenced(fill(info)))
            }
            other => other,
        }),
        other => other,
    };
    vec![event]
}

/// A text with a hard break at the end of each line.
fn lines<'a>(text: &str) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    for (line, number) in text.lines().zip(0..) {
        if number > 0 {
            events.push(Event::HardBreak);
        }
        events.push(Event::Text(line.to_owned().into()));
    }
    events
}

fn fill(text: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(BEGIN);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (number, rest) = part.split_once(END).unwrap_or_default();
        let value = number
            .parse()
            .ok()
            .and_then(|number: usize| values.get(number));
        out.push_str(value.copied().unwrap_or_default());
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(source: &str, value: &str) -> String {
        let document = markdown_with(&source.replace("{}", &place(0)), &[value]);
        let (_, body) = document.split_once("<body>\n").unwrap();
        body.replace("</body>\n</html>\n", "").replace('\n', "")
    }

    #[test]
    fn a_value_is_text() {
        for (source, value, html) in [
            ("Dear {},", "Ann", "<p>Dear Ann,</p>"),
            ("**{}**", "*a* <b>", "<p><strong>*a* &lt;b&gt;</strong></p>"),
            ("{}", "# a", "<p># a</p>"),
            ("{}", "[a](javascript:x)", "<p>[a](javascript:x)</p>"),
            ("`{}`", "a`b\\_", "<p><code>a`b\\_</code></p>"),
            ("a {} b", "c\nd", "<p>a c<br />d b</p>"),
            (
                "- {}\n- x",
                "a\n\n- b",
                "<ul><li>a<br /><br />- b</li><li>x</li></ul>",
            ),
            (
                "[a]({})",
                "https://x.test/?a&b",
                "<p><a href=\"https://x.test/?a&amp;b\">a</a></p>",
            ),
            ("[a]({})", "javascript:x", "<p><a href=\"\">a</a></p>"),
            ("[a](java{}:x)", "script", "<p><a href=\"\">a</a></p>"),
            (
                "[a](https://x.test/{})",
                "\" onload=\"x",
                "<p><a href=\"https://x.test/%22%20onload=%22x\">a</a></p>",
            ),
            (
                "<https://x.test/{}>",
                "1",
                "<p><a href=\"https://x.test/1\">https://x.test/1</a></p>",
            ),
            (
                "![{}](cid:a \"{}\")",
                "\"x",
                "<p><img src=\"cid:a\" alt=\"&quot;x\" title=\"&quot;x\" /></p>",
            ),
            ("<b {}>", "<i>", "<p>&lt;b &lt;i&gt;&gt;</p>"),
            (
                "```\n{}\n```",
                "</code>\na",
                "<pre><code>&lt;/code&gt;a</code></pre>",
            ),
            (
                "a|b\n-|-\n{}|c",
                "1|2",
                "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1|2</td><td>c</td></tr></tbody></table>",
            ),
        ] {
            assert_eq!(body(source, value), html, "{source} {value:?}");
        }
    }
}
