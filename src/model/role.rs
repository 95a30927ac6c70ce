//! What people may administer.

use crate::model::use_case::{Permission, UseCase};

/// What somebody may administer here. Whoever has no role uses applications and their own account, and no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Everything, roles and the installation too.
    Owner,
    /// People, groups, applications and keys.
    Administrator,
    /// Invites people, lets them in again, and ends their sessions.
    HelpDesk,
    /// Reads everything, and changes nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Administrator, Self::HelpDesk, Self::Auditor];

    /// Its name in the database, on the command line and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::HelpDesk => "help-desk",
            Self::Auditor => "auditor",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether somebody with this role may do it to anybody at all.
    pub const fn permits(self, use_case: UseCase) -> bool {
        match use_case.permission() {
            Permission::ReadPeople => true,
            Permission::Read => match self {
                Self::Owner | Self::Administrator | Self::Auditor => true,
                Self::HelpDesk => false,
            },
            Permission::Help => match self {
                Self::Owner | Self::Administrator | Self::HelpDesk => true,
                Self::Auditor => false,
            },
            Permission::Administer => match self {
                Self::Owner | Self::Administrator => true,
                Self::HelpDesk | Self::Auditor => false,
            },
            Permission::Own => match self {
                Self::Owner => true,
                Self::Administrator | Self::HelpDesk | Self::Auditor => false,
            },
            Permission::NoRole => false,
        }
    }

    /// Whether somebody with this role may change somebody with that one: whoever could would have what the other has,
    /// by way of a new password.
    pub const fn may_change(self, other: Option<Self>) -> bool {
        match (self, other) {
            (Self::Owner, _) | (Self::Administrator | Self::HelpDesk, None) => true,
            (Self::Administrator, Some(other)) => !matches!(other, Self::Owner),
            (Self::HelpDesk, Some(other)) => !matches!(other, Self::Owner | Self::Administrator),
            (Self::Auditor, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_changes_somebody_who_may_do_more() {
        let may = |role: Role| -> Vec<&str> {
            Role::ALL
                .into_iter()
                .filter(|other| role.may_change(Some(*other)))
                .map(Role::as_str)
                .collect()
        };
        assert_eq!(
            may(Role::Owner),
            ["owner", "administrator", "help-desk", "auditor"]
        );
        assert_eq!(
            may(Role::Administrator),
            ["administrator", "help-desk", "auditor"]
        );
        assert_eq!(may(Role::HelpDesk), ["help-desk", "auditor"]);
        assert!(may(Role::Auditor).is_empty());
        assert!(Role::HelpDesk.may_change(None) && !Role::Auditor.may_change(None));
    }

    #[test]
    fn a_role_is_known_by_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_name("root"), None);
    }
}
