//! `account add` for an account that logs in with OAuth 2.0.

use serde_json::json;

use super::add::{Setup, ask_name};
use super::said;
use crate::args::{AuthLoginArguments, GlobalArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::logging::Watch;
use crate::settings::{ConfigFile, shown_path};
use crate::terminal::question::Questions;
use crate::terminal::style::{Mark, Stream};

/// Logs in with OAuth 2.0, and stores the account with the login.
pub(super) async fn with_oauth(
    questions: Option<&Questions>,
    mut setup: Setup,
    mut file: ConfigFile,
    is_tested: bool,
    global: &GlobalArguments,
    watch: &Watch,
) -> Result<(), Failure> {
    let questions = questions.ok_or_else(cannot_log_in)?;
    if let Some(service) = setup.service.filter(|service| service.secret == "oauth") {
        let line = format!("{} accepts no passwords: it needs OAuth 2.0.", service.name);
        questions.say(&line).map_err(Failure::terminal)?;
    }
    ask_name(questions, &mut setup).await?;
    let from = setup.account.from.as_ref();
    let from = from.map_or_else(String::new, ToString::to_string);
    setup.keys.push(("from", from.into()));
    file.add_account(&setup.name, setup.keys);
    let path = file.path().to_owned();
    let arguments = AuthLoginArguments {
        no_test: !is_tested,
        ..AuthLoginArguments::default()
    };
    let new = (setup.name.clone(), setup.account, file);
    let stored = crate::auth::log_in(new, arguments, Some(questions), global, watch).await?;
    said(global, &Stream::stderr().marked(Mark::Done, &stored.text));
    let is_default = stored.is_default;
    let end = if is_default {
        "; it is the default"
    } else {
        ""
    };
    let text = format!(
        "account {} written to {}{end}",
        setup.name,
        shown_path(&path)
    );
    let object = json!({
        "schema": "pilotfish.account-add/1", "name": setup.name,
        "address": setup.address.to_string(), "file": path.display().to_string(),
        "default": is_default, "tested": is_tested,
    });
    super::done(global, &text, &object);
    Ok(())
}

fn cannot_log_in() -> Failure {
    let message = "a login with OAuth 2.0 needs a terminal here";
    let failure = Failure::new(exit::UNAVAILABLE, message);
    failure.with_help("or name a command that prints an access token: --token-command CMD")
}
