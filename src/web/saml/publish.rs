//! Metadata and certificates: served from memory, without authentication.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE, CacheControl, CacheDirective, EntityTag, USER_AGENT},
    },
    rt,
    web::{Data, Path},
};

use crate::{
    model::{application::Slug, key::Certificate},
    provider::saml::serve_metadata::{
        CertificateSlot, MEDIA_TYPE, MetadataRequest, PublishedMetadata, to_pem,
    },
    web::{
        error::Error,
        layer::{
            conditional::{names_etag, respond_unless_held},
            off_thread::off_thread,
        },
        state::Site,
    },
};

/// How many hex digits the token in an application's own metadata address has.
const TOKEN_LENGTH: usize = 32;

/// The metadata at the address that all applications share, where fetches cannot be attributed to one of them.
pub(in crate::web) async fn metadata(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    Ok(metadata_document(&request, &site.provider.saml().metadata()?))
}

/// At a guessable address: the same document for any slug. The fetch is recorded as a hint.
pub(in crate::web) async fn metadata_by_slug(
    request: HttpRequest,
    site: Data<Site>,
    slug: Path<String>,
) -> Result<HttpResponse, Error> {
    metadata_for(&request, &site, &slug, None).await
}

/// At an application's own address: the same document, and the fetch is recorded.
pub(in crate::web) async fn metadata_by_token(
    request: HttpRequest,
    site: Data<Site>,
    named: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (slug, token) = named.into_inner();
    if token.len() != TOKEN_LENGTH
        || !token
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return Ok(HttpResponse::NotFound().finish());
    }
    metadata_for(&request, &site, &slug, Some(token)).await
}

async fn metadata_for(
    request: &HttpRequest,
    site: &Data<Site>,
    slug: &str,
    token: Option<String>,
) -> Result<HttpResponse, Error> {
    let Ok(slug) = Slug::parse(slug) else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let metadata = site.provider.saml().metadata_for(&slug)?;
    let response = metadata_document(request, &metadata);
    if let Some(key) = metadata.key_to_adopt
        && has_current_metadata(request, response.status(), &metadata.etag)
    {
        let visitor = site.visitor(request);
        let agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let metadata_request = MetadataRequest { slug, token, agent };
        let has_token = metadata_request.token.is_some();
        let (site, request) = (Data::clone(site), request.clone());
        // The client gets the document whether or not its fetch could be recorded.
        let recording = async move {
            let recorded = off_thread(&site, &request, move |p| {
                p.saml().note_fetch(metadata_request, key, &visitor)
            });
            if let Err(error) = recorded.await {
                site.log_unrecorded_fetch(&error);
            }
        };
        if has_token {
            recording.await;
        } else {
            // Recorded after the response: the response time would reveal which slugs are
            // registered.
            drop(rt::spawn(recording));
        }
    }
    Ok(response)
}

fn metadata_document(request: &HttpRequest, metadata: &PublishedMetadata) -> HttpResponse {
    document(
        request,
        &metadata.etag,
        MEDIA_TYPE,
        None,
        metadata.body.as_bytes().to_vec(),
    )
}

/// Whether a program now has what we publish: it was sent, or the program's tag shows that it had
/// it before. A user who opens the address in a browser is not an application.
fn has_current_metadata(request: &HttpRequest, status: StatusCode, tag: &str) -> bool {
    let is_a_page = request
        .headers()
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate");
    let is_held = names_etag(request, &EntityTag::new_strong(tag.to_owned()));
    request.method() == Method::GET && !is_a_page && (status == StatusCode::OK || is_held)
}

pub(in crate::web) async fn pem(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let Some(certificate) = requested_certificate(&request, &site)? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let name = content_disposition(&certificate.sha256, "pem");
    Ok(document(
        &request,
        &certificate.sha256,
        "application/x-pem-file",
        Some(&name),
        to_pem(&certificate).into_bytes(),
    ))
}

pub(in crate::web) async fn cer(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let Some(certificate) = requested_certificate(&request, &site)? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let name = content_disposition(&certificate.sha256, "cer");
    Ok(document(
        &request,
        &certificate.sha256,
        "application/pkix-cert",
        Some(&name),
        certificate.der,
    ))
}

/// The certificate that the query selects: `key=next`, `key=active`, or without `key` the active
/// one.
fn requested_certificate(request: &HttpRequest, site: &Site) -> Result<Option<Certificate>, Error> {
    let which = match request.query_string() {
        "" | "key=active" => CertificateSlot::Active,
        "key=next" => CertificateSlot::Next,
        query if query.split('&').any(|pair| pair.starts_with("key=")) => return Ok(None),
        // Other parameters, which a cache or a tracker may add, are ignored.
        _ => CertificateSlot::Active,
    };
    Ok(site.provider.saml().published_certificate(which)?)
}

/// The beginning of the fingerprint tells two certificates apart in a downloads folder.
fn content_disposition(sha256: &str, ending: &str) -> String {
    let head: String = sha256.chars().take(12).collect();
    format!("attachment; filename=\"hallpass-{head}.{ending}\"")
}

fn document(
    request: &HttpRequest,
    tag: &str,
    media_type: &'static str,
    disposition: Option<&str>,
    body: Vec<u8>,
) -> HttpResponse {
    let etag = EntityTag::new_strong(tag.to_owned());
    let caching = CacheControl(vec![CacheDirective::NoCache]);
    respond_unless_held(request, etag, caching, |response| {
        if let Some(disposition) = disposition {
            response.insert_header((CONTENT_DISPOSITION, disposition));
        }
        response.insert_header((CONTENT_TYPE, media_type)).body(body)
    })
}
