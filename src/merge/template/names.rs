//! The names of columns in expressions.

use serde_json::Value;

use crate::merge::rows::Row;

/// The name by which an expression has a column: `E_Mail` for `E-Mail`, as a name consists of letters,
/// digits and `_`.
fn variable(column: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut name = String::with_capacity(column.len());
    if column.starts_with(|c: char| c.is_numeric()) {
        name.push('_');
    }
    name.extend(column.chars().map(|c| if is_word(c) { c } else { '_' }));
    name
}

/// The names of these columns in expressions.
pub(super) fn of_columns<'a>(columns: impl Iterator<Item = &'a str>) -> Vec<String> {
    columns.map(variable).collect()
}

/// The value of the column with this name, or else of the first that has it in expressions.
pub(super) fn value_of<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    row.get(name).or_else(|| {
        let mut fields = row.fields();
        fields
            .find(|(column, _)| variable(column) == name)
            .map(|(_, value)| value)
    })
}

/// Where the variable of this name is first in a template.
pub(super) fn find(template: &str, name: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(tag) = template.get(at..).and_then(next_tag) {
        let start = at + tag.start;
        let code = template.get(start..at + tag.end)?;
        if let Some(offset) = find_in_code(code, name) {
            return Some(start + offset);
        }
        at += tag.end;
    }
    None
}

/// The code of the next tag.
fn next_tag(text: &str) -> Option<std::ops::Range<usize>> {
    let opening = text.match_indices('{').find_map(|(at, _)| {
        let closing = match text.as_bytes().get(at + 1)? {
            b'{' => "}}",
            b'%' => "%}",
            b'#' => "#}",
            _ => return None,
        };
        Some((at, closing))
    });
    let (at, closing) = opening?;
    let start = at + 2;
    let len = text.get(start..)?.find(closing);
    let end = len.map_or(text.len(), |len| start + len);
    // A comment has no code.
    Some(if closing == "#}" {
        end..end
    } else {
        start..end
    })
}

/// Where the variable is first in code: not in a string, not after a dot or a bar.
fn find_in_code(code: &str, name: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut quote = None;
    let mut before = ' ';
    let mut characters = code.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) => quote = Some(open).filter(|open| *open != character),
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if is_word(character) => {
                let rest = code.get(at..)?;
                let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                if rest.get(..len) == Some(name) && !matches!(before, '.' | '|') {
                    return Some(at);
                }
                while characters.next_if(|(next, _)| *next < at + len).is_some() {}
            }
            (None, _) => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_tags() {
        for (template, expected) in [
            ("name {{ name }}", Some(8)),
            ("{# {{ name }} #}{% if x.name or name %}", Some(32)),
            ("{{ 'name' ~ x|name }} {name}", None),
            ("{{ rename }}{{name", Some(14)),
            ("{{ '\\'name' }}", None),
            ("é{{ names, name", Some(12)),
        ] {
            assert_eq!(find(template, "name"), expected, "{template}");
        }
    }

    #[test]
    fn columns_have_names_in_expressions() {
        let names = ["E-Mail", "First name", "Straße", "2nd", "id"].into_iter();
        assert_eq!(
            of_columns(names),
            ["E_Mail", "First_name", "Straße", "_2nd", "id"]
        );
    }
}
