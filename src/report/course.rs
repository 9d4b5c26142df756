//! The outcomes over time, in a bounded number of buckets.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::data::Outcome;
use super::time;

/// The outcomes of a job over time.
///
/// It takes any number of buckets in any order and keeps at most [`Course::MAX_BUCKETS`]: when the job
/// lasts longer, a bucket stands for the next longer round time, and neighbours are joined. The sums
/// of the mails stay exact.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use pilotfish::report::{Bucket, Course};
///
/// let mut course = Course::new(Duration::from_mins(1));
/// for minute in 0..3 * 24 * 60 {
///     let mut bucket = Bucket::new(UNIX_EPOCH + Duration::from_secs(minute * 60));
///     bucket.accepted = 20;
///     course.push(bucket);
/// }
/// assert_eq!(course.bucket_width(), Duration::from_secs(30 * 60));
/// assert_eq!(course.buckets().map(|bucket| bucket.accepted).sum::<u64>(), 86_400);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// In seconds, at least one.
    width: u64,
    /// By the number of the bucket since 1970.
    buckets: BTreeMap<i64, Bucket>,
}

/// The times that joined buckets stand for, in seconds. Each is a multiple of the one before.
const WIDTHS: [u64; 13] = [
    1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
];

/// What happened in one part of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bucket {
    /// Its first moment.
    #[serde(serialize_with = "time::serialize")]
    pub start: SystemTime,
    /// How many mails were accepted.
    pub accepted: u64,
    /// How many mails were rejected.
    pub rejected: u64,
    /// How often a mail was deferred.
    pub deferred: u64,
    /// How many mails have an unknown outcome.
    pub unknown: u64,
    /// The most connections that were open at once.
    pub connections: u64,
    /// The time to the replies. `None`: no reply came.
    pub latency: Option<Latency>,
}

/// The time from the end of a mail to its reply, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// Half of the replies came within this time.
    pub p50_ms: u64,
    /// 95 of 100 replies came within this time.
    pub p95_ms: u64,
    /// 99 of 100 replies came within this time.
    pub p99_ms: u64,
}

impl Course {
    /// The number of buckets that are kept.
    pub const MAX_BUCKETS: usize = 240;

    /// A course whose buckets stand for this time, rounded down to seconds and at least one, until the
    /// job takes so long that they are joined.
    #[must_use]
    pub fn new(bucket_width: Duration) -> Self {
        Self {
            width: bucket_width.as_secs().max(1),
            buckets: BTreeMap::new(),
        }
    }

    /// Adds what happened in one part of the time. A bucket of the same part is added to the other.
    pub fn push(&mut self, bucket: Bucket) {
        self.insert(bucket);
        while self.slots() > Self::MAX_BUCKETS {
            self.join();
        }
    }

    /// The buckets in which something happened, in the order of time.
    ///
    /// When buckets are joined, mails are summed up, and the other figures are those of the whole as
    /// far as they are known: the most connections, the mean of the medians, and the highest p95 and
    /// p99.
    pub fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.values()
    }

    /// The time that a bucket stands for.
    #[must_use]
    pub fn bucket_width(&self) -> Duration {
        Duration::from_secs(self.width)
    }

    /// Each bucket with the second of 1970 at which its part of the time begins.
    pub(super) fn placed(&self) -> impl Iterator<Item = (i64, &Bucket)> {
        let width = i64::try_from(self.width).unwrap_or(i64::MAX);
        let place = move |(number, bucket): (&i64, _)| (number.saturating_mul(width), bucket);
        self.buckets.iter().map(place)
    }

    /// The same course in at most this many parts of the time.
    pub(super) fn coarser(&self, most: usize) -> Self {
        let mut course = self.clone();
        while course.slots() > most.max(1) {
            course.join();
        }
        course
    }

    /// The number of parts from the first bucket to the last.
    fn slots(&self) -> usize {
        let ends = self
            .buckets
            .first_key_value()
            .zip(self.buckets.last_key_value());
        let slots = ends.map_or(0, |((first, _), (last, _))| {
            last.saturating_sub(*first).saturating_add(1)
        });
        usize::try_from(slots).unwrap_or(usize::MAX)
    }

    fn insert(&mut self, bucket: Bucket) {
        let width = i64::try_from(self.width).unwrap_or(i64::MAX);
        let number = time::seconds(bucket.start).div_euclid(width);
        self.buckets
            .entry(number)
            .and_modify(|there| there.add(&bucket))
            .or_insert(bucket);
    }

    /// Makes the time of a bucket longer.
    fn join(&mut self) {
        let is_next = |width: &&u64| **width > self.width && width.is_multiple_of(self.width);
        let next = WIDTHS.iter().find(is_next).copied();
        self.width = next.unwrap_or(self.width.saturating_mul(2));
        for (_, bucket) in std::mem::take(&mut self.buckets) {
            self.insert(bucket);
        }
    }
}

/// A course of minutes.
impl Default for Course {
    fn default() -> Self {
        Self::new(Duration::from_mins(1))
    }
}

impl Extend<Bucket> for Course {
    fn extend<I: IntoIterator<Item = Bucket>>(&mut self, buckets: I) {
        for bucket in buckets {
            self.push(bucket);
        }
    }
}

