//! Code as a service writes it: results by `?`, builders that keep their first error, tagged mails.

mod builders;
mod oauth_accounts;
mod report;

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use pilotfish::address::envelope::RecipientOptions;
use pilotfish::address::{Domain, Envelope, ForwardPath, Mailbox};
use pilotfish::config::{Config, ConfigError, Network, SecretError};
use pilotfish::message::dkim::DkimError;
use pilotfish::message::{BodyError, FileName};
use pilotfish::protocol::Mechanism;
use pilotfish::session::Session;
use pilotfish::testing::{Fault, Point, Security, TestServer, TestServerError};
use pilotfish::transport::{Fingerprint, Host, Proxy, TlsConfig};
use pilotfish::{
    Client, Credentials, Error, ErrorKind, Fate, Message, Receipt, Result, ServerConfig,
};

use tokio::time::sleep;

use crate::client::paused;
use crate::support::open_server::open_server;

async fn build(from: &str) -> Result<Message, pilotfish::message::MessageError> {
    let message = Message::builder().from(from).to("ann@example.org");
    message.subject("Hello").text("Hello.\n").build().await
}

#[test]
fn shared_types_are_send_and_sync() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<Client>();
    is_shared::<Session>();
    is_shared::<Error>();
    is_shared::<Message>();
    is_shared::<ServerConfig>();
    is_shared::<Receipt>();
    is_shared::<Credentials>();
    is_shared::<TlsConfig>();
    is_shared::<TestServer>();
}

type Failing = fn() -> Result<()>;

fn parsed<T: std::str::FromStr<Err: Into<Error>>>(text: &str) -> Result<()> {
    text.parse::<T>().map(drop).map_err(Into::into)
}

fn no_such_recipient() -> Result<()> {
    let envelope = Envelope::new("me@example.org", ["ann@example.org"])?;
    let (other, options) = ("bob@example.org".parse()?, RecipientOptions::default());
    drop(envelope.with_recipient_options(&other, options)?);
    Ok(())
}

fn bad_file_name() -> Result<()> {
    let name: FileName = "\u{1}".parse()?;
    drop(name);
    Ok(())
}

fn no_password() -> Result<()> {
    drop(Credentials::new("tim", "")?);
    Ok(())
}

fn violation() -> Result<()> {
    let mut error = TestServerError::default();
    error.violations.push("connection 1: bare LF".to_owned());
    Err(error.into())
}

fn no_configuration() -> Result<()> {
    drop(Config::parse("account = 1")?);
    Ok(())
}

/// Each error of the library becomes `pilotfish::Error` by `?`, whose text names the reason.
#[test]
fn every_error_of_the_library_converts_by_question_mark() {
    let table: &[(ErrorKind, &str, &[Failing])] = &[
        (
            ErrorKind::InvalidInput,
            "the address is not valid",
            &[
                || parsed::<Mailbox>("x"),
                || parsed::<ForwardPath>("x y"),
                || parsed::<Domain>("a b"),
            ],
        ),
        (
            ErrorKind::InvalidInput,
            "the envelope is not valid",
            &[no_such_recipient],
        ),
        (
            ErrorKind::InvalidInput,
            "the message cannot be built",
            &[bad_file_name],
        ),
        (
            ErrorKind::Body,
            "the body cannot be read",
            &[|| Err(BodyError::Spent.into())],
        ),
        (
            ErrorKind::Config,
            "the message cannot be signed",
            &[|| Err(DkimError::ReadOnce.into())],
        ),
        (
            ErrorKind::Config,
            "the credentials are not valid",
            &[no_password],
        ),
        (
            ErrorKind::Config,
            "the name is not known",
            &[|| parsed::<Mechanism>("NTLM")],
        ),
        (
            ErrorKind::Config,
            "the host is not valid",
            &[|| parsed::<Host>("a b")],
        ),
        (
            ErrorKind::Config,
            "the fingerprint is not valid",
            &[|| parsed::<Fingerprint>("md5:00")],
        ),
        (
            ErrorKind::Config,
            "the proxy is not valid",
            &[|| parsed::<Proxy>("ftp://a")],
        ),
        (
            ErrorKind::Config,
            "the configuration cannot be used",
            &[no_configuration, || {
                Err(ConfigError::TooLarge("a.toml".into()).into())
            }],
        ),
        (
            ErrorKind::Config,
            "the secret cannot be read",
            &[|| {
                Err(SecretError::TimedOut {
                    what: "password",
                    place: "/run/password".to_owned(),
                }
                .into())
            }],
        ),
        (
            ErrorKind::Protocol,
            "the test server found mistakes",
            &[violation],
        ),
        (
            ErrorKind::Config,
            "the configuration cannot be used",
            &[|| Ok(Network::default().set_timeout("mail=never")?)],
        ),
    ];
    for (kind, message, failing) in table {
        for failing in *failing {
            let error = failing().expect_err(message);
            assert_eq!(error.kind(), *kind, "{error}");
            let text = error.to_string();
            let reason = text.strip_prefix(&format!("{message}: ")).expect(&text);
            assert!(!reason.is_empty() && reason != *message, "{text}");
            assert!(!error.is_transient(), "{message}");
        }
    }
}

