//! People who are switched off, and where they signed in until then.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_types::{Nullable, Text, Timestamp},
};

use crate::{
    model::{
        application::Slug,
        id::AuditId,
        user::{Email, Leaver},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
    },
};

/// From the people who are switched off, who are few, to their rows in the audit log by an index.
const LEAVERS: &str = "SELECT users.email AS email, applications.slug AS slug, applications.name AS name, \
     app_identities.last_name_id AS name_id, max(audit_events.at) AS signed_in_at \
     FROM users \
     JOIN audit_events ON audit_events.user_id = users.id AND audit_events.id >= $1 \
     JOIN applications ON applications.id = audit_events.application_id \
     LEFT JOIN app_identities ON app_identities.user_id = users.id \
     AND app_identities.application_id = applications.id \
     WHERE users.enabled = FALSE AND audit_events.action = 'sign_on' AND audit_events.outcome = 'ok' \
     GROUP BY users.email, applications.slug, applications.name, app_identities.last_name_id \
     ORDER BY users.email, applications.slug";

impl Tx {
    /// Each application at which somebody who is switched off signed in at `since` or later, by address.
    pub fn leavers(&mut self, since: AuditId) -> Result<Vec<Leaver>, Error> {
        let rows: Vec<Row> = diesel::sql_query(LEAVERS)
            .bind::<Text, _>(since.to_string())
            .load(&mut self.0)?;
        rows.into_iter()
            .map(|row| {
                let context = RowContext::new("users", &row.email);
                Ok(Leaver {
                    email: context.column("email").valid(Email::parse(&row.email))?,
                    application: context.column("slug").valid(Slug::parse(&row.slug))?,
                    application_name: row.name,
                    name_id: row.name_id,
                    signed_in_at: row.signed_in_at.and_utc(),
                })
            })
            .collect()
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    name_id: Option<String>,
    #[diesel(sql_type = Timestamp)]
    signed_in_at: NaiveDateTime,
}
