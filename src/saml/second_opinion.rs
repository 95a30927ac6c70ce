//! samael and the xmlsec crate judge what we wrote: the demo service provider, previews and the tests ask them.
//!
//! Neither is safe with a message from outside (libxmlsec1 fetches addresses and runs transforms before
//! it looks at the signature), so [`precheck`] stands before both: after it, only the plain shape that
//! we write is left.

use std::sync::Once;

use base64::{Engine, engine::general_purpose::STANDARD};
use libxml::parser::{Parser, ParserOptions};
use samael::{
    metadata::EntityDescriptor,
    schema::Assertion,
    service_provider::{ServiceProvider, ServiceProviderBuilder},
};
use xmlsec::{XmlSecDocumentExt, XmlSecKey, XmlSecKeyFormat, XmlSecSignatureContext};

use crate::{
    saml::{
        refusal::Refusal,
        urn::{
            ASSERTION, DSIG, ENVELOPED_SIGNATURE, EXC_C14N, METADATA, PROTOCOL, RSA_SHA256, RSA_SHA384,
            RSA_SHA512, SHA256, SHA384, SHA512,
        },
    },
    xml::tree::{Element, XmlDocument},
};

/// What a second reader makes of a response of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParsedResponse {
    /// The name and its format.
    pub name_id: (String, String),
    /// `SessionIndex`.
    pub session_index: String,
    /// Names and values, in their order.
    pub attributes: Vec<(String, Vec<String>)>,
    /// How many signatures were verified, each by both libraries' crypto.
    pub signatures: usize,
}

/// Why the second opinion is no.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not of the shape that we write; neither library was asked.
    #[error("not a response of the expected shape: {0}")]
    Shape(#[from] Refusal),
    /// xmlsec found a signature wrong, or none.
    #[error("xmlsec: {0}")]
    Xmlsec(String),
    /// samael refused the response.
    #[error("samael: {0}")]
    Samael(String),
}

/// What the reader knows of the sign-on.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our metadata.
    pub idp_metadata: &'a str,
    /// The service provider's entity ID.
    pub entity_id: &'a str,
    /// Its ACS.
    pub acs: &'a str,
    /// The requests it has sent; none: it takes a response that nobody asked for.
    pub request_ids: Option<&'a [&'a str]>,
}

/// Reads a base64 response as the form carried it.
pub fn read_response(encoded: &str, expected: &Expected<'_>) -> Result<ParsedResponse, Error> {
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_why| Refusal::Malformed("not base64"))?;
    let xml = String::from_utf8(bytes).map_err(|_why| Refusal::Malformed("not UTF-8"))?;
    precheck(&xml)?;
    let provider = service_provider(idp_metadata(expected)?, expected)?;
    let certificates = provider
        .idp_signing_certs()
        .map_err(|why| Error::Samael(why.to_string()))?;
    let certificate = certificates.and_then(|list| list.into_iter().next());
    let certificate =
        certificate.ok_or_else(|| Error::Samael("our metadata has no certificate".to_owned()))?;
    // This order is the whole of the security: samael, built without libxmlsec1, verifies nothing.
    let signatures = verify(&xml, certificate.der_data())?;
    let provider = service_provider(without_keys(idp_metadata(expected)?), expected)?;
    let assertion = provider
        .parse_base64_response(encoded, expected.request_ids)
        .map_err(|why| Error::Samael(why.to_string()))?;
    Ok(parsed_response(assertion, signatures))
}

/// Lets samael write an `AuthnRequest` under the name `id`; the address to send the browser to.
pub fn authn_request_url(
    expected: &Expected<'_>,
    sign_in_url: &str,
    id: &str,
    relay_state: &str,
) -> Result<String, Error> {
    let objection = |why: Box<dyn std::error::Error>| Error::Samael(why.to_string());
    let mut request = service_provider(idp_metadata(expected)?, expected)?
        .make_authentication_request(sign_in_url)
        .map_err(objection)?;
    id.clone_into(&mut request.id);
    let address = request.redirect(relay_state).map_err(objection)?;
    address
        .map(String::from)
        .ok_or_else(|| Error::Samael("no address for the request".to_owned()))
}

