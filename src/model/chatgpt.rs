//! What ChatGPT's wizard shows, and what users paste from it.

use url::Url;

use crate::model::{
    application::{ApplicationKind, EntityId, SpUrl},
    text::BadText,
};

const LEGACY_HOST: &str = "auth0.openai.com";
const LEGACY_PATH: &str = "/login/callback";
const LEGACY_AUDIENCE: &str = "urn:auth0:openai:";
const CURRENT_HOST: &str = "external.auth.openai.com";
const CURRENT_PATH: &str = "/sso/saml/acs/";

/// A ChatGPT connection: its type, and the two values that were pasted, byte for byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChatGptConnection {
    pub kind: ApplicationKind,
    /// **ACS URL**.
    pub acs_url: SpUrl,
    /// **Audience**, which is also the entity ID.
    pub audience: EntityId,
}

/// Parses what was pasted. Hosts other than OpenAI's are accepted (a test against a service provider of one's own, or
/// a host that OpenAI adds): the current type of connection, unless the query names a `connection`.
pub fn parse_connection(acs: &str, audience: &str) -> Result<ChatGptConnection, BadText> {
    let acs = SpUrl::parse(acs).map_err(|bad| BadText::Malformed(format!("ACS URL: {bad}")))?;
    let audience = EntityId::parse(audience).map_err(|bad| {
        BadText::Malformed(format!(
            "Audience: {bad}. Copy **Audience** from ChatGPT's SSO page, whole"
        ))
    })?;
    let kind = connection_kind(&acs)?;
    check_audience(kind, &acs, audience.as_str())?;
    Ok(ChatGptConnection {
        kind,
        acs_url: acs,
        audience,
    })
}

/// Checks the URL that ChatGPT's tile opens: a URL of chatgpt.com starts a sign-in only if it names the connection.
pub fn check_tile(tile: &SpUrl) -> Result<(), BadText> {
    let Ok(url) = Url::parse(tile.as_str()) else {
        return Ok(());
    };
    let is_chatgpt_host = url
        .host_str()
        .is_some_and(|host| host == "chatgpt.com" || host.ends_with(".chatgpt.com"));
    let names_connection = url
        .query_pairs()
        .any(|(key, value)| key == "connection" && !value.is_empty());
    if is_chatgpt_host && !names_connection {
        return Err(BadText::Malformed(format!(
            "{tile}: the part connection=… is missing. Copy the application link from ChatGPT's SSO page, whole"
        )));
    }
    Ok(())
}

fn connection_kind(acs: &SpUrl) -> Result<ApplicationKind, BadText> {
    let half = |why: &str| {
        Err(BadText::Malformed(format!(
            "ACS URL: {why}. Copy **ACS URL** from ChatGPT's SSO page, whole"
        )))
    };
    let Ok(url) = Url::parse(acs.as_str()) else {
        return half("this is not an address");
    };
    let current_id = url.path().strip_prefix(CURRENT_PATH);
    match url.host_str() {
        Some(LEGACY_HOST) => {
            if url.path() != LEGACY_PATH {
                return half("this address of auth0.openai.com does not end in /login/callback?connection=…");
            }
            match url.query_pairs().find(|(key, _)| key == "connection") {
                Some((_, value)) if !value.is_empty() => Ok(ApplicationKind::ChatGptLegacy),
                Some(_) | None => half("the part ?connection=… at its end is missing"),
            }
        }
        Some(CURRENT_HOST) => match current_id {
            Some(id) if !id.is_empty() && !id.contains('/') => Ok(ApplicationKind::ChatGptCurrent),
            Some(_) => half("the part after /acs/ is missing"),
            None => half("this is the beginning of an address; /sso/saml/acs/ and an ID follow the host"),
        },
        Some("chatgpt.com" | "auth.openai.com" | "openai.com" | "platform.openai.com") => {
            half("this is a page of ChatGPT, not its ACS URL")
        }
        Some(_) | None => Ok(if url.query_pairs().any(|(key, _)| key == "connection") {
            ApplicationKind::ChatGptLegacy
        } else {
            ApplicationKind::ChatGptCurrent
        }),
    }
}

