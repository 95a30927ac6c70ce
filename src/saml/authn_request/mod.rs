//! `AuthnRequest` (saml-core, 3.4): read, then accepted against a service provider.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{AcsUrl, EntityId, ServiceProvider},
        name_id,
        policy::Policy,
        user::Email,
    },
    saml::{
        binding::redirect::Inbound,
        refusal::Refusal,
        signature::{Judged, Unverified},
        urn::{self, ASSERTION, DSIG, PROTOCOL},
        xml::{Element, Message},
    },
};

/// A request as it was read; nothing in it is to be believed yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthnRequest {
    /// `ID`.
    pub id: String,
    /// `Version`, as it was written.
    pub version: String,
    /// `IssueInstant`.
    pub issued_at: DateTime<Utc>,
    /// `Issuer`.
    pub issuer: EntityId,
    /// `Destination`, letter for letter.
    pub destination: Option<String>,
    /// `AssertionConsumerServiceURL`, letter for letter.
    pub consumer_url: Option<String>,
    /// `AssertionConsumerServiceIndex`.
    pub consumer_index: Option<u16>,
    /// `ProtocolBinding`.
    pub protocol_binding: Option<String>,
    /// `ForceAuthn`.
    pub force_authn: bool,
    /// `IsPassive`.
    pub is_passive: bool,
    /// What else it asks for, and whether we can.
    pub wishes: Wishes,
}

/// What a request may ask for beside a plain sign-on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wishes {
    /// `NameIDPolicy/@Format`.
    pub name_id_format: Option<String>,
    /// `NameIDPolicy/@SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// `RequestedAuthnContext`.
    pub context: Option<Context>,
    /// `Subject`.
    pub subject: Option<Subject>,
    /// The entity IDs in `Scoping/IDPList`, if there is one.
    pub providers: Option<Vec<String>>,
    /// An element that nobody here honours.
    pub unsupported: Option<&'static str>,
}

/// `RequestedAuthnContext` (saml-core, 3.3.2.2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Context {
    /// `Comparison` is `exact`, or absent.
    pub exact: bool,
    /// The classes, in the order of preference.
    pub classes: Vec<String>,
}

/// Whom the request is about (saml-core, 3.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// Somebody known by e-mail address, or by a name that says no format.
    Email(String),
    /// Somebody named in a way that we do not know people by.
    Unknown,
}

/// A request that this provider will answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Goes into `InResponseTo`.
    pub request_id: String,
    /// One of the service provider's registered consumers.
    pub consumer: AcsUrl,
    /// The person must log in anew.
    pub force_authn: bool,
    /// No page may be shown.
    pub is_passive: bool,
    /// The address of the person that it must be.
    pub subject: Option<String>,
    /// Signed, but by whom is not known: no certificate is registered.
    pub unchecked_signature: bool,
}

/// Not answered as asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The request's `ID`.
    pub request_id: String,
    /// A registered address that may be told, where one is known.
    pub consumer: Option<AcsUrl>,
}

/// Reads a request out of an inbound message.
pub fn read(inbound: Inbound) -> Result<Unverified<AuthnRequest>, Refusal> {
    let message = Message::parse(&inbound.xml)?;
    let root = message.root(PROTOCOL, "AuthnRequest")?;
    let request = AuthnRequest {
        id: root.id()?,
        version: root.attribute("Version").unwrap_or_default().to_owned(),
        issued_at: root
            .time("IssueInstant")?
            .ok_or(Refusal::Malformed("no IssueInstant"))?,
        issuer: issuer(root)?,
        destination: root.attribute("Destination").map(str::to_owned),
        consumer_url: root.attribute("AssertionConsumerServiceURL").map(str::to_owned),
        consumer_index: root
            .attribute("AssertionConsumerServiceIndex")
            .map(index)
            .transpose()?,
        protocol_binding: root.attribute("ProtocolBinding").map(str::to_owned),
        force_authn: root.boolean("ForceAuthn")?,
        is_passive: root.boolean("IsPassive")?,
        wishes: wishes(root)?,
    };
    if request.consumer_index.is_some() && request.consumer_url.is_some() {
        return Err(Refusal::Malformed(
            "AssertionConsumerServiceIndex beside AssertionConsumerServiceURL",
        ));
    }
    Ok(Unverified::new(request, inbound.signature))
}

