//! Networks that delay, lose and partition, and hosts that crash, in simulated time: the outcome
//! that the client reports for each mail is always true.
//!
//! Everything follows from a seed. `PILOTFISH_SEEDS=100000` runs more seeds than the few thousand
//! of each run. `PILOTFISH_SEED=17` runs only seed 17.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream;
use pilotfish::message::{Attachment, Body, BodyType};
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, Receipt, Session};
use pilotfish::transport::Timeouts;
use pilotfish::{Error, Fate, Message, Result};
use tokio::time::timeout;
use turmoil::Sim;
use turmoil::net::{TcpListener, TcpStream};

use crate::session::send_each::strategy;
use crate::support::built::built;
use crate::support::client::{ACCOUNT, in_clear_within};
use crate::support::dice::Dice;
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};

const SEEDS: u64 = 2_000;

/// How many mails a client sends, and how many attempts it makes for each.
const MAILS: usize = 4;
const ATTEMPTS: usize = 6;

/// The strategy for mails in close succession, or `None` to send each mail on its own.
const STRATEGIES: [Option<(Pipelining, Chunking)>; 5] = [
    None,
    Some((Pipelining::Auto, Chunking::Auto)),
    Some((Pipelining::Eager, Chunking::Never)),
    Some((Pipelining::Eager, Chunking::Auto)),
    Some((Pipelining::Never, Chunking::Always)),
];

const TICK: Duration = Duration::from_millis(20);

/// Longer than all attempts together, each with all of its time limits.
const TOO_LONG: Duration = Duration::from_hours(1);

/// The client's time limits. The simulation runs one step for each tick.
fn timeouts() -> Timeouts {
    Timeouts::all(Duration::from_millis(1_500))
}

/// A fault of a server or of the network, and its time.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Crash,
    Bounce,
    Partition,
    PartitionToServer,
    PartitionToClient,
    Repair,
    Hold,
    Release,
}

impl Fault {
    /// Each fault, and its repair.
    const PAIRS: [(Self, Self); 5] = [
        (Self::Crash, Self::Bounce),
        (Self::Partition, Self::Repair),
        (Self::PartitionToServer, Self::Repair),
        (Self::PartitionToClient, Self::Repair),
        (Self::Hold, Self::Release),
    ];

    fn inject(self, sim: &mut Sim) {
        let (client, server) = ("client", "server");
        match self {
            Self::Crash => sim.crash(server),
            Self::Bounce => sim.bounce(server),
            Self::Partition => sim.partition(client, server),
            Self::PartitionToServer => sim.partition_oneway(client, server),
            Self::PartitionToClient => sim.partition_oneway(server, client),
            Self::Repair => sim.repair(client, server),
            Self::Hold => sim.hold(client, server),
            Self::Release => sim.release(client, server),
        }
    }
}

/// The faults, with their times in ticks.
fn faults(dice: &mut Dice) -> Vec<(u64, Fault)> {
    let mut faults = Vec::new();
    for _ in 0..dice.below(6) {
        let (begin, end) = dice.one_of(&Fault::PAIRS);
        let at = dice.below(150);
        faults.push((at, begin));
        faults.push((at + 1 + dice.below(100), end));
    }
    faults.sort_by_key(|(tick, _)| *tick);
    faults
}

/// The mails of a client. They differ in size.
fn mails(dice: &mut Dice) -> Vec<Message> {
    let data = dice.one_of(&[BodyType::EightBit, BodyType::Binary]);
    (0..MAILS)
        .map(|number| {
            let octets = vec![b'x'; usize::try_from(dice.below(20_000)).unwrap()];
            let file = Attachment::new(Body::bytes(octets), "x.bin");
            let letter = ACCOUNT.letter_of_text(&["a@example.org", "b@example.org"], ".\n");
            let id = format!("<{number}@client.example>");
            built(letter.message_id(id).attach(file).max_body_type(data))
        })
        .collect()
}

