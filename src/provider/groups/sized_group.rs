//! A group with its size.

use crate::model::group::Group;

/// A group, and how many members it has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SizedGroup {
    pub group: Group,
    pub members: i64,
}
