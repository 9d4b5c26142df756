//! The page that the browser shows after the login.

use super::error::OAuthError;

/// What the user does then.
const END: &str = "You can close this page and go back to the program that opened it.";

/// The page and its HTTP header. The browser may not run or load anything for it.
pub(super) fn page(status: &str, sentence: &str) -> String {
    let sentence = escaped(sentence);
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Pilotfish</title></head>\
         <body><p>{sentence}</p></body></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn logged_in(user: &str) -> String {
    page("200 OK", &format!("You are logged in as {user}. {END}"))
}

pub(super) fn failed(error: &OAuthError) -> String {
    page("200 OK", &format!("The login failed: {error}. {END}"))
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_control() => html.push(' '),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_as_text() {
        let page = logged_in("<script>\"a\"&'b'\r\nX: y");
        assert!(
            page.contains("as &lt;script&gt;&quot;a&quot;&amp;&#39;b&#39;  X: y. You can close"),
            "{page}"
        );
    }
}
