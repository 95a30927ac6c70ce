//! What a sign-on needs to know, in one query over `installation`, `sessions`, `users` and
//! `app_identities`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        id::ApplicationId, participant::ApplicationIdentity, secret::TokenHash, session::Session, user::User,
    },
    store::{
        connection::{Tx, with_backend},
        error::Error,
        people::users::Row as UserRow,
        schema::{app_identities, installation, session_participants, sessions, users},
        sessions::participants::ApplicationIdentityRow,
        sessions::{COLUMNS as SESSION, Row as SessionRow},
    },
};

/// What a sign-on needs to know.
#[derive(Debug, Eq, PartialEq)]
pub struct SsoView {
    /// How often applications or keys were changed: what is kept in memory must be of this number.
    pub generation: i64,
    /// The session, unless it was ended; whose it is; what the application knows them by. Whether the
    /// session is too old, and whether its person may still sign in, is for the caller to judge.
    pub session: Option<(Session, User, Option<ApplicationIdentity>)>,
    /// When the application was first told of this session, if it was.
    pub joined_at: Option<DateTime<Utc>>,
}

impl Tx {
    /// What a sign-on to `application` needs to know, for the browser with this token. An installation
    /// that was not founded has no sessions.
    pub fn sso_view(&mut self, token: TokenHash, application: ApplicationId) -> Result<SsoView, Error> {
        let session = sessions::token_hash
            .eq(token.as_bytes().to_vec())
            .and(sessions::ended_at.is_null());
        let known = app_identities::user_id
            .eq(sessions::user_id)
            .and(app_identities::application_id.eq(application.to_string()));
        let joined = session_participants::session_id
            .eq(sessions::id)
            .and(session_participants::application_id.eq(application.to_string()));
        // Straight to the database at hand: the union would write the query out twice, at every sign-on.
        let found = with_backend!(&mut self.0, |c| installation::table
            .left_join(sessions::table.on(session))
            .left_join(users::table.on(users::id.eq(sessions::user_id)))
            .left_join(app_identities::table.on(known))
            .left_join(session_participants::table.on(joined))
            .select((
                installation::generation,
                SESSION.nullable(),
                users::all_columns.nullable(),
                app_identities::all_columns.nullable(),
                session_participants::first_at.nullable(),
            ))
            .first::<(
                i64,
                Option<SessionRow>,
                Option<UserRow>,
                Option<ApplicationIdentityRow>,
                Option<NaiveDateTime>
            )>(c)
            .optional())?;
        let Some((generation, session, user, identity, joined_at)) = found else {
            return Ok(SsoView {
                generation: 0,
                session: None,
                joined_at: None,
            });
        };
        let joined_at = joined_at.map(|at| at.and_utc());
        let live = match (session, user) {
            (Some(session), Some(user)) => {
                let identity = identity.map(ApplicationIdentity::try_from).transpose()?;
                Some((session.try_into()?, user.try_into()?, identity))
            }
            (Some(_), None) | (None, Some(_) | None) => None,
        };
        Ok(SsoView {
            generation,
            session: live,
            joined_at,
        })
    }
}
