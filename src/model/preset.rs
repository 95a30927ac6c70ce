//! What known service providers want to be told, after their own documentation.

use crate::model::{
    attribute::{self, AttributeRule, NameFormat, Source},
    name_id::NameIdFormat,
};

/// A known service provider, or none in particular. All of them take a response that is signed twice
/// with RSA-SHA256, so what is signed is no part of a preset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preset {
    /// ChatGPT, in both its shapes.
    ChatGpt,
    /// Names that most service providers look for.
    Generic,
    /// Google Workspace, signing in through somebody else.
    GoogleWorkspace,
    /// AWS IAM Identity Center with an external identity provider.
    AwsIamIdentityCenter,
    /// Slack.
    Slack,
    /// GitHub Enterprise Server.
    GitHubEnterprise,
    /// GitLab, its own instances and gitlab.com.
    GitLab,
    /// Zoom.
    Zoom,
    /// Atlassian Cloud.
    Atlassian,
    /// Salesforce.
    Salesforce,
    /// `LibreChat`.
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

    /// The preset with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// By what the service provider knows a person, where its request does not say.
    pub const fn name_id_format(self) -> NameIdFormat {
        match self {
            // It is the address that these look up.
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

    /// The attributes that it wants.
    pub fn attributes(self) -> Vec<AttributeRule> {
        match self {
            // The generic list is ChatGPT's: both of its shapes read what the libraries read.
            Self::ChatGpt => attribute::usual(),
            Self::Generic => attribute::generic(),
            // Both know a person by the NameID alone; Google keeps what it is told besides.
            Self::GoogleWorkspace | Self::AwsIamIdentityCenter => Vec::new(),
            Self::Slack => vec![
                needed("User.Email", Source::Email),
                sent("User.Username", Source::UserName),
                sent("first_name", Source::GivenName),
                sent("last_name", Source::FamilyName),
            ],
            // The user name is `username`, else what stands before the @ of the address.
            Self::GitHubEnterprise => vec![
                sent("username", Source::UserName),
                needed(EMAIL_ADDRESS, Source::Email),
                needed("emails", Source::Email),
                sent("full_name", Source::FullName),
            ],
            Self::GitLab => vec![
                needed("email", Source::Email),
                sent("nickname", Source::UserName),
                sent("first_name", Source::GivenName),
                sent("last_name", Source::FamilyName),
            ],
            Self::Zoom => vec![
                needed("email", Source::Email),
                sent("firstName", Source::GivenName),
                sent("lastName", Source::FamilyName),
            ],
            // `…/name` is the person's id there, and must not be an address that can change.
            Self::Atlassian => vec![
                needed(GIVEN_NAME, Source::GivenName),
                needed(SURNAME, Source::FamilyName),
                needed(NAME, Source::UserId),
            ],
            // Read where just-in-time provisioning is on.
            Self::Salesforce => vec![
                unspecified("User.Username", Source::Email),
                unspecified("User.Email", Source::Email),
                unspecified("User.FederationIdentifier", Source::Email),
                unspecified("User.FirstName", Source::GivenName),
                unspecified("User.LastName", Source::FamilyName),
            ],
            Self::LibreChat => vec![
                needed("email", Source::Email),
                sent("username", Source::UserName),
                sent("given_name", Source::GivenName),
                sent("family_name", Source::FamilyName),
                sent("name", Source::FullName),
            ],
        }
    }
}

/// Sent where the person has it.
fn sent(name: &str, source: Source) -> AttributeRule {
    AttributeRule {
        required: false,
        ..needed(name, source)
    }
}

/// Without it nobody gets in there.
fn needed(name: &str, source: Source) -> AttributeRule {
    AttributeRule::required(name, source)
}

fn unspecified(name: &str, source: Source) -> AttributeRule {
    AttributeRule {
        name_format: NameFormat::Unspecified,
        ..needed(name, source)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_sends_each_name_once() {
        for preset in Preset::ALL {
            assert_eq!(Preset::by_name(preset.name()), Some(preset));
            let rules = preset.attributes();
            let names: BTreeSet<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
            assert_eq!(names.len(), rules.len(), "{}", preset.name());
            // What nobody has at first may not shut everybody out.
            assert!(
                !rules
                    .iter()
                    .any(|rule| rule.required && matches!(rule.source, Source::UserName | Source::Own(_))),
                "{}",
                preset.name()
            );
        }
        assert_eq!(Preset::by_name("ChatGPT"), None);
    }

    #[test]
    fn chatgpt_is_told_what_both_of_its_shapes_read() {
        let rules = Preset::ChatGpt.attributes();
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
        let of_auth0 = ["emailaddress", "givenname", "surname", "name"].map(|name| format!("{claims}{name}"));
        assert_eq!(names.get(..4).unwrap(), of_auth0);
        assert_eq!(names.get(4..).unwrap(), ["id", "email", "firstName", "lastName"]);
        assert_eq!(Preset::ChatGpt.name_id_format(), NameIdFormat::EmailAddress);
    }
}
