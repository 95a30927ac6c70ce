//! `session_participants` and `app_identities`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        id::{ApplicationId, SessionId, UserId},
        name_id::NameId,
        participant::{ApplicationIdentity, Participant, ParticipantSubject},
        user::Email,
    },
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::{Error, RowContext},
        schema::{app_identities, session_participants, sessions},
    },
};

impl Tx {
    /// Records that an application received an Assertion for a session, for the first time or
    /// again. The row becomes equal to `participant`, so its `first_at` must be the recorded one
    /// (see [`SsoView::participant`](crate::store::SsoView)).
    pub fn save_participant(&mut self, participant: &Participant) -> Result<(), Error> {
        let row = ParticipantRow::from(participant);
        match &mut self.0 {
            // Unlike an upsert, diesel caches this as a prepared statement.
            AnyConnection::Sqlite(c) => diesel::replace_into(session_participants::table)
                .values(row)
                .execute(c)?,
            AnyConnection::Postgres(c) => {
                let changed = (
                    session_participants::name_id_format.eq(row.name_id_format.clone()),
                    session_participants::name_id.eq(row.name_id.clone()),
                    session_participants::name_qualifier.eq(row.name_qualifier.clone()),
                    session_participants::sp_name_qualifier.eq(row.sp_name_qualifier.clone()),
                    session_participants::last_at.eq(row.last_at),
                );
                diesel::insert_into(session_participants::table)
                    .values(row)
                    .on_conflict((
                        session_participants::session_id,
                        session_participants::application_id,
                    ))
                    .do_update()
                    .set(changed)
                    .execute(c)?
            }
        };
        Ok(())
    }

