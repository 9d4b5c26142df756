//! The `pilotfish` command.

#[cfg(not(unix))]
compile_error!(
    "the command runs on Linux and other Unix systems alone: it needs their signals, terminals and \
     file modes. Build the library without the feature `cli`: --no-default-features --features ring"
);

mod account;
mod args;
mod auth;
mod check;
mod compose;
mod connection;
mod demo;
mod discovery;
mod exit;
mod explain;
mod failure;
mod import;
mod input;
mod output;
mod packaging;
mod runtime;
mod send;
mod sendmail;
mod settings;
mod stop;
mod suggestion;
mod terminal;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Arguments, Subcommands, with_each_file};
use crate::failure::Failure;
use crate::output::report;

fn main() -> ExitCode {
    forbid_core_dumps();
    exit::unless_panicked(run)
}

/// Runs the command of the command line.
fn run() -> ExitCode {
    let line = sendmail::as_command(std::env::args_os().collect());
    let arguments = match parsed(line) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is an answer, not an error.
            if !error.use_stderr() {
                return ExitCode::from(usage::answer(&error));
            }
            if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                report::notice(&usage::beginning(&error));
                return ExitCode::from(exit::USAGE);
            }
            let failure = usage::explained(&error);
            return ExitCode::from(report::failed(&usage::wishes(&error), None, &failure));
        }
    };
    let Arguments {
        command, global, ..
    } = arguments;
    if let Some(color) = global.color {
        color.write_global();
    }
    if let Err(failure) = usage::check_output(&global) {
        return ExitCode::from(report::failed(&global, None, &failure));
    }
    let runtime = match runtime::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(exit::OS_ERROR, format!("cannot start: {error}"));
            return ExitCode::from(report::failed(&global, None, &failure));
        }
    };
    let command = async {
        // A file that grows over the limit of the process (ulimit -f) is an error of the write
        // then, and not the end of the process.
        let _too_large = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
        match command {
            Subcommands::Send(arguments) => send::run(*arguments, &global).await,
            Subcommands::Account(arguments) => account::run(arguments, &global).await,
            Subcommands::Auth(arguments) => auth::run(arguments, &global).await,
            Subcommands::Config(arguments) => settings::run(arguments, &global).await,
            Subcommands::Check(arguments) => check::run(*arguments, &global).await,
            Subcommands::Sendmail(arguments) => sendmail::run(&arguments.arguments, &global).await,
            Subcommands::Explain(arguments) => explain::run(&arguments, &global),
            Subcommands::Demo(arguments) => demo::run(*arguments, &global).await,
            Subcommands::Completions(arguments) => packaging::completions(&arguments),
            Subcommands::Man(arguments) => packaging::man(&arguments, &global),
        }
    };
    let code = runtime::run(runtime, command, &global);
    // A shell stops a loop or a script only if the signal has ended the command.
    if let Some(signal) = exit::signal(code, std::process::id()) {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    ExitCode::from(code)
}

/// The arguments, with the names of the command among them.
fn parsed(line: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let matches = Arguments::command().try_get_matches_from(with_each_file(line))?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    let mut names = Vec::new();
    let mut matches = &matches;
    while let Some((name, of_command)) = matches.subcommand() {
        names.push(name);
        matches = of_command;
    }
    arguments.global.command = names.join(" ");
    Ok(arguments)
}

/// Sees to it that no core is dumped, and that no other process of the user looks into this one:
/// passwords are in its memory. Where the system does not let it be, nothing is lost.
fn forbid_core_dumps() {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
