//! Masks the secrets of a call wherever the server repeats them.

use oauth2::url::form_urlencoded;

use crate::protocol::Mask;
use crate::secret::Secret;

/// The secrets of one call. All text of an answer passes [`masked`](Self::masked) before an error has it.
#[derive(Debug, Default)]
pub(super) struct Hidden(Vec<Mask>);

impl Hidden {
    pub(super) fn of<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let mut hidden = Self::default();
        hidden.add(secrets);
        hidden
    }

    /// Hides these as well: as they are, and as a form and the header have them (RFC 6749 section 2.3.1).
    pub(super) fn add<'s>(&mut self, secrets: impl IntoIterator<Item = &'s Secret>) {
        for secret in secrets {
            self.0.push(Mask::new(secret));
            let in_form: String = form_urlencoded::byte_serialize(secret.expose()).collect();
            let in_form = Secret::from(in_form);
            if in_form != *secret {
                self.0.push(Mask::new(&in_form));
            }
        }
    }

    /// The text of a server with the secrets masked.
    pub(super) fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for mask in &self.0 {
            if let Some(text) = mask.applied(&masked) {
                masked = text;
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn forms_in_which_a_secret_is_sent() {
        let secret = Secret::from("s3cret of *us* & th~m");
        let in_form = "s3cret+of+*us*+%26+th%7Em";
        let hidden = Hidden::of([&secret]);
        for text in [
            "s3cret of *us* & th~m".to_owned(),
            in_form.to_owned(),
            "s3cret%20of%20%2Aus%2A%20%26%20th~m".to_owned(),
        ] {
            assert_eq!(hidden.masked(&format!("no: {text}!")), "no: <redacted>!");
        }
        let login = STANDARD.encode(format!("mailer:{in_form}"));
        let masked = hidden.masked(&login);
        assert!(
            masked.contains("<redacted>") && masked.len() < 40,
            "{masked}"
        );
    }
}
