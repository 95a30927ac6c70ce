//! Our own metadata: only what works.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    model::{
        application::EntityId, endpoint::Endpoints, hash::sha256_of_parts, key::Certificate,
        name_id::NameIdFormat, response_options::SignatureAlgorithm, text::hex,
    },
    saml::{
        response::Error,
        signer::Signer,
        urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    },
    xml::writer::XmlWriter,
};

/// The media type (saml-metadata, 4.1.1).
pub const MEDIA_TYPE: &str = "application/samlmetadata+xml";

/// How long a copy may be kept before it is looked at again (saml-metadata, 2.3.2): those who fetch by
/// themselves see the next key within hours. No `validUntil`: whoever pasted the document once would be cut
/// off on that day.
const CACHE_DURATION: &str = "PT6H";

/// How messages are taken, for sign-on and for sign-out. HTTP-Redirect stands first: some take the first that
/// they know, and it has no XML signature to fail at.
const BINDINGS: [&str; 2] = [HTTP_REDIRECT, HTTP_POST];

/// What our metadata says.
#[derive(Clone, Copy, Debug)]
pub struct IdpMetadata<'a> {
    /// Our name.
    pub entity_id: &'a EntityId,
    /// Our addresses.
    pub endpoints: &'a Endpoints,
    /// What our signatures verify with, now or soon or a moment ago; the one in use first, since some read
    /// no more than one.
    pub certificates: &'a [&'a Certificate],
}

/// Writes our `EntityDescriptor`, signed where `signer` is given. Its `ID` comes of its content, so that the
/// same content has the same bytes.
pub fn write(description: IdpMetadata<'_>, signer: Option<&Signer>) -> Result<String, Error> {
    let role = idp_sso_descriptor(description)?;
    let hash = sha256_of_parts([description.entity_id.as_str(), "\0", &role]);
    let digest: String = hex(&hash).chars().take(40).collect();
    let id = format!("_{digest}");
    let mut head = XmlWriter::new(256);
    head.open(
        "md:EntityDescriptor",
        &[("md", METADATA)],
        &[
            ("ID", &id),
            ("cacheDuration", CACHE_DURATION),
            ("entityID", description.entity_id.as_str()),
        ],
    );
    let (head, tail) = (head.finish()?, format!("{role}</md:EntityDescriptor>"));
    Ok(match signer {
        Some(signer) => signer.sign_enveloped(SignatureAlgorithm::RsaSha256, &head, &tail, &id)?,
        None => head + &tail,
    })
}

fn idp_sso_descriptor(description: IdpMetadata<'_>) -> Result<String, Error> {
    let mut to = XmlWriter::new(4096);
    // No WantAuthnRequestsSigned: absent means false (saml-metadata, 2.4.3), and python3-saml takes a `false` that
    // it reads for an order not to sign, although its own metadata promise signatures.
    to.open(
        "md:IDPSSODescriptor",
        &[],
        &[("protocolSupportEnumeration", PROTOCOL)],
    );
    for certificate in description.certificates {
        to.open("md:KeyDescriptor", &[], &[("use", "signing")]);
        to.open("ds:KeyInfo", &[("ds", DSIG)], &[]);
        to.open("ds:X509Data", &[], &[]);
        to.leaf("ds:X509Certificate", &[], &[], &STANDARD.encode(&certificate.der));
        to.close("ds:X509Data");
        to.close("ds:KeyInfo");
        to.close("md:KeyDescriptor");
    }
    write_endpoints("md:SingleLogoutService", &description.endpoints.slo, &mut to);
    for format in NameIdFormat::ALL {
        to.leaf("md:NameIDFormat", &[], &[], format.urn());
    }
    write_endpoints("md:SingleSignOnService", &description.endpoints.sso, &mut to);
    to.close("md:IDPSSODescriptor");
    Ok(to.finish()?)
}

fn write_endpoints(name: &str, location: &str, to: &mut XmlWriter) {
    for binding in BINDINGS {
        to.leaf(name, &[], &[("Binding", binding), ("Location", location)], "");
    }
}
