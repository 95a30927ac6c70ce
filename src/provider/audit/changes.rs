//! What an edit changes, as text: names and values as the command line writes them.

use std::fmt::Write;

use crate::model::{
    application::{Application, ApplicationKind, Client, LogoutEndpoint, Protocol, ServiceProvider},
    attribute::AttributeRule,
    audit::{ValueChange, diff},
    key::Certificate,
    user::{OwnAttributes, User},
};

/// The differences between two states of a user. The own attributes are only those that the edit names.
pub(in crate::provider) fn user_changes(
    before: &User,
    attributes_before: &OwnAttributes,
    after: &User,
    attributes_after: &OwnAttributes,
) -> Vec<ValueChange> {
    let fields = |user: &User, own: &OwnAttributes| {
        let mut pairs = vec![("e-mail".to_owned(), user.email.to_string())];
        for (what, name) in [
            ("first name", user.names.given()),
            ("last name", user.names.family()),
        ] {
            pairs.extend(name.map(|name| (what.to_owned(), name.as_str().to_owned())));
        }
        pairs.push(("state".to_owned(), state(user)));
        if let Some(role) = user.role {
            pairs.push(("role".to_owned(), role.as_str().to_owned()));
        }
        if let Some(name) = &user.user_name {
            pairs.push(("user name".to_owned(), name.as_str().to_owned()));
        }
        if let Some(id) = &user.external_id {
            pairs.push(("external id".to_owned(), id.as_str().to_owned()));
        }
        if let Some(language) = user.preferences.language {
            pairs.push(("language".to_owned(), language.tag().to_owned()));
        }
        if user.preferences.new_device_mail {
            pairs.push(("mail about new devices".to_owned(), on_or_off(true)));
        }
        let own = own.iter().filter(|(_, values)| !values.is_empty());
        pairs.extend(own.map(|(name, values)| (format!("attribute {name}"), values.join("; "))));
        pairs
    };
    diff(
        &fields(before, attributes_before),
        &fields(after, attributes_after),
    )
}

fn state(user: &User) -> String {
    if user.deleted_at.is_some() {
        "deleted".to_owned()
    } else {
        on_or_off(user.enabled)
    }
}

/// The differences between two states of an application.
pub(in crate::provider) fn application_changes(
    before: &Application,
    after: &Application,
) -> Vec<ValueChange> {
    diff(&application_fields(before), &application_fields(after))
}

fn application_fields(application: &Application) -> Vec<(String, String)> {
    let mut fields = vec![
        ("name", application.name.clone()),
        ("kind", kind(application.kind).to_owned()),
        ("state", on_or_off(application.enabled)),
        ("access", application.access.name().to_owned()),
        (
            "second factor",
            application
                .second_factor
                .map(|policy| policy.to_string())
                .unwrap_or_default(),
        ),
    ];
    match &application.protocol {
        Protocol::Saml(sp) => fields.extend(required_saml_fields(sp)),
        Protocol::Oidc(client) => fields.extend(client_fields(client)),
    }
    let tile_url = application.tile_url.as_ref();
    fields.extend(tile_url.map(|url| ("tile URL", url.as_str().to_owned())));
    if let Some(sp) = application.saml() {
        fields.extend(optional_saml_fields(sp));
    }
    let mut fields: Vec<(String, String)> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.extend(application.attributes().iter().map(|rule| {
        let name = rule.friendly_name.as_deref().unwrap_or(&rule.name);
        (format!("attribute {name}"), attribute(rule))
    }));
    fields
}

fn client_fields(client: &Client) -> [(&'static str, String); 9] {
    let redirect_uris = client.redirect_uris.iter().map(|uri| uri.as_str().to_owned());
    let keys_on = client.keys_on.map_or("", |keys_on| keys_on.name());
    [
        ("client ID", client.client_id.to_string()),
        ("client type", client.client_type.name().to_owned()),
        ("redirect URI", joined(redirect_uris)),
        ("sub", client.subject_type.name().to_owned()),
        ("ID token algorithm", client.id_token_algorithm.name().to_owned()),
        ("claims in the ID token", client.claims_in_id_token.to_string()),
        ("access token", client.access_token_format.name().to_owned()),
        ("refresh tokens", client.refresh.name().to_owned()),
        ("keys on", keys_on.to_owned()),
    ]
}

fn required_saml_fields(saml: &ServiceProvider) -> [(&'static str, String); 9] {
    [
        ("entity ID", saml.entity_id.as_str().to_owned()),
        ("Audience", saml.audience.as_str().to_owned()),
        (
            "ACS URL",
            joined(
                saml.acs_endpoints
                    .iter()
                    .map(|endpoint| endpoint.location.as_str().to_owned()),
            ),
        ),
        (
            "require signed requests",
            saml.require_signed_requests.to_string(),
        ),
        ("unsolicited responses", saml.allow_idp_initiated.to_string()),
        ("NameID format", saml.name_id_format.name().to_owned()),
        ("signs", saml.response_options.signed_parts.name().to_owned()),
        (
            "algorithm",
            saml.response_options.signature_algorithm.name().to_owned(),
        ),
        (
            "class by default",
            saml.response_options.default_class.name().to_owned(),
        ),
    ]
}

fn optional_saml_fields(saml: &ServiceProvider) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    add("logout URL", saml.logout.as_ref().map(logout));
    add("certificates", certificates(&saml.signing_certificates));
    add("keys on", saml.keys_on.map(|keys_on| keys_on.name().to_owned()));
    add("RelayState", saml.default_relay_state.clone());
    add(
        "encryption",
        saml.response_options
            .encryption
            .map(|cipher| cipher.name().to_owned()),
    );
    add(
        "encryption certificates",
        certificates(&saml.encryption_certificates),
    );
    fields
}

const fn kind(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::ChatGptLegacy => "chatgpt-legacy",
        ApplicationKind::ChatGptCurrent => "chatgpt",
        ApplicationKind::Other => "saml",
    }
}

fn on_or_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn joined(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

fn certificates(all: &[Certificate]) -> Option<String> {
    (!all.is_empty()).then(|| joined(all.iter().map(|certificate| certificate.sha256.clone())))
}

fn logout(endpoint: &LogoutEndpoint) -> String {
    match &endpoint.response_location {
        Some(response) => format!("{}, responses {}", endpoint.location.as_str(), response.as_str()),
        None => endpoint.location.as_str().to_owned(),
    }
}

fn attribute(rule: &AttributeRule) -> String {
    let mut text = format!("{} from {}", rule.name, rule.source);
    for (is_set, note) in [(rule.required, ", required"), (rule.lower_case, ", lower case")] {
        if is_set {
            text.push_str(note);
        }
    }
    if let Some(join) = &rule.join {
        // Writing to a String cannot fail.
        let _written = write!(text, ", joined by {join:?}");
    }
    text
}
