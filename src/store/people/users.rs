//! `users` and `user_passwords`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{Bool, Text},
};

use crate::{
    model::{
        id::UserId,
        language::Language,
        role::Role,
        secret::Secret,
        user::{Email, ExternalId, NameComponent, NameComponents, Preferences, StableId, User, UserName},
    },
    store::{
        connection::{AnyConnection, EditOutcome, Tx, with_backend},
        error::{Error, RowContext},
        people::reserved_emails::is_reserved_email,
        schema::{user_passwords, users},
    },
};

impl Tx {
    /// Adds a user. Returns `false` if another user has this e-mail address or stable id, an
    /// application keeps receiving the address for another user, or an erased user had this stable
    /// id.
    pub fn add_user(&mut self, user: &User) -> Result<bool, Error> {
        let row = Row::from(user);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(users::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        // Checked after the insert: the user who had it may have been erased while the insert
        // waited for their row.
        if rows == 1
            && (self.is_spent_stable_id(&user.stable_id)?
                || is_reserved_email(&mut self.0, &user.email, user.id, user.updated_at)?)
        {
            diesel::delete(users::table.find(user.id.to_string())).execute(&mut self.0)?;
            return Ok(false);
        }
        Ok(rows == 1)
    }

    pub fn user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        let found = users::table
            .find(id.to_string())
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(User::try_from).transpose()
    }

