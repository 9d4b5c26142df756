//! How the octets of a message come out in blocks.

use std::fs;
use std::future::poll_fn;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::io::{AsyncRead, ReadBuf};

use super::*;

const SIZES: [usize; 25] = [
    0, 1, 2, 3, 4, 55, 56, 57, 58, 75, 76, 77, 113, 114, 115, 4_095, 4_096, 4_097, 47_879, 47_880,
    47_881, 65_535, 65_536, 65_537, 95_761,
];

/// Octets of which no two lines are the same.
fn sample(len: usize) -> Vec<u8> {
    (0..=250)
        .cycle()
        .zip(0..len)
        .map(|(n, at)| n ^ u8::try_from(at / 251 % 256).unwrap())
        .collect()
}

/// A reader that is not ready every other time and gives a few octets the next.
struct Dribble {
    octets: Vec<u8>,
    at: usize,
    step: usize,
    ready: bool,
}

impl AsyncRead for Dribble {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.ready = !self.ready;
        if self.ready {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let end = self
            .octets
            .len()
            .min(self.at + self.step.min(buffer.remaining()));
        buffer.put_slice(&self.octets[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

fn dribble(octets: &[u8], step: usize) -> Body {
    let reader = Dribble {
        octets: octets.to_vec(),
        at: 0,
        step,
        ready: false,
    };
    Body::reader(reader, octets.len() as u64)
}

/// The octets between the header of the only part and its end, decoded.
fn decoded(octets: &[u8]) -> Vec<u8> {
    let message = mail_parser::MessageParser::default().parse(octets).unwrap();
    message.attachment(0).unwrap().contents().to_vec()
}

#[test]
fn every_source_gives_the_same_octets() {
    let dir = tempfile::tempdir().unwrap();
    for size in SIZES {
        let sample = sample(size);
        let path = dir.path().join(size.to_string());
        fs::write(&path, &sample).unwrap();
        let bodies = [
            Body::bytes(sample.clone()),
            Body::file(&path),
            dribble(&sample, 1_000),
        ];
        for body in bodies {
            let attachment = Attachment::new(body, "a");
            let message = builder().text("a").attach(attachment).build_now().unwrap();
            assert_eq!(decoded(&octets(message)), sample, "{size}");
        }
    }
}

#[test]
fn a_file_is_sent_under_its_own_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("Hä 🦈.jpg");
    fs::write(&path, b"\x89PNG\r\n\x1a\n").unwrap();
    let message = builder()
        .attach(Attachment::file(&path))
        .build_now()
        .unwrap();
    let octets = octets(message);
    let message = mail_parser::MessageParser::default()
        .parse(&octets)
        .unwrap();
    let part = message.attachment(0).unwrap();
    assert_eq!(
        mail_parser::MimeHeaders::attachment_name(part),
        Some("Hä 🦈.jpg")
    );
    let kind = mail_parser::MimeHeaders::content_type(part).unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("image", Some("png")));
}

/// Each time that the pool of blocking threads is waited for costs more than a small file.
#[test]
fn all_files_of_a_message_are_opened_at_once_and_small_ones_sent_from_memory() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: String, octets: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, octets).unwrap();
        path
    };
    let attach = |builder: MessageBuilder, n| {
        let attached = file(format!("{n}.txt"), &sample(3_000));
        let forwarded = file(format!("{n}.eml"), b"Subject: a\n\nb\n");
        builder.attach(attached).forward(forwarded)
    };
    let small = || (0..100).fold(builder(), attach);
    // The beginning of a long text is looked at for its charset.
    let long = file("long.txt".to_owned(), &b"x".repeat(2_000_000));
    for builder in [small(), small().attach(long)] {
        let mut building = Box::pin(builder.build());
        let mut polls = 0;
        let message = run(poll_fn(|context| {
            polls += 1;
            building.as_mut().poll(context)
        }));
        assert!(polls <= 2, "{polls}");
        drop(message.unwrap());
    }
    let mut octets = small().build_now().unwrap().into_octets();
    while octets
        .next_block(&mut Vec::new())
        .now_or_never()
        .unwrap()
        .unwrap()
    {}
}

#[test]
fn blocks_are_large_and_the_last_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    fs::write(&path, sample(1_000_000)).unwrap();
    run(async {
        let file = Attachment::file(&path);
        let message = builder()
            .text("x\n".repeat(100_000))
            .attach(file)
            .build()
            .await
            .unwrap();
        let mut octets = message.into_octets();
        let blocks = blocks(&mut octets).await.unwrap();
        let (last, full) = blocks.split_last().unwrap();
        assert!(!last.is_empty());
        assert!(
            full.iter().skip(4).all(|block| block.len() >= 60_000),
            "few and large"
        );
        assert!(
            blocks
                .iter()
                .all(|block| block.capacity() <= 2 * MessageReader::MAX_BLOCK)
        );
        let mut block = Vec::new();
        assert!(!octets.next_block(&mut block).await.unwrap());
        assert!(block.is_empty());
    });
}

