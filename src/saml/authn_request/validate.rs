//! Validating an `AuthnRequest`: its times, where it was sent to, what it asks for.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{EntityId, ServiceProvider, SpUrl},
        authn_context::RequestedAuthnContext,
        name_id::{NameId, NameIdFormat, UNSPECIFIED},
        policy::Policy,
        sign_in::Subject,
    },
    saml::{
        authn_request::read::{AuthnRequest, RequestedOptions, RequestedSubject},
        refusal::Refusal,
        signature::VerificationOutcome,
        urn,
    },
};

/// A request that this provider will answer with a response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValidRequest {
    /// For `InResponseTo`.
    pub request_id: String,
    /// One of the service provider's registered ACS URLs.
    pub acs: SpUrl,
    /// The user must sign in again.
    pub force_authn: bool,
    /// No page may be shown.
    pub is_passive: bool,
    /// The user must be this one.
    pub subject: Option<Subject>,
    /// The format of the NameID in the response.
    pub name_id_format: NameIdFormat,
    /// How the user must have authenticated.
    pub authn_context: Option<RequestedAuthnContext>,
    /// Signed, but no certificate is registered to verify the signature.
    pub unchecked_signature: bool,
}

/// A request that is not answered as it asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedRequest {
    pub refusal: Refusal,
    pub request_id: String,
    /// The registered ACS URL that is sent the refusal's status, if one is known.
    pub acs: Option<SpUrl>,
}

impl AuthnRequest {
    /// Where `sp` receives the response: exactly a registered URL, or the default if none is named (saml-profiles,
    /// 4.1.4.1; saml-core, 3.4.1). The refusal of an unregistered index is sent to the default.
    fn acs<'s>(&self, sp: &'s ServiceProvider) -> Option<(&'s SpUrl, Option<Refusal>)> {
        match (&self.acs_url, self.acs_index) {
            (Some(url), _) => Some((sp.acs_by_url(url)?, None)),
            (None, Some(index))
                if sp
                    .acs_endpoints
                    .iter()
                    .any(|registered| registered.index.is_some()) =>
            {
                let registered = sp
                    .acs_endpoints
                    .iter()
                    .find(|registered| registered.index == Some(index));
                match registered {
                    Some(registered) => Some((&registered.location, None)),
                    None => Some((sp.default_acs()?, Some(Refusal::UnknownAcsIndex))),
                }
            }
            (None, _) => Some((sp.default_acs()?, None)),
        }
    }
}

/// What a request is validated against.
#[derive(Clone, Copy, Debug)]
pub struct ValidationContext<'a> {
    /// The service provider that seems to have sent it.
    pub sp: &'a ServiceProvider,
    /// The NameID formats that it may be sent.
    pub formats: &'a [NameIdFormat],
    /// Ours.
    pub entity_id: &'a EntityId,
    /// Our Sign-in URL.
    pub sso: &'a str,
    pub policy: &'a Policy,
    pub now: DateTime<Utc>,
}

/// Validates a request against the registration of its sender, this provider, and the time.
pub fn validate(
    request: VerificationOutcome<AuthnRequest>,
    context: &ValidationContext<'_>,
) -> Result<ValidRequest, RefusedRequest> {
    let (signed, unchecked_signature) = match &request {
        VerificationOutcome::Signed(_) => (true, false),
        VerificationOutcome::Unsigned(_) => (false, false),
        VerificationOutcome::Unchecked(_) => (false, true),
    };
    let request = request.into_inner();
    let page = |refusal, request: &AuthnRequest| RefusedRequest {
        refusal,
        request_id: request.id.clone(),
        acs: None,
    };
    let destination = request.destination.as_deref();
    if destination.is_some_and(|there| there != context.sso) || (signed && destination.is_none()) {
        return Err(page(Refusal::WrongDestination, &request));
    }
    let Some((acs, index_refusal)) = request.acs(context.sp) else {
        return Err(page(Refusal::UnknownAcs, &request));
    };
    let unsigned = context.sp.require_signed_requests && !signed;
    let resolved = first_refusal(&request, context)
        .or(index_refusal)
        .or(unsigned.then_some(Refusal::SignatureMissing))
        .map_or_else(|| resolve_options(&request.options, context), Err);
    let acs = acs.clone();
    match resolved {
        Err(refusal) => Err(RefusedRequest {
            refusal,
            request_id: request.id,
            acs: Some(acs),
        }),
        Ok((subject, name_id_format)) => Ok(ValidRequest {
            request_id: request.id,
            acs,
            force_authn: request.force_authn,
            is_passive: request.is_passive,
            subject,
            name_id_format,
            authn_context: request.options.authn_context,
            unchecked_signature,
        }),
    }
}

