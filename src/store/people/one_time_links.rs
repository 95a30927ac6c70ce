//! `one_time_links`: links that let somebody in who cannot sign in.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        id::UserId,
        one_time_link::{LinkPurpose, OneTimeLink},
        secret::TokenHash,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::one_time_links,
    },
};

impl Tx {
    pub fn add_one_time_link(
        &mut self,
        token: TokenHash,
        link: &OneTimeLink,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        diesel::insert_into(one_time_links::table)
            .values((
                one_time_links::token_hash.eq(token.as_bytes().as_slice()),
                one_time_links::purpose.eq(link.purpose.name()),
                one_time_links::user_id.eq(link.user.to_string()),
                one_time_links::created_at.eq(now.naive_utc()),
                one_time_links::expires_at.eq(link.expires_at.naive_utc()),
                one_time_links::mailed.eq(link.mailed),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The link with this token, if it works still: nobody has used it, and it has not expired. One of a purpose that
    /// only a newer version knows works there alone.
    pub fn one_time_link(
        &mut self,
        token: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<OneTimeLink>, Error> {
        let found = one_time_links::table
            .find(token.as_bytes().as_slice())
            .filter(one_time_links::used_at.is_null())
            .filter(one_time_links::expires_at.gt(now.naive_utc()))
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map_or(Ok(None), Row::link)
    }

    /// Uses a link up: of several who try, one succeeds.
    pub fn spend_one_time_link(&mut self, token: TokenHash, now: DateTime<Utc>) -> Result<bool, Error> {
        let unused = one_time_links::table
            .find(token.as_bytes().as_slice())
            .filter(one_time_links::used_at.is_null())
            .filter(one_time_links::expires_at.gt(now.naive_utc()));
        let spent = with_backend!(&mut self.0, |c| diesel::update(unused)
            .set(one_time_links::used_at.eq(now.naive_utc()))
            .execute(c))?;
        Ok(spent == 1)
    }

    /// Ends every link of a person: after a new password, or a new address, whoever holds an older one gets no further.
    pub fn remove_one_time_links(&mut self, user: UserId) -> Result<(), Error> {
        let theirs = one_time_links::table.filter(one_time_links::user_id.eq(user.to_string()));
        diesel::delete(theirs).execute(&mut self.0)?;
        Ok(())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = one_time_links)]
struct Row {
    purpose: String,
    user_id: String,
    expires_at: NaiveDateTime,
    mailed: bool,
}

impl Row {
    fn link(self) -> Result<Option<OneTimeLink>, Error> {
        let user = RowContext::new("one_time_links", "of a person").valid(self.user_id.parse())?;
        Ok(LinkPurpose::from_name(&self.purpose).map(|purpose| OneTimeLink {
            purpose,
            user,
            expires_at: self.expires_at.and_utc(),
            mailed: self.mailed,
        }))
    }
}