#[test]
fn a_small_message_is_one_block() {
    let message = builder()
        .text("a")
        .attach(attachment("a", &sample(30_000)))
        .build_now()
        .unwrap();
    assert_eq!(run(blocks(&mut message.into_octets())).unwrap().len(), 1);
}

#[test]
fn blocks_are_appended() {
    let body = attachment("a", &sample(500_000));
    let message = builder().text("a").attach(body).build_now().unwrap();
    let expected = octets(message.clone());
    run(async {
        let mut octets = message.into_octets();
        let mut all = b"before".to_vec();
        while octets.next_block(&mut all).await.unwrap() {}
        assert_eq!(all, [b"before", &expected[..]].concat());
    });
}

/// Whether there is nothing but lines of base64.
fn is_base64(block: &[u8]) -> bool {
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
    block.split_inclusive(|octet| *octet == b'\n').all(|line| {
        let text = line.strip_suffix(b"\r\n");
        text.is_some_and(|text| !text.is_empty() && text.iter().all(is_digit))
    })
}

#[test]
fn dropping_the_future_loses_nothing() {
    let sample = sample(500_000);
    let attachment = Attachment::new(dribble(&sample, 10_000), "a");
    let mut octets = builder()
        .text("a")
        .attach(attachment)
        .build_now()
        .unwrap()
        .into_octets();
    let mut all = Vec::new();
    let mut block = Vec::new();
    let mut dropped = 0;
    loop {
        let more = octets.next_block(&mut block).now_or_never();
        let Some(more) = more.transpose().unwrap() else {
            dropped += 1;
            continue;
        };
        assert_eq!(octets.is_base64(), is_base64(&block));
        all.append(&mut block);
        if !more {
            break;
        }
    }
    assert!(dropped >= 10);
    assert_eq!(decoded(&all), sample);
}

/// What is in memory lets others run before each piece, and the caller may not wait for that.
#[test]
fn a_call_that_is_dropped_makes_progress_and_keeps_the_block_within_its_limit() {
    let sample = sample(1_000_000);
    let text = "Viele Grüße aus dem Norden\n".repeat(20_000);
    let plain = "plain\n".repeat(100_000);
    let letter = builder().text(text).html(plain);
    let message = letter.attach(attachment("a", &sample)).build_now().unwrap();
    let expected = octets(message.clone());
    // The caller takes what a dropped call has appended, or leaves it there.
    for takes in [true, false] {
        let mut octets = message.clone().into_octets();
        let mut all = Vec::new();
        let mut block = Vec::new();
        let mut dropped = 0;
        let mut idle = 0;
        loop {
            let before = block.len() + all.len();
            let more = octets.next_block(&mut block).now_or_never();
            let more = more.transpose().unwrap();
            assert!(block.len() <= MessageReader::MAX_BLOCK, "{}", block.len());
            let is_idle = more.is_none() && block.len() + all.len() == before;
            idle = if is_idle { idle + 1 } else { 0 };
            assert!(idle <= 1, "the second of two calls appends something");
            dropped += usize::from(more.is_none());
            if takes || more.is_some() {
                all.append(&mut block);
            }
            if more == Some(false) {
                break;
            }
        }
        assert!(dropped >= 20, "{dropped}");
        assert!(all == expected);
    }
}

#[test]
fn dropping_the_future_loses_nothing_of_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&sample(300_000)).unwrap();
    run(async {
        let attachment = Attachment::new(Body::file(file.path()), "a");
        let message = builder().attach(attachment).build().await.unwrap();
        let mut octets = message.into_octets();
        let mut all = Vec::new();
        loop {
            let more = octets.next_block(&mut all).now_or_never();
            match more.transpose().unwrap() {
                None => tokio::task::yield_now().await,
                Some(false) => break,
                Some(true) => {}
            }
        }
        assert_eq!(decoded(&all), sample(300_000));
    });
}

#[test]
fn two_clones_read_one_file_at_once() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&sample(300_000)).unwrap();
    run(async {
        let attachment = Attachment::new(Body::file(file.path()), "a");
        let message = builder().attach(attachment).build().await.unwrap();
        let mut one = message.clone().into_octets();
        let mut other = message.into_octets();
        let (one, other) = tokio::join!(blocks(&mut one), blocks(&mut other));
        assert_eq!(one.unwrap(), other.unwrap());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_size_is_exact(
        text in proptest::option::of("\\PC{0,40}[\r\n .é日]{0,20}"),
        bodies in proptest::collection::vec(0_usize..120_000, 0..4),
        many in 0_usize..200,
        step in 1_usize..100_000,
    ) {
        let mut builder = (0..many).fold(builder(), |b, n| b.to(format!("n{n}@x.test")));
        if let Some(text) = text {
            builder = builder.text(text);
        }
        for (at, size) in bodies.iter().enumerate() {
            let sample = sample(*size);
            let body = if at % 2 == 0 { Body::bytes(sample) } else { dribble(&sample, step) };
            builder = builder.attach(Attachment::new(body, "a.bin"));
        }
        octets(builder.build_now().unwrap());
    }
}