    pub fn user_by_email(&mut self, email: &Email) -> Result<Option<User>, Error> {
        let found = users::table
            .filter(users::email.eq(email.as_str()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(User::try_from).transpose()
    }

    pub fn user_by_user_name(&mut self, user_name: &UserName) -> Result<Option<User>, Error> {
        let found = users::table
            .filter(users::user_name.eq(user_name.as_str()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(User::try_from).transpose()
    }

    pub fn user_by_external_id(&mut self, external_id: &ExternalId) -> Result<Option<User>, Error> {
        let found = users::table
            .filter(users::external_id.eq(external_id.as_str()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(User::try_from).transpose()
    }

    pub fn user_by_stable_id(&mut self, stable_id: &StableId) -> Result<Option<User>, Error> {
        let found = users::table
            .filter(users::stable_id.eq(stable_id.as_str()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(User::try_from).transpose()
    }

    /// At most `limit` users that match `filter`, ordered by e-mail address.
    pub fn users(&mut self, filter: &UserFilter, limit: i64) -> Result<Vec<User>, Error> {
        let names = SortedNames::new(&self.0);
        let mut query = users::table.select(Row::as_select()).into_boxed();
        if let Some(after) = &filter.after {
            query = match filter.search {
                None => query.filter(users::email.gt(after.as_str())),
                // The indexes of the names find fewer rows than that of the addresses, which a function excludes.
                Some(_) => {
                    query.filter(sql::<Bool>("coalesce(email, '') > ").bind::<Text, _>(after.as_str()))
                }
            };
        }
        if let Some(text) = &filter.search {
            // Addresses and user names are stored in lower case; of names the database folds ASCII alone.
            let (folded, ascii) = (text.to_lowercase(), text.to_ascii_lowercase());
            // The last character that there is comes after whatever may follow.
            let end = |prefix: &str| format!("{prefix}{}", char::MAX);
            let SortedNames { user, given, family } = names;
            query = query.filter(
                sql::<Bool>("((email >= ")
                    .bind::<Text, _>(folded.clone())
                    .sql(" AND email < ")
                    .bind::<Text, _>(end(&folded))
                    .sql(&format!(") OR ({user} >= "))
                    .bind::<Text, _>(folded.clone())
                    .sql(&format!(" AND {user} < "))
                    .bind::<Text, _>(end(&folded))
                    .sql(&format!(") OR ({given} >= "))
                    .bind::<Text, _>(ascii.clone())
                    .sql(&format!(" AND {given} < "))
                    .bind::<Text, _>(end(&ascii))
                    .sql(&format!(") OR ({family} >= "))
                    .bind::<Text, _>(ascii.clone())
                    .sql(&format!(" AND {family} < "))
                    .bind::<Text, _>(end(&ascii))
                    .sql("))"),
            );
        }
        query
            .order(users::email)
            .limit(limit)
            .load(&mut self.0)?
            .into_iter()
            .map(User::try_from)
            .collect()
    }

    /// Those of `ids` that are stored, in no particular order.
    pub fn users_by_id(&mut self, ids: &[UserId]) -> Result<Vec<User>, Error> {
        users::table
            .filter(users::id.eq_any(ids.iter().map(ToString::to_string)))
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(User::try_from)
            .collect()
    }

    pub fn has_users(&mut self) -> Result<bool, Error> {
        let first = users::table.select(users::id).limit(1);
        Ok(first.first::<String>(&mut self.0).optional()?.is_some())
    }

    /// Writes `user` if the stored version is still the one that was read, and increments the
    /// version. The stable id and the creation time do not change.
    pub fn edit_user(&mut self, user: &User) -> Result<EditOutcome, Error> {
        let unchanged = users::table
            .find(user.id.to_string())
            .filter(users::version.eq(user.version));
        let update = diesel::update(unchanged).set((
            users::email.eq(user.email.as_str()),
            users::given_name.eq(user.names.given().map(NameComponent::as_str)),
            users::family_name.eq(user.names.family().map(NameComponent::as_str)),
            users::user_name.eq(user.user_name.as_ref().map(UserName::as_str)),
            users::external_id.eq(user.external_id.as_ref().map(ExternalId::as_str)),
            users::enabled.eq(user.enabled),
            users::updated_at.eq(user.updated_at.naive_utc()),
            users::deleted_at.eq(user.deleted_at.map(|at| at.naive_utc())),
            users::role.eq(user.role.map(Role::as_str)),
            users::language.eq(user.preferences.language.map(Language::tag)),
            users::new_device_mail.eq(user.preferences.new_device_mail),
            users::version.eq(users::version + 1),
        ));
        // A savepoint: on PostgreSQL a constraint violation would otherwise abort the whole
        // transaction.
        let edited = self.0.transaction(|c| {
            let rows = update.execute(c)?;
            if rows == 1 && is_reserved_email(c, &user.email, user.id, user.updated_at)? {
                return Err(DieselError::RollbackTransaction);
            }
            Ok(rows)
        });
        match edited {
            Ok(0) => Ok(EditOutcome::Stale),
            Ok(_) => Ok(EditOutcome::Done),
            Err(
                DieselError::RollbackTransaction
                | DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _),
            ) => Ok(EditOutcome::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets the password of `user`; they have to choose another one at the next sign-in if it says so.
    pub fn set_password_hash(
        &mut self,
        user: UserId,
        password: &StoredPassword,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let changed = (
            user_passwords::phc.eq(password.phc.expose().as_str()),
            user_passwords::changed_at.eq(now.naive_utc()),
            user_passwords::must_change.eq(password.must_change),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(user_passwords::table)
            .values((user_passwords::user_id.eq(user.to_string()), changed))
            .on_conflict(user_passwords::user_id)
            .do_update()
            .set(changed)
            .execute(c))?;
        Ok(())
    }

    /// Whether `user` may sign in and `phc` still is the hash of their password. On PostgreSQL both
    /// rows are locked until the transaction ends (SQLite locks the whole database): a password
    /// change that comes meanwhile waits, and then ends the session that this transaction begins.
    pub fn still_may_sign_in(&mut self, user: UserId, phc: &Secret<String>) -> Result<bool, Error> {
        let fits = users::table
            .inner_join(user_passwords::table)
            .filter(users::id.eq(user.to_string()))
            .filter(users::enabled.eq(true))
            .filter(user_passwords::phc.eq(phc.expose()))
            .select(users::id);
        let found = match &mut self.0 {
            AnyConnection::Sqlite(c) => fits.first::<String>(c).optional()?,
            // No shared lock: a sign-in may write a new hash, and two that share the lock would
            // deadlock.
            AnyConnection::Postgres(c) => fits.for_no_key_update().first::<String>(c).optional()?,
        };
        Ok(found.is_some())
    }

    /// Removes the password of `user` if it was set since; whether it was.
    pub fn remove_password_since(&mut self, user: UserId, since: DateTime<Utc>) -> Result<bool, Error> {
        let newer = user_passwords::table
            .find(user.to_string())
            .filter(user_passwords::changed_at.gt(since.naive_utc()));
        Ok(diesel::delete(newer).execute(&mut self.0)? > 0)
    }

    pub fn stored_password(&mut self, user: UserId) -> Result<Option<StoredPassword>, Error> {
        let password = user_passwords::table
            .find(user.to_string())
            .select((user_passwords::phc, user_passwords::must_change));
        let found = password.first::<(String, bool)>(&mut self.0).optional()?;
        Ok(found.map(|(phc, must_change)| StoredPassword {
            phc: Secret::new(phc),
            must_change,
        }))
    }

    /// When the password of `user` was last set or rehashed.
    pub fn password_changed_at(&mut self, user: UserId) -> Result<Option<DateTime<Utc>>, Error> {
        let changed = user_passwords::table
            .find(user.to_string())
            .select(user_passwords::changed_at);
        let changed = changed.first::<NaiveDateTime>(&mut self.0).optional()?;
        Ok(changed.map(|at| at.and_utc()))
    }
}

/// A password as it is stored.
#[derive(Debug, Eq, PartialEq)]
pub struct StoredPassword {
    /// Its hash in PHC string format.
    pub phc: Secret<String>,
    /// The user has to choose another one at the next sign-in.
    pub must_change: bool,
}

impl StoredPassword {
    /// Another copy.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            phc: self.phc.duplicate(),
            must_change: self.must_change,
        }
    }

    /// A password that the user keeps.
    pub const fn kept(phc: Secret<String>) -> Self {
        Self {
            phc,
            must_change: false,
        }
    }
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Those after this address, whether or not it is anybody's.
    pub after: Option<Email>,
    /// Those whose address, user name, given name or family name begins with this; the case of ASCII letters does not
    /// matter.
    pub search: Option<String>,
}

/// Names as their indexes sort them: byte by byte. A server sorts them by its language otherwise, where the names that
/// begin alike are no range.
struct SortedNames {
    user: &'static str,
    given: &'static str,
    family: &'static str,
}

impl SortedNames {
    const fn new(connection: &AnyConnection) -> Self {
        match connection {
            AnyConnection::Sqlite(_) => Self {
                user: "user_name",
                given: "lower(given_name)",
                family: "lower(family_name)",
            },
            AnyConnection::Postgres(_) => Self {
                user: "user_name COLLATE \"C\"",
                given: "lower(given_name COLLATE \"C\")",
                family: "lower(family_name COLLATE \"C\")",
            },
        }
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(in crate::store) struct Row {
    id: String,
    stable_id: String,
    email: String,
    given_name: Option<String>,
    family_name: Option<String>,
    enabled: bool,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    user_name: Option<String>,
    external_id: Option<String>,
    deleted_at: Option<NaiveDateTime>,
    role: Option<String>,
    language: Option<String>,
    new_device_mail: bool,
}

impl From<&User> for Row {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            stable_id: user.stable_id.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            given_name: user.names.given().map(|name| name.as_str().to_owned()),
            family_name: user.names.family().map(|name| name.as_str().to_owned()),
            enabled: user.enabled,
            version: user.version,
            created_at: user.created_at.naive_utc(),
            updated_at: user.updated_at.naive_utc(),
            user_name: user.user_name.as_ref().map(|name| name.as_str().to_owned()),
            external_id: user.external_id.as_ref().map(|id| id.as_str().to_owned()),
            deleted_at: user.deleted_at.map(|at| at.naive_utc()),
            role: user.role.map(|role| role.as_str().to_owned()),
            language: user
                .preferences
                .language
                .map(|language| language.tag().to_owned()),
            new_device_mail: user.preferences.new_device_mail,
        }
    }
}

impl TryFrom<Row> for User {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("users", &row.id);
        let given = name.optional(row.given_name, |text| {
            NameComponent::parse("the given name", &text)
        })?;
        let family = name.optional(row.family_name, |text| {
            NameComponent::parse("the family name", &text)
        })?;
        Ok(Self {
            id: name.valid(row.id.parse())?,
            stable_id: name.valid(StableId::parse(&row.stable_id))?,
            email: name.valid(Email::parse(&row.email))?,
            names: name.valid(NameComponents::new(given, family))?,
            enabled: row.enabled,
            version: row.version,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
            user_name: name.optional(row.user_name, |text| UserName::parse(&text))?,
            external_id: name.optional(row.external_id, |text| ExternalId::parse(&text))?,
            deleted_at: row.deleted_at.map(|at| at.and_utc()),
            role: row
                .role
                .map(|role| name.column("role").required(Role::from_name(&role)))
                .transpose()?,
            preferences: Preferences {
                // One that only a newer version speaks: as if none was chosen.
                language: row.language.as_deref().and_then(Language::from_tag),
                new_device_mail: row.new_device_mail,
            },
        })
    }
}
