//! Rejected chunks, and connections that break between chunks.

use pilotfish::Message;
use pilotfish::message::{Attachment, Body, BodyType};

use super::{
    GREETING_AND_EHLO_WITH_BINARYMIME, LAST, MAIL_AND_RCPT, SHORT, TWO_OKS, WINDOW, chunks,
    chunks_and_another, letter_of_chunks, short, short_chunk,
};
use crate::support::built::built;
use crate::support::client::{in_clear, play, play_through, send, summary};
use crate::support::lines::{GREETING_TO_BINARY_RCPT, QUIT_AND_221};

#[tokio::test(start_paused = true)]
async fn after_a_rejected_chunk_no_other_is_sent_and_rset_is_next() {
    let next = format!(
        "C: RSET\n{MAIL_AND_RCPT}{}S: 250 ok\n{TWO_OKS}S: 250 queued\n{QUIT_AND_221}",
        short_chunk()
    );
    let others = |count: usize| "S: 503 a chunk was refused\n".repeat(count);
    for (refusal, outcome) in [
        (
            "S: 552 5.3.4 too big\n",
            "Rejected at Transfer, NotAccepted, permanent: 552 5.3.4 too big",
        ),
        (
            "S: 452 4.3.1 disk full\n",
            "Rejected at Transfer, NotAccepted, transient: 452 4.3.1 disk full",
        ),
    ] {
        // The first chunk. The last one waits for its reply.
        let one = chunks(1);
        let alone = format!("{GREETING_TO_BINARY_RCPT}{one}{refusal}");
        let next_alone = format!(
            "C: RSET
             S: 250 ok
             C: MAIL FROM:<tim@client.example> BODY=BINARYMIME
             S: 250 ok
             C: RCPT TO:<a@example.org>
             S: 250 ok
             {}
             S: 250 queued
             {QUIT_AND_221}",
            short_chunk()
        );
        let outcomes = [outcome, "<a@example.org>: 250 queued"];
        chunks_and_another(1, &format!("{alone}{next_alone}"), outcomes).await;
        // The first chunk of a window, which is in flight.
        let window = chunks(WINDOW);
        let rest = others(WINDOW - 1);
        let transcript = format!(
            "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{TWO_OKS}{window}{refusal}{rest}{next}"
        );
        chunks_and_another(WINDOW + 3, &transcript, outcomes).await;
        // The second of three chunks, which are all in flight.
        let rest = others(1);
        let two = chunks(2);
        let transcript = format!(
            "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{two}{LAST}{TWO_OKS}S: 250 ok\n{refusal}{rest}{next}"
        );
        chunks_and_another(2, &transcript, outcomes).await;
    }
    // The last chunk.
    let outcomes = [
        "Rejected at EndOfData, NotAccepted, permanent: 554 5.6.0 content refused",
        "<a@example.org>: 250 queued",
    ];
    let two = chunks(2);
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{two}{LAST}{TWO_OKS}S: 250 ok\nS: 250 ok\nS: 554 5.6.0 content refused\n{next}"
    );
    chunks_and_another(2, &transcript, outcomes).await;
}

/// Sends a message of two chunks and a last one, which are all in flight.
async fn on_their_way(transcript: &str, outcome: &str) {
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}{}{LAST}{TWO_OKS}{transcript}",
        chunks(2)
    );
    let (result, _) = play(&transcript, async |stream| {
        send(in_clear(stream).await?, letter_of_chunks(2)).await
    })
    .await;
    assert_eq!(summary(&result), outcome);
}