impl Serialize for Course {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Course", 2)?;
        object.serialize_field("bucket_s", &self.width)?;
        object.serialize_field("buckets", &self.buckets().collect::<Vec<_>>())?;
        object.end()
    }
}

impl Bucket {
    /// A part of the time in which nothing happened.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        Self {
            start,
            accepted: 0,
            rejected: 0,
            deferred: 0,
            unknown: 0,
            connections: 0,
            latency: None,
        }
    }

    /// How many mails got an outcome.
    #[must_use]
    pub fn mails(&self) -> u64 {
        [self.accepted, self.rejected, self.deferred, self.unknown]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    pub(super) fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Accepted => self.accepted,
            Outcome::Rejected => self.rejected,
            Outcome::Deferred => self.deferred,
            Outcome::Unknown => self.unknown,
            Outcome::NotTried => 0,
        }
    }

    fn add(&mut self, other: &Self) {
        self.latency = match (self.latency, other.latency) {
            (Some(own), Some(added)) => Some(own.joined(self.mails(), added, other.mails())),
            (own, added) => own.or(added),
        };
        self.start = self.start.min(other.start);
        self.accepted = self.accepted.saturating_add(other.accepted);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.deferred = self.deferred.saturating_add(other.deferred);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.connections = self.connections.max(other.connections);
    }
}

impl Latency {
    /// The times within which 50, 95 and 99 of 100 replies came, in milliseconds.
    #[must_use]
    pub fn new(p50_ms: u64, p95_ms: u64, p99_ms: u64) -> Self {
        Self {
            p50_ms,
            p95_ms,
            p99_ms,
        }
    }

    /// The mean of the medians, which their mails weigh, and the highest of the others: peaks stay.
    fn joined(self, weight: u64, other: Self, weight_of_other: u64) -> Self {
        let (own, added) = (
            u128::from(weight.max(1)),
            u128::from(weight_of_other.max(1)),
        );
        let sum = u128::from(self.p50_ms) * own + u128::from(other.p50_ms) * added;
        let mean = sum.checked_div(own + added).unwrap_or_default();
        Self {
            p50_ms: u64::try_from(mean).unwrap_or(u64::MAX),
            p95_ms: self.p95_ms.max(other.p95_ms),
            p99_ms: self.p99_ms.max(other.p99_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn minute(number: u64) -> Bucket {
        let mut bucket = Bucket::new(UNIX_EPOCH + Duration::from_secs(number * 60));
        bucket.accepted = number % 7;
        bucket.rejected = u64::from(number.is_multiple_of(5));
        bucket.deferred = 1;
        bucket.connections = number % 9;
        bucket
    }

    fn sums(buckets: impl Iterator<Item = Bucket>) -> [u64; 4] {
        buckets.fold([0; 4], |[a, r, d, u], bucket| {
            [
                a + bucket.accepted,
                r + bucket.rejected,
                d + bucket.deferred,
                u + bucket.unknown,
            ]
        })
    }

    #[test]
    fn a_course_of_any_length_has_the_sums_of_its_buckets() {
        for (minutes, width) in [
            (0, 1),
            (1, 1),
            (240, 1),
            (241, 5),
            (4_320, 30),
            (100_000, 720),
            (1_000_000, 5_760),
        ] {
            // Not in the order of time.
            let order = (0..minutes)
                .rev()
                .step_by(2)
                .chain((0..minutes).rev().skip(1).step_by(2));
            let mut course = Course::default();
            course.extend(order.map(minute));
            assert!(course.buckets().count() <= Course::MAX_BUCKETS, "{minutes}");
            assert_eq!(course.bucket_width().as_secs(), width * 60, "{minutes}");
            let expected = sums((0..minutes).map(minute));
            assert_eq!(sums(course.buckets().copied()), expected, "{minutes}");
            let coarser = course.coarser(16);
            assert!(coarser.buckets().count() <= 16, "{minutes}");
            assert_eq!(sums(coarser.buckets().copied()), expected, "{minutes}");
        }
    }

    #[test]
    fn times_far_apart_take_two_buckets() {
        let mut course = Course::default();
        course.push(minute(0));
        course.push(Bucket::new(UNIX_EPOCH + Duration::from_secs(1 << 50)));
        course.push(Bucket::new(UNIX_EPOCH - Duration::from_secs(90)));
        assert!(course.buckets().count() <= 3);
        assert_eq!(course.buckets().map(Bucket::mails).sum::<u64>(), 2);
    }

    #[test]
    fn joined_buckets_keep_their_peaks() {
        let mut course = Course::new(Duration::from_mins(2));
        let (mut first, mut second) = (minute(0), minute(1));
        (first.accepted, first.connections) = (1, 4);
        first.rejected = 1;
        (second.accepted, second.connections) = (5, 2);
        first.latency = Some(Latency::new(100, 300, 400));
        second.latency = Some(Latency::new(200, 250, 900));
        course.extend([second, first]);
        let joined = course.buckets().next().unwrap();
        assert_eq!(joined.start, UNIX_EPOCH);
        assert_eq!((joined.mails(), joined.connections), (9, 4));
        // Three mails of 100 ms and six of 200 ms.
        assert_eq!(joined.latency, Some(Latency::new(166, 300, 900)));
    }
}
