//! HTTP/1.1 requests (RFC 9112), as far as an authorization server needs them.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::form::Form;

/// The most octets of a request's line and fields.
const HEAD: usize = 32 * 1024;

/// The most octets of a request's body.
const BODY: usize = 64 * 1024;

/// The most fields of a request.
const FIELDS: usize = 64;

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Form,
    /// The field `Authorization`.
    pub(super) authorization: Option<String>,
    /// Whether the body is a form, as its content type says.
    pub(super) is_form: bool,
    pub(super) form: Form,
    /// Whether the client closes the connection after the answer.
    pub(super) closes: bool,
}

/// The next request. `None` if the client has closed the connection.
///
/// [`InvalidData`](io::ErrorKind::InvalidData) for what is not a request, or is too long.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
) -> io::Result<Option<Request>> {
    loop {
        if let Some((head, length, mut request)) = parse(input)? {
            let end = head + length;
            while input.len() < end {
                if stream.read_buf(input).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let octets = input.split_to(end);
            let body = octets.get(head..).unwrap_or_default();
            request.form = Form::parse(&String::from_utf8_lossy(body));
            return Ok(Some(request));
        }
        if input.len() > HEAD {
            return Err(invalid("the fields of a request are too long"));
        }
        if stream.read_buf(input).await? == 0 {
            let whole = input.is_empty();
            return whole
                .then_some(None)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A request without its form, and the sizes of its head and its body. `None` if the head is not complete.
fn parse(octets: &[u8]) -> io::Result<Option<(usize, usize, Request)>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let head = match parsed.parse(octets) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    };
    let field = |name: &str| {
        let mut fields = parsed.headers.iter();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(field.value).trim().to_owned())
    };
    if field("Transfer-Encoding").is_some() {
        return Err(invalid("a request without a length"));
    }
    let length = field("Content-Length").map_or(Ok(0), |length| length.parse());
    let length = length.map_err(|_| invalid("a length that is not a number"))?;
    if length > BODY {
        return Err(invalid("the body of a request is too long"));
    }
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let media_type = field("Content-Type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: Form::parse(query),
        authorization: field("Authorization"),
        is_form: media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded"),
        form: Form::default(),
        closes: parsed.version == Some(0)
            || field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
    };
    Ok(Some((head, length, request)))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
