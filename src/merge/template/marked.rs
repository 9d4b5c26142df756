//! Texts that know which of their parts are values of a row.

/// What stands before and after a value: characters that no text has (Unicode section 23.7).
const BEGIN: char = '\u{fdd0}';
const END: char = '\u{fdd1}';

/// A rendered text. What the template says can be told from what the row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked(String);

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The template says this.
    Fixed(&'a str),
    /// The row says this.
    Value(&'a str),
}

/// Whether the text has a character that marks values.
pub(super) fn has_mark(text: &str) -> bool {
    text.contains([BEGIN, END])
}

/// A value between marks.
pub(super) fn mark(value: &str) -> String {
    format!("{BEGIN}{}{END}", value.replace([BEGIN, END], ""))
}

impl Marked {
    pub(super) fn new(rendered: String) -> Self {
        Self(rendered)
    }

    /// The parts, none of which is empty.
    pub(super) fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        for part in self.0.split(BEGIN) {
            match part.split_once(END) {
                Some((value, fixed)) => pieces.extend([Piece::Value(value), Piece::Fixed(fixed)]),
                None => pieces.push(Piece::Fixed(part)),
            }
        }
        pieces.retain(|piece| !piece.as_str().is_empty());
        pieces
    }

    /// The text.
    pub(super) fn into_text(self) -> String {
        if has_mark(&self.0) {
            self.0.replace([BEGIN, END], "")
        } else {
            self.0
        }
    }

    /// The text in one line: line breaks of the template are blanks, and those of values stay, so that
    /// they are errors.
    pub(super) fn line(&self) -> String {
        let mut line = String::new();
        for piece in self.pieces() {
            match piece {
                Piece::Value(value) => line.push_str(value),
                Piece::Fixed(text) => {
                    let mut lines = text.split(['\r', '\n']);
                    line.push_str(lines.next().unwrap_or_default());
                    for next in lines.map(str::trim_start) {
                        if !line.ends_with(' ') {
                            line.push(' ');
                        }
                        line.push_str(next);
                    }
                }
            }
        }
        line.trim_matches([' ', '\t']).to_owned()
    }
}

impl<'a> Piece<'a> {
    pub(super) fn as_str(self) -> &'a str {
        let (Self::Fixed(text) | Self::Value(text)) = self;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_the_rest() {
        let marked = Marked::new(format!("a\n  b {}{}, c", mark("x\ny"), mark("\u{fdd1}z")));
        let pieces = [
            Piece::Fixed("a\n  b "),
            Piece::Value("x\ny"),
            Piece::Value("z"),
            Piece::Fixed(", c"),
        ];
        assert_eq!(marked.pieces(), pieces);
        assert_eq!(marked.line(), "a b x\nyz, c");
        assert_eq!(marked.into_text(), "a\n  b x\nyz, c");
    }
}
