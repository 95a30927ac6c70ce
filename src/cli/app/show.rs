//! What `app show` prints.

use anyhow::{Context, Result};

use crate::{
    api_model::application::{ApplicationDetailsOutput, ApplicationOutput, IdpValuesOutput},
    cli::{
        actor,
        app::{attribute, client, finding},
        output::{self, print_line},
    },
    model::{
        application::{Application, Slug},
        response_options::SignedParts,
    },
    provider::{Provider, applications::finding::ApplicationFinding, saml::serve_metadata::CertificateSlot},
};

/// Prints one application; `more` are findings beside those that it always has.
pub(super) fn print_application(
    provider: &Provider,
    application: &Application,
    json: bool,
    more: &[ApplicationFinding],
) -> Result<()> {
    if application.oidc().is_some() {
        return client::print_client(provider, application, json, None, None);
    }
    let mut findings = provider
        .applications(actor::current())
        .application_findings(application)?;
    findings.extend_from_slice(more);
    let whole = ApplicationDetailsOutput {
        application: ApplicationOutput::from(application),
        paste: idp_values(provider, &application.slug)?,
        findings: finding::sentences(provider, application, &findings),
    };
    if json {
        output::json(&whole)
    } else {
        print_details(application, &whole)
    }
}

/// The values that the application asks for. The metadata URL is the one for `slug`.
pub(super) fn idp_values(provider: &Provider, slug: &Slug) -> Result<IdpValuesOutput> {
    let endpoints = provider.endpoints();
    let (certificate, pem) = provider.saml().certificate_pem()?;
    let next = provider.saml().published_certificate(CertificateSlot::Next)?;
    Ok(IdpValuesOutput {
        metadata_url: provider
            .saml()
            .metadata_url(slug)?
            .with_context(|| format!("{slug} is gone by now"))?,
        entity_id: provider.saml().entity_id()?.as_str().to_owned(),
        sign_in_url: endpoints.sso.clone(),
        sign_out_url: endpoints.slo.clone(),
        certificate_url: endpoints.certificate.clone(),
        certificate_sha256: certificate.sha256,
        certificate_pem: pem,
        next_certificate_url: next.as_ref().map(|_next| endpoints.next_certificate()),
        next_certificate_sha256: next.map(|next| next.sha256),
    })
}

fn print_details(application: &Application, whole: &ApplicationDetailsOutput) -> Result<()> {
    let shown = &whole.application;
    print_line(format_args!(
        "{} (short name {}, kind {})",
        shown.name, shown.slug, shown.kind
    ))?;
    let is_chatgpt = application.kind.is_chatgpt();
    print_idp_values(&whole.paste, is_chatgpt)?;
    for address in &shown.acs {
        print_line(format_args!("     ACS URL                  {address}"))?;
    }
    print_line(format_args!("     Audience                 {}", shown.audience))?;
    if let Some(address) = &shown.slo {
        print_line(format_args!("     Logout address           {address}"))?;
    }
    if is_chatgpt {
        print_line(format_args!(
            "  4. Attributes               id, email, firstName, lastName"
        ))?;
        print_line(format_args!(
            "  5. Application link         {}",
            shown.tile_url.as_deref().unwrap_or("(not registered here yet)")
        ))?;
        print_line(format_args!("  6. Test Single Sign-On"))?;
    } else if let Some(address) = &shown.tile_url {
        print_line(format_args!("     Tile                     {address}"))?;
    }
    print_line(format_args!(
        "\nRequests must be signed: {}. Responses that it did not ask for: {}{}.",
        if shown.require_signed_requests {
            "yes"
        } else {
            "no"
        },
        if shown.allow_idp_initiated {
            "allowed, from its tile and from /saml/start/"
        } else {
            "never"
        },
        if shown.allow_idp_initiated {
            shown.slug.as_str()
        } else {
            ""
        }
    ))?;
    if let Some(relay_state) = &shown.relay_state {
        print_line(format_args!("Their RelayState: {relay_state}"))?;
    }
    print_response_options(application, shown)?;
    if is_chatgpt {
        print_line(format_args!(
            "\nThe X.509 certificate:\n{}",
            whole.paste.certificate_pem.trim_end()
        ))?;
    }
    print_line(format_args!("\nTo do, or to know:"))?;
    for finding in &whole.findings {
        print_line(format_args!("- {finding}"))?;
    }
    Ok(())
}

/// Prints the NameID format, signatures, encryption and attributes of the responses.
fn print_response_options(application: &Application, shown: &ApplicationOutput) -> Result<()> {
    let Some(saml) = application.saml() else {
        return Ok(());
    };
    print_line(format_args!(
        "It receives as NameID: {}; it finds accounts by: {}. Signed: {}, with {}. Encrypted: {}.",
        shown.name_id,
        shown.keys_on.unwrap_or("(nobody said: --keys-on)"),
        match saml.response_options.signed_parts {
            SignedParts::Both => "response and assertion",
            SignedParts::Assertion => "the assertion",
            SignedParts::Response => "the response",
        },
        shown.algorithm,
        shown.encrypt
    ))?;
    if !application.kind.is_chatgpt() {
        print_line(format_args!("Attributes:"))?;
        for attribute in &shown.attributes {
            print_line(format_args!(
                "  {:66} {}",
                attribute.name,
                attribute::describe(attribute)
            ))?;
        }
    }
    Ok(())
}

fn print_idp_values(idp_values: &IdpValuesOutput, is_chatgpt: bool) -> Result<()> {
    if is_chatgpt {
        print_line(format_args!(
            "\nPaste these at ChatGPT, in this order (Identity page, Manage SSO, Custom SAML); docs/chatgpt.md has each step:"
        ))?;
        print_line(format_args!("  1. Identity Provider Name   Hallpass"))?;
        print_line(format_args!(
            "  2. Metadata URL             {}",
            idp_values.metadata_url
        ))?;
        print_line(format_args!(
            "     or, where ChatGPT cannot reach it, one by one:"
        ))?;
        print_line(format_args!(
            "     Entity ID                {}",
            idp_values.entity_id
        ))?;
        print_line(format_args!(
            "     Sign-in URL              {}",
            idp_values.sign_in_url
        ))?;
        print_line(format_args!(
            "     Sign-out URL             {}",
            idp_values.sign_out_url
        ))?;
        print_line(format_args!(
            "     X.509 certificate        {} (SHA-256 {})",
            idp_values.certificate_url, idp_values.certificate_sha256
        ))?;
        print_line(format_args!("  3. It shows, and you have registered here:"))?;
    } else {
        print_line(format_args!("\nPaste these at the application:"))?;
        print_line(format_args!("  Metadata URL   {}", idp_values.metadata_url))?;
        print_line(format_args!("  Entity ID      {}", idp_values.entity_id))?;
        print_line(format_args!("  Sign-in URL    {}", idp_values.sign_in_url))?;
        print_line(format_args!("  Sign-out URL   {}", idp_values.sign_out_url))?;
        print_line(format_args!(
            "  Certificate    {} (SHA-256 {})",
            idp_values.certificate_url, idp_values.certificate_sha256
        ))?;
        print_line(format_args!("\nRegistered here:"))?;
    }
    Ok(())
}
