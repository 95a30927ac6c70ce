//! Which user already has a value that must be unique.

use anyhow::Result;

use crate::{
    cli::user::delete::erasure_date,
    model::user::{Email, StableId, UserName},
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
    for other in provider.users()? {
        if Some(&other.email) == except {
            continue;
        }
        let (email, name) = (&other.email, other.full_name());
        if wanted.email == Some(email) {
            if let Some(on) = erasure_date(&other) {
                return Ok(format!(
                    "{email} was deleted, and is erased on {on}; the address is free from then on. Until then `hallpass user enable {email}` undoes it, and `hallpass user edit {email} --email OTHER` frees the address"
                ));
            }
            return Ok(format!(
                "the address {email} belongs to {name}: `hallpass user show {email}` shows them, `hallpass user edit {email} …` changes them"
            ));
        }
        if let Some(user_name) = wanted.user_name
            && other.user_name.as_ref() == Some(user_name)
        {
            return Ok(format!("the user name {} belongs to {email}", user_name.as_str()));
        }
        if let Some(stable_id) = wanted.stable_id
            && other.stable_id == *stable_id
        {
            return Ok(format!("the stable id {} belongs to {email}", stable_id.as_str()));
        }
    }
    Ok(match wanted.stable_id {
        Some(stable_id) => format!(
            "somebody who was erased had that stable id ({}): it is never given to somebody else",
            stable_id.as_str()
        ),
        None => "somebody else has that address or user name".to_owned(),
    })
}
