//! Groups and their members.

mod edit;
mod members;
pub mod sized_group;

pub use self::{
    edit::{GroupEdit, GroupFilter, GroupRemoval},
    members::MemberChange,
};
