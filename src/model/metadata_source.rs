//! Where the metadata of applications comes from, and what is known of imported entities that are no applications
//! yet.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::model::{
    application::EntityId,
    endpoint::is_loopback,
    id::{ApplicationId, MetadataSourceId},
    text::{BadText, single_line},
};

/// A URL that metadata is fetched from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataUrl(Url);

impl MetadataUrl {
    /// The longest URL, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Parses a URL: `https`, or `http` on this machine; no user, no fragment.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let wrong = |why: &str| BadText::Malformed(format!("`{}`: {why}", text.escape_debug()));
        let url = Url::parse(text.trim()).map_err(|_why| wrong("this is not a whole address"))?;
        Self::validate(url).map_err(wrong)
    }

    /// Whether `text` is meant as a URL, and not as a file.
    pub fn looks_like_url(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        })
    }

    /// The target of a redirect to `location`.
    pub fn join(&self, location: &str) -> Result<Self, BadText> {
        let wrong = |why: &str| BadText::Malformed(why.to_owned());
        let mut url = self
            .0
            .join(location)
            .map_err(|_why| wrong("it is not an address"))?;
        url.set_fragment(None);
        Self::validate(url).map_err(wrong)
    }

    fn validate(url: Url) -> Result<Self, &'static str> {
        let Some(host) = url.host() else {
            return Err("it names no host");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err("metadata is fetched over https only"),
            _ => return Err("the address must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user name; take out what stands before the @");
        }
        if url.fragment().is_some() {
            return Err("it holds a fragment; take out what stands from the # on");
        }
        if url.as_str().len() > Self::MAX_LEN {
            return Err("it is longer than 2048 bytes");
        }
        Ok(Self(url))
    }

    /// The URL, in the form in which it is fetched.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for MetadataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a source describes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetadataSourceKind {
    Entity,
    /// Many entities, signed by the publisher of the aggregate.
    Aggregate,
}

/// Which imported entities become applications automatically: a closed set, no expressions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EnableRule {
    /// None; they are enabled one by one.
    Nothing,
    All,
    /// Those of which every URL that messages are sent to is on this host, or below it.
    Host(String),
    /// Those registered by this authority (saml-metadata-rpi, 2.1).
    Authority(String),
}

impl EnableRule {
    pub fn host(text: &str) -> Result<Self, BadText> {
        let host = text
            .trim()
            .trim_start_matches("*.")
            .trim_start_matches('.')
            .to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) || !host.contains('.') {
            return Err(BadText::Malformed(format!(
                "`{}` is not a host; write one such as example.org",
                text.escape_debug()
            )));
        }
        Ok(Self::Host(host))
    }

    pub fn authority(text: &str) -> Result<Self, BadText> {
        single_line("the registration authority", text, EntityId::MAX_LEN).map(Self::Authority)
    }

    /// Whether an entity with this authority becomes an application; `hosts` are those of every URL that messages are
    /// sent to, for responses and for logout.
    pub fn enables(&self, hosts: &[String], authority: Option<&str>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => !hosts.is_empty(),
            Self::Host(suffix) => {
                !hosts.is_empty()
                    && hosts.iter().all(|host| {
                        host.strip_suffix(suffix.as_str())
                            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
                    })
            }
            Self::Authority(required) => !hosts.is_empty() && authority == Some(required),
        }
    }
}

impl fmt::Display for EnableRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("none; they are enabled one by one"),
            Self::All => f.write_str("all"),
            Self::Host(host) => write!(f, "those at {host}"),
            Self::Authority(authority) => write!(f, "those registered by {authority}"),
        }
    }
}

/// A source of metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataSource {
    pub id: MetadataSourceId,
    pub kind: MetadataSourceKind,
    /// The name of an aggregate, for commands.
    pub name: Option<String>,
    /// None for a file, which is read once.
    pub url: Option<MetadataUrl>,
    /// The certificates whose keys may sign it, DER.
    pub signing_certificates: Vec<Vec<u8>>,
    pub rule: EnableRule,
    /// How far in the future its `validUntil` may be; none: any time, and it may be absent.
    pub max_validity: Option<TimeDelta>,
    pub state: MetadataSourceState,
    pub created_at: DateTime<Utc>,
}

impl MetadataSource {
    /// Its name in commands and logs.
    pub fn label(&self) -> &str {
        let url = self.url.as_ref().map(MetadataUrl::as_str);
        self.name.as_deref().or(url).unwrap_or("a file")
    }
}

