//! Rows that this version cannot read: a newer version wrote them, or a rule was tightened after they were written.

/// A row that is set aside: it is not used until an administrator repairs or removes it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnreadableRow {
    pub kind: UnreadableKind,
    /// The ID as it is stored, which need not be a valid one.
    pub id: String,
    /// The slug as it is stored; `None` unless the row is an application and the slug can be read.
    pub slug: Option<String>,
    /// The name that users see; `None` unless the row is an application and the name can be read.
    pub name: Option<String>,
    /// Which value is unreadable.
    pub cause: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum UnreadableKind {
    Application,
    Draft,
    /// A key that is not the active one.
    SigningKey,
}

impl UnreadableRow {
    /// What commands accept to name the row.
    pub fn handle(&self) -> &str {
        self.slug.as_deref().unwrap_or(&self.id)
    }

    /// The message for log and lists: what is wrong, and how to fix it.
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
