//! Who may use an application.

use crate::{
    model::{
        application::{Application, ApplicationAccess, Slug},
        audit::AuditEvent,
        audit_action::AuditAction,
        group::{Group, GroupName},
        id::GroupId,
        remedy::{Remediable, Remedy},
        use_case::UseCase,
        user::Email,
    },
    provider::{
        applications::{assignments::Assignments, bad_application::BadApplication, edit::ApplicationEdit},
        error::Error,
        groups::sized_group::SizedGroup,
        handle::Applications,
        people::users::ChangeOutcome,
    },
    store::{self, Assignee, Tx},
};

/// People and groups, by the names that an administrator types.
#[derive(Clone, Debug, Default)]
pub struct NamedAssignees {
    pub groups: Vec<GroupName>,
    pub users: Vec<Email>,
}

/// Why an assignment cannot be changed; nothing was.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadAssignment {
    #[error("there is no group {0}")]
    UnknownGroup(GroupName),
    #[error("there is nobody with the address {0}")]
    UnknownUser(Email),
}

impl Remediable for BadAssignment {
    fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::UnknownGroup(_) => Remedy::ListGroups,
            Self::UnknownUser(_) => Remedy::ListUsers,
        })
    }
}

/// Either a number of changes, or why there is none.
type AssignmentChange = Result<usize, BadAssignment>;

impl Applications<'_> {
    /// Opens an application to everyone, or to those alone whom it is assigned to. It takes effect at the next sign-in.
    pub fn set_access(
        &self,
        slug: &Slug,
        access: ApplicationAccess,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAccess))?;
        self.edit_application(
            slug,
            ApplicationEdit {
                access: Some(access),
                ..ApplicationEdit::default()
            },
        )
    }

    /// To whom an application is assigned; of people by themselves, `limit` at most.
    pub fn assignments(&self, application: &Application, limit: u32) -> Result<Assignments, Error> {
        self.may(UseCase::ReadApplications)?;
        let (groups, sizes, users) = self.store().read(|tx| {
            let groups = tx.assigned_groups(application.id)?;
            let ids: Vec<_> = groups.iter().map(|group| group.id).collect();
            let sizes = tx.group_sizes(&ids)?;
            Ok((groups, sizes, tx.assigned_users(application.id, limit.into())?))
        })?;
        let groups = groups
            .into_iter()
            .map(|group| SizedGroup {
                members: sizes.get(&group.id).copied().unwrap_or_default(),
                group,
            })
            .collect();
        Ok(Assignments { groups, users })
    }

    /// Assigns an application to all of these, or to none of them if one is unknown. Returns how many were new.
    pub fn assign(&self, application: &Application, to: &NamedAssignees) -> Result<AssignmentChange, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAccess))?;
        self.change_assignments(application, to, true)
    }

    /// Takes all of these assignments back, or none. Returns how many there were.
    pub fn unassign(
        &self,
        application: &Application,
        from: &NamedAssignees,
    ) -> Result<AssignmentChange, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAccess))?;
        self.change_assignments(application, from, false)
    }

    fn change_assignments(
        &self,
        application: &Application,
        named: &NamedAssignees,
        assign: bool,
    ) -> Result<AssignmentChange, Error> {
        let words = if assign { "assigned to" } else { "taken from" };
        let event = |to: String| AuditEvent {
            detail: Some(format!("{words} {to}")),
            ..self.application_event(AuditAction::ApplicationAccess, application.id)
        };
        let groups: Vec<_> = named
            .groups
            .iter()
            .map(|name| (name, event(format!("the group {name}"))))
            .collect();
        let users: Vec<_> = named
            .users
            .iter()
            .map(|email| (email, event("a person".to_owned())))
            .collect();
        Ok(self.store().write(|tx| {
            let mut assignees = Vec::with_capacity(groups.len() + users.len());
            for (name, event) in groups {
                let Some(group) = tx.group_by_name(name)? else {
                    return Ok(Err(BadAssignment::UnknownGroup(name.clone())));
                };
                assignees.push((Assignee::Group(group.id), event));
            }
            for (email, mut event) in users {
                let Some(user) = tx.user_by_email(email)? else {
                    return Ok(Err(BadAssignment::UnknownUser(email.clone())));
                };
                event.user = Some(user.id);
                assignees.push((Assignee::User(user.id), event));
            }
            let mut changed = 0;
            for (assignee, event) in assignees {
                let is_changed = if assign {
                    tx.assign_application(application.id, assignee)?
                } else {
                    tx.unassign_application(application.id, assignee)?
                };
                if is_changed {
                    tx.add_audit_event(&event)?;
                    changed += 1;
                }
            }
            Ok(Ok(changed))
        })?)
    }
}

/// Opens a new application to a group that is named after it. One that is there already is taken as it is.
pub(super) fn assign_to_own_group(
    tx: &mut Tx,
    application: &Application,
    id: GroupId,
    (added, assigned): (&AuditEvent, &AuditEvent),
) -> Result<(), store::Error> {
    let group = Group {
        second_factor: None,
        id,
        name: GroupName::of_application(application.slug.as_str()),
        description: Some(format!("Who may use {}", application.name)),
        version: 1,
        created_at: application.created_at,
        updated_at: application.created_at,
    };
    let id = if tx.add_group(&group)? {
        tx.add_audit_event(&AuditEvent {
            detail: Some(format!("group {}", group.name)),
            ..added.clone()
        })?;
        group.id
    } else {
        tx.group_by_name(&group.name)?.map_or(group.id, |known| known.id)
    };
    tx.assign_application(application.id, Assignee::Group(id))?;
    tx.add_audit_event(&AuditEvent {
        detail: Some(format!("assigned to the group {}", group.name)),
        ..assigned.clone()
    })
}
