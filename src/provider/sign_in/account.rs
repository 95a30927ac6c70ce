//! What somebody who is signed in sees of their own account, and what they change of it themselves.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        id::{ApplicationId, SessionId},
        user::{NameComponents, OwnAttributes, Preferences, User},
    },
    provider::{
        audit::changes,
        error::Error,
        handle::SignIn,
        logout::end_sessions::EndedSession,
        session::ActiveSession,
        sign_in::enrolment::{FRESH, FactorChange, STILL_FRESH},
        visitor::Visitor,
    },
    store::{EditOutcome, SessionFilter},
};

/// How many sessions the page shows; nobody knows more browsers as theirs.
const MAX_SESSIONS: i64 = 50;
const REASON: &str = "ended by the person, from another browser";

/// What the user's own page shows.
#[derive(Clone, Debug)]
pub struct OwnAccount {
    pub user: User,
    /// None for somebody without a password.
    pub password_changed_at: Option<DateTime<Utc>>,
    pub second_factors: usize,
    pub recovery_codes: usize,
    /// That of this browser first.
    pub sessions: Vec<OwnSession>,
    /// By name.
    pub applications: Vec<EnteredApplication>,
}

/// An active session of the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnSession {
    pub id: SessionId,
    /// The browser in words; none if it is not known.
    pub device: Option<String>,
    pub address: Option<String>,
    /// When it was last used, to about a minute.
    pub last_seen_at: DateTime<Utc>,
    /// It is that of this browser.
    pub is_this: bool,
    /// The names of the applications that were entered from it.
    pub applications: Vec<String>,
}

/// An application that the user has entered, and what it was told of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnteredApplication {
    pub id: ApplicationId,
    pub name: String,
    /// By what it knows them.
    pub name_id: String,
    /// The address that it was told last; an application that receives none has the one of that time here.
    pub email: String,
    pub first_at: DateTime<Utc>,
}

/// What users change of themselves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    pub names: NameComponents,
    pub preferences: Preferences,
}

/// The outcome of changing it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProfileOutcome {
    Saved,
    Unchanged,
    /// A name that there was would be gone: applications may not do without it.
    NameMissing,
    /// Somebody else has changed the account at the same time.
    Stale,
}

/// Sessions that were ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EndedSessions {
    pub sessions: usize,
    /// Applications that are told only when the browser of the session comes here.
    pub applications: usize,
}

