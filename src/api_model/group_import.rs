//! What an import of groups would do or has done, as JSON.

use serde::Serialize;

use crate::{
    api_model::{audit::ChangeOutput, line_note::NoteOutput},
    model::application::Slug,
    provider::groups::import::plan::{GroupImportPlan, PlannedGroup},
};

#[derive(Debug, Serialize)]
pub struct GroupImportOutput<'a> {
    applied: bool,
    rows: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    lines: Vec<LineOutput<'a>>,
    errors: Vec<NoteOutput<'a>>,
    collisions: Vec<NoteOutput<'a>>,
}

#[derive(Debug, Serialize)]
struct LineOutput<'a> {
    line: u64,
    /// `add` or `change`.
    action: &'static str,
    /// The name of before, if it changes.
    name: &'a str,
    changes: Vec<ChangeOutput<'a>>,
    /// The applications that receive the group by the name that it would lose.
    chosen_by: Vec<&'a str>,
}

impl<'a> GroupImportOutput<'a> {
    pub fn new(plan: &'a GroupImportPlan, applied: bool) -> Self {
        let added = plan.count_new();
        Self {
            applied,
            rows: plan.rows,
            added,
            changed: plan.lines.len() - added,
            unchanged: plan.unchanged,
            lines: plan.lines.iter().map(LineOutput::from).collect(),
            errors: plan.errors.iter().map(NoteOutput::from).collect(),
            collisions: plan.collisions.iter().map(NoteOutput::from).collect(),
        }
    }
}

impl<'a> From<&'a PlannedGroup> for LineOutput<'a> {
    fn from(line: &'a PlannedGroup) -> Self {
        Self {
            line: line.line,
            action: if line.is_new() { "add" } else { "change" },
            name: line.name_before().as_str(),
            changes: line.changes.iter().map(ChangeOutput::from).collect(),
            chosen_by: line.chosen_by.iter().map(Slug::as_str).collect(),
        }
    }
}
