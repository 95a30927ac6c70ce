//! What a short name belongs to.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, Slug},
        rollover::ApplicationDraft,
        use_case::UseCase,
    },
    provider::{error::Error, handle::Applications},
};

/// Applications and drafts share their short names.
#[derive(Clone, Debug)]
pub enum SlugOwner {
    Application(Arc<Application>),
    Draft(ApplicationDraft),
}

impl Applications<'_> {
    /// The application or the draft with this short name.
    pub fn slug_owner(&self, slug: &Slug) -> Result<Option<SlugOwner>, Error> {
        self.may(UseCase::ReadApplications)?;
        if let Some(application) = self.application(slug)? {
            return Ok(Some(SlugOwner::Application(application)));
        }
        let drafts = self.drafts()?;
        let draft = drafts.into_iter().find(|draft| draft.slug == *slug);
        Ok(draft.map(SlugOwner::Draft))
    }
}