    /// Records it unless the session has this application as a participant, whatever its row says.
    pub fn add_participant(&mut self, participant: &Participant) -> Result<(), Error> {
        let row = ParticipantRow::from(participant);
        match &mut self.0 {
            // Unlike ON CONFLICT, diesel knows this statement by its type.
            AnyConnection::Sqlite(c) => diesel::insert_or_ignore_into(session_participants::table)
                .values(row)
                .execute(c)?,
            AnyConnection::Postgres(c) => diesel::insert_into(session_participants::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(c)?,
        };
        Ok(())
    }

    /// The applications that received an Assertion for a session, in order of the first one.
    pub fn participants(&mut self, session: SessionId) -> Result<Vec<Participant>, Error> {
        session_participants::table
            .filter(session_participants::session_id.eq(session.to_string()))
            .order((
                session_participants::first_at,
                session_participants::application_id,
            ))
            .select(ParticipantRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(Participant::try_from)
            .collect()
    }

    /// The participants of an application with this NameID, in sessions that were not ended.
    pub fn participants_by_name_id(
        &mut self,
        application: ApplicationId,
        name_id: &NameId,
    ) -> Result<Vec<Participant>, Error> {
        session_participants::table
            .inner_join(sessions::table)
            .filter(session_participants::application_id.eq(application.to_string()))
            .filter(session_participants::name_id.eq(&name_id.value))
            .filter(session_participants::name_id_format.eq(&name_id.format))
            .filter(sessions::ended_at.is_null())
            .order(session_participants::session_id)
            .select(ParticipantRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(Participant::try_from)
            .collect()
    }

    /// The participants of an application with this SessionIndex and NameID, in any format, in
    /// sessions that were not ended.
    pub fn participants_by_index(
        &mut self,
        application: ApplicationId,
        session_index: &str,
        name_id: &str,
    ) -> Result<Vec<Participant>, Error> {
        session_participants::table
            .inner_join(sessions::table)
            .filter(session_participants::application_id.eq(application.to_string()))
            // By NameID first: it has an index.
            .filter(session_participants::name_id.eq(name_id))
            .filter(session_participants::session_index.eq(session_index))
            .filter(sessions::ended_at.is_null())
            .order(session_participants::session_id)
            .select(ParticipantRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(Participant::try_from)
            .collect()
    }

    /// Removes one application from a session that continues; returns `false` if it was not a
    /// participant.
    pub fn remove_participant(
        &mut self,
        session: SessionId,
        application: ApplicationId,
    ) -> Result<bool, Error> {
        let part = session_participants::table.find((session.to_string(), application.to_string()));
        Ok(diesel::delete(part).execute(&mut self.0)? == 1)
    }

    /// Whether `application` received this SessionIndex and NameID in a session that has ended or
    /// expired.
    pub fn has_ended_participant(
        &mut self,
        application: ApplicationId,
        session_index: &str,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let over = sessions::ended_at
            .is_not_null()
            .or(sessions::expires_at.le(now.naive_utc()))
            .or(sessions::idle_expires_at.le(now.naive_utc()));
        let ended = session_participants::table
            .inner_join(sessions::table)
            .filter(session_participants::application_id.eq(application.to_string()))
            .filter(session_participants::session_index.eq(session_index))
            .filter(session_participants::name_id.eq(name))
            .filter(over);
        Ok(diesel::select(diesel::dsl::exists(ended)).get_result(&mut self.0)?)
    }

    /// Whether `application` received this NameID, in any format, in a session that is active.
    pub fn has_active_participant(
        &mut self,
        application: ApplicationId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let active = session_participants::table
            .inner_join(sessions::table)
            .filter(session_participants::application_id.eq(application.to_string()))
            .filter(session_participants::name_id.eq(name))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now.naive_utc()))
            .filter(sessions::idle_expires_at.gt(now.naive_utc()));
        Ok(diesel::select(diesel::dsl::exists(active)).get_result(&mut self.0)?)
    }

    /// Whether `application` has ever received this NameID.
    pub fn has_identity_with_name_id(
        &mut self,
        application: ApplicationId,
        name: &str,
    ) -> Result<bool, Error> {
        // Two subqueries, each answered from an index; with one, SQLite would scan every identity
        // of the application.
        let known = || {
            app_identities::table
                .filter(app_identities::application_id.eq(application.to_string()))
                .select(app_identities::user_id)
        };
        let first = diesel::dsl::exists(known().filter(app_identities::first_name_id.eq(name)));
        let last = diesel::dsl::exists(known().filter(app_identities::last_name_id.eq(name)));
        Ok(diesel::select(first.or(last)).get_result(&mut self.0)?)
    }

    /// The `NameIDs` and e-mail addresses of a user that an application has received.
    pub fn application_identity(
        &mut self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<ApplicationIdentity>, Error> {
        app_identities::table
            .find((application.to_string(), user.to_string()))
            .select(ApplicationIdentityRow::as_select())
            .first(&mut self.0)
            .optional()?
            .map(ApplicationIdentity::try_from)
            .transpose()
    }

    /// What all applications have received for a user.
    pub fn identities_of(&mut self, user: UserId) -> Result<Vec<ApplicationIdentity>, Error> {
        app_identities::table
            .filter(app_identities::user_id.eq(user.to_string()))
            .select(ApplicationIdentityRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(ApplicationIdentity::try_from)
            .collect()
    }

    /// Records the NameID and e-mail address that an application received for a user. Those that it
    /// received first are never overwritten, and a pinned address stays as it is.
    pub fn save_application_identity(&mut self, identity: &ApplicationIdentity) -> Result<(), Error> {
        let row = ApplicationIdentityRow::from(identity);
        let changed = (
            app_identities::last_name_id.eq(&identity.last_name_id),
            app_identities::last_email.eq(identity.last_email.as_str()),
            app_identities::changed_at.eq(identity.changed_at.naive_utc()),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(app_identities::table)
            .values(row)
            .on_conflict((app_identities::application_id, app_identities::user_id))
            .do_update()
            .set(changed)
            .execute(c))?;
        Ok(())
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = session_participants, treat_none_as_default_value = false)]
pub(in crate::store) struct ParticipantRow {
    session_id: String,
    application_id: String,
    session_index: String,
    name_id_format: String,
    name_id: String,
    first_at: NaiveDateTime,
    last_at: NaiveDateTime,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

impl From<&Participant> for ParticipantRow {
    fn from(participant: &Participant) -> Self {
        let name_id = participant.subject.to_stored();
        Self {
            session_id: participant.session.to_string(),
            application_id: participant.application.to_string(),
            session_index: participant.session_handle.clone(),
            name_id_format: name_id.format,
            name_id: name_id.value,
            first_at: participant.first_at.naive_utc(),
            last_at: participant.last_at.naive_utc(),
            name_qualifier: name_id.name_qualifier,
            sp_name_qualifier: name_id.sp_name_qualifier,
        }
    }
}

impl TryFrom<ParticipantRow> for Participant {
    type Error = Error;

    fn try_from(row: ParticipantRow) -> Result<Self, Error> {
        let name = RowContext::new("session_participants", &row.session_id);
        Ok(Self {
            session: name.valid(row.session_id.parse())?,
            application: name.valid(row.application_id.parse())?,
            session_handle: row.session_index,
            subject: ParticipantSubject::from_stored(NameId {
                format: row.name_id_format,
                value: row.name_id,
                name_qualifier: row.name_qualifier,
                sp_name_qualifier: row.sp_name_qualifier,
            }),
            first_at: row.first_at.and_utc(),
            last_at: row.last_at.and_utc(),
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = app_identities)]
pub(in crate::store) struct ApplicationIdentityRow {
    application_id: String,
    user_id: String,
    first_name_id: String,
    first_email: String,
    last_name_id: String,
    last_email: String,
    first_at: NaiveDateTime,
    changed_at: NaiveDateTime,
    pinned_email: Option<String>,
}

impl From<&ApplicationIdentity> for ApplicationIdentityRow {
    fn from(identity: &ApplicationIdentity) -> Self {
        Self {
            application_id: identity.application.to_string(),
            user_id: identity.user.to_string(),
            first_name_id: identity.first_name_id.clone(),
            first_email: identity.first_email.as_str().to_owned(),
            last_name_id: identity.last_name_id.clone(),
            last_email: identity.last_email.as_str().to_owned(),
            first_at: identity.first_at.naive_utc(),
            changed_at: identity.changed_at.naive_utc(),
            pinned_email: identity
                .pinned_email
                .as_ref()
                .map(|email| email.as_str().to_owned()),
        }
    }
}

impl TryFrom<ApplicationIdentityRow> for ApplicationIdentity {
    type Error = Error;

    fn try_from(row: ApplicationIdentityRow) -> Result<Self, Error> {
        let name = RowContext::new("app_identities", &row.application_id);
        Ok(Self {
            application: name.valid(row.application_id.parse())?,
            user: name.valid(row.user_id.parse())?,
            first_name_id: row.first_name_id,
            first_email: name.valid(Email::parse(&row.first_email))?,
            last_name_id: row.last_name_id,
            last_email: name.valid(Email::parse(&row.last_email))?,
            first_at: row.first_at.and_utc(),
            changed_at: row.changed_at.and_utc(),
            pinned_email: name.optional(row.pinned_email, |text| Email::parse(&text))?,
        })
    }
}
