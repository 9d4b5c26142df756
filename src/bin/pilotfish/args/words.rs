//! Flags whose value is one word of a few.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// The words of a flag, each with what `--help` says of it and its value.
pub(super) type Words<T> = &'static [(&'static str, &'static str, T)];

/// Reads one of these words.
pub(super) fn words<T: Copy + Send + Sync>(words: Words<T>) -> impl TypedValueParser<Value = T> {
    let possible = words
        .iter()
        .map(|(word, help, _)| PossibleValue::new(word).help(help));
    PossibleValuesParser::new(possible).try_map(move |typed| {
        let mut rows = words.iter();
        let row = rows.find(|(word, ..)| word.eq_ignore_ascii_case(&typed));
        row.map(|(_, _, value)| *value).ok_or("an unknown word")
    })
}
