//! What an administrator is told of a code or of one decision: the row of the audit trail, and beside it what is
//! registered now. None of this is ever shown on a page.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{Application, Kind},
        explanation::Explanation,
        fact::Facts,
        id::{AuditId, UserId},
        reference::Reference,
        user::User,
    },
    provider::{Provider, codes, error::Error, saml::facts::name, snapshot::Snapshot},
    store::AuditFilter,
};

pub use crate::store::AuditRow;

/// How many refusals one reference may lead to.
const MOST: i64 = 100;

/// A row of the audit trail, and who is who in it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The row.
    pub row: AuditRow,
    /// What its outcome means, where that is a code.
    pub explanation: Option<&'static Explanation>,
    /// The application, if it is still there.
    pub application: Option<Arc<Application>>,
    /// The person, if still there.
    pub person: Option<User>,
    /// What the present registration says about it.
    pub hints: Vec<String>,
}

/// Which decisions to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Not older.
    pub since: Option<DateTime<Utc>>,
    /// Older.
    pub until: Option<DateTime<Utc>>,
    /// Of this application.
    pub application: Option<Arc<Application>>,
    /// About this person.
    pub user: Option<UserId>,
    /// Of this action, or of all that begin with it and a full stop.
    pub action: Option<String>,
    /// With this code, or `ok`.
    pub code: Option<String>,
    /// Refusals alone.
    pub refused: bool,
    /// How many of the newest.
    pub newest: u32,
}

impl Decision {
    /// Its reference; a decision of the command line has none.
    pub fn reference(&self) -> Option<Reference> {
        self.row.request_id.as_deref().map(Reference::of)
    }

    /// The words of the row, and the values that were asked for.
    pub fn told(&self) -> (&str, Vec<(&str, &str)>) {
        Facts::of_detail(self.row.detail.as_deref().unwrap_or_default())
    }

    /// The command that mends it or shows where to look, for this application.
    pub fn command(&self) -> Option<String> {
        let template = self.explanation?.command?;
        Some(match &self.application {
            None => template
                .replace("{slug}", "SLUG")
                .replace("{addresses}", "--acs 'ACS URL'"),
            Some(application) => template
                .replace("{slug}", application.slug.as_str())
                .replace("{addresses}", &addresses(application)),
        })
    }

