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
    if let Some(octets) = octets(builder().header(name.clone(), text)) {
        assert_eq!(value(&parsed(&octets), &name), text);
    }
});
