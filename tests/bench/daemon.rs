//! The real binary, started as an administrator starts it, and a browser that sends SSO requests over and over.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use hallpass::{
    model::secret::Secret,
    saml::{
        binding::redirect::{deflate_base64, percent_encode},
        urn::{ASSERTION, PROTOCOL},
    },
    store::Store,
};
use tempfile::TempDir;

use crate::scale;

const BINARY: &str = env!("CARGO_BIN_EXE_hallpass");
const EMAIL: &str = "mira@fernweh.example";
const PASSWORD: &str = "correct horse battery";

/// A data directory, a port and a database that outlive one daemon.
pub(crate) struct Deployment {
    dir: TempDir,
    address: SocketAddr,
    database: Option<String>,
    options: DeploymentOptions,
    binary: String,
}

/// How the deployment differs from the default.
#[derive(Clone, Copy, Default)]
pub(crate) struct DeploymentOptions {
    /// Only the assertion is signed.
    pub(crate) one_signature: bool,
    /// How many service providers are registered besides the one that is measured.
    pub(crate) other_applications: u32,
}

impl Deployment {
    pub(crate) fn new(postgres: Option<&str>, setting: DeploymentOptions) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let database = postgres.map(|url| {
            let schema = format!("bench{}", Utc::now().timestamp_micros());
            let made = Command::new("psql")
                .args([url, "-qc", &format!("CREATE SCHEMA {schema}")])
                .status()
                .unwrap();
            assert!(made.success(), "psql could not make a schema");
            format!("{url}?options=-csearch_path%3D{schema}")
        });
        Self {
            dir,
            address,
            database,
            options: setting,
            binary: BINARY.to_owned(),
        }
    }

    /// Uses another binary from now on.
    pub(crate) fn use_binary(&mut self, binary: &str) {
        binary.clone_into(&mut self.binary);
    }

    /// Registers the other service providers in one transaction.
    fn add_other_applications(&self) {
        self.store()
            .write_config(|tx| {
                for number in 0..self.options.other_applications {
                    assert!(
                        tx.add_application(&scale::numbered_application(number))?,
                        "{number}"
                    );
                }
                Ok(())
            })
            .unwrap();
    }

    /// The daemon's database, opened from this process.
    pub(crate) fn store(&self) -> Store {
        Store::connect(&Secret::new(self.database_url()), 1).unwrap()
    }

    pub(crate) fn database_url(&self) -> String {
        let file = self.dir.path().join("data/hallpass.db");
        self.database
            .clone()
            .unwrap_or(format!("sqlite:{}", file.display()))
    }

    /// A command of an administrator.
    pub(crate) fn command_with(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&[]);
        command.args(arguments);
        command
    }

    fn command(&self, wrapper: &[String]) -> Command {
        let mut arguments = wrapper.iter().map(String::as_str).chain([self.binary.as_str()]);
        let mut command = Command::new(arguments.next().unwrap());
        command.args(arguments);
        let data = self.dir.path().join("data");
        command
            .env("HALLPASS_BASE_URL", format!("http://{}", self.address))
            .env("HALLPASS_LISTEN", self.address.to_string())
            .env("HALLPASS_DATA_DIR", &data)
            .stderr(Stdio::null());
        if let Some(url) = &self.database {
            command.env("HALLPASS_DATABASE_URL", url);
        }
        command
    }

    /// Runs a command as an administrator.
    fn run(&self, arguments: &[&str], input: &str) {
        let mut child = self
            .command(&[])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}");
    }
}

/// A running daemon, stopped when dropped.
pub(crate) struct Daemon<'p> {
    child: Child,
    deployment: &'p Deployment,
    started_at: Instant,
    ready_after: Duration,
}

impl<'p> Daemon<'p> {
    pub(crate) fn start(deployment: &'p Deployment) -> Self {
        Self::start_under(deployment, &[])
    }