    fn fact(&self, wanted: &str) -> Option<&str> {
        let (_words, facts) = self.told();
        facts
            .into_iter()
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

/// The arguments of `app edit` that register one more address and keep the others. What was asked for is not
/// filled in: anybody can ask, and only the application's own settings say what is right.
fn addresses(application: &Application) -> String {
    match application.kind {
        Kind::ChatGptLegacy | Kind::ChatGptCurrent => "--acs 'ACS URL' --audience 'AUDIENCE'".to_owned(),
        Kind::Saml => {
            let known = application.saml.consumers.iter();
            let mut words: Vec<_> = known
                .map(|consumer| format!("--acs {}", quoted(consumer.location.as_str())))
                .collect();
            words.push("--acs 'ACS URL'".to_owned());
            words.join(" ")
        }
    }
}

/// As one word of a shell's line.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Provider {
    /// What was decided, but `ok`, about the requests that `reference` leads to, the oldest first. A whole
    /// request id finds what was `ok` too.
    pub fn decisions(&self, reference: &Reference) -> Result<Vec<Decision>, Error> {
        let mut rows = self.store().read(|tx| tx.refusals_of(reference.prefix(), MOST))?;
        if rows.is_empty() && reference.is_whole() {
            rows = self.store().read(|tx| tx.decisions_of(reference.prefix()))?;
        }
        rows.sort_unstable_by_key(|row| row.id);
        self.explained(rows)
    }

    /// The newest decisions that are wanted, the newest first.
    pub fn audit(&self, wanted: &Wanted) -> Result<Vec<Decision>, Error> {
        let filter = AuditFilter {
            since: wanted.since.map(|since| AuditId::new(since, [0; 10])),
            until: wanted.until.map(|until| AuditId::new(until, [0; 10])),
            application: wanted.application.as_ref().map(|application| application.id),
            user: wanted.user,
            action: wanted.action.clone(),
            outcome: wanted.code.clone(),
            refused: wanted.refused,
        };
        let rows = self
            .store()
            .read(|tx| tx.audit_events(&filter, i64::from(wanted.newest)))?;
        self.explained(rows)
    }

    fn explained(&self, rows: Vec<AuditRow>) -> Result<Vec<Decision>, Error> {
        let snapshot = self.current()?;
        let mut decisions = Vec::with_capacity(rows.len());
        for row in rows {
            let person = match row.user {
                Some(id) => self.store().read(|tx| tx.user(id))?,
                None => None,
            };
            let mut decision = Decision {
                explanation: codes::explained(&row.outcome),
                application: row.application.and_then(|id| snapshot.by_id(id).cloned()),
                person,
                hints: Vec::new(),
                row,
            };
            decision.hints = self.hints(&snapshot, &decision);
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// What the registration of today says about what was asked for then.
    fn hints(&self, snapshot: &Snapshot, decision: &Decision) -> Vec<String> {
        let mut hints = Vec::new();
        let application = decision.application.as_deref();
        match (decision.row.outcome.as_str(), application) {
            (codes::LOGIN_WRONG, _) => hints.push(match (&decision.row.user, &decision.person) {
                (None, _) => "Nobody here has the address that was typed: `hallpass user list` shows everybody.".to_owned(),
                (Some(_), None) => "The person has been removed since.".to_owned(),
                (Some(_), Some(user)) if user.deleted_at.is_some() => format!(
                    "{} is deleted: `hallpass user enable {}` undoes that until they are erased.",
                    user.email, user.email
                ),
                (Some(_), Some(user)) if !user.enabled => format!(
                    "{} is switched off: `hallpass user enable {}` switches them on again.",
                    user.email, user.email
                ),
                (Some(_), Some(user)) => format!(
                    "The address is that of {}, and the password was wrong: `hallpass user set-password {}` sets another.",
                    user.full_name(),
                    user.email
                ),
            }),
            ("ACS-UNKNOWN", Some(application)) => {
                let known = application
                    .saml
                    .consumers
                    .iter()
                    .map(|consumer| consumer.location.as_str());
                if let Some(asked) = decision.fact(name::CONSUMER) {
                    hints.extend(known.filter_map(|known| compared("the registered ACS URL", asked, known)));
                }
            }
            ("DESTINATION-WRONG", _) => {
                let endpoints = self.endpoints();
                let ours = if decision.row.action == "logout" {
                    &endpoints.slo
                } else {
                    &endpoints.sso
                };
                match decision.fact(name::DESTINATION) {
                    Some(asked) => hints.extend(compared("our address", asked, ours)),
                    None => hints.push("it was signed without a Destination".to_owned()),
                }
                hints.push(format!("our address is {ours}"));
            }
            ("ISSUER-UNKNOWN", _) => {
                if let Some(asked) = decision.fact(name::ISSUER) {
                    for application in &snapshot.applications {
                        let known = application.saml.entity_id.as_str();
                        let what = format!("the entity ID of {}", application.slug.as_str());
                        hints.extend(compared(&what, asked, known));
                    }
                }
            }
            ("APPLICATION-DISABLED", Some(application)) if application.enabled => {
                hints.push("it is enabled by now".to_owned());
            }
            ("SIGNATURE-WRONG", Some(application)) => {
                let (_words, facts) = decision.told();
                let now = &application.saml.certificates;
                let changed = facts
                    .iter()
                    .filter(|(name, _)| *name == name::CERTIFICATE)
                    .any(|(_, tried)| now.iter().all(|certificate| certificate.sha256 != *tried));
                if changed {
                    hints.push("other certificates are registered by now".to_owned());
                }
                let brought: Vec<_> = facts
                    .iter()
                    .filter_map(|(name, sha256)| (*name == name::BROUGHT).then_some(*sha256))
                    .collect();
                if brought.is_empty() {
                    // Over HTTP-Redirect nothing says whose key it was.
                } else if now.iter().any(|known| brought.contains(&known.sha256.as_str())) {
                    hints.push(
                        "it brings a registered certificate, so it was changed on its way, or signed with another key"
                            .to_owned(),
                    );
                } else {
                    hints.push(
                        "it brings a certificate that is not registered; register that one only if the application's own settings show the same fingerprint"
                            .to_owned(),
                    );
                }
            }
            (_, _) => {}
        }
        hints
    }
}

/// Says how `asked` and `known` differ, where they are the same or nearly so.
fn compared(what: &str, asked: &str, known: &str) -> Option<String> {
    let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
    if asked == known {
        Some(format!("{what} is the same by now: {known}"))
    } else if asked.trim_end_matches('/') == known.trim_end_matches('/') {
        Some(format!("{what} differs only in a slash at the end: {known}"))
    } else if bare(asked) == bare(known) {
        Some(format!("{what} differs only in upper and lower case: {known}"))
    } else if asked.split('?').next() == known.split('?').next() {
        Some(format!(
            "{what} differs only in what follows the question mark: {known}"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_said() {
        let said = |asked, known| compared("it", asked, known);
        assert!(
            said("https://sp.example/acs", "https://sp.example/acs/")
                .unwrap()
                .contains("slash")
        );
        assert!(said("URN:x", "urn:x").unwrap().contains("lower case"));
        assert!(
            said("https://sp.example/a?c=1", "https://sp.example/a")
                .unwrap()
                .contains("question mark")
        );
        assert!(said("urn:x", "urn:x").unwrap().contains("by now"));
        assert_eq!(said("urn:x", "urn:y"), None);
    }

    #[test]
    fn a_value_stays_one_word_of_the_shell() {
        assert_eq!(
            quoted("https://sp.example/a'b c"),
            r"'https://sp.example/a'\''b c'"
        );
    }
}
