//! Any replies of a server, to any mails.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilotfish_fuzz::pipeline_model;

fuzz_target!(|octets: &[u8]| pipeline_model::play(octets));
