//! Fields with parameters, whose values beyond ASCII are written as RFC 2231 has it.

use super::super::header::Header;
use super::super::parameter::{Parameter, parameters};

/// Writes a value with parameters. Nothing if a value beyond ASCII is one that RFC 2231 continues
/// or encodes already, which it cannot be.
pub(super) fn write_parameters(header: &mut Header, value: &str) -> Option<()> {
    let (first, all) = parameters(value);
    header.word(first);
    for parameter in all.clone() {
        if parameter.text.is_ascii() {
            header.append(";");
            header.word(parameter.text);
        } else if parameter.name.contains('*') {
            return None;
        } else if !all.clone().any(|other| other.extends(&parameter)) {
            header.parameter(parameter.name, &parameter.whole_value());
        }
    }
    Some(())
}

impl Parameter<'_> {
    /// Whether it says the same as another one in the form of RFC 2231, which readers prefer.
    fn extends(&self, other: &Self) -> bool {
        let name = self.name.split_once('*').map(|(name, _)| name);
        name.is_some_and(|name| name.eq_ignore_ascii_case(other.name))
    }
}
