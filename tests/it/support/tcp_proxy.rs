//! A TCP proxy before the database server that a test can break: it forwards, holds back or refuses.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A connection that was stalled stays so, as with a host that has stopped.
pub(crate) struct TcpProxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: String,
    /// Whether connections made from now on are forwarded.
    forwards_new_connections: AtomicBool,
    /// Whether the reply to the next COMMIT is dropped.
    drop_commit_reply: AtomicBool,
    /// One for each connection: whether it is stalled.
    stalled: Mutex<Vec<Arc<AtomicBool>>>,
}

impl TcpProxy {
    /// A proxy in front of the server of the PostgreSQL URL `url`.
    pub(crate) fn in_front_of(url: &str) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), url)
    }

    /// Like `in_front_of`, on a given listener.
    pub(crate) fn on(listener: TcpListener, url: &str) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server: server_of(url).to_owned(),
            forwards_new_connections: AtomicBool::new(true),
            drop_commit_reply: AtomicBool::new(false),
            stalled: Mutex::default(),
        });
        let accepting = Arc::clone(&state);
        // Ends with the test's process; it holds only a few sockets.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                accepting.connect(client);
            }
        });
        Self { address, state }
    }

    /// `url` through this proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(server_of(url), &self.address.to_string())
    }

    /// From now on nothing is returned, on any connection.
    pub(crate) fn hang(&self) {
        self.state.forwards_new_connections.store(false, Ordering::SeqCst);
        for stalled in self.state.stalled.lock().unwrap().iter() {
            stalled.store(true, Ordering::SeqCst);
        }
    }

    /// New connections are forwarded; stalled ones stay stalled.
    pub(crate) fn resume_for_new_connections(&self) {
        self.state.forwards_new_connections.store(true, Ordering::SeqCst);
    }

    /// The next COMMIT reaches the server, but its reply is dropped.
    pub(crate) fn drop_next_commit_reply(&self) {
        self.state.drop_commit_reply.store(true, Ordering::SeqCst);
    }
}

impl State {
    fn connect(self: &Arc<Self>, mut client: TcpStream) {
        let stalled = Arc::new(AtomicBool::new(
            !self.forwards_new_connections.load(Ordering::SeqCst),
        ));
        self.stalled.lock().unwrap().push(Arc::clone(&stalled));
        let mut server = TcpStream::connect(&self.server).unwrap();
        let (mut from_client, mut to_client) = (client.try_clone().unwrap(), client.try_clone().unwrap());
        let mut from_server = server.try_clone().unwrap();
        let (state, stalled_writer) = (Arc::clone(self), Arc::clone(&stalled));
        thread::spawn(move || {
            pump(&mut from_client, &mut server, |octets| {
                let commits = octets.windows(6).any(|word| word == b"COMMIT");
                if commits && state.drop_commit_reply.swap(false, Ordering::SeqCst) {
                    stalled_writer.store(true, Ordering::SeqCst);
                }
                true
            });
            let _closed = server.shutdown(Shutdown::Both);
        });
        thread::spawn(move || {
            pump(&mut from_server, &mut to_client, |_| {
                !stalled.load(Ordering::SeqCst)
            });
            if !stalled.load(Ordering::SeqCst) {
                let _closed = client.shutdown(Shutdown::Both);
            }
            // A stalled connection is not even closed.
            while stalled.load(Ordering::SeqCst) && client.read(&mut [0; 64]).is_ok_and(|n| n > 0) {}
        });
    }
}

fn pump(from: &mut TcpStream, to: &mut TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut octets = [0; 16 * 1024];
    while let Ok(n) = from.read(&mut octets) {
        if n == 0 {
            return;
        }
        if passes(&octets[..n]) && to.write_all(&octets[..n]).is_err() {
            return;
        }
    }
}

/// Host and port of a URL.
fn server_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap()
}
