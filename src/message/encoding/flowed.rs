//! Text of long lines in the format "flowed" (RFC 3676).

use super::line_ends::lines;

/// The longest line that is made, in characters with the spaces that are added. A line should
/// have at most 78 (RFC 3676 section 4.2); two of them are left to the reply that quotes it.
const LINE: usize = 76;

/// A text in the format "flowed".
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FormatFlowed {
    /// The text: empty, or ended by CRLF.
    pub(crate) text: String,
    /// The parameter of Content-Type that belongs to it.
    pub(crate) delsp: DelSp,
}

/// Whether the space before a soft line break belongs to the line break: the value of the
/// parameter `DelSp` (RFC 3676 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DelSp {
    /// It belongs to the text.
    No,
    /// It is deleted.
    Yes,
}

/// Deeper quotations are not broken, as each line begins with its depth.
const DEEPEST: usize = LINE / 2;

impl FormatFlowed {
    /// Breaks the lines of a text so that its reader can put them together again. Its own line breaks
    /// become CRLF:
    ///
    /// * A long line is broken after spaces. A word stays whole however long it is, like a URL:
    ///   what the systems on the way need broken, the transfer encoding breaks (section 4.2).
    /// * Chinese and Japanese, which have no spaces, are broken between two characters. Only a
    ///   text that needs this has `DelSp=yes`, as not every reader knows that.
    /// * Spaces at the end of a line are removed, as they would make it flow into the next. The
    ///   line before a signature, `-- `, keeps its space (section 4.3).
    /// * A line that begins with a space, with `From ` or, after a line break, with `>` gets a
    ///   space in front, which its reader removes (section 4.4).
    /// * A line of the text that begins with `>` is a quotation and is broken within it. Its
    ///   depth is the number of `>`, between which there may be single spaces. They are written
    ///   without, and with one after (section 4.5).
    ///
    /// Columns are counted in characters, as the RFC does. Those that are twice as wide or have
    /// no width do not matter, as the reader breaks the lines anew.
    pub(crate) fn new(text: &str) -> Self {
        let (text, delsp) = match flowed(text, DelSp::No) {
            Some(text) => (text, DelSp::No),
            None => (flowed(text, DelSp::Yes).unwrap_or_default(), DelSp::Yes),
        };
        Self { text, delsp }
    }
}

/// The text with soft line breaks; none if it needs `DelSp=yes`.
fn flowed(text: &str, delsp: DelSp) -> Option<String> {
    let mut out = String::with_capacity(text.len() + text.len() / 16 + 2);
    for line in lines(text.as_bytes()) {
        let (depth, line) = quotation(str::from_utf8(line.text).unwrap_or_default());
        let mut rest = match line {
            SIGNATURE => line,
            _ => line.trim_end_matches(' '),
        };
        loop {
            out.extend(std::iter::repeat_n('>', depth));
            let quoted = depth > 0 && !rest.is_empty();
            let stuffed = quoted || rest.starts_with([' ', '>']) || rest.starts_with("From ");
            if stuffed {
                out.push(' ');
            }
            let room = (depth <= DEEPEST).then(|| LINE - depth - usize::from(stuffed));
            let broken = room.and_then(|room| soft_line_break(rest, room, delsp));
            let (piece, after) = match broken {
                Some(at) => rest.split_at_checked(at)?,
                None => (rest, ""),
            };
            if delsp == DelSp::No && room.is_some_and(|room| needs_delsp(piece, room)) {
                return None;
            }
            out.push_str(piece);
            if delsp == DelSp::Yes && broken.is_some() {
                out.push(' ');
            }
            out.push_str("\r\n");
            rest = after;
            if broken.is_none() {
                break;
            }
        }
    }
    Some(out)
}

/// The line before a signature, which does not flow although it ends with a space.
const SIGNATURE: &str = "-- ";

/// The depth of a quotation, and what is quoted.
fn quotation(line: &str) -> (usize, &str) {
    let mut depth = 0;
    let mut rest = line;
    loop {
        let unspaced = rest.strip_prefix(' ').filter(|_| depth > 0).unwrap_or(rest);
        match unspaced.strip_prefix('>') {
            Some(inner) => rest = inner,
            None => return (depth, unspaced),
        }
        depth += 1;
    }
}

