//! Who runs this command.

use std::sync::OnceLock;

use crate::{model::actor::Actor, os_user};

/// The user of the operating system who runs this command.
pub(in crate::cli) fn current() -> &'static Actor {
    static CURRENT: OnceLock<Actor> = OnceLock::new();
    CURRENT.get_or_init(|| Actor::CommandLine(os_user::operator()))
}
