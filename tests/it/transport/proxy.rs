//! Proxies that work, and proxies that do not.

use pilotfish::transport::{Host, Proxy, Route, Timeouts, TlsConfig};
use pilotfish::{Credentials, Error, ErrorKind, ServerConfig, Stage, testing};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that plays this dialogue with one client: what it expects, and what it replies. After
/// the dialogue the client reaches a server, or the connection ends.
pub(crate) async fn proxy(steps: Vec<(Vec<u8>, Vec<u8>)>, server: Option<TcpStream>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (expected, answer) in steps {
            let mut came = vec![0; expected.len()];
            stream.read_exact(&mut came).await.unwrap();
            assert_eq!(
                came.escape_ascii().to_string(),
                expected.escape_ascii().to_string()
            );
            // The client may have closed the connection.
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
        if let Some(mut server) = server {
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        } else {
            let _ = stream.shutdown().await;
            let _ = stream.read(&mut [0]).await;
        }
    });
    port
}

/// Connects to mail.example through a proxy that plays this dialogue.
async fn connect(scheme: &str, steps: Vec<(Vec<u8>, Vec<u8>)>) -> Error {
    let user = if scheme.contains('@') { "tanstaaf" } else { "" };
    let url = format!("{scheme}127.0.0.1:{}", proxy(steps, None).await);
    let mut proxy: Proxy = url.parse().unwrap();
    if !user.is_empty() {
        proxy = proxy.password(user).unwrap();
    }
    let host: Host = "mail.example".parse().unwrap();
    let route = Route::new().proxy(proxy);
    let connected = route.connect(&host, 587, &Timeouts::default()).await;
    connected.unwrap_err()
}

/// The kind of the error, whether it is transient, and its stage.
fn reported(error: &Error) -> (ErrorKind, bool) {
    assert_eq!(error.stage(), Some(Stage::Connect));
    assert!(
        error.to_string().contains("proxy 127.0.0.1 port "),
        "{error}"
    );
    (error.kind(), error.is_transient())
}

const CONNECT: &str = "CONNECT mail.example:587 HTTP/1.1\r\nHost: mail.example:587\r\n";

#[tokio::test]
async fn responses_of_an_http_proxy() {
    let endless = format!("HTTP/1.1 200 ok\r\n{}", "X: y\r\n".repeat(5_000));
    let fields = format!("HTTP/1.1 200 ok\r\n{}\r\n", "X: y\r\n".repeat(100));
    for (answer, kind, transient) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            ErrorKind::Auth,
            false,
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", ErrorKind::Rejected, false),
        (
            "HTTP/1.1 405 Not Allowed\r\nAllow: GET\r\n\r\n",
            ErrorKind::Rejected,
            false,
        ),
        (
            "HTTP/1.0 302 Moved\r\nLocation: /\r\n\r\n",
            ErrorKind::Rejected,
            false,
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", ErrorKind::Connect, true),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            ErrorKind::Connect,
            true,
        ),
        ("220 mail.example ESMTP\r\n\r\n", ErrorKind::Protocol, false),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorKind::Protocol, false),
        (
            "HTTP/1.1 200 ok\r\nno field\r\n\r\n",
            ErrorKind::Protocol,
            false,
        ),
        (&endless, ErrorKind::Protocol, false),
        (&fields, ErrorKind::Protocol, false),
        ("", ErrorKind::Closed, true),
        ("HTTP/1.1 200 ok\r\nX:", ErrorKind::Closed, true),
    ] {
        let steps = vec![(format!("{CONNECT}\r\n").into(), answer.into())];
        let error = connect("http://", steps).await;
        assert_eq!(reported(&error), (kind, transient), "{answer:?}: {error}");
    }
}