/// The result of fetching a source.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MetadataSourceState {
    /// `ETag` of the stored copy.
    pub etag: Option<String>,
    /// `Last-Modified` of the stored copy.
    pub last_modified: Option<String>,
    /// Until when the document as a whole is valid (saml-metadata, 2.3.1).
    pub valid_until: Option<DateTime<Utc>>,
    /// How long a copy may be used before it is fetched again (saml-metadata, 2.3.1).
    pub cache_duration: Option<TimeDelta>,
    /// When it was last fetched, or found unmodified.
    pub fetched_at: Option<DateTime<Utc>>,
    pub next_fetch_at: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    /// How often in a row it could not be fetched.
    pub failures: u32,
    pub last_error: Option<String>,
    /// Raised with each accepted copy: entities of an earlier round are no longer listed.
    pub round: i64,
}

/// A signed copy of an aggregate that was accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcceptedAggregate {
    /// The digest that its signature covers, lower-case hex.
    pub digest: String,
    /// `PublicationInfo/@creationInstant` (saml-metadata-rpi, 2.2.1).
    pub published_at: Option<DateTime<Utc>>,
    /// `validUntil` of the document as a whole.
    pub valid_until: Option<DateTime<Utc>>,
    /// When it was last accepted.
    pub accepted_at: DateTime<Utc>,
    /// The [`MetadataSourceState::round`] in which it was accepted: the copy in force has the highest. Clocks may go
    /// back.
    pub round: i64,
}

impl AcceptedAggregate {
    /// Why this copy is older than the one in force, if it is; `accepted` are the copies that were accepted before,
    /// the one in force first. An attacker who can withhold what is fetched could serve an old copy that is still
    /// valid: members who left would be back, and replaced keys too.
    pub fn is_older_than(&self, accepted: &[Self]) -> Option<String> {
        let current = accepted.first()?;
        if current.digest == self.digest {
            return None;
        }
        let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
        if let (Some(own), Some(before)) = (self.published_at, current.published_at) {
            return (own < before).then(|| {
                format!(
                    "it was published at {}, and the copy in force at {}",
                    minute(own),
                    minute(before)
                )
            });
        }
        if accepted.iter().any(|copy| copy.digest == self.digest) {
            return Some("it was in force before, and another copy took its place".to_owned());
        }
        let end = |copy: &Self| copy.valid_until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let is_recent = |copy: &&Self| self.accepted_at - copy.accepted_at < TimeDelta::days(1);
        let later = accepted
            .iter()
            .filter(is_recent)
            .find(|copy| end(copy) > end(self))?;
        Some(format!(
            "it is valid until {}, and a copy taken less than a day ago is valid for longer",
            minute(self.valid_until.unwrap_or(later.accepted_at))
        ))
    }
}

/// An entity of an aggregate: imported, and no application until it is enabled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedEntity {
    pub source: MetadataSourceId,
    pub entity_id: EntityId,
    pub display_name: String,
    /// The authority that registered it.
    pub authority: Option<String>,
    /// What is needed to create an application from it: metadata that we wrote ourselves.
    pub metadata: String,
    /// SHA-256 of `metadata`, lower-case hex.
    pub sha256: String,
}

/// One line about an imported entity.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedEntitySummary {
    /// The source's name.
    pub source: String,
    pub entity_id: String,
    pub display_name: String,
    /// The authority that registered it.
    pub authority: Option<String>,
    /// Since when the source no longer lists it.
    pub delisted_at: Option<DateTime<Utc>>,
    /// When an administrator removed its application: no rule enables it again.
    pub declined_at: Option<DateTime<Utc>>,
    /// The application that was created from it.
    pub application: Option<String>,
}

/// Records that an application's metadata comes from a source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationMetadataSource {
    pub application: ApplicationId,
    pub source: MetadataSourceId,
    /// The entity of the source.
    pub entity_id: EntityId,
    /// SHA-256 of the metadata in force.
    pub applied_sha256: String,
    /// Whether that metadata says that its requests are signed.
    pub signs_requests: bool,
    /// Until when the entity's own metadata is valid.
    pub valid_until: Option<DateTime<Utc>>,
    /// Since when the source no longer lists it.
    pub delisted_at: Option<DateTime<Utc>>,
    pub pending_change: Option<PendingChange>,
    /// SHA-256 of metadata that an administrator rejected.
    pub rejected_sha256: Option<String>,
}

