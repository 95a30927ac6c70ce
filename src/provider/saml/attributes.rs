//! What an application is told of a person, and what happens where it requires more than there is.

use crate::{
    claims::{self, MissingClaims},
    model::{application::Application, request_details::RequestDetails, user::OwnAttributes},
    provider::{
        Provider,
        error::Error,
        saml::{
            refusal::{RefusalContext, RefusalOutcome, StatusTarget},
            request_details,
            response::{ResponseOutcome, ResponseRequest},
        },
        session::ActiveSession,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{attribute::Attribute, refusal::Refusal},
};

impl Provider {
    /// What `application` is told of the person signed in. Own attributes are read where its list names
    /// one, and at no other sign-on.
    pub(in crate::provider) fn released_attributes<'a>(
        &self,
        application: &'a Application,
        live: &ActiveSession,
    ) -> Result<Result<Vec<Attribute<'a>>, MissingClaims>, Error> {
        let rules = &application.saml.attributes;
        let own = if claims::needs_own_attributes(rules) {
            self.own_attributes(live.user.id)?
        } else {
            OwnAttributes::new()
        };
        let told = claims::from_user(rules, &live.user, &own).map(|claims| {
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
    pub(in crate::provider) fn respond_missing_attribute(
        &self,
        snapshot: &Snapshot,
        question: ResponseRequest<'_>,
        missing: &MissingClaims,
        live: &ActiveSession,
        visitor: &Visitor,
    ) -> Result<ResponseOutcome, Error> {
        let refusal = Refusal::MissingAttribute(missing.0.join(", "));
        let (user, application) = (live.user.id, question.application);
        tracing::warn!(user.id = %user, app.id = %application.id, detail = %refusal, "a required value is missing");
        let facts = RequestDetails::default().with(request_details::name::REQUEST, question.request_id);
        let about = RefusalContext::sso(Some(application), facts, visitor).with_session(live);
        let Some(request_id) = question.request_id else {
            return Ok(ResponseOutcome::Refused(RefusalOutcome::RefusedPage(
                self.refused_page(refusal, &about)?,
            )));
        };
        let told = StatusTarget {
            request_id,
            acs: question.acs,
            relay_state: question.relay_state,
        };
        Ok(ResponseOutcome::Refused(self.respond_with_status(
            snapshot,
            application,
            told,
            refusal,
            &about,
        )?))
    }
}
