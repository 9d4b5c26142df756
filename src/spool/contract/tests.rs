//! The store in memory keeps the contract, and stores that break it are found.

mod wrong;

use std::collections::BTreeSet;

use wrong::{Fault, WrongStore};

use super::{Invariant, MemoryStore, check};

#[tokio::test]
async fn the_store_in_memory() {
    let violations = check(|| async { Ok(MemoryStore::new()) }).await;
    let shown: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// Each of these stores breaks one invariant, and the suite names it.
#[tokio::test]
async fn wrong_stores() {
    for (fault, expected) in [
        (Fault::LeavesUnrecorded, Invariant::I1),
        (Fault::AcceptsOldTokens, Invariant::I2),
        (Fault::SendsAcceptedAgain, Invariant::I3),
        (Fault::SendsWhatWasInFlight, Invariant::I4),
        (Fault::SendsUnknownUnasked, Invariant::I5),
        (Fault::AddsTwice, Invariant::I6),
        (Fault::CountsWrong, Invariant::I7),
        (Fault::IgnoresHolds, Invariant::I8),
    ] {
        let violations = check(|| async { Ok(WrongStore::new(fault)) }).await;
        let found: BTreeSet<_> = violations.iter().map(|found| found.invariant).collect();
        let shown: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert!(found.contains(&expected), "{fault:?}: {}", shown.join("\n"));
    }
}
