//! What an application would receive about a person.

use serde::Serialize;

use crate::{
    model::response_options::ContentCipher,
    provider::saml::preview::{NameIdOrigin, Preview, PreviewedResponse, Verification},
};

/// Why no signature was verified, in a build without the second implementation.
pub const NOT_IN_THIS_BUILD: &str =
    "not checked: this build has no second implementation (feature second-opinion)";

#[derive(Debug, Serialize)]
pub struct PreviewOutput<'a> {
    pub application: &'a str,
    pub person: &'a str,
    pub refusals: Vec<RefusalOutput<'a>>,
    pub response: Option<PreviewedResponseOutput<'a>>,
}

#[derive(Debug, Serialize)]
pub struct RefusalOutput<'a> {
    pub code: &'a str,
    pub words: &'a str,
}

#[derive(Debug, Serialize)]
pub struct PreviewedResponseOutput<'a> {
    pub acs: &'a str,
    pub audience: &'a str,
    pub name_id: PreviewedNameIdOutput<'a>,
    pub attributes: Vec<PreviewedAttributeOutput<'a>>,
    pub sign: &'static str,
    pub algorithm: &'static str,
    pub encrypt: &'static str,
    /// How many signatures a second implementation verified.
    pub signatures_verified: Option<usize>,
    pub not_verified: Option<&'a str>,
    pub certificate_sha256: &'a str,
    pub xml: &'a str,
}

#[derive(Debug, Serialize)]
pub struct PreviewedNameIdOutput<'a> {
    pub format: &'a str,
    pub value: &'a str,
    pub name_qualifier: Option<&'a str>,
    pub sp_name_qualifier: Option<&'a str>,
    pub origin: &'static str,
}

#[derive(Debug, Serialize)]
pub struct PreviewedAttributeOutput<'a> {
    pub name: &'a str,
    pub name_format: &'static str,
    pub friendly_name: Option<&'a str>,
    pub values: &'a [String],
}

impl<'a> From<&'a Preview> for PreviewOutput<'a> {
    fn from(preview: &'a Preview) -> Self {
        Self {
            application: preview.application.slug.as_str(),
            person: preview.user.email.as_str(),
            refusals: preview
                .obstacles
                .iter()
                .map(|obstacle| RefusalOutput {
                    code: obstacle.code,
                    words: &obstacle.message,
                })
                .collect(),
            response: preview.response.as_ref().map(response_output),
        }
    }
}

fn response_output(response: &PreviewedResponse) -> PreviewedResponseOutput<'_> {
    let name = &response.name_id;
    PreviewedResponseOutput {
        acs: response.acs.as_str(),
        audience: response.audience.as_str(),
        name_id: PreviewedNameIdOutput {
            format: &name.format,
            value: &name.value,
            name_qualifier: name.name_qualifier.as_deref(),
            sp_name_qualifier: name.sp_name_qualifier.as_deref(),
            origin: match response.origin {
                NameIdOrigin::Email => "email",
                NameIdOrigin::PinnedEmail => "pinned",
                NameIdOrigin::Existing => "known",
                NameIdOrigin::AtFirstSignIn => "first-sign-in",
                NameIdOrigin::PerSession => "session",
            },
        },
        attributes: response
            .attributes
            .iter()
            .map(|attribute| PreviewedAttributeOutput {
                name: &attribute.name,
                name_format: attribute.name_format.name(),
                friendly_name: attribute.friendly_name.as_deref(),
                values: &attribute.values,
            })
            .collect(),
        sign: response.signed_parts.name(),
        algorithm: response.signature_algorithm.name(),
        encrypt: response.encryption.map_or("none", ContentCipher::name),
        signatures_verified: match &response.verified {
            Verification::Verified(count) => Some(*count),
            Verification::Failed(_) | Verification::NotInThisBuild => None,
        },
        not_verified: match &response.verified {
            Verification::Verified(_) => None,
            Verification::Failed(why) => Some(why),
            Verification::NotInThisBuild => Some(NOT_IN_THIS_BUILD),
        },
        certificate_sha256: &response.certificate_sha256,
        xml: &response.xml,
    }
}
