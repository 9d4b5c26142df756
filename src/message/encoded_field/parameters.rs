//! Fields with parameters, whose values beyond ASCII are written as RFC 2231 has it.

use std::collections::HashSet;

use super::super::header::Header;
use super::super::parameter::parameters;

/// Writes a value with parameters. Nothing if a value beyond ASCII is one that RFC 2231 continues
/// or encodes already, which it cannot be.
pub(super) fn write_parameters(header: &mut Header, value: &str) -> Option<()> {
    let (first, all) = parameters(value);
    header.word(first);
    // A parameter may be there in the form of RFC 2231 too, which readers prefer. The names are
    // collected once, since there may be many parameters.
    let extended: HashSet<_> = all
        .clone()
        .filter_map(|parameter| parameter.name.split_once('*'))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    for parameter in all.clone() {
        if parameter.text.is_ascii() {
            header.append(";");
            header.word(parameter.text);
        } else if parameter.name.contains('*') {
            return None;
        } else if !extended.contains(&parameter.name.to_ascii_lowercase()) {
            header.parameter(parameter.name, &parameter.whole_value());
        }
    }
    Some(())
}
