//! Users.

use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339,
    model::{
        group::GroupName,
        language::Language,
        role::Role,
        user::{Leaver, NameComponent, OwnAttributes, User, UserName},
    },
    provider::people::deletion,
};

/// A user, as `user show` prints them; `user list` prints an array of these.
#[derive(Debug, Serialize)]
pub struct UserOutput {
    id: String,
    stable_id: String,
    email: String,
    given_name: Option<String>,
    family_name: Option<String>,
    user_name: Option<String>,
    /// What another directory calls them.
    external_id: Option<String>,
    /// The tag of the language that was chosen for or by them.
    language: Option<&'static str>,
    attributes: OwnAttributes,
    /// The names of the user's groups.
    groups: Vec<String>,
    /// What the user may administer.
    role: Option<&'static str>,
    enabled: bool,
    created_at: String,
    updated_at: String,
    /// When the user was deleted; `erased_at` is when the user's data is erased.
    deleted_at: Option<String>,
    erased_at: Option<String>,
}

impl UserOutput {
    pub fn new(user: &User, own: &OwnAttributes, groups: &[GroupName]) -> Self {
        Self {
            id: user.id.to_string(),
            stable_id: user.stable_id.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            given_name: user.names.given().map(NameComponent::as_str).map(str::to_owned),
            family_name: user.names.family().map(NameComponent::as_str).map(str::to_owned),
            user_name: user.user_name.as_ref().map(UserName::as_str).map(str::to_owned),
            external_id: user.external_id.as_ref().map(|id| id.as_str().to_owned()),
            language: user.preferences.language.map(Language::tag),
            attributes: own.clone(),
            groups: groups.iter().map(ToString::to_string).collect(),
            role: user.role.map(Role::as_str),
            enabled: user.enabled,
            created_at: format_rfc3339(user.created_at),
            updated_at: format_rfc3339(user.updated_at),
            deleted_at: user.deleted_at.map(format_rfc3339),
            erased_at: deletion::erasure_time(user).map(format_rfc3339),
        }
    }
}

/// What `user unlock` prints.
#[derive(Debug, Serialize)]
pub struct UnlockOutput<'a> {
    pub email: &'a str,
    pub link: &'a str,
}

/// What `user invite` and `user recovery-link` print.
#[derive(Debug, Serialize)]
pub struct LinkOutput<'a> {
    pub email: &'a str,
    /// None if it was mailed.
    pub link: Option<&'a str>,
    pub mailed: bool,
    pub expires_at: String,
}

/// What `rescue` prints.
#[derive(Debug, Serialize)]
pub struct RescueOutput<'a> {
    pub email: &'a str,
    pub link: &'a str,
    pub expires_at: String,
}

/// What `user set-password` prints.
#[derive(Debug, Serialize)]
pub struct PasswordOutput<'a> {
    pub email: &'a str,
    pub sessions_ended: usize,
    /// The next sign-in asks for a password of their own.
    pub must_change: bool,
    /// How many passkeys sign in without a password.
    pub passkeys: usize,
}

/// What `user name-id` prints.
#[derive(Debug, Serialize)]
pub struct NameIdOutput<'a> {
    pub email: &'a str,
    pub app: &'a str,
    pub name_id: Option<&'a str>,
}

/// An application at which somebody who is deactivated signed in not long ago.
#[derive(Debug, Serialize)]
pub struct LeaverOutput {
    pub email: String,
    /// Its short name.
    pub application: String,
    pub application_name: String,
    /// By what the application knows them.
    pub name_id: Option<String>,
    pub signed_in_at: String,
}

impl From<&Leaver> for LeaverOutput {
    fn from(leaver: &Leaver) -> Self {
        Self {
            email: leaver.email.to_string(),
            application: leaver.application.to_string(),
            application_name: leaver.application_name.clone(),
            name_id: leaver.name_id.clone(),
            signed_in_at: format_rfc3339(leaver.signed_in_at),
        }
    }
}
