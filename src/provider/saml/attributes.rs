//! What an application is told of a person, and what happens where it requires more than there is.

use crate::{
    claims::{self, Missing},
    model::{application::Application, fact::Facts, user::OwnAttributes},
    provider::{
        Provider,
        error::Error,
        saml::{
            answer::{Answered, Question},
            facts,
            refuse::{About, Instead, Told},
        },
        session::Live,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{attribute::Attribute, refusal::Refusal},
};

impl Provider {
    /// What `application` is told of the person signed in. Own attributes are read where its list names
    /// one, and at no other sign-on.
    pub(in crate::provider) fn attributes<'a>(
        &self,
        application: &'a Application,
        live: &Live,
    ) -> Result<Result<Vec<Attribute<'a>>, Missing>, Error> {
        let rules = &application.saml.attributes;
        let own = if claims::need_own_attributes(rules) {
            self.own_attributes(live.user.id)?
        } else {
            OwnAttributes::new()
        };
        let told = claims::of(rules, &live.user, &own).map(|claims| {
            let attributes = claims.into_iter().map(|claim| Attribute {
                name: &claim.rule.name,
                name_format: claim.rule.name_format,
                friendly_name: claim.rule.friendly_name.as_deref(),
                values: claim.values,
            });
            attributes.collect()
        });
        Ok(told)
    }

    /// Refuses a sign-on for want of a required value: the application is told by a status, or, where it
    /// asked nothing, the person by a page.
    pub(in crate::provider) fn lacking(
        &self,
        snapshot: &Snapshot,
        question: Question<'_>,
        missing: &Missing,
        live: &Live,
        visitor: &Visitor,
    ) -> Result<Answered, Error> {
        let refusal = Refusal::AttributeMissing(missing.0.join(", "));
        let (user, application) = (live.user.id, question.application);
        tracing::warn!(user.id = %user, app.id = %application.id, detail = %refusal, "a required value is missing");
        let facts = Facts::default().with(facts::name::REQUEST, question.request_id);
        let about = About::sign_on(Some(application), facts, visitor).by(live);
        let Some(request_id) = question.request_id else {
            return Ok(Answered::Instead(Instead::Page(
                self.refused_page(refusal, &about)?,
            )));
        };
        let told = Told {
            request_id,
            consumer: question.consumer,
            relay_state: question.relay_state,
        };
        Ok(Answered::Instead(self.tell(
            snapshot,
            application,
            told,
            refusal,
            &about,
        )?))
    }
}
