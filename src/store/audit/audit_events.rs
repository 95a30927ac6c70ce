//! `audit_events`.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Bool, Text},
};
use serde::{Deserialize, Serialize};

use crate::{
    model::{
        audit::{AuditEvent, ValueChange},
        id::{ApplicationId, AuditId, SessionId, UserId},
    },
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::{Error, RowContext},
        schema::audit_events,
    },
};

/// An [`AuditEvent`] as read from the database. Its action may be one that an older version wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredAuditEvent {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    /// Name of the action, such as `user.add`.
    pub action: String,
    /// `ok`, or the reason for the failure; refusals have a code in capitals.
    pub outcome: String,
    /// Text for the administrator.
    pub detail: Option<String>,
    /// The user concerned.
    pub user: Option<UserId>,
    /// The application that sent the request, or that it was about.
    pub application: Option<ApplicationId>,
    pub session: Option<SessionId>,
    /// Source address of the request.
    pub address: Option<IpAddr>,
    /// Id of the HTTP request that caused this event.
    pub request_id: Option<String>,
    /// How many times it occurred: repeated events are folded into one row.
    pub occurrences: i64,
    /// Operating system user who ran the command.
    pub actor: Option<String>,
    /// Values that an edit changed.
    pub changes: Vec<ValueChange>,
}

/// Which audit events to read.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// From this row on, inclusive.
    pub since: Option<AuditId>,
    /// After this row.
    pub after: Option<AuditId>,
    /// Up to this row, exclusive.
    pub until: Option<AuditId>,
    pub application: Option<ApplicationId>,
    pub user: Option<UserId>,
    /// This action, or those whose names begin with it and a full stop.
    pub action: Option<String>,
    pub outcome: Option<String>,
    /// Only refusals: their outcome is a code.
    pub refused: bool,
    /// The user of the operating system who ran the command.
    pub actor: Option<String>,
    /// The oldest events first; else the newest first.
    pub oldest_first: bool,
}

impl AuditFilter {
    /// Whether no event with the outcome `ok` matches.
    fn is_refusals(&self) -> bool {
        self.refused || self.outcome.as_deref().is_some_and(|outcome| outcome != "ok")
    }
}

impl Tx {
    /// Writes one audit event.
    pub fn add_audit_event(&mut self, event: &AuditEvent) -> Result<(), Error> {
        // On the backend's own connection: diesel's `MultiConnection` would build the statement twice at each SSO.
        with_backend!(&mut self.0, |c| diesel::insert_into(audit_events::table)
            .values(Row::new(event, None))
            .execute(c))?;
        Ok(())
    }

    /// Writes an audit event, or adds it to the count of the row with the same `fold_key` and
    /// replaces that row's detail: a flood of requests updates one row instead of filling the disk.
    /// Housekeeping gives such a row its number in the chain when nothing is added to it any more.
    pub fn fold_audit_event(&mut self, event: &AuditEvent, fold_key: &str) -> Result<(), Error> {
        let row = Row::new(event, Some(fold_key.to_owned()));
        with_backend!(&mut self.0, |c| diesel::insert_into(audit_events::table)
            .values(row)
            .on_conflict(sql::<Text>("(fold_key) WHERE fold_key IS NOT NULL"))
            .do_update()
            .set((
                audit_events::occurrences.eq(audit_events::occurrences + event.occurrences),
                audit_events::detail.eq(&event.detail),
            ))
            .execute(c))?;
        Ok(())
    }

    /// When an SSO request of `application` was last answered or refused with exactly this `detail`.
    pub fn last_audit_event_at(
        &mut self,
        application: ApplicationId,
        detail: &str,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut newest = None;
        // Exactly as written in two partial indexes.
        for condition in [
            "action = 'sign_on' AND outcome = 'ok' AND detail IS NOT NULL",
            "outcome <> 'ok'",
        ] {
            let found = audit_events::table
                .filter(sql::<Bool>(condition))
                .filter(audit_events::application_id.eq(application.to_string()))
                .filter(audit_events::detail.eq(detail))
                .order(audit_events::id.desc())
                .select(audit_events::at)
                .first::<NaiveDateTime>(&mut self.0)
                .optional()?;
            newest = newest.max(found);
        }
        Ok(newest.map(|at| at.and_utc()))
    }

