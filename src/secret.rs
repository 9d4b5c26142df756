//! The one type that holds a secret.

use std::fmt;

#[cfg(any(feature = "config", feature = "dkim", feature = "oauth"))]
use tokio::fs::File;
use zeroize::{Zeroize, Zeroizing};

/// A password, a token, or octets made from one.
///
/// It cannot be shown by accident: `Debug` prints a placeholder, there is no `Display`, and the memory
/// is overwritten when the value is dropped. Only [`expose`](Secret::expose) returns the octets, so
/// that every use can be found.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of secret octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// The octets themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many octets the secret has: safe to print, and often enough to see what is wrong
    /// with it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the secret is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Opens a file that only its owner can read. `None` if group or others can read or write it.
///
/// A pipe has no owner to speak of: only the processes at its two ends have it.
#[cfg(any(feature = "config", feature = "dkim", feature = "oauth"))]
pub(crate) async fn open_private(path: &std::path::Path) -> std::io::Result<Option<File>> {
    let file = File::open(path).await?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata().await?;
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            return Ok(None);
        }
    }
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(<redacted>)");
        assert_eq!(format!("{secret:#?}"), "Secret(<redacted>)");
    }
}
