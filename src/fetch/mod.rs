//! Fetches documents by URL, blocking. Every address is checked where it is connected to, redirects
//! too; size and time are bounded. Knows nothing of what is in them.

mod address;
mod resolver;

use std::{
    fs::{File, Permissions},
    io::{self, Read, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ipnet::IpNet;
use ureq::{
    Agent, Body,
    config::Config,
    http::{Response, StatusCode, header},
    tls::{RootCerts, TlsConfig, TlsProvider},
    unversioned::transport::DefaultConnector,
};

use crate::{fetch::resolver::CheckedResolver, model::metadata_source::SourceUrl};

pub use crate::fetch::resolver::Forbidden;

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 3;
const RESOLVING: Duration = Duration::from_secs(5);
const CONNECTING: Duration = Duration::from_secs(10);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(20);
const CHUNK: usize = 64 * 1024;

/// What is wanted, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// From where.
    pub url: &'a SourceUrl,
    /// The longest document that is taken, in bytes.
    pub most: u64,
    /// How long all of it may take.
    pub within: Duration,
    /// What was fetched before.
    pub known: Known<'a>,
}

/// What a server said of the document that it gave before (rfc9110, 8.8).
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// `ETag`.
    pub etag: Option<&'a str>,
    /// `Last-Modified`.
    pub last_modified: Option<&'a str>,
}

/// What came.
#[derive(Debug)]
pub enum Fetched {
    /// Nothing new since it was fetched before.
    Unchanged,
    /// A document.
    Document {
        /// Itself.
        document: Document,
        /// Its `ETag`.
        etag: Option<String>,
        /// Its `Last-Modified`.
        last_modified: Option<String>,
    },
}

/// A document in a file that has no name and is gone with this value; nobody else can change it.
#[derive(Debug)]
pub struct Document {
    /// The file, at its beginning.
    pub file: File,
    /// Its length in bytes.
    pub length: u64,
}

/// Why nothing was fetched, in words for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that is not connected to.
    #[error("{0}; if it is meant, add its network to metadata.allow_private_networks in the configuration")]
    Forbidden(Forbidden),
    /// No such host.
    #[error("the host name of {0} is not known")]
    UnknownHost(String),
    /// An answer that is no document.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A redirect that is not followed.
    #[error("the server redirects to an address that is not followed: {0}")]
    Redirect(String),
    /// A redirect too many.
    #[error("the server redirects more than 3 times")]
    TooManyRedirects,
    /// Packed, though nobody offered to unpack.
    #[error("the server sends a packed document (Content-Encoding), which was not asked for")]
    Packed,
    /// More than is taken.
    #[error("the document is larger than {} MB", .0 / (1024 * 1024))]
    TooLarge(u64),
    /// Told to stop.
    #[error("it was stopped")]
    Stopped,
    /// Not in time.
    #[error("the server did not send it in time")]
    TooSlow,
    /// The connection failed.
    #[error("the server cannot be reached: {0}")]
    Connection(String),
    /// It cannot be kept here.
    #[error("the document cannot be written to the disk")]
    Disk(#[source] io::Error),
    /// It cannot be read.
    #[error("the document cannot be read")]
    Unreadable(#[source] io::Error),
}

/// Fetches. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    agent: Agent,
    directory: PathBuf,
    stopped: Arc<AtomicBool>,
}

