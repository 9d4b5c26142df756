//! The runtime of the command, and how it ends.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::args::GlobalArguments;
use crate::output::report::notice;
use crate::stop::Stops;

/// How long the command waits at its end for a renewal: one request takes 30 seconds at most.
const RENEWAL_LIMIT: Duration = Duration::from_secs(40);

/// The file descriptors that a runtime and a connection need.
const ENOUGH: usize = 8;

/// A runtime of Tokio, which would panic if too few file descriptors were free.
pub(crate) fn runtime() -> Result<Runtime, String> {
    // Not every container has a /dev.
    let free = File::open("/").and_then(|root| {
        let more = (1..ENOUGH).map(|_| root.try_clone());
        more.collect::<Result<Vec<_>, _>>()
    });
    drop(free.map_err(|error| format!("{error}: raise the limit by ulimit -n"))?);
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())
}

/// Runs the command, and returns the exit status. The end of the runtime, also by a panic, does not wait
/// for its threads: a pending read of standard input must not keep the process.
pub(crate) fn run(
    runtime: Runtime,
    command: impl Future<Output = u8>,
    global: &GlobalArguments,
) -> u8 {
    let done = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let status = command.await;
            finish_renewal(global).await;
            status
        })
    }));
    runtime.shutdown_background();
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Waits for a renewal of tokens that goes on although the command was stopped. Without its new refresh
/// token, the user would have to log in again. Only Ctrl-C ends the wait: the other signals often come twice,
/// as from `timeout`, a terminal that closes, or a service manager.
async fn finish_renewal(global: &GlobalArguments) {
    let mut ended = pin!(global.logins.renewals_ended());
    if ended.as_mut().now_or_never().is_some() {
        return;
    }
    let mut stops = Stops::new().ok();
    if !global.quiet && !global.logins.are_quiet() {
        let limit = RENEWAL_LIMIT.as_secs();
        notice(&format!(
            "waiting up to {limit} s for the renewal of the login, which would be lost otherwise; Ctrl-C: \
             stop anyway"
        ));
    }
    let interrupted = async {
        match &mut stops {
            Some(stops) => stops.interrupted().await,
            None => std::future::pending().await,
        }
    };
    let ended_or_stopped = async {
        tokio::select! {
            () = ended => {}
            () = interrupted => {}
        }
    };
    let _ = timeout(RENEWAL_LIMIT, ended_or_stopped).await;
}