/// A proxy may repeat its password in its reply.
#[tokio::test]
async fn a_password_that_the_proxy_repeats_is_masked() {
    // tim:tanstaaf
    let login = "Proxy-Authorization: Basic dGltOnRhbnN0YWFm";
    let answer = "HTTP/1.1 407 tanstaaf is wrong: dGltOnRhbnN0YWFm\r\n\r\n";
    let steps = vec![(format!("{CONNECT}{login}\r\n\r\n").into(), answer.into())];
    let error = connect("http://tim@", steps).await;
    assert_eq!(reported(&error), (ErrorKind::Auth, false));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with("407 <redacted> is wrong: "), "{cause}");
    let shown = format!("{error:?}");
    for secret in ["tanstaaf", "hbnN0YWFm"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// RFC 9110 section 15.2 and RFC 9112 section 2.2: interim responses precede the response, and a
/// line may end in LF alone. Every octet after the header belongs to the server.
#[tokio::test]
async fn lines_before_the_end_of_an_http_header() {
    let finals = ["HTTP/1.1 200 ok", "HTTP/1.0 200", "HTTP/1.1 204 no content"];
    let interims = [
        "",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 199 so\n\n",
    ];
    for interim in interims {
        for status in finals {
            for (line, fields) in [
                ("\r\n", ""),
                ("\n", ""),
                ("\n", "X: y\r\n"),
                ("\r\n", "X: y\n"),
            ] {
                for end in ["\r\n", "\n"] {
                    let answer = format!("{interim}{status}{line}{fields}{end}220 mail\r\n");
                    let steps = vec![(format!("{CONNECT}\r\n").into(), answer.clone().into())];
                    let url = format!("http://127.0.0.1:{}", proxy(steps, None).await);
                    let route = Route::new().proxy(url.parse().unwrap());
                    let host = "mail.example".parse().unwrap();
                    let connected = route.connect(&host, 587, &Timeouts::default()).await;
                    let mut greeting = String::new();
                    let mut socket =
                        connected.unwrap_or_else(|error| panic!("{answer:?}: {error}"));
                    socket.read_to_string(&mut greeting).await.unwrap();
                    assert_eq!(greeting, "220 mail\r\n", "{answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn interim_responses_are_bounded_and_101_is_not_one() {
    for (answer, kind) in [
        (
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000),
            ErrorKind::Protocol,
        ),
        (
            "HTTP/1.1 101 Switching\r\n\r\n".to_owned(),
            ErrorKind::Rejected,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 no\n\n".to_owned(),
            ErrorKind::Auth,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            ErrorKind::Closed,
        ),
    ] {
        let steps = vec![(format!("{CONNECT}\r\n").into(), answer.clone().into())];
        let error = connect("http://", steps).await;
        assert_eq!(reported(&error).0, kind, "{answer:.60}: {error}");
    }
}

#[tokio::test]
async fn quoted_replies_are_escaped_and_short() {
    let reason = format!("HTTP/1.1 403 \u{1b}[31m{}\r\n\r\n", "no ".repeat(1_000));
    let steps = vec![(format!("{CONNECT}\r\n").into(), reason.into())];
    let error = connect("http://", steps).await;
    assert_eq!(reported(&error).0, ErrorKind::Protocol);
    let reason = format!("HTTP/1.1 403 {}\r\n\r\n", "no ".repeat(1_000));
    let steps = vec![(format!("{CONNECT}\r\n").into(), reason.into())];
    let error = connect("http://", steps).await;
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.starts_with("403 no no") && cause.len() < 100,
        "{cause}"
    );
}

#[tokio::test]
async fn a_login_at_an_http_proxy() {
    // RFC 7617: tim:tanstaaf
    let login = "Proxy-Authorization: Basic dGltOnRhbnN0YWFm\r\n";
    let answer = "HTTP/1.1 407 no\r\n\r\n";
    let steps = vec![(format!("{CONNECT}{login}\r\n").into(), answer.into())];
    let error = connect("http://tim@", steps).await;
    assert_eq!(reported(&error), (ErrorKind::Auth, false));
    assert!(error.to_string().contains("check its user"), "{error}");
    let shown = format!("{error:?}");
    assert!(
        !shown.contains("tanstaaf") && !shown.contains("dGlt"),
        "{shown}"
    );
}

/// RFC 1928 sections 3 to 6, RFC 1929 section 2.
#[tokio::test]
async fn replies_of_a_socks_proxy() {
    let hello = || (b"\x05\x01\x00".to_vec(), b"\x05\x00".to_vec());
    let request = b"\x05\x01\x00\x03\x0cmail.example\x02\x4b";
    let reply = |code: u8| {
        let reply = vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0];
        vec![hello(), (request.to_vec(), reply)]
    };
    let only = |answer: &[u8]| vec![(b"\x05\x01\x00".to_vec(), answer.to_vec())];
    for (steps, kind, transient) in [
        (reply(1), ErrorKind::Connect, true),
        (reply(2), ErrorKind::Rejected, false),
        (reply(3), ErrorKind::Connect, true),
        (reply(4), ErrorKind::Connect, true),
        (reply(5), ErrorKind::Connect, true),
        (reply(6), ErrorKind::Connect, true),
        (reply(7), ErrorKind::Rejected, false),
        (reply(8), ErrorKind::Connect, true),
        (reply(99), ErrorKind::Protocol, false),
        (only(b"\x05\xff"), ErrorKind::Auth, false),
        (only(b"\x05\x02"), ErrorKind::Auth, false),
        (only(b"\x05\x09"), ErrorKind::Protocol, false),
        (
            only(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            ErrorKind::Protocol,
            false,
        ),
        (only(b""), ErrorKind::Closed, true),
        (only(b"\x05"), ErrorKind::Closed, true),
        (
            vec![hello(), (request.to_vec(), b"\x05\x00\x00".to_vec())],
            ErrorKind::Closed,
            true,
        ),
    ] {
        let shown = format!("{steps:?}");
        let error = connect("socks5h://", steps).await;
        assert_eq!(reported(&error), (kind, transient), "{shown}: {error}");
    }
    let login = b"\x01\x03tim\x08tanstaaf".to_vec();
    let steps = vec![
        (b"\x05\x02\x00\x02".to_vec(), b"\x05\x02".to_vec()),
        (login, b"\x01\x01".to_vec()),
    ];
    let error = connect("socks5h://tim@", steps).await;
    assert_eq!(reported(&error), (ErrorKind::Auth, false));
}

/// The greeting arrives with the proxy's answer, in one segment: it belongs to the tunnel.
#[tokio::test]
async fn tls_through_a_proxy_checks_the_name_of_the_server() {
    let http = |port: u16| {
        let request =
            format!("CONNECT mail.example:{port} HTTP/1.1\r\nHost: mail.example:{port}\r\n\r\n");
        vec![(
            request.into_bytes(),
            b"HTTP/1.1 200 ok\r\nX: y\r\n\r\n".to_vec(),
        )]
    };
    let socks = |port: u16| {
        let mut request = b"\x05\x01\x00\x03\x0cmail.example".to_vec();
        request.extend(port.to_be_bytes());
        let reply = vec![5, 0, 0, 3, 3, b'a', b'b', b'c', 0, 0];
        vec![
            (b"\x05\x01\x00".to_vec(), b"\x05\x00".to_vec()),
            (request, reply),
        ]
    };
    for (name, trusted) in [("mail.example", true), ("127.0.0.1", false)] {
        for scheme in ["http", "socks5h"] {
            let server = testing::TestServer::builder()
                .user("tim", "tanstaaftanstaaf")
                .host_names([name])
                .start()
                .await
                .unwrap();
            let port = server.addr().port();
            let mut target = TcpStream::connect(server.addr()).await.unwrap();
            let mut greeting = vec![0; 29 + name.len() - 9];
            target.read_exact(&mut greeting).await.unwrap();
            let mut steps = if scheme == "http" {
                http(port)
            } else {
                socks(port)
            };
            steps.last_mut().unwrap().1.extend(greeting);
            let url = format!("{scheme}://127.0.0.1:{}", proxy(steps, Some(target)).await);
            let tls = TlsConfig::builder().ca_pem(server.ca_pem());
            let session = ServerConfig::builder("mail.example")
                .port(port)
                .route(Route::new().proxy(url.parse().unwrap()))
                .tls(tls.build().unwrap())
                .credentials(Credentials::new("tim", "tanstaaftanstaaf").unwrap())
                .build()
                .unwrap()
                .connect()
                .await;
            match session {
                Ok(session) => {
                    session.quit().await;
                    assert!(trusted, "{scheme}");
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Tls, "{scheme} {error}");
                    assert!(!trusted, "{scheme} {error}");
                }
            }
            server.shutdown().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_proxy_has_its_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["http", "socks5h"] {
        let url = format!("{scheme}://127.0.0.1:{port}");
        let route = Route::new().proxy(url.parse().unwrap());
        let mut timeouts = Timeouts::default();
        timeouts.proxy = std::time::Duration::from_secs(7);
        let host = "mail.example".parse().unwrap();
        let error = route.connect(&host, 587, &timeouts).await.unwrap_err();
        assert_eq!(reported(&error), (ErrorKind::Timeout, true));
        assert!(error.to_string().contains("within 7s"), "{error}");
    }
}

#[test]
fn a_user_without_a_password_fails_early() {
    let route = Route::new().proxy("http://tim@proxy:80".parse().unwrap());
    let server = ServerConfig::builder("mail.example").route(route);
    assert_eq!(server.build().unwrap_err().kind(), ErrorKind::Config);
}
