//! What an answer of an authorization server means, and what to do about it.

use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;
use oauth2::HttpResponse;
use oauth2::http::HeaderMap;

use super::error::{OAuthError, OAuthErrorKind as Kind, shown};
use super::hidden::Hidden;
use super::meaning::meaning;
use super::provider::Brand;

/// The most that a server may ask to wait.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// How far two clocks may be apart before it is worth a word.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_mins(3);

/// What was asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Code,
    Device,
    Refresh,
    Application,
    Assertion,
    Revocation,
}

/// What an answer says beside its content.
#[derive(Debug)]
pub(super) struct Answer {
    /// When its request began.
    asked: SystemTime,
    status: u16,
    is_json: bool,
    /// The title of a page, without the secrets of the call.
    title: Option<String>,
    retry_after: Option<Duration>,
    /// How far the clock of this machine is behind the server's, and whether it is behind.
    clock: Option<(Duration, bool)>,
}

impl Answer {
    pub(super) fn of(response: &HttpResponse, asked: SystemTime, hidden: &Hidden) -> Self {
        let body = String::from_utf8_lossy(response.body());
        let now = SystemTime::now();
        let date = text(response.headers(), "date").and_then(http_date);
        Self {
            asked,
            status: response.status().as_u16(),
            is_json: body.trim_start().starts_with('{'),
            title: title(&body).map(|title| hidden.masked(&title)),
            retry_after: retry_after(response.headers(), now),
            clock: date.and_then(|date| difference(now, date)),
        }
    }

