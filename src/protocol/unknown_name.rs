//! Values that are written as one word, in settings and on the command line.

/// A word that is the name of no value, with the names that are.
///
/// It is what `FromStr` of [`Mechanism`](super::Mechanism), [`Pipelining`](super::Pipelining),
/// [`Security`](crate::Security) and similar types fails with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such {of}: there are {names}")]
pub struct UnknownName {
    /// What the word was to name.
    pub(crate) of: &'static str,
    /// The names that exist.
    pub(crate) names: &'static str,
}

/// Implements `Display` by the `name` of a type, and `FromStr` by comparing the names of `$all`,
/// in upper or lower case.
macro_rules! named {
    ($type:ty, $of:literal, $all:expr, $names:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        /// Reads the name, in upper or lower case.
        impl std::str::FromStr for $type {
            type Err = crate::protocol::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let mut all = $all.into_iter();
                all.find(|value| value.name().eq_ignore_ascii_case(name))
                    .ok_or(crate::protocol::UnknownName {
                        of: $of,
                        names: $names,
                    })
            }
        }
    };
}
pub(crate) use named;

#[cfg(test)]
mod tests {
    use crate::protocol::{Chunking, Dialect, Mechanism, Pipelining};

    #[test]
    fn names_are_read_as_they_are_written() {
        fn round_trip<T>(names: &str)
        where
            T: std::str::FromStr<Err: std::fmt::Display> + std::fmt::Display,
        {
            for name in names.split(' ') {
                for written in [name.to_owned(), name.to_ascii_uppercase()] {
                    let value = written.parse::<T>().ok().map(|value| value.to_string());
                    assert!(
                        value.is_some_and(|value| value.eq_ignore_ascii_case(name)),
                        "{name}"
                    );
                }
            }
            for wrong in ["", "maybe", &names[1..]] {
                let error = wrong.parse::<T>().err().unwrap().to_string();
                assert!(error.starts_with("no such "), "{error}");
            }
        }
        round_trip::<Pipelining>("never auto eager");
        round_trip::<Chunking>("never auto always");
        round_trip::<Dialect>("smtp lmtp");
        round_trip::<Mechanism>("plain scram-sha-256-plus");
    }
}