    /// At most `limit` events that match `filter`, newest first unless it says otherwise. The last one's id, as
    /// [`AuditFilter::until`], continues with older ones.
    pub fn audit_events(&mut self, filter: &AuditFilter, limit: i64) -> Result<Vec<StoredAuditEvent>, Error> {
        let Some(action) = &filter.action else {
            return self.audit_events_of_action(filter, None, limit);
        };
        // Each action is a range of the index, newest first; there are few.
        let mut found = Vec::new();
        for action in self.actions_below(action)? {
            found.append(&mut self.audit_events_of_action(filter, Some(&action), limit)?);
        }
        found.sort_unstable_by_key(|event| event.id);
        if !filter.oldest_first {
            found.reverse();
        }
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// `action`, and all actions in the log that begin with it and a full stop.
    fn actions_below(&mut self, action: &str) -> Result<Vec<String>, Error> {
        let column = action_column(&self.0);
        let mut found = vec![action.to_owned()];
        let mut least = format!("{action}.");
        // Comes after the full stop.
        let end = format!("{action}/");
        loop {
            let next = audit_events::table
                .filter(sql::<Bool>(NOT_SIGN_ON))
                .filter(sql::<Bool>(&format!("{column} >= ")).bind::<Text, _>(least))
                .filter(sql::<Bool>(&format!("{column} < ")).bind::<Text, _>(end.clone()))
                .order(sql::<Text>(column))
                .select(audit_events::action)
                .first::<String>(&mut self.0)
                .optional()?;
            let Some(next) = next else {
                return Ok(found);
            };
            // What follows this one directly.
            least = format!("{next}\u{1}");
            found.push(next);
        }
    }

    fn audit_events_of_action(
        &mut self,
        filter: &AuditFilter,
        action: Option<&str>,
        limit: i64,
    ) -> Result<Vec<StoredAuditEvent>, Error> {
        let leading = Leading::new(filter, action);
        let action_column = action_column(&self.0);
        let mut query = audit_events::table.select(Row::as_select()).into_boxed();
        if let Some(since) = filter.since {
            // Ids sort by creation time.
            query = query.filter(audit_events::id.ge(since.to_string()));
        }
        if let Some(after) = filter.after {
            query = query.filter(audit_events::id.gt(after.to_string()));
        }
        if let Some(until) = filter.until {
            query = query.filter(audit_events::id.lt(until.to_string()));
        }
        // Each exactly as written in a partial index, and only where that one is meant.
        if filter.is_refusals()
            && matches!(
                leading,
                Leading::Application | Leading::Outcome | Leading::Nothing
            )
        {
            query = query.filter(sql::<Bool>("outcome <> 'ok'"));
        }
        if leading == Leading::Action {
            query = query.filter(sql::<Bool>(NOT_SIGN_ON));
        }
        if filter.refused {
            // Only refusal codes are written in capitals.
            query = query.filter(sql::<Bool>("outcome = upper(outcome)"));
        }
        for (column, value, leads) in [
            (
                "user_id",
                filter.user.map(|id| id.to_string()),
                leading == Leading::User,
            ),
            (
                "application_id",
                filter.application.map(|id| id.to_string()),
                leading == Leading::Application,
            ),
            ("outcome", filter.outcome.clone(), leading == Leading::Outcome),
            ("actor", filter.actor.clone(), leading == Leading::Actor),
            (
                action_column,
                action.map(str::to_owned),
                leading == Leading::Action,
            ),
        ] {
            let Some(value) = value else { continue };
            // No index serves a function's result: only the one that leads remains.
            let condition = if leads {
                format!("{column} = ")
            } else {
                format!("coalesce({column}, '') = ")
            };
            query = query.filter(sql::<Bool>(&condition).bind::<Text, _>(value));
        }
        let query = if filter.oldest_first {
            query.order(audit_events::id.asc())
        } else {
            query.order(audit_events::id.desc())
        };
        query
            .limit(limit)
            .load(&mut self.0)?
            .into_iter()
            .map(StoredAuditEvent::try_from)
            .collect()
    }

    /// Events with an outcome other than `ok` whose request ids begin with the hex digits `prefix`:
    /// at most `limit` rows, in no particular order.
    pub fn refusals_by_request_prefix(
        &mut self,
        prefix: &str,
        limit: i64,
    ) -> Result<Vec<StoredAuditEvent>, Error> {
        audit_events::table
            // Exactly as written in the partial index: the planner uses it for no other form.
            .filter(sql::<Bool>("outcome <> 'ok'"))
            .filter(audit_events::request_id.ge(prefix))
            // `g` comes after every hex digit.
            .filter(audit_events::request_id.lt(format!("{prefix}g")))
            .limit(limit)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(StoredAuditEvent::try_from)
            .collect()
    }

    /// The first `limit` events of the request with this id. Scans the whole table.
    pub fn audit_events_of_request(
        &mut self,
        request_id: &str,
        limit: i64,
    ) -> Result<Vec<StoredAuditEvent>, Error> {
        audit_events::table
            .filter(audit_events::request_id.eq(request_id))
            .order(audit_events::id)
            .limit(limit)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(StoredAuditEvent::try_from)
            .collect()
    }
}

/// The condition of the index by action: a sign-in that succeeds is not in it.
const NOT_SIGN_ON: &str = "action <> 'sign_on'";

/// The action as its index sorts it: byte by byte, so that the actions of one kind are a range.
const fn action_column(connection: &AnyConnection) -> &'static str {
    match connection {
        AnyConnection::Sqlite(_) => "action",
        AnyConnection::Postgres(_) => "action COLLATE \"C\"",
    }
}

