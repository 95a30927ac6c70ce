//! Rows that this version cannot read: a newer one wrote them, or a rule was tightened since.

/// A row that is set aside: nothing is done with it until somebody repairs or removes it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnreadableRow {
    /// What it is.
    pub kind: UnreadableKind,
    /// As the table has it; it need not be an id of ours.
    pub id: String,
    /// The short name, where that much can be read.
    pub slug: Option<String>,
    /// The name that people see, where that can be read.
    pub name: Option<String>,
    /// Which value it is.
    pub cause: String,
}

/// What such a row would be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum UnreadableKind {
    /// An application.
    Application,
    /// A name for an application to come.
    Draft,
    /// A key that does not sign.
    SigningKey,
}

impl UnreadableRow {
    /// What a command calls it by.
    pub fn handle(&self) -> &str {
        self.slug.as_deref().unwrap_or(&self.id)
    }

    /// What is wrong, and what to do about it.
    pub fn words(&self) -> String {
        let (handle, cause) = (self.handle(), &self.cause);
        match self.kind {
            UnreadableKind::Application => format!(
                "the application {handle} cannot be read ({cause}), and nobody signs in to it: run the version that wrote it, or `hallpass app repair {handle}`, or `hallpass app remove {handle}`"
            ),
            UnreadableKind::Draft => format!(
                "the draft {handle} cannot be read ({cause}): run the version that wrote it, or `hallpass app remove {handle}`"
            ),
            UnreadableKind::SigningKey => format!(
                "the key {handle}, which does not sign, cannot be read ({cause}) and is not published: run the version that wrote it, or `hallpass key remove {handle}`"
            ),
        }
    }
}
