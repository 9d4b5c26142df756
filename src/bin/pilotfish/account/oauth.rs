//! `account add` for an account that logs in with OAuth 2.0.

use super::add::ask_name;
use super::said;
use super::setup::Setup;
use crate::args::{AuthLoginArguments, GlobalArguments};
use crate::auth::{Candidate, authorization_server};
use crate::failure::{Failure, Interrupted};
use crate::output::advice::LoginCommand;
use crate::output::logging::Watch;
use crate::settings::ConfigFile;
use crate::stop::Stops;
use crate::terminal::question::Questions;
use crate::terminal::style::{Mark, Stream};

/// An account that logs in with OAuth 2.0 before it is stored.
pub(super) struct WithOAuth {
    pub(super) setup: Setup,
    pub(super) file: ConfigFile,
    pub(super) login: AuthLoginArguments,
    /// The command that begins again.
    pub(super) again: LoginCommand,
}

impl WithOAuth {
    /// Logs in, and stores the account with the login.
    pub(super) async fn add(
        self,
        questions: Option<Questions>,
        global: &GlobalArguments,
        watch: &Watch,
        stops: &mut Stops,
    ) -> Result<(), Failure> {
        let Self {
            mut setup,
            mut file,
            login,
            again,
        } = self;
        // What the flags lack is known before the first question.
        authorization_server(&setup.name, &setup.account, &login, &again)?;
        if let Some(questions) = &questions {
            if let Some(service) = setup.service.filter(|service| service.secret == "oauth") {
                let line = format!("{} accepts no passwords: it needs OAuth 2.0.", service.name);
                questions.say(&line).map_err(Failure::terminal)?;
            }
            let named = ask_name(questions, &mut setup);
            stops.unless(Interrupted::NotStored, named).await?;
        }
        setup.add_sender();
        file.add_account(&setup.name, setup.keys.clone());
        let path = file.path().to_owned();
        let candidate = Candidate {
            name: setup.name.clone(),
            account: setup.account.clone(),
            file,
            again,
        };
        let questions = questions.as_ref();
        let stored = crate::auth::log_in(candidate, login, questions, global, watch, stops);
        let stored = Box::pin(stored).await;
        let stored = stored.map_err(|failure| failure.of_account(&setup.name))?;
        said(global, &Stream::stderr().marked(Mark::Done, &stored.text));
        setup.say_written(&path, stored.is_default, global);
        if !global.json {
            setup.say_next(stored.is_default, global);
        }
        Ok(())
    }
}
