//! What goes to standard error while the work is done.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::transcript::Transcript;

/// Where the library shows the dialogue.
const WIRE: &str = "pilotfish::wire";

/// Whether the dialogue is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialogue {
    Shown,
    Hidden,
}

/// Sets up the log: the dialogue if it is wanted, and other events by how often `-v` was given.
pub(crate) fn init(dialogue: Dialogue, verbose: u8) {
    let transcript = (dialogue == Dialogue::Shown).then(|| {
        Transcript::default().with_filter(Targets::new().with_target(WIRE, LevelFilter::TRACE))
    });
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // What the transcript shows need not be told twice.
    let wire = if transcript.is_some() {
        LevelFilter::OFF
    } else {
        level
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(
            Targets::new()
                .with_target("pilotfish", level)
                .with_target(WIRE, wire),
        );
    tracing_subscriber::registry()
        .with(transcript)
        .with(log)
        .init();
}