fn check_audience(kind: ApplicationKind, acs: &SpUrl, audience: &str) -> Result<(), BadText> {
    let swapped = |why: &str| {
        Err(BadText::Malformed(format!(
            "Audience: {why}. Copy **Audience** from ChatGPT's SSO page, whole"
        )))
    };
    if audience == acs.as_str() {
        return swapped("this is the ACS URL once more");
    }
    let host = Url::parse(acs.as_str())
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let own = Url::parse(acs.as_str()).ok().and_then(|url| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(key, _)| key == "connection")
            .map(|(_, value)| value.into_owned())
    });
    match (kind, host.as_deref()) {
        (ApplicationKind::ChatGptLegacy, Some(LEGACY_HOST)) => match audience.strip_prefix(LEGACY_AUDIENCE) {
            Some(org) if Some(org) == own.as_deref() => Ok(()),
            Some(org) if !org.is_empty() => Err(BadText::Malformed(format!(
                "ACS URL and Audience are of two connections: the ACS URL is for {}, the Audience for {}. Copy both from the same page of ChatGPT's SSO settings",
                own.unwrap_or_default().escape_debug(),
                org.escape_debug()
            ))),
            Some(_) | None => {
                swapped("for this ACS URL it begins with urn:auth0:openai: and names your organisation")
            }
        },
        (ApplicationKind::ChatGptCurrent, Some(CURRENT_HOST)) if audience.starts_with(LEGACY_AUDIENCE) => {
            swapped(
                "this one belongs to a connection of the older kind, whose ACS URL is at auth0.openai.com",
            )
        }
        (ApplicationKind::ChatGptCurrent, Some(CURRENT_HOST)) if audience.contains("://") => {
            swapped("for this ACS URL it is a short code, not an address")
        }
        (ApplicationKind::ChatGptLegacy | ApplicationKind::ChatGptCurrent | ApplicationKind::Other, _) => {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_two_connections_are_refused() {
        let acs = "https://auth0.openai.com/login/callback?connection=org-abd";
        let message = parse_connection(acs, "urn:auth0:openai:org-abc")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("two connections") && message.contains("org-abd") && message.contains("org-abc"),
            "{message}"
        );
        parse_connection(acs, "urn:auth0:openai:org-abd").unwrap();
        let current = "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ";
        let message = parse_connection(current, "urn:auth0:openai:org-abc")
            .unwrap_err()
            .to_string();
        assert!(message.contains("older kind"), "{message}");
    }

    #[test]
    fn a_tile_of_chatgpt_names_its_connection() {
        let tile = |text: &str| check_tile(&SpUrl::parse(text).unwrap());
        tile("https://chatgpt.com/auth/login?sso=true&connection=conn_1").unwrap();
        tile("https://intranet.example/chatgpt").unwrap();
        for bad in [
            "https://chatgpt.com/auth/login",
            "https://chatgpt.com/auth/login?sso=true",
            "https://chatgpt.com/auth/login?sso=true&connection=",
        ] {
            assert!(
                tile(bad).unwrap_err().to_string().contains("connection=…"),
                "{bad}"
            );
        }
    }

    #[test]
    fn both_connection_types_are_recognised() {
        let legacy = parse_connection(
            "https://auth0.openai.com/login/callback?connection=org-XXX",
            "urn:auth0:openai:org-XXX",
        )
        .unwrap();
        assert_eq!(legacy.kind, ApplicationKind::ChatGptLegacy);
        assert_eq!(
            legacy.acs_url.as_str(),
            "https://auth0.openai.com/login/callback?connection=org-XXX"
        );
        let current = parse_connection(
            "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
            "ATZB94xJKf9FsbARIruJxTv5f",
        )
        .unwrap();
        assert_eq!(current.kind, ApplicationKind::ChatGptCurrent);
        assert_eq!(
            parse_connection("http://localhost:9090/acs", "demo")
                .unwrap()
                .kind,
            ApplicationKind::ChatGptCurrent
        );
    }

    #[test]
    fn an_incomplete_paste_is_refused_with_what_is_missing() {
        let cases = [
            (
                "https://auth0.openai.com/login/callback",
                "urn:auth0:openai:org-X",
                "?connection=",
            ),
            (
                "https://auth0.openai.com/login/callback?connection=",
                "urn:auth0:openai:org-X",
                "?connection=",
            ),
            (
                "https://external.auth.openai.com/sso/saml/acs/",
                "A",
                "after /acs/",
            ),
            (
                "https://external.auth.openai.com/sso",
                "A",
                "beginning of an address",
            ),
            (
                "external.auth.openai.com/sso/saml/acs/A",
                "A",
                "not a whole address",
            ),
            (
                " https://external.auth.openai.com/sso/saml/acs/A",
                "A",
                "white space",
            ),
            (
                "http://external.auth.openai.com/sso/saml/acs/A",
                "A",
                "http is refused",
            ),
            (
                "https://chatgpt.com/auth/login?sso=true&connection=conn_1",
                "A",
                "page of ChatGPT",
            ),
            (
                "https://external.auth.openai.com/sso/saml/acs/A",
                "A\n",
                "white space",
            ),
            ("https://external.auth.openai.com/sso/saml/acs/A", "", "empty"),
            (
                "https://external.auth.openai.com/sso/saml/acs/A",
                "https://external.auth.openai.com/sso/saml/acs/A",
                "ACS URL once more",
            ),
            (
                "https://auth0.openai.com/login/callback?connection=org-X",
                "org-X",
                "urn:auth0:openai:",
            ),
        ];
        for (acs, audience, expected) in cases {
            let message = parse_connection(acs, audience).unwrap_err().to_string();
            assert!(message.contains(expected), "{acs} {audience}: {message}");
        }
    }
}
