//! Who runs this command.

use std::sync::OnceLock;

use crate::{files, model::actor::Actor};

/// The user of the operating system who runs this command.
pub(in crate::cli) fn current() -> &'static Actor {
    static CURRENT: OnceLock<Actor> = OnceLock::new();
    CURRENT.get_or_init(|| Actor::CommandLine(files::operator()))
}