/// The `Issuer` of a message: present, whole, an entity ID (saml-profiles, 4.1.4.1).
pub(super) fn issuer(root: Element<'_, '_>) -> Result<EntityId, Refusal> {
    let element = root
        .child(ASSERTION, "Issuer")?
        .ok_or(Refusal::Malformed("no Issuer"))?;
    if element
        .attribute("Format")
        .is_some_and(|format| format != urn::ENTITY)
    {
        return Err(Refusal::Malformed("an Issuer that is no entity ID"));
    }
    EntityId::parse(&element.text()?).map_err(|_bad| Refusal::Malformed("an Issuer that is no entity ID"))
}

fn index(text: &str) -> Result<u16, Refusal> {
    text.trim()
        .parse()
        .map_err(|_why| Refusal::Malformed("an AssertionConsumerServiceIndex that is no number"))
}

fn wishes(root: Element<'_, '_>) -> Result<Wishes, Refusal> {
    let mut wishes = Wishes::default();
    for child in root.children()? {
        if child.is(ASSERTION, "Issuer") || child.is(PROTOCOL, "Extensions") || child.is(DSIG, "Signature") {
            // An XML signature does not count over this binding (saml-bindings, 3.4.4.1), and extensions
            // that nobody here knows must not stand in the way.
        } else if child.is(ASSERTION, "Subject") {
            wishes.subject = Some(subject(child)?);
        } else if child.is(PROTOCOL, "NameIDPolicy") {
            wishes.name_id_format = child.attribute("Format").map(str::to_owned);
            wishes.sp_name_qualifier = child.attribute("SPNameQualifier").map(str::to_owned);
            child.boolean("AllowCreate")?;
        } else if child.is(ASSERTION, "Conditions") {
            wishes.unsupported = Some("Conditions");
        } else if child.is(PROTOCOL, "RequestedAuthnContext") {
            wishes.context = Some(context(child)?);
        } else if child.is(PROTOCOL, "Scoping") {
            wishes.providers = providers(child)?;
        } else {
            return Err(Refusal::Malformed("an element that no AuthnRequest has"));
        }
    }
    for name in ["Subject", "Conditions"] {
        root.child(ASSERTION, name)?;
    }
    for name in ["NameIDPolicy", "RequestedAuthnContext", "Scoping", "Extensions"] {
        root.child(PROTOCOL, name)?;
    }
    Ok(wishes)
}

fn subject(element: Element<'_, '_>) -> Result<Subject, Refusal> {
    if element.child(ASSERTION, "SubjectConfirmation")?.is_some() {
        return Err(Refusal::Malformed("a Subject with a SubjectConfirmation"));
    }
    let Some(name) = element.child(ASSERTION, "NameID")? else {
        return Ok(Subject::Unknown);
    };
    Ok(match name.attribute("Format") {
        None | Some(name_id::EMAIL_ADDRESS | name_id::UNSPECIFIED) => {
            let address = name.text()?.trim().to_lowercase();
            // Nobody here has a longer one, and it is kept while the person logs in.
            if address.len() > Email::MAX_LEN {
                Subject::Unknown
            } else {
                Subject::Email(address)
            }
        }
        Some(_) => Subject::Unknown,
    })
}

fn context(element: Element<'_, '_>) -> Result<Context, Refusal> {
    let mut classes = Vec::new();
    for child in element.children()? {
        if child.is(ASSERTION, "AuthnContextClassRef") {
            classes.push(child.text()?.trim().to_owned());
        }
    }
    let exact = element
        .attribute("Comparison")
        .is_none_or(|comparison| comparison == "exact");
    Ok(Context { exact, classes })
}

fn providers(scoping: Element<'_, '_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(list) = scoping.child(PROTOCOL, "IDPList")? else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for entry in list.children()? {
        if entry.is(PROTOCOL, "IDPEntry") {
            found.push(entry.attribute("ProviderID").unwrap_or_default().to_owned());
        }
    }
    Ok(Some(found))
}

