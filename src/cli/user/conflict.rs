//! Which user already has a value that must be unique.

use anyhow::Result;

use crate::{
    cli::{actor, user::erasure::erasure_date},
    model::user::{Email, StableId, User, UserName},
    provider::Provider,
};

/// Values to be set that another user may have.
#[derive(Clone, Copy, Default)]
pub(super) struct UniqueValues<'a> {
    pub(super) email: Option<&'a Email>,
    pub(super) user_name: Option<&'a UserName>,
    pub(super) stable_id: Option<&'a StableId>,
}

/// Says which value is taken, and by whom; the user `except` may keep their own.
pub(super) fn describe_conflict(
    provider: &Provider,
    wanted: UniqueValues<'_>,
    except: Option<&Email>,
) -> Result<String> {
    let is_other = |user: &User| Some(&user.email) != except;
    if let Some(email) = wanted.email
        && let Some(other) = provider
            .people(actor::current())
            .user_by_email(email)?
            .filter(is_other)
    {
        if let Some(on) = erasure_date(&other) {
            return Ok(format!(
                "{email} was deleted, and is erased on {on}; the address is free from then on. Until then `hallpass user enable {email}` undoes it, and `hallpass user edit {email} --email OTHER` frees the address"
            ));
        }
        let name = other.full_name();
        return Ok(format!(
            "the address {email} belongs to {name}: `hallpass user show {email}` shows them, `hallpass user edit {email} …` changes them"
        ));
    }
    if let Some(user_name) = wanted.user_name
        && let Some(other) = provider
            .people(actor::current())
            .user_by_user_name(user_name)?
            .filter(is_other)
    {
        return Ok(format!(
            "the user name {} belongs to {}",
            user_name.as_str(),
            other.email
        ));
    }
    if let Some(stable_id) = wanted.stable_id
        && let Some(other) = provider
            .people(actor::current())
            .user_by_stable_id(stable_id)?
            .filter(is_other)
    {
        return Ok(format!(
            "the stable id {} belongs to {}",
            stable_id.as_str(),
            other.email
        ));
    }
    Ok(match wanted.stable_id {
        Some(stable_id) => format!(
            "somebody who was erased had that stable id ({}): it is never given to somebody else",
            stable_id.as_str()
        ),
        None => "somebody else has that address or user name".to_owned(),
    })
}