/// A server that sometimes rejects a command, or falls silent.
async fn server(words: Replies, store: Store, seed: u64) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", 587)).await?;
    let mut dice = Dice::new(seed);
    loop {
        let (stream, _) = listener.accept().await?;
        let mut dice = Dice::new(dice.next());
        let moody = MiniServer::new(stream, words.clone(), &store).fate(move |reply| {
            if dice.one_in(40) {
                let refusal: &[u8] =
                    dice.one_of(&[b"451 later\r\n", b"421 busy\r\n", b"554 no\r\n"]);
                *reply = refusal.to_vec();
            }
            dice.one_in(60)
        });
        tokio::spawn(moody.serve());
    }
}

/// The open session, or a new one.
async fn session(
    open: Option<Session<TcpStream>>,
) -> std::result::Result<Session<TcpStream>, Option<Error>> {
    if let Some(session) = open {
        return Ok(session);
    }
    let connecting = timeout(Duration::from_secs(1), TcpStream::connect(("server", 587)));
    let Ok(Ok(stream)) = connecting.await else {
        return Err(None);
    };
    in_clear_within(stream, timeouts()).await.map_err(Some)
}

/// The final outcome that a client reports for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reported {
    Accepted,
    NotAccepted,
    Unknown,
}

impl Reported {
    fn of(result: &Result<Receipt>) -> Self {
        match result.as_ref().map_err(Error::fate) {
            Ok(_) => Self::Accepted,
            Err(Fate::Unknown) => Self::Unknown,
            Err(_) => Self::NotAccepted,
        }
    }
}

