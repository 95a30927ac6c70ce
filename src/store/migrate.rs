//! Runs the migrations, and decides whether this program can work with the tables.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    migration::MigrationSource,
    pg::Pg,
    prelude::*,
    sql_types::{BigInt, Bool, Text},
    sqlite::{Sqlite, SqliteConnection},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    model::hash,
    store::{
        connection::AnyConnection,
        database::Store,
        error::Error,
        pool::{ConnectionKind, ConnectionManager},
        schema::schema_epoch,
    },
};

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The epoch of the tables that this program was written for. It is raised together with a
/// migration that removes something the previous version needs; that migration also writes the
/// oldest epoch that can still work to `schema_epoch`. A migration that only adds does not raise
/// it, so that one can go back one version, and replicas can be replaced one by one.
pub const SCHEMA_EPOCH: i64 = 3;

/// How the tables relate to this program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaState {
    Empty,
    Current,
    /// [`Store::migrate`] must run first.
    Behind {
        /// The names of the missing migrations.
        pending: Vec<String>,
    },
    /// Newer than this program, which can still work with them.
    AheadButUsable,
    /// Newer than this program can work with.
    TooNew {
        /// The oldest version that can work with them.
        oldest_binary: String,
    },
}

/// Whether to back up a SQLite file before its tables change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Backup {
    /// To `PATH.before-VERSION`, where VERSION is the first migration that the copy lacks.
    Create,
    /// There is a backup already, or the data does not matter.
    Skip,
}

/// What [`Store::migrate`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MigrationReport {
    pub applied: Vec<String>,
    /// Path of the backup made before.
    pub backup: Option<PathBuf>,
}

impl Store {
    /// How the tables relate to this program; changes nothing.
    pub fn schema_state(&self) -> Result<SchemaState, Error> {
        self.read(|tx| schema_state(&mut tx.0))
    }

