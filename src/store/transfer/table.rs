//! The tables, and their columns as the database itself describes them.

use diesel::{prelude::*, sql_types::Text};

use crate::store::{connection::AnyConnection, error::Error};

/// What a table holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableContent {
    /// People, applications, keys, and whatever else is there until somebody changes it.
    Lasting,
    /// What ends by itself: sessions, logouts under way, what was answered a moment ago.
    Passing,
    /// The audit log.
    Audit,
}

impl TableContent {
    pub const EVERYTHING: [Self; 3] = [Self::Lasting, Self::Passing, Self::Audit];
    /// What a backup contains, unless it leaves out the audit log.
    pub const BACKED_UP: [Self; 2] = [Self::Lasting, Self::Audit];
}

/// A table that is copied.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) content: TableContent,
}

/// Every table, each after those that it refers to. `schema_epoch` comes with the migrations, `heartbeat` says only that
/// a database takes writes, `configuration_changes` is of use only to who has read it before, and nothing uses
/// `waiting_sign_ons` any more.
pub(in crate::store) const TABLES: [Table; 55] = {
    use TableContent::{Audit, Lasting, Passing};
    const fn table(content: TableContent, name: &'static str) -> Table {
        Table { name, content }
    }
    [
        table(Lasting, "installation"),
        table(Lasting, "users"),
        table(Lasting, "spent_stable_ids"),
        table(Lasting, "user_attributes"),
        table(Lasting, "user_passwords"),
        table(Lasting, "second_factors"),
        table(Lasting, "recovery_codes"),
        table(Lasting, "groups"),
        table(Lasting, "group_members"),
        table(Lasting, "applications"),
        table(Lasting, "application_users"),
        table(Lasting, "application_groups"),
        table(Lasting, "saml_service_providers"),
        table(Lasting, "oidc_clients"),
        table(Lasting, "oidc_redirect_uris"),
        table(Lasting, "oidc_client_secrets"),
        table(Lasting, "saml_attributes"),
        table(Lasting, "persistent_name_ids"),
        table(Lasting, "saml_consumers"),
        table(Lasting, "saml_certificates"),
        table(Lasting, "app_identities"),
        table(Lasting, "verified_emails"),
        table(Lasting, "organisation_domains"),
        table(Lasting, "signing_keys"),
        table(Lasting, "oidc_keys"),
        table(Lasting, "application_drafts"),
        table(Lasting, "application_key_follow"),
        table(Lasting, "metadata_addresses"),
        table(Lasting, "metadata_fetches"),
        table(Lasting, "metadata_sources"),
        table(Lasting, "metadata_source_certificates"),
        table(Lasting, "metadata_source_copies"),
        table(Lasting, "known_entities"),
        table(Lasting, "application_sources"),
        table(Lasting, "known_devices"),
        table(Passing, "oidc_grants"),
        table(Passing, "refresh_tokens"),
        table(Passing, "authorization_codes"),
        table(Passing, "access_tokens"),
        table(Passing, "sessions"),
        table(Passing, "session_participants"),
        table(Passing, "answered_requests"),
        table(Passing, "seen_ids"),
        table(Passing, "logouts"),
        table(Passing, "logout_hops"),
        table(Passing, "posted_logouts"),
        table(Passing, "login_throttle"),
        table(Passing, "network_people"),
        table(Passing, "jobs"),
        table(Passing, "one_time_links"),
        table(Passing, "email_changes"),
        table(Audit, "audit_events"),
        table(Audit, "audit_numbers"),
        table(Audit, "audit_batches"),
        table(Audit, "audit_chain"),
    ]
};

/// How a value is written as JSON on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::store) enum ColumnKind {
    Text,
    Number,
    Boolean,
    /// `\x` and hex, as PostgreSQL writes it.
    Bytes,
    /// As SQLite stores it: `2026-11-30 22:19:25.123`, with as many digits as it needs.
    Time,
}

#[derive(Debug)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: String,
    pub(in crate::store) kind: ColumnKind,
}

/// The columns of `table`, by name.
pub(in crate::store) fn columns(conn: &mut AnyConnection, table: Table) -> Result<Vec<Column>, Error> {
    let query = match conn {
        AnyConnection::Sqlite(_) => {
            format!(
                "SELECT name, type AS declared FROM pragma_table_info('{}') ORDER BY name",
                table.name
            )
        }
        AnyConnection::Postgres(_) => format!(
            "SELECT column_name::text AS name, data_type::text AS declared FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{}' ORDER BY column_name COLLATE \"C\"",
            table.name
        ),
    };
    let described = diesel::sql_query(query).load::<DescribedColumn>(conn)?;
    described
        .into_iter()
        .map(|column| {
            let kind = kind_of(&column.declared).ok_or_else(|| {
                Error::UnknownColumnType(format!("{}.{}: {}", table.name, column.name, column.declared))
            })?;
            Ok(Column {
                name: column.name,
                kind,
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct DescribedColumn {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
}

fn kind_of(declared: &str) -> Option<ColumnKind> {
    match declared.to_ascii_lowercase().as_str() {
        "text" => Some(ColumnKind::Text),
        "bigint" | "integer" => Some(ColumnKind::Number),
        "boolean" => Some(ColumnKind::Boolean),
        "blob" | "bytea" => Some(ColumnKind::Bytes),
        "timestamp" | "timestamp without time zone" => Some(ColumnKind::Time),
        _ => None,
    }
}
