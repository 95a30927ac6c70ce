//! The codes that the service provider is sent as a status, at a URL that it registered: one sentence each, which it
//! may show to the user, and which therefore contains no registered value.

use crate::{
    model::{
        explanation::{Explanation, ResponsibleParty},
        remedy::{Fix, FixCommand},
    },
    saml::{refusal::code::explanations::explanations, urn::status},
};

explanations! {
    SENT_AS_STATUS:

    VERSION_MISMATCH = Explanation {
        code: "VERSION-MISMATCH",
        meaning: "not SAML 2.0",
        status: Some((status::VERSION_MISMATCH, None)),
        message: "The request is not of SAML version 2.0.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Switch the application to SAML 2.0."),
        command: None,
        clause: Some("saml-core, 3.2.2.2 and 4.1"),
    };
    REQUEST_STALE = Explanation {
        code: "REQUEST-STALE",
        meaning: "issued more than 5 minutes ago",
        status: Some((status::REQUESTER, Some(status::REQUEST_DENIED))),
        message: "The request was issued too long ago.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::Words("Start again at the application. If it happens each time, a clock is wrong: compare the application's, and the one here, with the true time."),
        command: None,
        clause: Some("saml-core, 1.3.3; IIP-G01"),
    };
    REQUEST_EARLY = Explanation {
        code: "REQUEST-EARLY",
        meaning: "issued more than 3 minutes ahead of our clock",
        status: Some((status::REQUESTER, Some(status::REQUEST_DENIED))),
        message: "The request was issued in the future.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::Words("A clock is wrong: compare the application's, and the one here, with the true time."),
        command: None,
        clause: Some("saml-core, 1.3.3; IIP-G01"),
    };
    REQUEST_EXPIRED = Explanation {
        code: "REQUEST-EXPIRED",
        meaning: "a LogoutRequest whose NotOnOrAfter has passed",
        status: Some((status::REQUESTER, Some(status::REQUEST_DENIED))),
        message: "The request has expired.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::Words("Sign out again at the application. If it happens each time, a clock is wrong: compare the application's, and the one here, with the true time."),
        command: None,
        clause: Some("saml-core, 3.7.1"),
    };
    SIGNATURE_MISSING = Explanation {
        code: "SIGNATURE-MISSING",
        meaning: "must be signed, and is not, or no certificate is registered to check it; for a LogoutRequest our own page is shown",
        status: Some((status::REQUESTER, Some(status::REQUEST_DENIED))),
        message: "The request is not signed in a way that can be checked here.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::SignRequests,
        command: Some(FixCommand::ShowApplication),
        clause: Some("saml-profiles, 4.4.4.1; saml-metadata, 2.4.4; SDP-IDP04"),
    };
    BINDING_UNSUPPORTED = Explanation {
        code: "BINDING-UNSUPPORTED",
        meaning: "the answer is wanted over something other than HTTP-POST",
        status: Some((status::REQUESTER, Some(status::UNSUPPORTED_BINDING))),
        message: "The request asks for the answer in a way that is not done here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application ask for HTTP-POST, or leave ProtocolBinding out."),
        command: None,
        clause: Some("saml-profiles, 4.1.2; saml-core, 3.4.1"),
    };
    /// A NameID format that is not issued here.
    NAMEID_POLICY = Explanation {
        code: "NAMEID-POLICY",
        meaning: "the NameIDPolicy asks for a name that is not given here",
        status: Some((status::REQUESTER, Some(status::INVALID_NAME_ID_POLICY))),
        message: "The request asks for a kind of name that is not given here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application ask for one of the NameID formats that our metadata lists, or for none."),
        command: None,
        clause: Some("saml-core, 3.4.1.1"),
    };
    /// The refusal is sent to the default ACS.
    ACS_INDEX_UNKNOWN = Explanation {
        code: "ACS-INDEX-UNKNOWN",
        meaning: "the AssertionConsumerServiceIndex is not among the registered ones",
        status: Some((status::REQUESTER, Some(status::REQUEST_UNSUPPORTED))),
        message: "The request asks for the answer at an address by a number that is not registered here.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::RegisterMetadataAgain,
        command: Some(FixCommand::ShowApplication),
        clause: Some("saml-core, 3.4.1"),
    };
    AUTHN_CONTEXT = Explanation {
        code: "AUTHN-CONTEXT",
        meaning: "a way to sign in is wanted that there is not here: neither a password (PasswordProtectedTransport) nor, where second factors are used, two factors",
        status: Some((status::RESPONDER, Some(status::NO_AUTHN_CONTEXT))),
        message: "The request asks for a way to sign in that there is not here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application leave RequestedAuthnContext out, or ask for PasswordProtectedTransport or https://refeds.org/profile/mfa."),
        command: None,
        clause: Some("saml-core, 3.3.2.2.1"),
    };
    /// A page would have to be shown.
    NO_PASSIVE = Explanation {
        code: "NO-PASSIVE",
        meaning: "IsPassive, and the person would have to sign in",
        status: Some((status::RESPONDER, Some(status::NO_PASSIVE))),
        message: "The person is not signed in, and the request allows no page.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Nothing is wrong where the application only asks whether somebody is signed in. Otherwise let it leave IsPassive out."),
        command: None,
        clause: Some("saml-core, 3.4.1"),
    };
    SUBJECT_OTHER = Explanation {
        code: "SUBJECT-OTHER",
        meaning: "the request is about another person than the one signed in",
        status: Some((status::RESPONDER, Some(status::UNKNOWN_PRINCIPAL))),
        message: "The request is about another person than the one who is signed in.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words("Sign out here, and sign in as the person whom the application expects."),
        command: None,
        clause: Some("saml-profiles, 4.1.4.1; saml-core, 3.4.1.4"),
    };
    /// A page says so first, where one may be shown.
    ACCESS_MISSING = Explanation {
        code: "ACCESS-MISSING",
        meaning: "the application is open to chosen people and groups, and the person is not among them; our own page is shown first, where one may be",
        status: Some((status::RESPONDER, Some(status::REQUEST_DENIED))),
        message: "The person is not among those who may use the application.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::GiveAccess,
        command: Some(FixCommand::ShowAccess),
        clause: None,
    };
    /// No response is sent that lacks a required attribute.
    ATTRIBUTE_MISSING = Explanation {
        code: "ATTRIBUTE-MISSING",
        meaning: "the person has no value for an attribute that the application requires; the detail names it",
        status: Some((status::RESPONDER, Some(status::REQUEST_DENIED))),
        message: "The account lacks a value that the application requires.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::GiveAttribute,
        command: Some(FixCommand::ListAttributes),
        clause: None,
    };
    SCOPING_OTHER = Explanation {
        code: "SCOPING-OTHER",
        meaning: "the request lists other identity providers only",
        status: Some((status::RESPONDER, Some(status::NO_SUPPORTED_IDP))),
        message: "The request lists other identity providers only.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Put our Entity ID into the application's list of identity providers, or let it send no list."),
        command: Some(FixCommand::ShowApplication),
        clause: Some("saml-core, 3.4.1.2"),
    };
    REQUEST_UNSUPPORTED = Explanation {
        code: "REQUEST-UNSUPPORTED",
        meaning: "Conditions in an AuthnRequest; a LogoutRequest without a plain NameID, for which our own page is shown",
        status: Some((status::REQUESTER, Some(status::REQUEST_UNSUPPORTED))),
        message: "The request asks for something that is not done here.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application leave out what the detail names; no common service provider sends it."),
        command: None,
        clause: Some("saml-core, 3.2.2.2 and 3.4.1"),
    };
    SESSION_UNKNOWN = Explanation {
        code: "SESSION-UNKNOWN",
        meaning: "a LogoutRequest that names no session of its sender: nobody by that name, or another format or index than the open session's",
        status: Some((status::RESPONDER, Some(status::UNKNOWN_PRINCIPAL))),
        message: "The person whom the request names is not signed in there.",
        responsible: ResponsibleParty::ApplicationAdministrator,
        fix: Fix::Words("Let the application send the NameID, its format and qualifiers, and the SessionIndex as it received them. Whoever is still signed in here signs out on their own page."),
        command: None,
        clause: Some("saml-core, 3.7.3.2 and 3.3.4"),
    };
}
