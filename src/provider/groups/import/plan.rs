//! Compares the rows of a file with the groups that are stored.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    model::{
        application::Slug,
        audit::{ValueChange, diff},
        group::{Group, GroupName},
        id::GroupId,
        use_case::UseCase,
    },
    provider::{
        csv_file::{
            reader::{CsvFile, LineNote},
            repeated::repeated_values,
        },
        error::Error,
        groups::{
            edit::{applications_that_choose, fields},
            import::row::GroupRow,
        },
        handle::Groups,
        snapshot::Snapshot,
    },
};

/// How many rows are compared with the database at a time.
const ROWS_PER_QUERY: usize = 500;

/// What an import of groups would do. Nothing was written yet.
#[derive(Debug, Default)]
pub struct GroupImportPlan {
    /// How many rows the file has, those with errors included.
    pub rows: usize,
    /// What would be added or changed, in the order of the file.
    pub lines: Vec<PlannedGroup>,
    /// How many groups are as the file says already.
    pub unchanged: usize,
    pub errors: Vec<LineNote>,
    /// Rows that lay claim to one group, or to the name of another one.
    pub collisions: Vec<LineNote>,
}

/// What would be done to one group.
#[derive(Debug)]
pub struct PlannedGroup {
    pub line: u64,
    /// As it would be stored.
    pub group: Group,
    /// None for a group that would be added.
    pub(super) before: Option<Group>,
    /// What differs.
    pub changes: Vec<ValueChange>,
    /// Applications that receive the group by the name that it would lose.
    pub chosen_by: Vec<Slug>,
}

impl PlannedGroup {
    pub const fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// By which the group is known until the import is done.
    pub fn name_before(&self) -> &GroupName {
        &self.before.as_ref().unwrap_or(&self.group).name
    }
}

impl GroupImportPlan {
    /// Whether the file can be imported: all of it or nothing is.
    pub const fn is_sound(&self) -> bool {
        self.errors.is_empty() && self.collisions.is_empty()
    }

    pub fn count_new(&self) -> usize {
        self.lines.iter().filter(|line| line.is_new()).count()
    }
}

/// Why a row cannot be imported.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Collision(String),
    #[error("there is no such group yet, and a new one needs a name")]
    NoName,
}

/// Those of the stored groups that some rows may mean.
#[derive(Default)]
struct Known {
    by_id: BTreeMap<GroupId, Group>,
    by_name: BTreeMap<String, GroupId>,
}

impl Known {
    fn new(groups: Vec<Group>) -> Self {
        let mut known = Self::default();
        for group in groups {
            known.by_name.insert(group.name.folded(), group.id);
            known.by_id.insert(group.id, group);
        }
        known
    }

    /// The group that a row means: by id, else by name.
    fn find(&self, row: &GroupRow) -> Result<Option<&Group>, Refusal> {
        let by_id = row.id.and_then(|id| self.by_id.get(&id));
        let by_name = row
            .name
            .as_ref()
            .and_then(|name| self.by_name.get(&name.folded()))
            .and_then(|id| self.by_id.get(id));
        match (row.id, by_id, by_name) {
            (Some(_), Some(group), Some(other)) if group.id != other.id => Err(Refusal::Collision(format!(
                "its name belongs to another group, {}",
                other.id
            ))),
            (Some(_), None, Some(other)) => Err(Refusal::Collision(format!(
                "its name belongs to a group with another id, {}",
                other.id
            ))),
            (Some(_), found, _) | (None, _, found) => Ok(found),
        }
    }
}

/// The group as a row has it. Where a row has no id, its name says which group is meant, and renames nothing.
fn after(row: GroupRow, before: &Group) -> Group {
    let mut group = before.clone();
    group.name = row.name.filter(|_| row.id.is_some()).unwrap_or(group.name);
    group.description = row.description.unwrap_or(group.description);
    group.second_factor = row.second_factor.unwrap_or(group.second_factor);
    group
}

