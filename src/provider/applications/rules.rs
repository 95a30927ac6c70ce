//! What is checked before an application is stored.

use std::collections::BTreeSet;

use crate::{
    crypto::pem,
    model::{
        application::{Application, Client, Protocol, ServiceProvider},
        attribute::AttributeSource,
        key::Certificate,
        text::{BadText, single_line},
        use_case::UseCase,
    },
    provider::{
        applications::bad_application::BadApplication, error::Error, handle::Applications,
        saml::response_options,
    },
};

/// The longest name that users see, in characters.
const MAX_NAME: usize = 80;

/// Checks the name of an application or a draft.
pub fn parse_name(text: &str) -> Result<String, BadText> {
    single_line("the name", text, MAX_NAME)
}

/// Reads the certificates of a file: one or more.
pub fn read_certificates(file: &[u8]) -> Result<Vec<Certificate>, BadApplication> {
    pem::parse_certificates(file).map_err(|why| BadApplication::Certificate(why.to_string()))
}

/// Checks what can be checked without the database.
pub(in crate::provider) fn check(application: &Application) -> Result<(), BadApplication> {
    let kind = application.kind;
    let mut rules = application.attributes().iter();
    let is_group = |source: &AttributeSource| matches!(source, AttributeSource::Groups(_));
    if let Some(rule) = rules.find(|rule| rule.required && is_group(&rule.source)) {
        return Err(BadApplication::RequiresGroups(rule.name.clone()));
    }
    let saml = match &application.protocol {
        Protocol::Saml(saml) => saml,
        Protocol::Oidc(client) => return check_client(client),
    };
    if saml.require_signed_requests && saml.signing_certificates.is_empty() {
        Err(BadApplication::NoCertificate)
    } else if kind.is_chatgpt() && saml.allow_idp_initiated {
        Err(BadApplication::UnsolicitedChatGpt)
    } else {
        Ok(response_options::check_response_options(kind, saml)?)
    }
}

/// What a token says of itself, whatever an administrator would put there (OpenID Connect Core, 2; rfc9068, 2.2).
const OWN_CLAIMS: [&str; 18] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "client_id",
    "scope",
    "email_verified",
    "events",
];

fn check_client(client: &Client) -> Result<(), BadApplication> {
    let taken = client
        .attributes
        .iter()
        .find(|rule| OWN_CLAIMS.contains(&rule.name.as_str()) || rule.name.contains(' '));
    match taken {
        Some(rule) => Err(BadApplication::ReservedClaim(rule.name.clone())),
        None => Ok(()),
    }
}

impl Applications<'_> {
    /// Why `application` cannot be stored as it is. With `more`, it requires more attributes than before: also checks
    /// whether all active users have them.
    pub(super) fn check_application(
        &self,
        application: &Application,
        more: bool,
    ) -> Result<Option<BadApplication>, Error> {
        if let Err(bad) = check(application) {
            return Ok(Some(bad));
        }
        if let Some(saml) = application.saml()
            && let Some(bad) = self.same_entity_id_and_acs(application, saml)?
        {
            return Ok(Some(bad));
        }
        if !(more && application.enabled) {
            return Ok(None);
        }
        let missing_attribute = self.first_missing_attribute(application.attributes())?;
        Ok(missing_attribute.map(BadApplication::MissingAttribute))
    }

    fn same_entity_id_and_acs(
        &self,
        application: &Application,
        saml: &ServiceProvider,
    ) -> Result<Option<BadApplication>, Error> {
        for other in self.applications_with_same_entity_id(application)? {
            let Some(other_saml) = other.saml() else { continue };
            let of = |saml: &ServiceProvider| -> BTreeSet<String> {
                saml.acs_endpoints
                    .iter()
                    .map(|endpoint| endpoint.location.to_string())
                    .collect()
            };
            let (own, others) = (of(saml), of(other_saml));
            if own.is_subset(&others) || others.is_subset(&own) {
                return Ok(Some(BadApplication::SameEntityIdAndAcs {
                    entity_id: saml.entity_id.clone(),
                    slug: other.slug.clone(),
                }));
            }
        }
        Ok(None)
    }

    /// Other applications with the same entity ID: a request that names no ACS URL could be from any of them.
    pub fn applications_with_same_entity_id(
        &self,
        application: &Application,
    ) -> Result<Vec<Application>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(self
            .store()
            .read(|tx| tx.applications_with_same_entity_id(application))?)
    }
}
