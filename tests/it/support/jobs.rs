//! Jobs of many mails, as a report describes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilotfish::report::{
    Bucket, Fact, FileFact, JobState, Latency, Outcome, Pause, Problem, ReplyClass, ReportData,
};

/// 2026-11-29 13:40:00 UTC.
const START: u64 = 1_795_959_600;

pub(crate) fn at(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(START + minute * 60)
}

/// A job in UTC that began at this time and is over.
pub(crate) fn finished(name: &str, minutes: u64) -> ReportData {
    let mut data = ReportData::new(name);
    data.state = JobState::Finished;
    data.started = Some(at(0));
    data.ended = Some(at(minutes));
    data.made = at(minutes);
    data.time_zone = Some("UTC".into());
    data
}

/// 1,201 invitations in 46 minutes. The process was killed at 14:02, and four mails were under way.
pub(crate) fn invitations() -> ReportData {
    let mut data = finished("invite-3", 46);
    data.account = Some("work".into());
    data.server = Some("smtp.example.org:465".into());
    data.sender = Some("Ann Lee <ann@example.org>".into());
    data.counts.mails = 1_201;
    data.counts.accepted = 1_189;
    data.counts.rejected = 8;
    data.counts.unknown = 4;
    data.course.extend(minutes());
    let mut killed = Pause::new(at(22), "the process was killed");
    killed.until = Some(at(27));
    data.pauses.push(killed);
    data.latency = Some(Latency::new(96, 310, 744));
    data.replies = vec![
        ReplyClass::new("550 5.1.1 User unknown", Outcome::Rejected, 5)
            .domain("example.net", 4)
            .domain("example.com", 1),
        ReplyClass::new("552 5.2.2 Mailbox full", Outcome::Rejected, 3).domain("example.org", 3),
        ReplyClass::new(
            "450 4.2.0 Greylisted, see https://postgrey.example.net/help",
            Outcome::Deferred,
            4,
        )
        .domain("example.net", 3)
        .domain("example.com", 1),
    ];
    data.problems.extend(problems());
    data.facts.template = Some(FileFact::new("invite.md", 1_834, "3f".repeat(32)));
    data.facts.data = Some(FileFact::new("people.csv", 88_213, "a1".repeat(32)));
    for (name, size, sha256) in [
        ("programme.pdf", 212_400, "7c"),
        ("directions.pdf", 98_140, "05"),
    ] {
        data.facts
            .attachments
            .push(FileFact::new(name, size, sha256.repeat(32)));
    }
    data.facts.limits = vec![
        Fact::new("limit of mails", "30/min"),
        Fact::new("limit of connections", "4"),
    ];
    data.facts.versions = vec![Fact::new("pilotfish", "0.1.0")];
    data
}

/// 41 minutes of sending. The four deferred mails were accepted later.
fn minutes() -> impl Iterator<Item = Bucket> {
    (0..46)
        .filter(|minute| !(22..27).contains(minute))
        .map(|minute| {
            let mut bucket = Bucket::new(at(minute));
            bucket.rejected = match minute {
                5 | 11 | 14 | 31 | 38 | 44 => 1,
                19 => 2,
                _ => 0,
            };
            bucket.deferred = u64::from([7, 16, 29, 33].contains(&minute));
            bucket.unknown = if minute == 21 { 4 } else { 0 };
            // 1,189 in all.
            bucket.accepted = 29 + u64::from(minute >= 34) - bucket.rejected - bucket.unknown;
            bucket.connections = if minute == 0 { 2 } else { 4 };
            let wave = minute * 37 % 23;
            let slow = if (30..36).contains(&minute) { 2 } else { 1 };
            bucket.latency = Some(Latency::new(
                88 + wave,
                (250 + wave * 4) * slow,
                (420 + wave * 9) * slow,
            ));
            bucket
        })
}

