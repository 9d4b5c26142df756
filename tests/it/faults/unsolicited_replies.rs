//! Servers that send unsolicited replies right after the setup of a session. The unsolicited reply
//! becomes the result of all mails, because another session would get it too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pilotfish::{Client, Credentials, Security, ServerConfig};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::client::{ACCOUNT, PASSWORD, error_summary};

/// Sends `greeting`, answers EHLO and AUTH in this way, and sends nothing else.
async fn serve(stream: TcpStream, [greeting, ehlo, auth]: [String; 3]) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.get(..4) {
            Some("EHLO") => &ehlo,
            Some("AUTH") => &auth,
            _ => "",
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// Sends three mails at once. Returns their outcomes and the number of sessions.
async fn three_mails(answers: [String; 3], login: bool) -> (Vec<(String, String)>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sessions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sessions);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, answers.clone()));
        }
    });
    let mut builder = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(Security::Cleartext);
    if login {
        let credentials = Credentials::new("tim", PASSWORD).unwrap();
        builder = builder.danger_cleartext_auth().credentials(credentials);
    }
    let client = Client::builder(builder.build().unwrap()).max_connections(1);
    let client = client.build().unwrap();
    let letter = || ACCOUNT.letter(&["a@example.org"]);
    let sent = [
        client.send(letter()),
        client.send(letter()),
        client.send(letter()),
    ];
    let results = futures_util::future::join_all(sent).await;
    client.close().await;
    server.abort();
    let reported = results.into_iter().map(|result| {
        let error = result.unwrap_err();
        (error_summary(&error), error.to_string())
    });
    (reported.collect(), sessions.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_unsolicited_reply_after_ehlo_or_auth_is_the_error() {
    let greeting = "220 server.example\r\n";
    let ehlo = "250-server.example\r\n250 AUTH PLAIN\r\n";
    let auth = "235 welcome\r\n";
    let unasked = "Protocol at STAGE, NotAccepted, permanent: ";
    for (extra, outcome, words) in [
        (
            "SIZE\r\n",
            format!("{unasked}no reply"),
            "the server sent \"SIZE\"",
        ),
        (
            "250 HELP\r\n",
            format!("{unasked}250 HELP"),
            "a reply that no command asked for: 250 HELP",
        ),
        (
            "550 5.7.1 go away\r\n",
            format!("{unasked}550 5.7.1 go away"),
            "go away",
        ),
        (
            "421 4.3.2 shutting down for repairs\r\n",
            "Closed at STAGE, NotAccepted, transient: 421 4.3.2 shutting down for repairs"
                .to_owned(),
            "shutting down for repairs",
        ),
    ] {
        for (answers, stage) in [
            ([greeting, &format!("{ehlo}{extra}"), auth], "Auth"),
            ([greeting, ehlo, &format!("{auth}{extra}")], "Auth"),
            (
                [greeting, &format!("250 server.example\r\n{extra}"), auth],
                "Hello",
            ),
            ([&format!("{greeting}{extra}"), ehlo, auth], "Hello"),
        ] {
            let login = stage == "Auth";
            let (reported, sessions) = three_mails(answers.map(str::to_owned), login).await;
            for (reported, text) in &reported {
                assert_eq!(*reported, outcome.replace("STAGE", stage), "{answers:?}");
                assert!(text.contains(words), "{answers:?}: {text}");
            }
            let most = if extra.starts_with("421") { 3 } else { 1 };
            assert!(sessions <= most, "{answers:?}: {sessions} sessions");
        }
    }
}
