//! What an import of people would do or has done, as JSON.

use serde::Serialize;

use crate::{
    api_model::{audit::ChangeOutput, email_change::EffectCountOutput, line_note::NoteOutput},
    model::group::GroupName,
    provider::people::import::plan::{ImportPlan, PlannedLine},
};

#[derive(Debug, Serialize)]
pub struct ImportOutput<'a> {
    applied: bool,
    rows: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    /// How many of the changed have another address afterwards.
    email_changes: usize,
    /// What these changes do at applications.
    email_effects: Vec<EffectCountOutput<'a>>,
    passwords: usize,
    kept_passwords: usize,
    new_groups: Vec<&'a str>,
    lines: Vec<LineOutput<'a>>,
    errors: Vec<NoteOutput<'a>>,
    collisions: Vec<NoteOutput<'a>>,
}

#[derive(Debug, Serialize)]
struct LineOutput<'a> {
    line: u64,
    /// `add` or `change`.
    action: &'static str,
    email: &'a str,
    changes: Vec<ChangeOutput<'a>>,
}

impl<'a> ImportOutput<'a> {
    pub fn new(plan: &'a ImportPlan, applied: bool) -> Self {
        let added = plan.count_new();
        let count = |is: fn(&PlannedLine) -> bool| plan.lines.iter().filter(|line| is(line)).count();
        Self {
            applied,
            rows: plan.rows,
            added,
            changed: plan.lines.len() - added,
            unchanged: plan.unchanged,
            email_changes: count(|line| line.changes_email),
            email_effects: plan.email_effects.iter().map(EffectCountOutput::from).collect(),
            passwords: count(PlannedLine::has_password),
            kept_passwords: plan.kept_passwords,
            new_groups: plan.new_groups.iter().map(GroupName::as_str).collect(),
            lines: plan.lines.iter().map(LineOutput::from).collect(),
            errors: plan.errors.iter().map(NoteOutput::from).collect(),
            collisions: plan.collisions.iter().map(NoteOutput::from).collect(),
        }
    }
}

impl<'a> From<&'a PlannedLine> for LineOutput<'a> {
    fn from(line: &'a PlannedLine) -> Self {
        Self {
            line: line.line,
            action: if line.is_new() { "add" } else { "change" },
            email: line.user.email.as_str(),
            changes: line.changes.iter().map(ChangeOutput::from).collect(),
        }
    }
}
