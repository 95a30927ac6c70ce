//! Writes what an import of groups has planned: all of it in one transaction, or nothing.

use crate::{
    model::{
        audit::AuditEvent, audit_action::AuditAction, second_factor::SecondFactorPolicy, use_case::UseCase,
    },
    provider::{
        error::Error,
        groups::import::plan::{GroupImportPlan, PlannedGroup},
        handle::Groups,
    },
    store::{EditOutcome, Error as StoreError},
};

impl Groups<'_> {
    /// Writes `plan`, if it [is sound](GroupImportPlan::is_sound) and every group still is as it was when it was made: in
    /// one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::PeopleChanged`] if somebody else changed one of these groups meanwhile; nothing was written then.
    pub fn apply_import(&self, plan: &GroupImportPlan) -> Result<(), Error> {
        self.may(UseCase::Change(AuditAction::GroupAdd))?;
        self.may(UseCase::Change(AuditAction::GroupEdit))?;
        if !plan.is_sound() {
            return Err(StoreError::PeopleChanged.into());
        }
        Ok(self.store().write_config(|tx| {
            for line in &plan.lines {
                let is_written = if line.is_new() {
                    tx.add_group(&line.group)?
                } else {
                    tx.edit_group(&line.group)? == EditOutcome::Done
                };
                if !is_written {
                    return Err(StoreError::PeopleChanged);
                }
                if line.policy_before() != line.group.second_factor {
                    tx.changed_group_policies();
                }
            }
            tx.add_audit_events(plan.lines.iter().map(|line| self.import_event(line)))
        })?)
    }

    fn import_event(&self, line: &PlannedGroup) -> AuditEvent {
        let (action, name) = match &line.before {
            Some(before) => (AuditAction::GroupEdit, &before.name),
            None => (AuditAction::GroupAdd, &line.group.name),
        };
        AuditEvent {
            detail: Some(format!("group {name}; imported from a file")),
            changes: line.changes.clone(),
            ..self.event(action, "ok", None)
        }
    }
}

impl PlannedGroup {
    fn policy_before(&self) -> Option<SecondFactorPolicy> {
        self.before.as_ref().and_then(|before| before.second_factor)
    }
}
