//! `groups`.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};

use crate::{
    model::{
        group::{Group, GroupName},
        id::GroupId,
    },
    store::{
        connection::{AnyConnection, EditOutcome, Tx, with_backend},
        error::{Error, RowContext},
        schema::groups,
    },
};

/// Which groups to list.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// Those after this name, whether or not there is such a group.
    pub after: Option<GroupName>,
    /// Those whose name begins with this, whatever the case.
    pub search: Option<String>,
}

impl Tx {
    /// Adds a group. Returns `false` if another group has this name.
    pub fn add_group(&mut self, group: &Group) -> Result<bool, Error> {
        let row = Row::from(group);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(groups::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(rows == 1)
    }

    pub fn group_by_name(&mut self, name: &GroupName) -> Result<Option<Group>, Error> {
        let found = groups::table
            .filter(groups::folded_name.eq(name.folded()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(Group::try_from).transpose()
    }

    /// At most `limit` groups that match `filter`, by name.
    pub fn groups(&mut self, filter: &GroupFilter, limit: i64) -> Result<Vec<Group>, Error> {
        let mut query = groups::table.select(Row::as_select()).into_boxed();
        if let Some(after) = &filter.after {
            query = query.filter(groups::folded_name.gt(after.folded()));
        }
        if let Some(text) = &filter.search {
            let text = text.to_lowercase();
            // The last character that there is comes after whatever may follow.
            let end = format!("{text}{}", char::MAX);
            query = query.filter(groups::folded_name.ge(text).and(groups::folded_name.lt(end)));
        }
        query
            .order(groups::folded_name)
            .limit(limit)
            .load(&mut self.0)?
            .into_iter()
            .map(Group::try_from)
            .collect()
    }

    /// Writes `group` if the stored version is still the one that was read, and increments the version.
    pub fn edit_group(&mut self, group: &Group) -> Result<EditOutcome, Error> {
        let unchanged = groups::table
            .find(group.id.to_string())
            .filter(groups::version.eq(group.version));
        let update = diesel::update(unchanged).set((
            groups::name.eq(group.name.as_str()),
            groups::folded_name.eq(group.name.folded()),
            groups::description.eq(group.description.as_deref()),
            groups::updated_at.eq(group.updated_at.naive_utc()),
            groups::version.eq(groups::version + 1),
        ));
        // A savepoint: on PostgreSQL a constraint violation would otherwise abort the whole transaction.
        match self.0.transaction(|c| update.execute(c)) {
            Ok(0) => Ok(EditOutcome::Stale),
            Ok(_) => Ok(EditOutcome::Done),
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(EditOutcome::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the group is there. On PostgreSQL nobody can remove it, or refer to it, until the transaction ends (SQLite
    /// locks the whole database).
    pub fn lock_group(&mut self, id: GroupId) -> Result<bool, Error> {
        let row = groups::table.find(id.to_string()).select(groups::id);
        let found = match &mut self.0 {
            AnyConnection::Sqlite(c) => row.first::<String>(c).optional()?,
            AnyConnection::Postgres(c) => row.for_update().first::<String>(c).optional()?,
        };
        Ok(found.is_some())
    }

    /// Removes a group and its memberships; returns `false` if there is none. An application that is open to it alone is
    /// then open to nobody.
    pub fn remove_group(&mut self, id: GroupId) -> Result<bool, Error> {
        Ok(diesel::delete(groups::table.find(id.to_string())).execute(&mut self.0)? == 1)
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub(super) struct Row {
    id: String,
    name: String,
    folded_name: String,
    description: Option<String>,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<&Group> for Row {
    fn from(group: &Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.as_str().to_owned(),
            folded_name: group.name.folded(),
            description: group.description.clone(),
            version: group.version,
            created_at: group.created_at.naive_utc(),
            updated_at: group.updated_at.naive_utc(),
        }
    }
}

impl TryFrom<Row> for Group {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("groups", &row.id);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            name: name.column("name").valid(GroupName::parse(&row.name))?,
            description: row.description,
            version: row.version,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
        })
    }
}
