//! Passwords and tokens. They never come from a flag's value, which other users of the machine can
//! read.

use serde::Deserialize;

use super::secret_error::SecretError;
use super::secret_source::SecretSource;
use crate::secret::Secret;

/// How much of the source of a password is read, in octets.
const MAX_PASSWORD_SOURCE: usize = 8_192;

/// How much of the source of a token is read, in octets: the answer of a token endpoint contains
/// other tokens too.
const MAX_TOKEN_SOURCE: usize = 65_536;

impl SecretSource<'_> {
    /// Reads a password: the first line, without a byte order mark and the line end.
    pub(super) async fn read_password(self) -> Result<Secret, SecretError> {
        let octets = self.read("password", MAX_PASSWORD_SOURCE).await?;
        self.first_line(&octets, "password", MAX_PASSWORD_SOURCE)
    }

    /// Reads the secret of an OAuth 2.0 client, as [`read_password`](Self::read_password) does.
    #[cfg(feature = "oauth")]
    pub(super) async fn read_client_secret(self) -> Result<Secret, SecretError> {
        const WHAT: &str = "client secret";
        let octets = self.read(WHAT, MAX_PASSWORD_SOURCE).await?;
        self.first_line(&octets, WHAT, MAX_PASSWORD_SOURCE)
    }

    /// Reads an access token: the first line, or `access_token` of a JSON object, as a token
    /// endpoint answers (RFC 6749 section 5.1).
    pub(super) async fn read_token(self) -> Result<Secret, SecretError> {
        let octets = self.read("token", MAX_TOKEN_SOURCE).await?;
        if octets.trim_ascii_start().starts_with(b"{") {
            let answer: Result<Answer, _> = serde_json::from_slice(&octets);
            return match answer {
                Ok(answer) => Ok(Secret::from(answer.access_token)),
                // The parser's reason may quote the token.
                Err(_) => Err(SecretError::NoAccessToken {
                    place: self.to_string(),
                }),
            };
        }
        self.first_line(&octets, "token", MAX_TOKEN_SOURCE)
    }

    /// The first line of what was read, which was at most so much.
    fn first_line(
        self,
        octets: &[u8],
        what: &'static str,
        most: usize,
    ) -> Result<Secret, SecretError> {
        let line = octets.split(|octet| *octet == b'\n').next();
        let line = line.unwrap_or_default();
        if line.len() >= most {
            return Err(self.too_long(what, most));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            let place = self.to_string();
            return Err(SecretError::Empty { what, place });
        }
        Ok(Secret::new(line))
    }
}

/// What a token endpoint answers (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(content: &str, mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file.as_file()
            .set_permissions(PermissionsExt::from_mode(mode))
            .unwrap();
        file
    }

    #[tokio::test]
    async fn the_first_line_of_a_file() {
        for (content, expected) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("pass word \nuser: me\n", "pass word "),
            ("\u{feff}hunter2\r\n", "hunter2"),
        ] {
            let file = file(content, 0o600);
            let source = SecretSource::File(file.path());
            let secret = source.read_password().await.unwrap();
            assert_eq!(secret.expose(), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn tokens_and_answers_of_token_endpoints() {
        let padding = " ".repeat(20_000);
        let long = format!("{{\"id_token\":\"{padding}\",\"access_token\":\"ya29.a\"}}");
        for (content, expected) in [
            ("ya29.a\n", Some("ya29.a")),
            (
                "{\"access_token\":\"ya29.a\",\"expires_in\":3599}",
                Some("ya29.a"),
            ),
            (
                "\u{feff}\n {\n  \"access_token\": \"ya29.a\"\n}\n",
                Some("ya29.a"),
            ),
            (&long, Some("ya29.a")),
            ("{\"accessToken\":\"ya29.a\"}", None),
            ("{\n", None),
            ("{\"access_token\":7}", None),
        ] {
            let file = file(content, 0o600);
            let source = SecretSource::File(file.path());
            match (source.read_token().await, expected) {
                (Ok(token), Some(expected)) => assert_eq!(token.expose(), expected.as_bytes()),
                (Err(error), None) => {
                    let shown = format!("{error} {error:?}");
                    assert!(shown.contains("access_token"), "{shown}");
                    assert!(!shown.contains("ya29"), "{shown}");
                }
                (outcome, _) => panic!("{content}: {outcome:?}"),
            }
        }
    }

    #[tokio::test]
    async fn an_empty_file_has_no_password() {
        for content in ["", "\n", "\nx"] {
            let file = file(content, 0o600);
            let result = SecretSource::File(file.path()).read_password().await;
            assert!(
                matches!(result, Err(SecretError::Empty { .. })),
                "{content:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused() {
        for mode in [0o640, 0o604, 0o644, 0o620] {
            let file = file("hunter2", mode);
            let error = SecretSource::File(file.path())
                .read_password()
                .await
                .unwrap_err();
            assert!(
                matches!(error, SecretError::ReadableByOthers { .. }),
                "{mode:o}"
            );
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[tokio::test]
    async fn a_file_descriptor() {
        let file = file("hunter2\n", 0o600);
        let number = u32::try_from(file.as_file().as_raw_fd()).unwrap();
        assert_eq!(
            SecretSource::Fd(number)
                .read_password()
                .await
                .unwrap()
                .expose(),
            b"hunter2"
        );
        assert!(SecretSource::Fd(9_999).read_password().await.is_err());
    }

    #[tokio::test]
    async fn a_command() {
        let read = async |command: &str| SecretSource::Command(command).read_password().await;
        assert_eq!(read("echo hunter2").await.unwrap().expose(), b"hunter2");
        assert_eq!(read("seq 100000").await.unwrap().expose(), b"1");
        assert!(matches!(
            read("exit 3").await,
            Err(SecretError::CommandFailed { .. })
        ));
        // The background process keeps the pipe for longer than this test may take.
        let left = read("echo hunter2; sleep 60 & exit 0").await.unwrap();
        assert_eq!(left.expose(), b"hunter2");
        assert!(matches!(read("true").await, Err(SecretError::Empty { .. })));
        assert!(matches!(
            read("echo x; exit 1").await,
            Err(SecretError::CommandFailed { .. })
        ));
    }
}