impl Groups<'_> {
    /// Compares `file` with the groups that are stored. `progress` receives how many rows were compared.
    pub fn plan_import(
        &self,
        file: CsvFile<GroupRow>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<GroupImportPlan, Error> {
        self.may(UseCase::ReadGroups)?;
        let snapshot = self.fresh_snapshot()?;
        let mut plan = GroupImportPlan {
            rows: file.rows.len() + file.errors.len(),
            errors: file.errors,
            ..GroupImportPlan::default()
        };
        let repeated = repeated_values(
            &file.rows,
            &[
                ("id", |row| row.id.map(|id| Cow::Owned(id.to_string()))),
                ("name", |row| {
                    row.name.as_ref().map(|name| Cow::Owned(name.folded()))
                }),
            ],
        );
        let mut lines_of_groups: BTreeMap<GroupId, u64> = BTreeMap::new();
        let mut refused: Vec<(u64, Refusal)> = Vec::new();
        let mut rows = file.rows.into_iter().peekable();
        let mut done = 0;
        while rows.peek().is_some() {
            let chunk: Vec<GroupRow> = rows.by_ref().take(ROWS_PER_QUERY).collect();
            done += chunk.len();
            let known = self.known_groups(&chunk)?;
            for row in chunk {
                let line = row.line;
                if let Some(message) = repeated.get(&line) {
                    refused.push((line, Refusal::Collision(message.clone())));
                    continue;
                }
                let (id, planned) = match self.plan_row(row, &known, &snapshot) {
                    Ok(planned) => planned,
                    Err(why) => {
                        refused.push((line, why));
                        continue;
                    }
                };
                if let Some(first) = lines_of_groups.insert(id, line) {
                    for (line, other) in [(line, first), (first, line)] {
                        let same = format!("line {other} means the same group");
                        refused.push((line, Refusal::Collision(same)));
                    }
                } else if let Some(planned) = planned {
                    plan.lines.push(planned);
                } else {
                    plan.unchanged += 1;
                }
            }
            progress(done);
        }
        for (line, why) in refused {
            let note = LineNote {
                line,
                message: why.to_string(),
            };
            match why {
                Refusal::Collision(_) => plan.collisions.push(note),
                Refusal::NoName => plan.errors.push(note),
            }
        }
        plan.errors.sort_by_key(|note| note.line);
        plan.collisions.sort_by_key(|note| note.line);
        Ok(plan)
    }

    fn known_groups(&self, rows: &[GroupRow]) -> Result<Known, Error> {
        let ids: Vec<GroupId> = rows.iter().filter_map(|row| row.id).collect();
        let names: Vec<&GroupName> = rows.iter().filter_map(|row| row.name.as_ref()).collect();
        Ok(Known::new(
            self.store().read(|tx| tx.groups_by_keys(&ids, &names))?,
        ))
    }

    /// The group that a row means, and what would be done; nothing if it is so already.
    fn plan_row(
        &self,
        row: GroupRow,
        known: &Known,
        snapshot: &Snapshot,
    ) -> Result<(GroupId, Option<PlannedGroup>), Refusal> {
        let (line, now) = (row.line, self.now());
        let Some(before) = known.find(&row)? else {
            let group = Group {
                id: row.id.unwrap_or_else(|| GroupId::new(now, self.random())),
                name: row.name.ok_or(Refusal::NoName)?,
                description: row.description.flatten(),
                second_factor: row.second_factor.flatten(),
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let mut changes = diff(&[], &fields(&group));
            // The line names it already.
            changes.retain(|change| change.name != "name");
            let planned = PlannedGroup {
                line,
                before: None,
                changes,
                chosen_by: Vec::new(),
                group,
            };
            return Ok((planned.group.id, Some(planned)));
        };
        let mut group = after(row, before);
        if group == *before {
            return Ok((group.id, None));
        }
        group.updated_at = now;
        let chosen_by = if group.name.folded() == before.name.folded() {
            Vec::new()
        } else {
            applications_that_choose(snapshot, &before.name)
        };
        let planned = PlannedGroup {
            line,
            changes: diff(&fields(before), &fields(&group)),
            before: Some(before.clone()),
            chosen_by,
            group,
        };
        Ok((planned.group.id, Some(planned)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn group(number: u8, name: &str) -> Group {
        Group {
            id: GroupId::new(DateTime::UNIX_EPOCH, [number; 10]),
            name: GroupName::parse(name).unwrap(),
            description: Some("kept".to_owned()),
            second_factor: None,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn row(id: Option<GroupId>, name: Option<&str>) -> GroupRow {
        GroupRow {
            id,
            name: name.map(|name| GroupName::parse(name).unwrap()),
            ..GroupRow::default()
        }
    }

    #[test]
    fn a_group_is_found_by_its_id_and_else_by_its_name() {
        let (wiki, sales) = (group(1, "Wiki"), group(2, "Sales"));
        let absent = group(3, "Absent").id;
        let known = Known::new(vec![wiki.clone(), sales.clone()]);
        let find = |id, name| {
            known
                .find(&row(id, name))
                .map(|found| found.map(|group| group.id))
        };
        assert_eq!(find(None, Some("wIKI")), Ok(Some(wiki.id)));
        assert_eq!(find(Some(wiki.id), None), Ok(Some(wiki.id)));
        assert_eq!(find(Some(wiki.id), Some("Wiki 2")), Ok(Some(wiki.id)));
        assert_eq!(find(Some(absent), Some("New")), Ok(None));
        assert_eq!(find(None, Some("New")), Ok(None));
        for (id, name) in [(wiki.id, "Sales"), (absent, "Sales")] {
            assert!(matches!(
                known.find(&row(Some(id), Some(name))),
                Err(Refusal::Collision(_))
            ));
        }
    }

    #[test]
    fn a_name_renames_only_where_the_id_says_which_group_is_meant() {
        let wiki = group(1, "Wiki");
        assert_eq!(after(row(None, Some("WIKI")), &wiki), wiki);
        let renamed = after(row(Some(wiki.id), Some("WIKI")), &wiki);
        assert_eq!(renamed.name.as_str(), "WIKI");
        assert_eq!(renamed.description.as_deref(), Some("kept"));
        let emptied = GroupRow {
            description: Some(None),
            ..row(None, Some("Wiki"))
        };
        assert_eq!(after(emptied, &wiki).description, None);
    }
}
