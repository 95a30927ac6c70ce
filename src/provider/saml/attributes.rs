//! The attributes that an application receives about a user, and the refusal if a required one is missing.

use crate::{
    claims::MissingClaims,
    model::{application::SamlApplication, request_details::RequestDetails},
    provider::{
        error::Error,
        handle::Saml,
        refusal::RefusalContext,
        saml::{
            refusal::{RefusalOutcome, StatusTarget},
            request_details,
            response::{ResponseOutcome, ResponseRequest},
        },
        session::ActiveSession,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{attribute::Attribute, refusal::Refusal},
};

impl Saml<'_> {
    /// The attributes that `application` receives about the signed-in user. Own attributes and groups are read only if
    /// its rules name them.
    pub(in crate::provider) fn released_attributes<'a>(
        &self,
        application: SamlApplication<'a>,
        active_session: &ActiveSession,
    ) -> Result<Result<Vec<Attribute<'a>>, MissingClaims>, Error> {
        let claims = self.user_claims(&application.sp.attributes, &active_session.asserted_user())?;
        let released = claims.map(|claims| {
            let attributes = claims.into_iter().map(|claim| Attribute {
                name: &claim.rule.name,
                name_format: claim.rule.name_format,
                friendly_name: claim.rule.friendly_name.as_deref(),
                values: claim.values,
            });
            attributes.collect()
        });
        Ok(released)
    }

    /// Refuses SSO because a required attribute is missing: the application receives a status, or, if it sent no
    /// request, the user sees a page.
    pub(in crate::provider) fn respond_missing_attribute(
        &self,
        snapshot: &Snapshot,
        response_request: ResponseRequest<'_>,
        missing: &MissingClaims,
        active_session: &ActiveSession,
        visitor: &Visitor,
    ) -> Result<ResponseOutcome, Error> {
        let refusal = Refusal::MissingAttribute(missing.0.join(", "));
        let (user, application) = (active_session.user.id, response_request.application);
        tracing::warn!(user.id = %user, app.id = %application.application.id, detail = %refusal, "a required value is missing");
        let details =
            RequestDetails::default().with(request_details::name::REQUEST, response_request.request_id);
        let context =
            RefusalContext::sso(Some(application.application), details, visitor).with_session(active_session);
        let Some(request_id) = response_request.request_id else {
            return Ok(ResponseOutcome::Refused(RefusalOutcome::RefusedPage(
                self.refused_page(&refusal, &context)?,
            )));
        };
        let released = StatusTarget {
            request_id,
            acs: response_request.acs,
            relay_state: response_request.relay_state,
        };
        Ok(ResponseOutcome::Refused(self.respond_with_status(
            snapshot,
            application,
            released,
            &refusal,
            &context,
        )?))
    }
}
