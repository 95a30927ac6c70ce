//! Every code that can appear in a log line, in the audit log or on a page.

use crate::{
    model::explanation::{Explanation, ResponsibleParty},
    saml::refusal,
};

/// The request was signed, but no certificate is registered to verify it.
pub const SIGNATURE_UNCHECKED: &str = "SIGNATURE-UNCHECKED";
/// The e-mail address and the password do not match.
pub const LOGIN_WRONG: &str = "LOGIN-WRONG";
/// Too many failed attempts.
pub const LOGIN_THROTTLED: &str = "LOGIN-THROTTLED";
/// A form that did not come from our own page in this browser.
pub const FORM_FOREIGN: &str = "FORM-FOREIGN";
/// A user signed out, and not all applications confirmed it.
pub const LOGOUT_PARTIAL: &str = "LOGOUT-PARTIAL";
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
        fix: "Register the application's certificate with `hallpass app edit --certificate` or `--metadata`.",
        command: Some("hallpass app edit {slug} --certificate FILE"),
        clause: Some("saml-core, 3.2.1"),
    },
    Explanation {
        code: LOGIN_WRONG,
        meaning: "unknown, wrong or switched off: the same page and time for all three",
        status: None,
        message: "That e-mail and password do not belong together. Check both, then try again.",
        responsible: ResponsibleParty::User,
        fix: "Try again. Whoever has forgotten the password gets a new one by `hallpass user set-password`.",
        command: Some("hallpass user set-password EMAIL"),
        clause: None,
    },
    Explanation {
        code: LOGIN_THROTTLED,
        meaning: "too many failed attempts; what was typed was not looked at; 429 and Retry-After",
        status: None,
        message: "There were too many failed attempts, so we pause to keep accounts safe.",
        responsible: ResponsibleParty::User,
        fix: "Wait as long as the page says, then try again. `hallpass user unlock` lifts the pause of one person.",
        command: None,
        clause: None,
    },
    Explanation {
        code: LOGOUT_PARTIAL,
        meaning: "a person signed out, and not every application confirmed that its session ended: the detail names them",
        status: None,
        message: "Not every application confirmed that its session ended.",
        responsible: ResponsibleParty::EitherAdministrator,
        fix: "Register the logout address of those without one with `hallpass app edit --metadata`; look into the log of those that refused or did not answer.",
        command: Some("hallpass app list"),
        clause: Some("saml-core, 3.7.3.2"),
    },
    Explanation {
        code: FORM_FOREIGN,
        meaning: "a form of ours came without its cookie, from another site, or from before somebody signed out; only in the log",
        status: None,
        message: "You are no longer signed in; or: Your browser keeps no cookies for this page.",
        responsible: ResponsibleParty::User,
        fix: "Try again on the page that came back.",
        command: None,
        clause: None,
    },
    Explanation {
        code: FAILURE,
        meaning: "something failed on our side; the log has a line with the reference and the cause",
        status: None,
        message: "Something went wrong on our side, not on yours.",
        responsible: ResponsibleParty::ProviderAdministrator,
        fix: "Wait a minute, then begin again where you came from. If it stays, look at the log under this reference.",
        command: None,
        clause: None,
    },
];

/// All codes.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    refusal::all().chain(OWN_EXPLANATIONS)
}

/// The explanation of `code`, in upper or lower case.
pub fn explanation(code: &str) -> Option<&'static Explanation> {
    all().find(|one| one.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn table_row(one: &Explanation) -> String {
        let answer = match one.status {
            None => "page".to_owned(),
            Some((top, None)) => short(top).to_owned(),
            Some((top, Some(second))) => format!("{}, {}", short(top), short(second)),
        };
        format!(
            "| `{}` | {} | {answer} | {} | {} |",
            one.code,
            one.meaning,
            one.responsible.description(),
            one.fix
        )
    }

    fn short(status: &str) -> &str {
        status.rsplit(':').next().unwrap_or(status)
    }

    #[test]
    fn docs_errors_md_has_a_row_for_every_code_and_no_other() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
        let text = fs::read_to_string(file).unwrap();
        let documented: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: BTreeSet<String> = all().map(table_row).collect();
        let missing: Vec<_> = expected
            .iter()
            .filter(|row| !documented.contains(row.as_str()))
            .collect();
        let unexpected: Vec<_> = documented
            .iter()
            .filter(|row| !expected.contains(**row))
            .collect();
        assert!(
            missing.is_empty() && unexpected.is_empty(),
            "docs/errors.md lacks these rows:\n{}\nand has rows that no code has:\n{}\n",
            missing
                .iter()
                .map(|row| row.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
            unexpected.iter().map(|row| **row).collect::<Vec<_>>().join("\n"),
        );
    }

    #[test]
    fn a_code_is_found_in_any_case_and_stands_once() {
        assert_eq!(explanation("acs-unknown").unwrap().code, "ACS-UNKNOWN");
        assert_eq!(explanation("ACS"), None);
        let codes: BTreeSet<_> = all().map(|one| one.code).collect();
        assert_eq!(codes.len(), all().count());
    }
}