/// Each outcome has the tag of its mail, also if the message could not be built.
#[tokio::test]
async fn outcomes_have_the_tags_of_their_mails() {
    let server = TestServer::builder().anonymous().start().await.unwrap();
    let client = server.client().unwrap();
    let mails = stream::iter([
        (String::from("ann"), "me@example.org"),
        (String::from("broken"), "no address"),
        (String::from("bob"), "you@example.org"),
    ])
    .then(async |(tag, from)| (tag, build(from).await));
    let outcomes = client.send_all(mails);
    let mut outcomes: Vec<_> = outcomes
        .map(|(tag, result)| (tag, result.map(drop).map_err(|error| error.kind())))
        .collect()
        .await;
    outcomes.sort_by(|one, other| one.0.cmp(&other.0));
    let tagged = |tag: &str, result| (tag.to_owned(), result);
    assert_eq!(
        outcomes,
        [
            tagged("ann", Ok(())),
            tagged("bob", Ok(())),
            tagged("broken", Err(ErrorKind::InvalidInput)),
        ]
    );
    // A tag need not be `Send`, and a message need not be a result.
    let tag = std::rc::Rc::new(());
    let mails = stream::iter([(tag, build("me@example.org").await.unwrap())]);
    assert!(
        client
            .send_all(mails)
            .all(async |(_, result)| result.is_ok())
            .await
    );
    client.close().await;
    assert_eq!(server.received().len(), 3);
    server.shutdown().await.unwrap();
}

/// The client of a test server needs no further setting, however the server is protected.
#[tokio::test]
async fn a_test_server_has_a_client() {
    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::Cleartext,
    ] {
        for host_names in [&["localhost", "127.0.0.1"][..], &["mail.example"]] {
            let server = TestServer::builder()
                .user("tim", "tanstaaf")
                .security(security)
                .host_names(host_names.iter().copied())
                .start()
                .await
                .unwrap();
            let client = server.client().unwrap();
            let message = build("me@example.org").await.unwrap();
            let id = message.message_id().clone();
            let receipt = client.send(message).await.unwrap();
            assert_eq!(receipt.message_id(), &id);
            let queue_id = receipt.queue_id().unwrap();
            assert!(receipt.reply.text().contains(queue_id), "{}", receipt.reply);
            client.close().await;
            let received = server.take_received();
            assert_eq!(received[0].authenticated_as.as_deref(), Some("tim"));
            server.shutdown().await.unwrap();
        }
    }
    let server = TestServer::builder()
        .anonymous()
        .lmtp()
        .start()
        .await
        .unwrap();
    let client = server.client().unwrap();
    let _receipt = client
        .send(build("me@example.org").await.unwrap())
        .await
        .unwrap();
    client.close().await;
    server.shutdown().await.unwrap();
}

