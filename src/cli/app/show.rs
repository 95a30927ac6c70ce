//! What `app show` prints.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{
    cli::{
        app::{attribute, source},
        output::{self, say, time},
    },
    model::{
        application::{AcsUrl, Application, Kind, Slug},
        key::Certificate,
        making::{ContentCipher, Signs},
    },
    provider::{Provider, saml::publish::Which},
};

#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    slug: String,
    name: String,
    kind: &'static str,
    enabled: bool,
    entity_id: String,
    audience: String,
    acs: Vec<String>,
    slo: Option<String>,
    tile_url: Option<String>,
    certificates: Vec<ShownCertificate>,
    require_signed_requests: bool,
    allow_idp_initiated: bool,
    relay_state: Option<String>,
    name_id: &'static str,
    sign: &'static str,
    algorithm: &'static str,
    encrypt: &'static str,
    encryption_certificates: Vec<ShownCertificate>,
    attributes: Vec<attribute::Shown>,
}

#[derive(Serialize)]
struct ShownCertificate {
    sha256: String,
    subject: String,
    not_after: String,
}

/// The values to paste at the application's side.
#[derive(Serialize)]
pub(super) struct Paste {
    pub(super) metadata_url: String,
    pub(super) entity_id: String,
    pub(super) sign_in_url: String,
    pub(super) sign_out_url: String,
    pub(super) certificate_url: String,
    pub(super) certificate_sha256: String,
    pub(super) certificate_pem: String,
    /// The certificate that will be needed besides, while a key is prepared.
    pub(super) next_certificate_url: Option<String>,
    pub(super) next_certificate_sha256: Option<String>,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    application: Shown,
    paste: Paste,
    findings: Vec<String>,
}

impl From<&Application> for Shown {
    fn from(application: &Application) -> Self {
        let saml = &application.saml;
        let text = |address: &AcsUrl| address.as_str().to_owned();
        Self {
            id: application.id.to_string(),
            slug: application.slug.as_str().to_owned(),
            name: application.name.clone(),
            kind: kind(application.kind),
            enabled: application.enabled,
            entity_id: saml.entity_id.as_str().to_owned(),
            audience: saml.audience.as_str().to_owned(),
            acs: saml
                .consumers
                .iter()
                .map(|consumer| text(&consumer.location))
                .collect(),
            slo: saml.logout.as_ref().map(|endpoint| text(&endpoint.location)),
            tile_url: application.tile_url.as_ref().map(text),
            certificates: saml.certificates.iter().map(ShownCertificate::from).collect(),
            require_signed_requests: saml.require_signed_requests,
            allow_idp_initiated: saml.allow_idp_initiated,
            relay_state: saml.default_relay_state.clone(),
            name_id: saml.name_id_format.word(),
            sign: saml.making.signs.word(),
            algorithm: saml.making.algorithm.word(),
            encrypt: saml.making.encryption.map_or("none", ContentCipher::word),
            encryption_certificates: saml
                .encryption_certificates
                .iter()
                .map(ShownCertificate::from)
                .collect(),
            attributes: saml.attributes.iter().map(attribute::Shown::from).collect(),
        }
    }
}

impl From<&Certificate> for ShownCertificate {
    fn from(certificate: &Certificate) -> Self {
        Self {
            sha256: certificate.sha256.clone(),
            subject: certificate.subject.clone(),
            not_after: time(certificate.not_after),
        }
    }
}

/// A kind, as it is printed.
pub(in crate::cli) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::ChatGptLegacy => "chatgpt-legacy",
        Kind::ChatGptCurrent => "chatgpt",
        Kind::Saml => "saml",
    }
}

/// One application; `more` is said of it besides.
pub(super) fn one(
    provider: &Provider,
    application: &Application,
    json: bool,
    more: Vec<String>,
) -> Result<()> {
    let mut findings = findings(provider, application)?;
    findings.extend(more);
    let whole = Whole {
        application: Shown::from(application),
        paste: paste(provider, &application.slug)?,
        findings,
    };
    if json {
        output::json(&whole)
    } else {
        print(application, &whole)
    }
}

/// What the other side asks for; `slug` has a metadata address of its own.
pub(super) fn paste(provider: &Provider, slug: &Slug) -> Result<Paste> {
    let endpoints = provider.endpoints();
    let (certificate, pem) = provider.certificate_pem()?;
    let next = provider.published_certificate(Which::Next)?;
    Ok(Paste {
        metadata_url: provider
            .metadata_url_of(slug)?
            .with_context(|| format!("{slug} is gone by now"))?,
        entity_id: provider.entity_id()?.as_str().to_owned(),
        sign_in_url: endpoints.sso.clone(),
        sign_out_url: endpoints.slo.clone(),
        certificate_url: endpoints.certificate.clone(),
        certificate_sha256: certificate.sha256,
        certificate_pem: pem,
        next_certificate_url: next.as_ref().map(|_next| endpoints.next_certificate()),
        next_certificate_sha256: next.map(|next| next.sha256),
    })
}

