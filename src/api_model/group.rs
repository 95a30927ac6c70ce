//! Groups, and who may use an application.

use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339,
    model::{
        application::{Application, Slug},
        user::User,
    },
    provider::{applications::assignments::Assignments, groups::sized_group::SizedGroup},
};

/// A group, as `group list` prints an array of them.
#[derive(Debug, Serialize)]
pub struct GroupOutput {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    /// As of an application.
    pub second_factor: Option<String>,
    /// How many people are in it.
    pub members: i64,
    pub created_at: String,
    pub updated_at: String,
}

impl From<&SizedGroup> for GroupOutput {
    fn from(SizedGroup { group, members }: &SizedGroup) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.to_string(),
            description: group.description.clone(),
            second_factor: group.second_factor.map(|policy| policy.to_string()),
            members: *members,
            created_at: format_rfc3339(group.created_at),
            updated_at: format_rfc3339(group.updated_at),
        }
    }
}

/// A group, as `group show` prints it, and every command that changes one.
#[derive(Debug, Serialize)]
pub struct GroupDetailsOutput {
    #[serde(flatten)]
    pub group: GroupOutput,
    /// The applications that are open to it, by their short names.
    pub applications: Vec<String>,
    /// The addresses of the people in it; as many as were asked for.
    pub people: Vec<String>,
}

impl GroupDetailsOutput {
    pub fn new(group: &SizedGroup, applications: &[Slug], people: &[User]) -> Self {
        Self {
            group: group.into(),
            applications: applications.iter().map(ToString::to_string).collect(),
            people: people.iter().map(|user| user.email.to_string()).collect(),
        }
    }
}

/// Who may use an application, as `app access` prints it.
#[derive(Debug, Serialize)]
pub struct AccessOutput {
    pub slug: String,
    /// `everyone` or `assigned`.
    pub access: &'static str,
    pub groups: Vec<AssignedGroupOutput>,
    /// The addresses of people to whom it is assigned by themselves.
    pub people: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct AssignedGroupOutput {
    pub name: String,
    pub members: i64,
}

impl AccessOutput {
    pub fn new(application: &Application, assignments: &Assignments) -> Self {
        Self {
            slug: application.slug.to_string(),
            access: application.access.name(),
            groups: assignments
                .groups
                .iter()
                .map(|sized| AssignedGroupOutput {
                    name: sized.group.name.to_string(),
                    members: sized.members,
                })
                .collect(),
            people: assignments
                .users
                .iter()
                .map(|user| user.email.to_string())
                .collect(),
        }
    }
}
