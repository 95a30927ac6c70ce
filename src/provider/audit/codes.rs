//! Every code that can appear in a log line, in the audit log or on a page.

use crate::{
    model::{
        explanation::{Explanation, ResponsibleParty},
        remedy::{Fix, FixCommand},
    },
    oidc,
    saml::refusal,
};

/// The request was signed, but no certificate is registered to verify it.
pub const SIGNATURE_UNCHECKED: &str = "SIGNATURE-UNCHECKED";
/// The e-mail address and the password do not match.
pub const LOGIN_WRONG: &str = "LOGIN-WRONG";
/// Too many failed attempts.
pub const LOGIN_THROTTLED: &str = "LOGIN-THROTTLED";
/// The code is none of the user's, or was used before.
pub const FACTOR_WRONG: &str = "FACTOR-WRONG";
/// Too many attempts with a second factor.
pub const FACTOR_THROTTLED: &str = "FACTOR-THROTTLED";
/// The passkey is none that lets anybody in here, or its answer is not good.
pub const PASSKEY_REFUSED: &str = "PASSKEY-REFUSED";
/// Too many links were asked for, to change one's own address.
pub const EMAIL_THROTTLED: &str = "EMAIL-THROTTLED";
/// The address that somebody asked for is of no domain that is listed.
pub const EMAIL_DOMAIN: &str = "EMAIL-DOMAIN";
/// Somebody else opened the link of a new address than the one who asked for it.
pub const EMAIL_LINK_OTHER: &str = "EMAIL-LINK-OTHER";
/// A form that did not come from our own page in this browser.
pub const FORM_FOREIGN: &str = "FORM-FOREIGN";
/// A user signed out, and not all applications confirmed it.
pub const LOGOUT_PARTIAL: &str = "LOGOUT-PARTIAL";
/// Mail that could not be delivered.
pub const MAIL_FAILED: &str = "MAIL-FAILED";
/// A failure of our own.
pub const FAILURE: &str = "FAILURE";

/// The codes that are not refusals of a SAML message.
const OWN_EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: SIGNATURE_UNCHECKED,
        meaning: "the request was signed, but no certificate is registered to check it: the sign-in continues as if it were unsigned",
        status: None,
        message: "Nothing is wrong for the person.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::RegisterCertificate,
        command: Some(FixCommand::AddCertificate),
        clause: Some("saml-core, 3.2.1"),
    },
    Explanation {
        code: LOGIN_WRONG,
        meaning: "unknown, wrong or switched off: the same page and time for all three",
        status: None,
        message: "That e-mail and password do not belong together. Check both, then try again.",
        responsible: ResponsibleParty::User,
        fix: Fix::ResetPassword,
        command: Some(FixCommand::SetPassword),
        clause: None,
    },
    Explanation {
        code: LOGIN_THROTTLED,
        meaning: "too many failed attempts; what was typed was not looked at; 429 and Retry-After",
        status: None,
        message: "There were too many failed attempts, so we pause to keep accounts safe.",
        responsible: ResponsibleParty::User,
        fix: Fix::LiftPause,
        command: None,
        clause: None,
    },
    Explanation {
        code: FACTOR_WRONG,
        meaning: "the password was right, and the code was not: it is none of the person's, too old, or was used before",
        status: None,
        message: "That code is not right, or was used before. Type the one that is shown now.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words(
            "Set the clock of the phone by the network. Who has lost the phone uses a recovery code, or asks you to remove the second factor.",
        ),
        command: Some(FixCommand::SecondFactor),
        clause: Some("rfc6238, 5.2"),
    },
    Explanation {
        code: PASSKEY_REFUSED,
        meaning: "the passkey is none that lets anybody in here, was removed, or its answer is not good: the detail says why",
        status: None,
        message: "That passkey did not work here.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words(
            "Sign in with the password, or with another passkey, and remove the one that does not work. Who has nothing else uses a recovery code, or asks you to remove the second factor.",
        ),
        command: Some(FixCommand::SecondFactor),
        clause: Some("webauthn-3, 7.2"),
    },
    Explanation {
        code: FACTOR_THROTTLED,
        meaning: "too many wrong codes after a right password, or too many passkeys that were not accepted; what was given was not looked at; 429 and Retry-After",
        status: None,
        message: "There were too many wrong codes, so we pause to keep accounts safe.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words(
            "Wait, or ask the person whether it was them: if not, somebody else knows the password, and they need a new one.",
        ),
        command: Some(FixCommand::SetPassword),
        clause: None,
    },
    Explanation {
        code: EMAIL_THROTTLED,
        meaning: "a person asked too often for a link to another address of their own, and got none; 429 and Retry-After; only in the audit log",
        status: None,
        message: "Too many links were asked for.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words(
            "Wait an hour. If it was not the person who asked, somebody else is signed in to their account: end its sessions, and let them choose another password.",
        ),
        command: None,
        clause: None,
    },
    Explanation {
        code: EMAIL_DOMAIN,
        meaning: "a person asked for an address of their own of another domain than people.email_domains lists: the detail names it; only in the audit log",
        status: None,
        message: "The address is of no domain that may be chosen here.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::Words(
            "Nothing is wrong where a person mistyped it. A domain that people may choose belongs into people.email_domains; another address can be given by an administrator.",
        ),
        command: None,
        clause: None,
    },
    Explanation {
        code: EMAIL_LINK_OTHER,
        meaning: "the link that confirms a new address was opened by somebody who was signed in as another person than the one who asked for it; only in the audit log",
        status: None,
        message: "This link is for another person than the one who is signed in here.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words(
            "Open it where the person who asked is signed in. Whoever received it without having asked ignores it.",
        ),
        command: None,
        clause: None,
    },
    Explanation {
        code: LOGOUT_PARTIAL,
        meaning: "a person signed out, and not every application confirmed that its session ended: the detail names them",
        status: None,
        message: "Not every application confirmed that its session ended.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: Fix::RegisterLogoutUrls,
        command: Some(FixCommand::ListApplications),
        clause: Some("saml-core, 3.7.3.2"),
    },
    Explanation {
        code: FORM_FOREIGN,
        meaning: "a form of ours came without its cookie, from another site, or from before somebody signed out; only in the log",
        status: None,
        message: "You are no longer signed in; or: Your browser keeps no cookies for this page.",
        responsible: ResponsibleParty::User,
        fix: Fix::Words("Try again on the page that came back."),
        command: None,
        clause: None,
    },
    Explanation {
        code: MAIL_FAILED,
        meaning: "a mail to a person could not be delivered and was given up; only in the log: the detail says why",
        status: None,
        message: "Nothing is shown: whoever asked for mail receives none.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::TestMail,
        command: None,
        clause: None,
    },
    Explanation {
        code: FAILURE,
        meaning: "something failed on our side; the log has a line with the reference and the cause",
        status: None,
        message: "Something went wrong on our side, not on yours.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: Fix::Words(
            "Wait a minute, then begin again where you came from. If it stays, look at the log under this reference.",
        ),
        command: None,
        clause: None,
    },
];

/// All codes.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    refusal::all().chain(oidc::refusal::all()).chain(OWN_EXPLANATIONS)
}

/// The explanation of `code`, in upper or lower case.
pub fn explanation(code: &str) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_found_in_any_case_and_stands_once() {
        assert_eq!(explanation("acs-unknown").unwrap().code, "ACS-UNKNOWN");
        assert_eq!(explanation("ACS"), None);
        let codes: BTreeSet<_> = all().map(|explanation| explanation.code).collect();
        assert_eq!(codes.len(), all().count());
    }
}
