//! What is logged at startup.

use anyhow::Result;

use crate::{
    config::Settings,
    model::{actor::Actor, key::KeyState},
    provider::{Provider, bootstrap::BootstrapNotice},
};

pub(super) fn log_finding(finding: &BootstrapNotice) {
    match finding {
        BootstrapNotice::KeyGenerated { sha256 } => {
            tracing::info!(sha256, "a signing key and its certificate were made");
        }
        BootstrapNotice::KeyImported { sha256 } => {
            tracing::info!(
                sha256,
                "your own key was taken into the key ring, and signs from now on"
            );
        }
        BootstrapNotice::ConfiguredKeyNotActive { sha256, state } => tracing::warn!(
            sha256,
            "key_file and certificate_file name a key that {}. The key ring stays as it is: remove the two settings, or bring the key in again with `hallpass key roll prepare --key FILE --certificate FILE`",
            match state {
                KeyState::Next => "is prepared and signs next",
                KeyState::Active => "signs",
                KeyState::Previous =>
                    "signed before the present one; `hallpass key roll back` lets it sign again",
                KeyState::Retired => "is retired",
            }
        ),
        BootstrapNotice::CertificateReplaced { host } => tracing::info!(
            host,
            "the certificate made for loopback was replaced; no application knew it"
        ),
        BootstrapNotice::BaseUrlChanged { before, entity_id } => tracing::warn!(
            before,
            %entity_id,
            "the base URL changed. Applications go on knowing this provider as {entity_id}, but their Sign-in URL and Sign-out URL still begin with {before}: paste the new ones there (`hallpass app show` prints them)"
        ),
        BootstrapNotice::IssuerFixed { issuer } => tracing::info!(
            issuer,
            "the issuer of OpenID Connect is fixed from now on: clients compare it letter for letter"
        ),
        BootstrapNotice::IssuerDiffers { issuer } => tracing::warn!(
            issuer,
            "the base URL is not the issuer of OpenID Connect. Its clients know this provider as {issuer}, and refuse what comes from another: bring that address back, or set them up anew"
        ),
        BootstrapNotice::EntityIdChanged { before } => tracing::warn!(
            %before,
            "the entity ID changed. Applications that know this provider by the one before refuse its answers until the new one is pasted there"
        ),
    }
}

/// Logs once which variables are ignored although nobody mistyped them.
pub(super) fn log_ignored_variables(settings: &Settings) {
    if let Some(first) = settings.ignored_variables.first() {
        tracing::info!(
            first,
            count = settings.ignored_variables.len(),
            "variables that tell where a service named like Hallpass is, as Kubernetes sets them, are not settings and are ignored; `enableServiceLinks: false` in the pod keeps them out"
        );
    }
}

/// Whoever administers by the command line needs no owner; the console does.
pub(super) fn log_missing_owner(provider: &Provider) -> Result<()> {
    if !provider.people(&Actor::Itself).has_owner()? {
        tracing::info!(
            "no owner yet: hallpass user add … --role owner, or hallpass user role EMAIL owner for somebody who is here already"
        );
    }
    Ok(())
}

/// Says before anything is served how many passkeys this version cannot read: their people need another way in.
pub(super) fn log_unreadable_passkeys(provider: &Provider) -> Result<()> {
    let (all, unreadable) = provider.count_unreadable_passkeys()?;
    if unreadable > 0 {
        tracing::error!(
            unreadable,
            all,
            "{unreadable} of {all} stored passkeys cannot be read: a newer version wrote them, or they were sealed with another key. Whoever has no other second factor uses a recovery code; `hallpass passkey show` counts them again"
        );
    }
    Ok(())
}

pub(super) fn next_step(settings: &Settings, provider: &Provider) -> Result<String> {
    if settings.evaluation_mode {
        return Ok("No base_url is set: this is for trying only; set base_url (or HALLPASS_BASE_URL) to the address that people will use.".to_owned());
    }
    Ok(
        match (
            provider.people(&Actor::Itself).has_users()?,
            provider.applications(&Actor::Itself).has_applications()?,
        ) {
            (false, _) => {
                "Next: add a person with `hallpass user add EMAIL --first-name F --last-name L`.".to_owned()
            }
            (true, false) => {
                "Next: register ChatGPT with `hallpass app add chatgpt --acs URL --audience TEXT`.".to_owned()
            }
            (true, true) => format!("People sign in at {}.", settings.base_url.origin()),
        },
    )
}
