//! How fast a spool in a file of SQLite is, and how large: `spool FILE ROWS`.
//!
//! It adds rows of 200 octets, opens the file again, claims, and records flights of 1, 16 and 64 mails for
//! five seconds each. `cargo run --release --example spool -- spool.db 1000000` prints the figures.

#![expect(clippy::print_stdout, reason = "the figures go to standard output")]

use std::time::{Duration, Instant};

use pilotfish::spool::{
    Answer, JobId, JobKind, NewJob, NewMail, Outcome, Spool as _, SqliteOptions, SqliteSpool, Want,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long each size of a flight is measured.
const SPAN: Duration = Duration::from_secs(5);

/// How many rows are added by one call.
const PART: u64 = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(rows)) = (arguments.next(), arguments.next()) else {
        return Err("usage: spool FILE ROWS".into());
    };
    let job: JobId = "rows".parse()?;
    let begun = Instant::now();
    let spool = SqliteSpool::open(&path, SqliteOptions::default()).await?;
    let new = NewJob::new(job.clone(), JobKind::Batch, "work");
    spool.create(new).await?;
    let rows: u64 = rows.parse()?;
    for part in 0..rows.div_ceil(PART) {
        let numbers = part * PART..rows.min((part + 1) * PART);
        let mail = |row| NewMail::new(format!("user{row}@example.org"), vec![b'd'; 200]);
        spool.add(&job, numbers.map(mail).collect()).await?;
    }
    spool.start(&job).await?;
    drop(spool);
    println!("added {rows} rows in {:.1?}", begun.elapsed());
    let begun = Instant::now();
    let spool = SqliteSpool::open(&path, SqliteOptions::default()).await?;
    let first = spool.claim(&Want::new("work")).await?.ok_or("no rows")?;
    println!("opened and claimed in {:.1?}", begun.elapsed());
    spool.release(first.token, &[]).await?;
    println!("{} octets", std::fs::metadata(&path)?.len());
    for flight in [1, 16, 64] {
        println!(
            "flights of {flight}: {:.0} mails/s",
            rate(&spool, flight).await?
        );
    }
    Ok(())
}

/// Mails a second, from the claim to the recorded outcome.
async fn rate(spool: &SqliteSpool, flight: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut mails = 0_u32;
    while begun.elapsed() < SPAN {
        let Some(mut claim) = spool.claim(&Want::new("work")).await? else {
            break;
        };
        let rows: Vec<_> = claim.mails.iter().map(|mail| mail.row).collect();
        let mut settled = Vec::new();
        for leaving in rows.chunks(flight) {
            spool.record(&mut claim.token, leaving, &settled).await?;
            let accepted = |row: &u64| (*row, Outcome::Accepted(Answer::new("250 OK")));
            settled = leaving.iter().map(accepted).collect();
        }
        spool.release(claim.token, &settled).await?;
        mails += u32::try_from(rows.len())?;
    }
    Ok(f64::from(mails) / begun.elapsed().as_secs_f64())
}
