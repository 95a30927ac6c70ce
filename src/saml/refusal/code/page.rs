//! The codes for which our own page is shown: the message is not verified, or no URL for a response is known to be
//! the sender's.

use crate::{
    model::{
        explanation::{Explanation, ResponsibleParty},
        remedy::{Fix, FixCommand},
    },
    saml::refusal::code::explanations::explanations,
};

explanations! {
    SHOWN_ON_PAGE:

    REQUEST_MALFORMED = Explanation {
        code: "REQUEST-MALFORMED",
        meaning: "encoding or XML is not what it must be: a parameter twice, no base64, not well-formed, a DTD, an ID twice, no Issuer",
        status: None,
        message: "The application sent a request that cannot be read. It may have been cut on its way here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Start again at the application. If it happens again, its SAML settings are broken: compare the Sign-in URL there with ours."),
        command: None,
        clause: Some("saml-bindings, 3.4.4.1; saml-core, 3.2.1"),
    };
    REQUEST_TOO_LARGE = Explanation {
        code: "REQUEST-TOO-LARGE",
        meaning: "above 16 kB of address, 256 kB of form, 64 kB of XML, 4096 bytes of RelayState, depth 40, 2000 elements",
        status: None,
        message: "The application sent a request that is larger than any sign-in needs.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Start again at the application. If it happens again, let it send a shorter RelayState and no more than the request itself."),
        command: None,
        clause: Some("saml-bindings, 3.4.3"),
    };
    REQUEST_MISSING = Explanation {
        code: "REQUEST-MISSING",
        meaning: "somebody opened the Sign-in URL by hand",
        status: None,
        message: "This address is for applications; nothing was sent along with it.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words("Open the application itself, or your own page here, and start there."),
        command: None,
        clause: None,
    };
    /// The application does not accept unsolicited responses.
    START_NOT_ALLOWED = Explanation {
        code: "START-NOT-ALLOWED",
        meaning: "a sign-in was begun here, at /saml/start, and the application is not set to take a response that it did not ask for",
        status: None,
        message: "Sign-ins to this application start at the application itself.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::AllowIdpInitiated,
        command: Some(FixCommand::AllowIdpInitiated),
        clause: Some("saml-profiles, 4.1.5; SP 800-63C, 4.8"),
    };
    ISSUER_UNKNOWN = Explanation {
        code: "ISSUER-UNKNOWN",
        meaning: "no application has this entity ID",
        status: None,
        message: "The application that sent you is not registered here.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::RegisterApplication,
        command: Some(FixCommand::ListApplications),
        clause: Some("saml-profiles, 4.1.4.1; saml-core, 8.3.6"),
    };
    /// Imported from a federation's metadata, and not enabled.
    APPLICATION_KNOWN = Explanation {
        code: "APPLICATION-KNOWN",
        meaning: "imported metadata lists this application, and nobody has enabled it",
        status: None,
        message: "The application that sent you is known here, but not enabled yet.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::EnableImported,
        command: Some(FixCommand::ListImported),
        clause: Some("saml-metadata, 2.3.1"),
    };
    METADATA_EXPIRED = Explanation {
        code: "METADATA-EXPIRED",
        meaning: "the validUntil of the application's metadata has passed, and no newer copy could be fetched",
        status: None,
        message: "What is known here of the application has expired. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::RenewMetadata,
        command: Some(FixCommand::ListSources),
        clause: Some("saml-metadata, 2.3.1, 2.3.2"),
    };
    /// Several applications have this entity ID.
    ISSUER_AMBIGUOUS = Explanation {
        code: "ISSUER-AMBIGUOUS",
        meaning: "several applications share this entity ID, and the request does not say which of them asks",
        status: None,
        message: "Several applications share one name here, and this request does not say which of them sent you.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::Words("Let the application send its AssertionConsumerServiceURL, or register only one application under this entity ID."),
        command: Some(FixCommand::ListApplications),
        clause: None,
    };
    APPLICATION_DISABLED = Explanation {
        code: "APPLICATION-DISABLED",
        meaning: "the application is switched off",
        status: None,
        message: "An administrator has switched this application off.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::EnableApplication,
        command: Some(FixCommand::EnableApplication),
        clause: None,
    };
    ACS_UNKNOWN = Explanation {
        code: "ACS-UNKNOWN",
        meaning: "the application wants the answer at an address that is not registered",
        status: None,
        message: "The application asked for our answer at an address that is not registered here. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::RegisterNewUrls,
        command: Some(FixCommand::RegisterAcs),
        clause: Some("saml-profiles, 4.1.4.1"),
    };
    DESTINATION_WRONG = Explanation {
        code: "DESTINATION-WRONG",
        meaning: "addressed to a different sign-in address, or signed without a Destination",
        status: None,
        message: "The application addressed its request to a different sign-in address. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::PasteOurUrls,
        command: Some(FixCommand::ShowApplication),
        clause: Some("saml-core, 3.2.1; saml-bindings, 3.4.5.2"),
    };
    SIGNATURE_WRONG = Explanation {
        code: "SIGNATURE-WRONG",
        meaning: "signed, but by no registered certificate; or changed on its way",
        status: None,
        message: "The request's signature does not fit the application. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::ReplaceCertificate,
        command: Some(FixCommand::AddCertificate),
        clause: Some("saml-core, 3.2.1; saml-bindings, 3.4.4.1"),
    };
    SIGNATURE_ALGORITHM = Explanation {
        code: "SIGNATURE-ALGORITHM",
        meaning: "signed with rsa-sha1 or something else that could be forged",
        status: None,
        message: "The request is signed in a way that is no longer safe. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application sign with RSA-SHA256. pysaml2 signs with SHA-1 unless told otherwise: set signing_algorithm and digest_algorithm under service, sp."),
        command: None,
        clause: Some("SDP-ALG01; IIP-ALG08"),
    };
    /// An XML signature that might not cover the whole message.
    SIGNATURE_SHAPE = Explanation {
        code: "SIGNATURE-SHAPE",
        meaning: "posted with an XML signature that is not over the whole message, or transforms, fetches or wraps something",
        status: None,
        message: "The request is signed in a way that need not protect all of it. To keep your account safe, we stopped.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application sign as SAML says: one enveloped signature over the whole message by its ID, with exclusive canonicalization and no other transform. Signing over HTTP-Redirect avoids all of this."),
        command: None,
        clause: Some("saml-core, 5.4"),
    };
    REQUEST_ANSWERED = Explanation {
        code: "REQUEST-ANSWERED",
        meaning: "answered before, for another browser or person; a LogoutRequest that came twice",
        status: None,
        message: "This sign-in has ended: it was used before.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words("Start again at the application."),
        command: None,
        clause: Some("saml-profiles, 4.1.4.5"),
    };
    RESPONSE_UNEXPECTED = Explanation {
        code: "RESPONSE-UNEXPECTED",
        meaning: "a LogoutResponse that answers no open request of ours: an unsolicited one, or one that came twice",
        status: None,
        message: "An application sent an answer that was not expected here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Nothing is wrong where a person went back or reloaded. Otherwise let the application answer with our request's ID as InResponseTo, once."),
        command: None,
        clause: Some("saml-profiles, 4.4.3.4"),
    };
    ISSUER_OTHER = Explanation {
        code: "ISSUER-OTHER",
        meaning: "a LogoutResponse whose Issuer is not the application that was asked; it counts as not confirmed",
        status: None,
        message: "An application answered in another one's name.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application answer under the entity ID that is registered here."),
        command: Some(FixCommand::ShowApplication),
        clause: Some("saml-profiles, 4.4.4.2"),
    };
}
