//! Any messages of a server in SCRAM: the client does not panic, its work is bounded, and it does not
//! accept the server, which does not know the password.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use pilotfish::Credentials;
use pilotfish::protocol::Mechanism;
use pilotfish::protocol::fuzzing::{ClientNonce, Exchange, ExchangeStep, Gs2Flag, ReplyDecoder};

/// The maximum number of slices of work for a challenge.
const SLICES: usize = 1_000_000 / 1_024 + 1;

fuzz_target!(|messages: &str| {
    let credentials = Credentials::new("user", "pencil").unwrap();
    let nonce = ClientNonce::new([0; 18]);
    let mechanism = Mechanism::ScramSha256;
    let (mut exchange, _) =
        Exchange::begin(mechanism, &credentials, nonce, &Gs2Flag::NotOffered).unwrap();
    let mut last = String::new();
    for message in messages.lines().take(4) {
        // Inserts values that the fuzzer cannot guess.
        last = STANDARD.encode(message.replace('N', "AAAAAAAAAAAAAAAAAAAAAAAA"));
        let mut step = exchange.respond(&last);
        let mut slices = 0;
        while let Ok(ExchangeStep::Compute) = step {
            slices += 1;
            assert!(slices <= SLICES);
            step = exchange.compute();
        }
    }
    let mut octets = BytesMut::from(format!("235 {last}\r\n").as_bytes());
    if let Ok(Some(reply)) = ReplyDecoder::default().decode(&mut octets) {
        assert!(exchange.succeed(&reply).is_err());
    }
});
