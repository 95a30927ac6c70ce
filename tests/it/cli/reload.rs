//! `hallpass serve` under a service manager: what it tells systemd, and settings that are read again.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::PathBuf,
    process::{ChildStderr, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    cli::{Cli, daemon::Daemon},
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        tcp_proxy::TcpProxy,
        test_server::{self, Database, on_each_database},
    },
};

/// The socket of a service manager, and the directory that it is in.
struct ServiceManager {
    socket: UnixDatagram,
    dir: TempDir,
}

impl ServiceManager {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        // Only a daemon that never sends it lets the test wait this long.
        socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        Self { socket, dir }
    }

    /// For a daemon that it watches.
    fn cli(&self, database: &Database) -> Cli {
        Cli::new(&self.dir.path().join("data"), database).with_env(&[
            ("HALLPASS_LISTEN", "127.0.0.1:0"),
            (
                "NOTIFY_SOCKET",
                &self.dir.path().join("notify").display().to_string(),
            ),
            ("WATCHDOG_USEC", "400000"),
        ])
    }

    /// What has arrived since, without the signs of life.
    fn rest(&self) -> Vec<String> {
        self.socket.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4096];
        let mut messages = Vec::new();
        while let Ok(length) = self.socket.recv(&mut bytes) {
            messages.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
        }
        messages.retain(|message| message.trim() != "WATCHDOG=1");
        messages
    }

    /// Waits for a message that has `line`, and returns it.
    fn wait_for(&self, line: &str) -> String {
        self.messages_until(line).pop().unwrap_or_default()
    }

    /// The messages up to one that has `line`.
    fn messages_until(&self, line: &str) -> Vec<String> {
        let (mut bytes, mut messages) = ([0; 4096], Vec::new());
        loop {
            let length = self
                .socket
                .recv(&mut bytes)
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            let message = String::from_utf8(bytes[..length].to_vec()).unwrap();
            let is_last = message.lines().any(|candidate| candidate == line);
            messages.push(message);
            if is_last {
                return messages;
            }
        }
    }
}

