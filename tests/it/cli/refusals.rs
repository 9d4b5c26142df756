//! Failures of the server or the connection: one exit status for each thing to do next.

use pilotfish::testing::Fault::{CloseAt, ReplyAt, SilentAt};
use pilotfish::testing::Point::{self, Auth, Body, Data, Ehlo, EndOfData, Greeting, Mail, Rcpt};
use pilotfish::testing::{Fault, Security};
use tokio::net::TcpListener;

use super::cli_fixture::{CliFixture, server};
use super::peer::Peer;
use super::run::Run;

/// A mail to one recipient, and one to two.
const TO_ANN: &str = "--to ann@example.org --text Hi";
const TO_BOTH: &str = "--to 'ann@example.org, bob@example.org' --text Hi";

fn reply(point: Point, text: &str) -> Fault {
    ReplyAt(point, text.to_owned())
}

/// Checks how a mail to Ann ends when this fault occurs each time.
async fn ends(fault: Fault, status: i32, words: &str) {
    let fixture = CliFixture::open(server().fault_always(fault)).await;
    fixture.send(TO_ANN).end().await.fails(status, words);
    fixture.received_nothing().await;
}

#[tokio::test]
async fn an_accepted_mail_is_0() {
    let fixture = CliFixture::open(server()).await;
    let ended = fixture.send(TO_BOTH).end().await;
    assert_eq!(ended.stderr, "");
    let line = ended.result().to_owned();
    let mail = fixture.mail().await;
    let expected = format!("accepted by 127.0.0.1 for 2 recipients: {}", mail.queue_id);
    assert_eq!(line, expected);
    assert_eq!(mail.authenticated_as.as_deref(), Some("me@example.org"));
    assert!(mail.tls.is_some());
}

#[tokio::test]
async fn a_permanently_rejected_mail_is_65() {
    for words in ["552 5.3.4 too big", "534 SIZE=Message too big"] {
        ends(
            reply(Mail, words),
            65,
            "the mail is too large for 127.0.0.1: ",
        )
        .await;
        let expected = format!("\n  server: {words}\n");
        ends(reply(Mail, words), 65, &expected).await;
    }
    ends(
        reply(Mail, "553 5.1.7 no such sender"),
        65,
        "127.0.0.1 rejected the sender <me@example.org>",
    )
    .await;
    ends(
        reply(Rcpt, "550 5.1.1 no such user"),
        65,
        "550 5.1.1 no such user",
    )
    .await;
    ends(
        reply(Data, "554 5.5.1 no"),
        65,
        "error: 127.0.0.1 rejected the mail\n  server: 554 5.5.1 no",
    )
    .await;
    ends(reply(EndOfData, "550 5.7.1 spam"), 65, "550 5.7.1 spam").await;
    ends(
        reply(EndOfData, "552-5.2.2 over\r\n552 5.2.2 quota"),
        65,
        "over",
    )
    .await;
}