    /// Starts it under another program, such as valgrind.
    pub(crate) fn start_under(deployment: &'p Deployment, wrapper: &[String]) -> Self {
        let is_new = !deployment.dir.path().join("ready").exists();
        let began = Instant::now();
        let child = deployment.command(wrapper).arg("serve").spawn().unwrap();
        let mut daemon = Self {
            child,
            deployment,
            started_at: began,
            ready_after: Duration::ZERO,
        };
        daemon.wait_until_ready();
        daemon.ready_after = began.elapsed();
        if is_new {
            let add = [
                "user",
                "add",
                EMAIL,
                "--given-name",
                "Mira",
                "--family-name",
                "Castellane",
                "--password-stdin",
            ];
            deployment.run(&add, PASSWORD);
            let acs = "https://external.auth.openai.com/sso/saml/acs/ATZB94xJKf9FsbARIruJxTv5f";
            deployment.run(
                &[
                    "app",
                    "add",
                    "chatgpt",
                    "--acs",
                    acs,
                    "--audience",
                    "ATZB94xJKf9FsbARIruJxTv5f",
                ],
                "",
            );
            // As most companies have it: open to a group, which is read with the session.
            deployment.run(&["group", "add-member", "chatgpt-users", EMAIL], "");
            if deployment.options.one_signature {
                deployment.run(&["app", "edit", "chatgpt", "--sign", "assertion"], "");
            }
            deployment.add_other_applications();
            fs::write(deployment.dir.path().join("ready"), "").unwrap();
        }
        daemon
    }

    /// Waits until it is ready: it listens before it has its database.
    fn wait_until_ready(&self) {
        while !self.is_ready() {
            thread::sleep(Duration::from_millis(1));
            assert!(
                self.started_at.elapsed() < Duration::from_mins(2),
                "the daemon does not answer"
            );
        }
    }

    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.deployment.address) else {
            return false;
        };
        let ask = b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut answer = String::new();
        stream
            .write_all(ask)
            .and_then(|()| stream.read_to_string(&mut answer))
            .is_ok_and(|_| answer.starts_with("HTTP/1.1 200"))
    }

    /// A browser in which the user is signed in.
    pub(crate) fn signed_in_client(&self) -> Client {
        Client::signed_in(self.deployment.address)
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn anonymous_client(&self) -> Client {
        Client::new(self.deployment.address)
    }

    /// Milliseconds from the start of the process until it was ready.
    pub(crate) fn milliseconds_until_ready(&self) -> f64 {
        self.ready_after.as_secs_f64() * 1000.0
    }

    /// Milliseconds from the start of the process until a user who signs in by password arrives at the application.
    pub(crate) fn first_sign_in_milliseconds(&self) -> f64 {
        self.signed_in_client().sso_many(1);
        self.started_at.elapsed().as_secs_f64() * 1000.0
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu_nanoseconds(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of_task = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            text.split(' ')
                .next()
                .and_then(|number| number.parse::<u64>().ok())
                .unwrap_or_default()
        };
        tasks.map(|task| of_task(task.unwrap())).sum()
    }

    pub(crate) fn resident_megabytes(&self) -> f64 {
        self.megabytes("VmRSS:")
    }

    /// Peak resident memory since the start.
    pub(crate) fn highest_megabytes(&self) -> f64 {
        self.megabytes("VmHWM:")
    }

    fn megabytes(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// Stops it as a supervisor does, and waits.
    pub(crate) fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let _sent = Command::new("kill").args(["-TERM", &pid]).status();
        let _ended = self.child.wait();
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// For the size of the binary.
pub(crate) fn binary_path() -> PathBuf {
    PathBuf::from(BINARY)
}

/// A browser on one persistent connection.
pub(crate) struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    cookies: Vec<(String, String)>,
    sent: u64,
}

struct HttpResponse {
    status: u16,
    location: String,
    body: String,
}

fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    BufReader::new(stream)
}

