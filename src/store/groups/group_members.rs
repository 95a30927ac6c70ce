//! `group_members`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{dsl::count_star, prelude::*};

use crate::{
    model::{
        group::{Group, GroupName},
        id::{GroupId, UserId},
        user::{Email, User},
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        groups::rows::Row,
        people::users::Row as UserRow,
        schema::{group_members, groups, users},
    },
};

impl Tx {
    /// Adds a user to a group; returns `false` if they are in it already.
    pub fn add_group_member(
        &mut self,
        group: GroupId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = (
            group_members::group_id.eq(group.to_string()),
            group_members::user_id.eq(user.to_string()),
            group_members::added_at.eq(now.naive_utc()),
        );
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(group_members::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(rows == 1)
    }

    /// Takes a user out of a group; returns `false` if they are not in it.
    pub fn remove_group_member(&mut self, group: GroupId, user: UserId) -> Result<bool, Error> {
        let membership = group_members::table.find((group.to_string(), user.to_string()));
        Ok(diesel::delete(membership).execute(&mut self.0)? == 1)
    }

    /// At most `limit` members of a group by e-mail address, those after `after`.
    pub fn group_members(
        &mut self,
        group: GroupId,
        after: Option<&Email>,
        limit: i64,
    ) -> Result<Vec<User>, Error> {
        let mut query = group_members::table
            .inner_join(users::table)
            .filter(group_members::group_id.eq(group.to_string()))
            .select(UserRow::as_select())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(users::email.gt(after.as_str()));
        }
        query
            .order(users::email)
            .limit(limit)
            .load(&mut self.0)?
            .into_iter()
            .map(User::try_from)
            .collect()
    }

    /// How many members each of `groups` has; those without any are left out.
    pub fn group_sizes(&mut self, groups: &[GroupId]) -> Result<BTreeMap<GroupId, i64>, Error> {
        let counted = group_members::table
            .filter(group_members::group_id.eq_any(groups.iter().map(ToString::to_string)))
            .group_by(group_members::group_id)
            .select(Size::as_select())
            .load(&mut self.0)?;
        counted
            .into_iter()
            .map(|Size { group_id, members }| {
                let id = RowContext::new("group_members", &group_id).valid(group_id.parse())?;
                Ok((id, members))
            })
            .collect()
    }

    /// The names of the groups of a user, sorted: what an application receives.
    pub fn group_names_of_user(&mut self, user: UserId) -> Result<Vec<GroupName>, Error> {
        let mut found = self.group_names_of_users(&[user])?;
        Ok(found.remove(&user).unwrap_or_default())
    }

    /// The names of the groups of those of `users` who are in any, sorted.
    pub fn group_names_of_users(
        &mut self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, Vec<GroupName>>, Error> {
        let rows = group_members::table
            .inner_join(groups::table)
            .filter(group_members::user_id.eq_any(users.iter().map(ToString::to_string)))
            .order((group_members::user_id, groups::folded_name))
            .select(Membership::as_select())
            .load(&mut self.0)?;
        let mut found: BTreeMap<UserId, Vec<GroupName>> = BTreeMap::new();
        for Membership { user_id, group } in rows {
            let user = RowContext::new("group_members", &user_id).valid(user_id.parse())?;
            found.entry(user).or_default().push(Group::try_from(group)?.name);
        }
        Ok(found)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = group_members)]
struct Membership {
    user_id: String,
    #[diesel(embed)]
    group: Row,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = group_members)]
struct Size {
    group_id: String,
    #[diesel(select_expression = count_star())]
    members: i64,
}
