//! Drafts: applications that wait for the values of the other side, which asks for ours first.

use crate::{
    model::{application::Slug, audit::AuditEvent, rollover::Draft},
    provider::{Provider, error::Error, users::Changed},
    store::Tx,
};

/// How many names are tried where a name is taken.
const MOST_NUMBERS: u32 = 100;

impl Provider {
    /// Keeps a name, and with it a metadata address, for an application to come. `slug` is made of `name` if
    /// it is absent. A draft that is there already stays the one.
    pub fn add_draft(&self, name: &str, slug: Option<&Slug>) -> Result<Changed<Draft>, Error> {
        let wanted = slug.cloned().unwrap_or_else(|| Slug::from_name(name));
        let known = self
            .drafts()?
            .into_iter()
            .find(|draft| draft.name == name && slug.is_none_or(|slug| draft.slug == *slug));
        if let Some(draft) = known {
            return Ok(Changed::Same(draft));
        }
        let mut draft = Draft {
            slug: wanted.clone(),
            name: name.to_owned(),
            created_at: self.now(),
        };
        for number in 2..MOST_NUMBERS {
            let event = self.about_draft("app.draft", &draft.slug);
            let added = self.store().write(|tx| {
                let added = tx.add_draft(&draft)?;
                if added {
                    tx.raise_generation()?;
                    tx.add_audit(&event)?;
                }
                Ok(added)
            })?;
            if added {
                return Ok(Changed::Done(draft));
            }
            if slug.is_some() {
                break;
            }
            draft.slug = wanted.numbered(number);
        }
        Ok(Changed::Taken)
    }

    /// Every draft, by name.
    pub fn drafts(&self) -> Result<Vec<Draft>, Error> {
        Ok(self.store().read(Tx::drafts)?)
    }

    /// Gives a draft up, and forgets who came to its address.
    pub fn remove_draft(&self, slug: &Slug) -> Result<Changed<()>, Error> {
        let event = self.about_draft("app.remove", slug);
        let removed = self.store().write(|tx| {
            let removed = tx.remove_draft(slug)?;
            if removed {
                tx.forget_metadata_address(slug)?;
                tx.raise_generation()?;
                tx.add_audit(&event)?;
            }
            Ok(removed)
        })?;
        Ok(if removed {
            Changed::Done(())
        } else {
            Changed::Unknown
        })
    }

    fn about_draft(&self, action: &'static str, slug: &Slug) -> AuditEvent {
        AuditEvent {
            detail: Some(format!("draft {slug}")),
            ..self.event(action, "ok", None)
        }
    }
}
