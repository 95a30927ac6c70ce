//! How a client says who it is at the token endpoint (rfc6749, 2.3.1; OpenID Connect Core, 9).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    model::{application::ClientId, secret::Secret},
    oidc::{
        parameters::{Parameters, decode},
        refusal::Refusal,
    },
};

/// The longest `Authorization` header that is read, in bytes.
const MAX_HEADER: usize = 2048;
const BASIC: &str = "basic ";

/// Who a client says it is, and how it proves that.
#[derive(Debug, Eq, PartialEq)]
pub struct ClientCredentials {
    pub client_id: ClientId,
    /// None: a public client.
    pub secret: Option<Secret<String>>,
    /// Whether they came in the header: a refusal then names the scheme (rfc6749, 5.2).
    pub is_basic: bool,
}

/// Reads `client_secret_basic`, `client_secret_post` or none of them: every client may use any.
pub fn read(authorization: Option<&str>, parameters: &Parameters) -> Result<ClientCredentials, Refusal> {
    let repeated = |refusal: crate::oidc::parameters::Repeated| {
        Refusal::TokenRequest(format!("`{}` stands in it twice", refusal.0))
    };
    let named = parameters.get("client_id").map_err(repeated)?;
    let posted = parameters.get("client_secret").map_err(repeated)?;
    if parameters.all("client_assertion").next().is_some() {
        return Err(Refusal::ClientAuthentication(
            "assertions are not registered for it",
        ));
    }
    let basic = authorization.filter(|header| {
        header
            .get(..BASIC.len())
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(BASIC))
    });
    let Some(basic) = basic else {
        let client_id = named.ok_or(Refusal::ClientAuthentication("it does not say who it is"))?;
        return Ok(ClientCredentials {
            client_id: parse_id(client_id)?,
            secret: posted.map(|secret| Secret::new(secret.to_owned())),
            is_basic: false,
        });
    };
    if posted.is_some() {
        return Err(Refusal::TokenRequest(
            "the client authenticates in the header and in the body".to_owned(),
        ));
    }
    let (client_id, secret) =
        decode_basic(basic).ok_or(Refusal::ClientAuthentication("the header cannot be read"))?;
    let client_id = parse_id(&client_id)?;
    if named.is_some_and(|named| named != client_id.as_str()) {
        return Err(Refusal::TokenRequest(
            "the header and the body name different clients".to_owned(),
        ));
    }
    Ok(ClientCredentials {
        client_id,
        secret: Some(secret).filter(|secret| !secret.expose().is_empty()),
        is_basic: true,
    })
}

fn parse_id(text: &str) -> Result<ClientId, Refusal> {
    ClientId::parse(text).map_err(|_bad| Refusal::ClientAuthentication("no client has this client_id"))
}

/// Both halves are percent-encoded before they are joined (rfc6749, 2.3.1); clients that leave that out write the same,
/// since ours are letters and digits.
fn decode_basic(header: &str) -> Option<(String, Secret<String>)> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let encoded = header.get(BASIC.len()..)?.trim();
    let plain = Secret::new(STANDARD.decode(encoded).ok()?);
    let at = plain.expose().iter().position(|byte| *byte == b':')?;
    let (client_id, secret) = plain.expose().split_at(at);
    let secret = decode(secret.get(1..)?).ok()?;
    Some((decode(client_id).ok()?, Secret::new(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn read_form(authorization: Option<&str>, form: &str) -> Result<(String, Option<String>, bool), Refusal> {
        let read = read(authorization, &Parameters::parse(form.as_bytes()).unwrap())?;
        let secret = read.secret.map(|secret| secret.expose().clone());
        Ok((read.client_id.to_string(), secret, read.is_basic))
    }

    #[test]
    fn header_and_body_are_alike() {
        let found = |id: &str, secret: Option<&str>, is_basic| {
            Ok((id.to_owned(), secret.map(str::to_owned), is_basic))
        };
        assert_eq!(
            read_form(None, "client_id=c1&client_secret=s"),
            found("c1", Some("s"), false)
        );
        assert_eq!(read_form(Some(&basic("c1:s")), ""), found("c1", Some("s"), true));
        assert_eq!(
            read_form(Some(&basic("c%2D1:a%2Bb+c")), "client_id=c-1"),
            found("c-1", Some("a+b c"), true)
        );
        assert_eq!(
            read_form(Some(&basic("c1:s").replace("Basic", "bAsIc")), ""),
            found("c1", Some("s"), true)
        );
        assert_eq!(
            read_form(Some("Bearer x"), "client_id=c1"),
            found("c1", None, false)
        );
        assert_eq!(read_form(Some(&basic("c1:")), ""), found("c1", None, true));
    }

    #[test]
    fn two_ways_at_once_are_refused() {
        for (authorization, form, error) in [
            (Some(basic("c1:s")), "client_secret=s", "invalid_request"),
            (Some(basic("c1:s")), "client_id=c2", "invalid_request"),
            (None, "client_id=c1&client_id=c1", "invalid_request"),
            (None, "", "invalid_client"),
            (Some("Basic !".to_owned()), "", "invalid_client"),
            (Some(basic("no colon")), "", "invalid_client"),
            (Some(format!("Basic {}", "x".repeat(3000))), "", "invalid_client"),
            (None, "client_id=c1&client_assertion=x", "invalid_client"),
        ] {
            let refused = read_form(authorization.as_deref(), form).unwrap_err();
            assert_eq!(refused.error(), Some(error), "{authorization:?} {form}");
        }
    }
}
