//! Writing an authorization response: a code or an error, each with `state` and `iss` (rfc6749, 4.1.2; rfc9207).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters (rfc3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parameters of a response, in their order.
pub type ResponseParameters = Vec<(&'static str, String)>;

/// A code for the client.
pub fn success(code: &str, state: Option<&str>, issuer: &str) -> ResponseParameters {
    with_state_and_issuer(vec![("code", code.to_owned())], state, issuer)
}

/// An error for the client.
pub fn failure(error: &str, description: &str, state: Option<&str>, issuer: &str) -> ResponseParameters {
    let parameters = vec![
        ("error", error.to_owned()),
        ("error_description", description.to_owned()),
    ];
    with_state_and_issuer(parameters, state, issuer)
}

fn with_state_and_issuer(
    mut parameters: ResponseParameters,
    state: Option<&str>,
    issuer: &str,
) -> ResponseParameters {
    parameters.extend(state.map(|state| ("state", state.to_owned())));
    parameters.push(("iss", issuer.to_owned()));
    parameters
}

/// `redirect_uri` with the parameters behind those that it has (rfc6749, 4.1.2).
pub fn redirect_to(redirect_uri: &str, parameters: &ResponseParameters) -> String {
    let mut url = redirect_uri.to_owned();
    let mut separator = match redirect_uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        url.push_str(separator);
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, ENCODED));
        separator = "&";
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_carries_state_and_issuer() {
        let issuer = "https://login.example.com";
        assert_eq!(
            redirect_to("https://rp.example/cb", &success("c0de", Some("a&b=ü"), issuer)),
            "https://rp.example/cb?code=c0de&state=a%26b%3D%C3%BC&iss=https%3A%2F%2Flogin.example.com"
        );
        assert_eq!(
            redirect_to(
                "https://rp.example/cb?x=1",
                &failure("access_denied", "No. (X)", None, issuer)
            ),
            "https://rp.example/cb?x=1&error=access_denied&error_description=No.%20%28X%29&iss=https%3A%2F%2Flogin.example.com"
        );
        assert_eq!(
            redirect_to("https://rp.example/cb?", &vec![("code", "c".to_owned())]),
            "https://rp.example/cb?code=c"
        );
    }
}