impl AuthnRequest {
    /// Where `sp` takes the answer: exactly a registered address, or the default when none is named
    /// (saml-profiles, 4.1.4.1; saml-core, 3.4.1).
    pub fn consumer<'s>(&self, sp: &'s ServiceProvider) -> Option<&'s AcsUrl> {
        match (&self.consumer_url, self.consumer_index) {
            (Some(asked), _) => sp.consumer(asked),
            (None, Some(index)) if sp.consumers.iter().any(|known| known.index.is_some()) => sp
                .consumers
                .iter()
                .find(|known| known.index == Some(index))
                .map(|known| &known.location),
            (None, _) => sp.default_consumer(),
        }
    }
}

/// Holds a request against what `sp` registered, what this provider is (`entity_id`, `sso`) and the time.
pub fn accept(
    request: Judged<AuthnRequest>,
    sp: &ServiceProvider,
    entity_id: &EntityId,
    sso: &str,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Accepted, Refused> {
    let (signed, unchecked_signature) = match &request {
        Judged::Signed(_) => (true, false),
        Judged::Unsigned(_) => (false, false),
        Judged::Unchecked(_) => (false, true),
    };
    let request = request.into_inner();
    let page = |refusal, request: &AuthnRequest| Refused {
        refusal,
        request_id: request.id.clone(),
        consumer: None,
    };
    if request.destination.as_deref().is_some_and(|there| there != sso)
        || (signed && request.destination.is_none())
    {
        return Err(page(Refusal::WrongDestination, &request));
    }
    let Some(consumer) = request.consumer(sp).cloned() else {
        return Err(page(Refusal::UnknownConsumer, &request));
    };
    let refused = first_refusal(&request, sp, entity_id, policy, now)
        .or_else(|| (sp.require_signed_requests && !signed).then_some(Refusal::SignatureMissing));
    if let Some(refusal) = refused {
        return Err(Refused {
            refusal,
            request_id: request.id,
            consumer: Some(consumer),
        });
    }
    let subject = match request.wishes.subject {
        None => None,
        Some(Subject::Email(address)) => Some(address),
        Some(Subject::Unknown) => {
            return Err(Refused {
                refusal: Refusal::Subject,
                request_id: request.id,
                consumer: Some(consumer),
            });
        }
    };
    Ok(Accepted {
        request_id: request.id,
        consumer,
        force_authn: request.force_authn,
        is_passive: request.is_passive,
        subject,
        unchecked_signature,
    })
}

/// The first thing that cannot be done as asked, once it is known where to say so.
fn first_refusal(
    request: &AuthnRequest,
    sp: &ServiceProvider,
    entity_id: &EntityId,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<Refusal> {
    let wishes = &request.wishes;
    let format_fits = wishes
        .name_id_format
        .as_deref()
        .is_none_or(|format| matches!(format, name_id::EMAIL_ADDRESS | name_id::UNSPECIFIED));
    let qualifier_fits = wishes
        .sp_name_qualifier
        .as_deref()
        .is_none_or(|named| named == sp.entity_id.as_str());
    // HTTP-Redirect is what Auth0 writes there although no profile allows it; the answer goes by POST.
    let binding_fits = request
        .protocol_binding
        .as_deref()
        .is_none_or(|binding| matches!(binding, urn::HTTP_POST | urn::HTTP_REDIRECT));
    let context_fits = wishes.context.as_ref().is_none_or(|context| {
        context.exact
            && context
                .classes
                .iter()
                .any(|class| class == urn::PASSWORD_PROTECTED_TRANSPORT)
    });
    let listed = wishes
        .providers
        .as_ref()
        .is_none_or(|list| list.iter().any(|id| id == entity_id.as_str()));
    if request.version != "2.0" {
        Some(Refusal::Version)
    } else if now - request.issued_at > policy.request_max_age {
        Some(Refusal::Stale(request.issued_at))
    } else if request.issued_at - now > policy.request_max_lead {
        Some(Refusal::Early(request.issued_at))
    } else if !binding_fits {
        Some(Refusal::Binding)
    } else if let Some(element) = wishes.unsupported {
        Some(Refusal::Unsupported(element))
    } else if !listed {
        Some(Refusal::Scoping)
    } else if !format_fits || !qualifier_fits {
        Some(Refusal::NameIdPolicy)
    } else if !context_fits {
        Some(Refusal::AuthnContext)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
