//! `groups`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};

use crate::{
    model::{
        group::{Group, GroupName},
        id::{GroupId, UserId},
        second_factor::{SecondFactorPolicy, SecondFactorRule},
    },
    store::{
        connection::{AnyConnection, EditOutcome, Tx, with_backend},
        error::{Error, RowContext},
        schema::{group_members, groups},
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

    /// The groups that have one of `ids` or one of `names`, each once.
    pub fn groups_by_keys(&mut self, ids: &[GroupId], names: &[&GroupName]) -> Result<Vec<Group>, Error> {
        let mut rows: Vec<Row> = groups::table
            .filter(groups::id.eq_any(ids.iter().map(ToString::to_string)))
            .select(Row::as_select())
            .load(&mut self.0)?;
        rows.append(
            &mut groups::table
                .filter(groups::folded_name.eq_any(names.iter().map(|name| name.folded())))
                .select(Row::as_select())
                .load(&mut self.0)?,
        );
        let mut seen = BTreeSet::new();
        rows.into_iter()
            .map(Group::try_from)
            .filter(|group| group.as_ref().map_or(true, |group| seen.insert(group.id)))
            .collect()
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
        let row = Row::from(group);
        let unchanged = groups::table
            .find(group.id.to_string())
            .filter(groups::version.eq(group.version));
        let update = diesel::update(unchanged).set((
            groups::name.eq(group.name.as_str()),
            groups::folded_name.eq(group.name.folded()),
            groups::description.eq(group.description.as_deref()),
            groups::second_factor.eq(row.second_factor),
            groups::second_factor_from.eq(row.second_factor_from),
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

    /// The groups that have a rule about second factors.
    pub(in crate::store) fn group_policies(
        &mut self,
    ) -> Result<BTreeMap<GroupId, SecondFactorPolicy>, Error> {
        let rows = groups::table
            .filter(groups::second_factor.is_not_null())
            .select(PolicyRow::as_select())
            .load(&mut self.0)?;
        let mut policies = BTreeMap::new();
        for row in rows {
            let name = RowContext::new("groups", &row.id);
            let policy = second_factor_policy(&name, row.second_factor.as_deref(), row.second_factor_from)?;
            if let Some(policy) = policy {
                policies.insert(name.valid(row.id.parse())?, policy);
            }
        }
        Ok(policies)
    }

    /// Those of `groups` that a user is in.
    pub fn groups_among(&mut self, user: UserId, groups: &[GroupId]) -> Result<Vec<GroupId>, Error> {
        let ids = groups.iter().map(ToString::to_string);
        let found = group_members::table
            .filter(group_members::user_id.eq(user.to_string()))
            .filter(group_members::group_id.eq_any(ids))
            .select(group_members::group_id)
            .load::<String>(&mut self.0)?;
        let row = RowContext::new("group_members", "of a user");
        found.into_iter().map(|id| row.valid(id.parse())).collect()
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

/// What a row says about second factors.
pub(in crate::store) fn second_factor_policy(
    row: &RowContext,
    rule: Option<&str>,
    from: Option<NaiveDateTime>,
) -> Result<Option<SecondFactorPolicy>, Error> {
    let from = from.map(|from| from.and_utc());
    rule.map(|rule| {
        let rule = row
            .column("second_factor")
            .required(SecondFactorRule::from_name(rule))?;
        Ok(SecondFactorPolicy::new(rule, from))
    })
    .transpose()
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
    second_factor: Option<String>,
    second_factor_from: Option<NaiveDateTime>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
struct PolicyRow {
    id: String,
    second_factor: Option<String>,
    second_factor_from: Option<NaiveDateTime>,
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
            second_factor: group.second_factor.map(|policy| policy.rule().name().to_owned()),
            second_factor_from: group
                .second_factor
                .and_then(|policy| policy.from())
                .map(|from| from.naive_utc()),
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
            second_factor: second_factor_policy(&name, row.second_factor.as_deref(), row.second_factor_from)?,
            description: row.description,
            version: row.version,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
        })
    }
}
