//! Ending the claims of workers that have died.

use rusqlite::params;

use super::super::mail::MailState;
use super::failure::Done;
use super::owners::Life;
use super::rows::{OpenJob, fateless};
use super::store::Store;

/// A claim whose worker has died, or did not extend it in time.
#[derive(Debug)]
pub(super) struct Dead {
    claim: i64,
    job: i64,
    why: String,
    /// Whether some of what was recorded may be missing.
    with_loss: bool,
}

impl Store {
    pub(super) fn dead_claims(&self) -> Done<Vec<Dead>> {
        let claims = "SELECT id, job, worker, until FROM claim";
        let claims = self.rows(claims, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let (lives, now) = (self.lives()?, self.steady());
        let mut dead = Vec::new();
        for (claim, job, worker, until) in claims {
            let (worker, until): (i64, i64) = (worker, until);
            let (name, life) = match lives.get(&worker) {
                Some((name, life)) => (name.as_str(), *life),
                None => ("(unknown)", Life::EndedWithLoss),
            };
            let why = match life {
                Life::Lives if now < until => continue,
                Life::Lives => format!("worker {name} did not answer for the time of its claim"),
                Life::Ended => format!("worker {name} ended before the reply came"),
                Life::EndedWithLoss => format!(
                    "the machine of worker {name} stopped, so that it is not known what left"
                ),
            };
            let with_loss = life == Life::EndedWithLoss;
            dead.push(Dead {
                claim,
                job,
                why,
                with_loss,
            });
        }
        Ok(dead)
    }

    /// Ends the claims of workers that have died.
    pub(super) fn take_over(&self) -> Done<()> {
        for dead in self.dead_claims()? {
            if let Some(mut job) = self.open_job(dead.job)? {
                self.let_go(dead.claim, &mut job, &dead.why, dead.with_loss)?;
                self.count(&job)?;
            }
        }
        Ok(())
    }

    /// Ends a claim. Its rows are ready again if they have certainly not left, and unknown otherwise.
    pub(super) fn let_go(
        &self,
        claim: i64,
        job: &mut OpenJob,
        why: &str,
        with_loss: bool,
    ) -> Done<()> {
        let sql = "SELECT mail.id, fate.id IS NULL FROM mail LEFT JOIN fate ON fate.id = mail.id
            WHERE mail.id BETWEEN ?1 AND ?2 AND (fate.id IS NULL OR fate.claim = ?3)";
        for (low, high) in self.portions(claim)? {
            let rows = self.rows(sql, params![low, high, claim], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            for (id, is_new) in rows {
                let known = if is_new { None } else { self.fate(id)? };
                let known = known.unwrap_or_else(|| fateless(job, id));
                if known.state == MailState::InFlight || with_loss {
                    self.make_unknown(job, &known, why)?;
                } else {
                    self.make_ready(job, &known)?;
                }
            }
        }
        self.execute("DELETE FROM portion WHERE claim = ?", [claim])?;
        self.execute("DELETE FROM claim WHERE id = ?", [claim])?;
        Ok(())
    }
}
