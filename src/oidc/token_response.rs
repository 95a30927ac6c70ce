//! The answers of the token endpoint (rfc6749, 5.1 and 5.2), of introspection (rfc7662, 2.2), and their errors.

use serde::Serialize;

/// The tokens that a client receives.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: &'static str,
    /// In seconds.
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted; left out where that is nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// An error (rfc6749, 5.2).
#[derive(Debug, Serialize)]
pub struct ErrorResponse {
    pub error: &'static str,
    pub error_description: String,
}

/// What introspection says of a token; of one that is not live, nothing else.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
}

/// Writes an answer. Its types have no value that JSON cannot hold.
pub fn to_json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_and_what_is_not_there_is_left_out() {
        let tokens = TokenResponse {
            access_token: "a".to_owned(),
            token_type: "Bearer",
            expires_in: 3600,
            refresh_token: None,
            id_token: None,
            scope: String::new(),
        };
        assert_eq!(
            to_json(&tokens),
            r#"{"access_token":"a","token_type":"Bearer","expires_in":3600}"#
        );
        assert_eq!(to_json(&Introspection::default()), r#"{"active":false}"#);
    }
}
