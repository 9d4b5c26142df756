//! The cost of an attachment of a gibibyte, compared with the bare encoder on the same octets.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use pilotfish::message::Body;
use rustix::time::{ClockId, clock_gettime};

use super::messages::{from_bodies, from_bytes, stream};
use super::{PIECE, engine, octets};

const GIB: usize = 1 << 30;

/// The number of measurements of each, in turn. The best one counts.
const ROUNDS: usize = 7;

/// The shortest time of a measurement, and the least CPU time of all processors together.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    work: Duration,
}

/// Measures and prints.
pub(crate) fn compare() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sparse");
    File::create(&path).unwrap().set_len(GIB as u64).unwrap();
    // Sixteen times the same block, because only the amount matters.
    let sixteenth = octets(GIB / 16);

    println!("a gibibyte           seconds   ratio   of all processors   ratio");
    let costs = best([
        &|| (0..16).for_each(|_| engine(&sixteenth)),
        &|| stream(from_bytes(&sixteenth, 16).into_octets(), |_| ()),
        &|| engine_from_file(&path),
        &|| {
            let body = Body::file(&path);
            stream(from_bodies([body].into_iter()).into_octets(), |_| ());
        },
    ]);
    let [engine, message, engine_file, message_file] = costs;
    print("memory: bare engine", engine, engine);
    print("memory: message", message, engine);
    print("file: bare engine", engine_file, engine_file);
    print("file: message", message_file, engine_file);
}

fn print(name: &str, cost: Cost, beside: Cost) {
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    println!(
        "{name:20} {:7.3} {:7.2} {:19.3} {:7.2}",
        cost.time.as_secs_f64(),
        ratio(cost.time, beside.time),
        cost.work.as_secs_f64(),
        ratio(cost.work, beside.work),
    );
}

fn best<const N: usize>(measured: [&dyn Fn(); N]) -> [Cost; N] {
    let mut least = [Cost {
        time: Duration::MAX,
        work: Duration::MAX,
    }; N];
    for _ in 0..ROUNDS {
        for (cost, run) in least.iter_mut().zip(measured) {
            let (started, worked) = (Instant::now(), worked());
            run();
            cost.time = cost.time.min(started.elapsed());
            cost.work = cost.work.min(self::worked().saturating_sub(worked));
        }
    }
    least
}

/// The CPU time of this process.
fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}

fn engine_from_file(path: &Path) {
    let mut file = File::open(path).unwrap();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).unwrap() {
            0 => return,
            len => engine(piece.get(..len).unwrap()),
        }
    }
}