/// The first reason to refuse the request, once it is known where the refusal can be sent.
fn first_refusal(request: &AuthnRequest, context: &ValidationContext<'_>) -> Option<Refusal> {
    let options = &request.options;
    // Auth0 writes HTTP-Redirect there although no profile allows it; the response is sent by POST.
    let binding_fits = request
        .protocol_binding
        .as_deref()
        .is_none_or(|binding| matches!(binding, urn::HTTP_POST | urn::HTTP_REDIRECT));
    let listed = options
        .idp_list
        .as_ref()
        .is_none_or(|list| list.iter().any(|id| id == context.entity_id.as_str()));
    if request.version != "2.0" {
        Some(Refusal::Version)
    } else if context.now - request.issued_at > context.policy.request_max_age {
        Some(Refusal::Stale(request.issued_at))
    } else if request.issued_at - context.now > context.policy.request_max_lead {
        Some(Refusal::IssuedInFuture(request.issued_at))
    } else if !binding_fits {
        Some(Refusal::UnsupportedBinding)
    } else if let Some(element) = options.unsupported {
        Some(Refusal::Unsupported(element))
    } else if !listed {
        Some(Refusal::Scoping)
    } else {
        None
    }
}

type ResolvedOptions = (Option<Subject>, NameIdFormat);

/// The subject, and the NameID format of the response.
fn resolve_options(
    options: &RequestedOptions,
    context: &ValidationContext<'_>,
) -> Result<ResolvedOptions, Refusal> {
    let subject = match &options.subject {
        None => None,
        Some(RequestedSubject::Unsupported) => return Err(Refusal::Subject),
        Some(RequestedSubject::NameId(name)) => Some(resolve_subject(name, context).ok_or(Refusal::Subject)?),
    };
    let format = name_id_format(options, context).ok_or(Refusal::NameIdPolicy)?;
    Ok((subject, format))
}

/// The NameID format that the policy permits: `unspecified` asks for none in particular (saml-core, 3.4.1.1), and
/// `AllowCreate` is a hint that is not needed here (E14).
fn name_id_format(options: &RequestedOptions, context: &ValidationContext<'_>) -> Option<NameIdFormat> {
    let qualifier = options.sp_name_qualifier.as_deref().unwrap_or_default();
    if !qualifier.is_empty() && qualifier != context.sp.entity_id.as_str() {
        return None;
    }
    match options.name_id_format.as_deref() {
        None | Some(UNSPECIFIED) => Some(context.sp.name_id_format),
        Some(urn) => NameIdFormat::from_urn(urn).filter(|format| context.formats.contains(format)),
    }
}

/// The subject, if it is a name that a user here could have at this service provider.
fn resolve_subject(name: &NameId, context: &ValidationContext<'_>) -> Option<Subject> {
    let is = |qualifier: &Option<String>, expected: &EntityId| {
        qualifier
            .as_deref()
            .is_none_or(|qualifier| qualifier == expected.as_str())
    };
    let names_our_parties =
        is(&name.name_qualifier, context.entity_id) && is(&name.sp_name_qualifier, &context.sp.entity_id);
    let format = NameIdFormat::from_urn(&name.format).filter(|_format| names_our_parties)?;
    let value = match format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => name.value.to_lowercase(),
        NameIdFormat::Persistent | NameIdFormat::Transient => name.value.clone(),
    };
    Some(Subject { format, value })
}
