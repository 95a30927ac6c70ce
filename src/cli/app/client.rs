//! Clients of OpenID Connect: adding one, and what `app show` prints of one.

use anyhow::{Result, bail};

use crate::{
    api_model::application::{ApplicationOutput, ClientDetailsOutput, ProviderValuesOutput},
    cli::{
        actor,
        app::{
            arguments::AddClientArguments, attribute, convert::new_client, finding,
            lookup::describe_slug_conflict,
        },
        output::{self, print_line},
    },
    model::{
        application::{Application, Client, ClientType},
        client_template::ClientTemplate,
        opaque_token::OpaqueToken,
    },
    provider::{Provider, applications::register_client::RegisterClientOutcome},
};

pub(super) fn add(
    provider: &Provider,
    template: ClientTemplate,
    arguments: AddClientArguments,
) -> Result<()> {
    let json = arguments.json;
    let new = new_client(template, arguments)?;
    match provider.applications(actor::current()).register_client(new)?? {
        RegisterClientOutcome::Done { application, secret } => {
            if !json {
                print_line(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            print_client(provider, &application, json, secret.as_ref(), Some(template))
        }
        RegisterClientOutcome::SlugTaken(slug) => bail!(describe_slug_conflict(provider, &slug)?),
    }
}

/// Prints a client; `secret` is the one that was just made, and `template` how it was added.
pub(super) fn print_client(
    provider: &Provider,
    application: &Application,
    json: bool,
    secret: Option<&OpaqueToken>,
    template: Option<ClientTemplate>,
) -> Result<()> {
    let Some(client) = application.oidc() else {
        bail!("{} does not speak OpenID Connect", application.slug);
    };
    let findings = provider
        .applications(actor::current())
        .application_findings(application)?;
    let whole = ClientDetailsOutput {
        application: ApplicationOutput::from(application),
        paste: provider_values(provider, client, secret)?,
        findings: finding::sentences(provider, application, &findings),
    };
    if json {
        return output::json(&whole);
    }
    print_line(format_args!(
        "{} (short name {}, OpenID Connect, {} client)",
        application.name,
        application.slug,
        client.client_type.name()
    ))?;
    print_values(&whole.paste, client, template)?;
    print_registered(application, client)?;
    print_line(format_args!(
        "\nTry its endpoints with:\n  {}",
        curl(&whole.paste, client)
    ))?;
    print_line(format_args!("\nTo do, or to know:"))?;
    if client.redirect_uris.is_empty() {
        print_line(format_args!(
            "- Nobody can sign in yet: the application shows its redirect URI once it has these values. Then: hallpass app edit {} --redirect-uri 'URL'",
            application.slug
        ))?;
    }
    for finding in &whole.findings {
        print_line(format_args!("- {finding}"))?;
    }
    Ok(())
}

fn provider_values(
    provider: &Provider,
    client: &Client,
    secret: Option<&OpaqueToken>,
) -> Result<ProviderValuesOutput> {
    let endpoints = &provider.endpoints().oidc;
    Ok(ProviderValuesOutput {
        issuer: provider.oidc().published()?.issuer.clone(),
        configuration_url: endpoints.configuration.clone(),
        authorization_url: endpoints.authorization.clone(),
        token_url: endpoints.token.clone(),
        userinfo_url: endpoints.userinfo.clone(),
        jwks_url: endpoints.jwks.clone(),
        revocation_url: endpoints.revocation.clone(),
        introspection_url: endpoints.introspection.clone(),
        client_id: client.client_id.to_string(),
        client_secret: secret.map(|secret| secret.expose().to_owned()),
    })
}

/// The values in the order in which the application asks for them.
fn print_values(
    values: &ProviderValuesOutput,
    client: &Client,
    template: Option<ClientTemplate>,
) -> Result<()> {
    let secret = match (&values.client_secret, client.client_type) {
        (Some(secret), _) => format!("{secret}   (shown this once)"),
        (None, ClientType::Confidential) => "(stored as a hash; `app secret add` makes another)".to_owned(),
        (None, ClientType::Public) => "(none: it uses PKCE)".to_owned(),
    };
    let id = ("Client ID", values.client_id.clone());
    let secret = ("Client secret", secret);
    let discovery = ("Discovery endpoint", values.configuration_url.clone());
    let rows = match template {
        Some(ClientTemplate::ChatGpt) => vec![id, secret, discovery],
        Some(ClientTemplate::GptAction) => vec![
            id,
            secret,
            ("Authorization URL", values.authorization_url.clone()),
            ("Token URL", values.token_url.clone()),
            ("Scope", "openid profile email offline_access".to_owned()),
            ("Token exchange method", "Default (POST request)".to_owned()),
        ],
        Some(ClientTemplate::LibreChat) => vec![
            ("OPENID_ISSUER", values.issuer.clone()),
            ("OPENID_CLIENT_ID", id.1),
            ("OPENID_CLIENT_SECRET", secret.1),
            ("OPENID_SCOPE", "openid profile email offline_access".to_owned()),
            ("OPENID_CALLBACK_URL", "/oauth/openid/callback".to_owned()),
        ],
        Some(ClientTemplate::Generic) | None => vec![
            ("Issuer", values.issuer.clone()),
            discovery,
            id,
            secret,
            ("Authorization URL", values.authorization_url.clone()),
            ("Token URL", values.token_url.clone()),
            ("UserInfo URL", values.userinfo_url.clone()),
            ("JWKS URL", values.jwks_url.clone()),
        ],
    };
    print_line(format_args!("\nPaste these at the application, in this order:"))?;
    for (number, (name, value)) in (1..).zip(rows) {
        print_line(format_args!("  {number}. {name:22} {value}"))?;
    }
    Ok(())
}

fn print_registered(application: &Application, client: &Client) -> Result<()> {
    print_line(format_args!("\nRegistered here:"))?;
    for uri in &client.redirect_uris {
        print_line(format_args!("  Redirect URI   {uri}"))?;
    }
    if let Some(url) = &application.tile_url {
        print_line(format_args!("  Tile           {url}"))?;
    }
    print_line(format_args!(
        "Its sub is: {}. ID tokens: {}, {}. Access tokens: {}. Refresh tokens: {}.",
        client.subject_type.name(),
        client.id_token_algorithm.name(),
        if client.claims_in_id_token {
            "with the claims of the person"
        } else {
            "without the claims of the person, which UserInfo has"
        },
        client.access_token_format.name(),
        client.refresh.name()
    ))?;
    print_line(format_args!("Claims:"))?;
    for rule in &*client.attributes {
        let attribute = crate::api_model::attribute::AttributeOutput::from(rule);
        print_line(format_args!(
            "  {:22} {}",
            attribute.name,
            attribute::describe(&attribute)
        ))?;
    }
    Ok(())
}

/// A request that the endpoints answer without a browser.
fn curl(values: &ProviderValuesOutput, client: &Client) -> String {
    if client.client_type.is_public() {
        return format!("curl {}", values.configuration_url);
    }
    format!(
        "curl -u '{}:CLIENT SECRET' -d token=none {}",
        values.client_id, values.introspection_url
    )
}
