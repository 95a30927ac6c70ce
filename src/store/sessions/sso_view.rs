//! What SSO needs to know, in one query over `installation`, `sessions`, `users`, `app_identities`
//! and `session_participants`.

use diesel::prelude::*;

use crate::{
    model::{
        id::ApplicationId,
        participant::{ApplicationIdentity, Participant},
        secret::TokenHash,
        session::Session,
        user::User,
    },
    store::{
        connection::{Tx, with_backend},
        error::Error,
        people::users::Row as UserRow,
        schema::{
            app_identities, application_groups, application_users, group_members, installation,
            session_participants, sessions, users,
        },
        sessions::{
            participants::{ApplicationIdentityRow, ParticipantRow},
            session::Row as SessionRow,
        },
    },
};

/// What SSO to an application needs to know about the browser's session.
#[derive(Debug, Eq, PartialEq)]
pub struct SsoView {
    /// How many times applications or keys were changed: cached data is valid only at this
    /// generation.
    pub generation: i64,
    /// The session, unless it was ended; its user; the identity that the application has received.
    /// The caller must check whether the session has expired, and whether the user may still sign
    /// in.
    pub session: Option<(Session, User, Option<ApplicationIdentity>)>,
    /// The application's part in this session, if it received an Assertion for it.
    pub participant: Option<Participant>,
    /// Whether the application is assigned to the user, by themselves or by one of their groups.
    pub is_assigned: bool,
}

impl Tx {
    /// What SSO to `application` needs to know, for the browser with this token. An installation
    /// that was not initialized has no sessions.
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
        // Scalar subqueries: an EXISTS may be hashed, with everybody who may use the application.
        let by_user = application_users::table
            .filter(application_users::application_id.eq(application.to_string()))
            .filter(application_users::user_id.eq(sessions::user_id))
            .select(application_users::user_id)
            .single_value();
        let by_group = application_groups::table
            .inner_join(group_members::table.on(group_members::group_id.eq(application_groups::group_id)))
            .filter(application_groups::application_id.eq(application.to_string()))
            .filter(group_members::user_id.eq(sessions::user_id))
            .select(group_members::user_id)
            .single_value();
        // On the backend's own connection: diesel's `MultiConnection` would build the query twice
        // at each SSO.
        let found = with_backend!(&mut self.0, |c| installation::table
            .left_join(sessions::table.on(session))
            .left_join(users::table.on(users::id.eq(sessions::user_id)))
            .left_join(app_identities::table.on(known))
            .left_join(session_participants::table.on(joined))
            .select((
                installation::generation,
                Option::<SessionRow>::as_select(),
                Option::<UserRow>::as_select(),
                Option::<ApplicationIdentityRow>::as_select(),
                Option::<ParticipantRow>::as_select(),
                by_user.is_not_null().or(by_group.is_not_null()),
            ))
            .first::<(
                i64,
                Option<SessionRow>,
                Option<UserRow>,
                Option<ApplicationIdentityRow>,
                Option<ParticipantRow>,
                bool
            )>(c)
            .optional())?;
        let Some((generation, session, user, identity, participant, is_assigned)) = found else {
            return Ok(SsoView {
                generation: 0,
                session: None,
                participant: None,
                is_assigned: false,
            });
        };
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
            participant: participant.map(Participant::try_from).transpose()?,
            is_assigned,
        })
    }
}