fn idp_metadata(expected: &Expected<'_>) -> Result<EntityDescriptor, Error> {
    expected
        .idp_metadata
        .parse()
        .map_err(|why| Error::Samael(format!("our metadata: {why}")))
}

/// Metadata as samael takes them where it verifies no signature: with a key in them it refuses every response.
fn without_keys(mut metadata: EntityDescriptor) -> EntityDescriptor {
    for descriptor in metadata.idp_sso_descriptors.iter_mut().flatten() {
        descriptor.key_descriptors.clear();
    }
    metadata
}

fn service_provider(metadata: EntityDescriptor, expected: &Expected<'_>) -> Result<ServiceProvider, Error> {
    ServiceProviderBuilder::default()
        .entity_id(Some(expected.entity_id.to_owned()))
        .acs_url(Some(expected.acs.to_owned()))
        .idp_metadata(metadata)
        .allow_idp_initiated(expected.request_ids.is_none())
        .build()
        .map_err(|why| Error::Samael(why.to_string()))
}

fn parsed_response(assertion: Assertion, signatures: usize) -> ParsedResponse {
    let name_id = assertion.subject.and_then(|subject| subject.name_id);
    let session_index = assertion
        .authn_statements
        .into_iter()
        .flatten()
        .find_map(|statement| statement.session_index)
        .unwrap_or_default();
    let attributes = assertion
        .attribute_statements
        .into_iter()
        .flatten()
        .flat_map(|statement| statement.attributes);
    ParsedResponse {
        name_id: name_id
            .map(|name| (name.value, name.format.unwrap_or_default()))
            .unwrap_or_default(),
        session_index,
        attributes: attributes
            .map(|attribute| {
                let values = attribute
                    .values
                    .into_iter()
                    .filter_map(|value| value.value)
                    .collect();
                (attribute.name.unwrap_or_default(), values)
            })
            .collect(),
        signatures,
    }
}

/// Starts both libraries' use of libxmlsec1, once and in one place, before threads do.
fn initialize_xmlsec() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(XmlSecSignatureContext::new()));
}

/// Verifies every signature in `xml` with the xmlsec crate against one certificate (DER), and returns
/// how many there were. Only what we wrote may come here, or what passed [`precheck`].
pub fn verify(xml: &str, certificate: &[u8]) -> Result<usize, Error> {
    initialize_xmlsec();
    let wrong = |what: &str| Error::Xmlsec(what.to_owned());
    let options = ParserOptions {
        recover: false,
        no_net: true,
        ..ParserOptions::default()
    };
    let document = Parser::default()
        .parse_string_with_options(xml, options)
        .map_err(|why| Error::Xmlsec(why.to_string()))?;
    let names = [
        ("samlp", PROTOCOL),
        ("saml", ASSERTION),
        ("md", METADATA),
        ("ds", DSIG),
    ];
    document
        .specify_idattr(
            "//samlp:Response | //saml:Assertion | //md:EntityDescriptor",
            "ID",
            Some(&names),
        )
        .map_err(|why| Error::Xmlsec(why.to_string()))?;
    let context = libxml::xpath::Context::new(&document).map_err(|()| wrong("no XPath context"))?;
    context
        .register_namespace("ds", DSIG)
        .map_err(|()| wrong("no XPath context"))?;
    let found = context
        .evaluate("//ds:Signature")
        .map_err(|()| wrong("no XPath result"))?;
    let signatures = found.get_nodes_as_vec();
    if signatures.is_empty() {
        return Err(wrong("no signature"));
    }
    for signature in &signatures {
        let mut context = XmlSecSignatureContext::new();
        let key = XmlSecKey::from_memory(certificate, XmlSecKeyFormat::CertDer, None)
            .map_err(|why| Error::Xmlsec(why.to_string()))?;
        drop(context.insert_key(key));
        match context.verify_node(signature) {
            Ok(true) => {}
            Ok(false) => return Err(wrong("a signature does not fit")),
            Err(why) => return Err(Error::Xmlsec(why.to_string())),
        }
    }
    Ok(signatures.len())
}

