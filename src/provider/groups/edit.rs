//! Adding, listing, changing and removing groups.

use crate::{
    model::{
        application::Slug,
        attribute::AttributeSource,
        audit::{AuditEvent, diff},
        audit_action::AuditAction,
        group::{self, Group, GroupName},
        id::{GroupId, UserId},
        second_factor::SecondFactorPolicy,
        use_case::UseCase,
    },
    provider::{
        error::Error, groups::sized_group::SizedGroup, handle::Groups, people::users::ChangeOutcome,
        snapshot::Snapshot,
    },
    store::EditOutcome,
};

pub use crate::store::GroupFilter;

/// Changes to a group; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct GroupEdit {
    pub name: Option<GroupName>,
    /// `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// Whether its members need a second factor; `Some(None)`: what is set for the installation.
    pub second_factor: Option<Option<SecondFactorPolicy>>,
}

/// The outcome of removing a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GroupRemoval {
    Done,
    Unknown,
    /// These applications are open to it: people would lose them.
    InUse(Vec<Slug>),
}

impl Groups<'_> {
    pub fn add_group(
        &self,
        name: &GroupName,
        description: Option<String>,
        second_factor: Option<SecondFactorPolicy>,
    ) -> Result<ChangeOutcome<Group>, Error> {
        self.may(UseCase::Change(AuditAction::GroupAdd))?;
        let now = self.now();
        let group = Group {
            id: GroupId::new(now, self.random()),
            name: name.clone(),
            description,
            second_factor,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let event = self.group_event(AuditAction::GroupAdd, &group.name);
        let added = self.store().write_config(|tx| {
            let added = tx.add_group(&group)?;
            if added {
                if group.second_factor.is_some() {
                    tx.changed_group_policies();
                }
                tx.add_audit_event(&event)?;
            }
            Ok(added)
        })?;
        Ok(if added {
            ChangeOutcome::Done(group)
        } else {
            ChangeOutcome::Taken
        })
    }

    pub fn group(&self, name: &GroupName) -> Result<Option<Group>, Error> {
        self.may(UseCase::ReadGroups)?;
        Ok(self.store().read(|tx| tx.group_by_name(name))?)
    }

    /// At most `limit` groups that match `filter`, by name.
    pub fn groups(&self, filter: &GroupFilter, limit: u32) -> Result<Vec<SizedGroup>, Error> {
        self.may(UseCase::ReadGroups)?;
        let groups = self.store().read(|tx| tx.groups(filter, limit.into()))?;
        self.with_sizes(groups)
    }

    /// The names of the groups of a user, sorted.
    pub fn group_names_of(&self, user: UserId) -> Result<Vec<GroupName>, Error> {
        self.may(UseCase::ReadGroups)?;
        Ok(self.store().read(|tx| tx.group_names_of_user(user))?)
    }

    /// The applications that are open to a group, by their slugs.
    pub fn applications_of(&self, group: &Group) -> Result<Vec<Slug>, Error> {
        self.may(UseCase::ReadGroups)?;
        Ok(self.store().read(|tx| tx.applications_of_group(group.id))?)
    }

    pub fn edit_group(&self, name: &GroupName, edit: GroupEdit) -> Result<ChangeOutcome<Group>, Error> {
        self.may(UseCase::Change(AuditAction::GroupEdit))?;
        let Some(before) = self.group(name)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        let mut group = before.clone();
        group.name = edit.name.unwrap_or(group.name);
        group.description = edit.description.unwrap_or(group.description);
        group.second_factor = edit.second_factor.unwrap_or(group.second_factor);
        if group == before {
            return Ok(ChangeOutcome::Unchanged(group));
        }
        group.updated_at = self.now();
        let event = AuditEvent {
            changes: diff(&fields(&before), &fields(&group)),
            ..self.group_event(AuditAction::GroupEdit, &before.name)
        };
        let outcome = self.store().write_config(|tx| {
            let outcome = tx.edit_group(&group)?;
            if outcome == EditOutcome::Done {
                if group.second_factor != before.second_factor {
                    tx.changed_group_policies();
                }
                tx.add_audit_event(&event)?;
            }
            Ok(outcome)
        })?;
        group.version += 1;
        Ok(match outcome {
            EditOutcome::Done => ChangeOutcome::Done(group),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        })
    }

    /// Removes a group that no application is open to.
    pub fn remove_group(&self, name: &GroupName) -> Result<GroupRemoval, Error> {
        self.may(UseCase::Change(AuditAction::GroupRemove))?;
        let Some(group) = self.group(name)? else {
            return Ok(GroupRemoval::Unknown);
        };
        let event = self.group_event(AuditAction::GroupRemove, &group.name);
        Ok(self.store().write_config(|tx| {
            if !tx.lock_group(group.id)? {
                return Ok(GroupRemoval::Unknown);
            }
            let users = tx.applications_of_group(group.id)?;
            if !users.is_empty() {
                return Ok(GroupRemoval::InUse(users));
            }
            if !tx.remove_group(group.id)? {
                return Ok(GroupRemoval::Unknown);
            }
            if group.second_factor.is_some() {
                tx.changed_group_policies();
            }
            tx.add_audit_event(&event)?;
            Ok(GroupRemoval::Done)
        })?)
    }

    /// The applications that receive this group by its name alone: a rename ends that.
    pub fn applications_that_choose(&self, name: &GroupName) -> Result<Vec<Slug>, Error> {
        self.may(UseCase::ReadGroups)?;
        let snapshot = self.fresh_snapshot()?;
        Ok(applications_that_choose(&snapshot, name))
    }

    /// Adds to each group how many members it has.
    fn with_sizes(&self, groups: Vec<Group>) -> Result<Vec<SizedGroup>, Error> {
        let ids: Vec<_> = groups.iter().map(|group| group.id).collect();
        let sizes = self.store().read(|tx| tx.group_sizes(&ids))?;
        Ok(groups
            .into_iter()
            .map(|group| SizedGroup {
                members: sizes.get(&group.id).copied().unwrap_or_default(),
                group,
            })
            .collect())
    }

    fn group_event(&self, action: AuditAction, name: &GroupName) -> AuditEvent {
        AuditEvent {
            detail: Some(format!("group {name}")),
            ..self.event(action, "ok", None)
        }
    }
}

/// The applications that receive a group by its name alone.
pub(super) fn applications_that_choose(snapshot: &Snapshot, name: &GroupName) -> Vec<Slug> {
    let chooses = |source: &AttributeSource| {
        let AttributeSource::Groups(group::GroupFilter::Chosen(names)) = source else {
            return false;
        };
        names.iter().any(|chosen| chosen.folded() == name.folded())
    };
    snapshot
        .applications
        .iter()
        .filter(|application| {
            let mut rules = application.attributes().iter();
            rules.any(|rule| chooses(&rule.source))
        })
        .map(|application| application.slug.clone())
        .collect()
}

pub(super) fn fields(group: &Group) -> Vec<(String, String)> {
    let mut fields = vec![("name".to_owned(), group.name.to_string())];
    fields.extend(
        group
            .description
            .iter()
            .map(|text| ("description".to_owned(), text.clone())),
    );
    let policy = group.second_factor.iter();
    fields.extend(policy.map(|policy| ("second factor".to_owned(), policy.to_string())));
    fields
}
