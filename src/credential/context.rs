//! Words about a user and a site that are no secret there, and so no part of a good password.

use unicode_normalization::UnicodeNormalization;

use crate::model::user::{Email, NameComponent, NameComponents, UserName};

/// In lower case and NFC.
#[derive(Clone, Debug, Default)]
pub struct PasswordContext(Vec<String>);

impl PasswordContext {
    /// For one user: the address and its parts, the names in either order, the user name; and `site_names`, such as
    /// the organisation and the host.
    pub fn new(
        email: &Email,
        names: &NameComponents,
        user_name: Option<&UserName>,
        site_names: &[&str],
    ) -> Self {
        let given = names.given().map(NameComponent::as_str).unwrap_or_default();
        let family = names.family().map(NameComponent::as_str).unwrap_or_default();
        let address = email.as_str();
        let (local, domain) = address.split_once('@').unwrap_or((address, ""));
        let mut words = vec![
            address.to_owned(),
            local.to_owned(),
            given.to_owned(),
            family.to_owned(),
            format!("{given}{family}"),
            format!("{family}{given}"),
        ];
        words.extend(user_name.map(|name| name.as_str().to_owned()));
        for site_name in [domain].iter().chain(site_names) {
            words.push((*site_name).to_owned());
            // Labels of a host and words of a name; short ones, such as `de` and `and`, identify nothing.
            let parts = site_name
                .split(['.', ' ', '-'])
                .filter(|part| part.chars().count() > 3);
            words.extend(parts.map(str::to_owned));
        }
        let mut context = Self::default();
        for word in words.iter().map(|word| folded(word)) {
            let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
            let alphanumeric: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
            for spelling in [word, alphanumeric, letters] {
                // Two letters stand in many words by chance.
                if spelling.chars().count() > 2 && !context.0.contains(&spelling) {
                    context.0.push(spelling);
                }
            }
        }
        context
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// In lower case, which may need NFC again.
pub(super) fn folded(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}
