//! Text of any script, as the subject and as a display name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish::address::{AddrSpec, DisplayName, Mailbox};
use pilotfish_fuzz::{builder, octets, parsed};

fuzz_target!(|text: &str| {
    if let Some(octets) = octets(builder().subject(text)) {
        assert_eq!(parsed(&octets).subject().unwrap_or_default(), text);
    }
    let Ok(name) = text.parse::<DisplayName>() else {
        return;
    };
    let addr_spec: AddrSpec = "name@x.test".parse().unwrap();
    let mailbox = Mailbox::new(addr_spec).with_name(name.clone());
    if let Some(octets) = octets(builder().cc(mailbox)) {
        let message = parsed(&octets);
        let address = message.cc().unwrap().first().unwrap();
        assert_eq!(address.name(), Some(name.as_str()));
        assert_eq!(address.address(), Some("name@x.test"));
    }
});
