//! What well-known service providers require, according to their documentation.

use crate::model::{
    attribute::{self, AttributeRule, AttributeSource, NameFormat},
    keys_on::KeysOn,
    name_id::NameIdFormat,
    text::BadText,
};

/// A well-known service provider, or none in particular. All of them accept a response with two RSA-SHA256
/// signatures, so a preset does not say what is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preset {
    /// ChatGPT, with either type of connection.
    ChatGpt,
    /// Names that most service providers look for.
    Generic,
    /// Google Workspace with an external identity provider.
    GoogleWorkspace,
    /// AWS IAM Identity Center with an external identity provider.
    AwsIamIdentityCenter,
    Slack,
    GitHubEnterprise,
    /// GitLab, self-managed and gitlab.com.
    GitLab,
    Zoom,
    Atlassian,
    Salesforce,
    LibreChat,
}

const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const GIVEN_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
const SURNAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";

impl Preset {
    /// Every preset, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::ChatGpt,
        Self::Generic,
        Self::GoogleWorkspace,
        Self::AwsIamIdentityCenter,
        Self::Slack,
        Self::GitHubEnterprise,
        Self::GitLab,
        Self::Zoom,
        Self::Atlassian,
        Self::Salesforce,
        Self::LibreChat,
    ];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatGpt => "chatgpt",
            Self::Generic => "generic",
            Self::GoogleWorkspace => "google-workspace",
            Self::AwsIamIdentityCenter => "aws-iam-identity-center",
            Self::Slack => "slack",
            Self::GitHubEnterprise => "github-enterprise",
            Self::GitLab => "gitlab",
            Self::Zoom => "zoom",
            Self::Atlassian => "atlassian",
            Self::Salesforce => "salesforce",
            Self::LibreChat => "librechat",
        }
    }

    pub fn parse(name: &str) -> Result<Self, BadText> {
        let found = Self::ALL.into_iter().find(|preset| preset.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            BadText::Malformed(format!("there is no preset {name}: take one of {names}"))
        })
    }

    /// The format of the NameID, if a request asks for none in particular.
    pub const fn name_id_format(self) -> NameIdFormat {
        match self {
            // These look users up by the e-mail address.
            Self::ChatGpt
            | Self::Generic
            | Self::GoogleWorkspace
            | Self::AwsIamIdentityCenter
            | Self::Zoom
            | Self::Atlassian
            | Self::Salesforce
            | Self::LibreChat => NameIdFormat::EmailAddress,
            // These bind an account to a name that must never change.
            Self::Slack | Self::GitHubEnterprise | Self::GitLab => NameIdFormat::Persistent,
        }
    }

    /// By what it knows people, where that is known.
    pub const fn keys_on(self) -> Option<KeysOn> {
        match self {
            // These look people up by the NameID, or bind an account to the first one.
            Self::GoogleWorkspace
            | Self::AwsIamIdentityCenter
            | Self::Slack
            | Self::GitHubEnterprise
            | Self::GitLab
            | Self::Salesforce
            | Self::LibreChat => Some(KeysOn::NameId),
            Self::Zoom => Some(KeysOn::Email),
            // `…/name` is the user's id there.
            Self::Atlassian => Some(KeysOn::Id),
            // ChatGPT: its type of connection says it, which is the application's kind.
            Self::ChatGpt | Self::Generic => None,
        }
    }

    pub fn attributes(self) -> Vec<AttributeRule> {
        match self {
            // The generic list is ChatGPT's: both types of its connection read what the libraries read.
            Self::ChatGpt => attribute::default_rules(),
            Self::Generic => attribute::generic_rules(),
            // Both know a user by the NameID alone; Google stores any attribute that it receives besides.
            Self::GoogleWorkspace | Self::AwsIamIdentityCenter => Vec::new(),
            Self::Slack => vec![
                required("User.Email", AttributeSource::Email),
                optional("User.Username", AttributeSource::UserName),
                optional("first_name", AttributeSource::GivenName),
                optional("last_name", AttributeSource::FamilyName),
            ],
            // The user name is `username`, or else the part of the address before the @.
            Self::GitHubEnterprise => vec![
                optional("username", AttributeSource::UserName),
                required(EMAIL_ADDRESS, AttributeSource::Email),
                required("emails", AttributeSource::Email),
                optional("full_name", AttributeSource::FullName),
            ],
            Self::GitLab => vec![
                required("email", AttributeSource::Email),
                optional("nickname", AttributeSource::UserName),
                optional("first_name", AttributeSource::GivenName),
                optional("last_name", AttributeSource::FamilyName),
            ],
            Self::Zoom => vec![
                required("email", AttributeSource::Email),
                optional("firstName", AttributeSource::GivenName),
                optional("lastName", AttributeSource::FamilyName),
            ],
            // `…/name` is the user's id there, and must not be an address that can change.
            Self::Atlassian => vec![
                required(GIVEN_NAME, AttributeSource::GivenName),
                required(SURNAME, AttributeSource::FamilyName),
                required(NAME, AttributeSource::UserId),
            ],
            // Read if just-in-time provisioning is on.
            Self::Salesforce => vec![
                unspecified_format("User.Username", AttributeSource::Email),
                unspecified_format("User.Email", AttributeSource::Email),
                unspecified_format("User.FederationIdentifier", AttributeSource::Email),
                unspecified_format("User.FirstName", AttributeSource::GivenName),
                unspecified_format("User.LastName", AttributeSource::FamilyName),
            ],
            Self::LibreChat => vec![
                required("email", AttributeSource::Email),
                optional("username", AttributeSource::UserName),
                optional("given_name", AttributeSource::GivenName),
                optional("family_name", AttributeSource::FamilyName),
                optional("name", AttributeSource::FullName),
            ],
        }
    }
}

/// Sent if the user has it.
fn optional(name: &str, source: AttributeSource) -> AttributeRule {
    AttributeRule {
        required: false,
        ..required(name, source)
    }
}

/// A user who lacks it cannot sign in there.
fn required(name: &str, source: AttributeSource) -> AttributeRule {
    AttributeRule::required(name, source)
}

fn unspecified_format(name: &str, source: AttributeSource) -> AttributeRule {
    AttributeRule {
        name_format: NameFormat::Unspecified,
        ..required(name, source)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_sends_each_name_once() {
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.name()), Ok(preset));
            let rules = preset.attributes();
            let names: BTreeSet<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
            assert_eq!(names.len(), rules.len(), "{}", preset.name());
            // An attribute that no user has at first must not lock everybody out.
            assert!(
                !rules.iter().any(|rule| rule.required
                    && matches!(rule.source, AttributeSource::UserName | AttributeSource::Own(_))),
                "{}",
                preset.name()
            );
        }
        assert!(Preset::parse("ChatGPT").is_err());
    }

    #[test]
    fn chatgpt_receives_the_attributes_of_both_connection_types() {
        let rules = Preset::ChatGpt.attributes();
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
        let of_auth0 = ["emailaddress", "givenname", "surname", "name"].map(|name| format!("{claims}{name}"));
        assert_eq!(names.get(..4).unwrap(), of_auth0);
        assert_eq!(names.get(4..).unwrap(), ["id", "email", "firstName", "lastName"]);
        assert_eq!(Preset::ChatGpt.name_id_format(), NameIdFormat::EmailAddress);
    }
}
