//! The `pilotfish` command.

#[cfg(not(unix))]
compile_error!("the command runs on Unix alone: leave the feature `cli` out to build the library");

mod args;
mod compose;
mod connection;
mod core_dumps;
mod demo;
mod exit;
mod failure;
mod input;
mod output;
mod send;
mod stop;
mod usage;

use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
    core_dumps::forbid();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors.
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
            let _ = usage::explained(error).print();
            return ExitCode::from(code);
        }
    };
    if let Err(error) = descriptors_for_the_runtime() {
        let _ = writeln!(
            std::io::stderr(),
            "error: cannot start: {error}: raise the limit by ulimit -n"
        );
        return ExitCode::from(exit::OS_ERROR);
    }
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
        // A file that grows over the limit of the process (ulimit -f) is an error of the write
        // then, and not the end of the process.
        let _too_large = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
        match arguments.command {
            Command::Send(arguments) => send::run(*arguments).await,
            Command::Demo(arguments) => demo::run(*arguments).await,
        }
    });
    // A pending read of standard input must not keep the process.
    runtime.shutdown_background();
    // A shell stops a loop or a script only if the signal has ended the command.
    if let Some(signal) = exit::signal(code, std::process::id()) {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    ExitCode::from(code)
}

/// Makes sure that enough file descriptors are free: the runtime panics if there are too few.
fn descriptors_for_the_runtime() -> std::io::Result<()> {
    const ENOUGH: usize = 8;
    let null = File::open("/dev/null")?;
    let more = (1..ENOUGH).map(|_| null.try_clone());
    more.collect::<Result<Vec<_>, _>>().map(drop)
}