/// Where to break a line that is too long for its room: as late as there is room for, or else at
/// the first opportunity.
fn soft_line_break(line: &str, room: usize, delsp: DelSp) -> Option<usize> {
    // The space that is added takes its column.
    let last = room - usize::from(delsp == DelSp::Yes);
    let mut found = None;
    let mut word_seen = false;
    let mut previous = ' ';
    for (column, (at, character)) in line.char_indices().enumerate() {
        if column > room && found.is_some() {
            return found;
        }
        let opportunity = if previous == ' ' {
            // No line has spaces alone, nor could be taken for that before a signature.
            let signature = delsp == DelSp::No && line.get(..at) == Some(SIGNATURE);
            character != ' ' && word_seen && !signature
        } else {
            delsp == DelSp::Yes && is_between_ideographs(previous, character)
        };
        if opportunity && (column <= last || found.is_none()) {
            found = Some(at);
        }
        word_seen |= character != ' ';
        previous = character;
    }
    found.filter(|_| line.chars().count() > room)
}

/// Whether a line is too long because there are no spaces in it where others have them.
fn needs_delsp(line: &str, room: usize) -> bool {
    let mut pairs = line.chars().zip(line.chars().skip(1));
    line.chars().count() > room && pairs.any(|(one, next)| is_between_ideographs(one, next))
}

/// Whether words of Chinese or Japanese may part here; a mark stays with its letter.
fn is_between_ideographs(one: char, next: char) -> bool {
    let is_mark = matches!(next, '\u{302a}'..='\u{302f}' | '\u{3099}' | '\u{309a}');
    is_ideographic(one) && is_ideographic(next) && !is_mark
}

