//! Ends a login at its provider.

use std::time::Duration;

use pilotfish::config::ConfigError;
use pilotfish::oauth::{OAuthClient, Tokens};
use tokio::time::{sleep, timeout};

use crate::exit;
use crate::failure::Failure;
use crate::stop::{Stop, Stops};

/// How long the request may take, and all of the revocation after SIGTERM or SIGHUP.
const LIMIT: Duration = Duration::from_secs(5);

/// Revokes a login by its client, and says whether the provider can do that. Ctrl-C ends the wait at once, and
/// another signal soon.
pub(super) async fn revoke(
    client: impl Future<Output = Result<Option<OAuthClient>, ConfigError>>,
    tokens: &Tokens,
    stops: &mut Stops,
) -> Result<bool, Failure> {
    let revocation = async {
        let client = client.await?;
        let Some(client) = client.filter(|client| client.provider().can_revoke()) else {
            return Ok(false);
        };
        let Ok(revoked) = timeout(LIMIT, client.revoke(tokens)).await else {
            let message = format!("the provider did not answer within {} s", LIMIT.as_secs());
            return Err(Failure::new(exit::TEMPORARY, message));
        };
        revoked?;
        Ok(true)
    };
    let stopped = async {
        let stop = stops.next().await;
        if stop != Stop::Interrupt {
            tokio::select! {
                () = stops.interrupted() => {}
                () = sleep(LIMIT) => {}
            }
        }
        stop
    };
    tokio::select! {
        biased;
        done = revocation => done,
        stop = stopped => Err(Failure::new(stop.status(), stop.shown())),
    }
}
