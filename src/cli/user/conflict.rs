//! Which user already has a value that must be unique, in words.

use anyhow::Result;

use crate::{
    cli::{actor, user::erasure::erasure_date},
    model::user::{Email, ExternalId, UserName},
    provider::{
        Provider,
        people::conflict::{UniqueValues, UserConflict},
    },
};

/// Says which value is taken, and by whom; the user `except` may keep their own.
pub(super) fn describe_conflict(
    provider: &Provider,
    wanted: UniqueValues<'_>,
    except: Option<&Email>,
) -> Result<String> {
    let conflict = provider.people(actor::current()).user_conflict(wanted, except)?;
    Ok(match conflict {
        UserConflict::Email(other) => {
            let (email, name) = (&other.email, other.full_name());
            match erasure_date(&other) {
                Some(on) => format!(
                    "{email} was deleted, and is erased on {on}; the address is free from then on. Until then `hallpass user enable {email}` undoes it, and `hallpass user edit {email} --email OTHER` frees the address"
                ),
                None => format!(
                    "the address {email} belongs to {name}: `hallpass user show {email}` shows them, `hallpass user edit {email} …` changes them"
                ),
            }
        }
        UserConflict::PinnedEmail(other) => format!(
            "an application keeps receiving that address for {name} <{email}>, and would take the two for one person: `hallpass user pin list {email}` shows where",
            name = other.full_name(),
            email = other.email
        ),
        UserConflict::FormerEmail(other) => format!(
            "{name} <{email}> had that address until not long ago, and can have it back for 7 days: until then it is nobody else's",
            name = other.full_name(),
            email = other.email
        ),
        UserConflict::UserName(other) => format!(
            "the user name {} belongs to {}",
            other.user_name.as_ref().map(UserName::as_str).unwrap_or_default(),
            other.email
        ),
        UserConflict::StableId(other) => format!(
            "the stable id {} belongs to {}",
            other.stable_id.as_str(),
            other.email
        ),
        UserConflict::ExternalId(other) => format!(
            "the external id {} belongs to {}",
            other
                .external_id
                .as_ref()
                .map(ExternalId::as_str)
                .unwrap_or_default(),
            other.email
        ),
        UserConflict::Nobody => match wanted.stable_id {
            Some(stable_id) => format!(
                "somebody who was erased had that stable id ({}): it is never given to somebody else",
                stable_id.as_str()
            ),
            None => "somebody else has that address, user name or external id".to_owned(),
        },
    })
}
