//! Groups, their members, and the users and groups that may use an application.

pub(in crate::store) mod assignments;
pub(in crate::store) mod group_members;
pub(in crate::store) mod rows;