#[tokio::test]
async fn all_recipients_rejected_and_one_deferred_is_75_and_each_is_listed() {
    let fixture = CliFixture::open(
        server()
            .refuse_recipient("ann@example.org", "550 5.1.1 no Ann")
            .refuse_recipient("bob@example.org", "450 4.2.1 Bob is away"),
    )
    .await;
    let ended = fixture.send(TO_BOTH).end().await;
    ended.fails(75, "rejected  ann@example.org  550 5.1.1 no Ann");
    ended.fails(75, "deferred  bob@example.org  450 4.2.1 Bob is away");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn one_rejected_recipient_is_reported_once_with_advice() {
    let words = "554 5.7.1 <ann@example.org>: Relay access denied";
    let fixture = CliFixture::open(server().refuse_recipient("ann@example.org", words)).await;
    let ended = fixture.send(TO_ANN).end().await;
    ended.fails(
        65,
        "Relay access denied\n  help:   the server does not take mail from this sender",
    );
    assert_eq!(ended.stderr.matches("denied").count(), 1, "{ended:?}");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn all_recipients_deferred_is_75() {
    let fixture = CliFixture::open(
        server()
            .refuse_recipient("ann@example.org", "450 4.2.1 Ann is away")
            .refuse_recipient("bob@example.org", "450 4.2.1 Bob is away"),
    )
    .await;
    let ended = fixture.send(TO_BOTH).end().await;
    ended.fails(75, "deferred  bob@example.org  450 4.2.1 Bob is away");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_mail_over_the_size_limit_is_65_and_never_begun() {
    let fixture = CliFixture::open(server().max_size(10_000)).await;
    fixture.directory.sparse_file("large.bin", 10_000);
    let run = fixture.send(&format!("{TO_ANN} -a large.bin --transcript"));
    let ended = run.end().await;
    ended.fails(65, "the mail is too large for 127.0.0.1: ");
    ended.fails(65, ", limit 10.0 kB\n");
    assert!(!ended.stderr.contains("MAIL FROM"), "{ended:?}");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_68() {
    // RFC 6761 section 6.4: no resolver knows a name under "invalid". Without a network the system
    // may report another error.
    let look_up = "import socket\n\
                   try: socket.getaddrinfo('there.invalid', 587)\n\
                   except socket.gaierror as error: print(error.errno == socket.EAI_AGAIN)";
    let python = std::process::Command::new("python3")
        .args(["-c", look_up])
        .output()
        .unwrap();
    let status = if python.stdout == b"True\n" { 75 } else { 68 };
    let run =
        Run::new("send --server there.invalid --from me@example.org").args(Run::words(TO_ANN));
    run.end().await.fails(status, "there.invalid");
}

#[tokio::test]
async fn a_server_without_a_needed_extension_is_69() {
    let fixture = CliFixture::open(server().without("AUTH")).await;
    fixture
        .send(TO_ANN)
        .end()
        .await
        .fails(69, "offers no login (AUTH)");
    fixture.received_nothing().await;

    let mechanisms = reply(Ehlo, "250-there.example\r\n250 AUTH GSSAPI NTLM");
    let fixture =
        CliFixture::open(server().security(Security::ImplicitTls).fault(mechanisms)).await;
    let run = fixture.send(&format!("{TO_ANN} --tls implicit"));
    run.end()
        .await
        .fails(69, "the server offers no login by SCRAM-SHA-256-PLUS,");
    fixture.received_nothing().await;

    let fixture = CliFixture::open(server().without("SMTPUTF8")).await;
    fixture
        .send("--to jürgen@example.org --text Hi")
        .end()
        .await
        .fails(
            69,
            "the address jürgen@example.org has characters beyond ASCII",
        );
    fixture.received_nothing().await;

    ends(
        reply(Greeting, "554 no mail from there"),
        69,
        "554 no mail from there",
    )
    .await;
}

#[tokio::test]
async fn a_transient_failure_is_75() {
    ends(
        reply(Greeting, "421 4.3.2 too busy"),
        75,
        "421 4.3.2 too busy",
    )
    .await;
    ends(
        reply(Auth, "454 4.7.0 too many logins"),
        75,
        "too many logins",
    )
    .await;
    ends(
        reply(Auth, "421 4.7.0 too many logins"),
        75,
        "too many logins",
    )
    .await;
    ends(
        reply(Point::StartTls, "454 4.7.0 no TLS now"),
        75,
        "no TLS now",
    )
    .await;
    ends(reply(Mail, "452 4.3.1 disk full"), 75, "disk full").await;
    ends(reply(Rcpt, "450 4.2.1 greylisted"), 75, "greylisted").await;
    ends(reply(Data, "451 4.3.0 try again"), 75, "try again").await;
    ends(reply(EndOfData, "452 4.3.1 disk full"), 75, "disk full").await;
    ends(
        reply(EndOfData, "421 4.3.2 shutting down"),
        75,
        "shutting down",
    )
    .await;
    // Gmail's daily limit has a permanent code.
    ends(reply(EndOfData, "550 5.4.5 daily limit"), 75, "tomorrow").await;
    // After one connection that breaks before the login, the client opens another one.
    for point in [Greeting, Ehlo] {
        let fixture = CliFixture::open(server().fault_always(CloseAt(point))).await;
        let ended = fixture.send(TO_ANN).end().await;
        ended.fails(75, "closed the connection");
        fixture.received_nothing().await;
    }
    ends(CloseAt(Mail), 75, "closed the connection").await;
    ends(CloseAt(Data), 75, "closed the connection").await;
}

#[tokio::test]
async fn a_connection_that_ends_before_the_message_does_is_75() {
    let fixture = CliFixture::open(server().fault(CloseAt(Body(100_000)))).await;
    fixture.directory.sparse_file("large.bin", 20_000_000);
    let run = fixture.send(&format!("{TO_ANN} -a large.bin"));
    run.end().await.fails(75, "the transfer of the message");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn a_reply_in_the_middle_of_the_message_is_the_error() {
    for (text, status) in [("552 5.3.4 too big", 65), ("421 4.3.2 shutting down", 75)] {
        let fixture = CliFixture::open(server().fault(reply(Body(100_000), text))).await;
        fixture.directory.sparse_file("large.bin", 20_000_000);
        let run = fixture.send(&format!("{TO_ANN} -a large.bin"));
        run.end().await.fails(status, text);
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn a_closed_port_is_75() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let run = Run::new("send --from me@example.org --server").args([address]);
    run.args(Run::words(TO_ANN))
        .end()
        .await
        .fails(75, "cannot connect");
}

#[tokio::test]
async fn unverified_tls_is_76() {
    let fixture = CliFixture::open(server().without("STARTTLS")).await;
    fixture
        .send(TO_ANN)
        .end()
        .await
        .fails(76, "does not offer STARTTLS");
    fixture.received_nothing().await;

    ends(reply(Point::StartTls, "501 no"), 76, "refused it").await;

    let fixture = CliFixture::open(server().host_names(["mail.example.org"])).await;
    fixture.send(TO_ANN).end().await.fails(76, "certificate");
    fixture.received_nothing().await;

    for security in [Security::StartTls, Security::ImplicitTls] {
        let fixture = CliFixture::open(server().security(security)).await;
        let address = fixture.server.addr().to_string();
        let tls = if security == Security::StartTls {
            "starttls"
        } else {
            "implicit"
        };
        // The server's authority is not among the public ones.
        let run = Run::new(&format!(
            "send --from me@example.org --tls {tls} --server {address}"
        ));
        run.args(Run::words(TO_ANN))
            .end()
            .await
            .fails(76, "certificate");
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn implicit_tls_where_the_server_speaks_in_clear_is_76() {
    let fixture = CliFixture::open(server()).await;
    let run = fixture.send(&format!("{TO_ANN} --tls implicit"));
    run.end().await.fails(76, "add --tls starttls");
    fixture.server.shutdown().await.ok();
}

#[tokio::test]
async fn a_server_that_speaks_another_protocol_is_76() {
    ends(
        reply(Greeting, "HTTP/1.0 400 Bad Request"),
        76,
        "check the port",
    )
    .await;
    ends(reply(Greeting, "+OK POP3 ready"), 76, "check the port").await;
    ends(reply(Ehlo, "250-a\r\n220 b"), 76, "").await;
    ends(reply(Mail, "354 go on"), 76, "MAIL").await;
}

#[tokio::test]
async fn octets_after_the_reply_to_starttls_are_76() {
    ends(
        reply(Point::StartTls, "220 go on\r\n250 AUTH PLAIN"),
        76,
        "tampering",
    )
    .await;
}

#[tokio::test]
async fn a_rejected_login_is_77() {
    let fixture = CliFixture::open(server()).await;
    fixture.directory.file("password", "another");
    let ended = fixture.send(TO_ANN).end().await;
    ended.fails(77, "535");
    ended.fails(77, "me@example.org");
    ended.fails(77, "help:   check the user name and the password");
    fixture.received_nothing().await;

    ends(
        reply(Auth, "534 5.7.9 application-specific password - gsmtp"),
        77,
        "apppasswords",
    )
    .await;
}

#[tokio::test]
async fn some_recipients_rejected_is_80() {
    let server = server()
        .refuse_recipient("bob@example.org", "550 no Bob")
        .refuse_recipient("carl@example.org", "450 4.2.0 Carl is greylisted");
    let fixture = CliFixture::open(server).await;
    let to = "--to ann@example.org,bob@example.org,carl@example.org --text Hi";
    let ended = fixture.send(to).end().await;
    let quiet = fixture.send(&format!("{to} -q")).end().await;
    let mails = fixture.mails().await;
    let mail = &mails[0];
    let table = "  accepted  ann@example.org\n  \
                   rejected  bob@example.org   550 no Bob\n  \
                   deferred  carl@example.org  450 4.2.0 Carl is greylisted\n";
    let id = &mail.queue_id;
    let first = format!("accepted by 127.0.0.1 for 1 of 3 recipients: {id}\n");
    let help = "send it again later, to carl@example.org alone\n";
    assert_eq!(ended.status, 80);
    assert_eq!(ended.stdout, format!("{first}{table}"));
    assert_eq!(ended.stderr, format!("help: {help}"));
    let first = "error: 127.0.0.1 accepted the mail for 1 of 3 recipients\n";
    quiet.fails(80, first);
    assert_eq!(quiet.stderr, format!("{first}{table}  help:   {help}"));
    assert_eq!(mail.forward_paths, ["ann@example.org"]);
}

#[tokio::test]
async fn a_connection_that_ends_after_the_message_is_81() {
    let fixture = CliFixture::open(server().fault(CloseAt(EndOfData))).await;
    let ended = fixture.send(TO_ANN).end().await;
    ended.fails(
        81,
        "ask ann@example.org before you send it again: it may have arrived",
    );
    // The mail has arrived, but the client cannot know that.
    fixture.mail().await;
}

#[tokio::test]
async fn a_reply_cut_off_after_the_message_is_81() {
    let peer = Peer::listen().await;
    let run = peer.send(TO_ANN).end();
    let server = async {
        let mut client = peer.accept_up_to_data().await;
        client.expect_message().await;
        client.reply("250-2.0.0 Ok").await;
    };
    let (ended, ()) = tokio::join!(run, server);
    ended.fails(81, "closed the connection");
}

#[tokio::test]
async fn a_server_that_is_silent_at_quit_has_the_mail_all_the_same() {
    let fixture = CliFixture::open(server().fault(SilentAt(Point::Quit))).await;
    let mut child = fixture.send(TO_ANN).spawn().await;
    let mut line = String::new();
    let stdout = tokio::io::BufReader::new(child.stdout.as_mut().unwrap());
    tokio::io::AsyncBufReadExt::read_line(&mut { stdout }, &mut line)
        .await
        .unwrap();
    // The command prints the result before the server has replied to QUIT.
    assert!(line.starts_with("accepted by 127.0.0.1 "), "{line}");
    fixture.mail().await;
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