    /// Whether another attempt later may succeed.
    fn passes(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    pub(super) fn asked(&self) -> SystemTime {
        self.asked
    }

    /// A sentence about the clock, if it is wrong.
    fn clock_note(&self) -> Option<String> {
        let (difference, is_behind) = self.clock?;
        let minutes = difference.as_secs() / 60;
        let direction = if is_behind { "behind" } else { "ahead of" };
        Some(format!(
            "the clock of this machine is {minutes} minutes {direction} the server's: set it"
        ))
    }
}

/// Why the server gave nothing: `code` is the error code of its JSON, if it had one.
pub(super) fn diagnose(
    flow: Flow,
    brand: Brand,
    server: &str,
    code: Option<(&str, Option<&str>)>,
    answer: &Answer,
) -> OAuthError {
    let status = answer.status;
    let passes = answer.passes();
    let Some((code, description)) = code else {
        return without_code(server, answer, passes);
    };
    let said = said(code, description);
    if passes || matches!(code, "temporarily_unavailable" | "server_error") {
        let message = format!("{server} cannot answer now: try again later ({said})");
        let error = OAuthError::new(Kind::Unavailable, message).with_code(code);
        let error = error.with_retry_after(answer.retry_after);
        return error.passing(format!("HTTP status {status}"));
    }
    let (kind, mut advice) = meaning(flow, brand, code, description.unwrap_or_default());
    if kind == Kind::Clock
        && let Some(note) = answer.clock_note()
    {
        return OAuthError::new(Kind::Clock, format!("{note} ({said})")).with_code(code);
    }
    if advice.is_empty() {
        advice = format!("{server} refused: ask who runs it");
    }
    OAuthError::new(kind, format!("{advice} ({said})")).with_code(code)
}

/// The error of an answer to another request, if the server cannot answer now.
pub(super) fn unavailable(server: &str, response: &HttpResponse) -> Option<OAuthError> {
    let answer = Answer::of(response, SystemTime::now(), &Hidden::default());
    answer.passes().then(|| without_code(server, &answer, true))
}

/// The error that a server puts into a redirect (RFC 6749 section 4.1.2.1).
pub(super) fn of_code(code: &str, description: Option<&str>) -> OAuthError {
    let description = description.filter(|description| !description.is_empty());
    let (kind, advice) = meaning(
        Flow::Code,
        Brand::Other,
        code,
        description.unwrap_or_default(),
    );
    let said = said(code, description);
    let advice = match advice.as_str() {
        "" => "the server refused the login",
        advice => advice,
    };
    let error = OAuthError::new(kind, format!("{advice} ({said})")).with_code(code);
    if matches!(code, "temporarily_unavailable" | "server_error") {
        return error.passing("the server cannot answer now");
    }
    error
}

fn said(code: &str, description: Option<&str>) -> String {
    let code = shown(code);
    description.map_or_else(
        || code.clone(),
        |description| format!("{code}: {}", shown(description)),
    )
}

/// What answered without an error code.
fn without_code(server: &str, answer: &Answer, passes: bool) -> OAuthError {
    let status = answer.status;
    let title = answer.title.as_deref().unwrap_or_default();
    let title = match shown(title).as_str() {
        "" => String::new(),
        title => format!(", \"{title}\""),
    };
    if passes {
        let message =
            format!("{server} cannot answer now (HTTP status {status}{title}): try again later");
        let error = OAuthError::new(Kind::Unavailable, message);
        let error = error.with_retry_after(answer.retry_after);
        return error.passing(format!("HTTP status {status}"));
    }
    let what = match status {
        300..400 => "answered with a redirect, which is not followed",
        _ if answer.is_json => "answered with JSON that is not of OAuth 2.0",
        200..300 => "answered with something else than JSON",
        _ => "is not an OAuth 2.0 endpoint",
    };
    let message = format!("{server} {what} (HTTP status {status}{title}): check the address");
    OAuthError::new(Kind::NotOAuth, message)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// RFC 9110 section 5.6.7.
fn http_date(text: &str) -> Option<SystemTime> {
    let date = rfc2822::parse(text).ok()?.timestamp();
    SystemTime::try_from(date).ok()
}

/// RFC 9110 section 10.2.3.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, "retry-after")?;
    let wait = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => http_date(value)?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn difference(here: SystemTime, there: SystemTime) -> Option<(Duration, bool)> {
    let (difference, is_behind) = match there.duration_since(here) {
        Ok(behind) => (behind, true),
        Err(ahead) => (ahead.duration(), false),
    };
    (difference > MAX_CLOCK_DIFFERENCE).then_some((difference, is_behind))
}

/// The title of an HTML page.
fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find('<')?;
    body.get(begin..end).map(unescaped)
}

/// The text of HTML: a page that repeats a request has written it so.
fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (escaped, plain)| {
        text.replace(escaped, plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: (&str, &str), body: &str) -> Answer {
        let response = oauth2::http::Response::builder().status(status);
        let response = response.header(header.0, header.1);
        Answer::of(
            &response.body(body.as_bytes().to_vec()).unwrap(),
            SystemTime::now(),
            &Hidden::default(),
        )
    }

    #[test]
    fn answers_that_are_not_of_oauth() {
        let html = "<html><head><TITLE>Sign\nin</TITLE></head>";
        for (status, body, kind, expected) in [
            (
                404,
                html,
                Kind::NotOAuth,
                "id.example is not an OAuth 2.0 endpoint (HTTP status 404, \"Sign in\"): check the address",
            ),
            (
                200,
                html,
                Kind::NotOAuth,
                "id.example answered with something else than JSON (HTTP status 200, \"Sign in\"): check the address",
            ),
            (
                302,
                "",
                Kind::NotOAuth,
                "id.example answered with a redirect, which is not followed (HTTP status 302): check the address",
            ),
            (
                200,
                "{}",
                Kind::NotOAuth,
                "id.example answered with JSON that is not of OAuth 2.0 (HTTP status 200): check the address",
            ),
            (
                503,
                html,
                Kind::Unavailable,
                "id.example cannot answer now (HTTP status 503, \"Sign in\"): try again later",
            ),
            (
                429,
                "",
                Kind::Unavailable,
                "id.example cannot answer now (HTTP status 429): try again later",
            ),
        ] {
            let answer = answer(status, ("Retry-After", "7"), body);
            let error = diagnose(Flow::Refresh, Brand::Other, "id.example", None, &answer);
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, expected));
            let later = kind == Kind::Unavailable;
            assert_eq!(error.is_transient(), later);
            assert_eq!(error.retry_after(), later.then_some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn a_wrong_clock_is_the_cause() {
        let answer = answer(400, ("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), "{}");
        let of_time = Some("Invalid JWT: check your iat and exp values");
        for (flow, description, expected, words) in [
            (
                Flow::Assertion,
                of_time,
                Kind::Clock,
                "minutes ahead of the server's: set it",
            ),
            (
                Flow::Assertion,
                None,
                Kind::LoginEnded,
                "the service account",
            ),
            (Flow::Refresh, None, Kind::LoginEnded, "log in again"),
            (Flow::Code, of_time, Kind::Expired, "begin the login again"),
        ] {
            let refused = Some(("invalid_grant", description));
            let error = diagnose(flow, Brand::Other, "id.example", refused, &answer);
            assert_eq!(error.kind(), expected, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
