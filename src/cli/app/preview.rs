//! `hallpass app preview`: what an application would receive about a person.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{
    cli::{
        app::find_application,
        output::{self, print_line},
    },
    model::{
        response_options::{ContentCipher, SignedParts},
        user::Email,
    },
    provider::{
        Provider,
        saml::preview::{
            IN_RESPONSE_TO, NameIdOrigin, PLACEHOLDER_NAME_ID, Preview, PreviewedResponse, Verification,
        },
    },
};

const NOT_IN_THIS_BUILD: &str =
    "not checked: this build has no second implementation (feature second-opinion)";

#[derive(Serialize)]
struct PreviewOutput<'a> {
    application: &'a str,
    person: &'a str,
    refusals: Vec<RefusalOutput<'a>>,
    response: Option<PreviewedResponseOutput<'a>>,
}

#[derive(Serialize)]
struct RefusalOutput<'a> {
    code: &'a str,
    words: &'a str,
}

#[derive(Serialize)]
struct PreviewedResponseOutput<'a> {
    acs: &'a str,
    audience: &'a str,
    name_id: PreviewedNameIdOutput<'a>,
    attributes: Vec<PreviewedAttributeOutput<'a>>,
    sign: &'static str,
    algorithm: &'static str,
    encrypt: &'static str,
    /// How many signatures a second implementation verified.
    signatures_verified: Option<usize>,
    not_verified: Option<&'a str>,
    certificate_sha256: &'a str,
    xml: &'a str,
}

#[derive(Serialize)]
struct PreviewedNameIdOutput<'a> {
    format: &'a str,
    value: &'a str,
    name_qualifier: Option<&'a str>,
    sp_name_qualifier: Option<&'a str>,
    origin: &'static str,
}

#[derive(Serialize)]
struct PreviewedAttributeOutput<'a> {
    name: &'a str,
    name_format: &'static str,
    friendly_name: Option<&'a str>,
    values: &'a [String],
}

pub(super) fn show(provider: &Provider, slug: &str, email: &str, json: bool) -> Result<()> {
    let application = find_application(provider, slug)?;
    let email = Email::parse(email)?;
    let user = provider.user_by_email(&email)?.with_context(|| {
        format!("nobody here has the address {email}; `hallpass user list` shows everybody")
    })?;
    let preview = provider.preview(&application, &user)?;
    if json {
        output::json(&preview_output(&preview))
    } else {
        print(&preview)
    }
}

fn preview_output(preview: &Preview) -> PreviewOutput<'_> {
    PreviewOutput {
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
        response: preview
            .response
            .as_ref()
            .map(|response| response_output(preview, response)),
    }
}

fn response_output<'a>(preview: &'a Preview, response: &'a PreviewedResponse) -> PreviewedResponseOutput<'a> {
    let (saml, name) = (&preview.application.saml, &response.name_id);
    PreviewedResponseOutput {
        acs: response.acs.as_str(),
        audience: saml.audience.as_str(),
        name_id: PreviewedNameIdOutput {
            format: &name.format,
            value: &name.value,
            name_qualifier: name.name_qualifier.as_deref(),
            sp_name_qualifier: name.sp_name_qualifier.as_deref(),
            origin: match response.origin {
                NameIdOrigin::Email => "email",
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
        sign: saml.response_options.signed_parts.name(),
        algorithm: saml.response_options.signature_algorithm.name(),
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

fn print(preview: &Preview) -> Result<()> {
    let (application, user) = (&preview.application, &preview.user);
    for obstacle in &preview.obstacles {
        print_line(format_args!(
            "- {} could not sign in to {} now: {} ({}).",
            user.email, application.name, obstacle.message, obstacle.code
        ))?;
    }
    let Some(response) = &preview.response else {
        return print_line(format_args!("There is nothing to show until that is fixed."));
    };
    print_line(format_args!(
        "What {} ({}) receives about {} <{}> when they sign in:\n",
        application.name,
        application.slug,
        user.full_name(),
        user.email
    ))?;
    let name = &response.name_id;
    let origin = match response.origin {
        NameIdOrigin::Email | NameIdOrigin::Existing => String::new(),
        NameIdOrigin::AtFirstSignIn => {
            format!(
                "; there is none yet, the first sign-in makes one: {PLACEHOLDER_NAME_ID} stands for it here"
            )
        }
        NameIdOrigin::PerSession => "; each session has another".to_owned(),
    };
    let signs = match application.saml.response_options.signed_parts {
        SignedParts::Both => "response and assertion",
        SignedParts::Assertion => "the assertion",
        SignedParts::Response => "the response",
    };
    let encrypted = response.encryption.map_or_else(
        || "no".to_owned(),
        |cipher| {
            format!(
                "the assertion, with {}; below it is shown before encryption",
                cipher.name()
            )
        },
    );
    let verified = match &response.verified {
        Verification::Verified(count) => format!(
            "{count} {} by xmlsec, against our certificate (SHA-256 {})",
            if *count == 1 { "signature" } else { "signatures" },
            response.certificate_sha256
        ),
        Verification::Failed(why) => format!("NO: {why}"),
        Verification::NotInThisBuild => NOT_IN_THIS_BUILD.to_owned(),
    };
    let signed = format!(
        "{signs}, with {}",
        application.saml.response_options.signature_algorithm.name()
    );
    for (what, value) in [
        ("NameID", format!("{}{origin}", name.value)),
        ("Format", name.format.clone()),
        ("Sent to", response.acs.as_str().to_owned()),
        ("Audience", application.saml.audience.as_str().to_owned()),
        ("Signed", signed),
        ("Verified", verified),
        ("Encrypted", encrypted),
    ] {
        print_line(format_args!("  {what:10} {value}"))?;
    }
    print_line(format_args!(
        "\nAttributes{}",
        if response.attributes.is_empty() {
            ": none"
        } else {
            ":"
        }
    ))?;
    for attribute in &response.attributes {
        for value in &attribute.values {
            print_line(format_args!("  {:66} {value}", attribute.name))?;
        }
    }
    print_line(format_args!(
        "\nThe XML. Nobody was signed in by it, and it cannot be used anywhere: each SignatureValue is replaced by its \
         SHA-256. ID, times, SessionIndex and InResponseTo ({IN_RESPONSE_TO}) differ at each sign-in.\n\n{}",
        response.xml
    ))
}
