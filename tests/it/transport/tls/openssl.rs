//! Certificates that only OpenSSL can make and serve, because they are too weak for other tools.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pilotfish::transport::{Fingerprint, TlsConfig};
use rcgen::KeyPair;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version;

use super::certificates::{is_accepted, is_refused};
use super::made::{ROOT, ServerCertificates, client, good, trusting};
use super::server::Side;

const HOST: &str = "server.example";

/// Runs `openssl` in a directory.
fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
}

/// A directory with the trusted authority, and the configurations of a server and an authority.
fn certificate_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("root.pem", &ROOT.pem());
    write("root.key", &ROOT.key().serialize_pem());
    write(
        "server.ext",
        "subjectAltName=DNS:server.example\nextendedKeyUsage=serverAuth\n",
    );
    write(
        "ca.ext",
        "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n",
    );
    directory
}

/// Makes NAME.key and NAME.pem, with this key and with this digest in the issuer's signature.
fn certify(directory: &Path, name: &str, key: &str, issuer: &str, digest: &str, kind: &str) {
    openssl(
        directory,
        &format!("req -newkey {key} -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"),
    );
    openssl(
        directory,
        &format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial \
             -{digest} -days 30 -extfile {kind}.ext -out {name}.pem"
        ),
    );
}

const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// Serves certificates of the directory.
fn shown(directory: &Path, names: &[&str]) -> ServerCertificates {
    let key = directory.join(format!("{}.key", names[0]));
    let key = std::fs::read_to_string(key).unwrap();
    let chain = names.iter().map(|name| certificate(directory, name));
    ServerCertificates {
        chain: chain.collect(),
        key: KeyPair::from_pem(&key).unwrap(),
    }
}

fn certificate(directory: &Path, name: &str) -> CertificateDer<'static> {
    let pem = std::fs::read(directory.join(format!("{name}.pem"))).unwrap();
    let mut pem = pem.as_slice();
    rustls_pemfile::certs(&mut pem).next().unwrap().unwrap()
}

#[tokio::test]
async fn a_signature_with_sha_1() {
    let directory = certificate_directory();
    let directory = directory.path();
    for (digest, words) in [
        ("sha256", None),
        (
            "sha1",
            Some("by an algorithm that is weak or not known here, such as SHA-1"),
        ),
    ] {
        certify(directory, "server", P256, "root", digest, "server");
        let side = Side::from(shown(directory, &["server"]).config());
        match words {
            Some(words) => is_refused(&side, &client(), HOST, words).await,
            None => is_accepted(&side, &client(), HOST).await,
        }
    }
}

#[tokio::test]
async fn an_authority_with_a_short_key() {
    let directory = certificate_directory();
    let directory = directory.path();
    certify(directory, "between", "rsa:1024", "root", "sha256", "ca");
    certify(directory, "server", P256, "between", "sha256", "server");
    let side = Side::from(shown(directory, &["server", "between"]).config());
    let words = "or one by an RSA key of less than 2048 bits";
    is_refused(&side, &client(), HOST, words).await;
}

/// `openssl s_server`, at a separate port.
struct OpensslServer {
    child: Child,
    port: u16,
}

impl Drop for OpensslServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(directory: &Path, arguments: &str) -> OpensslServer {
    let mut child = Command::new("openssl")
        .args("s_server -accept 127.0.0.1:0 -cert server.pem -key server.key".split(' '))
        .args(arguments.split(' '))
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = said.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("ACCEPT")));
    let line = line.expect("the server listens").unwrap();
    let port = line.rsplit(':').next().unwrap().parse().unwrap();
    OpensslServer { child, port }
}

#[tokio::test]
async fn a_server_with_a_short_key() {
    let directory = certificate_directory();
    let directory = directory.path();
    certify(directory, "server", "rsa:1024", "root", "sha256", "server");
    for version in ["-tls1_2", "-tls1_3"] {
        let server = listen(directory, &format!("{version} -cipher DEFAULT@SECLEVEL=0"));
        let words = "has an RSA key of less than 2048 bits";
        is_refused(&Side::Port(server.port), &client(), HOST, words).await;
    }
}

/// The client cannot verify the signature, which does not mean that it is wrong.
#[tokio::test]
async fn a_key_of_an_unknown_kind() {
    let directory = certificate_directory();
    let directory = directory.path();
    for kind in ["ec -pkeyopt ec_paramgen_curve:secp256k1", "ed448"] {
        certify(directory, "server", kind, "root", "sha256", "server");
        let shown = ServerCertificates {
            chain: vec![certificate(directory, "server")],
            key: good().key,
        };
        let pin = Fingerprint::Certificate(Sha256::digest(&shown.chain[0]).into());
        for versions in [&[&version::TLS12], &[&version::TLS13]] {
            let side = Side::from(shown.config_of(versions));
            for tls in [
                TlsConfig::builder().danger_accept_invalid_certificates(),
                TlsConfig::builder().fingerprint(pin),
                trusting(),
            ] {
                let tls = tls.build().unwrap();
                let words = "has a key of a kind that is not known here";
                is_refused(&side, &tls, HOST, words).await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_with_only_old_versions() {
    let directory = certificate_directory();
    let directory = directory.path();
    certify(directory, "server", P256, "root", "sha256", "server");
    for version in ["-tls1", "-tls1_1"] {
        let server = listen(directory, &format!("{version} -cipher DEFAULT@SECLEVEL=0"));
        let words = "supports no TLS version that is allowed";
        is_refused(&Side::Port(server.port), &client(), HOST, words).await;
    }
}
