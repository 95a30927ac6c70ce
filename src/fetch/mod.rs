//! Fetches documents by URL, blocking. Every address is checked when it is connected to, also after redirects; size
//! and time are bounded. Knows nothing of the documents' content.

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

use arc_swap::ArcSwap;
use ipnet::IpNet;
use ureq::{
    Agent, Body,
    config::Config,
    http::{Response, StatusCode, header},
    tls::{RootCerts, TlsConfig, TlsProvider},
    unversioned::transport::DefaultConnector,
};

use crate::{
    fetch::resolver::{AllowedNetworks, CheckedResolver},
    model::metadata_source::MetadataUrl,
};

pub use crate::fetch::resolver::ForbiddenAddress;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server may send nothing.
const IO_TIMEOUT: Duration = Duration::from_secs(20);
const CHUNK_LEN: usize = 64 * 1024;

/// What to fetch, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct FetchRequest<'a> {
    pub url: &'a MetadataUrl,
    /// The longest accepted document, in bytes.
    pub max_bytes: u64,
    /// How long the whole fetch may take.
    pub timeout: Duration,
    /// The validators of the copy that was fetched before.
    pub validators: CacheValidators<'a>,
}

/// What a server sent with the document that it served before (rfc9110, 8.8).
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheValidators<'a> {
    pub etag: Option<&'a str>,
    pub last_modified: Option<&'a str>,
}

/// The result of a fetch.
#[derive(Debug)]
pub enum Fetched {
    /// The document has not changed since it was fetched before.
    NotModified,
    Document {
        document: Document,
        etag: Option<String>,
        last_modified: Option<String>,
    },
}

/// A document in a file that has no name and is deleted with this value; no other process can change it.
#[derive(Debug)]
pub struct Document {
    /// Positioned at its beginning.
    pub file: File,
    /// In bytes.
    pub length: u64,
}

/// Why nothing was fetched; the messages are for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that may not be connected to.
    #[error("{0}; if it is meant, add its network to metadata.allow_private_networks in the configuration")]
    ForbiddenAddress(ForbiddenAddress),
    #[error("the host name of {0} is not known")]
    UnknownHost(String),
    /// The server responded with an error status.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A redirect to a URL that is not allowed.
    #[error("the server redirects to an address that is not followed: {0}")]
    Redirect(String),
    #[error("the server redirects more than 3 times")]
    TooManyRedirects,
    /// The document is compressed, although no encoding was requested.
    #[error("the server sends a packed document (Content-Encoding), which was not asked for")]
    UnexpectedContentEncoding,
    /// More than [`FetchRequest::max_bytes`].
    #[error("the document is larger than {} MB", .0 / (1024 * 1024))]
    TooLarge(u64),
    #[error("it was stopped")]
    Stopped,
    #[error("the server did not send it in time")]
    TimedOut,
    #[error("the server cannot be reached: {0}")]
    Connection(String),
    /// The temporary file cannot be written.
    #[error("the document cannot be written to the disk")]
    CannotWrite(#[source] io::Error),
    #[error("the document cannot be read")]
    Unreadable(#[source] io::Error),
}

/// Fetches documents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    agent: Agent,
    allowed: AllowedNetworks,
    directory: PathBuf,
    stopped: Arc<AtomicBool>,
}

impl Fetcher {
    /// Writes documents to files in `directory`; connects to public addresses, and to those in `allowed`.
    pub fn new(allowed: Vec<IpNet>, directory: PathBuf) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Config::builder()
            .tls_config(tls)
            // A proxy from the environment would resolve names without a check of the address.
            .proxy(None)
            // Redirects are followed in `fetch`: each URL is checked as the first one was.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("Hallpass/", env!("CARGO_PKG_VERSION")))
            .accept("application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1")
            .accept_encoding("identity")
            .timeout_resolve(Some(RESOLVE_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(IO_TIMEOUT))
            .timeout_per_write(Some(IO_TIMEOUT))
            .build();
        let allowed = Arc::new(ArcSwap::from_pointee(allowed));
        let resolver = CheckedResolver::new(Arc::clone(&allowed));
        Self {
            allowed,
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            directory,
            stopped: Arc::default(),
        }
    }

    /// Connects to public addresses and those in `allowed` from now on.
    pub fn replace_private_networks(&self, allowed: Vec<IpNet>) {
        self.allowed.store(Arc::new(allowed));
    }

    /// Fetches what `wanted` names; calls `on_progress` with the number of bytes received so far.
    pub fn fetch(
        &self,
        wanted: &FetchRequest<'_>,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<Fetched, Error> {
        let fetched = self.fetch_unless_stopped(wanted, on_progress);
        if fetched.is_err() && self.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        fetched
    }

