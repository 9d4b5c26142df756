//! `pilotfish config`: which files are read, and what they say.

use std::path::PathBuf;

use pilotfish::config::Config;
use serde_json::json;

use super::choice::configuration;
use super::entries::{Entry, entries};
use super::shown_path;
use crate::args::{ConfigArguments, ConfigCommands, GlobalArguments, ImportArguments};
use crate::failure::Failure;
use crate::input::blocking;
use crate::output::report::{answer, status, warning};
use crate::sendmail::aliases::Aliases;
use crate::stop::Stops;
use crate::terminal::quantity::counted;
use crate::terminal::style::{Mark, Stream};

/// Runs the command, and returns the exit status.
pub(crate) async fn run(arguments: ConfigArguments, global: &GlobalArguments) -> u8 {
    let done = match arguments.command {
        ConfigCommands::Path => paths(global),
        ConfigCommands::Check => check(global).await,
        ConfigCommands::Import(arguments) => import(*arguments, global).await,
        ConfigCommands::Show { origin } => show(global, origin).await,
    };
    status(global, done)
}

/// A signal leaves no file with a secret behind that no account names.
async fn import(arguments: ImportArguments, global: &GlobalArguments) -> Result<(), Failure> {
    let mut stops = Stops::new()?;
    Box::pin(crate::import::run(arguments, global, &mut stops)).await
}

/// The files that count, whether they exist or not.
fn files(global: &GlobalArguments) -> Vec<PathBuf> {
    global
        .config
        .clone()
        .map_or_else(Config::paths, |path| vec![path])
}

fn paths(global: &GlobalArguments) -> Result<(), Failure> {
    let files = files(global);
    if global.json {
        let files = files
            .iter()
            .map(|path| json!({"path": path.display().to_string(), "exists": path.exists()}));
        let files: Vec<_> = files.collect();
        let object = json!({"schema": "pilotfish.config-path/1", "files": files});
        return answer(&object.to_string());
    }
    for path in files {
        let mark = if path.exists() {
            Mark::Done
        } else {
            Mark::Idle
        };
        answer(&Stream::stdout().marked(mark, path.display()))?;
    }
    Ok(())
}

/// Reads the files, and what they name besides secrets.
async fn check(global: &GlobalArguments) -> Result<(), Failure> {
    let config = configuration(global).await?;
    if let Some(default) = &config.default {
        config.account(default)?;
    }
    for account in config.accounts.values() {
        account.server_builder().await?.build()?;
    }
    if let Some(path) = config.aliases.clone() {
        let aliases = blocking(move || Aliases::load(&path)).await?;
        for problem in aliases.problems() {
            warning(&problem);
        }
    }
    let mut checked = Vec::new();
    for path in files(global).iter().filter(|path| path.exists()) {
        let is_here = |name: &&String| config.file_of(name) == Some(path);
        let here = config.accounts.keys().filter(is_here).count();
        let text = format!(
            "{}: {}",
            shown_path(path),
            counted(here, "account", "accounts")
        );
        checked.push(json!({"path": path.display().to_string(), "accounts": here}));
        if !global.quiet && !global.json {
            answer(&Stream::stdout().marked(Mark::Done, text))?;
        }
    }
    if global.json {
        let object = json!({"schema": "pilotfish.config-check/1", "files": checked});
        answer(&object.to_string())?;
    }
    Ok(())
}

async fn show(global: &GlobalArguments, origin: bool) -> Result<(), Failure> {
    let entries = effective(global).await?;
    if global.json {
        let entries = entries
            .iter()
            .map(|entry| json!({"key": entry.name(), "value": entry.value, "origin": entry.place}));
        let entries: Vec<_> = entries.collect();
        let object = json!({"schema": "pilotfish.config/1", "settings": entries});
        return answer(&object.to_string());
    }
    let lines = entries.iter().map(|entry| {
        let line = format!("{} = {}", entry.name(), entry.value);
        if origin {
            format!("{}\t{line}", entry.place)
        } else {
            line
        }
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    answer(&lines.join("\n"))
}

/// The settings that count: an account is from one file, and the user's other settings come before those
/// of the system.
pub(crate) async fn effective(global: &GlobalArguments) -> Result<Vec<Entry>, Failure> {
    let config = configuration(global).await?;
    let mut all: Vec<Entry> = Vec::new();
    for path in files(global).iter().filter(|path| path.exists()) {
        for entry in entries(path)? {
            let counts = match entry.key.as_slice() {
                [table, name, ..] if table == "account" => config.file_of(name) == Some(path),
                key => all.iter().all(|other| other.key != key),
            };
            if counts {
                all.push(entry);
            }
        }
    }
    Ok(all)
}
