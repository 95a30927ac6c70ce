//! `logouts` and `logout_hops`, the steps of a logout.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text, Timestamp},
};

use crate::{
    model::{
        id::{ApplicationId, LogoutId},
        logout::{Initiator, Logout, LogoutStep, LogoutStepState},
        name_id::NameId,
        participant::ParticipantSubject,
        secret::TokenHash,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::{logout_hops, logouts},
    },
};

impl Tx {
    /// Adds a logout and its steps: the applications that receive a LogoutRequest.
    pub fn add_logout(&mut self, logout: &Logout, steps: &[LogoutStep]) -> Result<(), Error> {
        diesel::insert_into(logouts::table)
            .values(LogoutRow::from(logout))
            .execute(&mut self.0)?;
        for hop in steps {
            diesel::insert_into(logout_hops::table)
                .values(LogoutStepRow::new(logout.id, hop))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// A logout and its steps in order, whether it is finished or not.
    pub fn logout(&mut self, id: LogoutId) -> Result<Option<(Logout, Vec<LogoutStep>)>, Error> {
        self.repeatable_read(|tx| {
            let found = logouts::table
                .find(id.to_string())
                .select(LogoutRow::as_select())
                .first(&mut tx.0)
                .optional()?;
            let Some(row) = found else { return Ok(None) };
            let steps = logout_hops::table
                .filter(logout_hops::logout_id.eq(id.to_string()))
                .order(logout_hops::position)
                .select(LogoutStepRow::as_select())
                .load(&mut tx.0)?
                .into_iter()
                .map(LogoutStep::try_from)
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Some((row.try_into()?, steps)))
        })
    }

    /// The unfinished logout in the browser with this cookie.
    pub fn running_logout(
        &mut self,
        browser: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<LogoutId>, Error> {
        let found = logouts::table
            .filter(logouts::browser.eq(browser.as_bytes().as_slice()))
            .filter(logouts::finished_at.is_null())
            .filter(logouts::expires_at.gt(now.naive_utc()))
            .select(logouts::id)
            .first::<String>(&mut self.0)
            .optional()?;
        found.as_deref().map(parse_logout_id).transpose()
    }

    /// Whether a logout waits to be continued by the browser with this session cookie.
    pub fn has_pending_logout(&mut self, session: TokenHash, now: DateTime<Utc>) -> Result<bool, Error> {
        let waiting = logouts::table
            .filter(logouts::session_token.eq(session.as_bytes().as_slice()))
            .filter(logouts::finished_at.is_null())
            .filter(logouts::expires_at.gt(now.naive_utc()));
        Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(&mut self.0)?)
    }

    /// Claims the logout that waits for the browser with the session cookie `session`: it continues
    /// in that browser under the cookie `browser` until `until`. Succeeds once.
    ///
    /// If `answers` gives a LogoutRequest (application, `ID`, whether a LogoutResponse is wanted),
    /// only a logout that this request began is claimed, and its sender may get its LogoutResponse
    /// at the end. Without it, nobody knows who is at the browser any more, so the logout no longer
    /// shows the names of applications.
    pub fn claim_logout(
        &mut self,
        session: TokenHash,
        browser: TokenHash,
        answers: Option<(ApplicationId, &str, bool)>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<LogoutId>, Error> {
        let waiting = logouts::table
            .filter(logouts::session_token.eq(session.as_bytes().as_slice()))
            .filter(logouts::finished_at.is_null())
            .filter(logouts::expires_at.gt(now.naive_utc()));
        let claimed = (
            logouts::session_token.eq(None::<Vec<u8>>),
            logouts::browser.eq(browser.as_bytes().to_vec()),
            logouts::expires_at.eq(until.naive_utc()),
        );
        let found = if let Some((application, request_id, wants_answer)) = answers {
            let of_it = waiting
                .filter(logouts::initiator_id.eq(application.to_string()))
                .filter(logouts::request_id.eq(request_id));
            let claimed = (claimed, logouts::wants_answer.eq(wants_answer));
            with_backend!(&mut self.0, |c| diesel::update(of_it)
                .set(claimed)
                .returning(logouts::id)
                .get_result::<String>(c)
                .optional())?
        } else {
            let claimed = (claimed, logouts::nameless.eq(true));
            with_backend!(&mut self.0, |c| diesel::update(waiting)
                .set(claimed)
                .returning(logouts::id)
                .get_result::<String>(c)
                .optional())?
        };
        found.as_deref().map(parse_logout_id).transpose()
    }

    /// Records that the LogoutRequest with this `ID` is sent for a pending step; returns `false` if
    /// it was not pending.
    pub fn mark_logout_step_requested(
        &mut self,
        id: LogoutId,
        position: i64,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let waiting = logout_hops::table
            .find((id.to_string(), position))
            .filter(logout_hops::state.eq(LogoutStepState::Pending.as_str()));
        let rows = diesel::update(waiting)
            .set((
                logout_hops::state.eq(LogoutStepState::Requested.as_str()),
                logout_hops::request_id.eq(request_id),
                logout_hops::asked_at.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// The step whose LogoutRequest had this `ID`, if it is not settled and the logout has not
    /// expired.
    pub fn requested_logout_step(
        &mut self,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(LogoutId, LogoutStep)>, Error> {
        let found = logout_hops::table
            .inner_join(logouts::table)
            .filter(logout_hops::request_id.eq(request_id))
            .filter(logout_hops::state.eq_any([
                LogoutStepState::Requested.as_str(),
                LogoutStepState::Unconfirmed.as_str(),
            ]))
            .filter(logouts::expires_at.gt(now.naive_utc()))
            .select(LogoutStepRow::as_select())
            .first(&mut self.0)
            .optional()?;
        found
            .map(|row| Ok((parse_logout_id(&row.logout_id)?, row.try_into()?)))
            .transpose()
    }

    /// Records the result of a LogoutResponse; returns `false` if the step was settled before. A
    /// step that was skipped after its LogoutRequest can still be settled.
    pub fn settle_logout_step(
        &mut self,
        id: LogoutId,
        position: i64,
        state: LogoutStepState,
    ) -> Result<bool, Error> {
        self.change_logout_step_state(
            id,
            position,
            &[LogoutStepState::Requested, LogoutStepState::Unconfirmed],
            state,
        )
    }

    /// Continues without a step that is pending or has no LogoutResponse yet; returns `false` if it
    /// is settled.
    pub fn skip_logout_step(&mut self, id: LogoutId, position: i64) -> Result<bool, Error> {
        let open = [LogoutStepState::Pending, LogoutStepState::Requested];
        self.change_logout_step_state(id, position, &open, LogoutStepState::Unconfirmed)
    }

    /// Records that the application of a pending step has no logout endpoint; returns `false` if
    /// the step was not pending.
    pub fn mark_logout_step_without_endpoint(&mut self, id: LogoutId, position: i64) -> Result<bool, Error> {
        self.change_logout_step_state(
            id,
            position,
            &[LogoutStepState::Pending],
            LogoutStepState::NoEndpoint,
        )
    }

    fn change_logout_step_state(
        &mut self,
        id: LogoutId,
        position: i64,
        from: &[LogoutStepState],
        to: LogoutStepState,
    ) -> Result<bool, Error> {
        let from: Vec<_> = from.iter().map(|state| state.as_str()).collect();
        let hop = logout_hops::table
            .find((id.to_string(), position))
            .filter(logout_hops::state.eq_any(from));
        let rows = diesel::update(hop)
            .set(logout_hops::state.eq(to.as_str()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Marks a logout as finished; returns `false` if it was finished before.
    pub fn finish_logout(&mut self, id: LogoutId, now: DateTime<Utc>) -> Result<bool, Error> {
        let open = logouts::table
            .find(id.to_string())
            .filter(logouts::finished_at.is_null());
        let rows = diesel::update(open)
            .set(logouts::finished_at.eq(now.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Finishes at most `step` logouts that have expired, and returns them. Each is returned to
    /// only one of two replicas.
    pub fn expire_logouts(&mut self, now: DateTime<Utc>, step: i64) -> Result<Vec<LogoutId>, Error> {
        let skip = self.skip_locked();
        let ended = diesel::sql_query(format!(
            "UPDATE logouts SET finished_at = $1 WHERE id IN (SELECT id FROM logouts \
             WHERE finished_at IS NULL AND expires_at <= $1 ORDER BY id LIMIT $2{skip}) RETURNING id"
        ))
        .bind::<Timestamp, _>(now.naive_utc())
        .bind::<BigInt, _>(step)
        .load::<ExpiredLogout>(&mut self.0)?;
        ended.iter().map(|row| parse_logout_id(&row.id)).collect()
    }
}

#[derive(QueryableByName)]
struct ExpiredLogout {
    #[diesel(sql_type = Text)]
    id: String,
}

fn parse_logout_id(text: &str) -> Result<LogoutId, Error> {
    RowContext::new("logouts", text).valid(text.parse())
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = logouts)]
struct LogoutRow {
    id: String,
    browser: Vec<u8>,
    user_id: String,
    initiator_id: Option<String>,
    request_id: Option<String>,
    relay_state: Option<String>,
    wants_answer: bool,
    started_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    finished_at: Option<NaiveDateTime>,
    session_token: Option<Vec<u8>>,
    nameless: bool,
}

impl From<&Logout> for LogoutRow {
    fn from(logout: &Logout) -> Self {
        let by = logout.initiator.as_ref();
        Self {
            id: logout.id.to_string(),
            browser: logout.browser.as_bytes().to_vec(),
            user_id: logout.user.to_string(),
            initiator_id: by.map(|by| by.application.to_string()),
            request_id: by.map(|by| by.request_id.clone()),
            relay_state: by.and_then(|by| by.relay_state.clone()),
            wants_answer: by.is_some_and(|by| by.wants_response),
            started_at: logout.started_at.naive_utc(),
            expires_at: logout.expires_at.naive_utc(),
            finished_at: logout.finished_at.map(|at| at.naive_utc()),
            session_token: logout.session_token.map(|token| token.as_bytes().to_vec()),
            nameless: logout.hides_applications,
        }
    }
}

impl TryFrom<LogoutRow> for Logout {
    type Error = Error;

    fn try_from(row: LogoutRow) -> Result<Self, Error> {
        let name = RowContext::new("logouts", &row.id);
        let application = name.optional(row.initiator_id, |id| id.parse::<ApplicationId>())?;
        let initiator = application
            .zip(row.request_id)
            .map(|(application, request_id)| Initiator {
                application,
                request_id,
                relay_state: row.relay_state,
                wants_response: row.wants_answer,
            });
        Ok(Self {
            id: name.valid(row.id.parse())?,
            browser: name.required(TokenHash::from_slice(&row.browser))?,
            user: name.valid(row.user_id.parse())?,
            initiator,
            started_at: row.started_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            finished_at: row.finished_at.map(|at| at.and_utc()),
            session_token: row
                .session_token
                .map(|token| name.required(TokenHash::from_slice(&token)))
                .transpose()?,
            hides_applications: row.nameless,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = logout_hops)]
struct LogoutStepRow {
    logout_id: String,
    position: i64,
    session_id: String,
    application_id: String,
    session_index: String,
    name_id_format: String,
    name_id: String,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    state: String,
    request_id: Option<String>,
    asked_at: Option<NaiveDateTime>,
}

impl LogoutStepRow {
    fn new(logout: LogoutId, hop: &LogoutStep) -> Self {
        let name_id = hop.subject.to_stored();
        Self {
            logout_id: logout.to_string(),
            position: hop.position,
            session_id: hop.session.to_string(),
            application_id: hop.application.to_string(),
            session_index: hop.session_handle.clone(),
            name_id_format: name_id.format,
            name_id: name_id.value,
            name_qualifier: name_id.name_qualifier,
            sp_name_qualifier: name_id.sp_name_qualifier,
            state: hop.state.as_str().to_owned(),
            request_id: hop.request_id.clone(),
            asked_at: hop.requested_at.map(|at| at.naive_utc()),
        }
    }
}

impl TryFrom<LogoutStepRow> for LogoutStep {
    type Error = Error;

    fn try_from(row: LogoutStepRow) -> Result<Self, Error> {
        let name = RowContext::new("logout_hops", &row.logout_id);
        let state = LogoutStepState::ALL
            .into_iter()
            .find(|state| state.as_str() == row.state);
        Ok(Self {
            position: row.position,
            session: name.valid(row.session_id.parse())?,
            application: name.valid(row.application_id.parse())?,
            session_handle: row.session_index,
            subject: ParticipantSubject::from_stored(NameId {
                format: row.name_id_format,
                value: row.name_id,
                name_qualifier: row.name_qualifier,
                sp_name_qualifier: row.sp_name_qualifier,
            }),
            state: name.required(state)?,
            request_id: row.request_id,
            requested_at: row.asked_at.map(|at| at.and_utc()),
        })
    }
}
