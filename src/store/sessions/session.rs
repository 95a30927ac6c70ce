//! `sessions`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        authentication::{AuthenticationEvent, AuthenticationEvents},
        id::{SessionId, UserId},
        secret::{Secret, TokenHash},
        session::Session,
        user::User,
    },
    store::{
        connection::{AnyConnection, Tx},
        error::{Error, RowContext},
        people::users::Row as UserRow,
        schema::{sessions, users},
    },
};

impl Tx {
    /// Adds a session; `token` is the hash of the token in the browser's cookie.
    pub fn add_session(&mut self, session: &Session, token: TokenHash) -> Result<(), Error> {
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session.id.to_string()),
                sessions::token_hash.eq(token.as_bytes().as_slice()),
                sessions::user_id.eq(session.user.to_string()),
                sessions::seed.eq(session.seed.expose().as_slice()),
                sessions::authenticated_at.eq(authenticated_at(session)),
                sessions::authentications.eq(session.authentications.to_text()),
                sessions::last_seen_at.eq(session.last_seen_at.naive_utc()),
                sessions::idle_expires_at.eq(session.idle_expires_at.naive_utc()),
                sessions::expires_at.eq(session.expires_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The session `id`, unless it was ended.
    pub fn session(&mut self, id: SessionId) -> Result<Option<Session>, Error> {
        let found = sessions::table
            .find(id.to_string())
            .filter(sessions::ended_at.is_null())
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?;
        found.map(Session::try_from).transpose()
    }

    /// Whether the session was not ended. On PostgreSQL its row is locked until the transaction
    /// ends (SQLite locks the whole database), so that whoever ends the session meanwhile waits.
    /// The lock is shared: a transaction that also writes the row must do so before it calls this,
    /// because two that hold the lock and then write would deadlock.
    pub fn lock_open_session(&mut self, id: SessionId) -> Result<bool, Error> {
        let open = sessions::table
            .find(id.to_string())
            .filter(sessions::ended_at.is_null())
            .select(sessions::id);
        let found = match &mut self.0 {
            AnyConnection::Sqlite(c) => open.first::<String>(c).optional()?,
            AnyConnection::Postgres(c) => open.for_share().first::<String>(c).optional()?,
        };
        Ok(found.is_some())
    }

    /// The session with this token, unless it was ended, and its user. The caller must check
    /// whether the session has expired, and whether the user may still sign in.
    pub fn session_by_token(&mut self, token: TokenHash) -> Result<Option<(Session, User)>, Error> {
        let found = sessions::table
            .inner_join(users::table)
            .filter(sessions::token_hash.eq(token.as_bytes().as_slice()))
            .filter(sessions::ended_at.is_null())
            .select((Row::as_select(), UserRow::as_select()))
            .first(&mut self.0)
            .optional()?;
        found
            .map(|(session, user): (Row, UserRow)| Ok((session.try_into()?, user.try_into()?)))
            .transpose()
    }

    /// Gives a session a new token when the user signs in again; returns `false` if it was ended,
    /// or renewed by another request.
    pub fn renew_session(
        &mut self,
        renewed: &Session,
        from: TokenHash,
        to: TokenHash,
    ) -> Result<bool, Error> {
        let open = sessions::table
            .find(renewed.id.to_string())
            .filter(sessions::token_hash.eq(from.as_bytes().as_slice()))
            .filter(sessions::ended_at.is_null());
        let rows = diesel::update(open)
            .set((
                sessions::token_hash.eq(to.as_bytes().as_slice()),
                sessions::authenticated_at.eq(authenticated_at(renewed)),
                sessions::authentications.eq(renewed.authentications.to_text()),
                sessions::last_seen_at.eq(renewed.last_seen_at.naive_utc()),
                sessions::idle_expires_at.eq(renewed.idle_expires_at.naive_utc()),
                sessions::expires_at.eq(renewed.expires_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Records that the session was used.
    pub fn touch_session(
        &mut self,
        id: SessionId,
        now: DateTime<Utc>,
        idle_expires_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let open = sessions::table
            .find(id.to_string())
            .filter(sessions::ended_at.is_null())
            .filter(sessions::last_seen_at.lt(now.naive_utc()));
        diesel::update(open)
            .set((
                sessions::last_seen_at.eq(now.naive_utc()),
                sessions::idle_expires_at.eq(idle_expires_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Ends a session; returns `false` if it was ended before.
    pub fn end_session(&mut self, id: SessionId, now: DateTime<Utc>, reason: &str) -> Result<bool, Error> {
        let open = sessions::table
            .find(id.to_string())
            .filter(sessions::ended_at.is_null());
        let rows = diesel::update(open)
            .set((
                sessions::ended_at.eq(now.naive_utc()),
                sessions::end_reason.eq(reason),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Hash of the session's token, even if it was ended, and whether the session has expired at
    /// `now`.
    pub fn session_token(
        &mut self,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<(TokenHash, bool)>, Error> {
        let name = id.to_string();
        let found = sessions::table
            .find(&name)
            .select(TokenRow::as_select())
            .first(&mut self.0)
            .optional()?;
        found
            .map(|row| {
                let hash = TokenHash::from_slice(&row.token_hash);
                let hash = RowContext::new("sessions", &name).required(hash)?;
                Ok((hash, now.naive_utc() >= row.idle_expires_at.min(row.expires_at)))
            })
            .transpose()
    }

    /// Ends every session of `user`; returns how many there were.
    pub fn end_sessions_of(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
        reason: &str,
    ) -> Result<usize, Error> {
        let open = sessions::table
            .filter(sessions::user_id.eq(user.to_string()))
            .filter(sessions::ended_at.is_null());
        Ok(diesel::update(open)
            .set((
                sessions::ended_at.eq(now.naive_utc()),
                sessions::end_reason.eq(reason),
            ))
            .execute(&mut self.0)?)
    }

    /// Ends the sessions of `user` other than `kept`; returns how many there were.
    pub fn end_other_sessions_of(
        &mut self,
        user: UserId,
        kept: Option<SessionId>,
        now: DateTime<Utc>,
        reason: &str,
    ) -> Result<usize, Error> {
        let Some(kept) = kept else {
            return self.end_sessions_of(user, now, reason);
        };
        let open = sessions::table
            .filter(sessions::user_id.eq(user.to_string()))
            .filter(sessions::id.ne(kept.to_string()))
            .filter(sessions::ended_at.is_null());
        Ok(diesel::update(open)
            .set((
                sessions::ended_at.eq(now.naive_utc()),
                sessions::end_reason.eq(reason),
            ))
            .execute(&mut self.0)?)
    }

    /// The active sessions of `user`, oldest first.
    pub fn active_sessions_of(&mut self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, Error> {
        let now = now.naive_utc();
        sessions::table
            .filter(sessions::user_id.eq(user.to_string()))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .filter(sessions::idle_expires_at.gt(now))
            .order(sessions::id)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(Session::try_from)
            .collect()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(in crate::store) struct Row {
    id: String,
    user_id: String,
    seed: Vec<u8>,
    authenticated_at: NaiveDateTime,
    last_seen_at: NaiveDateTime,
    idle_expires_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    authentications: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct TokenRow {
    token_hash: Vec<u8>,
    idle_expires_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

/// When the user last authenticated: older versions read only this.
fn authenticated_at(session: &Session) -> NaiveDateTime {
    let last = session.authentications.last_at();
    last.unwrap_or(session.last_seen_at).naive_utc()
}

impl TryFrom<Row> for Session {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("sessions", &row.id);
        let mut authentications = match &row.authentications {
            None => AuthenticationEvents::default(),
            Some(text) => name.required(AuthenticationEvents::from_text(text))?,
        };
        let authenticated_at = row.authenticated_at.and_utc();
        if authentications
            .last_at()
            .is_none_or(|last| last < authenticated_at)
        {
            // Written by an older version, which knows only passwords.
            authentications.record(AuthenticationEvent::password(authenticated_at));
        }
        Ok(Self {
            id: name.valid(row.id.parse())?,
            user: name.valid(row.user_id.parse())?,
            seed: Secret::new(name.valid(row.seed.try_into())?),
            authentications,
            last_seen_at: row.last_seen_at.and_utc(),
            idle_expires_at: row.idle_expires_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
        })
    }
}