fn problems() -> Vec<Problem> {
    let rows = [
        (142, "bob@example.net", "550 5.1.1 User unknown", 5),
        (311, "eve@example.org", "552 5.2.2 Mailbox full", 11),
        (411, "carol@example.net", "550 5.1.1 User unknown", 14),
        (548, "dave@example.com", "550 5.1.1 User unknown", 19),
        (549, "mallory@example.org", "552 5.2.2 Mailbox full", 19),
        (699, "peggy@example.org", "", 21),
        (700, "trent@example.com", "", 21),
        (702, "victor@example.net", "", 21),
        (703, "walter@example.org", "", 21),
        (774, "zoë.müller@example.net", "550 5.1.1 User unknown", 31),
        (980, "sybil@example.net", "550 5.1.1 User unknown", 38),
        (1_176, "oscar@example.org", "552 5.2.2 Mailbox full", 44),
    ];
    let problem = |(row, address, reply, minute): (u64, &str, &str, _)| {
        let outcome = if reply.is_empty() {
            Outcome::Unknown
        } else {
            Outcome::Rejected
        };
        let mut problem = Problem::new(row, address, outcome);
        problem.reply = (!reply.is_empty()).then(|| reply.to_owned());
        problem.time = Some(at(minute));
        let name = address.split('@').next().unwrap_or_default();
        problem.subject = Some(format!("{name}, your ticket {}", 4_700 + row));
        problem
    };
    rows.into_iter().map(problem).collect()
}

/// A job of three days of 20 mails a minute, with a pause each night.
pub(crate) fn three_days() -> ReportData {
    let mut data = finished("newsletter", 3 * 1_440);
    for minute in 0..3 * 1_440 {
        let of_day = minute % 1_440;
        if (600..1_100).contains(&of_day) {
            continue;
        }
        let mut bucket = Bucket::new(at(minute));
        bucket.accepted = 20;
        bucket.deferred = u64::from(minute.is_multiple_of(40)) * 6;
        bucket.connections = 1 + minute % 4;
        bucket.latency = Some(Latency::new(100 + of_day / 10, 300 + of_day, 900 + of_day));
        data.course.push(bucket);
        data.counts.accepted += 20;
    }
    data.counts.mails = data.counts.accepted;
    for day in 0..3 {
        let mut pause = Pause::new(at(day * 1_440 + 600), "daily limit of work");
        pause.until = Some(at(day * 1_440 + 1_100));
        data.pauses.push(pause);
    }
    data
}

/// A job whose mails were all rejected within ten seconds.
pub(crate) fn all_rejected() -> ReportData {
    let mut data = finished("rejected", 0);
    data.ended = Some(at(0) + Duration::from_secs(10));
    data.made = at(1);
    data.counts.mails = 12;
    data.counts.rejected = 12;
    let mut bucket = Bucket::new(at(0));
    bucket.rejected = 12;
    bucket.connections = 1;
    bucket.latency = Some(Latency::new(40, 41, 42));
    data.course.push(bucket);
    let reply = "554 5.7.1 <script>alert(1)</script> & \"no\"";
    data.replies = vec![ReplyClass::new(reply, Outcome::Rejected, 12).domain("example.net", 12)];
    for row in 2..14 {
        let mut problem = Problem::new(row, "=b<ob@example.net", Outcome::Rejected);
        problem.reply = Some(reply.into());
        problem.subject = Some("</td><script>x</script>\u{1b}[31m".into());
        data.problems.push(problem);
    }
    data
}

/// A job with one mail, which was accepted.
pub(crate) fn one_mail() -> ReportData {
    let mut data = finished("one", 0);
    data.counts.mails = 1;
    data.counts.accepted = 1;
    let mut bucket = Bucket::new(at(0));
    bucket.accepted = 1;
    bucket.connections = 1;
    data.course.push(bucket);
    data
}

/// A job that waits until tomorrow.
pub(crate) fn paused() -> ReportData {
    let mut data = invitations();
    data.job = "invite-4".into();
    data.state = JobState::Paused {
        reason: "the daily limit of work is reached (500 mails)".into(),
        until: Some(at(1_172)),
    };
    data.ended = None;
    data.made = at(60);
    data.counts.not_tried = 701;
    data.counts.accepted -= 701;
    data.pauses.push(Pause::new(at(46), "daily limit of work"));
    data
}

/// Every job of this file, and one without mails.
pub(crate) fn all() -> Vec<ReportData> {
    let empty = finished("empty", 0);
    vec![
        ReportData::new("new"),
        empty,
        one_mail(),
        invitations(),
        paused(),
        three_days(),
        all_rejected(),
    ]
}
