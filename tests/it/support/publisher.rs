//! A server that publishes metadata, and what it publishes.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    model::{
        key::{Certificate, SigningKey},
        response_options::SignatureAlgorithm,
    },
    saml::{
        signer::Signer,
        urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    },
};

/// What the server answers now.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublishedDocument {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) etag: Option<String>,
}

/// A server on loopback.
pub(crate) struct Publisher {
    pub(crate) url: String,
    document: Arc<Mutex<PublishedDocument>>,
    /// The request heads received so far.
    request_heads: Arc<Mutex<Vec<String>>>,
}

impl Publisher {
    /// Starts one that publishes `body`.
    pub(crate) fn start(body: &str) -> Self {
        Self::start_over(body, "http", |stream| Box::new(stream))
    }

    /// Like `start`, over TLS or whatever `wrap` makes of a connection.
    pub(crate) fn start_over(
        body: &str,
        scheme: &str,
        wrap: impl Fn(TcpStream) -> Box<dyn ReadWrite> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let page = Arc::new(Mutex::new(PublishedDocument::default()));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (document, request_heads) = (Arc::clone(&page), Arc::clone(&heads));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let closing = stream.try_clone().unwrap();
                let mut connection = wrap(stream);
                let head = read_request_head(connection.as_mut());
                let page = document.lock().unwrap().clone();
                request_heads.lock().unwrap().push(head.clone());
                let _sent = connection.write_all(http_response(&page, &head).as_bytes());
                let _flushed = connection.flush();
                let _closed = closing.shutdown(Shutdown::Both);
            }
        });
        let publisher = Self {
            url: format!("{scheme}://127.0.0.1:{port}/metadata"),
            document: page,
            request_heads: heads,
        };
        publisher.publish(body);
        publisher
    }

    pub(crate) fn publish(&self, body: &str) {
        *self.document.lock().unwrap() = PublishedDocument {
            status: 200,
            body: body.to_owned(),
            etag: None,
        };
    }

    /// Publishes `body` with an `ETag`.
    pub(crate) fn publish_tagged(&self, body: &str, etag: &str) {
        self.publish(body);
        self.document.lock().unwrap().etag = Some(etag.to_owned());
    }

    /// Answers with this status alone from now on.
    pub(crate) fn fail(&self, status: u16) {
        self.document.lock().unwrap().status = status;
    }

    pub(crate) fn request_count(&self) -> usize {
        self.request_heads.lock().unwrap().len()
    }
}

pub(crate) trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn read_request_head(stream: &mut dyn ReadWrite) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).to_ascii_lowercase()
}

fn http_response(page: &PublishedDocument, head: &str) -> String {
    let tag = page.etag.as_deref();
    if page.status == 200 && tag.is_some_and(|tag| head.contains(&format!("if-none-match: {tag}"))) {
        return "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
    }
    let tag = tag.map(|tag| format!("ETag: {tag}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 {} X\r\n{tag}Content-Length: {}\r\n\r\n{}",
        page.status,
        page.body.len(),
        page.body
    )
}

/// A service provider, as its metadata describes it.
#[derive(Clone, Debug)]
pub(crate) struct SpMetadata {
    pub(crate) entity_id: String,
    pub(crate) acs: Vec<String>,
    pub(crate) slo: Option<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) authn_requests_signed: bool,
    pub(crate) name: Option<String>,
    pub(crate) registration_authority: Option<String>,
    /// Attributes of the root, such as `validUntil="…"`.
    pub(crate) root_attributes: String,
}

impl SpMetadata {
    pub(crate) fn new(entity_id: &str, acs: &str) -> Self {
        Self {
            entity_id: entity_id.to_owned(),
            acs: vec![acs.to_owned()],
            slo: None,
            certificates: Vec::new(),
            authn_requests_signed: false,
            name: None,
            registration_authority: None,
            root_attributes: String::new(),
        }
    }

    /// Its `EntityDescriptor`, which declares its own namespaces; in canonical form if `root_attributes` is.
    pub(crate) fn xml(&self) -> String {
        let authority = self.registration_authority.as_ref().map(|authority| {
            format!("<md:Extensions><mdrpi:RegistrationInfo xmlns:mdrpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" registrationAuthority=\"{authority}\"></mdrpi:RegistrationInfo></md:Extensions>")
        });
        let name = self.name.as_ref().map(|name| {
            format!("<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\"><mdui:DisplayName xml:lang=\"en\">{name}</mdui:DisplayName></mdui:UIInfo></md:Extensions>")
        });
        let signs = if self.authn_requests_signed {
            "AuthnRequestsSigned=\"true\" "
        } else {
            ""
        };
        let keys: String = self
            .certificates
            .iter()
            .map(|entity| {
                format!("<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DSIG}\"><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>", STANDARD.encode(&entity.der))
            })
            .collect();
        let slo = self.slo.as_ref().map(|slo| {
            format!("<md:SingleLogoutService Binding=\"{HTTP_REDIRECT}\" Location=\"{slo}\"></md:SingleLogoutService>")
        });
        let acs: String = self
            .acs
            .iter()
            .enumerate()
            .map(|(index, acs)| {
                format!("<md:AssertionConsumerService Binding=\"{HTTP_POST}\" Location=\"{acs}\" index=\"{index}\"></md:AssertionConsumerService>")
            })
            .collect();
        format!(
            "<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"{}\"{}>{}<md:SPSSODescriptor {signs}protocolSupportEnumeration=\"{PROTOCOL}\">{}{keys}{}{acs}</md:SPSSODescriptor></md:EntityDescriptor>",
            self.entity_id,
            self.root_attributes,
            authority.unwrap_or_default(),
            name.unwrap_or_default(),
            slo.unwrap_or_default(),
        )
    }
}

/// A signed `EntitiesDescriptor` of `entities`. `attributes` are sorted, and follow `ID`.
pub(crate) fn aggregate(entities: &[SpMetadata], key: &SigningKey, attributes: &str) -> String {
    aggregate_with_extensions("", entities, key, attributes)
}

/// Like [`aggregate`], with `first` before the entities, in canonical form.
pub(crate) fn aggregate_with_extensions(
    extensions: &str,
    entities: &[SpMetadata],
    key: &SigningKey,
    attributes: &str,
) -> String {
    let head = format!("<md:EntitiesDescriptor xmlns:md=\"{METADATA}\" ID=\"_all\"{attributes}>");
    // In canonical form, what the root declares is not declared again.
    let own = format!(" xmlns:md=\"{METADATA}\"");
    let inside: String = entities
        .iter()
        .map(|entity| entity.xml().replace(&own, ""))
        .collect();
    let tail = format!("{extensions}{inside}</md:EntitiesDescriptor>");
    Signer::new(key)
        .unwrap()
        .sign_enveloped(SignatureAlgorithm::RsaSha256, &head, &tail, "_all")
        .unwrap()
}
