//! HTTP/1.1 by hand: the test decides every octet that is sent.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Response {
    /// The first header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn set_cookies(&self) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .map(|(_, value)| value.as_str())
    }

    /// The target of a redirect.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
            .unwrap_or_else(|| panic!("no redirect but {} {}", self.status, self.body))
    }

    /// The value of the field `name`, hidden or not.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let tag = self
            .body
            .split("<input")
            .find(|tag| tag.contains(&format!("name=\"{name}\"")))?;
        let tag = tag.split_once('>')?.0;
        let value = tag.split_once("value=\"")?.1.split_once('"')?.0;
        Some(unescape(value))
    }

    /// Where the first form of the page posts to.
    pub(crate) fn form_action(&self) -> Option<String> {
        let tag = self.body.split_once("<form")?.1.split_once('>')?.0;
        Some(unescape(tag.split_once("action=\"")?.1.split_once('"')?.0))
    }
}

/// Undoes askama's escaping.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// Sends `octets` unchanged and reads the whole response; the server closes the connection.
pub(crate) fn send_raw(address: SocketAddr, octets: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // A server that refuses early may close before it has read everything.
    let _sent = stream.write_all(octets);
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer);
    parse_response(&answer)
}

pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut octets = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        octets.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        octets.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    octets.push_str("\r\n");
    octets.push_str(body);
    send_raw(address, octets.as_bytes())
}

fn parse_response(answer: &[u8]) -> Response {
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n");
    let Some(split) = split else {
        return Response {
            status: 0,
            headers: Vec::new(),
            body: String::new(),
            bytes: Vec::new(),
        };
    };
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let rest = &answer[split + 4..];
    let is_chunked = headers
        .iter()
        .any(|(n, v)| n.eq_ignore_ascii_case("transfer-encoding") && v == "chunked");
    let bytes = if is_chunked { dechunk(rest) } else { rest.to_vec() };
    Response {
        status,
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    out
}

/// `a=b&c=d`, as a form sends it.
pub(crate) fn form_body(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", percent_encode(name), percent_encode(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encodes everything but unreserved characters.
pub(crate) fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