fn findings(provider: &Provider, application: &Application) -> Result<Vec<String>> {
    let saml = &application.saml;
    let mut found = Vec::new();
    if !application.enabled {
        found.push(
            "It is switched off: nobody signs in to it. `hallpass app enable` switches it on.".to_owned(),
        );
    }
    if application.kind == Kind::ChatGptLegacy && saml.certificates.is_empty() {
        found.push(format!(
            "Its signed logout requests are refused: their certificate is not known here. Once the connection exists, save its metadata and run `hallpass app edit {} --metadata FILE`.",
            application.slug
        ));
    }
    if let Some(at) = provider.unchecked_signature(application.id)?
        && saml.certificates.is_empty()
    {
        found.push(format!(
                "Its requests are signed (last on {}), but no certificate is registered to check them: they count as not signed. Add it with `hallpass app edit {} --certificate FILE`.",
                at.format("%Y-%m-%d %H:%M UTC"),
                application.slug
            ));
    }
    let now = provider.now();
    for (certificates, what) in [
        (&saml.certificates, "Signatures by it still count"),
        (
            &saml.encryption_certificates,
            "What is encrypted is still encrypted to it",
        ),
    ] {
        for certificate in certificates.iter().filter(|one| one.not_after <= now) {
            found.push(format!(
                "Its certificate {} ended on {}. {what}.",
                certificate.sha256.chars().take(12).collect::<String>(),
                certificate.not_after.format("%Y-%m-%d")
            ));
        }
    }
    if saml.making.encryption.is_some() && saml.making.signs == Signs::Response {
        found.push("Its assertions are encrypted, and carry no signature once they are opened: most applications want one there (`--sign both`).".to_owned());
    }
    if let Some(lacking) = provider.lacking_at(application)? {
        found.push(format!("{lacking}."));
    }
    if application.kind.is_chatgpt() && application.tile_url.is_none() {
        found.push(format!(
            "Its tile does nothing yet: copy the application link (https://chatgpt.com/auth/login?sso=true&connection=…) from ChatGPT's SSO page and run `hallpass app edit {} --tile-url URL`.",
            application.slug
        ));
    }
    found.extend(source::findings(provider, application)?);
    if let Some(next) = provider.published_certificate(Which::Next)? {
        found.push(format!(
            "A new signing key is prepared (certificate {}, {}): `hallpass key roll status` says whether this application trusts it.",
            next.sha256.chars().take(12).collect::<String>(),
            provider.endpoints().next_certificate()
        ));
    }
    found.push("Every active person may use it: groups do not exist here yet.".to_owned());
    Ok(found)
}

fn print(application: &Application, whole: &Whole) -> Result<()> {
    let shown = &whole.application;
    say(format_args!(
        "{} (short name {}, kind {})",
        shown.name, shown.slug, shown.kind
    ))?;
    let is_chatgpt = application.kind.is_chatgpt();
    print_paste(&whole.paste, is_chatgpt)?;
    for address in &shown.acs {
        say(format_args!("     ACS URL                  {address}"))?;
    }
    say(format_args!("     Audience                 {}", shown.audience))?;
    if let Some(address) = &shown.slo {
        say(format_args!("     Logout address           {address}"))?;
    }
    if is_chatgpt {
        say(format_args!(
            "  4. Attributes               id, email, firstName, lastName"
        ))?;
        say(format_args!(
            "  5. Application link         {}",
            shown.tile_url.as_deref().unwrap_or("(not registered here yet)")
        ))?;
        say(format_args!("  6. Test Single Sign-On"))?;
    } else if let Some(address) = &shown.tile_url {
        say(format_args!("     Tile                     {address}"))?;
    }
    say(format_args!(
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
        say(format_args!("Their RelayState: {relay_state}"))?;
    }
    print_making(application, shown)?;
    if is_chatgpt {
        say(format_args!(
            "\nThe X.509 certificate:\n{}",
            whole.paste.certificate_pem.trim_end()
        ))?;
    }
    say(format_args!("\nTo do, or to know:"))?;
    for finding in &whole.findings {
        say(format_args!("- {finding}"))?;
    }
    Ok(())
}

/// How responses are made, and what they say.
fn print_making(application: &Application, shown: &Shown) -> Result<()> {
    say(format_args!(
        "It knows people by (NameID): {}. Signed: {}, with {}. Encrypted: {}.",
        shown.name_id,
        match application.saml.making.signs {
            Signs::Both => "response and assertion",
            Signs::Assertion => "the assertion",
            Signs::Response => "the response",
        },
        shown.algorithm,
        shown.encrypt
    ))?;
    if !application.kind.is_chatgpt() {
        say(format_args!("Attributes:"))?;
        for one in &shown.attributes {
            say(format_args!("  {:66} {}", one.name(), one.how()))?;
        }
    }
    Ok(())
}

fn print_paste(paste: &Paste, is_chatgpt: bool) -> Result<()> {
    if is_chatgpt {
        say(format_args!(
            "\nPaste these at ChatGPT, in this order (Identity page, Manage SSO, Custom SAML); docs/chatgpt.md has each step:"
        ))?;
        say(format_args!("  1. Identity Provider Name   Hallpass"))?;
        say(format_args!(
            "  2. Metadata URL             {}",
            paste.metadata_url
        ))?;
        say(format_args!(
            "     or, where ChatGPT cannot reach it, one by one:"
        ))?;
        say(format_args!("     Entity ID                {}", paste.entity_id))?;
        say(format_args!(
            "     Sign-in URL              {}",
            paste.sign_in_url
        ))?;
        say(format_args!(
            "     Sign-out URL             {}",
            paste.sign_out_url
        ))?;
        say(format_args!(
            "     X.509 certificate        {} (SHA-256 {})",
            paste.certificate_url, paste.certificate_sha256
        ))?;
        say(format_args!("  3. It shows, and you have registered here:"))?;
    } else {
        say(format_args!("\nPaste these at the application:"))?;
        say(format_args!("  Metadata URL   {}", paste.metadata_url))?;
        say(format_args!("  Entity ID      {}", paste.entity_id))?;
        say(format_args!("  Sign-in URL    {}", paste.sign_in_url))?;
        say(format_args!("  Sign-out URL   {}", paste.sign_out_url))?;
        say(format_args!(
            "  Certificate    {} (SHA-256 {})",
            paste.certificate_url, paste.certificate_sha256
        ))?;
        say(format_args!("\nRegistered here:"))?;
    }
    Ok(())
}
