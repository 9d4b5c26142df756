//! The error of texts and secrets that are not valid, and the names of values.

use std::borrow::Cow;
use std::fmt;

/// Why a text is not a valid host, proxy, fingerprint, name of a setting or argument of a command, or why
/// credentials are not valid.
///
/// `Display` says what is wrong and what to write. It never shows a secret.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ValueError {
    /// What is not valid, as the error of the crate says it.
    context: &'static str,
    reason: Cow<'static, str>,
}

impl ValueError {
    pub(crate) const fn new(context: &'static str, reason: &'static str) -> Self {
        Self {
            context,
            reason: Cow::Borrowed(reason),
        }
    }

    pub(crate) fn with_reason(context: &'static str, reason: String) -> Self {
        Self {
            context,
            reason: Cow::Owned(reason),
        }
    }

    /// What is not valid, such as "the host is not valid".
    pub(crate) fn context(&self) -> &'static str {
        self.context
    }
}

impl fmt::Debug for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueError({:?})", self.reason)
    }
}

/// Gives each variant of a type its name: `name`, `Display`, and `FromStr`, which reads names in upper
/// or lower case. The error of `FromStr` says what the type is and lists the names.
macro_rules! named {
    (
        $(#[$doc:meta])* $vis:vis $type:ident, $what:literal, $list:literal,
        { $($(#[$cfg:meta])* $variant:ident => $name:literal,)+ }
    ) => {
        impl $type {
            $(#[$doc])*
            $vis const fn name(self) -> &'static str {
                match self {
                    $($(#[$cfg])* Self::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        /// Reads the name, in upper or lower case.
        impl std::str::FromStr for $type {
            type Err = crate::protocol::ValueError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let mut all = [$($(#[$cfg])* Self::$variant,)+].into_iter();
                all.find(|value| value.name().eq_ignore_ascii_case(name))
                    .ok_or(crate::protocol::ValueError::new(
                        "the name is not known",
                        concat!("no such ", $what, ": there are ", $list),
                    ))
            }
        }
    };
}
pub(crate) use named;

/// `TryFrom` for the texts of a type that has `FromStr`.
pub(crate) use crate::address::try_from_text;

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