#[test]
fn systemd_is_told_of_the_start_of_a_reload_of_live_workers_and_of_the_stop() {
    let manager = ServiceManager::start();
    let cli = manager.cli(&Database::Sqlite);
    let (mut daemon, _log, address) = Daemon::start_with_piped_log(&cli);
    let started = manager.wait_for("READY=1");
    assert_contains(&started, &format!("STATUS=listens on http://{address}"));
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    daemon.signal("HUP");
    assert_contains(&manager.wait_for("RELOADING=1"), "MONOTONIC_USEC=");
    manager.wait_for("READY=1");
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn systemd_is_told_of_life_also_while_the_database_is_away() {
    let manager = ServiceManager::start();
    let away = Database::Postgres("postgres://nobody@127.0.0.1:1/nothing".to_owned());
    let cli = manager.cli(&away);
    let mut serve = cli.command(&["serve"]);
    let mut daemon = Daemon(serve.stderr(Stdio::null()).spawn().unwrap());
    assert_contains(&manager.wait_for("READY=1"), "STATUS=waits for the database");
    manager.wait_for("WATCHDOG=1");
    daemon.signal("TERM");
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_database_that_comes_late_is_no_stop() {
    let Some(Database::Postgres(url)) = test_server::fresh_postgres() else {
        assert!(std::env::var("CI").is_err(), "PostgreSQL was not tested");
        return;
    };
    let manager = ServiceManager::start();
    // A port where nobody listens yet.
    let server = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let parts = (url.find('@').unwrap() + 1, url.rfind('/').unwrap());
    let away = Database::Postgres(format!("{}{server}{}", &url[..parts.0], &url[parts.1..]));
    let cli = manager.cli(&away);
    let mut serve = cli.command(&["serve"]);
    let mut daemon = Daemon(serve.stderr(Stdio::null()).spawn().unwrap());
    assert_contains(&manager.wait_for("READY=1"), "STATUS=waits for the database");
    let _relay = TcpProxy::on(TcpListener::bind(server).unwrap(), &url);
    let messages = manager.messages_until("READY=1");
    assert!(!messages.concat().contains("STOPPING"), "{messages:?}");
    let (_, address) = messages.last().unwrap().split_once("listens on http://").unwrap();
    let mut browser = Browser::new(address.trim().parse().unwrap(), "https://login.fernweh.example");
    assert_eq!(browser.get("/login").status, 200);
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_daemon_that_stops_is_never_ready_again() {
    let manager = ServiceManager::start();
    let (mut daemon, mut log, address) = Daemon::start_with_piped_log(&manager.cli(&Database::Sqlite));
    manager.wait_for("READY=1");
    // A request that is under way keeps it from ending.
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"POST /login HTTP/1.1\r\nHost: login.fernweh.example\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    let mut browser = Browser::new(address, "https://login.fernweh.example");
    assert_eq!(browser.get("/login").status, 200);
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    daemon.signal("HUP");
    let mut text = String::new();
    while !text.contains("the settings were read again") {
        assert!(log.read_line(&mut text).unwrap() > 0, "it ended: {text}");
    }
    drop(slow);
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
    assert_eq!(manager.rest(), [""; 0]);
}

/// A daemon with a configuration file.
struct Installation {
    _dir: TempDir,
    file: PathBuf,
    daemon: Daemon,
    log: BufReader<ChildStderr>,
    browser: Browser,
}

impl Installation {
    fn start(database: &Database, settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hallpass.toml");
        fs::write(&file, settings).unwrap();
        let database = test_server::fresh_database_like(database);
        let cli = Cli::new(&dir.path().join("data"), &database).with_env(&[
            ("HALLPASS_LISTEN", "127.0.0.1:0"),
            ("HALLPASS_CONFIG", &file.display().to_string()),
        ]);
        let (daemon, log, address) = Daemon::start_with_piped_log(&cli);
        Self {
            _dir: dir,
            file,
            daemon,
            log,
            browser: Browser::new(address, "https://login.fernweh.example"),
        }
    }

    /// Writes `settings`, sends SIGHUP, and returns what is logged up to the line that has `last`.
    fn reload(&mut self, settings: &str, last: &str) -> String {
        fs::write(&self.file, settings).unwrap();
        self.daemon.signal("HUP");
        let mut text = String::new();
        while !text.contains(last) {
            assert!(self.log.read_line(&mut text).unwrap() > 0, "it ended: {text}");
        }
        text
    }

    fn page(&mut self, path: &str) -> String {
        let page = self.browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        page.body
    }
}

#[test]
fn a_hangup_takes_up_what_can_change_and_names_what_cannot() {
    on_each_database(|database| {
        let mut one = Installation::start(database, "organisation = \"Before\"\n");
        assert_contains(&one.page("/login"), "Before");
        assert_contains(&one.page("/saml/metadata"), "SignatureValue");

        let log = one.reload(
            "organisation = \"After\"\nhelp_url = \"https://help.fernweh.example/\"\nworkers = 3\nlog = \"debug\"\n[metadata]\nsigned = false\n",
            "take effect after a restart",
        );
        assert_contains(&log, "organisation, help_url, log, metadata.signed");
        assert_contains(&log, "changed=workers");
        let page = one.page("/login");
        assert_contains(&page, "After");
        assert_contains(&page, "https://help.fernweh.example/");
        assert_lacks(&one.page("/saml/metadata"), "SignatureValue");

        let log = one.reload(
            "organisation = \"Broken\"\n[sessions]\nidle = \"8 parsecs\"\nabsolut = \"1d\"\n",
            "all stay as they were",
        );
        assert_contains(&log, "sessions.idle");
        assert_contains(&log, "sessions.absolut");
        assert_contains(&one.page("/login"), "After");

        // What was taken back is taken back, and what needs a restart is as it was at the start.
        let log = one.reload("organisation = \"Before\"\n", "are now in effect");
        assert_contains(&log, "organisation, help_url, log, metadata.signed");
        assert_contains(&one.page("/saml/metadata"), "SignatureValue");
        let log = one.reload("organisation = \"Before\"\n", "nothing that can change");
        assert_lacks(&log, "after a restart");
        one.daemon.signal("TERM");
        let ended = one.daemon.0.wait().unwrap();
        assert!(ended.success(), "{ended}");
    });
}