    /// Runs the missing migrations. Several programs may call this at the same time.
    pub fn migrate(&self, backup: Backup) -> Result<MigrationReport, Error> {
        let mut conn = ConnectionManager {
            url: Arc::clone(&self.url),
            kind: ConnectionKind::Migrator,
        }
        .open()?;
        let before = schema_state(&mut conn)?;
        let mut done = MigrationReport::default();
        match before {
            SchemaState::Current | SchemaState::AheadButUsable => return Ok(done),
            SchemaState::TooNew { oldest_binary } => return Err(Error::TooNew { oldest_binary }),
            SchemaState::Behind { pending } if backup == Backup::Create => {
                if let (AnyConnection::Sqlite(c), Some(path)) = (&mut conn, self.url.file()) {
                    done.backup = backup_before_migration(c, path, &pending)?;
                }
            }
            SchemaState::Behind { .. } | SchemaState::Empty => {}
        }
        done.applied = run_pending(&mut conn)?;
        Ok(done)
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The SHA-256 of a text in hex. SQLite has no such function, and migrations need one.
    fn sha256_hex(text: Text) -> Text;
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}
use self::__diesel_schema_migrations as applied_migrations;

/// The recorded epoch alone decides whether the program may run, not which migrations it contains.
fn schema_state(conn: &mut AnyConnection) -> Result<SchemaState, Error> {
    let applied = applied(conn)?;
    if applied.is_empty() {
        return Ok(SchemaState::Empty);
    }
    let recorded = schema_epoch::table
        .select((schema_epoch::oldest_epoch, schema_epoch::oldest_binary))
        .first::<(i64, String)>(conn)?;
    if let (oldest, oldest_binary) = recorded
        && oldest > SCHEMA_EPOCH
    {
        return Ok(SchemaState::TooNew { oldest_binary });
    }
    let known = embedded(conn)?;
    let pending: Vec<String> = known
        .iter()
        .filter(|name| !applied.iter().any(|done| done == version(name)))
        .cloned()
        .collect();
    if !pending.is_empty() {
        return Ok(SchemaState::Behind { pending });
    }
    let ahead = applied
        .iter()
        .any(|done| !known.iter().any(|name| done == version(name)));
    Ok(if ahead {
        SchemaState::AheadButUsable
    } else {
        SchemaState::Current
    })
}

/// Runs the missing migrations, one program at a time. On an error the caller drops the connection,
/// which releases the lock and rolls back the transaction.
fn run_pending(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    match conn {
        AnyConnection::Postgres(c) => c.batch_execute("SELECT pg_advisory_lock(7270)")?,
        AnyConnection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
    }
    let pending = match schema_state(conn)? {
        SchemaState::Empty => embedded(conn)?,
        SchemaState::Behind { pending } => pending,
        SchemaState::Current | SchemaState::AheadButUsable => Vec::new(),
        SchemaState::TooNew { oldest_binary } => return Err(Error::TooNew { oldest_binary }),
    };
    match conn {
        AnyConnection::Postgres(c) => {
            c.run_pending_migrations(POSTGRES).map_err(Error::Migration)?;
            c.batch_execute("SELECT pg_advisory_unlock(7270)")?;
        }
        AnyConnection::Sqlite(c) => {
            sha256_hex_utils::register_impl(c, |text: String| hash::sha256_hex(text))?;
            c.run_pending_migrations(SQLITE).map_err(Error::Migration)?;
            let lost = diesel::sql_query("SELECT count(*) AS count FROM pragma_foreign_key_check");
            if lost.get_result::<Count>(c)?.count > 0 {
                return Err(Error::Migration(
                    "a migration left rows that refer to nothing".into(),
                ));
            }
            AnsiTransactionManager::commit_transaction(c)?;
        }
    }
    Ok(pending)
}

/// The versions of the migrations that this database has had.
fn applied(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    let present = diesel::sql_query(match conn {
        AnyConnection::Postgres(_) => {
            "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS present"
        }
        AnyConnection::Sqlite(_) => {
            "SELECT count(*) > 0 AS present FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
    });
    if !present.get_result::<Present>(conn)?.present {
        return Ok(Vec::new());
    }
    Ok(applied_migrations::table
        .select(applied_migrations::version)
        .load(conn)?)
}

/// The names of the migrations in this program, sorted.
fn embedded(conn: &AnyConnection) -> Result<Vec<String>, Error> {
    let names: Result<Vec<String>, _> = match conn {
        AnyConnection::Postgres(_) => MigrationSource::<Pg>::migrations(&POSTGRES)
            .map(|all| all.iter().map(|m| m.name().to_string()).collect()),
        AnyConnection::Sqlite(_) => MigrationSource::<Sqlite>::migrations(&SQLITE)
            .map(|all| all.iter().map(|m| m.name().to_string()).collect()),
    };
    let mut names = names.map_err(Error::Migration)?;
    names.sort_unstable();
    Ok(names)
}

/// The part of a migration's name that is recorded in the database.
fn version(name: &str) -> &str {
    name.split_once('_').map_or(name, |(version, _)| version)
}

/// Copies the file to `PATH.before-VERSION`. The copy is written under another name and renamed: a
/// file with the final name is complete, and is from before the migration even if another program
/// migrates meanwhile.
fn backup_before_migration(
    conn: &mut SqliteConnection,
    path: &Path,
    pending: &[String],
) -> Result<Option<PathBuf>, Error> {
    static COPIES: AtomicU64 = AtomicU64::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let version = pending.first().map_or("", |name| version(name));
    let target = PathBuf::from(format!("{}.before-{version}", path.display()));
    let temporary = PathBuf::from(format!("{}.{}-{number}", target.display(), std::process::id()));
    let copied = vacuum_into(conn, &temporary).and_then(|()| {
        let mut copy = AnyConnection::Sqlite(SqliteConnection::establish(&temporary.to_string_lossy())?);
        if schema_state(&mut copy)?
            != (SchemaState::Behind {
                pending: pending.to_vec(),
            })
        {
            return Ok(None);
        }
        drop(copy);
        fs::rename(&temporary, &target)?;
        if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Some(target.clone()))
    });
    if !matches!(copied, Ok(Some(_))) {
        drop(fs::remove_file(&temporary));
    }
    copied.map_err(|source| Error::Backup { path: target, source })
}

fn vacuum_into(
    conn: &mut SqliteConnection,
    to: &Path,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // `VACUUM INTO` accepts an existing empty file, and keeps its mode.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(to.to_string_lossy().into_owned())
        .execute(conn)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

#[derive(QueryableByName)]
struct Present {
    #[diesel(sql_type = Bool)]
    present: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}
