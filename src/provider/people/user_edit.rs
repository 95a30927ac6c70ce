//! Editing users, enabling and disabling them.

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        language::Language,
        remedy::{Remediable, Remedy},
        text::BadText,
        use_case::UseCase,
        user::{Email, ExternalId, NameComponent, NameComponents, OwnAttributes, User, UserName},
    },
    provider::{
        applications::required_attributes::{UnmetRequirement, unmet_requirements_of},
        audit::changes,
        error::Error,
        handle::People,
        people::{
            email_decisions::EmailDecisions,
            email_guard::{ApplicationEffect, KeptEmail, kept_emails, write_kept_emails},
            users::ChangeOutcome,
        },
    },
    store::EditOutcome,
};

/// Changes to a user; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// The address that they sign in with, and that service providers receive.
    pub email: Option<Email>,
    /// What applications are to receive once the address has changed.
    pub email_decisions: EmailDecisions,
    /// `Some(None)` removes it.
    pub given_name: Option<Option<NameComponent>>,
    /// `Some(None)` removes it.
    pub family_name: Option<Option<NameComponent>>,
    /// `Some(None)` removes it.
    pub user_name: Option<Option<UserName>>,
    /// `Some(None)` removes it.
    pub external_id: Option<Option<ExternalId>>,
    /// `Some(None)` leaves it to the browser and the settings.
    pub language: Option<Option<Language>>,
    /// Own attributes, each with all of its values; no values remove the attribute. Other attributes stay.
    pub attributes: OwnAttributes,
    pub enabled: Option<bool>,
}

impl UserEdit {
    /// The user after the edit.
    fn applied_to(&self, before: &User) -> Result<User, BadText> {
        let mut user = before.clone();
        if let Some(email) = &self.email {
            user.email = email.clone();
        }
        user.names = NameComponents::new(
            self.given_name
                .clone()
                .unwrap_or_else(|| before.names.given().cloned()),
            self.family_name
                .clone()
                .unwrap_or_else(|| before.names.family().cloned()),
        )?;
        if let Some(name) = &self.user_name {
            user.user_name.clone_from(name);
        }
        if let Some(id) = &self.external_id {
            user.external_id.clone_from(id);
        }
        user.preferences.language = self.language.unwrap_or(user.preferences.language);
        user.enabled = self.enabled.unwrap_or(user.enabled);
        if user.enabled {
            user.deleted_at = None;
        }
        Ok(user)
    }
}

/// Why a user cannot be edited as requested.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadUserEdit {
    /// The user could no longer sign in to an application.
    #[error(
        "{} requires {}: give them another value, or let the application do without it first",
        .0.application, .0.attribute
    )]
    StillRequired(UnmetRequirement),
    /// Somebody has to say what applications are to receive once the address has changed.
    #[error("nothing was changed: {} would receive another address for this person", undecided_names(.0))]
    UndecidedEmail(Vec<ApplicationEffect>),
    /// The address that an application should keep receiving is somebody else's by now.
    #[error("{application} cannot keep receiving {email}: the address is somebody else's by now")]
    KeptEmailOfAnother {
        /// The display name.
        application: String,
        email: Email,
    },
    /// No name would remain.
    #[error(transparent)]
    Names(#[from] BadText),
}

impl Remediable for BadUserEdit {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::StillRequired(_) => Some(Remedy::DropRequirement),
            Self::UndecidedEmail(_) => Some(Remedy::DecideEmail),
            Self::KeptEmailOfAnother { .. } | Self::Names(_) => None,
        }
    }
}

