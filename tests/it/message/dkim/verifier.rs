//! The signers, and dkimpy, which verifies.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use pilotfish::message::dkim::{Canonicalization, Signer, SigningKey};
use tempfile::TempDir;

const RSA: &[u8] = include_bytes!("../../../fixtures/dkim/rsa-2048.pem");
const ED25519: &[u8] = include_bytes!("../../../fixtures/dkim/rfc8463-ed25519.pem");

/// An algorithm, which is also the selector.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    Rsa,
    Ed25519,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Rsa, Self::Ed25519];

    fn selector(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed",
        }
    }

    fn key(self) -> SigningKey {
        let pem = match self {
            Self::Rsa => RSA,
            Self::Ed25519 => ED25519,
        };
        SigningKey::from_pem(pem).unwrap()
    }
}

/// Signs for `x.test`, header and body in the same form.
pub(crate) fn signer(algorithm: Algorithm, form: Canonicalization) -> Signer {
    Signer::builder("x.test", algorithm.selector(), algorithm.key())
        .header_canonicalization(form)
        .body_canonicalization(form)
        .build()
        .unwrap()
}

/// Signers by both algorithms and in both forms.
pub(super) fn signers() -> Vec<Signer> {
    let forms = [Canonicalization::Relaxed, Canonicalization::Simple];
    let pairs = Algorithm::ALL
        .into_iter()
        .flat_map(|a| forms.map(|f| (a, f)));
    pairs
        .map(|(algorithm, form)| signer(algorithm, form))
        .collect()
}

/// The defects of each of the signatures of a mail, in order.
pub(super) type Verdict = Vec<Option<String>>;

/// Verifies all of these mails in one process.
pub(super) fn verify<M: AsRef<[u8]>>(mails: &[M]) -> Vec<Verdict> {
    let folder = TempDir::new().unwrap();
    let files = mails.iter().enumerate().map(|(number, mail)| {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, mail).unwrap();
        file
    });
    verify_files(&files.collect::<Vec<_>>())
}

pub(super) fn verify_files(files: &[PathBuf]) -> Vec<Verdict> {
    let records = Algorithm::ALL.map(|algorithm| {
        let name = format!("{}._domainkey.x.test", algorithm.selector());
        (name, algorithm.key().public_record().into())
    });
    let records = serde_json::Value::Object(records.into_iter().collect());
    let python = std::env::var_os("PILOTFISH_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(&python)
        .args(["-I", "-X", "utf8", "tests/it/message/dkim/verify.py"])
        .arg(records.to_string())
        .args(files)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{python:?}: {error}: tests/run installs it"));
    assert!(output.status.success(), "tests/run installs dkimpy");
    let verdicts: Vec<Verdict> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts.len(), files.len());
    verdicts
}
