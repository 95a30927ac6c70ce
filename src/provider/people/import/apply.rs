//! Writes what an import has planned: all of it in one transaction, or nothing.

use std::collections::BTreeMap;

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        group::{Group, GroupName},
        id::GroupId,
        secret::Secret,
        use_case::UseCase,
    },
    provider::{
        error::Error,
        handle::People,
        people::{
            email_guard::write_kept_emails,
            import::plan::{ImportPlan, PlannedLine},
        },
    },
    store::{EditOutcome, Error as StoreError, StoredPassword, Tx},
};

/// In the audit log.
const IMPORTED: &str = "imported from a file";

impl People<'_> {
    /// Writes `plan`, if it [is sound](ImportPlan::is_sound), [decided](ImportPlan::is_decided) and everybody still is as they were when it was made: one
    /// transaction, which on SQLite lets nobody else write meanwhile. People who are switched off are signed out.
    /// `progress` receives how many lines were written.
    ///
    /// # Errors
    ///
    /// [`StoreError::PeopleChanged`] if somebody else changed one of these people or groups meanwhile; nothing was
    /// written then.
    pub fn apply_import(&self, plan: &ImportPlan, progress: &mut dyn FnMut(usize)) -> Result<(), Error> {
        for change in [
            UseCase::Change(AuditAction::UserAdd),
            UseCase::Change(AuditAction::UserEdit),
            UseCase::Change(AuditAction::GroupMember),
            UseCase::ChangeEmail,
        ] {
            self.may(change)?;
        }
        for line in &plan.lines {
            self.may_change(UseCase::Change(AuditAction::UserEdit), line.user.role)?;
        }
        if !plan.is_sound() || !plan.is_decided() {
            return Err(StoreError::PeopleChanged.into());
        }
        let now = self.now();
        let groups: Vec<(Group, AuditEvent)> = plan
            .new_groups
            .iter()
            .map(|name| {
                let event = AuditEvent {
                    detail: Some(format!("group {name}")),
                    ..self.event(AuditAction::GroupAdd, "ok", None)
                };
                let group = Group {
                    id: GroupId::new(now, self.random()),
                    name: name.clone(),
                    description: None,
                    second_factor: None,
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                (group, event)
            })
            .collect();
        let (new, edited): (Vec<&PlannedLine>, Vec<&PlannedLine>) =
            plan.lines.iter().partition(|line| line.is_new());
        Ok(self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                for (group, event) in &groups {
                    if !tx.add_group(group)? {
                        return Err(StoreError::PeopleChanged);
                    }
                    tx.add_audit_event(event)?;
                }
                let ids = group_ids(tx, plan)?;
                tx.add_users(new.iter().map(|line| &line.user))?;
                progress(new.len());
                tx.add_passwords(
                    new.iter()
                        .filter_map(|line| Some((line.user.id, line.password.as_ref()?))),
                    now,
                )?;
                tx.add_user_attributes(new.iter().map(|line| (line.user.id, line.attributes.as_slice())))?;
                let memberships = new.iter().flat_map(|line| {
                    let ids = line
                        .added_groups
                        .iter()
                        .filter_map(|name| ids.get(&name.folded()));
                    ids.map(|id| (*id, line.user.id))
                });
                tx.add_group_members(memberships, now)?;
                for (index, line) in edited.iter().enumerate() {
                    write_edit(tx, line, &ids)?;
                    if index % 500 == 0 {
                        progress(new.len() + index);
                    }
                }
                if tx.has_reserved_email_conflict(now)? {
                    return Err(StoreError::PeopleChanged);
                }
                tx.add_audit_events(plan.lines.iter().map(|line| self.import_event(line)))
            })
        })?)
    }

    fn import_event(&self, line: &PlannedLine) -> AuditEvent {
        let action = match (line.was_enabled, line.user.enabled) {
            (None, _) => AuditAction::UserAdd,
            (Some(true), false) => AuditAction::UserDisable,
            (Some(false), true) => AuditAction::UserEnable,
            (Some(true), true) | (Some(false), false) => AuditAction::UserEdit,
        };
        AuditEvent {
            detail: Some(IMPORTED.to_owned()),
            changes: line.changes.clone(),
            ..self.user_event(action, line.user.id)
        }
    }
}

fn write_edit(tx: &mut Tx, line: &PlannedLine, groups: &BTreeMap<String, GroupId>) -> Result<(), StoreError> {
    let (user, now) = (&line.user, line.user.updated_at);
    if tx.edit_user(user)? != EditOutcome::Done {
        return Err(StoreError::PeopleChanged);
    }
    // A link that went to the address of before, or for somebody who was on.
    if line.changes_email || !user.enabled {
        tx.remove_one_time_links(user.id)?;
    }
    if line.changes_email {
        tx.remove_email_changes(user.id)?;
        write_kept_emails(tx, user, &line.kept_emails)?;
    }
    for (name, values) in &line.attributes {
        tx.set_user_attribute(user.id, name, values)?;
    }
    if let Some(phc) = &line.password {
        // Nobody chose a password meanwhile, or theirs stays.
        if tx.stored_password(user.id)?.is_none() {
            let stored = StoredPassword {
                phc: Secret::new(phc.expose().clone()),
                must_change: false,
            };
            tx.set_password_hash(user.id, &stored, now)?;
        }
    }
    let id_of = |name: &GroupName| groups.get(&name.folded()).copied();
    for group in line.added_groups.iter().filter_map(id_of) {
        tx.add_group_member(group, user.id, now)?;
    }
    for group in line.removed_groups.iter().filter_map(id_of) {
        tx.remove_group_member(group, user.id)?;
    }
    if line.was_enabled == Some(true) && !user.enabled {
        tx.end_sessions_of(user.id, now, "the person was disabled")?;
        tx.end_grants_of_user(user.id, None, now)?;
        tx.remove_known_devices(user.id)?;
    }
    Ok(())
}

/// The groups of the plan, by their folded names. Each is locked until the transaction ends.
fn group_ids(tx: &mut Tx, plan: &ImportPlan) -> Result<BTreeMap<String, GroupId>, StoreError> {
    let mut ids = BTreeMap::new();
    let lines = plan.lines.iter();
    for name in lines.flat_map(|line| line.added_groups.iter().chain(&line.removed_groups)) {
        let folded = name.folded();
        if ids.contains_key(&folded) {
            continue;
        }
        match tx.group_by_name(name)? {
            Some(group) if tx.lock_group(group.id)? => ids.insert(folded, group.id),
            Some(_) | None => return Err(StoreError::PeopleChanged),
        };
    }
    Ok(ids)
}
