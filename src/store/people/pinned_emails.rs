//! What applications have received about users, and the addresses that they keep receiving: `app_identities`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::{exists, max, select},
    prelude::*,
};

use crate::{
    model::{
        application::Slug,
        audit_action::AuditAction,
        id::{ApplicationId, UserId},
        participant::{ApplicationIdentity, EnteredApplication},
        user::{Email, User},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        people::{reserved_emails::is_pinned_for_another, users::Row},
        schema::{app_identities, applications, audit_events, users},
        sessions::participants::ApplicationIdentityRow,
    },
};

impl Tx {
    /// The applications that these users have signed in to, by user and short name.
    pub fn entered_applications(&mut self, users: &[UserId]) -> Result<Vec<EnteredApplication>, Error> {
        app_identities::table
            .inner_join(applications::table.on(applications::id.eq(app_identities::application_id)))
            .filter(app_identities::user_id.eq_any(users.iter().map(ToString::to_string)))
            .order((app_identities::user_id, applications::slug))
            .select((NamesRow::as_select(), ApplicationIdentityRow::as_select()))
            .load::<(NamesRow, ApplicationIdentityRow)>(&mut self.0)?
            .into_iter()
            .map(|(names, identity)| {
                Ok(EnteredApplication {
                    // Of an application that cannot be read it may be one that this version does not take.
                    slug: Slug::parse(&names.slug).unwrap_or_else(|_bad| Slug::from_name(&names.slug)),
                    name: names.name,
                    identity: identity.try_into()?,
                })
            })
            .collect()
    }

    /// When `user` last signed in to each application, as far as the audit log goes back.
    pub fn last_sign_ons(&mut self, user: UserId) -> Result<BTreeMap<ApplicationId, DateTime<Utc>>, Error> {
        audit_events::table
            .filter(audit_events::user_id.eq(user.to_string()))
            .filter(audit_events::action.eq(AuditAction::SingleSignOn.as_str()))
            .filter(audit_events::outcome.eq("ok"))
            .filter(audit_events::application_id.is_not_null())
            .group_by(audit_events::application_id)
            .select((audit_events::application_id, max(audit_events::at)))
            .load::<(Option<String>, Option<NaiveDateTime>)>(&mut self.0)?
            .into_iter()
            .filter_map(|(application, at)| Some((application?, at?)))
            .map(|(application, at)| {
                let id = RowContext::new("audit_events", &application).valid(application.parse())?;
                Ok((id, at.and_utc()))
            })
            .collect()
    }

    /// Lets `application` receive `email` for `user` from now on, whatever theirs is. Returns `false` if they have never
    /// signed in to it, or the address is somebody else's.
    pub fn pin_email(
        &mut self,
        application: ApplicationId,
        user: UserId,
        email: &Email,
    ) -> Result<bool, Error> {
        let pinned = diesel::update(app_identities::table.find((application.to_string(), user.to_string())))
            .set(app_identities::pinned_email.eq(email.as_str()))
            .execute(&mut self.0)?;
        if pinned == 0 {
            return Ok(false);
        }
        // Checked after the write: whoever takes the address at the same time waits, or is seen here.
        let of_another = users::table
            .filter(users::email.eq(email.as_str()))
            .filter(users::id.ne(user.to_string()));
        let is_taken: bool = select(exists(of_another)).get_result(&mut self.0)?;
        if is_taken || is_pinned_for_another(&mut self.0, email, user)? {
            self.unpin_email(application, user)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Returns `false` if nothing was pinned.
    pub fn unpin_email(&mut self, application: ApplicationId, user: UserId) -> Result<bool, Error> {
        let pinned = app_identities::table
            .find((application.to_string(), user.to_string()))
            .filter(app_identities::pinned_email.is_not_null());
        let unpinned = diesel::update(pinned)
            .set(app_identities::pinned_email.eq(None::<String>))
            .execute(&mut self.0)?;
        Ok(unpinned == 1)
    }

    /// Removes what is pinned to the address that `user` has: it says nothing any more.
    pub fn unpin_own_email(&mut self, user: &User) -> Result<(), Error> {
        self.unpin_email_everywhere(user.id, &user.email)
    }

    /// Removes what is pinned for `user` to this address.
    pub fn unpin_email_everywhere(&mut self, user: UserId, email: &Email) -> Result<(), Error> {
        let pinned = app_identities::table
            .filter(app_identities::user_id.eq(user.to_string()))
            .filter(app_identities::pinned_email.eq(email.as_str()));
        diesel::update(pinned)
            .set(app_identities::pinned_email.eq(None::<String>))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The addresses besides their own by which applications have known `user`, or that they changed not long ago, as far
    /// as nobody else has them now.
    pub fn former_emails(&mut self, user: UserId) -> Result<Vec<Email>, Error> {
        let known = app_identities::table
            .filter(app_identities::user_id.eq(user.to_string()))
            .select(ApplicationIdentityRow::as_select())
            .load(&mut self.0)?;
        let mut emails: BTreeSet<Email> = BTreeSet::new();
        for row in known {
            let identity = ApplicationIdentity::try_from(row)?;
            emails.extend([identity.first_email, identity.last_email]);
            emails.extend(identity.pinned_email);
        }
        for change in self.email_changes_of(user)? {
            emails.extend([change.old_email, change.new_email]);
        }
        let taken: Vec<String> = users::table
            .filter(users::email.eq_any(emails.iter().map(Email::as_str)))
            .select(users::email)
            .load(&mut self.0)?;
        emails.retain(|email| !taken.iter().any(|taken| taken == email.as_str()));
        Ok(emails.into_iter().collect())
    }

    /// Those of `emails` that an application keeps receiving, and for whom.
    pub fn pinned_emails(&mut self, emails: &[String]) -> Result<BTreeMap<Email, User>, Error> {
        app_identities::table
            .inner_join(users::table.on(users::id.eq(app_identities::user_id)))
            .filter(app_identities::pinned_email.eq_any(emails))
            .select((app_identities::pinned_email, Row::as_select()))
            .load::<(Option<String>, Row)>(&mut self.0)?
            .into_iter()
            .filter_map(|(email, row)| Some((email?, row)))
            .map(|(email, row)| {
                let email = RowContext::new("app_identities", &email).valid(Email::parse(&email))?;
                Ok((email, row.try_into()?))
            })
            .collect()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
struct NamesRow {
    slug: String,
    name: String,
}
