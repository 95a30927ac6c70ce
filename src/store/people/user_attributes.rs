//! `user_attributes`: additional attributes of users, for the applications that need them.

use std::collections::BTreeMap;

use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::Bool,
};

use crate::{
    model::{
        id::UserId,
        user::{Email, OwnAttributes},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::{user_attributes, users},
    },
};

impl Tx {
    /// The own attributes of a user: each name with its values in order.
    pub fn user_attributes(&mut self, user: UserId) -> Result<OwnAttributes, Error> {
        let rows = user_attributes::table
            .filter(user_attributes::user_id.eq(user.to_string()))
            .order((user_attributes::name, user_attributes::position))
            .select(Row::as_select())
            .load(&mut self.0)?;
        let mut found = OwnAttributes::new();
        for Row { name, value, .. } in rows {
            found.entry(name).or_default().push(value);
        }
        Ok(found)
    }

    /// The own attributes of those of `users` who have any.
    pub fn attributes_of_users(
        &mut self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, OwnAttributes>, Error> {
        let rows = user_attributes::table
            .filter(user_attributes::user_id.eq_any(users.iter().map(ToString::to_string)))
            .order((
                user_attributes::user_id,
                user_attributes::name,
                user_attributes::position,
            ))
            .select(Row::as_select())
            .load(&mut self.0)?;
        let mut found: BTreeMap<UserId, OwnAttributes> = BTreeMap::new();
        for Row { user_id, name, value } in rows {
            let user = RowContext::new("user_attributes", &user_id).valid(user_id.parse())?;
            let attributes = found.entry(user).or_default();
            attributes.entry(name).or_default().push(value);
        }
        Ok(found)
    }

    /// Replaces the values of a user's attribute `name`; an empty list removes it.
    pub fn set_user_attribute(&mut self, user: UserId, name: &str, values: &[String]) -> Result<(), Error> {
        let user = user.to_string();
        diesel::delete(
            user_attributes::table
                .filter(user_attributes::user_id.eq(&user))
                .filter(user_attributes::name.eq(name)),
        )
        .execute(&mut self.0)?;
        for (position, value) in (0_i64..).zip(values) {
            diesel::insert_into(user_attributes::table)
                .values((
                    user_attributes::user_id.eq(&user),
                    user_attributes::name.eq(name),
                    user_attributes::position.eq(position),
                    user_attributes::value.eq(value),
                ))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// How many enabled users have no `value`, and the addresses of at most `limit` of them, sorted.
    pub fn users_without(&mut self, value: UserValue<'_>, limit: i64) -> Result<UsersWithout, Error> {
        self.repeatable_read(|tx| match value {
            // Each is the condition of a partial index, in the same words: the planner uses it for no other form.
            UserValue::GivenName => tx.users_where("enabled AND given_name IS NULL", limit),
            UserValue::FamilyName => tx.users_where("enabled AND family_name IS NULL", limit),
            UserValue::UserName => tx.users_where("enabled AND user_name IS NULL", limit),
            UserValue::Own(name) => tx.users_without_own(name, limit),
        })
    }

    fn users_where(&mut self, condition: &str, limit: i64) -> Result<UsersWithout, Error> {
        let count = users::table
            .filter(sql::<Bool>(condition))
            .count()
            .get_result::<i64>(&mut self.0)?;
        let some = users::table
            .filter(sql::<Bool>(condition))
            .order(users::email)
            .limit(limit)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        UsersWithout::new(count, &some)
    }

    /// Counted from both sides, each by an index, since an index cannot find the rows that another table lacks.
    fn users_without_own(&mut self, name: &str, limit: i64) -> Result<UsersWithout, Error> {
        let has_it = || {
            user_attributes::table
                .filter(user_attributes::user_id.eq(users::id))
                .filter(user_attributes::name.eq(name))
                .filter(sql::<Bool>("position = 0"))
        };
        let all = users::table.count().get_result::<i64>(&mut self.0)?;
        let disabled = users::table
            .filter(sql::<Bool>("NOT enabled"))
            .count()
            .get_result::<i64>(&mut self.0)?;
        let holders = user_attributes::table
            .filter(user_attributes::name.eq(name))
            .filter(sql::<Bool>("position = 0"))
            .count()
            .get_result::<i64>(&mut self.0)?;
        let disabled_holders = users::table
            .filter(sql::<Bool>("NOT enabled"))
            .filter(exists(has_it()))
            .count()
            .get_result::<i64>(&mut self.0)?;
        let count = (all - disabled) - (holders - disabled_holders);
        if count == 0 {
            return UsersWithout::new(0, &[]);
        }
        // In the order of the key, in which both tables are stored.
        let some = users::table
            .filter(sql::<Bool>("enabled"))
            .filter(not(exists(has_it())))
            .order(users::id)
            .limit(limit)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        UsersWithout::new(count, &some)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = user_attributes)]
struct Row {
    user_id: String,
    name: String,
    value: String,
}

/// What a user may have no value for.
#[derive(Clone, Copy, Debug)]
pub enum UserValue<'a> {
    GivenName,
    FamilyName,
    UserName,
    /// The own attribute of this name.
    Own(&'a str),
}

/// Enabled users who have no value for something.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UsersWithout {
    pub count: i64,
    /// Some of them, or all if there are few.
    pub some: Vec<Email>,
}

impl UsersWithout {
    fn new(count: i64, some: &[String]) -> Result<Self, Error> {
        let mut some = some
            .iter()
            .map(|text| RowContext::new("users", text).valid(Email::parse(text)))
            .collect::<Result<Vec<_>, _>>()?;
        some.sort_unstable();
        Ok(Self { count, some })
    }
}
