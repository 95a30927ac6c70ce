//! The reverse proxies of docs/configuration.md, as documented: each is started with the documented configuration,
//! between a browser that speaks TLS and a running Hallpass.

use std::{
    env, fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::support::{
    browser::Browser,
    sql,
    sso_setup::ADA,
    test_server::{Database, PASSWORD, TestServer},
    test_sp::{TestSp, posted_response},
};

const HOST: &str = "login.example.com";
const ORIGIN: &str = "https://login.example.com";
/// The client that the proxy sees; the proxy connects to Hallpass from 127.0.0.1.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

#[test]
fn the_documented_nginx_configuration_works() {
    let Some(nginx) = proxy_binary("HALLPASS_TEST_NGINX") else {
        return;
    };
    sign_in_through_proxy(|dir, from, to| {
        let snippet = documented_snippet("```nginx\n");
        let server = replace_all(
            &snippet,
            &[
                ("listen 443 ssl;", &format!("listen {from} ssl;")),
                (
                    "/etc/ssl/login.example.com.pem",
                    &path_text(dir, "certificate.pem"),
                ),
                ("/etc/ssl/login.example.com.key", &path_text(dir, "key.pem")),
                ("http://127.0.0.1:8080", &format!("http://{to}")),
            ],
        );
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {};\n", path_text(dir, what)))
            .concat();
        let file = dir.join("nginx.conf");
        fs::write(
            &file,
            format!(
                "daemon off;\nmaster_process off;\npid {};\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n",
                path_text(dir, "pid")
            ),
        )
        .unwrap();
        let mut command = Command::new(&nginx);
        command.args(["-e", "stderr", "-p"]).arg(dir).arg("-c").arg(file);
        command
    });
}

#[test]
fn the_documented_caddy_configuration_works() {
    let Some(caddy) = proxy_binary("HALLPASS_TEST_CADDY") else {
        return;
    };
    sign_in_through_proxy(|dir, from, to| {
        let snippet = documented_snippet("Caddy:\n\n```\n");
        let site = replace_all(
            &snippet,
            &[
                (
                    "login.example.com {\n",
                    &format!(
                        "{ORIGIN}:{} {{\n\tbind {}\n\ttls {} {}\n",
                        from.port(),
                        from.ip(),
                        path_text(dir, "certificate.pem"),
                        path_text(dir, "key.pem")
                    ),
                ),
                ("127.0.0.1:8080", &to.to_string()),
            ],
        );
        let file = dir.join("Caddyfile");
        fs::write(&file, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{site}")).unwrap();
        let mut command = Command::new(&caddy);
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .env("HOME", dir)
            .env("XDG_DATA_HOME", dir)
            .env("XDG_CONFIG_HOME", dir);
        command
    });
}

/// Signs a user in through a proxy. `proxy` makes its command from a directory, the address at which it listens, and
/// Hallpass's.
fn sign_in_through_proxy(proxy: impl FnOnce(&Path, SocketAddr, SocketAddr) -> Command) {
    let test_server = TestServer::start(
        &Database::Sqlite,
        &[
            ("HALLPASS_BASE_URL", ORIGIN),
            ("HALLPASS_TRUSTED_PROXIES", "127.0.0.1"),
        ],
    );
    test_server.add_user(ADA, "Ada", "Lovelace");
    let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs");
    test_server.add_application("Wiki", &sp.entity_id, &sp.acs, |_| {});
    let dir = tempfile::tempdir().unwrap();
    let certificate = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        ])
        .arg(format!("/CN={HOST}"))
        .args(["-addext", &format!("subjectAltName=DNS:{HOST}"), "-keyout"])
        .arg(dir.path().join("key.pem"))
        .arg("-out")
        .arg(dir.path().join("certificate.pem"))
        .output()
        .unwrap();
    assert!(certificate.status.success(), "{certificate:?}");
    let from = free_address();
    let _running = ProxyProcess::start(proxy(dir.path(), from, test_server.address), from);
    let mut browser = Browser::new(tls_terminator(from), ORIGIN);

    // What an application may send along is returned to it; it makes a long URL, and a long header of the response.
    let relay_state = "x".repeat(4000);
    let request = sp.authn_request("_r1", Utc::now(), "", "");
    let address = format!(
        "/saml/sso?{}",
        sp.redirect_query(&request, Some(&relay_state), false)
    );
    let waiting = browser.get(&address);
    assert_eq!(waiting.status, 303, "{}", waiting.body);
    assert!(waiting.location().len() > 4096, "{}", waiting.location());
    let form = browser.get(waiting.location());
    assert!(form.body.contains("Sign in to"), "{} {}", form.status, form.body);
    // The longest URL that is answered.
    let long = format!("/saml/sso?SAMLRequest={}", "A".repeat(15_000));
    let refused = browser.get(&long);
    assert!(
        refused.status == 400 && refused.body.contains("REQUEST-MALFORMED"),
        "{} {}",
        refused.status,
        refused.body
    );

    let wrong = browser.submit_password(&form, ADA, "something else");
    assert!(wrong.body.contains("do not belong together"), "{}", wrong.body);
    let seen = format!(
        "SELECT count(*) AS n FROM audit_events WHERE outcome = 'LOGIN-WRONG' AND address = '{CLIENT}'"
    );
    assert_eq!(
        sql::number(&test_server.settings, &seen),
        1,
        "the client's own address"
    );
    let signed_in = browser.sign_in(&form, ADA, PASSWORD);
    assert_eq!(posted_response(&signed_in).1, sp.acs);
    assert_eq!(
        signed_in.field("RelayState").as_deref(),
        Some(relay_state.as_str())
    );
    // The largest form that is read: Hallpass answers it, not the proxy.
    let large = format!("SAMLRequest={}", "A".repeat(250_000));
    let answer = browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &large);
    assert!(
        answer.body.contains("REQUEST-"),
        "{} {}",
        answer.status,
        answer.body
    );
}

