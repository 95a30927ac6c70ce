//! Compares the rows of a file with the people who are stored.

use std::collections::BTreeMap;

use crate::{
    credential::imported_hash::ImportedHash,
    model::{
        audit::ValueChange,
        group::GroupName,
        id::UserId,
        secret::Secret,
        use_case::UseCase,
        user::{Email, ExternalId, NameComponents, OwnAttributes, Preferences, StableId, User, UserName},
    },
    provider::{
        applications::required_attributes::unmet_requirements_of,
        audit::changes,
        csv_file::{
            reader::{CsvFile, LineNote},
            repeated::repeated_values,
        },
        error::Error,
        handle::People,
        people::{
            email_decisions::EmailDecisions,
            email_guard::KeptEmail,
            import::{
                email_effects::{EffectCount, EmailEffects},
                known::{Known, RowRefusal, UNIQUE_VALUES},
                row::ImportedRow,
            },
        },
        snapshot::Snapshot,
    },
    store::UserKeys,
};

/// How many rows are compared with the database at a time.
const ROWS_PER_QUERY: usize = 500;

/// What an import would do. Nothing was written yet.
#[derive(Debug, Default)]
pub struct ImportPlan {
    /// How many rows the file has, those with errors included.
    pub rows: usize,
    /// Who would be added or changed, in the order of the file.
    pub lines: Vec<PlannedLine>,
    /// How many people are as the file says already.
    pub unchanged: usize,
    /// Groups that the file names and that do not exist: they would be added.
    pub new_groups: Vec<GroupName>,
    /// Hashes that are not taken, because the person has a password here.
    pub kept_passwords: usize,
    pub errors: Vec<LineNote>,
    /// Rows that lay claim to one person, or to what belongs to another one.
    pub collisions: Vec<LineNote>,
    /// What changes of address do at applications.
    pub email_effects: Vec<EffectCount>,
}

/// What would be done to one person.
#[derive(Debug)]
pub struct PlannedLine {
    pub line: u64,
    /// As they would be stored.
    pub user: User,
    /// None for a person who would be added.
    pub(super) was_enabled: Option<bool>,
    /// Whether applications will receive another address for a person whom they may know by the old one.
    pub changes_email: bool,
    /// What differs.
    pub changes: Vec<ValueChange>,
    /// Own attributes to set.
    pub(super) attributes: Vec<(String, Vec<String>)>,
    pub(super) added_groups: Vec<GroupName>,
    pub(super) removed_groups: Vec<GroupName>,
    pub(super) password: Option<Secret<String>>,
    /// Addresses that applications keep receiving.
    pub(super) kept_emails: Vec<KeptEmail>,
}

impl PlannedLine {
    pub const fn is_new(&self) -> bool {
        self.was_enabled.is_none()
    }

    pub const fn has_password(&self) -> bool {
        self.password.is_some()
    }
}

impl ImportPlan {
    /// Whether the file can be imported: all of it or nothing is.
    pub const fn is_sound(&self) -> bool {
        self.errors.is_empty() && self.collisions.is_empty()
    }

    /// Whether somebody said what each application is to receive for those who get another address.
    pub fn is_decided(&self) -> bool {
        !self.email_effects.iter().any(EffectCount::is_undecided)
    }

    pub fn count_new(&self) -> usize {
        self.lines.iter().filter(|line| line.is_new()).count()
    }

    fn refuse(&mut self, line: u64, why: &RowRefusal) {
        let note = LineNote {
            line,
            message: why.to_string(),
        };
        if matches!(why, RowRefusal::Collision(_)) {
            self.collisions.push(note);
        } else {
            self.errors.push(note);
        }
    }
}

