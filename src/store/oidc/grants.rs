//! `oidc_grants`, with all that decides whether one still counts.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        grant::{Grant, Words},
        id::{ApplicationId, GrantId, UserId},
        participant::ApplicationIdentity,
        session::Session,
        user::User,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        people::users::Row as UserRow,
        schema::{
            app_identities, application_groups, application_users, group_members, installation, oidc_grants,
            sessions, users,
        },
        sessions::{participants::ApplicationIdentityRow, session::Row as SessionRow},
    },
};

/// A grant, and what its use depends on, at one moment.
#[derive(Debug)]
pub struct GrantView {
    /// As [`SsoView::generation`](crate::store::SsoView::generation).
    pub generation: i64,
    pub grant: Grant,
    pub user: User,
    /// Its session, unless it was ended or is long over. The caller must check whether it has expired.
    pub session: Option<Session>,
    pub identity: Option<ApplicationIdentity>,
    /// Whether the application is assigned to the user, by themselves or by one of their groups.
    pub is_assigned: bool,
}

impl Tx {
    pub fn add_grant(&mut self, grant: &Grant) -> Result<(), Error> {
        diesel::insert_into(oidc_grants::table)
            .values(GrantRow::from(grant))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// A grant, live or not, with what its use depends on.
    pub fn grant_view(&mut self, id: GrantId) -> Result<Option<GrantView>, Error> {
        let session = sessions::id
            .eq(oidc_grants::session_id)
            .and(sessions::ended_at.is_null());
        let known = app_identities::user_id
            .eq(oidc_grants::user_id)
            .and(app_identities::application_id.eq(oidc_grants::application_id));
        // Scalar subqueries, as in `sso_view`.
        let by_user = application_users::table
            .filter(application_users::application_id.eq(oidc_grants::application_id))
            .filter(application_users::user_id.eq(oidc_grants::user_id))
            .select(application_users::user_id)
            .single_value();
        let by_group = application_groups::table
            .inner_join(group_members::table.on(group_members::group_id.eq(application_groups::group_id)))
            .filter(application_groups::application_id.eq(oidc_grants::application_id))
            .filter(group_members::user_id.eq(oidc_grants::user_id))
            .select(group_members::user_id)
            .single_value();
        let found = with_backend!(&mut self.0, |c| oidc_grants::table
            .inner_join(users::table.on(users::id.eq(oidc_grants::user_id)))
            .left_join(sessions::table.on(session))
            .left_join(app_identities::table.on(known))
            .inner_join(installation::table.on(installation::id.gt(0)))
            .filter(oidc_grants::id.eq(id.to_string()))
            .select((
                installation::generation,
                GrantRow::as_select(),
                UserRow::as_select(),
                Option::<SessionRow>::as_select(),
                Option::<ApplicationIdentityRow>::as_select(),
                by_user.is_not_null().or(by_group.is_not_null()),
            ))
            .first::<(
                i64,
                GrantRow,
                UserRow,
                Option<SessionRow>,
                Option<ApplicationIdentityRow>,
                bool
            )>(c)
            .optional())?;
        let Some((generation, grant, user, session, identity, is_assigned)) = found else {
            return Ok(None);
        };
        Ok(Some(GrantView {
            generation,
            grant: grant.try_into()?,
            user: user.try_into()?,
            session: session.map(Session::try_from).transpose()?,
            identity: identity.map(ApplicationIdentity::try_from).transpose()?,
            is_assigned,
        }))
    }

    /// Lets a grant last until then, once its code was redeemed.
    pub fn extend_grant(
        &mut self,
        id: GrantId,
        outlives_session: bool,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        diesel::update(oidc_grants::table.find(id.to_string()))
            .set((
                oidc_grants::outlives_session.eq(outlives_session),
                oidc_grants::expires_at.eq(until.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Records that an answer to a refresh was lost; `false` if one was before.
    pub fn recover_grant(&mut self, id: GrantId, now: DateTime<Utc>) -> Result<bool, Error> {
        let unrecovered = oidc_grants::table
            .find(id.to_string())
            .filter(oidc_grants::recovered_at.is_null());
        let rows = diesel::update(unrecovered)
            .set(oidc_grants::recovered_at.eq(now.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Ends a grant, and so all of its tokens; `false` if it had ended.
    pub fn end_grant(&mut self, id: GrantId, now: DateTime<Utc>) -> Result<bool, Error> {
        let live = oidc_grants::table
            .find(id.to_string())
            .filter(oidc_grants::ended_at.is_null());
        let rows = diesel::update(live)
            .set(oidc_grants::ended_at.eq(now.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Ends every grant of a user, at one application or at all; returns how many.
    pub fn end_grants_of_user(
        &mut self,
        user: UserId,
        application: Option<ApplicationId>,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let theirs = oidc_grants::table
            .filter(oidc_grants::user_id.eq(user.to_string()))
            .filter(oidc_grants::ended_at.is_null());
        let end = oidc_grants::ended_at.eq(now.naive_utc());
        Ok(match application {
            None => diesel::update(theirs).set(end).execute(&mut self.0)?,
            Some(application) => {
                diesel::update(theirs.filter(oidc_grants::application_id.eq(application.to_string())))
                    .set(end)
                    .execute(&mut self.0)?
            }
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = oidc_grants)]
struct GrantRow {
    id: String,
    application_id: String,
    user_id: String,
    session_id: String,
    outlives_session: bool,
    scope: String,
    resource: String,
    id_token_claims: String,
    userinfo_claims: String,
    acr: String,
    amr: String,
    auth_time: NaiveDateTime,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    recovered_at: Option<NaiveDateTime>,
}

impl From<&Grant> for GrantRow {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            application_id: grant.application.to_string(),
            user_id: grant.user.to_string(),
            session_id: grant.session.to_string(),
            outlives_session: grant.outlives_session,
            scope: grant.scope.to_string(),
            resource: grant.resource.to_string(),
            id_token_claims: grant.id_token_claims.to_string(),
            userinfo_claims: grant.userinfo_claims.to_string(),
            acr: grant.acr.clone(),
            amr: grant.amr.to_string(),
            auth_time: grant.auth_time.naive_utc(),
            created_at: grant.created_at.naive_utc(),
            expires_at: grant.expires_at.naive_utc(),
            ended_at: grant.ended_at.map(|end| end.naive_utc()),
            recovered_at: grant.recovered_at.map(|at| at.naive_utc()),
        }
    }
}

impl TryFrom<GrantRow> for Grant {
    type Error = Error;

    fn try_from(row: GrantRow) -> Result<Self, Error> {
        let name = RowContext::new("oidc_grants", &row.id);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            application: name.valid(row.application_id.parse())?,
            user: name.valid(row.user_id.parse())?,
            session: name.valid(row.session_id.parse())?,
            outlives_session: row.outlives_session,
            scope: Words::parse(&row.scope),
            resource: Words::parse(&row.resource),
            id_token_claims: Words::parse(&row.id_token_claims),
            userinfo_claims: Words::parse(&row.userinfo_claims),
            acr: row.acr,
            amr: Words::parse(&row.amr),
            auth_time: row.auth_time.and_utc(),
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            ended_at: row.ended_at.map(|end| end.and_utc()),
            recovered_at: row.recovered_at.map(|at| at.and_utc()),
        })
    }
}
