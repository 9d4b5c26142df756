//! Whether a file is still the one that it was.

use std::fs::Metadata;
use std::time::SystemTime;

/// What shows that a file is still the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
    /// What the system says about the inode, where it has inodes.
    node: Option<Node>,
}

/// The inode of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    device: u64,
    number: u64,
    /// When the file or what is known about it changed, in seconds and nanoseconds. Programs that
    /// write to a file and then set the time of its last change back cannot set this back.
    changed: (i64, i64),
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            node: node(metadata),
        }
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature on all systems"
)]
fn node(metadata: &Metadata) -> Option<Node> {
    use std::os::unix::fs::MetadataExt;

    Some(Node {
        device: metadata.dev(),
        number: metadata.ino(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> Option<Node> {
    None
}
