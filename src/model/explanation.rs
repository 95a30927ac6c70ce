//! What a code means to each who meets it: the person, the service provider, the administrators.

/// Who can mend what went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResponsibleParty {
    /// The person, by starting again.
    User,
    /// Whoever runs the application that sent the message.
    ApplicationAdministrator,
    /// Whoever runs this provider.
    ProviderAdministrator,
    /// One of the two administrators; the words say when it is which.
    EitherAdministrator,
}

impl ResponsibleParty {
    /// In words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::User => "the person",
            Self::ApplicationAdministrator => "the application's administrator",
            Self::ProviderAdministrator => "the administrator here",
            Self::EitherAdministrator => "the application's administrator or the one here",
        }
    }
}

/// A top-level and a second-level status code, as the service provider reads them.
pub type StatusCodes = (&'static str, Option<&'static str>);

/// One code, explained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The code. It never changes its meaning.
    pub code: &'static str,
    /// What it means, in a line for an administrator.
    pub meaning: &'static str,
    /// What the service provider is told; none: our own page is shown, or nobody asked by a message.
    pub status: Option<StatusCodes>,
    /// What is wrong, as the person reads it. Where there is a status, one sentence, which the service
    /// provider may show too.
    pub message: &'static str,
    /// Who can mend it.
    pub responsible: ResponsibleParty,
    /// How.
    pub fix: &'static str,
    /// The command that mends it or shows where to look; `{slug}` stands for the application,
    /// `{addresses}` for the arguments that register another ACS of it.
    pub command: Option<&'static str>,
    /// Where it is written that it is refused.
    pub clause: Option<&'static str>,
}
