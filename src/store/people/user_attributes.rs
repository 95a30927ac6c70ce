//! `user_attributes`: additional attributes of users, for the applications that need them.

use std::collections::BTreeMap;

use diesel::prelude::*;

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
            .select((user_attributes::name, user_attributes::value))
            .load::<(String, String)>(&mut self.0)?;
        let mut found = OwnAttributes::new();
        for (name, value) in rows {
            found.entry(name).or_default().push(value);
        }
        Ok(found)
    }

    /// The own attributes of every user who has any.
    pub fn all_user_attributes(&mut self) -> Result<BTreeMap<UserId, OwnAttributes>, Error> {
        let rows = user_attributes::table
            .order((
                user_attributes::user_id,
                user_attributes::name,
                user_attributes::position,
            ))
            .select((
                user_attributes::user_id,
                user_attributes::name,
                user_attributes::value,
            ))
            .load::<(String, String, String)>(&mut self.0)?;
        let mut found: BTreeMap<UserId, OwnAttributes> = BTreeMap::new();
        for (user, name, value) in rows {
            let user = RowContext::new("user_attributes", &user).valid(user.parse())?;
            let theirs = found.entry(user).or_default();
            theirs.entry(name).or_default().push(value);
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

    /// Enabled users without an own attribute `name`.
    pub fn users_without_attribute(&mut self, name: &str) -> Result<Vec<Email>, Error> {
        let theirs = user_attributes::table
            .filter(user_attributes::user_id.eq(users::id))
            .filter(user_attributes::name.eq(name));
        let found = users::table
            .filter(users::enabled.eq(true))
            .filter(diesel::dsl::not(diesel::dsl::exists(theirs)))
            .order(users::email)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        emails(&found)
    }

    /// Enabled users without a given name.
    pub fn users_without_given_name(&mut self) -> Result<Vec<Email>, Error> {
        let found = users::table
            .filter(users::enabled.eq(true))
            .filter(users::given_name.is_null())
            .order(users::email)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        emails(&found)
    }

    /// Enabled users without a family name.
    pub fn users_without_family_name(&mut self) -> Result<Vec<Email>, Error> {
        let found = users::table
            .filter(users::enabled.eq(true))
            .filter(users::family_name.is_null())
            .order(users::email)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        emails(&found)
    }

    /// Enabled users without a user name.
    pub fn users_without_user_name(&mut self) -> Result<Vec<Email>, Error> {
        let found = users::table
            .filter(users::enabled.eq(true))
            .filter(users::user_name.is_null())
            .order(users::email)
            .select(users::email)
            .load::<String>(&mut self.0)?;
        emails(&found)
    }
}

fn emails(found: &[String]) -> Result<Vec<Email>, Error> {
    found
        .iter()
        .map(|text| RowContext::new("users", text).valid(Email::parse(text)))
        .collect()
}