/// A change that an administrator must confirm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingChange {
    /// Identifies it to the administrator who confirms it, 16 hex digits. Random, and no hash: whoever publishes the
    /// metadata chooses its bytes, and could make two changes whose hashes begin alike.
    pub id: String,
    /// The metadata after the change.
    pub metadata: String,
    /// SHA-256 of `metadata`, lower-case hex.
    pub sha256: String,
    /// Why it needs confirmation, for display.
    pub reason: String,
    pub pending_since: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn copy(digest: &str, published: Option<i64>, until: i64, accepted: i64) -> AcceptedAggregate {
        AcceptedAggregate {
            digest: digest.to_owned(),
            published_at: published.map(at),
            valid_until: Some(at(until)),
            accepted_at: at(accepted),
            round: accepted,
        }
    }

    #[test]
    fn an_older_copy_is_recognised_by_its_publication_time() {
        let accepted = [copy("b", Some(10), 200, 12), copy("a", Some(5), 300, 6)];
        for older in [copy("a", Some(5), 300, 20), copy("c", Some(9), 900, 20)] {
            assert!(older.is_older_than(&accepted).is_some(), "{older:?}");
        }
        for newer in [
            copy("b", Some(10), 200, 20),
            copy("c", Some(10), 100, 20),
            copy("c", Some(11), 100, 20),
        ] {
            assert_eq!(newer.is_older_than(&accepted), None, "{newer:?}");
        }
        assert_eq!(copy("a", None, 1, 1).is_older_than(&[]), None);
    }

    #[test]
    fn without_a_publication_time_a_replaced_or_sooner_expiring_copy_is_older() {
        let accepted = [copy("b", None, 200, 100), copy("a", Some(5), 190, 60)];
        for older in [
            copy("a", Some(5), 190, 130),
            copy("c", None, 199, 110),
            copy("c", Some(99), 199, 110),
        ] {
            assert!(older.is_older_than(&accepted).is_some(), "{older:?}");
        }
        assert_eq!(copy("c", None, 200, 110).is_older_than(&accepted), None);
        // A day later, the publisher may have chosen a shorter validity.
        assert_eq!(copy("c", None, 199, 124).is_older_than(&accepted), None);
        assert_eq!(copy("b", None, 200, 110).is_older_than(&accepted), None);
    }

    #[test]
    fn a_source_is_https_or_on_this_machine() {
        for (good, fetched) in [
            ("https://sp.example/metadata", "https://sp.example/metadata"),
            ("https://SP.example:443/m?x=1", "https://sp.example/m?x=1"),
            ("http://127.0.0.1:8080/m", "http://127.0.0.1:8080/m"),
            ("http://127.1/m", "http://127.0.0.1/m"),
            ("http://[::1]/m", "http://[::1]/m"),
            ("https://2130706433/", "https://127.0.0.1/"),
        ] {
            assert_eq!(MetadataUrl::parse(good).unwrap().as_str(), fetched);
        }
        for bad in [
            "",
            "sp.example/m",
            "http://sp.example/m",
            "http://10.0.0.1/m",
            "http://0/m",
            "file:///etc/passwd",
            "gopher://127.0.0.1:70/x",
            "ftp://sp.example/m",
            "https://user@sp.example/m",
            "https://sp.example/m#x",
            "https:///",
            "data:text/xml,x",
        ] {
            assert!(MetadataUrl::parse(bad).is_err(), "{bad}");
        }
        let long = format!("https://sp.example/{}", "x".repeat(2048));
        assert!(MetadataUrl::parse(&long).is_err(), "{} bytes", long.len());
    }

    #[test]
    fn a_redirect_is_validated_like_the_first_url() {
        let from = MetadataUrl::parse("https://sp.example/a/m").unwrap();
        assert_eq!(from.join("../b#x").unwrap().as_str(), "https://sp.example/b");
        assert_eq!(
            from.join("//other.example/").unwrap().as_str(),
            "https://other.example/"
        );
        for bad in [
            "http://sp.example/",
            "file:///etc/passwd",
            "gopher://x/",
            "https://u@x.example/",
        ] {
            assert!(from.join(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_distinguished_from_a_url() {
        for url in ["https://x", "http://x", "gopher://x", "file:///x"] {
            assert!(MetadataUrl::looks_like_url(url), "{url}");
        }
        for file in ["-", "metadata.xml", "/a/b://c", "./https:/x"] {
            assert!(!MetadataUrl::looks_like_url(file), "{file}");
        }
    }

    #[test]
    fn a_rule_enables_what_it_names_and_nothing_else() {
        let hosts = |hosts: &[&str]| hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>();
        let rule = EnableRule::host("*.Example.org").unwrap();
        assert_eq!(rule, EnableRule::Host("example.org".to_owned()));
        assert!(rule.enables(&hosts(&["example.org", "a.example.org"]), None));
        assert!(!rule.enables(&hosts(&["a.example.org", "evil.org"]), None));
        assert!(!rule.enables(&hosts(&["evilexample.org"]), None));
        assert!(!rule.enables(&[], None));
        let rule = EnableRule::authority("https://federation.example").unwrap();
        assert!(rule.enables(&hosts(&["x.org"]), Some("https://federation.example")));
        assert!(!rule.enables(&hosts(&["x.org"]), None));
        assert!(EnableRule::All.enables(&hosts(&["x.org"]), None));
        assert!(!EnableRule::Nothing.enables(&hosts(&["x.org"]), None));
        for bad in ["", "org", "*", "exa mple.org", "https://example.org"] {
            assert!(EnableRule::host(bad).is_err(), "{bad}");
        }
    }
}