    fn fetch_unless_stopped(
        &self,
        wanted: &FetchRequest<'_>,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<Fetched, Error> {
        let deadline = Instant::now() + wanted.timeout;
        let mut url = wanted.url.clone();
        for _redirect in 0..=MAX_REDIRECTS {
            let mut response = self.send_request(&url, wanted.validators, deadline)?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Fetched::NotModified);
            }
            if status.is_redirection() {
                url = redirect_target(&url, &response)?;
                continue;
            }
            if status != StatusCode::OK {
                return Err(Error::Status(status.as_u16()));
            }
            if header_text(&response, header::CONTENT_ENCODING).is_some_and(|packed| packed != "identity") {
                return Err(Error::UnexpectedContentEncoding);
            }
            if response
                .body()
                .content_length()
                .is_some_and(|length| length > wanted.max_bytes)
            {
                return Err(Error::TooLarge(wanted.max_bytes));
            }
            let (etag, last_modified) = (
                header_text(&response, header::ETAG),
                header_text(&response, header::LAST_MODIFIED),
            );
            let mut body = response.body_mut().as_reader();
            let document = self.copy_within(&mut body, wanted.max_bytes, Some(deadline), on_progress)?;
            return Ok(Fetched::Document {
                document,
                etag,
                last_modified,
            });
        }
        Err(Error::TooManyRedirects)
    }

    /// Copies a document from another source: a file, or a pipe.
    pub fn copy_from(&self, from: &mut dyn Read, max_bytes: u64) -> Result<Document, Error> {
        self.copy_within(from, max_bytes, None, &mut |_length| {})
    }

    /// Aborts the running fetches; later ones fail with [`Error::Stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    fn send_request(
        &self,
        url: &MetadataUrl,
        validators: CacheValidators<'_>,
        deadline: Instant,
    ) -> Result<Response<Body>, Error> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if self.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        if remaining.is_zero() {
            return Err(Error::TimedOut);
        }
        let mut request = self
            .agent
            .get(url.as_str())
            .config()
            .timeout_global(Some(remaining))
            .build();
        if let Some(etag) = validators.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = validators.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        request.call().map_err(|error| from_ureq_error(error, url))
    }

    fn copy_within(
        &self,
        from: &mut dyn Read,
        max_bytes: u64,
        deadline: Option<Instant>,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<Document, Error> {
        // The file is created without a name, or unlinked at once.
        let mut file = tempfile::tempfile_in(&self.directory).map_err(Error::CannotWrite)?;
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(Error::CannotWrite)?;
        let mut length = 0;
        let mut chunk = vec![0; CHUNK_LEN];
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(from_read_error(error)),
            };
            length += u64::try_from(count).unwrap_or(u64::MAX);
            if length > max_bytes {
                return Err(Error::TooLarge(max_bytes));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(Error::TimedOut);
            }
            file.write_all(chunk.get(..count).unwrap_or_default())
                .map_err(Error::CannotWrite)?;
            on_progress(length);
        }
        file.rewind().map_err(Error::CannotWrite)?;
        Ok(Document { file, length })
    }
}

/// The target of a redirect: https, or within this machine from http to http.
fn redirect_target(from: &MetadataUrl, response: &Response<Body>) -> Result<MetadataUrl, Error> {
    let location =
        header_text(response, header::LOCATION).ok_or_else(|| Error::Status(response.status().as_u16()))?;
    let target = from
        .join(&location)
        .map_err(|why| Error::Redirect(why.to_string()))?;
    if from.is_https() && !target.is_https() {
        return Err(Error::Redirect("it is no https".to_owned()));
    }
    Ok(target)
}

fn header_text(response: &Response<Body>, name: header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= 4096).then(|| value.to_owned())
}

fn from_ureq_error(error: ureq::Error, url: &MetadataUrl) -> Error {
    if let ureq::Error::Io(error) = error {
        return match error.downcast::<ForbiddenAddress>() {
            Ok(forbidden) => Error::ForbiddenAddress(forbidden),
            Err(error) => Error::Connection(error.to_string()),
        };
    }
    if matches!(error, ureq::Error::HostNotFound) {
        return Error::UnknownHost(url.host());
    }
    if matches!(error, ureq::Error::Timeout(_)) {
        return Error::TimedOut;
    }
    Error::Connection(error.to_string())
}

/// Translates a failed read: ureq passes its own errors through `io`.
fn from_read_error(error: io::Error) -> Error {
    match error.downcast::<ureq::Error>() {
        Ok(ureq::Error::Timeout(_)) => Error::TimedOut,
        Ok(other) => Error::Connection(other.to_string()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Error::TimedOut,
        Err(error) => Error::Unreadable(error),
    }
}

#[cfg(test)]
mod tests;
