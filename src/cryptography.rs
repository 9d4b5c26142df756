//! The cryptography of the features, for hashes and signatures: the same names in both.

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs::*;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use ring::*;