/// Lets through only a response with one assertion, each with at most one signature of the kind that we
/// make, over its own parent.
pub fn precheck(xml: &str) -> Result<(), Refusal> {
    let message = XmlDocument::parse(xml)?;
    let root = message.root(PROTOCOL, "Response")?;
    let mut signed = check_signature(root)?;
    for child in root.children()? {
        if child.is(ASSERTION, "Assertion") {
            signed |= check_signature(child)?;
        }
    }
    root.child(ASSERTION, "Assertion")?;
    let expected = usize::from(root.child(DSIG, "Signature")?.is_some())
        + usize::from(match root.child(ASSERTION, "Assertion")? {
            Some(assertion) => assertion.child(DSIG, "Signature")?.is_some(),
            None => false,
        });
    if !signed || root.count(DSIG, "Signature") != expected || root.count(ASSERTION, "Assertion") > 1 {
        return Err(Refusal::Malformed("signatures or assertions where none belong"));
    }
    Ok(())
}

fn check_signature(parent: Element<'_, '_>) -> Result<bool, Refusal> {
    const WRONG: Refusal = Refusal::Malformed("a signature of a shape that we do not make");
    let Some(signature) = parent.child(DSIG, "Signature")? else {
        return Ok(false);
    };
    let only = |element: Element<'_, '_>, names: &[&str]| -> Result<(), Refusal> {
        let children = element.children()?;
        let fits = children.len() == names.len()
            && children
                .iter()
                .zip(names)
                .all(|(child, name)| child.is(DSIG, name));
        if fits { Ok(()) } else { Err(WRONG) }
    };
    let part = |element: Element<'_, '_>, name: &str, algorithm: &str| -> Result<(), Refusal> {
        let found = element.child(DSIG, name)?.ok_or(WRONG)?;
        if found.attribute("Algorithm") == Some(algorithm) {
            only(found, &[])
        } else {
            Err(WRONG)
        }
    };
    only(signature, &["SignedInfo", "SignatureValue", "KeyInfo"])?;
    let info = signature.child(DSIG, "SignedInfo")?.ok_or(WRONG)?;
    only(info, &["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    part(info, "CanonicalizationMethod", EXC_C14N)?;
    let reference = info.child(DSIG, "Reference")?.ok_or(WRONG)?;
    only(reference, &["Transforms", "DigestMethod", "DigestValue"])?;
    let method = info.child(DSIG, "SignatureMethod")?.ok_or(WRONG)?;
    let (method, digest) = match method.attribute("Algorithm") {
        Some(RSA_SHA256) => (RSA_SHA256, SHA256),
        Some(RSA_SHA384) => (RSA_SHA384, SHA384),
        Some(RSA_SHA512) => (RSA_SHA512, SHA512),
        Some(_) | None => return Err(WRONG),
    };
    part(info, "SignatureMethod", method)?;
    part(reference, "DigestMethod", digest)?;
    let own = format!("#{}", parent.id()?);
    if reference.attribute("URI") != Some(own.as_str()) {
        return Err(WRONG);
    }
    let transforms = reference.child(DSIG, "Transforms")?.ok_or(WRONG)?.children()?;
    let algorithms: Vec<_> = transforms
        .iter()
        .map(|transform| transform.attribute("Algorithm"))
        .collect();
    if algorithms != [Some(ENVELOPED_SIGNATURE), Some(EXC_C14N)] {
        return Err(WRONG);
    }
    for transform in transforms {
        only(transform, &[])?;
    }
    let data = signature.child(DSIG, "KeyInfo")?.ok_or(WRONG)?;
    only(data, &["X509Data"])?;
    only(data.child(DSIG, "X509Data")?.ok_or(WRONG)?, &["X509Certificate"])?;
    Ok(true)
}
