//! `hallpass app preview`: what an application would receive about a person.

use anyhow::{Context, Result};

use crate::{
    api_model::preview::{NOT_IN_THIS_BUILD, PreviewOutput},
    cli::{
        actor,
        app::lookup::find_application,
        output::{self, print_line},
    },
    model::{response_options::SignedParts, user::Email},
    provider::{
        Provider,
        saml::{
            preview::{IN_RESPONSE_TO, NameIdOrigin, PLACEHOLDER_NAME_ID, Preview, Verification},
            response::LARGE_RESPONSE_BYTES,
        },
    },
};

pub(super) fn show(provider: &Provider, slug: &str, email: &str, json: bool) -> Result<()> {
    let application = find_application(provider, slug)?;
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| {
            format!("nobody here has the address {email}; `hallpass user list` shows everybody")
        })?;
    let preview = provider
        .applications(actor::current())
        .preview(&application, &user)?;
    if json {
        output::json(&PreviewOutput::from(&preview))
    } else {
        print(&preview)
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
        NameIdOrigin::PinnedEmail => {
            "; this address is pinned for it, whatever the person's own is".to_owned()
        }
        NameIdOrigin::AtFirstSignIn => {
            format!(
                "; there is none yet, the first sign-in makes one: {PLACEHOLDER_NAME_ID} stands for it here"
            )
        }
        NameIdOrigin::PerSession => "; each session has another".to_owned(),
    };
    let signs = match response.signed_parts {
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
    let signed = format!("{signs}, with {}", response.signature_algorithm.name());
    for (what, value) in [
        ("NameID", format!("{}{origin}", name.value)),
        ("Format", name.format.clone()),
        ("Sent to", response.acs.as_str().to_owned()),
        ("Audience", response.audience.as_str().to_owned()),
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
    if response.xml.len() > LARGE_RESPONSE_BYTES {
        print_line(format_args!(
            "\nThe response has more than 20 kB, which some applications refuse. If it is the groups, send chosen ones: `hallpass app attribute set {} NAME groups:PREFIX*`.",
            application.slug
        ))?;
    }
    print_line(format_args!(
        "\nThe XML. Nobody was signed in by it, and it cannot be used anywhere: each SignatureValue is replaced by its \
         SHA-256. ID, times, SessionIndex and InResponseTo ({IN_RESPONSE_TO}) differ at each sign-in.\n\n{}",
        response.xml
    ))
}
