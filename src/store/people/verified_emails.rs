//! `verified_emails` and `organisation_domains`: which addresses are known to be their person's.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{email_change::EmailDomain, id::UserId, user::Email},
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::{organisation_domains, verified_emails},
    },
};

impl Tx {
    /// Records that the user opened a link that was sent to this address.
    pub fn verify_email(&mut self, user: UserId, email: &Email, now: DateTime<Utc>) -> Result<(), Error> {
        let row = (
            verified_emails::user_id.eq(user.to_string()),
            verified_emails::email.eq(email.as_str()),
            verified_emails::verified_at.eq(now.naive_utc()),
        );
        let changed = (
            verified_emails::email.eq(email.as_str()),
            verified_emails::verified_at.eq(now.naive_utc()),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(verified_emails::table)
            .values(row)
            .on_conflict(verified_emails::user_id)
            .do_update()
            .set(changed)
            .execute(c))?;
        Ok(())
    }

    /// Whether the user opened a link of this address, or it lies in one of the organisation's own domains.
    pub fn is_email_verified(&mut self, user: UserId, email: &Email) -> Result<bool, Error> {
        let opened = verified_emails::table
            .find(user.to_string())
            .filter(verified_emails::email.eq(email.as_str()));
        if diesel::select(diesel::dsl::exists(opened)).get_result(&mut self.0)? {
            return Ok(true);
        }
        let Some((_local, domain)) = email.as_str().rsplit_once('@') else {
            return Ok(false);
        };
        let own = organisation_domains::table.find(domain.to_ascii_lowercase());
        Ok(diesel::select(diesel::dsl::exists(own)).get_result(&mut self.0)?)
    }

    /// Adds a domain of the organisation; `false` if it is one already.
    pub fn add_organisation_domain(
        &mut self,
        domain: &EmailDomain,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = (
            organisation_domains::domain.eq(domain.as_str()),
            organisation_domains::added_at.eq(now.naive_utc()),
        );
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(organisation_domains::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(rows == 1)
    }

    pub fn remove_organisation_domain(&mut self, domain: &EmailDomain) -> Result<bool, Error> {
        let row = organisation_domains::table.find(domain.as_str());
        Ok(diesel::delete(row).execute(&mut self.0)? == 1)
    }

    /// The domains of the organisation, by name.
    pub fn organisation_domains(&mut self) -> Result<Vec<EmailDomain>, Error> {
        let names: Vec<String> = organisation_domains::table
            .order(organisation_domains::domain)
            .select(organisation_domains::domain)
            .load(&mut self.0)?;
        names
            .iter()
            .map(|name| RowContext::new("organisation_domains", name).valid(EmailDomain::parse(name)))
            .collect()
    }
}