/// Sends each mail on its own until it is accepted, its fate is unknown, or all attempts are used
/// up.
async fn one_by_one(
    mails: Rc<Vec<Message>>,
    reported: Rc<RefCell<Vec<Reported>>>,
) -> turmoil::Result {
    let mut open = None;
    for mail in mails.iter() {
        let mut outcome = Reported::NotAccepted;
        for _ in 0..ATTEMPTS {
            let mut session = match session(open.take()).await {
                Ok(session) => session,
                Err(error) => {
                    assert!(error.is_none_or(|error| error.fate() == Fate::NotAccepted));
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let result = session.send(mail.clone()).await;
            open = Some(session);
            outcome = Reported::of(&result);
            if outcome != Reported::NotAccepted {
                break;
            }
            // A session that is out of step fails at once. A session with a rejected mail can
            // continue.
            if result.is_err_and(|error| error.reply().is_none()) {
                open = None;
            }
        }
        reported.borrow_mut().push(outcome);
    }
    if let Some(session) = open {
        session.quit().await;
    }
    Ok(())
}

/// Sends all mails in close succession. Sends again those that are returned or not accepted, by the
/// strategy that remains.
async fn send_together(
    mails: Rc<Vec<Message>>,
    reported: Rc<RefCell<Vec<Reported>>>,
    mut strategy: Strategy,
) -> turmoil::Result {
    let mut outcomes = vec![Reported::NotAccepted; mails.len()];
    for _ in 0..ATTEMPTS {
        let open = (0..mails.len()).filter(|number| outcomes[*number] == Reported::NotAccepted);
        let open: Vec<_> = open.collect();
        if open.is_empty() {
            break;
        }
        let Ok(session) = session(None).await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let mut session = session.with_strategy(strategy);
        let again = open.iter().map(|number| Mail::from(mails[*number].clone()));
        let returned = session
            .send_each(stream::iter(again), |place, result| {
                outcomes[open[place]] = Reported::of(&result);
            })
            .await;
        for returned in returned {
            assert_eq!(returned.error.fate(), Fate::NotAccepted);
            assert_eq!(outcomes[open[returned.index]], Reported::NotAccepted);
        }
        strategy = session.strategy();
        session.quit().await;
    }
    reported.replace(outcomes);
    Ok(())
}

/// The octets of a mail in each of its renditions.
async fn renditions(mail: &Message) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for most in [BodyType::SevenBit, BodyType::EightBit, BodyType::Binary] {
        let mut octets = mail.clone().rendition(most).into_octets();
        let mut rendition = Vec::new();
        while octets.next_block(&mut rendition).await.unwrap() {}
        all.push(rendition);
    }
    all
}

/// How many of the accepted mails are this one.
fn copies(arrived: &[Arrived], mail: &Message) -> usize {
    let id = format!("Message-ID: {}\r\n", mail.message_id());
    let copies = arrived.iter().filter(|arrived| arrived.taken);
    let copies = copies.filter(|arrived| {
        let header = &arrived.octets[..arrived.octets.len().min(1_000)];
        memchr::memmem::find(header, id.as_bytes()).is_some()
    });
    copies.count()
}

/// The outcomes of all mails of a seed.
async fn verify(seed: u64, mails: &[Message], reported: &[Reported], arrived: &[Arrived]) {
    assert_eq!(reported.len(), mails.len(), "seed {seed}");
    let mut whole = Vec::new();
    for (mail, reported) in mails.iter().zip(reported) {
        let copies = copies(arrived, mail);
        let expected = match reported {
            Reported::Accepted => 1..=1,
            Reported::NotAccepted => 0..=0,
            Reported::Unknown => 0..=1,
        };
        assert!(
            expected.contains(&copies),
            "seed {seed}: {} is said to be {reported:?}, and was taken {copies} times",
            mail.message_id()
        );
        whole.extend(renditions(mail).await);
    }
    for arrived in arrived {
        assert!(whole.contains(&arrived.octets), "seed {seed}: damaged");
    }
}

/// The outcomes over all seeds: accepted, not accepted, unknown.
type Tally = [usize; 3];

fn simulate(seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let mut sim = turmoil::Builder::new()
        .rng_seed(dice.next())
        .tick_duration(TICK)
        .simulation_duration(TOO_LONG)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(1 + dice.below(200)))
        .fail_rate(dice.one_of(&[0.0, 0.0, 0.002, 0.02]))
        .repair_rate(0.5)
        .tcp_capacity(1024)
        .enable_random_order()
        .build();
    let words = Replies::Offering(dice.one_of(&[
        &["8BITMIME"] as &[_],
        &["PIPELINING"],
        &["PIPELINING", "CHUNKING"],
        &["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"],
    ]));
    let (store, seed_of_server) = (Store::default(), dice.next());
    let of_server = store.clone();
    sim.host("server", move || {
        server(words.clone(), of_server.clone(), seed_of_server)
    });
    let mails = Rc::new(mails(&mut dice));
    let reported = Rc::default();
    let (sent, outcomes) = (Rc::clone(&mails), Rc::clone(&reported));
    match dice.one_of(&STRATEGIES) {
        None => sim.client("client", one_by_one(sent, outcomes)),
        Some((pipelining, chunking)) => {
            let strategy = strategy(pipelining, chunking);
            sim.client("client", send_together(sent, outcomes, strategy));
        }
    }
    let mut faults = faults(&mut dice).into_iter().peekable();
    for tick in 0.. {
        while let Some((_, fault)) = faults.next_if(|(at, _)| *at <= tick) {
            fault.inject(&mut sim);
        }
        let done = sim
            .step()
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if done {
            break;
        }
    }
    drop(sim);
    let reported = reported.borrow();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(verify(seed, &mails, &reported, &store.all()));
    [Reported::Accepted, Reported::NotAccepted, Reported::Unknown]
        .map(|one| reported.iter().filter(|reported| **reported == one).count())
}

/// A number from the environment.
pub(crate) fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

#[test]
fn every_reported_outcome_is_true() {
    let seeds = match variable("PILOTFISH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("PILOTFISH_SEEDS").unwrap_or(SEEDS),
    };
    let mut all = Tally::default();
    for seed in seeds.clone() {
        for (sum, count) in all.iter_mut().zip(simulate(seed)) {
            *sum += count;
        }
    }
    println!("{seeds:?}: {all:?} accepted, not accepted, unknown");
    // Most mails arrive, but the faults do occur.
    if seeds.end - seeds.start >= 100 {
        assert!(all.iter().all(|count| *count > 0), "{all:?}");
        assert!(all[0] > 2 * (all[1] + all[2]), "{all:?}");
    }
}
