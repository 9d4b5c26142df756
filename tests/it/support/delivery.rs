//! How octets arrive: whole, in pieces, or one by one.

use std::time::Duration;

/// How the peer's octets reach the client. The outcome of a dialogue does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Consecutive replies arrive together.
    Whole,
    /// In pieces that follow from the seed.
    Pieces(u64),
    /// Octet by octet. Inside TLS, each octet is in its own record.
    OctetByOctet,
}

impl Delivery {
    pub(crate) const ALL: [Self; 6] = [
        Self::Whole,
        Self::Pieces(1),
        Self::Pieces(2),
        Self::Pieces(3),
        Self::Pieces(4),
        Self::OctetByOctet,
    ];

    /// How many octets the pipe between client and peer holds.
    ///
    /// rustls, on either side, does not read while it has to write a part of a handshake: the pipe
    /// must hold the six octets of a `ChangeCipherSpec`.
    pub(crate) fn pipe(self) -> usize {
        match self {
            Self::Whole => 1024 * 1024,
            Self::Pieces(seed) => 8 + random(seed) % 90,
            Self::OctetByOctet => 8,
        }
    }

    /// The pieces in which the octets are sent.
    pub(super) fn pieces(self, octets: &[u8], drip: bool) -> impl Iterator<Item = &[u8]> {
        let mut rest = octets;
        let mut state = octets.len() as u64;
        std::iter::from_fn(move || {
            let length = match self {
                _ if drip => 1,
                Self::Whole => rest.len(),
                Self::Pieces(seed) => {
                    state += 1;
                    1 + random(seed ^ state << 8) % 40
                }
                Self::OctetByOctet => 1,
            };
            let (piece, more) = rest.split_at(length.min(rest.len()));
            rest = more;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// `SplitMix64`: random enough for tests, and the same every time.
fn random(seed: u64) -> usize {
    let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::from((mixed >> 31).to_le_bytes()[0])
}

/// The clock of the test's runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Time stands still, and advances to the next timer when all tasks wait.
    Paused,
    /// Time passes, as real sockets require.
    Running,
}

impl Clock {
    /// Lets the client do everything it can do now. Takes no time on the clock.
    pub(super) async fn settle(self) {
        match self {
            Self::Paused => tokio::time::sleep(Duration::from_millis(1)).await,
            Self::Running => tokio::task::yield_now().await,
        }
    }
}
