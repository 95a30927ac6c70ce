//! Sends mail as it is set up at this moment. Blocking: for a worker or a command, never for a request.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};

use crate::{
    mail::{
        conversation::{self, Delivered},
        error::SendError,
        message::OutgoingMail,
    },
    model::mail::MailSettings,
};

/// How long a whole conversation may take. A step of it has a limit of its own, but for the TLS handshake at the
/// beginning, and a server can send a byte at a time.
const CONVERSATION_TIMEOUT: Duration = Duration::from_mins(5);
/// How many conversations that took too long may still hang, before no other one is begun.
const MAX_HANGING: usize = 3;

/// Sends mail. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailer {
    settings: Arc<ArcSwapOption<MailSettings>>,
    /// Conversations that have not ended.
    running: Arc<AtomicUsize>,
}

impl Mailer {
    pub fn new(settings: Option<Arc<MailSettings>>) -> Self {
        Self {
            settings: Arc::new(ArcSwapOption::new(settings)),
            running: Arc::default(),
        }
    }

    /// Uses these settings from the next mail on.
    pub fn replace_settings(&self, settings: Option<Arc<MailSettings>>) {
        self.settings.store(settings);
    }

    /// How mail is sent; nothing if it is not.
    pub fn settings(&self) -> Option<Arc<MailSettings>> {
        self.settings.load_full()
    }

    /// Hands `mail` to the server, and waits for its answer. `id` makes the Message-ID, together with `our_host`; both
    /// are the same if a mail is sent again.
    pub fn send(
        &self,
        mail: &OutgoingMail,
        id: &str,
        our_host: &str,
        now: DateTime<Utc>,
    ) -> Result<Delivered, SendError> {
        let settings = self.settings().ok_or(SendError::NotSetUp)?;
        let message = mail.message(&settings, &format!("{id}@{our_host}"), now)?;
        let server = settings.server.address();
        if self.running.load(Ordering::Relaxed) >= MAX_HANGING {
            return Err(SendError::Hanging(server));
        }
        let (ended, result) = mpsc::channel();
        let conversation = RunningConversation::new(&self.running);
        let our_host = our_host.to_owned();
        thread::Builder::new()
            .name("mail".to_owned())
            .spawn(move || {
                // Nobody waits for it any more if it took too long.
                let _sent = ended.send(conversation::deliver(&settings, &our_host, &message));
                drop(conversation);
            })
            .map_err(SendError::NoThread)?;
        result
            .recv_timeout(CONVERSATION_TIMEOUT)
            .unwrap_or(Err(SendError::TooSlow(server)))
    }
}

/// Counts itself for as long as it lives.
struct RunningConversation(Arc<AtomicUsize>);

impl RunningConversation {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for RunningConversation {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