impl Fetcher {
    /// Fetches into files in `directory`; connects to public addresses, and to those in `allowed`.
    pub fn new(allowed: Vec<IpNet>, directory: PathBuf) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Config::builder()
            .tls_config(tls)
            // The environment's proxy would look names up where nobody checks the address.
            .proxy(None)
            // Followed here: each is checked as the first address was.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("Hallpass/", env!("CARGO_PKG_VERSION")))
            .accept("application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1")
            .accept_encoding("identity")
            .timeout_resolve(Some(RESOLVING))
            .timeout_connect(Some(CONNECTING))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .build();
        let resolver = CheckedResolver::new(allowed);
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            directory,
            stopped: Arc::default(),
        }
    }

    /// Fetches what is wanted; `told` hears how many bytes are there.
    pub fn fetch(&self, wanted: &Wanted<'_>, told: &mut dyn FnMut(u64)) -> Result<Fetched, Error> {
        let fetched = self.fetch_unless_stopped(wanted, told);
        if fetched.is_err() && self.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        fetched
    }

    fn fetch_unless_stopped(&self, wanted: &Wanted<'_>, told: &mut dyn FnMut(u64)) -> Result<Fetched, Error> {
        let deadline = Instant::now() + wanted.within;
        let mut url = wanted.url.clone();
        for _hop in 0..=MOST_REDIRECTS {
            let mut response = self.ask(&url, wanted.known, deadline)?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Fetched::Unchanged);
            }
            if status.is_redirection() {
                url = next(&url, &response)?;
                continue;
            }
            if status != StatusCode::OK {
                return Err(Error::Status(status.as_u16()));
            }
            if text(&response, header::CONTENT_ENCODING).is_some_and(|packed| packed != "identity") {
                return Err(Error::Packed);
            }
            if response
                .body()
                .content_length()
                .is_some_and(|length| length > wanted.most)
            {
                return Err(Error::TooLarge(wanted.most));
            }
            let (etag, last_modified) = (
                text(&response, header::ETAG),
                text(&response, header::LAST_MODIFIED),
            );
            let mut body = response.body_mut().as_reader();
            let document = self.take_in_time(&mut body, wanted.most, Some(deadline), told)?;
            return Ok(Fetched::Document {
                document,
                etag,
                last_modified,
            });
        }
        Err(Error::TooManyRedirects)
    }

    /// Takes a document from somewhere else: a file, or a pipe.
    pub fn take(&self, from: &mut dyn Read, most: u64) -> Result<Document, Error> {
        self.take_in_time(from, most, None, &mut |_length| {})
    }

    /// Ends what is under way, and everything after it.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    fn ask(&self, url: &SourceUrl, known: Known<'_>, deadline: Instant) -> Result<Response<Body>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        if self.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        if left.is_zero() {
            return Err(Error::TooSlow);
        }
        let mut request = self
            .agent
            .get(url.as_str())
            .config()
            .timeout_global(Some(left))
            .build();
        if let Some(etag) = known.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = known.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        request.call().map_err(|error| said(error, url))
    }

    fn take_in_time(
        &self,
        from: &mut dyn Read,
        most: u64,
        deadline: Option<Instant>,
        told: &mut dyn FnMut(u64),
    ) -> Result<Document, Error> {
        // Made without a name, or unlinked at once.
        let mut file = tempfile::tempfile_in(&self.directory).map_err(Error::Disk)?;
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(Error::Disk)?;
        let mut length = 0;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(error)),
            };
            length += u64::try_from(count).unwrap_or(u64::MAX);
            if length > most {
                return Err(Error::TooLarge(most));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(Error::TooSlow);
            }
            file.write_all(chunk.get(..count).unwrap_or_default())
                .map_err(Error::Disk)?;
            told(length);
        }
        file.rewind().map_err(Error::Disk)?;
        Ok(Document { file, length })
    }
}

/// Where a redirect leads: to https, or within this machine from http to http.
fn next(from: &SourceUrl, response: &Response<Body>) -> Result<SourceUrl, Error> {
    let location =
        text(response, header::LOCATION).ok_or_else(|| Error::Status(response.status().as_u16()))?;
    let target = from
        .join(&location)
        .map_err(|why| Error::Redirect(why.to_string()))?;
    if from.is_https() && !target.is_https() {
        return Err(Error::Redirect("it is no https".to_owned()));
    }
    Ok(target)
}

fn text(response: &Response<Body>, name: header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= 4096).then(|| value.to_owned())
}

fn said(error: ureq::Error, url: &SourceUrl) -> Error {
    if let ureq::Error::Io(error) = error {
        return match error.downcast::<Forbidden>() {
            Ok(forbidden) => Error::Forbidden(forbidden),
            Err(error) => Error::Connection(error.to_string()),
        };
    }
    if matches!(error, ureq::Error::HostNotFound) {
        return Error::UnknownHost(url.host());
    }
    if matches!(error, ureq::Error::Timeout(_)) {
        return Error::TooSlow;
    }
    Error::Connection(error.to_string())
}

/// A read that failed: ureq carries its own errors through `io`.
fn broken(error: io::Error) -> Error {
    match error.downcast::<ureq::Error>() {
        Ok(ureq::Error::Timeout(_)) => Error::TooSlow,
        Ok(other) => Error::Connection(other.to_string()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Error::TooSlow,
        Err(error) => Error::Unreadable(error),
    }
}

#[cfg(test)]
mod tests;
