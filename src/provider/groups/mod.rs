//! Groups and their members.

mod edit;
pub mod import;
mod members;
pub mod sized_group;

pub use self::{
    edit::{GroupEdit, GroupFilter, GroupRemoval},
    members::MemberChange,
};
