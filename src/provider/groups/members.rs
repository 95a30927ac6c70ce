//! Who is in a group.

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        group::{Group, GroupName},
        use_case::UseCase,
        user::{Email, User},
    },
    provider::{error::Error, groups::sized_group::SizedGroup, handle::Groups},
};

/// The outcome of adding people to a group, or of taking them out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MemberChange {
    /// All of them; how many were not so before.
    Done {
        group: SizedGroup,
        changed: usize,
    },
    UnknownGroup,
    /// Nothing was changed: there is nobody with these addresses.
    UnknownUsers(Vec<Email>),
}

impl Groups<'_> {
    /// Adds all of these people to a group, or none. It takes effect at their next sign-in to an application.
    pub fn add_members(&self, name: &GroupName, emails: &[Email]) -> Result<MemberChange, Error> {
        self.may(UseCase::Change(AuditAction::GroupMember))?;
        self.change_members(name, emails, true)
    }

    /// Takes all of these people out of a group, or none.
    pub fn remove_members(&self, name: &GroupName, emails: &[Email]) -> Result<MemberChange, Error> {
        self.may(UseCase::Change(AuditAction::GroupMember))?;
        self.change_members(name, emails, false)
    }

    /// At most `limit` members by e-mail address, those after `after`.
    pub fn members(&self, group: &Group, after: Option<&Email>, limit: u32) -> Result<Vec<User>, Error> {
        self.may(UseCase::ReadGroups)?;
        Ok(self
            .store()
            .read(|tx| tx.group_members(group.id, after, limit.into()))?)
    }

    /// The group with its size.
    pub fn sized(&self, group: Group) -> Result<SizedGroup, Error> {
        self.may(UseCase::ReadGroups)?;
        let sizes = self.store().read(|tx| tx.group_sizes(&[group.id]))?;
        Ok(SizedGroup {
            members: sizes.get(&group.id).copied().unwrap_or_default(),
            group,
        })
    }

    fn change_members(&self, name: &GroupName, emails: &[Email], add: bool) -> Result<MemberChange, Error> {
        let Some(group) = self.group(name)? else {
            return Ok(MemberChange::UnknownGroup);
        };
        let now = self.now();
        let detail = if add {
            format!("added to the group {}", group.name)
        } else {
            format!("taken out of the group {}", group.name)
        };
        // One for each, so that the audit log of a person has it.
        let events: Vec<AuditEvent> = emails
            .iter()
            .map(|_email| AuditEvent {
                detail: Some(detail.clone()),
                ..self.event(AuditAction::GroupMember, "ok", None)
            })
            .collect();
        let changed = self.store().write(|tx| {
            if !tx.lock_group(group.id)? {
                return Ok(None);
            }
            let (mut users, mut unknown) = (Vec::with_capacity(emails.len()), Vec::new());
            for email in emails {
                match tx.user_by_email(email)? {
                    Some(user) => users.push(user.id),
                    None => unknown.push(email.clone()),
                }
            }
            if !unknown.is_empty() {
                return Ok(Some(Err(unknown)));
            }
            let mut changed = 0;
            for (user, mut event) in users.into_iter().zip(events) {
                let is_changed = if add {
                    tx.add_group_member(group.id, user, now)?
                } else {
                    tx.remove_group_member(group.id, user)?
                };
                if is_changed {
                    event.user = Some(user);
                    tx.add_audit_event(&event)?;
                    changed += 1;
                }
            }
            Ok(Some(Ok(changed)))
        })?;
        Ok(match changed {
            None => MemberChange::UnknownGroup,
            Some(Ok(changed)) => MemberChange::Done {
                group: self.sized(group)?,
                changed,
            },
            Some(Err(unknown)) => MemberChange::UnknownUsers(unknown),
        })
    }
}
