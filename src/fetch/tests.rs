//! Fetching under attack: canary servers that must not be connected to, servers that never finish.

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use super::*;

/// A server on loopback that responds to each connection with what `answer` writes.
struct LoopbackServer {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl LoopbackServer {
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let touched = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&touched);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let head = read_head(&mut stream);
                answer(&head, &mut stream);
                let _closed = stream.shutdown(Shutdown::Both);
            }
        });
        Self {
            port,
            connections: touched,
        }
    }

    fn responding(answer: &'static str) -> Self {
        Self::start(move |_head, stream| drop(stream.write_all(answer.as_bytes())))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/m", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Sleeps: a slow server cannot take the time as an argument.
fn sleep(time: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _timeout = never.recv_timeout(time);
}

fn fetcher(allowed: &[&str]) -> Fetcher {
    let allowed = allowed.iter().map(|net| net.parse().unwrap()).collect();
    Fetcher::new(allowed, std::env::temp_dir())
}

fn get(fetcher: &Fetcher, url: &str, max_bytes: u64, timeout: Duration) -> Result<Fetched, Error> {
    let url = MetadataUrl::parse(url).unwrap();
    let request = FetchRequest {
        url: &url,
        max_bytes,
        timeout,
        validators: CacheValidators::default(),
    };
    fetcher.fetch(&request, &mut |_length| {})
}

const LONG_TIMEOUT: Duration = Duration::from_secs(20);
const LOOPBACK: [&str; 1] = ["127.0.0.0/8"];

#[test]
fn no_spelling_of_a_private_address_is_connected_to() {
    let canary = LoopbackServer::responding("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let fetcher = fetcher(&[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let url = format!("https://{host}:{}/m", canary.port);
        match get(&fetcher, &url, 1000, LONG_TIMEOUT) {
            // A machine without IPv6 may not even know the address.
            Err(Error::ForbiddenAddress(_) | Error::UnknownHost(_)) => {}
            other => panic!("{url}: {other:?}"),
        }
    }
    let message = get(&fetcher, &canary.url(), 1000, LONG_TIMEOUT)
        .unwrap_err()
        .to_string();
    assert!(message.contains("metadata.allow_private_networks"), "{message}");
    assert_eq!(canary.connections(), 0);
}

#[test]
fn a_redirect_to_a_private_address_is_refused() {
    let canary = LoopbackServer::responding("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let port = canary.port;
    for (target, allowed) in [
        (format!("http://[::1]:{port}/"), "forbidden"),
        (format!("https://10.0.0.1:{port}/"), "forbidden"),
        (format!("https://[::ffff:169.254.169.254]:{port}/"), "forbidden"),
        (format!("http://10.0.0.1:{port}/"), "redirect"),
        ("file:///etc/passwd".to_owned(), "redirect"),
        (format!("gopher://127.0.0.1:{port}/x"), "redirect"),
        (format!("https://user@127.0.0.1:{port}/"), "redirect"),
    ] {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
        let server = LoopbackServer::start(move |_head, stream| drop(stream.write_all(answer.as_bytes())));
        let what = match get(&fetcher(&LOOPBACK), &server.url(), 1000, LONG_TIMEOUT) {
            Err(Error::ForbiddenAddress(_)) => "forbidden",
            Err(Error::Redirect(_)) => "redirect",
            other => panic!("{target}: {other:?}"),
        };
        assert_eq!(what, allowed, "{target}");
    }
    assert_eq!(canary.connections(), 0);
}

#[test]
fn three_redirects_are_followed_and_no_more() {
    for (redirects, followed) in [(3, true), (4, false)] {
        let server = LoopbackServer::start(move |head, stream| {
            let count: usize = head
                .split_once("/m")
                .and_then(|(_, rest)| rest.split(' ').next())
                .and_then(|rest| rest.parse().ok())
                .unwrap_or(0);
            let answer = if count < redirects {
                format!(
                    "HTTP/1.1 302 Found\r\nLocation: /m{}\r\nContent-Length: 0\r\n\r\n",
                    count + 1
                )
            } else {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned()
            };
            let _sent = stream.write_all(answer.as_bytes());
        });
        let done = get(&fetcher(&LOOPBACK), &server.url(), 1000, LONG_TIMEOUT);
        match done {
            Ok(Fetched::Document { .. }) => assert!(followed, "{redirects}"),
            Err(Error::TooManyRedirects) => assert!(!followed, "{redirects}"),
            other => panic!("{redirects}: {other:?}"),
        }
    }
}

#[test]
fn a_document_is_bounded_and_private() {
    let with_length = LoopbackServer::responding("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\nx");
    let endless = LoopbackServer::start(|_head, stream| {
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        let chunk = vec![b'x'; 64 * 1024];
        for _ in 0..400 {
            if stream.write_all(&chunk).is_err() {
                break;
            }
        }
    });
    for server in [&with_length, &endless] {
        let done = get(&fetcher(&LOOPBACK), &server.url(), 2 * 1024 * 1024, LONG_TIMEOUT);
        assert!(matches!(done, Err(Error::TooLarge(_))), "{done:?}");
    }
    let short = LoopbackServer::responding("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 2\r\n\r\nhi");
    match get(&fetcher(&LOOPBACK), &short.url(), 2, LONG_TIMEOUT) {
        Ok(Fetched::Document {
            mut document, etag, ..
        }) => {
            let mut text = String::new();
            document.file.read_to_string(&mut text).unwrap();
            assert_eq!(
                (text.as_str(), document.length, etag.as_deref()),
                ("hi", 2, Some("\"a\""))
            );
            let mode = document.file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_truncated_document_is_an_error() {
    let server = LoopbackServer::responding("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhi");
    let done = get(&fetcher(&LOOPBACK), &server.url(), 1000, LONG_TIMEOUT);
    assert!(
        matches!(done, Err(Error::Connection(_) | Error::Unreadable(_))),
        "{done:?}"
    );
}

#[test]
fn a_slow_server_times_out() {
    let silent = LoopbackServer::start(|_head, _stream| sleep(Duration::from_secs(5)));
    let dribbling = LoopbackServer::start(|_head, stream| {
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        for _ in 0..100 {
            sleep(Duration::from_millis(50));
            if stream.write_all(b"x").is_err() {
                break;
            }
        }
    });
    let endless_head = LoopbackServer::start(|_head, stream| {
        for _ in 0..100 {
            sleep(Duration::from_millis(50));
            if stream.write_all(b"H").is_err() {
                break;
            }
        }
    });
    for server in [&silent, &dribbling, &endless_head] {
        let began = Instant::now();
        let done = get(
            &fetcher(&LOOPBACK),
            &server.url(),
            1000,
            Duration::from_millis(400),
        );
        assert!(
            matches!(done, Err(Error::TimedOut | Error::Connection(_))),
            "{done:?}"
        );
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[test]
fn an_unmodified_document_is_not_sent_again() {
    let server = LoopbackServer::start(|head, stream| {
        let head = head.to_ascii_lowercase();
        let validators = head.contains("if-none-match: \"v1\"")
            && head.contains("if-modified-since: sat, 21 nov 2026 12:00:00 gmt")
            && head.contains("accept-encoding: identity");
        let answer: &[u8] = if validators {
            b"HTTP/1.1 304 Not Modified\r\n\r\n"
        } else {
            b"HTTP/1.1 500 Wrong\r\nContent-Length: 0\r\n\r\n"
        };
        let _sent = stream.write_all(answer);
    });
    let url = MetadataUrl::parse(&server.url()).unwrap();
    let validators = CacheValidators {
        etag: Some("\"v1\""),
        last_modified: Some("Sat, 21 Nov 2026 12:00:00 GMT"),
    };
    let request = FetchRequest {
        url: &url,
        max_bytes: 1000,
        timeout: LONG_TIMEOUT,
        validators,
    };
    let fetcher = fetcher(&LOOPBACK);
    let again = fetcher.fetch(&request, &mut |_| {});
    assert!(matches!(again, Ok(Fetched::NotModified)), "{again:?}");
    let failed = get(&fetcher, &server.url(), 1000, LONG_TIMEOUT);
    assert!(matches!(failed, Err(Error::Status(500))), "{failed:?}");
}

#[test]
fn an_unrequested_content_encoding_is_refused() {
    let server = LoopbackServer::responding(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
    );
    let done = get(&fetcher(&LOOPBACK), &server.url(), 1000, LONG_TIMEOUT);
    assert!(matches!(done, Err(Error::UnexpectedContentEncoding)), "{done:?}");
}

#[test]
fn a_running_fetch_can_be_stopped() {
    let server = LoopbackServer::start(|_head, _stream| sleep(Duration::from_secs(10)));
    let fetcher = fetcher(&LOOPBACK);
    let (url, other) = (server.url(), fetcher.clone());
    let began = Instant::now();
    let waiting = thread::spawn(move || get(&other, &url, 1000, LONG_TIMEOUT).is_err());
    while server.connections() == 0 {
        sleep(Duration::from_millis(10));
    }
    fetcher.stop();
    assert!(waiting.join().unwrap(), "it ended without an error");
    let later = get(&fetcher, &server.url(), 1000, LONG_TIMEOUT);
    assert!(matches!(later, Err(Error::Stopped)), "{later:?}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}
