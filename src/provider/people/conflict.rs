//! Which user has a value that must be unique.

use crate::{
    model::use_case::UseCase,
    model::user::{Email, ExternalId, StableId, User, UserName},
    provider::{error::Error, handle::People},
};

/// Values to be set that another user may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueValues<'a> {
    pub email: Option<&'a Email>,
    pub user_name: Option<&'a UserName>,
    pub stable_id: Option<&'a StableId>,
    pub external_id: Option<&'a ExternalId>,
}

/// The value that is taken, and the user who has it.
#[derive(Clone, Debug)]
pub enum UserConflict {
    Email(User),
    /// An application keeps receiving the address for this user.
    PinnedEmail(User),
    /// This user changed the address not long ago, and can have it back.
    FormerEmail(User),
    UserName(User),
    StableId(User),
    ExternalId(User),
    /// Nobody has any of the values now. A stable id that was refused was that of an erased user.
    Nobody,
}

impl People<'_> {
    /// Which of the values another user has: the first in the order of [`UniqueValues`]; the user `except` may keep
    /// their own.
    pub fn user_conflict(
        &self,
        wanted: UniqueValues<'_>,
        except: Option<&Email>,
    ) -> Result<UserConflict, Error> {
        self.may(UseCase::ReadPeople)?;
        let is_other = |user: &User| Some(&user.email) != except;
        if let Some(email) = wanted.email
            && let Some(other) = self.user_by_email(email)?.filter(is_other)
        {
            return Ok(UserConflict::Email(other));
        }
        if let Some(email) = wanted.email {
            let (emails, now) = ([email.as_str().to_owned()], self.now());
            let (pinned, former) = self
                .store()
                .read(|tx| Ok((tx.pinned_emails(&emails)?, tx.undoable_emails(&emails, now)?)))?;
            if let Some(other) = pinned.into_values().find(is_other) {
                return Ok(UserConflict::PinnedEmail(other));
            }
            if let Some(other) = former.into_values().find(is_other) {
                return Ok(UserConflict::FormerEmail(other));
            }
        }
        if let Some(user_name) = wanted.user_name
            && let Some(other) = self.user_by_user_name(user_name)?.filter(is_other)
        {
            return Ok(UserConflict::UserName(other));
        }
        if let Some(stable_id) = wanted.stable_id
            && let Some(other) = self.user_by_stable_id(stable_id)?.filter(is_other)
        {
            return Ok(UserConflict::StableId(other));
        }
        if let Some(external_id) = wanted.external_id
            && let Some(other) = self.user_by_external_id(external_id)?.filter(is_other)
        {
            return Ok(UserConflict::ExternalId(other));
        }
        Ok(UserConflict::Nobody)
    }
}
