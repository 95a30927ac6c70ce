//! A row of the audit log as JSON, with the users that it names and the application as it is registered now.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    api_model::remedy,
    model::{
        application::{Application, Client, Protocol, ServiceProvider},
        audit::ValueChange,
        explanation::Explanation,
        remedy::Remediable,
    },
    provider::audit::explain::AuditEntry,
};

/// The application as it is registered now, as names and values.
pub fn registered_values(application: &Application) -> Vec<(&'static str, String)> {
    let mut values = match &application.protocol {
        Protocol::Saml(sp) => service_provider_values(sp),
        Protocol::Oidc(client) => client_values(client),
    };
    if !application.enabled {
        values.push(("state", "switched off".to_owned()));
    }
    values
}

fn client_values(client: &Client) -> Vec<(&'static str, String)> {
    let redirect_uris = client.redirect_uris.iter();
    let mut values = vec![("client ID", client.client_id.to_string())];
    values.extend(redirect_uris.map(|url| ("redirect URI", url.as_str().to_owned())));
    values
}

fn service_provider_values(saml: &ServiceProvider) -> Vec<(&'static str, String)> {
    let mut values = vec![("entity ID", saml.entity_id.as_str().to_owned())];
    values.extend(
        saml.acs_endpoints
            .iter()
            .map(|endpoint| ("ACS URL", endpoint.location.as_str().to_owned())),
    );
    values.extend(saml.signing_certificates.iter().map(|certificate| {
        let until = certificate.not_after.format("%Y-%m-%d");
        ("certificate", format!("{} (until {until})", certificate.sha256))
    }));
    if saml.require_signed_requests {
        values.push(("requests", "must be signed".to_owned()));
    }
    values
}

#[derive(Debug, Serialize)]
pub struct CodeOutput {
    code: &'static str,
    means: &'static str,
    status: Vec<&'static str>,
    page: &'static str,
    who_fixes: &'static str,
    how: &'static str,
    clause: Option<&'static str>,
}

impl From<&'static Explanation> for CodeOutput {
    fn from(explanation: &'static Explanation) -> Self {
        Self {
            code: explanation.code,
            means: explanation.meaning,
            status: explanation
                .status
                .into_iter()
                .flat_map(|(top, second)| [Some(top), second])
                .flatten()
                .collect(),
            page: explanation.message,
            who_fixes: explanation.responsible.description(),
            how: remedy::fix_words(explanation.fix),
            clause: explanation.clause,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct AuditEntryOutput<'a> {
    at: DateTime<Utc>,
    action: &'a str,
    outcome: &'a str,
    reference: Option<String>,
    request_id: Option<&'a str>,
    occurrences: i64,
    detail: Option<&'a str>,
    asked: Vec<RequestDetailOutput<'a>>,
    application: Option<AuditedApplicationOutput<'a>>,
    person: Option<AuditedUserOutput>,
    session: Option<String>,
    address: Option<String>,
    /// The operating system's user who ran the command.
    by: Option<&'a str>,
    changes: Vec<ChangeOutput<'a>>,
    hints: Vec<String>,
    command: Option<String>,
    explanation: Option<CodeOutput>,
}

#[derive(Debug, Serialize)]
pub(in crate::api_model) struct ChangeOutput<'a> {
    value: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

impl<'a> From<&'a ValueChange> for ChangeOutput<'a> {
    fn from(change: &'a ValueChange) -> Self {
        Self {
            value: &change.name,
            old: change.old.as_deref(),
            new: change.new.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RequestDetailOutput<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Debug, Serialize)]
struct AuditedApplicationOutput<'a> {
    id: String,
    slug: Option<&'a str>,
    name: Option<&'a str>,
    registered: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Debug, Serialize)]
struct AuditedUserOutput {
    id: String,
    email: Option<String>,
}

impl<'a> From<&'a AuditEntry> for AuditEntryOutput<'a> {
    fn from(decision: &'a AuditEntry) -> Self {
        let row = &decision.row;
        let (message, details) = decision.parsed_detail();
        Self {
            at: row.at,
            action: &row.action,
            outcome: &row.outcome,
            reference: decision.reference().map(|reference| reference.to_string()),
            request_id: row.request_id.as_deref(),
            occurrences: row.occurrences,
            detail: Some(message).filter(|message| !message.is_empty()),
            asked: details
                .into_iter()
                .map(|(name, value)| RequestDetailOutput { name, value })
                .collect(),
            application: row.application.map(|id| AuditedApplicationOutput {
                id: id.to_string(),
                slug: decision
                    .application
                    .as_ref()
                    .map(|application| application.slug.as_str()),
                name: decision
                    .application
                    .as_ref()
                    .map(|application| application.name.as_str()),
                registered: decision
                    .application
                    .as_ref()
                    .map_or_else(BTreeMap::new, |application| {
                        let mut values = BTreeMap::<_, Vec<_>>::new();
                        for (name, value) in registered_values(application) {
                            values.entry(name).or_default().push(value);
                        }
                        values
                    }),
            }),
            person: row.user.map(|id| AuditedUserOutput {
                id: id.to_string(),
                email: decision
                    .user
                    .as_ref()
                    .map(|person| person.email.as_str().to_owned()),
            }),
            session: row.session.map(|id| id.to_string()),
            address: row.address.map(|address| address.to_string()),
            by: row.actor.as_deref(),
            changes: row.changes.iter().map(ChangeOutput::from).collect(),
            hints: decision
                .hints
                .iter()
                .map(|hint| hint.with_words(remedy::words))
                .collect(),
            command: remedy::command_of(decision),
            explanation: decision.explanation.map(CodeOutput::from),
        }
    }
}

/// A row for a program that keeps it: what is stored, without explanations.
#[derive(Debug, Serialize)]
pub struct AuditRowOutput<'a> {
    id: String,
    at: DateTime<Utc>,
    action: &'a str,
    outcome: &'a str,
    reference: Option<String>,
    request_id: Option<&'a str>,
    occurrences: i64,
    detail: Option<&'a str>,
    application: Option<ApplicationNameOutput<'a>>,
    person: Option<AuditedUserOutput>,
    session: Option<String>,
    address: Option<String>,
    by: Option<&'a str>,
    changes: Vec<ChangeOutput<'a>>,
}

#[derive(Debug, Serialize)]
struct ApplicationNameOutput<'a> {
    id: String,
    slug: Option<&'a str>,
}

impl<'a> From<&'a AuditEntry> for AuditRowOutput<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        let row = &entry.row;
        let application = entry.application.as_ref();
        Self {
            id: row.id.to_string(),
            at: row.at,
            action: &row.action,
            outcome: &row.outcome,
            reference: entry.reference().map(|reference| reference.to_string()),
            request_id: row.request_id.as_deref(),
            occurrences: row.occurrences,
            detail: row.detail.as_deref(),
            application: row.application.map(|id| ApplicationNameOutput {
                id: id.to_string(),
                slug: application.map(|application| application.slug.as_str()),
            }),
            person: row.user.map(|id| AuditedUserOutput {
                id: id.to_string(),
                email: entry.user.as_ref().map(|user| user.email.as_str().to_owned()),
            }),
            session: row.session.map(|id| id.to_string()),
            address: row.address.map(|address| address.to_string()),
            by: row.actor.as_deref(),
            changes: row.changes.iter().map(ChangeOutput::from).collect(),
        }
    }
}