/// The filter whose index is used. One index leads, and the other filters are checked on its rows: so the filter with
/// the fewest rows leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Leading {
    User,
    /// Of those who run commands, each has run few.
    Actor,
    Application,
    Outcome,
    Action,
    /// Newest first, all of them or all refusals.
    Nothing,
}

impl Leading {
    fn new(filter: &AuditFilter, action: Option<&str>) -> Self {
        if filter.user.is_some() {
            Self::User
        } else if filter.actor.is_some() {
            Self::Actor
        } else if filter.application.is_some() && filter.is_refusals() {
            // There is an index of the refusals of each application.
            Self::Application
        } else if filter.outcome.as_deref().is_some_and(|outcome| outcome != "ok") {
            Self::Outcome
        } else if action.is_some_and(|action| action != "sign_on") {
            Self::Action
        } else if filter.application.is_some() {
            Self::Application
        } else {
            Self::Nothing
        }
    }
}

// With every column in every statement, diesel knows the statement by its type: else it would be written out to be found
// among the prepared ones.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
struct Row {
    id: String,
    at: NaiveDateTime,
    action: String,
    outcome: String,
    detail: Option<String>,
    user_id: Option<String>,
    application_id: Option<String>,
    session_id: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    occurrences: i64,
    fold_key: Option<String>,
    unproven: bool,
    actor: Option<String>,
    changes: Option<String>,
}

/// A [`ValueChange`] in its JSON column.
#[derive(Deserialize, Serialize)]
struct ValueChangeJson {
    value: String,
    old: Option<String>,
    new: Option<String>,
}

impl From<&ValueChange> for ValueChangeJson {
    fn from(change: &ValueChange) -> Self {
        let ValueChange {
            name: value,
            old,
            new,
        } = change.clone();
        Self { value, old, new }
    }
}

impl From<ValueChangeJson> for ValueChange {
    fn from(json: ValueChangeJson) -> Self {
        let ValueChangeJson { value, old, new } = json;
        Self {
            name: value,
            old,
            new,
        }
    }
}

impl Row {
    fn new(event: &AuditEvent, fold_key: Option<String>) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at.naive_utc(),
            action: event.action.as_str().to_owned(),
            outcome: event.outcome.clone(),
            detail: event.detail.clone(),
            user_id: event.user.map(|id| id.to_string()),
            application_id: event.application.map(|id| id.to_string()),
            session_id: event.session.map(|id| id.to_string()),
            address: event.address.map(|address| address.to_string()),
            request_id: event.request_id.clone(),
            occurrences: event.occurrences,
            fold_key,
            unproven: event.unauthenticated,
            actor: event.actor.clone(),
            // Serializing plain strings cannot fail.
            changes: Some(
                event
                    .changes
                    .iter()
                    .map(ValueChangeJson::from)
                    .collect::<Vec<_>>(),
            )
            .filter(|changes| !changes.is_empty())
            .and_then(|changes| serde_json::to_string(&changes).ok()),
        }
    }
}

/// The row of an event, for a statement that writes many.
pub(in crate::store) fn event_json(event: &AuditEvent) -> serde_json::Value {
    let row = Row::new(event, None);
    serde_json::json!({
        "id": row.id,
        "at": row.at.format("%F %T%.f").to_string(),
        "action": row.action,
        "outcome": row.outcome,
        "detail": row.detail,
        "user_id": row.user_id,
        "application_id": row.application_id,
        "session_id": row.session_id,
        "address": row.address,
        "request_id": row.request_id,
        "occurrences": row.occurrences,
        "unproven": row.unproven,
        "actor": row.actor,
        "changes": row.changes,
    })
}

impl TryFrom<Row> for StoredAuditEvent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("audit_events", &row.id);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            at: row.at.and_utc(),
            action: row.action,
            outcome: row.outcome,
            detail: row.detail,
            user: name.optional(row.user_id, |id| id.parse())?,
            application: name.optional(row.application_id, |id| id.parse())?,
            session: name.optional(row.session_id, |id| id.parse())?,
            address: name.optional(row.address, |address| address.parse())?,
            request_id: row.request_id,
            occurrences: row.occurrences,
            actor: row.actor,
            changes: match row.changes {
                Some(changes) => name
                    .valid(serde_json::from_str::<Vec<ValueChangeJson>>(&changes))?
                    .into_iter()
                    .map(ValueChange::from)
                    .collect(),
                None => Vec::new(),
            },
        })
    }
}
