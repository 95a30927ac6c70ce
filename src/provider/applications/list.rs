//! Finding applications, and what is known about one.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{Application, Slug},
        id::ApplicationId,
        use_case::UseCase,
    },
    provider::{error::Error, handle::Applications, saml::response::UNCHECKED_SIGNATURE},
};

impl Applications<'_> {
    /// All applications, by name.
    pub fn all_applications(&self) -> Result<Vec<Arc<Application>>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(self.fresh_snapshot()?.applications.iter().cloned().collect())
    }

    pub fn has_applications(&self) -> Result<bool, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(!self.fresh_snapshot()?.applications.is_empty())
    }

    pub fn application(&self, slug: &Slug) -> Result<Option<Arc<Application>>, Error> {
        self.may(UseCase::ReadApplications)?;
        let found = self.store().read(|tx| tx.application_by_slug(slug))?;
        Ok(found.map(Arc::new))
    }

    /// When a request of `application` was last signed by a key that is not registered.
    pub fn last_unchecked_signature(
        &self,
        application: ApplicationId,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(self
            .store()
            .read(|tx| tx.last_audit_event_at(application, UNCHECKED_SIGNATURE))?)
    }
}
