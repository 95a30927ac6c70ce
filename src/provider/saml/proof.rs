//! Proves that the keys of this installation sign: a test assertion for each application, signed and verified. Nothing of
//! it is stored or sent.

use crate::{
    model::{
        application::SamlApplication,
        authn_context::AuthnContextClass,
        name_id::{EMAIL_ADDRESS, NameId, NameIdFormat},
        response_options::SignedParts,
    },
    provider::{
        error::Error,
        handle::Saml,
        saml::response::{AssertedSubject, ResponseRequest},
        sign_in::gate::Authenticated,
        snapshot::Snapshot,
    },
    saml::{response::ResponseProtection, signature},
};

impl Saml<'_> {
    /// Signs and verifies a test assertion for every application that speaks SAML; returns for how many. Fails for the
    /// first whose signature does not fit the certificate that applications know.
    pub fn prove_signatures(&self) -> Result<usize, Error> {
        let snapshot = self.fresh_snapshot()?;
        let mut proven = 0;
        for application in snapshot.applications.iter() {
            if let Some(saml) = application.as_saml() {
                self.prove_signature(&snapshot, saml)?;
                proven += 1;
            }
        }
        Ok(proven)
    }

    fn prove_signature(&self, snapshot: &Snapshot, application: SamlApplication<'_>) -> Result<(), Error> {
        let unproven = || Error::SignatureUnproven(application.application.slug.to_string());
        let Some(consumer) = application.sp.acs_endpoints.first() else {
            return Err(unproven());
        };
        let name_id = NameId::plain("proof@hallpass.invalid", EMAIL_ADDRESS);
        let request = ResponseRequest {
            application,
            request_id: None,
            acs: &consumer.location,
            relay_state: None,
            name_id_format: NameIdFormat::EmailAddress,
            authenticated: Authenticated {
                class: AuthnContextClass::PasswordProtectedTransport,
                at: self.now(),
            },
            unchecked_signature: false,
        };
        let content = AssertedSubject {
            name_id: &name_id,
            session_index: "_proof",
            attributes: &[],
        };
        let protection = ResponseProtection {
            signer: &snapshot.signer,
            signed_parts: SignedParts::Assertion,
            algorithm: application.sp.response_options.signature_algorithm,
            encryption: None,
        };
        let xml = self.write_success_response(snapshot, &request, content, protection, self.now())?;
        let assertion = assertion_of(&xml).ok_or_else(unproven)?;
        match signature::is_signed_by(assertion, snapshot.signer.certificate()) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(unproven()),
        }
    }
}

/// The Assertion as a document of its own: it declares its namespaces itself.
fn assertion_of(xml: &str) -> Option<&str> {
    const END: &str = "</saml:Assertion>";
    let start = xml.find("<saml:Assertion")?;
    let end = xml.find(END)? + END.len();
    xml.get(start..end)
}
