//! Who causes a change, and what they may.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{id::UserId, role::Role, use_case::UseCase};

/// How long ago somebody may have authenticated for a sensitive act.
pub const FRESH_AUTHENTICATION: TimeDelta = TimeDelta::minutes(5);

/// Who causes a change, for the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A command, run by this user of the operating system: the local administrator, who may do everything.
    CommandLine(String),
    /// Hallpass itself: housekeeping, the start, a metadata source, or a browser whose visitor the event names.
    Itself,
    /// Somebody who is signed in, by their role of this moment.
    Person {
        id: UserId,
        role: Option<Role>,
        /// When they last proved who they are.
        authenticated_at: DateTime<Utc>,
    },
}

/// Why somebody may not do something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Denial {
    /// Their role does not hold it.
    Forbidden,
    /// They may, once they have authenticated again.
    FreshAuthenticationNeeded,
}

impl Actor {
    /// As the audit log keeps it; `None` for Hallpass itself.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::CommandLine(user) => Some(Cow::Borrowed(user)),
            Self::Itself => None,
            Self::Person { id, .. } => Some(Cow::Owned(id.to_string())),
        }
    }

    /// Whether they may do it now.
    pub fn may(&self, use_case: UseCase, now: DateTime<Utc>) -> Result<(), Denial> {
        let Self::Person {
            role,
            authenticated_at,
            ..
        } = self
        else {
            return Ok(());
        };
        if !role.is_some_and(|role| role.permits(use_case)) {
            return Err(Denial::Forbidden);
        }
        if use_case.is_sensitive() && now - *authenticated_at > FRESH_AUTHENTICATION {
            return Err(Denial::FreshAuthenticationNeeded);
        }
        Ok(())
    }

    /// Whether they may change somebody with this role.
    pub fn may_change(&self, other: Option<Role>) -> Result<(), Denial> {
        match self {
            Self::CommandLine(_) | Self::Itself => Ok(()),
            Self::Person { role, .. } if role.is_some_and(|role| role.may_change(other)) => Ok(()),
            Self::Person { .. } => Err(Denial::Forbidden),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::audit_action::AuditAction;

    /// Who may do what: the owner, the administrator, the help desk, the auditor, and somebody without a role; `*` with a
    /// fresh authentication alone.
    const TABLE: &str = "
        OAHR- read people
        OAHR- read groups
        OA-R- read applications
        OA-R- read metadata sources
        OA-R- read keys
        OA-R- read audit log
        OA-R- read installation
        OA--- change e-mail *
        ----- sign_on
        ----- login
        ----- logout
        ----- single_logout
        ----- token
        OA--- user.add
        OA--- user.edit
        OA--- user.enable
        OA--- user.disable
        OA--- user.delete *
        O---- user.role *
        OAH-- user.set_password *
        ----- user.change_password
        OAH-- user.unlock
        OAH-- user.invite *
        OAH-- user.recovery_link *
        ----- user.rescue
        OA--- user.name_id *
        OA--- user.pin *
        ----- user.email_change.request
        ----- user.email_change
        ----- user.email_change.undo
        ----- user.erase
        ----- user.device_link
        ----- login.second_factor
        ----- user.second_factor.add
        OAH-- user.second_factor.remove *
        ----- user.second_factor.forget
        ----- user.passkey.counter
        O---- passkey.move *
        ----- user.recovery_codes
        OAH-- session.end
        OA--- group.add
        OA--- group.edit
        OA--- group.remove
        OA--- group.member
        OA--- app.add
        OA--- app.edit
        OA--- app.access
        OA--- app.enable
        OA--- app.enable.rule
        OA--- app.disable
        OA--- app.remove *
        OA--- app.repair
        OA--- app.preview
        OA--- app.draft
        OA--- app.metadata
        OA--- app.source
        OA--- app.confirm
        OA--- app.secret *
        OAH-- token.revoke
        OA--- domain *
        OA--- metadata.source
        OA--- key.prepare *
        OA--- key.activate *
        OA--- key.back *
        OA--- key.retire *
        OA--- key.cancel *
        OA--- key.remove *
        OA--- key.confirm
        O---- key.reseal *
        ----- key.oidc
        OA--- mail.sent
        ----- mail.failed
        O---- database.backup *
        O---- database.restore *
        O---- database.move *
    ";

    #[test]
    fn every_role_may_do_what_the_table_says_and_no_more() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let roles = [
            (Some(Role::Owner), 'O'),
            (Some(Role::Administrator), 'A'),
            (Some(Role::HelpDesk), 'H'),
            (Some(Role::Auditor), 'R'),
            (None, '-'),
        ];
        let mut found = Vec::new();
        for use_case in UseCase::all() {
            let ask = |role, age| {
                let person = Actor::Person {
                    id: UserId::new(now, [0; 10]),
                    role,
                    authenticated_at: now - age,
                };
                person.may(use_case, now)
            };
            let letters: String = roles
                .iter()
                .map(|(role, letter)| match ask(*role, FRESH_AUTHENTICATION) {
                    Ok(()) => *letter,
                    Err(Denial::Forbidden) => '-',
                    Err(Denial::FreshAuthenticationNeeded) => '?',
                })
                .collect();
            let stale = ask(
                Some(Role::Owner),
                FRESH_AUTHENTICATION + TimeDelta::microseconds(1),
            );
            let star = if stale == Err(Denial::FreshAuthenticationNeeded) {
                " *"
            } else {
                ""
            };
            found.push(format!("{letters} {}{star}", use_case.as_str()));
            for actor in [Actor::CommandLine("root".to_owned()), Actor::Itself] {
                assert_eq!(actor.may(use_case, now), Ok(()));
            }
        }
        let table: Vec<&str> = TABLE
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(found, table, "{}", found.join("\n"));
        assert_eq!(AuditAction::ALL.len() + 8, table.len());
    }
}
