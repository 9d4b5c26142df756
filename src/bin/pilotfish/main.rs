//! The `pilotfish` command.

mod args;
mod attach_spec;
mod compose;
mod demo;
mod dry_run;
mod dump;
mod exit;
mod failure;
mod hint;
mod inline_spec;
mod input;
mod json;
mod logging;
mod login;
mod progress;
mod report;
mod send;
mod sign;
mod submitter;
mod text_source;
mod tls;
mod transcript;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
    dump::forbid();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors.
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot start: {error}");
            return ExitCode::from(exit::OS_ERROR);
        }
    };
    let code = runtime.block_on(async {
        match arguments.command {
            Command::Send(arguments) => send::run(*arguments).await,
            Command::Demo(arguments) => demo::run(*arguments).await,
        }
    });
    // A read of standard input that nobody waits for must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(code)
}
