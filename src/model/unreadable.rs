//! Rows that this version cannot read: a newer version wrote them, or a rule was tightened after they were written.

use std::fmt;

use crate::model::remedy::{Remediable, Remedy};

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
}

/// What is wrong, for log and lists.
impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (handle, cause) = (self.handle(), &self.cause);
        match self.kind {
            UnreadableKind::Application => write!(
                f,
                "the application {handle} cannot be read ({cause}), and nobody signs in to it"
            ),
            UnreadableKind::Draft => write!(f, "the draft {handle} cannot be read ({cause})"),
            UnreadableKind::SigningKey => write!(
                f,
                "the key {handle}, which does not sign, cannot be read ({cause}) and is not published"
            ),
        }
    }
}

impl Remediable for UnreadableRow {
    fn remedy(&self) -> Option<Remedy> {
        let handle = self.handle().to_owned();
        Some(match self.kind {
            UnreadableKind::Application => Remedy::RepairOrRemoveApplication(handle),
            UnreadableKind::Draft => Remedy::RemoveDraft(handle),
            UnreadableKind::SigningKey => Remedy::RemoveKey(handle),
        })
    }
}
