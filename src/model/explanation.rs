//! What a code means to each who meets it: the person, the service provider, the administrators.

/// Who can mend what went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mender {
    /// The person, by starting again.
    Person,
    /// Whoever runs the application that sent the message.
    Application,
    /// Whoever runs this provider.
    Here,
    /// One of the two administrators; the words say when it is which.
    Either,
}

impl Mender {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Person => "the person",
            Self::Application => "the application's administrator",
            Self::Here => "the administrator here",
            Self::Either => "the application's administrator or the one here",
        }
    }
}

/// A top-level and a second-level status code, as the service provider reads them.
pub type Status = (&'static str, Option<&'static str>);

/// One code, explained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The code. It never changes its meaning.
    pub code: &'static str,
    /// What it means, in a line for an administrator.
    pub means: &'static str,
    /// What the service provider is told; none: our own page is shown, or nobody asked by a message.
    pub status: Option<Status>,
    /// What is wrong, as the person reads it. Where there is a status, one sentence, which the service
    /// provider may show too.
    pub wrong: &'static str,
    /// Who can mend it.
    pub who: Mender,
    /// How.
    pub mend: &'static str,
    /// The command that mends it or shows where to look; `{slug}` stands for the application,
    /// `{addresses}` for the arguments that register another ACS of it.
    pub command: Option<&'static str>,
    /// Where it is written that it is refused.
    pub clause: Option<&'static str>,
}
