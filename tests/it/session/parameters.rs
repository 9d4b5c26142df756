//! The parameters of MAIL about the message, and mails that fail before it: SIZE (RFC 1870),
//! SMTPUTF8 (RFC 6531).

use pilotfish::address::Envelope;

use crate::support::client::{ACCOUNT, Account, in_clear, play, send, summary};

/// Sends a mail to a server that offers these extensions, up to a rejected MAIL.
async fn mail(account: Account, recipient: &str, offers: &str, dialogue: &str, outcome: &str) {
    let transcript = format!(
        "S: 220 server.example ESMTP
         C: EHLO client.example
         S: 250-server.example
         {offers}
         {dialogue}
         C: QUIT
         S: 221 bye"
    );
    let (result, _) = play(&transcript, async |stream| {
        send(in_clear(stream).await?, account.letter(&[recipient])).await
    })
    .await;
    assert_eq!(summary(&result), outcome, "{offers}");
}

const REFUSED: &str = "Rejected at Mail, NotAccepted, permanent: 550 no";

#[tokio::test(start_paused = true)]
async fn size_is_declared_if_offered() {
    let size = ACCOUNT.letter(&["a@example.org"]).exact_size();
    assert_eq!(size, 244);
    for (offers, parameters) in [
        ("S: 250 SIZE 1000000", " SIZE=244"),
        ("S: 250 SIZE", " SIZE=244"),
        ("S: 250 SIZE 0", " SIZE=244"),
        ("S: 250 size 244", " SIZE=244"),
        ("S: 250 SIZE many", " SIZE=244"),
        ("S: 250 SIZE 99999999999999999999999", " SIZE=244"),
        ("S: 250 8BITMIME", ""),
        ("S: 250 Ok", ""),
    ] {
        let dialogue = format!("C: MAIL FROM:<tim@client.example>{parameters}\nS: 550 no");
        mail(ACCOUNT, "a@example.org", offers, &dialogue, REFUSED).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_fails_before_mail() {
    let outcome = "InvalidInput at Mail, NotAccepted, permanent: no reply";
    for limit in ["S: 250 SIZE 243", "S: 250 SIZE 1"] {
        mail(ACCOUNT, "a@example.org", limit, "", outcome).await;
    }
}

const JOERG: Account = Account {
    host: "server.example",
    user: "jörg@client.example",
};

#[tokio::test(start_paused = true)]
async fn smtputf8_is_sent_if_offered_and_needed() {
    let dialogue = "C: MAIL FROM:<jörg@client.example> BODY=8BITMIME SMTPUTF8\nS: 550 no";
    let offers = "S: 250-8BITMIME\nS: 250 SMTPUTF8";
    mail(JOERG, "a@example.org", offers, dialogue, REFUSED).await;

    let dialogue = "C: MAIL FROM:<tim@client.example> BODY=8BITMIME SMTPUTF8\nS: 550 no";
    mail(ACCOUNT, "jörg@example.org", offers, dialogue, REFUSED).await;

    let dialogue = "C: MAIL FROM:<tim@client.example>\nS: 550 no";
    mail(ACCOUNT, "a@example.org", offers, dialogue, REFUSED).await;
}

#[tokio::test(start_paused = true)]
async fn a_local_part_beyond_ascii_fails_before_mail_without_smtputf8() {
    let outcome = "Unsupported at Mail, NotAccepted, permanent: no reply";
    mail(JOERG, "a@example.org", "S: 250 8BITMIME", "", outcome).await;
    mail(ACCOUNT, "jörg@example.org", "S: 250 8BITMIME", "", outcome).await;
}

#[tokio::test(start_paused = true)]
async fn a_domain_beyond_ascii_needs_no_smtputf8() {
    let account = Account {
        host: "server.example",
        user: "tim@bücher.example",
    };
    let dialogue = "C: MAIL FROM:<tim@xn--bcher-kva.example>\nS: 550 no";
    mail(
        account,
        "a@example.org",
        "S: 250 8BITMIME",
        dialogue,
        REFUSED,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_custom_envelope_and_the_null_reverse_path() {
    let transcript = "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250 server.example
        C: MAIL FROM:<>
        S: 250 ok
        C: RCPT TO:<\"two words\"@example.org>
        S: 250 ok
        C: RCPT TO:<postmaster@[192.0.2.1]>
        S: 550 no
        C: DATA
        S: 451 later
        C: QUIT
        S: 221 bye
    ";
    let (result, _) = play(transcript, async |stream| {
        let session = in_clear(stream).await?;
        let paths = ["\"two words\"@example.org", "postmaster@[192.0.2.1]"];
        let envelope = Envelope::new(pilotfish::address::ReversePath::Null, paths).unwrap();
        let message = ACCOUNT.letter(&["a@example.org"]);
        send(session, pilotfish::Mail::new(envelope, message)).await
    })
    .await;
    let outcome = "Rejected at Data, NotAccepted, transient: 451 later";
    assert_eq!(summary(&result), outcome);
}
