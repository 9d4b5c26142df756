//! What a person does at Google or Microsoft before the first login: register a client.

use pilotfish::Secret;
use pilotfish::config::OAuthServer;

use crate::failure::Failure;
use crate::terminal::question::Questions;
use crate::terminal::style::{CYAN, painted};

/// The client of the person.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
}

/// Shows the steps, and asks for the client ID, and for its secret unless the command line names that.
pub(super) async fn ask(
    questions: &Questions,
    server: &OAuthServer,
    address: Option<&str>,
    has_secret: bool,
) -> Result<Client, Failure> {
    for line in lines(server, address) {
        questions.say(&line).map_err(Failure::terminal)?;
    }
    let id = questions.line("Client ID:").await;
    let id = id.map_err(Failure::terminal)?;
    let id = id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(Failure::nothing_stored)?;
    let question = match server {
        _ if has_secret => return Ok(Client { id, secret: None }),
        OAuthServer::Microsoft => return Ok(Client { id, secret: None }),
        OAuthServer::Google => "Client secret (not shown):",
        _ => "Client secret (not shown; Enter: none):",
    };
    let secret = questions.secret(question).await;
    let secret = secret.map_err(Failure::terminal)?;
    let secret = secret.ok_or_else(Failure::nothing_stored)?;
    Ok(Client {
        id,
        secret: Some(secret).filter(|secret| !secret.expose().is_empty()),
    })
}

/// The steps, and before them what is simpler.
fn lines(server: &OAuthServer, address: Option<&str>) -> Vec<String> {
    let (name, steps) = match server {
        OAuthServer::Google => ("Google", google()),
        OAuthServer::Microsoft => ("Microsoft", microsoft()),
        _ => return Vec::new(),
    };
    let mut lines = Vec::new();
    let is_private = address.is_some_and(|address| {
        let domain = address.rsplit('@').next().unwrap_or_default();
        domain.eq_ignore_ascii_case("gmail.com") || domain.eq_ignore_ascii_case("googlemail.com")
    });
    if let (OAuthServer::Google, true, Some(address)) = (server, is_private, address) {
        let add = painted(CYAN, format!("pilotfish account add {address}"));
        lines.push(format!(
            "For a private Gmail account an app password is simpler: {add}"
        ));
    }
    lines.push(format!(
        "{name} wants a client of your own. You register it once, in five steps:"
    ));
    let numbered = steps.into_iter().enumerate();
    lines.extend(numbered.map(|(index, step)| format!("  {}. {step}", index + 1)));
    lines
}

fn google() -> [String; 5] {
    let page = painted(CYAN, "https://console.cloud.google.com");
    [
        format!("Open {page} and make a new project."),
        "Enable the Gmail API.".to_owned(),
        "OAuth consent screen: Internal (Workspace), else External, and publish it\n     \
         (in \"Testing\" a login ends after 7 days)."
            .to_owned(),
        "Credentials, Create credentials, OAuth client ID: Desktop app.".to_owned(),
        "Copy the client ID and the client secret.".to_owned(),
    ]
}

fn microsoft() -> [String; 5] {
    let page = painted(CYAN, "https://entra.microsoft.com");
    [
        format!("Open {page}, App registrations, New registration."),
        "Supported account types: those that will send mail.".to_owned(),
        "Redirect URI: Public client (mobile and desktop), http://localhost".to_owned(),
        "API permissions: APIs my organization uses, Office 365 Exchange Online,\n     \
         Delegated, SMTP.Send. For --device: Authentication, Allow public client flows."
            .to_owned(),
        "Copy the application (client) ID.".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simpler_comes_first() {
        let first = |server, address| {
            let lines = lines(&server, Some(address));
            let first = lines
                .first()
                .map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "));
            (first.unwrap_or_default(), lines.len())
        };
        for (server, address, expected, count) in [
            (
                OAuthServer::Google,
                "me@gmail.com",
                "For a private Gmail",
                7,
            ),
            (
                OAuthServer::Google,
                "me@GoogleMail.com",
                "For a private Gmail",
                7,
            ),
            (
                OAuthServer::Google,
                "me@example.org",
                "Google wants a client",
                6,
            ),
            (
                OAuthServer::Microsoft,
                "me@gmail.com",
                "Microsoft wants a client",
                6,
            ),
            (
                OAuthServer::Issuer("https://id.example".to_owned()),
                "me@gmail.com",
                "",
                0,
            ),
        ] {
            assert_eq!(
                first(server, address),
                (expected.to_owned(), count),
                "{address}"
            );
        }
    }
}
