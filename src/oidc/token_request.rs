//! Reading a token request, by its grant type (rfc6749, 4.1.3 and 6).

use crate::{
    model::{grant::Words, opaque_token::OpaqueToken},
    oidc::{
        authorization_request::{MAX_SCOPE, known_scopes, resources},
        parameters::{Parameters, Repeated},
        refusal::Refusal,
    },
};

/// What a client wants at the token endpoint.
#[derive(Debug, Eq, PartialEq)]
pub enum TokenRequest {
    AuthorizationCode {
        code: OpaqueToken,
        redirect_uri: Option<String>,
        code_verifier: Option<String>,
        resource: Words,
    },
    RefreshToken {
        refresh_token: OpaqueToken,
        /// Less than was granted; empty: all of it.
        scope: Words,
        resource: Words,
    },
}

/// Reads the request; `client_authentication` has read who sends it.
pub fn read(parameters: &Parameters) -> Result<TokenRequest, Refusal> {
    let get = |name| {
        parameters
            .get(name)
            .map_err(|Repeated(name)| Refusal::TokenRequest(format!("`{name}` stands in it twice")))
    };
    let needed =
        |name: &'static str| get(name)?.ok_or_else(|| Refusal::TokenRequest(format!("`{name}` is missing")));
    match needed("grant_type")? {
        "authorization_code" => Ok(TokenRequest::AuthorizationCode {
            code: OpaqueToken::from_text(needed("code")?),
            redirect_uri: get("redirect_uri")?.map(str::to_owned),
            code_verifier: get("code_verifier")?.map(str::to_owned),
            resource: resources(parameters)?,
        }),
        "refresh_token" => Ok(TokenRequest::RefreshToken {
            refresh_token: OpaqueToken::from_text(needed("refresh_token")?),
            scope: scope(get("scope")?)?,
            resource: resources(parameters)?,
        }),
        _ => Err(Refusal::GrantType),
    }
}

/// Unknown words are dropped here too: many clients repeat what they asked for at the sign-in.
fn scope(text: Option<&str>) -> Result<Words, Refusal> {
    let text = text.unwrap_or_default();
    if text.len() > MAX_SCOPE {
        return Err(Refusal::TokenRequest(format!(
            "`scope` has more than {MAX_SCOPE} bytes"
        )));
    }
    Ok(known_scopes(&Words::parse(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_form(form: &str) -> Result<TokenRequest, Refusal> {
        read(&Parameters::parse(form.as_bytes()).unwrap())
    }

    #[test]
    fn a_grant_type_has_its_parameters() {
        assert_eq!(
            read_form("grant_type=authorization_code&code=a&redirect_uri=u&code_verifier=v&other=x").unwrap(),
            TokenRequest::AuthorizationCode {
                code: OpaqueToken::from_text("a"),
                redirect_uri: Some("u".to_owned()),
                code_verifier: Some("v".to_owned()),
                resource: Words::default(),
            }
        );
        assert_eq!(
            read_form("grant_type=refresh_token&refresh_token=r&scope=email&resource=https://mcp.example/")
                .unwrap(),
            TokenRequest::RefreshToken {
                refresh_token: OpaqueToken::from_text("r"),
                scope: Words::parse("email"),
                resource: Words::parse("https://mcp.example/"),
            }
        );
        for (form, error) in [
            ("", "invalid_request"),
            ("grant_type=authorization_code", "invalid_request"),
            ("grant_type=authorization_code&code=a&code=b", "invalid_request"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=client_credentials", "unsupported_grant_type"),
            (
                "grant_type=password&username=a&password=b",
                "unsupported_grant_type",
            ),
            (
                "grant_type=refresh_token&refresh_token=r&resource=x",
                "invalid_target",
            ),
        ] {
            assert_eq!(read_form(form).unwrap_err().error(), Some(error), "{form}");
        }
    }
}
