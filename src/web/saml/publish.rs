//! Metadata and certificate: from memory, without a login.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    web::Data,
};

use crate::{
    provider::saml::publish::MEDIA_TYPE,
    web::{error::Error, state::Site},
};

pub(in crate::web) async fn metadata(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let metadata = site.provider.metadata()?;
    Ok(document(
        &request,
        &metadata.tag,
        MEDIA_TYPE,
        None,
        metadata.body.as_bytes().to_vec(),
    ))
}

pub(in crate::web) async fn pem(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let (certificate, pem) = site.provider.certificate_pem()?;
    let name = file_name(&certificate.sha256, "pem");
    Ok(document(
        &request,
        &certificate.sha256,
        "application/x-pem-file",
        Some(&name),
        pem.into_bytes(),
    ))
}

pub(in crate::web) async fn cer(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let (certificate, _pem) = site.provider.certificate_pem()?;
    let name = file_name(&certificate.sha256, "cer");
    Ok(document(
        &request,
        &certificate.sha256,
        "application/pkix-cert",
        Some(&name),
        certificate.der,
    ))
}

/// The head of the fingerprint tells two certificates apart in a downloads folder.
fn file_name(sha256: &str, ending: &str) -> String {
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
    let tag = format!("\"{tag}\"");
    let held = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_held = held.is_some_and(|held| {
        held.split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.trim_start_matches("W/") == tag)
    });
    let mut response = if is_held {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "no-cache"));
    if is_held {
        return response.finish();
    }
    if let Some(disposition) = disposition {
        response.insert_header((CONTENT_DISPOSITION, disposition));
    }
    response.insert_header((CONTENT_TYPE, media_type)).body(body)
}
