//! What goes wrong on purpose.

use super::super::{EndpointFault, GrantType};
use super::*;

/// Logs Ada in, orders a fault, refreshes, and returns the answer.
async fn refreshed_with(server: &AuthorizationServer, fault: EndpointFault) -> (String, Answer) {
    let tokens = logged_in(server).await;
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    server.fault(Endpoint::Token, fault);
    let answer = token(server, &for_refresh(&refresh)).await;
    (refresh, answer)
}

#[tokio::test]
async fn some_faults_leave_the_request_without_effect() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    let error = EndpointFault::Error {
        status: 403,
        code: "invalid_client".into(),
        description: "Not today.".into(),
    };
    let (status, retry_after) = (429, Some(30));
    let status = EndpointFault::Status {
        status,
        retry_after,
    };
    let page = EndpointFault::HtmlPage { status: 502 };
    let redirect = EndpointFault::Redirect("https://there.example/".into());
    for (fault, status, head, body) in [
        (
            error,
            403,
            "\r\nContent-Type: application/json",
            r#"{"error":"invalid_client","error_description":"Not today."}"#,
        ),
        (status, 429, "\r\nRetry-After: 30", ""),
        (page, 502, "\r\nContent-Type: text/html", "<!DOCTYPE html>"),
        (redirect, 302, "\r\nLocation: https://there.example/", ""),
    ] {
        let (refresh, answer) = refreshed_with(&server, fault).await;
        assert_eq!(answer.status, status);
        assert!(answer.head.contains(head), "{}", answer.head);
        assert!(answer.body.starts_with(body), "{}", answer.body);
        // The fault is over, and the token has not been used.
        assert_eq!(token(&server, &for_refresh(&refresh)).await.status, 200);
    }
    assert_eq!(server.token_requests(GrantType::RefreshToken), 4);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn other_faults_spoil_the_answer_to_a_request_that_has_had_its_effect() {
    let server = builder().rotate_refresh_tokens().start().await.unwrap();
    for fault in [
        EndpointFault::ContentType("text/plain".into()),
        EndpointFault::MalformedJson,
        EndpointFault::Slow(Duration::ZERO),
        EndpointFault::Cut,
    ] {
        let (refresh, answer) = refreshed_with(&server, fault.clone()).await;
        assert_eq!(answer.status, 200);
        let length: usize = answer.field("Content-Length").unwrap().parse().unwrap();
        let is_json = serde_json::from_str::<Value>(&answer.body).is_ok();
        match fault {
            EndpointFault::ContentType(content_type) => {
                assert_eq!(answer.field("Content-Type"), Some(&content_type[..]));
                assert!(is_json);
            }
            EndpointFault::MalformedJson => assert!(!is_json && answer.body.len() == length),
            EndpointFault::Cut => assert_eq!(answer.body.len(), length / 2),
            _ => assert!(is_json),
        }
        assert_eq!(token(&server, &for_refresh(&refresh)).await.status, 400);
    }
}

#[tokio::test]
async fn a_silent_server_keeps_the_connection_and_an_endless_answer_goes_on() {
    let server = server().await;
    server.fault(Endpoint::Jwks, EndpointFault::Silence);
    server.fault(Endpoint::Jwks, EndpointFault::Endless);
    let request = "GET /jwks HTTP/1.1\r\nHost: a\r\n\r\n";
    let connect = async || {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut silent = connect().await;
    while server.requests(Endpoint::Jwks) == 0 {
        tokio::task::yield_now().await;
    }
    let mut endless = connect().await;
    let mut octets = vec![0; 1024 * 1024];
    let read = endless.read_exact(&mut octets);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    assert!(octets.ends_with(b"aaaa"));
    // The end of the server ends both.
    server.shutdown().await.unwrap();
    let read = silent.read(&mut octets);
    assert!(matches!(
        timeout(PATIENCE, read).await.unwrap(),
        Ok(0) | Err(_)
    ));
}

#[tokio::test]
async fn redirects_to_the_client_go_wrong() {
    let server = builder().consent_at_once().start().await.unwrap();
    let error = EndpointFault::Error {
        status: 400,
        code: "temporarily_unavailable".into(),
        description: String::new(),
    };
    server.fault(Endpoint::Authorization, EndpointFault::WrongState);
    server.fault(Endpoint::Authorization, error);
    let elsewhere = EndpointFault::WrongRedirect("http://127.0.0.1:1/".into());
    server.fault_always(Endpoint::Authorization, elsewhere);
    let url = login(&server, &[]);

    let answer = get(&server, &url).await;
    let (address, query) = answer.redirect();
    assert_eq!(
        (address, query.text("state")),
        (REDIRECT, "state-of-another-login")
    );
    assert!(query.get("code").is_some());
    let answer = get(&server, &url).await;
    let (address, query) = answer.redirect();
    assert_eq!(
        (address, query.text("error")),
        (REDIRECT, "temporarily_unavailable")
    );
    assert_eq!(query.text("state"), "a state & more");
    for _ in 0..2 {
        let answer = get(&server, &url).await;
        let (address, query) = answer.redirect();
        assert_eq!((address, query.is_empty()), ("http://127.0.0.1:1/", true));
    }
}

#[tokio::test]
async fn a_fault_of_the_redirect_waits_until_the_button_is_pressed() {
    let server = server().await;
    server.fault(Endpoint::Authorization, EndpointFault::WrongState);
    let redirect = client_page("Seen.").await;
    let url = login(&server, &[("redirect_uri", &redirect)]);
    let page = server.log_in(&url, "ada@here.example").await.unwrap();
    assert!(
        page.url.ends_with("&state=state-of-another-login"),
        "{}",
        page.url
    );
}

#[tokio::test]
async fn the_clock_is_that_of_dates_and_tokens() {
    let day = 86_400;
    let server = builder().clock_ahead(-day).start().await.unwrap();
    let now = jiff::Timestamp::now().as_second();
    let code = code(&server, &[], "ada@here.example").await;
    let answer = token(&server, &for_code(&code)).await;
    let issued = claims(&answer.json()["access_token"])["iat"]
        .as_i64()
        .unwrap();
    assert!((now - day..=jiff::Timestamp::now().as_second() - day).contains(&issued));
    let date = answer.field("Date").unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    assert!((issued..issued + 60).contains(&date.as_second()), "{date}");
}

#[tokio::test]
async fn one_connection_carries_several_requests_and_none_that_is_no_http() {
    let server = server().await;
    let first = "GET /jwks HTTP/1.1\r\nHost: a\r\n\r\n";
    let answers = exchange(&server, &format!("{first}{first}nonsense\r\n\r\n")).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert_eq!(
        answers.matches("HTTP/1.1 400 Bad Request").count(),
        1,
        "{answers}"
    );
    let long = "a".repeat(64 * 1024);
    let answer = exchange(
        &server,
        &format!("GET / HTTP/1.1\r\nA: {}", &long[..33_000]),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(server.requests(Endpoint::Jwks), 2);
}
