//! Whom a row means, and why it cannot be taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{
        group::GroupName,
        id::UserId,
        participant::EnteredApplication,
        text::BadText,
        user::{Email, ExternalId, OwnAttributes, User, UserName},
    },
    provider::{csv_file::repeated::UniqueValue, people::import::row::ImportedRow},
};

/// Why a row cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowRefusal {
    #[error("{0}")]
    Collision(String),
    #[error("there is no such person yet, and a new one needs an address")]
    NoEmail,
    #[error(transparent)]
    Names(#[from] BadText),
    #[error("this person was deleted: undo that first, or wait until they are erased")]
    Deleted,
    #[error("the stable id of a person never changes; theirs is {0}")]
    OtherStableId(String),
    #[error("a person who was erased had this stable id")]
    SpentStableId,
    #[error("{0} requires {1}, which they would no longer have")]
    StillRequired(String, String),
}

/// Those of the stored people whom some rows may mean.
#[derive(Default)]
pub(super) struct Known {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) by_email: BTreeMap<Email, UserId>,
    pub(super) by_stable_id: BTreeMap<String, UserId>,
    pub(super) by_external_id: BTreeMap<ExternalId, UserId>,
    pub(super) by_user_name: BTreeMap<UserName, UserId>,
    pub(super) attributes: BTreeMap<UserId, OwnAttributes>,
    pub(super) groups: BTreeMap<UserId, Vec<GroupName>>,
    pub(super) with_password: BTreeSet<UserId>,
    pub(super) spent_stable_ids: BTreeSet<String>,
    /// The applications that they have signed in to.
    pub(super) entered: BTreeMap<UserId, Vec<EnteredApplication>>,
    /// Addresses that an application keeps receiving, and for whom.
    pub(super) pinned_emails: BTreeMap<Email, User>,
    /// Addresses that somebody changed not long ago and can have back, and who.
    pub(super) former_emails: BTreeMap<Email, User>,
}

impl Known {
    /// The person whom a row means: by stable id, by external id, by address.
    pub(super) fn find(&self, row: &ImportedRow) -> Result<Option<&User>, RowRefusal> {
        let external_id = row.external_id.iter().flatten().next();
        let user_name = row.user_name.iter().flatten().next();
        let by_stable_id = row
            .stable_id
            .as_ref()
            .and_then(|id| self.by_stable_id.get(id.as_str()));
        let by_external_id = external_id.and_then(|id| self.by_external_id.get(id));
        let by_email = row.email.as_ref().and_then(|email| self.by_email.get(email));
        let found = by_stable_id.or(by_external_id).or(by_email);
        let user = found.and_then(|id| self.users.get(id));
        let by_user_name = user_name.and_then(|name| self.by_user_name.get(name));
        for (what, owner) in [
            ("external id", by_external_id),
            ("address", by_email),
            ("user name", by_user_name),
        ] {
            let is_another = owner.is_some() && owner != found;
            if let Some(owner) = owner
                .and_then(|owner| self.users.get(owner))
                .filter(|_| is_another)
            {
                return Err(RowRefusal::Collision(format!(
                    "its {what} belongs to another person, {}",
                    owner.email
                )));
            }
        }
        let pinned_for = row.email.as_ref().and_then(|email| self.pinned_emails.get(email));
        if let Some(owner) = pinned_for.filter(|owner| Some(&owner.id) != found) {
            return Err(RowRefusal::Collision(format!(
                "an application keeps receiving its address for another person, {}",
                owner.email
            )));
        }
        let former_of = row.email.as_ref().and_then(|email| self.former_emails.get(email));
        if let Some(owner) = former_of.filter(|owner| Some(&owner.id) != found) {
            return Err(RowRefusal::Collision(format!(
                "another person, {}, had its address until not long ago, and can have it back",
                owner.email
            )));
        }
        let Some(user) = user else { return Ok(None) };
        if let Some(other) = row.stable_id.as_ref().filter(|id| **id != user.stable_id) {
            return Err(if by_external_id.is_some() {
                RowRefusal::OtherStableId(user.stable_id.as_str().to_owned())
            } else {
                RowRefusal::Collision(format!(
                    "its address belongs to a person with another stable id than {}",
                    other.as_str()
                ))
            });
        }
        // The same address, given to somebody new in the other directory.
        let is_other = user.external_id.is_some() && external_id.is_some() && by_external_id.is_none();
        if is_other && by_stable_id.is_none() {
            return Err(RowRefusal::Collision(
                "its address belongs to a person with another external id".to_owned(),
            ));
        }
        Ok(Some(user))
    }
}

/// What only one person can have.
pub(super) const UNIQUE_VALUES: [UniqueValue<ImportedRow>; 4] = [
    ("address", |row| {
        row.email.as_ref().map(|email| email.as_str().into())
    }),
    ("stable id", |row| {
        row.stable_id.as_ref().map(|id| id.as_str().into())
    }),
    ("external id", |row| {
        row.external_id.as_ref()?.as_ref().map(|id| id.as_str().into())
    }),
    ("user name", |row| {
        row.user_name.as_ref()?.as_ref().map(|name| name.as_str().into())
    }),
];
