//! To whom an application is assigned.

use crate::{model::user::User, provider::groups::sized_group::SizedGroup};

/// To whom an application is assigned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignments {
    /// By name.
    pub groups: Vec<SizedGroup>,
    /// People by themselves, by e-mail address; at most as many as were asked for.
    pub users: Vec<User>,
}

impl Assignments {
    /// Whether nobody may use an application that is open to these alone.
    pub fn is_nobody(&self) -> bool {
        self.users.is_empty() && self.groups.iter().all(|group| group.members == 0)
    }
}