/// `close_within` returns how many mails were sent, withdrawn or unknown.
#[test]
fn close_within_reports_the_outcomes() {
    paused(async {
        let server = open_server()
            .without("CHUNKING")
            .refuse_recipient("no@example.org", "550 5.1.1 no such user")
            .fault_every(2, Fault::SilentAt(Point::EndOfData))
            .start()
            .await
            .unwrap();
        let server_config = server.server_config_builder().unwrap().build().unwrap();
        let client = Client::builder(server_config).max_connections(1);
        let client = client.build().unwrap();
        let send = async |to: &'static str| {
            let message = Message::builder()
                .from("me@example.org")
                .to(to)
                .text("Hi.\n");
            client.send(message.build().await.unwrap()).await
        };
        let sending = join_all([
            send("no@example.org"),
            send("sent@example.org"),
            send("unknown@example.org"),
            send("withdrawn@example.org"),
        ]);
        let closing = async {
            while server.received().is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
            client.close_within(Duration::from_mins(1)).await
        };
        let (results, report) = tokio::join!(sending, closing);
        assert_eq!((report.unknown, report.withdrawn), (1, 1), "{report:?}");
        let fates: Vec<_> = results
            .iter()
            .map(|result| {
                result
                    .as_ref()
                    .err()
                    .map(|error| (error.kind(), error.fate()))
            })
            .collect();
        assert_eq!(
            fates,
            [
                Some((ErrorKind::Rejected, Fate::NotAccepted)),
                None,
                Some((ErrorKind::Closed, Fate::Unknown)),
                Some((ErrorKind::Closed, Fate::NotAccepted)),
            ]
        );
        // All in time: nothing is withdrawn, and the client can send again.
        let (result, report) = tokio::join!(
            send("sent@example.org"),
            client.close_within(Duration::from_mins(1))
        );
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((report.sent, report.withdrawn), (1, 0), "{report:?}");
        assert_eq!((report.failed, report.unknown), (0, 0), "{report:?}");
    });
}

/// The user of a URL is the one that logs in.
#[tokio::test]
async fn the_user_of_a_url_logs_in() {
    let server = TestServer::builder()
        .user("me", "sesame")
        .start()
        .await
        .unwrap();
    let tls = TlsConfig::builder()
        .ca_pem(server.ca_pem())
        .server_name("localhost")
        .build()
        .unwrap();
    let url = format!("smtp://me@{}", server.addr());
    let builder = || ServerConfig::from_url(&url).unwrap().tls(tls.clone());

    let session = builder()
        .password("sesame")
        .build()
        .unwrap()
        .connect()
        .await;
    session.unwrap().quit().await;

    let other = Credentials::new("you", "sesame").unwrap();
    let error = builder().credentials(other).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("the credentials another one"),
        "{error}"
    );
    server.shutdown().await.unwrap();
}

/// What a URL says of a server, and what it must not say.
#[test]
fn a_server_by_its_url() {
    for (url, expected) in [
        ("smtp://mail.example", "mail.example:587 StartTls"),
        ("smtp://mail.example:465", "mail.example:465 ImplicitTls"),
        ("smtps://mail.example/", "mail.example:465 ImplicitTls"),
        ("smtp+tls://[2001:db8::1]:25", "[2001:db8::1]:25 StartTls"),
        ("smtp+notls://mail.example", "mail.example:25 Cleartext"),
        ("lmtp://mail.example:24", "mail.example:24 Cleartext"),
        ("lmtp:///run/my%20lmtp", "/run/my lmtp Cleartext"),
        ("mail.example:587", "mail.example:587 StartTls"),
    ] {
        let server = ServerConfig::from_url(url).unwrap().build().unwrap();
        assert_eq!(
            format!("{server} {:?}", server.security()),
            expected,
            "{url}"
        );
    }
    for (url, words) in [
        ("https://mail.example", "smtps"),
        (
            "smtp://tim:secret@mail.example",
            "must not contain a password",
        ),
        ("lmtp://mail.example", "LMTP has no port"),
        ("smtp://mail.example:0", "port"),
        ("smtp://100%@mail.example", "%25"),
    ] {
        let error = ServerConfig::from_url(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        let text = error.to_string();
        let (names, leaks) = (text.contains(words), text.contains("secret"));
        assert!(names && !leaks, "{url}: {text}");
    }
    let with_user = || ServerConfig::from_url("smtps://me%40x.example@mail.example").unwrap();
    let error = with_user().build().unwrap_err();
    assert!(
        error.to_string().contains("there is no password"),
        "{error}"
    );
    let login = Credentials::new("me@x.example", "password").unwrap();
    assert!(with_user().credentials(login).build().is_ok());
    assert!(with_user().password("password").build().is_ok());
    let without_user = ServerConfig::from_url("smtps://mail.example").unwrap();
    let error = without_user.password("password").build().unwrap_err();
    assert!(error.to_string().contains("names no user"), "{error}");
}