impl SignIn<'_> {
    /// `None` if nobody is signed in.
    pub fn own_account(&self, visitor: &Visitor) -> Result<Option<OwnAccount>, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let (snapshot, now, user) = (self.cached_snapshot()?, self.now(), active.user.id);
        let filter = SessionFilter {
            user: Some(user),
            after: None,
        };
        let name_of = |id| snapshot.by_id(id).map(|application| application.name.clone());
        let (account, identities, sessions) = self.store().read(|tx| {
            let account = OwnAccount {
                password_changed_at: tx.password_changed_at(user)?,
                second_factors: tx.count_second_factors(user)?,
                recovery_codes: tx.count_recovery_codes(user)?,
                sessions: Vec::new(),
                applications: Vec::new(),
                user: active.user.clone(),
            };
            let identities = tx.identities_of(user)?;
            Ok((
                account,
                identities,
                tx.listed_sessions(&filter, now, MAX_SESSIONS)?,
            ))
        })?;
        let mut sessions: Vec<OwnSession> = sessions
            .into_iter()
            .map(|listed| OwnSession {
                is_this: listed.id == active.session.id,
                id: listed.id,
                device: listed.device,
                address: listed.address,
                last_seen_at: listed.last_seen_at,
                applications: listed.applications.into_iter().filter_map(name_of).collect(),
            })
            .collect();
        sessions.sort_by_key(|session| (!session.is_this, std::cmp::Reverse(session.last_seen_at)));
        let mut applications: Vec<EnteredApplication> = identities
            .into_iter()
            .filter_map(|identity| {
                Some(EnteredApplication {
                    id: identity.application,
                    name: name_of(identity.application)?,
                    name_id: identity.last_name_id,
                    email: identity.last_email.as_str().to_owned(),
                    first_at: identity.first_at,
                })
            })
            .collect();
        applications.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Ok(Some(OwnAccount {
            sessions,
            applications,
            ..account
        }))
    }

    /// The user, for the form in which they change what [`Profile`] has.
    pub fn begin_profile(&self, visitor: &Visitor) -> Result<FactorChange<User>, Error> {
        self.with_fresh_session(FRESH, visitor, |active| Ok(active.user.clone()))
    }

    /// Changes names and preferences, and mails that it was done.
    pub fn edit_profile(
        &self,
        profile: &Profile,
        visitor: &Visitor,
    ) -> Result<FactorChange<ProfileOutcome>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            self.edit_profile_of(active, profile, visitor)
        })
    }

    fn edit_profile_of(
        &self,
        active: &ActiveSession,
        profile: &Profile,
        visitor: &Visitor,
    ) -> Result<ProfileOutcome, Error> {
        let before = &active.user;
        let is_lost = |was: bool, is: bool| was && !is;
        if is_lost(before.names.given().is_some(), profile.names.given().is_some())
            || is_lost(before.names.family().is_some(), profile.names.family().is_some())
        {
            return Ok(ProfileOutcome::NameMissing);
        }
        if before.names == profile.names && before.preferences == profile.preferences {
            return Ok(ProfileOutcome::Unchanged);
        }
        let after = User {
            names: profile.names.clone(),
            preferences: profile.preferences,
            updated_at: self.now(),
            ..before.clone()
        };
        let none = OwnAttributes::new();
        let event = AuditEvent {
            changes: changes::user_changes(before, &none, &after, &none),
            ..self.own_event(AuditAction::UserEdit, active, visitor)
        };
        let mail = self.profile_changed_mail(&after)?;
        let edited = self.store().write(|tx| {
            let edited = tx.edit_user(&after)?;
            if edited == EditOutcome::Done {
                if let Some(mail) = &mail {
                    tx.add_job(mail)?;
                }
                tx.add_audit_event(&event)?;
            }
            Ok(edited)
        })?;
        Ok(match edited {
            EditOutcome::Done => ProfileOutcome::Saved,
            EditOutcome::Taken | EditOutcome::Stale => ProfileOutcome::Stale,
        })
    }

    /// Ends a session of the user in another browser, or all of them; `None` if nobody is signed in. It asks for nothing
    /// besides the session: whoever sees an intruder's has no time to lose.
    pub fn end_own_sessions(
        &self,
        only: Option<SessionId>,
        visitor: &Visitor,
    ) -> Result<Option<EndedSessions>, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let (now, user) = (self.now(), active.user.id);
        let others = self.store().read(|tx| tx.active_sessions_of(user, now))?;
        let chosen = others
            .iter()
            .map(|session| session.id)
            .filter(|id| *id != active.session.id && only.is_none_or(|only| only == *id));
        // One for each, so that the audit log of each session has it.
        let events: Vec<_> = chosen
            .map(|session| {
                let event = AuditEvent {
                    user: Some(user),
                    session: Some(session),
                    detail: Some(REASON.to_owned()),
                    ..self.event(AuditAction::SessionEnd, "ok", Some(visitor))
                };
                (session, event)
            })
            .collect();
        let ended = self.store().write(|tx| {
            let mut ended = EndedSessions::default();
            for (session, event) in &events {
                let Some(one) = EndedSession::end(tx, (*session, user), now, REASON, None)? else {
                    continue;
                };
                ended.sessions += 1;
                ended.applications += one.applications().count();
                tx.add_audit_event(event)?;
                self.logout().defer_logout(tx, one, None)?;
            }
            Ok(ended)
        })?;
        Ok(Some(ended))
    }
}
