//! NOOP, VRFY, HELP and RSET between two mails.

use pilotfish::Error;

use crate::support::client::{ACCOUNT, error_summary, in_clear, play, summary};

#[tokio::test(start_paused = true)]
async fn answers_are_returned_and_mails_go_on() {
    let transcript = "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250 server.example
        C: NOOP
        S: 250 ok
        C: VRFY ann
        S: 252 2.1.5 send some mail and see
        C: VRFY <nobody@example.org>
        S: 550 5.1.1 no such user
        C: HELP
        S: 214-MAIL RCPT
        S: 214 DATA
        C: HELP DATA
        S: 502 no
        C: RSET
        S: 250 ok
        C: MAIL FROM:<tim@client.example>
        S: 550 no
        C: QUIT
        S: 221 bye
    ";
    let (answers, _) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await?;
        session.noop().await?;
        let answers = [
            session.verify("ann").await?,
            session.verify("<nobody@example.org>").await?,
            session.help(None).await?,
            session.help(Some("DATA")).await?,
        ];
        session.reset().await?;
        let result = session.send(ACCOUNT.letter(&["a@example.org"])).await;
        session.quit().await;
        let refused = "Rejected at Mail, NotAccepted, permanent: 550 no";
        assert_eq!(summary(&result), refused);
        Ok::<_, Error>(answers.map(|reply| reply.code().number()))
    })
    .await;
    assert_eq!(answers.unwrap(), [252, 550, 214, 502]);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_does_not_change_the_session() {
    let transcript = "
        S: 220 server.example ESMTP
        C: EHLO client.example
        S: 250 server.example
        C: NOOP
        S: 500 what?
        C: RSET
        S: 451 later
        C: NOOP
        S: 250 ok
        C: QUIT
        S: 221 bye
    ";
    let (refusals, _) = play(transcript, async |stream| {
        let mut session = in_clear(stream).await?;
        let refusals = [
            session.noop().await.unwrap_err(),
            session.reset().await.unwrap_err(),
        ];
        session.noop().await?;
        session.quit().await;
        Ok::<_, Error>(refusals.map(|error| error_summary(&error)))
    })
    .await;
    assert_eq!(
        refusals.unwrap(),
        [
            "Rejected at Inquiry, NotAccepted, permanent: 500 what?",
            "Rejected at Inquiry, NotAccepted, transient: 451 later",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_ends_the_session() {
    for (last, outcome) in [
        (
            "S: 421 4.3.2 shutting down",
            "Closed at Inquiry, NotAccepted, transient: 421 4.3.2 shutting down",
        ),
        (
            "-- close --",
            "Closed at Inquiry, NotAccepted, transient: no reply",
        ),
    ] {
        let transcript = format!(
            "S: 220 server.example ESMTP
             C: EHLO client.example
             S: 250 server.example
             C: NOOP
             {last}"
        );
        let (outcomes, _) = play(&transcript, async |stream| {
            let mut session = in_clear(stream).await?;
            let first = session.noop().await.unwrap_err();
            let second = session.noop().await.unwrap_err();
            session.quit().await;
            Ok::<_, Error>([first, second].map(|error| error_summary(&error)))
        })
        .await;
        let after = "Closed at Inquiry, NotAccepted, transient: no reply";
        assert_eq!(outcomes.unwrap(), [outcome, after]);
    }
}
