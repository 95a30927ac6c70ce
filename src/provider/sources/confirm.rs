//! Changes that wait for an administrator: shown, confirmed, rejected. What is confirmed is what was
//! shown, even where another change came since.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, Slug},
        metadata_source::{ApplicationSource, WaitingChange},
    },
    provider::{
        Provider, applications,
        error::Error,
        saml::import::import,
        sources::{Trouble, change},
    },
    store::Edited,
};

/// A change that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Of which application.
    pub application: Arc<Application>,
    /// What it is.
    pub change: WaitingChange,
    /// What would be other than now, a line each: `- ` goes, `+ ` comes.
    pub differences: Vec<String>,
    from: ApplicationSource,
    changed: Application,
}

/// What became of an administrator's word.
#[derive(Debug)]
pub enum Confirmed {
    /// It holds from the next sign-on.
    Done(Box<Waiting>),
    /// It will not be offered again.
    Rejected(Box<Waiting>),
    /// Nothing waits.
    Nothing,
    /// Another change waits than the one that was named.
    Other,
    /// The application was edited at the same moment.
    Stale,
    /// It cannot be taken up any more.
    Unusable(Trouble),
}

impl Provider {
    /// The change that waits for the application `slug`; `Err` in words if it cannot be read any more.
    pub fn waiting_change(&self, slug: &Slug) -> Result<Option<Result<Waiting, Trouble>>, Error> {
        let Some(application) = self.application(slug)? else {
            return Ok(None);
        };
        let Some(from) = self.store().read(|tx| tx.application_source(application.id))? else {
            return Ok(None);
        };
        Ok(self.waiting_of(application, &from))
    }

    /// Takes up the change that waits, if it is the one with the id `named`, whole.
    pub fn confirm_change(&self, slug: &Slug, named: &str) -> Result<Confirmed, Error> {
        let waiting = match self.named(slug, named)? {
            Ok(waiting) => waiting,
            Err(otherwise) => return Ok(otherwise),
        };
        if let Err(bad) = applications::check(waiting.changed.kind, &waiting.changed.saml) {
            return Ok(Confirmed::Unusable(bad.into()));
        }
        let mut changed = waiting.changed.clone();
        changed.updated_at = self.now();
        let event = self.about_metadata("app.confirm", "ok", changed.id, &waiting.differences.join("; "));
        let edited = self.store().write(|tx| {
            if !tx.take_waiting(changed.id, &waiting.change.sha256, false)? {
                return Ok(None);
            }
            let edited = tx.edit_application(&changed)?;
            if edited == Edited::Done {
                tx.note_applied(&waiting.from)?;
                tx.raise_generation()?;
                tx.add_audit(&event)?;
            } else {
                tx.note_waiting(changed.id, &waiting.change)?;
            }
            Ok(Some(edited))
        })?;
        Ok(match edited {
            None => Confirmed::Other,
            Some(Edited::Done) => Confirmed::Done(Box::new(waiting)),
            Some(Edited::Stale | Edited::Taken) => Confirmed::Stale,
        })
    }

    /// Refuses the change that waits: what holds goes on, and the same is not offered again.
    pub fn reject_change(&self, slug: &Slug, named: &str) -> Result<Confirmed, Error> {
        let waiting = match self.named(slug, named)? {
            Ok(waiting) => waiting,
            Err(otherwise) => return Ok(otherwise),
        };
        let id = waiting.application.id;
        let event = self.about_metadata("app.confirm", "rejected", id, &waiting.differences.join("; "));
        let is_rejected = self.store().write(|tx| {
            let is_rejected = tx.take_waiting(id, &waiting.change.sha256, true)?;
            if is_rejected {
                tx.add_audit(&event)?;
            }
            Ok(is_rejected)
        })?;
        Ok(if is_rejected {
            Confirmed::Rejected(Box::new(waiting))
        } else {
            Confirmed::Other
        })
    }

    fn named(&self, slug: &Slug, named: &str) -> Result<Result<Waiting, Confirmed>, Error> {
        Ok(match self.waiting_change(slug)? {
            None => Err(Confirmed::Nothing),
            Some(Err(trouble)) => Err(Confirmed::Unusable(trouble)),
            Some(Ok(waiting)) => {
                // Whole: a part of it could name two.
                if waiting.change.id == named {
                    Ok(waiting)
                } else {
                    Err(Confirmed::Other)
                }
            }
        })
    }

    fn waiting_of(
        &self,
        application: Arc<Application>,
        from: &ApplicationSource,
    ) -> Option<Result<Waiting, Trouble>> {
        let change = from.waiting.clone()?;
        let new = match import(&change.metadata, None, self.now()) {
            Ok(new) => new,
            Err(why) => return Some(Err(why.into())),
        };
        let changed = change::applied(&application, from, &new);
        let differences = change::differences(&application, &changed);
        Some(Ok(Waiting {
            from: ApplicationSource {
                applied: change.sha256.clone(),
                ..change::followed(from, &new, new.valid_until)
            },
            application,
            change,
            differences,
            changed,
        }))
    }
}
