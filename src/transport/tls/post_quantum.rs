//! The key exchange X25519MLKEM768 with `ring`, which has X25519 alone
//! (draft-ietf-tls-ecdhe-mlkem, FIPS 203).
//!
//! The session's secret comes from both halves: it is as secure as X25519 even if ML-KEM fails.

use ml_kem::{Decapsulate as _, DecapsulationKey, KeyExport as _, MlKem768, Seed};
use tokio_rustls::rustls::crypto::ring::kx_group::X25519;
use tokio_rustls::rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup,
};
use tokio_rustls::rustls::ffdhe_groups::FfdheGroup;
use tokio_rustls::rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use zeroize::Zeroizing;

/// The octets of the server's part of ML-KEM. Those of X25519 follow.
const CIPHERTEXT: usize = 1088;

/// The group X25519MLKEM768, for clients.
#[derive(Debug)]
pub(super) struct X25519MlKem768;

impl SupportedKxGroup for X25519MlKem768 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut seed = Zeroizing::new(Seed::default());
        getrandom::fill(&mut seed).map_err(|_| GetRandomFailed)?;
        let post_quantum = Box::new(DecapsulationKey::<MlKem768>::from_seed(*seed));
        let classical = X25519.start()?;
        let public = post_quantum.encapsulation_key().to_bytes();
        let share = [public.as_slice(), classical.pub_key()].concat();
        Ok(Box::new(KeyExchange {
            post_quantum,
            classical,
            share,
        }))
    }

    /// A server's part, which this group does not have.
    fn start_and_complete(&self, _client_share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        Err(Error::General("this group is for clients alone".to_owned()))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct KeyExchange {
    post_quantum: Box<DecapsulationKey<MlKem768>>,
    classical: Box<dyn ActiveKeyExchange>,
    /// What is sent: the key of ML-KEM, and then that of X25519.
    share: Vec<u8>,
}

impl ActiveKeyExchange for KeyExchange {
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        let invalid = || Error::from(PeerMisbehaved::InvalidKeyShare);
        let (ciphertext, public) = server_share
            .split_at_checked(CIPHERTEXT)
            .ok_or_else(invalid)?;
        let classical = self.classical.complete(public)?;
        let post_quantum = self.post_quantum.decapsulate_slice(ciphertext);
        let post_quantum = Zeroizing::new(post_quantum.map_err(|_| invalid())?);
        let secret = [post_quantum.as_slice(), classical.secret_bytes()].concat();
        Ok(SharedSecret::from(secret))
    }

    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((self.classical.group(), self.classical.pub_key()))
    }

    fn complete_hybrid_component(
        self: Box<Self>,
        server_share: &[u8],
    ) -> Result<SharedSecret, Error> {
        self.classical.complete(server_share)
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// The server's side is that of aws-lc-rs.
#[cfg(all(test, feature = "aws-lc-rs"))]
mod tests {
    use tokio_rustls::rustls::crypto::aws_lc_rs::kx_group;

    use super::*;

    #[test]
    fn another_implementation_agrees_on_the_secret() {
        for _ in 0..20 {
            let client = X25519MlKem768.start().unwrap();
            let server = kx_group::X25519MLKEM768
                .start_and_complete(client.pub_key())
                .unwrap();
            let secret = client.complete(&server.pub_key).unwrap();
            assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
            assert_eq!(secret.secret_bytes().len(), 64);
        }
    }

    #[test]
    fn a_server_that_chooses_x25519_alone_uses_the_share_that_came_along() {
        let client = X25519MlKem768.start().unwrap();
        let (group, share) = client.hybrid_component().unwrap();
        assert_eq!(group, NamedGroup::X25519);
        let server = kx_group::X25519.start_and_complete(share).unwrap();
        let secret = client.complete_hybrid_component(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
    }

    #[test]
    fn a_share_of_another_length_or_of_no_point_is_refused() {
        let client = X25519MlKem768.start().unwrap();
        let server = kx_group::X25519MLKEM768
            .start_and_complete(client.pub_key())
            .unwrap();
        let share = &server.pub_key;
        let zero_point = [&share[..CIPHERTEXT], &[0; 32]].concat();
        let one_more = [share.as_slice(), &[0]].concat();
        for wrong in [
            &[],
            &share[..CIPHERTEXT],
            &share[..share.len() - 1],
            &one_more,
            &zero_point,
        ] {
            let client = X25519MlKem768.start().unwrap();
            assert!(client.complete(wrong).is_err(), "{}", wrong.len());
        }
        // ML-KEM has no wrong ciphertext of the right length: the secrets differ.
        let mut changed = share.clone();
        changed[7] ^= 1;
        let secret = client.complete(&changed).unwrap();
        assert_ne!(secret.secret_bytes(), server.secret.secret_bytes());
    }
}
