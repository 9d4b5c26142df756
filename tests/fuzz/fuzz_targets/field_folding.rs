//! A field of free text: `name:value`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish::message::FieldName;
use pilotfish_fuzz::{builder, octets, parsed, value};

fuzz_target!(|input: &str| {
    let Some((name, text)) = input.split_once(':') else {
        return;
    };
    let Ok(name) = name.parse::<FieldName>() else {
        return;
    };
    let octets = octets(builder().header(name.clone(), text));
    if let Some(octets) = octets.filter(|_| is_common(&name)) {
        assert_eq!(value(&parsed(&octets), &name), text);
    }
});

/// Whether the parser knows such names: not all characters that RFC 5322 section 3.6.8 allows.
fn is_common(name: &FieldName) -> bool {
    let is_common = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    name.as_str().bytes().all(is_common)
}
