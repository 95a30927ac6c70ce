//! What a code means to everyone who sees it: the user, the service provider, the administrators.

use crate::model::remedy::{Fix, FixCommand};

/// Who can fix the problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResponsibleParty {
    /// By starting again.
    User,
    /// The administrator of the application that sent the message.
    ApplicationAdministrator,
    /// The administrator of this provider.
    ProviderAdministrator,
    /// One of the two administrators; the text says which one in which case.
    EitherAdministrator,
}

impl ResponsibleParty {
    /// For display.
    pub const fn description(self) -> &'static str {
        match self {
            Self::User => "the person",
            Self::ApplicationAdministrator => "the application's administrator",
            Self::ProviderAdministrator => "the administrator here",
            Self::EitherAdministrator => "the application's administrator or the one here",
        }
    }
}

/// A top-level and a second-level status code, as the service provider receives them.
pub type StatusCodes = (&'static str, Option<&'static str>);

/// The explanation of one code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// It never changes its meaning.
    pub code: &'static str,
    /// One line for an administrator.
    pub meaning: &'static str,
    /// The status that the service provider receives; none: our own page is shown, or no message asked for a
    /// response.
    pub status: Option<StatusCodes>,
    /// What is wrong, for the user. If there is a status, it is one sentence, which the service provider may display
    /// too.
    pub message: &'static str,
    pub responsible: ResponsibleParty,
    pub fix: Fix,
    pub command: Option<FixCommand>,
    /// The clause that the refusal is based on.
    pub clause: Option<&'static str>,
}
