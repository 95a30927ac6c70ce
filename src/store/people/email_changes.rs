//! `email_changes`: changes of their own address that users asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        email_change::EmailChange,
        id::UserId,
        secret::TokenHash,
        user::{Email, User},
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        people::users::Row as UserRow,
        schema::{email_changes, users},
    },
};

/// A link, by the hash of its token.
#[derive(Clone, Copy)]
enum Link {
    /// Of the new address.
    Confirm(TokenHash),
    /// Of the old one.
    Undo(TokenHash),
}

impl Tx {
    /// Adds a change that nobody has confirmed. Those that the user asked for before no longer can be.
    pub fn add_email_change(&mut self, confirm: TokenHash, change: &EmailChange) -> Result<(), Error> {
        self.remove_unconfirmed_email_changes(change.user)?;
        diesel::insert_into(email_changes::table)
            .values((
                email_changes::confirm_hash.eq(confirm.as_bytes().as_slice()),
                email_changes::user_id.eq(change.user.to_string()),
                email_changes::old_email.eq(change.old_email.as_str()),
                email_changes::new_email.eq(change.new_email.as_str()),
                email_changes::requested_at.eq(change.requested_at.naive_utc()),
                email_changes::expires_at.eq(change.expires_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The change that this link of the new address confirms, if the link works still.
    pub fn unconfirmed_email_change(
        &mut self,
        confirm: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<EmailChange>, Error> {
        self.email_change_by(Link::Confirm(confirm), now)
    }

    /// The change that this link of the old address undoes, if the link works still.
    pub fn undoable_email_change(
        &mut self,
        undo: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<EmailChange>, Error> {
        self.email_change_by(Link::Undo(undo), now)
    }

    fn email_change_by(&mut self, link: Link, now: DateTime<Utc>) -> Result<Option<EmailChange>, Error> {
        let working = email_changes::table
            .filter(email_changes::expires_at.gt(now.naive_utc()))
            .select(Row::as_select())
            .into_boxed();
        let linked = match link {
            Link::Confirm(hash) => working
                .filter(email_changes::confirm_hash.eq(hash.as_bytes().to_vec()))
                .filter(email_changes::confirmed_at.is_null()),
            Link::Undo(hash) => working.filter(email_changes::undo_hash.eq(hash.as_bytes().to_vec())),
        };
        let found: Option<Row> = linked.first(&mut self.0).optional()?;
        found.map(EmailChange::try_from).transpose()
    }

    /// Uses the link of the new address up, and makes that of the old one: of several who try, one succeeds.
    pub fn confirm_email_change(
        &mut self,
        confirm: TokenHash,
        undo: TokenHash,
        now: DateTime<Utc>,
        undo_until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let unused = email_changes::table
            .find(confirm.as_bytes().as_slice())
            .filter(email_changes::confirmed_at.is_null())
            .filter(email_changes::expires_at.gt(now.naive_utc()));
        let confirmed = with_backend!(&mut self.0, |c| diesel::update(unused)
            .set((
                email_changes::confirmed_at.eq(now.naive_utc()),
                email_changes::undo_hash.eq(undo.as_bytes().as_slice()),
                email_changes::expires_at.eq(undo_until.naive_utc()),
            ))
            .execute(c))?;
        Ok(confirmed == 1)
    }

    /// Removes this change and all later ones of the user, and returns them; none if another undid it at the same time.
    /// An earlier one stays, so that its old address can undo it still.
    pub fn undo_email_change(
        &mut self,
        undo: TokenHash,
        change: &EmailChange,
    ) -> Result<Vec<EmailChange>, Error> {
        let own = email_changes::table.filter(email_changes::undo_hash.eq(undo.as_bytes().as_slice()));
        if with_backend!(&mut self.0, |c| diesel::delete(own).execute(c))? == 0 {
            return Ok(Vec::new());
        }
        self.remove_unconfirmed_email_changes(change.user)?;
        let later = email_changes::table
            .filter(email_changes::user_id.eq(change.user.to_string()))
            .filter(email_changes::confirmed_at.ge(change.confirmed_at.map(|at| at.naive_utc())));
        let rows: Vec<Row> = with_backend!(&mut self.0, |c| diesel::delete(later)
            .returning(Row::as_returning())
            .get_results(c))?;
        let later: Result<Vec<_>, Error> = rows.into_iter().map(EmailChange::try_from).collect();
        let mut undone = vec![change.clone()];
        undone.extend(later?);
        Ok(undone)
    }

    /// Every change of the user that is stored.
    pub fn email_changes_of(&mut self, user: UserId) -> Result<Vec<EmailChange>, Error> {
        email_changes::table
            .filter(email_changes::user_id.eq(user.to_string()))
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(EmailChange::try_from)
            .collect()
    }

    /// Removes every change of the user: an administrator decided otherwise. Returns how many there were.
    pub fn remove_email_changes(&mut self, user: UserId) -> Result<usize, Error> {
        let theirs = email_changes::table.filter(email_changes::user_id.eq(user.to_string()));
        Ok(diesel::delete(theirs).execute(&mut self.0)?)
    }

    pub fn remove_unconfirmed_email_changes(&mut self, user: UserId) -> Result<(), Error> {
        let theirs = email_changes::table
            .filter(email_changes::user_id.eq(user.to_string()))
            .filter(email_changes::confirmed_at.is_null());
        diesel::delete(theirs).execute(&mut self.0)?;
        Ok(())
    }

    /// For whom `email` is reserved, if it is: an application keeps receiving it for them, or they can have it back.
    pub fn reserved_email_owner(&mut self, email: &Email, now: DateTime<Utc>) -> Result<Option<User>, Error> {
        let emails = [email.as_str().to_owned()];
        let pinned = self.pinned_emails(&emails)?.into_values().next();
        let former = self.undoable_emails(&emails, now)?.into_values().next();
        Ok(pinned.or(former))
    }

    /// Those of `emails` that somebody had, changed, and can have back, and who.
    pub fn undoable_emails(
        &mut self,
        emails: &[String],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<Email, User>, Error> {
        email_changes::table
            .inner_join(users::table.on(users::id.eq(email_changes::user_id)))
            .filter(email_changes::old_email.eq_any(emails))
            .filter(email_changes::confirmed_at.is_not_null())
            .filter(email_changes::expires_at.gt(now.naive_utc()))
            .select((email_changes::old_email, UserRow::as_select()))
            .load::<(String, UserRow)>(&mut self.0)?
            .into_iter()
            .map(|(email, row)| {
                let email = RowContext::new("email_changes", &email).valid(Email::parse(&email))?;
                Ok((email, row.try_into()?))
            })
            .collect()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = email_changes)]
struct Row {
    user_id: String,
    old_email: String,
    new_email: String,
    requested_at: NaiveDateTime,
    confirmed_at: Option<NaiveDateTime>,
    expires_at: NaiveDateTime,
}

impl TryFrom<Row> for EmailChange {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("email_changes", &row.user_id);
        Ok(Self {
            user: name.valid(row.user_id.parse())?,
            old_email: name.valid(Email::parse(&row.old_email))?,
            new_email: name.valid(Email::parse(&row.new_email))?,
            requested_at: row.requested_at.and_utc(),
            confirmed_at: row.confirmed_at.map(|at| at.and_utc()),
            expires_at: row.expires_at.and_utc(),
        })
    }
}