#[tokio::test(start_paused = true)]
async fn once_the_last_chunk_has_left_only_a_reply_is_certain() {
    let unknown = "Closed at EndOfData, Unknown, permanent: no reply";
    for (transcript, outcome) in [
        ("-- cut --", unknown),
        ("S: 250 ok\n-- close --", unknown),
        ("S: 250 ok\nS: 250 ok\nS> 250 que\n-- cut --", unknown),
        (
            "S: 250 ok\nS: 421 4.3.2 shutting down\n-- close --",
            "Closed at EndOfData, NotAccepted, transient: 421 4.3.2 shutting down",
        ),
        // No server may accept a message after it has rejected one of its chunks.
        (
            "S: 250 ok\nS: 452 4.3.1 disk full\n-- cut --",
            "Rejected at Transfer, NotAccepted, transient: 452 4.3.1 disk full",
        ),
        // This server accepts it all the same.
        (
            "S: 250 ok\nS: 452 4.3.1 disk full\nS: 250 queued\nC: QUIT",
            "Rejected at Transfer, Unknown, permanent: 452 4.3.1 disk full",
        ),
        (
            "S: 250 ok\nS: 354 go\n-- close --",
            "Protocol at Transfer, Unknown, permanent: 354 go",
        ),
    ] {
        on_their_way(transcript, outcome).await;
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_last_chunk_has_left_nothing_is_in_doubt() {
    for (reply, outcome) in [
        (
            "S: 421 4.4.2 time is up\n-- close --",
            "Closed at Transfer, NotAccepted, transient: 421 4.4.2 time is up",
        ),
        (
            "-- close --",
            "Closed at Transfer, NotAccepted, transient: no reply",
        ),
        (
            "-- silence --",
            "Timeout at Transfer, NotAccepted, transient: no reply",
        ),
        (
            "S: 250 ok\n-- cut --",
            "Closed at Transfer, NotAccepted, transient: no reply",
        ),
    ] {
        let then = if reply.starts_with("S: 250") {
            "-- swallow 50 --\n"
        } else {
            ""
        };
        let reply = reply.replace("-- cut --", &format!("{then}-- cut --"));
        let transcript = format!("{GREETING_TO_BINARY_RCPT}{}{reply}", chunks(1));
        // So few octets of the last chunk are in the pipe when the connection breaks.
        let result = play_through(64, &transcript, async |stream| {
            send(in_clear(stream).await?, letter_of_chunks(1)).await
        })
        .await;
        assert_eq!(summary(&result), outcome, "{reply}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_within_the_chunk_ends_the_transfer() {
    for (reply, outcome) in [
        (
            "552 5.3.4 too big",
            "Rejected at Transfer, NotAccepted, permanent: 552 5.3.4 too big",
        ),
        (
            "421 4.4.2 time is up",
            "Closed at Transfer, NotAccepted, transient: 421 4.4.2 time is up",
        ),
        (
            "250 queued",
            "Protocol at Transfer, Unknown, permanent: 250 queued",
        ),
    ] {
        for ending in ["-- swallow all --", "-- cut --"] {
            let transcript = format!(
                "{GREETING_AND_EHLO_WITH_BINARYMIME}-- ahead --\n{MAIL_AND_RCPT}{TWO_OKS}C: BDAT {SHORT} LAST\n-- swallow 50 --\nS: {reply}\n{ending}"
            );
            let result = play_through(64, &transcript, async |stream| {
                send(in_clear(stream).await?, short()).await
            })
            .await;
            assert_eq!(summary(&result), outcome, "{ending}");
        }
    }
}

/// The reply to the first chunk arrives while the second leaves. Then the connection breaks.
#[tokio::test(start_paused = true)]
async fn a_rejection_during_the_next_chunk_is_the_error() {
    for (reply, outcome) in [
        (
            "452 4.3.1 disk full",
            "Rejected at Transfer, NotAccepted, transient: 452 4.3.1 disk full",
        ),
        (
            "250 ok",
            "Closed at Transfer, NotAccepted, transient: no reply",
        ),
    ] {
        let transcript = format!(
            "{GREETING_AND_EHLO_WITH_BINARYMIME}-- ahead --\n{MAIL_AND_RCPT}{TWO_OKS}{}C: BDAT 1000 LAST\nS: {reply}\n-- cut --\n-- swallow all --",
            chunks(1)
        );
        let result = play_through(64, &transcript, async |stream| {
            send(in_clear(stream).await?, letter_of_chunks(1)).await
        })
        .await;
        assert_eq!(summary(&result), outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_off_between_chunks_ends_in_order() {
    let body = Body::reader(
        tokio::io::AsyncReadExt::take(tokio::io::repeat(0), 300_000),
        400_000,
    );
    let builder = Message::builder()
        .from("tim@client.example")
        .to("a@example.org")
        .max_body_type(BodyType::Binary)
        .attach(Attachment::new(body, "shark.png"));
    let message = built(builder);
    let replies = "S: 250 ok\n".repeat(2);
    let transcript = format!(
        "{GREETING_AND_EHLO_WITH_BINARYMIME}{MAIL_AND_RCPT}-- swallow --\n{TWO_OKS}{replies}{QUIT_AND_221}"
    );
    let (result, played) = play(&transcript, async |stream| {
        send(in_clear(stream).await?, message).await
    })
    .await;
    assert_eq!(
        summary(&result),
        "Body at Transfer, NotAccepted, permanent: no reply"
    );
    let last = played.heard.windows(6).any(|octets| octets == b" LAST\r");
    assert!(!last);
}
