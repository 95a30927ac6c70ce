//! Our own metadata: only what works.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    model::{
        application::EntityId, endpoint::Endpoints, key::Certificate, making::SignatureAlgorithm, name_id,
    },
    saml::{
        canonical::Writer,
        response::Error,
        signer::Signer,
        urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    },
};

/// The media type (saml-metadata, 4.1.1).
pub const MEDIA_TYPE: &str = "application/samlmetadata+xml";

/// Writes and signs our `EntityDescriptor`. Its `ID` is the certificate's fingerprint, so that the same
/// content has the same bytes.
pub fn write(
    entity_id: &EntityId,
    endpoints: &Endpoints,
    certificates: &[&Certificate],
    signer: &Signer,
) -> Result<String, Error> {
    let fingerprint: String = signer.certificate().sha256.chars().take(40).collect();
    let id = format!("_{fingerprint}");
    let mut head = Writer::new(256);
    head.open(
        "md:EntityDescriptor",
        &[("md", METADATA)],
        &[("ID", &id), ("entityID", entity_id.as_str())],
    );
    let mut tail = Writer::new(4096);
    // No WantAuthnRequestsSigned: absent means false (saml-metadata, 2.4.3), and python3-saml takes a `false` that
    // it reads for an order not to sign, although its own metadata promise signatures.
    tail.open(
        "md:IDPSSODescriptor",
        &[],
        &[("protocolSupportEnumeration", PROTOCOL)],
    );
    for certificate in certificates {
        tail.open("md:KeyDescriptor", &[], &[("use", "signing")]);
        tail.open("ds:KeyInfo", &[("ds", DSIG)], &[]);
        tail.open("ds:X509Data", &[], &[]);
        tail.leaf("ds:X509Certificate", &[], &[], &STANDARD.encode(&certificate.der));
        tail.close("ds:X509Data");
        tail.close("ds:KeyInfo");
        tail.close("md:KeyDescriptor");
    }
    write_service("md:SingleLogoutService", &endpoints.slo, &mut tail);
    tail.leaf("md:NameIDFormat", &[], &[], name_id::EMAIL_ADDRESS);
    write_service("md:SingleSignOnService", &endpoints.sso, &mut tail);
    tail.close("md:IDPSSODescriptor");
    tail.close("md:EntityDescriptor");
    Ok(signer.sign_between(
        SignatureAlgorithm::RsaSha256,
        &head.finish()?,
        &tail.finish()?,
        &id,
    )?)
}

/// HTTP-Redirect stands first: some take the first that they know, and it has no XML signature to fail at.
fn write_service(name: &str, location: &str, to: &mut Writer) {
    for binding in [HTTP_REDIRECT, HTTP_POST] {
        to.leaf(name, &[], &[("Binding", binding), ("Location", location)], "");
    }
}
