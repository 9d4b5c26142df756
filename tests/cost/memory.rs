//! Memory that a mail with a large text takes beside the text itself, and the work between two points
//! where other tasks can run.
//!
//! `PILOTFISH_LARGE=50` sends texts of 50 MiB instead of small ones.

use std::future::poll_fn;
use std::pin::pin;

use futures_util::FutureExt as _;
use pilotfish::Message;
use pilotfish::message::{Attachment, BodyType, MessageBuilder, MessageReader};

/// The most octets of memory beside the text that the caller gives.
const MOST: u64 = 1 << 20;

/// The same of a document that is written to a temporary file: the buffers for that.
const MOST_REWRITTEN: u64 = 6 << 20;

/// How many octets are searched and scanned at most until others can run.
const BLOCK: usize = 64 * 1024;

/// What a kind of text consists of, and how it becomes the content of a message.
type Kind = (
    &'static str,
    &'static str,
    fn(MessageBuilder, String) -> MessageBuilder,
);

const KINDS: [Kind; 5] = [
    ("plain text", "plain\n", MessageBuilder::text),
    (
        "quoted-printable",
        "Viele Grüße aus dem Norden\n",
        MessageBuilder::text,
    ),
    ("base64", "日本\n", MessageBuilder::text),
    (
        "HTML",
        "<p>Viele <a href='https://x.test/'>Grüße</a>\n",
        MessageBuilder::html,
    ),
    (
        REWRITTEN,
        "<p>Viele Grüße: <img src='https://x.test/a.png'> und <img src='cid:shark'>\n",
        |builder, html| {
            let shark = Attachment::new(*b"x", "shark.png");
            builder.html(html).inline("shark", shark)
        },
    ),
];

const REWRITTEN: &str = "HTML with a picture";

fn octets(mebibytes: usize) -> usize {
    let large = std::env::var("PILOTFISH_LARGE");
    large.map_or(mebibytes, |large| large.parse().unwrap()) << 20
}

/// Builds a message and reads its octets for a server without extensions. Returns how often others could
/// run while it was built, and the most octets that one step of reading gave.
async fn build_and_read(builder: MessageBuilder) -> (usize, usize) {
    let mut yields = 0;
    let mut build = pin!(builder.max_body_type(BodyType::SevenBit).build());
    let message = poll_fn(|context| {
        let result = build.as_mut().poll(context);
        yields += usize::from(result.is_pending());
        result
    });
    let mut reader = message.await.unwrap().into_octets();
    let mut most = 0;
    let mut block = Vec::with_capacity(MessageReader::MAX_BLOCK);
    loop {
        let before = block.len();
        // A future that is dropped has done one step, whose octets stay.
        let more = reader.next_block(&mut block).now_or_never();
        most = most.max(block.len() - before);
        match more.transpose().unwrap() {
            None => tokio::task::yield_now().await,
            Some(true) => block.clear(),
            Some(false) => return (yields, most),
        }
    }
}

#[test]
fn a_large_text_takes_little_memory_and_lets_others_run() {
    for (name, line, content) in KINDS {
        // More than the limit, so that a copy of the text would be over it.
        let (limit, mebibytes) = if name == REWRITTEN {
            (MOST_REWRITTEN, 8)
        } else {
            (MOST, 2)
        };
        let text = line.repeat(octets(mebibytes) / line.len());
        let len = text.len();
        let builder = Message::builder().from("ann@x.test").to("bo@y.test");
        let builder = content(builder, text);
        let mut steps = (0, 0);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.unwrap();
        let run = || steps = runtime.block_on(build_and_read(builder));
        let memory = allocation_counter::measure(run).bytes_max;
        let (yields, most) = steps;
        println!(
            "{name} of {len} octets: {memory} octets of memory, {yields} yields, {most} octets at once"
        );
        assert!(memory <= limit, "{name}: {memory} octets");
        assert!(
            yields >= len / BLOCK,
            "{name}: {yields} yields for {len} octets"
        );
        assert!(
            most <= MessageReader::MAX_BLOCK,
            "{name}: {most} octets at once"
        );
    }
}
