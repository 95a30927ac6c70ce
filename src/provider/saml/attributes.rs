//! What an application is told of a person, and what happens where it requires more than there is.

use crate::{
    claims::{self, Missing},
    model::{application::Application, user::OwnAttributes},
    provider::{
        Provider,
        error::Error,
        saml::{
            answer::{Answered, Question},
            receive::Told,
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
        tracing::warn!(user.id = %user, app.id = %application.id, code = refusal.code(), detail = %refusal, "refused");
        let mut event = self.event("sign_on", refusal.code(), Some(visitor));
        event.detail = Some(refusal.to_string());
        event.user = Some(user);
        event.application = Some(application.id);
        event.session = Some(live.session.id);
        self.note_unproven(&event)?;
        let (Some(request_id), Some(status)) = (question.request_id, refusal.status()) else {
            return Ok(Answered::Refused(refusal));
        };
        let told = Told {
            request_id,
            consumer: question.consumer,
            relay_state: question.relay_state,
        };
        let answer = self.status_answer(snapshot, application, told, status, &refusal.to_string())?;
        Ok(Answered::Answer(Box::new(answer)))
    }
}