/// The program that the test command names; without it the test prints that it was skipped.
fn proxy_binary(variable: &str) -> Option<PathBuf> {
    let found = env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        assert!(
            env::var_os("CI").is_none(),
            "{variable} is not set: this proxy was not tried"
        );
        eprintln!("skipped: {variable} names no program");
    }
    found
}

/// The block of docs/configuration.md that begins after `begin`.
fn documented_snippet(begin: &str) -> String {
    let page = fs::read_to_string("docs/configuration.md").unwrap();
    let (_, from) = page.split_once(begin).unwrap();
    from.split_once("```").unwrap().0.to_owned()
}

/// `text` with each pair replaced; panics where it does not contain what is to be replaced.
fn replace_all(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (what, with)| {
        assert!(text.contains(what), "{what}: {text}");
        text.replace(what, with)
    })
}

fn path_text(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A proxy, killed when the test ends.
struct ProxyProcess(Child);

impl ProxyProcess {
    fn start(mut command: Command, at: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut running = Self(child);
        let began = Instant::now();
        while TcpStream::connect(at).is_err() {
            let ended = running.0.try_wait().unwrap();
            assert!(ended.is_none(), "it ended with {ended:?}");
            assert!(began.elapsed() < Duration::from_secs(30), "it does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        running
    }
}

impl Drop for ProxyProcess {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// An address that takes each request without TLS, and sends it on over TLS from [`CLIENT`].
fn tls_terminator(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the process.
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let request = read_request(&mut client);
            let _sent = client.write_all(&send_over_tls(to, &request));
        }
    });
    address
}

fn send_over_tls(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let SocketAddr::V4(to) = to else { panic!("{to}") };
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&stream, &SocketAddrV4::new(CLIENT, 0)).unwrap();
    connect(&stream, &to).unwrap();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    let mut tls = connector.build().connect(HOST, TcpStream::from(stream)).unwrap();
    tls.write_all(request).unwrap();
    let mut answer = Vec::new();
    // A proxy may close without a TLS shutdown.
    let _read = tls.read_to_end(&mut answer);
    answer
}

fn read_request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 16_384];
    loop {
        let count = client.read(&mut piece).unwrap();
        request.extend_from_slice(&piece[..count]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
            assert!(count > 0, "the head was cut");
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        if count == 0 || request.len() >= end + 4 + length {
            return request;
        }
    }
}