impl People<'_> {
    /// Compares `file` with the people who are stored. `decisions` say what applications receive for those who get another
    /// address. `progress` receives how many rows were compared.
    pub fn plan_import(
        &self,
        file: CsvFile<ImportedRow>,
        decisions: EmailDecisions,
        progress: &mut dyn FnMut(usize),
    ) -> Result<ImportPlan, Error> {
        self.may(UseCase::ReadPeople)?;
        let snapshot = self.fresh_snapshot()?;
        let mut plan = ImportPlan {
            rows: file.rows.len() + file.errors.len(),
            errors: file.errors,
            // A vector that grows is there twice for a moment.
            lines: Vec::with_capacity(file.rows.len()),
            ..ImportPlan::default()
        };
        let mut email_effects = EmailEffects::new(decisions);
        let repeated = repeated_values(&file.rows, &UNIQUE_VALUES);
        let mut lines_of_users: BTreeMap<UserId, u64> = BTreeMap::new();
        let mut rows = file.rows;
        let (total, mut done) = (rows.len(), 0);
        // From the end, so that the room of what is done is free again.
        rows.reverse();
        while done < total {
            let chunk: Vec<ImportedRow> = rows
                .split_off(rows.len().saturating_sub(ROWS_PER_QUERY))
                .into_iter()
                .rev()
                .collect();
            rows.shrink_to_fit();
            done += chunk.len();
            let known = self.known_users(&chunk)?;
            for row in chunk {
                let line = row.line;
                if let Some(message) = repeated.get(&line) {
                    plan.refuse(line, &RowRefusal::Collision(message.clone()));
                    continue;
                }
                match self.plan_row(row, &known, &snapshot, &mut plan, &mut email_effects) {
                    Ok((user, planned)) => {
                        if let Some(first) = user.and_then(|user| lines_of_users.insert(user, line)) {
                            let same = format!("line {first} means the same person");
                            plan.refuse(line, &RowRefusal::Collision(same));
                            let same = format!("line {line} means the same person");
                            plan.refuse(first, &RowRefusal::Collision(same));
                        } else if let Some(planned) = planned {
                            plan.lines.push(planned);
                        } else {
                            plan.unchanged += 1;
                        }
                    }
                    Err(why) => plan.refuse(line, &why),
                }
            }
            progress(done);
        }
        plan.email_effects = email_effects.into_counts();
        self.find_new_groups(&mut plan)?;
        plan.errors.sort_by_key(|note| note.line);
        plan.collisions.sort_by_key(|note| note.line);
        Ok(plan)
    }

    fn known_users(&self, rows: &[ImportedRow]) -> Result<Known, Error> {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let keys = UserKeys {
            emails: rows
                .iter()
                .filter_map(|row| text(row.email.as_ref().map(Email::as_str)))
                .collect(),
            stable_ids: rows
                .iter()
                .filter_map(|row| text(row.stable_id.as_ref().map(StableId::as_str)))
                .collect(),
            external_ids: rows
                .iter()
                .filter_map(|row| text(row.external_id.iter().flatten().map(ExternalId::as_str).next()))
                .collect(),
            user_names: rows
                .iter()
                .filter_map(|row| text(row.user_name.iter().flatten().map(UserName::as_str).next()))
                .collect(),
        };
        let now = self.now();
        Ok(self.store().read(|tx| {
            let mut known = Known::default();
            for user in tx.users_by_keys(&keys)? {
                known.by_email.insert(user.email.clone(), user.id);
                known
                    .by_stable_id
                    .insert(user.stable_id.as_str().to_owned(), user.id);
                known
                    .by_external_id
                    .extend(user.external_id.clone().map(|id| (id, user.id)));
                known
                    .by_user_name
                    .extend(user.user_name.clone().map(|name| (name, user.id)));
                known.users.insert(user.id, user);
            }
            // One key finds a few people for each row; each list is bounded.
            let ids: Vec<UserId> = known.users.keys().copied().collect();
            for ids in ids.chunks(ROWS_PER_QUERY) {
                known.attributes.append(&mut tx.attributes_of_users(ids)?);
                known.groups.append(&mut tx.group_names_of_users(ids)?);
                known.with_password.append(&mut tx.users_with_password(ids)?);
                for entered in tx.entered_applications(ids)? {
                    let user = entered.identity.user;
                    known.entered.entry(user).or_default().push(entered);
                }
            }
            known.pinned_emails = tx.pinned_emails(&keys.emails)?;
            known.former_emails = tx.undoable_emails(&keys.emails, now)?;
            known.spent_stable_ids = tx.spent_stable_ids(&keys.stable_ids)?;
            Ok(known)
        })?)
    }

    /// The person whom a row means, if they are stored, and what would be done; nothing if they are so already.
    fn plan_row(
        &self,
        row: ImportedRow,
        known: &Known,
        snapshot: &Snapshot,
        plan: &mut ImportPlan,
        email_effects: &mut EmailEffects,
    ) -> Result<(Option<UserId>, Option<PlannedLine>), RowRefusal> {
        let Some(before) = known.find(&row)? else {
            return Ok((None, Some(self.plan_new(row, known)?)));
        };
        let id = before.id;
        if before.deleted_at.is_some() {
            return Err(RowRefusal::Deleted);
        }
        let mut after = before.clone();
        after.email = row.email.unwrap_or(after.email);
        after.names = NameComponents::new(
            row.given_name.unwrap_or_else(|| before.names.given().cloned()),
            row.family_name.unwrap_or_else(|| before.names.family().cloned()),
        )?;
        after.user_name = row.user_name.unwrap_or(after.user_name);
        after.external_id = row.external_id.unwrap_or(after.external_id);
        after.preferences.language = row.language.unwrap_or(after.preferences.language);
        after.enabled = row.enabled.unwrap_or(after.enabled);
        let held = known.attributes.get(&id).cloned().unwrap_or_default();
        let mut attributes: OwnAttributes = row.attributes.into_iter().collect();
        attributes.retain(|name, values| held.get(name).map(Vec::as_slice).unwrap_or_default() != values);
        let replaced: OwnAttributes = held
            .iter()
            .filter(|(name, _)| attributes.contains_key(*name))
            .map(|(name, values)| (name.clone(), values.clone()))
            .collect();
        let groups = known.groups.get(&id).map(Vec::as_slice).unwrap_or_default();
        let wanted = row.groups.as_deref().unwrap_or(groups);
        let lacks =
            |list: &[GroupName], name: &GroupName| list.iter().all(|known| known.folded() != name.folded());
        let added_groups: Vec<_> = wanted
            .iter()
            .filter(|name| lacks(groups, name))
            .cloned()
            .collect();
        let removed_groups: Vec<_> = groups
            .iter()
            .filter(|name| lacks(wanted, name))
            .cloned()
            .collect();
        let has_password = known.with_password.contains(&id);
        plan.kept_passwords += usize::from(has_password && row.password.is_some());
        let password = row.password.filter(|_| !has_password);
        let mut changes = changes::user_changes(before, &replaced, &after, &attributes);
        changes.extend(group_change(groups, &added_groups, &removed_groups));
        if changes.is_empty() && password.is_none() {
            return Ok((Some(id), None));
        }
        if after.enabled {
            let mut all = held.clone();
            all.extend(attributes.clone());
            let unmet_before = unmet_requirements_of(snapshot, before, &held);
            let lost = unmet_requirements_of(snapshot, &after, &all)
                .into_iter()
                .find(|unmet| !unmet_before.contains(unmet));
            if let Some(lost) = lost {
                return Err(RowRefusal::StillRequired(lost.application, lost.attribute));
            }
        }
        after.updated_at = self.now();
        let changes_email = before.email != after.email;
        let kept_emails = if changes_email {
            let entered = known.entered.get(&id).map(Vec::as_slice).unwrap_or_default();
            email_effects.add(entered, snapshot, &after.email)
        } else {
            Vec::new()
        };
        changes.extend(kept_emails.iter().map(KeptEmail::change));
        let planned = PlannedLine {
            line: row.line,
            was_enabled: Some(before.enabled),
            changes_email,
            user: after,
            changes,
            attributes: attributes.into_iter().collect(),
            added_groups,
            removed_groups,
            password: password.map(ImportedHash::into_stored),
            kept_emails,
        };
        Ok((Some(id), Some(planned)))
    }

    fn plan_new(&self, row: ImportedRow, known: &Known) -> Result<PlannedLine, RowRefusal> {
        let now = self.now();
        let id = UserId::new(now, self.random());
        let stable_id = match row.stable_id {
            Some(stable_id) if known.spent_stable_ids.contains(stable_id.as_str()) => {
                return Err(RowRefusal::SpentStableId);
            }
            Some(stable_id) => stable_id,
            None => StableId::parse(&id.to_string())?,
        };
        let names = NameComponents::new(row.given_name.flatten(), row.family_name.flatten())?;
        let user = User {
            id,
            stable_id,
            email: row.email.ok_or(RowRefusal::NoEmail)?,
            names,
            user_name: row.user_name.flatten(),
            enabled: row.enabled.unwrap_or(true),
            version: 1,
            created_at: now,
            updated_at: now,
            external_id: row.external_id.flatten(),
            role: None,
            preferences: Preferences {
                language: row.language.flatten(),
                ..Preferences::default()
            },
            deleted_at: None,
        };
        let mut attributes = row.attributes;
        attributes.retain(|(_name, values)| !values.is_empty());
        let added_groups = row.groups.unwrap_or_default();
        Ok(PlannedLine {
            line: row.line,
            was_enabled: None,
            changes_email: false,
            changes: group_change(&[], &added_groups, &[]).into_iter().collect(),
            user,
            attributes,
            added_groups,
            removed_groups: Vec::new(),
            password: row.password.map(ImportedHash::into_stored),
            kept_emails: Vec::new(),
        })
    }

    fn find_new_groups(&self, plan: &mut ImportPlan) -> Result<(), Error> {
        let mut named: BTreeMap<String, &GroupName> = BTreeMap::new();
        for name in plan.lines.iter().flat_map(|line| &line.added_groups) {
            named.entry(name.folded()).or_insert(name);
        }
        let mut new = Vec::new();
        for name in named.into_values() {
            if self.store().read(|tx| tx.group_by_name(name))?.is_none() {
                new.push(name.clone());
            }
        }
        plan.new_groups = new;
        Ok(())
    }
}

fn group_change(held: &[GroupName], added: &[GroupName], removed: &[GroupName]) -> Option<ValueChange> {
    if added.is_empty() && removed.is_empty() {
        return None;
    }
    let text = |names: Vec<&GroupName>| {
        let names: Vec<&str> = names.into_iter().map(GroupName::as_str).collect();
        Some(names.join("; ")).filter(|text| !text.is_empty())
    };
    let after = held.iter().filter(|name| !removed.contains(name)).chain(added);
    Some(ValueChange {
        name: "groups".to_owned(),
        old: text(held.iter().collect()),
        new: text(after.collect()),
    })
}