fn undecided_names(effects: &[ApplicationEffect]) -> String {
    let affected = effects.iter().filter(|effect| effect.effect.needs_decision());
    affected
        .map(|effect| effect.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl People<'_> {
    /// Edits a user. Enabling a user undoes a deletion. Disabling a user ends their sessions and forgets their devices.
    /// An attribute that an application requires cannot be removed from an enabled user.
    pub fn edit_user(
        &self,
        email: &Email,
        edit: &UserEdit,
    ) -> Result<Result<ChangeOutcome<User>, BadUserEdit>, Error> {
        let action = match edit.enabled {
            Some(true) => AuditAction::UserEnable,
            Some(false) => AuditAction::UserDisable,
            None => AuditAction::UserEdit,
        };
        let change = UseCase::Change(action);
        self.may(change)?;
        if edit.email.is_some() {
            self.may(UseCase::ChangeEmail)?;
        }
        let Some(before) = self.user_by_email(email)? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        self.may_change(change, before.role)?;
        let now = self.now();
        let mut user = match edit.applied_to(&before) {
            Ok(user) => User {
                updated_at: now,
                ..user
            },
            Err(nameless) => return Ok(Err(nameless.into())),
        };
        let same_row = User {
            updated_at: before.updated_at,
            ..user.clone()
        } == before;
        if same_row && self.has_attributes(&before, edit)? {
            return Ok(Ok(if edit.email.is_some() && self.end_email_links(&before)? {
                ChangeOutcome::Done(before)
            } else {
                ChangeOutcome::Unchanged(before)
            }));
        }
        if user.enabled
            && let Some(lost) = self.newly_unmet_requirement(&before, &user, edit)?
        {
            return Ok(Err(BadUserEdit::StillRequired(lost)));
        }
        let kept = match self.kept_emails(&before, &user, &edit.email_decisions)? {
            Ok(kept) => kept,
            Err(undecided) => return Ok(Err(undecided)),
        };
        let attributes_before = self.own_attributes(user.id)?;
        let attributes_before = attributes_before
            .into_iter()
            .filter(|(name, _)| edit.attributes.contains_key(name))
            .collect();
        let mut changes = changes::user_changes(&before, &attributes_before, &user, &edit.attributes);
        changes.extend(kept.iter().map(KeptEmail::change));
        let event = AuditEvent {
            changes,
            ..self.user_event(action, user.id)
        };
        let edited = self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                let edited = tx.edit_user(&user)?;
                if edited == EditOutcome::Done {
                    for (name, values) in &edit.attributes {
                        tx.set_user_attribute(user.id, name, values)?;
                    }
                    // A link was sent to the address of before.
                    if !user.enabled || user.email != before.email {
                        tx.remove_one_time_links(user.id)?;
                    }
                    if edit.email.is_some() {
                        // Nobody's link brings another address than the one that was decided.
                        tx.remove_email_changes(user.id)?;
                        write_kept_emails(tx, &user, &kept)?;
                    }
                    if !user.enabled {
                        tx.remove_email_changes(user.id)?;
                        tx.end_sessions_of(user.id, now, "the person was disabled")?;
                        tx.end_grants_of_user(user.id, None, now)?;
                        tx.remove_known_devices(user.id)?;
                    }
                    tx.add_audit_event(&event)?;
                }
                Ok(edited)
            })
        })?;
        user.version += 1;
        Ok(Ok(match edited {
            EditOutcome::Done => ChangeOutcome::Done(user),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        }))
    }

    /// The address of a user was decided, and is the one that they have: links that would change it, or bring another one
    /// back, no longer do. Whether there were any.
    fn end_email_links(&self, user: &User) -> Result<bool, Error> {
        let event = AuditEvent {
            detail: Some("the address stays: links that would change it were ended".to_owned()),
            ..self.user_event(AuditAction::UserEdit, user.id)
        };
        Ok(self.store().write(|tx| {
            let is_ended = tx.remove_email_changes(user.id)? > 0;
            if is_ended {
                tx.add_audit_event(&event)?;
            }
            Ok(is_ended)
        })?)
    }

    /// What applications keep receiving if the address changes.
    fn kept_emails(
        &self,
        before: &User,
        after: &User,
        decisions: &EmailDecisions,
    ) -> Result<Result<Vec<KeptEmail>, BadUserEdit>, Error> {
        if before.email == after.email {
            return Ok(Ok(Vec::new()));
        }
        let effects = self.email_change_effects(before, &after.email)?;
        let Some(kept) = kept_emails(&effects, decisions) else {
            return Ok(Err(BadUserEdit::UndecidedEmail(effects)));
        };
        for kept in &kept {
            let owner = self.user_by_email(&kept.email)?;
            if owner.is_some_and(|owner| owner.id != before.id) {
                return Ok(Err(BadUserEdit::KeptEmailOfAnother {
                    application: kept.slug.to_string(),
                    email: kept.email.clone(),
                }));
            }
        }
        Ok(Ok(kept))
    }

    /// Whether the user already has every attribute as `edit` sets it.
    fn has_attributes(&self, user: &User, edit: &UserEdit) -> Result<bool, Error> {
        if edit.attributes.is_empty() {
            return Ok(true);
        }
        let attributes_before = self.own_attributes(user.id)?;
        let held = |name: &String| attributes_before.get(name).map(Vec::as_slice).unwrap_or_default();
        Ok(edit
            .attributes
            .iter()
            .all(|(name, values)| held(name) == values.as_slice()))
    }

    /// An attribute that an application requires and that the user had before the edit and lacks after it; for the
    /// first such application.
    fn newly_unmet_requirement(
        &self,
        before: &User,
        after: &User,
        edit: &UserEdit,
    ) -> Result<Option<UnmetRequirement>, Error> {
        let takes_a_name = [&edit.given_name, &edit.family_name]
            .into_iter()
            .any(|name| *name == Some(None));
        if edit.attributes.is_empty() && edit.user_name.is_none() && !takes_a_name {
            return Ok(None);
        }
        let (snapshot, attributes_before) = (self.fresh_snapshot()?, self.own_attributes(before.id)?);
        let mut attributes_after = attributes_before.clone();
        attributes_after.extend(edit.attributes.clone());
        let unmet_before = unmet_requirements_of(&snapshot, before, &attributes_before);
        Ok(unmet_requirements_of(&snapshot, after, &attributes_after)
            .into_iter()
            .find(|unmet| !unmet_before.contains(unmet)))
    }
}
