//! `sessions`, as people see them: where they were signed in to, and by whom.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        authentication::AuthenticationEvents,
        id::{ApplicationId, SessionId, UserId},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::{session_participants, sessions, users},
    },
};

/// An active session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedSession {
    pub id: SessionId,
    pub user: UserId,
    /// The address of the user's account.
    pub email: String,
    /// The browser in words; none if it is not known.
    pub device: Option<String>,
    /// Where from the user last signed in.
    pub address: Option<String>,
    pub authentications: AuthenticationEvents,
    /// When the browser last sent a request, to about a minute.
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The applications that were entered, in order.
    pub applications: Vec<ApplicationId>,
}

/// Which sessions to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionFilter {
    pub user: Option<UserId>,
    /// Those after this one.
    pub after: Option<SessionId>,
}

impl Tx {
    /// Says where a session was signed in to.
    pub fn set_session_origin(
        &mut self,
        id: SessionId,
        device: Option<&str>,
        address: IpAddr,
    ) -> Result<(), Error> {
        diesel::update(sessions::table.find(id.to_string()))
            .set((
                sessions::device.eq(device),
                sessions::address.eq(address.to_string()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// At most `limit` active sessions, the oldest first.
    pub fn listed_sessions(
        &mut self,
        filter: &SessionFilter,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<ListedSession>, Error> {
        let now = now.naive_utc();
        let mut query = sessions::table
            .inner_join(users::table)
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now))
            .filter(sessions::idle_expires_at.gt(now))
            .order(sessions::id)
            .limit(limit)
            .select((Row::as_select(), users::email))
            .into_boxed();
        if let Some(user) = filter.user {
            query = query.filter(sessions::user_id.eq(user.to_string()));
        }
        if let Some(after) = filter.after {
            query = query.filter(sessions::id.gt(after.to_string()));
        }
        let found: Vec<(Row, String)> = query.load(&mut self.0)?;
        let ids: Vec<&str> = found.iter().map(|(row, _)| row.id.as_str()).collect();
        let entered: Vec<Entered> = session_participants::table
            .filter(session_participants::session_id.eq_any(ids))
            .order(session_participants::first_at)
            .select(Entered::as_select())
            .load(&mut self.0)?;
        found
            .into_iter()
            .map(|(row, email)| row.listed(email, &entered))
            .collect()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct Row {
    id: String,
    user_id: String,
    last_seen_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    authentications: Option<String>,
    device: Option<String>,
    address: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = session_participants)]
struct Entered {
    session_id: String,
    application_id: String,
}

impl Row {
    fn listed(self, email: String, entered: &[Entered]) -> Result<ListedSession, Error> {
        let name = RowContext::new("sessions", &self.id);
        let applications = entered
            .iter()
            .filter(|entered| entered.session_id == self.id)
            .map(|entered| name.valid(entered.application_id.parse()))
            .collect::<Result<_, Error>>()?;
        let authentications = match &self.authentications {
            None => AuthenticationEvents::default(),
            Some(text) => name.required(AuthenticationEvents::from_text(text))?,
        };
        Ok(ListedSession {
            id: name.valid(self.id.parse())?,
            user: name.valid(self.user_id.parse())?,
            email,
            device: self.device,
            address: self.address,
            authentications,
            last_seen_at: self.last_seen_at.and_utc(),
            expires_at: self.expires_at.and_utc(),
            applications,
        })
    }
}