impl Client {
    /// Goes on over a new connection: the daemon closes one that was idle while another daemon was measured.
    pub(crate) fn reconnect(&mut self) {
        self.stream = connect(self.address);
    }

    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: connect(address),
            cookies: Vec::new(),
            // No two browsers send the same request.
            sent: u64::try_from(Utc::now().timestamp_micros())
                .unwrap()
                .wrapping_mul(1_000_000),
        }
    }

    fn signed_in(address: SocketAddr) -> Self {
        let mut client = Self::new(address);
        client.sign_in();
        client
    }

    /// The user signs in by password.
    pub(crate) fn sign_in(&mut self) {
        let csrf = self.open_sign_in();
        assert!(self.submit_sign_in(&csrf), "it is busy");
    }

    /// Loads the page for a sign-in; returns the token of its form.
    pub(crate) fn open_sign_in(&mut self) -> String {
        self.csrf_of("/login")
    }

    /// Sends the form; `false` if too many others sign in.
    pub(crate) fn submit_sign_in(&mut self, csrf: &str) -> bool {
        let form = format!(
            "csrf={csrf}&email={}&password={}",
            EMAIL.replace('@', "%40"),
            PASSWORD.replace(' ', "+")
        );
        let done = self.exchange("POST", "/login", &form);
        if done.status == 503 {
            return false;
        }
        assert_eq!((done.status, done.location.as_str()), (303, "/"), "{}", done.body);
        true
    }

    /// The user signs out on our own page.
    pub(crate) fn sign_out(&mut self) {
        let csrf = self.csrf_of("/logout");
        let done = self.exchange("POST", "/logout", &format!("csrf={csrf}"));
        assert!(done.status == 200 || done.status == 303, "{}", done.body);
        self.cookies.clear();
    }

    /// Sends the AuthnRequest of an application that is not registered.
    pub(crate) fn be_refused(&mut self) {
        self.sent += 1;
        let target = sso_url(self.sent, "urn:nobody");
        let answer = self.exchange("GET", &target, "");
        assert_eq!(answer.status, 400, "{}", answer.body);
    }

    fn csrf_of(&mut self, target: &str) -> String {
        let page = self.exchange("GET", target, "");
        let after = page.body.split("name=\"csrf\" value=\"").nth(1);
        assert!(after.is_some(), "{target}: {} {}", page.status, page.body);
        after.unwrap().split('"').next().unwrap().to_owned()
    }

    /// Sends `count` SSO requests, each with an ID of its own, one after the other.
    pub(crate) fn sso_many(&mut self, count: usize) {
        for _one in 0..count {
            self.send_sso_request();
            self.read_sso_response();
        }
    }

    pub(crate) fn fetch_metadata(&mut self) {
        let answer = self.exchange("GET", "/saml/metadata", "");
        assert!(
            answer.status == 200 && answer.body.contains("EntityDescriptor"),
            "{} {}",
            answer.status,
            answer.body
        );
    }

    /// The body of a page.
    pub(crate) fn get(&mut self, target: &str) -> String {
        let answer = self.exchange("GET", target, "");
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body
    }

    pub(crate) fn send_sso_request(&mut self) {
        self.sent += 1;
        let target = sso_url(self.sent, CHATGPT);
        self.send("GET", &target, "");
    }

    pub(crate) fn read_sso_response(&mut self) {
        let answer = self.read_response();
        assert!(
            answer.status == 200 && answer.body.contains("SAMLResponse"),
            "{}",
            answer.body
        );
    }

    /// Sends an SSO request from a new browser in which nobody is signed in, up to the page where the user would type.
    pub(crate) fn begin_pending_sign_in(&mut self) {
        self.cookies.clear();
        self.send_sso_request();
        let answer = self.read_response();
        assert_eq!(answer.status, 303, "{}", answer.body);
        let form = self.exchange("GET", &answer.location, "");
        assert!(
            form.status == 200 && form.body.contains("name=\"password\""),
            "{}",
            form.body
        );
    }

    fn exchange(&mut self, method: &str, target: &str, form: &str) -> HttpResponse {
        self.send(method, target, form);
        self.read_response()
    }

    fn send(&mut self, method: &str, target: &str, form: &str) {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: text/html,application/xhtml+xml\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            cookies.join("; "),
            form.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
    }

    fn read_response(&mut self) -> HttpResponse {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let (mut length, mut location) = (0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "location" => value.clone_into(&mut location),
                "set-cookie" => {
                    let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        HttpResponse {
            status,
            location,
            body: String::from_utf8(body).unwrap(),
        }
    }
}

const CHATGPT: &str = "ATZB94xJKf9FsbARIruJxTv5f";

/// An AuthnRequest as Auth0 sends it.
fn sso_url(number: u64, issuer: &str) -> String {
    let now = Utc::now();
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"_{number:040x}\" IssueInstant=\"{}\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">{issuer}</saml:Issuer></samlp:AuthnRequest>",
        now.format("%Y-%m-%dT%H:%M:%SZ")
    );
    format!(
        "/saml/sso?SAMLRequest={}&RelayState=R{number}",
        percent_encode(&deflate_base64(&xml))
    )
}
