//! A mail server on loopback, without TLS: it takes what it is sent, unless it is told to refuse. The servers with TLS
//! are in `tests/interop`.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A server on loopback.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The messages that were taken, with their headers.
    messages: Vec<String>,
    /// Every line that a client sent outside of a message.
    commands: Vec<String>,
    /// What is answered to commands that begin so.
    answers: Vec<(String, String)>,
    /// Connections that are open and never answered.
    hanging: Vec<TcpStream>,
    hangs: bool,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || {
                    // A client may close the connection at any time.
                    let _ended = converse(stream, &state);
                });
            }
        });
        Self { port, state }
    }

    /// The settings of a daemon that sends by this server.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            (
                "HALLPASS_MAIL_URL",
                format!("smtp://postman:hunter%32@127.0.0.1:{}?tls=none", self.port),
            ),
            ("HALLPASS_MAIL_FROM", "Fernweh <it@fernweh.example>".to_owned()),
            ("HALLPASS_MAIL_REPLY_TO", "help@fernweh.example".to_owned()),
        ]
    }

    /// Answers `command` with `answer` from now on; with an empty one as if nothing had been said.
    pub(crate) fn answer(&self, command: &str, answer: &str) {
        let mut state = self.state.lock().unwrap();
        state.answers.retain(|(known, _)| known != command);
        if !answer.is_empty() {
            state.answers.push((command.to_owned(), answer.to_owned()));
        }
    }

    /// Takes connections from now on, and never says a word.
    pub(crate) fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    pub(crate) fn hanging_connections(&self) -> usize {
        self.state.lock().unwrap().hanging.len()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.state.lock().unwrap().messages.clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }
}

fn converse(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    {
        let mut state = state.lock().unwrap();
        if state.hangs {
            state.hanging.push(stream);
            return Ok(());
        }
    }
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 mail.fernweh.example\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let prepared = {
            let mut state = state.lock().unwrap();
            state.commands.push(line.clone());
            let found = state
                .answers
                .iter()
                .find(|(command, _)| line.starts_with(command.as_str()));
            found.map(|(_, answer)| answer.clone())
        };
        let answer = match (prepared, line.as_str()) {
            (Some(answer), _) => answer,
            (None, "DATA") => {
                stream.write_all(b"354 go on\r\n")?;
                let mut message = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    message.push_str("\r\n");
                }
                let mut state = state.lock().unwrap();
                state.messages.push(message);
                format!("250 2.0.0 queued as {}", state.messages.len())
            }
            (None, line) if line.starts_with("EHLO") => {
                "250-mail.fernweh.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned()
            }
            (None, line) if line.starts_with("AUTH") => "235 welcome".to_owned(),
            (None, _) => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
        if line == "QUIT" {
            break;
        }
    }
    Ok(())
}
