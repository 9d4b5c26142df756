//! The cryptography of the features: the same names in both.

#[cfg(feature = "aws-lc-rs")]
pub(super) use aws_lc_rs::{digest, error, rand, signature};
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) use ring::{digest, error, rand, signature};
