//! The pipeline against a model of a server. The fuzz target uses the same model.

#[expect(unreachable_pub, reason = "its fuzz target has it in another crate")]
#[path = "../../fuzz/src/pipeline_model.rs"]
mod model;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_replies_of_a_server(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        model::play(&octets);
    }
}