/// Ideographs, kana, bopomofo, and the punctuation that goes with them.
fn is_ideographic(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{312f}'
        | '\u{31a0}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader makes of it, by RFC 3676 section 4: the depth and the text of every
    /// paragraph.
    fn read(flowed: &FormatFlowed) -> Vec<(usize, String)> {
        let mut paragraphs: Vec<(usize, String)> = Vec::new();
        let mut flows = false;
        for line in flowed.text.split_terminator("\r\n") {
            let quoted = line.trim_start_matches('>');
            let depth = line.len() - quoted.len();
            let content = quoted.strip_prefix(' ').unwrap_or(quoted);
            if flows {
                let (before, paragraph) = paragraphs.last_mut().unwrap();
                assert_eq!(*before, depth, "a paragraph has one depth");
                assert_ne!(content, "-- ", "a signature does not end a paragraph");
                paragraph.push_str(content);
            } else {
                paragraphs.push((depth, content.to_owned()));
            }
            flows = content.ends_with(' ') && content != "-- ";
            if flows && flowed.delsp == DelSp::Yes {
                paragraphs.last_mut().unwrap().1.pop();
            }
        }
        assert!(!flows, "the last line is fixed");
        paragraphs
    }

    #[test]
    fn short_lines() {
        for (text, flowed) in [
            ("", ""),
            ("\r\n", "\r\n"),
            ("a", "a\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            ("a  \r\n   \r\n", "a\r\n\r\n"),
            ("a \t\r\n", "a \t\r\n"),
            ("-- \r\nAnn\r\n", "-- \r\nAnn\r\n"),
            ("--  \r\n -- \r\n", "--\r\n  --\r\n"),
            (
                "  a\r\nFrom b\r\nFromage\r\n",
                "   a\r\n From b\r\nFromage\r\n",
            ),
            (">a\r\n> b\r\n>  c\r\n", "> a\r\n> b\r\n>  c\r\n"),
            ("> > a\r\n>>b\r\n>> > c\r\n", ">> a\r\n>> b\r\n>>> c\r\n"),
            (">\r\n> \r\n> >\r\n", ">\r\n>\r\n>>\r\n"),
            (">  >a\r\n >b\r\n", ">  >a\r\n  >b\r\n"),
            ("> -- \r\n>-- \r\n", "> -- \r\n> --\u{20}\r\n"),
        ] {
            let result = FormatFlowed::new(text);
            assert_eq!((result.text.as_str(), result.delsp), (flowed, DelSp::No));
        }
    }

    #[test]
    fn long_lines_break_after_spaces() {
        let words = |count| "nine char ".repeat(count);
        let x70 = "x".repeat(70);
        let x80 = "x".repeat(80);
        for (text, flowed) in [
            (format!("{x70} abcde"), format!("{x70} abcde\r\n")),
            (format!("{x70} abcdef"), format!("{x70} \r\nabcdef\r\n")),
            (format!("{x70} abcd e"), format!("{x70} abcd \r\ne\r\n")),
            (format!("{x70}  abcdef"), format!("{x70}  \r\nabcdef\r\n")),
            (
                format!("{x70}xx From y"),
                format!("{x70}xx \r\n From y\r\n"),
            ),
            (format!("{x70} >quoted"), format!("{x70} \r\n >quoted\r\n")),
            (format!("a {x80} b c"), format!("a \r\n{x80} \r\nb c\r\n")),
            (format!("   {x80} b"), format!("    {x80} \r\nb\r\n")),
            (format!("-- {x80}"), format!("-- {x80}\r\n")),
            (format!("> -- {x80} b"), format!("> -- {x80} \r\n> b\r\n")),
            (x80.clone(), format!("{x80}\r\n")),
            (words(9), format!("{}nine \r\nchar nine char\r\n", words(7))),
            (
                format!("> >{}", words(8)),
                format!(">> {}\r\n>> nine char\r\n", words(7)),
            ),
            ("é".repeat(76), format!("{}\r\n", "é".repeat(76))),
        ] {
            let result = FormatFlowed::new(&text);
            assert_eq!((result.text, result.delsp), (flowed, DelSp::No), "{text}");
        }
    }

    #[test]
    fn without_spaces_lines_break_between_characters() {
        let kanji = |count| "漢".repeat(count);
        let x80 = "x".repeat(80);
        for (text, flowed) in [
            (kanji(77), format!("{} \r\n漢漢\r\n", kanji(75))),
            (
                format!("> {}", kanji(75)),
                format!("> {} \r\n> 漢漢\r\n", kanji(73)),
            ),
            (
                format!("a {} b", kanji(76)),
                format!("a {} \r\n漢漢漢 b\r\n", kanji(73)),
            ),
            (
                format!("{}か\u{3099}{}", kanji(74), kanji(9)),
                format!("{} \r\nか\u{3099}{}\r\n", kanji(74), kanji(9)),
            ),
            (
                format!("{}\r\n-- \r\n-- {x80}\r\n", kanji(77)),
                format!("{} \r\n漢漢\r\n-- \r\n--  \r\n{x80}\r\n", kanji(75)),
            ),
        ] {
            let result = FormatFlowed::new(&text);
            assert_eq!((result.text, result.delsp), (flowed, DelSp::Yes), "{text}");
        }
        // It is not needed for lines that are short, nor where it is of no use.
        for text in [kanji(76), format!("{x80}漢{x80}"), format!("{x80} 漢漢")] {
            assert_eq!(FormatFlowed::new(&text).delsp, DelSp::No);
        }
    }

    #[test]
    fn a_long_text_takes_no_longer_for_its_length() {
        for piece in ["x", " ", ">", "> a ", "漢", "a ", "a\r\n", "-- ", ">\r\n"] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(FormatFlowed::new(&text).text.len() < 3 << 20, "{piece}");
        }
        let deep = ">".repeat(1 << 19) + &"a ".repeat(1 << 18);
        assert!(FormatFlowed::new(&deep).text.len() < 2 << 20);
    }

    /// A line as it is written, and what is read of it.
    fn line() -> impl Strategy<Value = (String, (usize, String))> {
        let words = "([a-z]{1,12}|-- | |\t|>|From |漢字|か\u{3099}|é|[x漢]{60,99}| {1,99}){0,40}";
        let quotation = (0..4_usize, prop_oneof![Just(">"), Just("> ")]);
        (quotation, words).prop_map(|((depth, mark), words)| {
            let content = words.trim_start_matches('>');
            let (line, content) = if depth == 0 {
                (content.to_owned(), content)
            } else {
                let marks = mark.repeat(depth);
                (format!("{} {content}", marks.trim_end()), content)
            };
            let read = match content {
                "-- " => content,
                _ => content.trim_end_matches(' '),
            };
            (line, (depth, read.to_owned()))
        })
    }

    proptest! {
        #[test]
        fn its_reader_sees_every_paragraph(lines in proptest::collection::vec(line(), 0..6)) {
            let (text, paragraphs): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
            let text: String = text.iter().flat_map(|line| [line, "\r\n"]).collect();
            let flowed = FormatFlowed::new(&text);
            prop_assert_eq!(read(&flowed), paragraphs);
            for line in flowed.text.split_terminator("\r\n") {
                // Longer is only what has nowhere to be broken.
                let content = line.trim_start_matches(['>', ' ']).trim_end();
                let one_word = !content.strip_prefix("-- ").unwrap_or(content).contains(' ');
                prop_assert!(line.chars().count() <= LINE || one_word, "{:?}", line);
                prop_assert!(!line.starts_with("From "));
            }
        }

        #[test]
        fn any_text_is_borne(text: String) {
            let once = FormatFlowed::new(&text);
            prop_assert!(once.text.is_empty() || once.text.ends_with("\r\n"));
        }
    }
}
