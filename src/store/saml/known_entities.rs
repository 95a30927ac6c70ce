//! `known_entities`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Timestamp},
    upsert::excluded,
};

use crate::{
    model::{
        application::EntityId,
        hash::sha256_hex,
        id::{ApplicationId, MetadataSourceId},
        metadata_source::{ImportedEntity, ImportedEntitySummary},
    },
    store::{
        connection::{AnyConnection, Tx},
        error::{Error, RowContext},
        schema::{application_sources, known_entities},
    },
};

/// Entity IDs per statement: SQLite binds 32 766 values at most.
const ENTITIES_PER_STATEMENT: usize = 1000;

impl Tx {
    /// The entities that `source` lists now, each with the hash of its metadata.
    pub fn imported_entity_hashes(
        &mut self,
        source: MetadataSourceId,
    ) -> Result<BTreeMap<String, String>, Error> {
        Ok(known_entities::table
            .filter(known_entities::source_id.eq(source.to_string()))
            .filter(known_entities::gone_at.is_null())
            .select(HashRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(|row| (row.entity_id, row.sha256))
            .collect())
    }

    /// Inserts or updates entities.
    pub fn save_imported_entities(&mut self, entities: &[ImportedEntity]) -> Result<(), Error> {
        let rows: Vec<Row> = entities.iter().map(Row::from).collect();
        match &mut self.0 {
            AnyConnection::Postgres(c) => {
                diesel::insert_into(known_entities::table)
                    .values(&rows)
                    .on_conflict((known_entities::source_id, known_entities::entity_sha256))
                    .do_update()
                    .set((
                        known_entities::display_name.eq(excluded(known_entities::display_name)),
                        known_entities::authority.eq(excluded(known_entities::authority)),
                        known_entities::metadata.eq(excluded(known_entities::metadata)),
                        known_entities::sha256.eq(excluded(known_entities::sha256)),
                        known_entities::gone_at.eq(excluded(known_entities::gone_at)),
                    ))
                    .execute(c)?;
            }
            AnyConnection::Sqlite(c) => {
                // One statement per row: it is prepared once, and costs no round trip to a server.
                for row in &rows {
                    diesel::insert_into(known_entities::table)
                        .values(row)
                        .on_conflict((known_entities::source_id, known_entities::entity_sha256))
                        .do_update()
                        .set(row)
                        .execute(c)?;
                }
            }
        }
        Ok(())
    }

    /// Records that `source` no longer lists these entities.
    pub fn mark_entities_delisted(
        &mut self,
        source: MetadataSourceId,
        names: &[String],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        for names in names.chunks(ENTITIES_PER_STATEMENT) {
            let digests: Vec<String> = names.iter().map(|name| entity_id_hash(name)).collect();
            let gone = known_entities::table
                .filter(known_entities::source_id.eq(source.to_string()))
                .filter(known_entities::entity_sha256.eq_any(digests));
            diesel::update(gone)
                .set(known_entities::gone_at.eq(now.naive_utc()))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// The entities that an administrator removed, from any source.
    pub fn declined_entities(&mut self) -> Result<BTreeSet<String>, Error> {
        Ok(known_entities::table
            .filter(known_entities::declined_at.is_not_null())
            .select(known_entities::entity_id)
            .load::<String>(&mut self.0)?
            .into_iter()
            .collect())
    }

    /// Records that an administrator removed the application of an imported entity; does nothing if
    /// the metadata of `application` came from no source.
    pub fn decline_entity(&mut self, application: ApplicationId, now: DateTime<Utc>) -> Result<(), Error> {
        let entity = application_sources::table
            .find(application.to_string())
            .select(application_sources::entity_id)
            .first::<String>(&mut self.0)
            .optional()?;
        if let Some(entity) = entity {
            let listed = known_entities::table
                .filter(known_entities::entity_sha256.eq(entity_id_hash(&entity)))
                .filter(known_entities::entity_id.eq(&entity));
            diesel::update(listed)
                .set(known_entities::declined_at.eq(now.naive_utc()))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// Clears the record that `entity_id` was declined, because an administrator enables it.
    pub fn clear_declined_entity(&mut self, entity_id: &EntityId) -> Result<(), Error> {
        let listed = known_entities::table
            .filter(known_entities::entity_sha256.eq(entity_id_hash(entity_id.as_str())))
            .filter(known_entities::entity_id.eq(entity_id.as_str()));
        diesel::update(listed)
            .set(known_entities::declined_at.eq(None::<NaiveDateTime>))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Whether any source lists `entity_id`; a single index lookup.
    pub fn is_imported_entity(&mut self, entity_id: &EntityId) -> Result<bool, Error> {
        let listed = known_entities::table
            .filter(known_entities::entity_sha256.eq(entity_id_hash(entity_id.as_str())))
            .filter(known_entities::entity_id.eq(entity_id.as_str()))
            .filter(known_entities::gone_at.is_null())
            .select(known_entities::source_id);
        Ok(diesel::select(diesel::dsl::exists(listed)).get_result(&mut self.0)?)
    }

    /// The entity `entity_id` as each source lists it, oldest source first.
    pub fn imported_entities(&mut self, entity_id: &EntityId) -> Result<Vec<ImportedEntity>, Error> {
        known_entities::table
            .filter(known_entities::entity_sha256.eq(entity_id_hash(entity_id.as_str())))
            .filter(known_entities::entity_id.eq(entity_id.as_str()))
            .filter(known_entities::gone_at.is_null())
            .order(known_entities::source_id)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(ImportedEntity::try_from)
            .collect()
    }

    /// How many entities `source` lists, and how many it no longer lists.
    pub fn count_imported_entities(&mut self, source: MetadataSourceId) -> Result<(i64, i64), Error> {
        let of_source = known_entities::table.filter(known_entities::source_id.eq(source.to_string()));
        let listed = of_source
            .filter(known_entities::gone_at.is_null())
            .count()
            .get_result(&mut self.0)?;
        let gone = known_entities::table
            .filter(known_entities::source_id.eq(source.to_string()))
            .filter(known_entities::gone_at.is_not_null())
            .count()
            .get_result(&mut self.0)?;
        Ok((listed, gone))
    }

    /// At most `limit` imported entities whose entity ID or name contains `search`, ignoring case;
    /// ordered by name.
    pub fn search_imported_entities(
        &mut self,
        search: &str,
        limit: i64,
    ) -> Result<Vec<ImportedEntitySummary>, Error> {
        let mut pattern = String::from("%");
        for c in search.to_lowercase().chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        let rows: Vec<SearchRow> = diesel::sql_query(
            "SELECT s.name AS source, k.entity_id, k.display_name, k.authority, k.gone_at, k.declined_at, \
                    a.slug AS application \
             FROM known_entities k JOIN metadata_sources s ON s.id = k.source_id \
             LEFT JOIN application_sources f ON f.source_id = k.source_id AND f.entity_id = k.entity_id \
             LEFT JOIN applications a ON a.id = f.application_id \
             WHERE lower(k.entity_id) LIKE $1 ESCAPE '\\' OR lower(k.display_name) LIKE $1 ESCAPE '\\' \
             ORDER BY k.display_name, k.entity_id LIMIT $2",
        )
        .bind::<Text, _>(pattern)
        .bind::<BigInt, _>(limit)
        .get_results(&mut self.0)?;
        Ok(rows.into_iter().map(ImportedEntitySummary::from).collect())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = known_entities)]
struct HashRow {
    entity_id: String,
    sha256: String,
}

#[derive(AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = known_entities, primary_key(source_id, entity_sha256), treat_none_as_null = true)]
struct Row {
    source_id: String,
    entity_id: String,
    display_name: String,
    authority: Option<String>,
    metadata: String,
    sha256: String,
    gone_at: Option<NaiveDateTime>,
    entity_sha256: String,
}

/// The key by which rows are found; the entity ID itself is then compared in full.
fn entity_id_hash(entity_id: &str) -> String {
    sha256_hex(entity_id)
}

impl From<&ImportedEntity> for Row {
    fn from(entity: &ImportedEntity) -> Self {
        Self {
            source_id: entity.source.to_string(),
            entity_id: entity.entity_id.as_str().to_owned(),
            display_name: entity.display_name.clone(),
            authority: entity.authority.clone(),
            metadata: entity.metadata.clone(),
            sha256: entity.sha256.clone(),
            gone_at: None,
            entity_sha256: entity_id_hash(entity.entity_id.as_str()),
        }
    }
}

impl TryFrom<Row> for ImportedEntity {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("known_entities", &row.entity_id);
        Ok(Self {
            source: name.valid(row.source_id.parse())?,
            entity_id: name.valid(EntityId::parse(&row.entity_id))?,
            display_name: row.display_name,
            authority: row.authority,
            metadata: row.metadata,
            sha256: row.sha256,
        })
    }
}

#[derive(QueryableByName)]
struct SearchRow {
    #[diesel(sql_type = Nullable<Text>)]
    source: Option<String>,
    #[diesel(sql_type = Text)]
    entity_id: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    authority: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    gone_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    declined_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    application: Option<String>,
}

impl From<SearchRow> for ImportedEntitySummary {
    fn from(row: SearchRow) -> Self {
        Self {
            source: row.source.unwrap_or_default(),
            entity_id: row.entity_id,
            display_name: row.display_name,
            authority: row.authority,
            delisted_at: row.gone_at.map(|at| at.and_utc()),
            declined_at: row.declined_at.map(|at| at.and_utc()),
            application: row.application,
        }
    }
}
