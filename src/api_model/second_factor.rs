//! Second factors.

use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339,
    model::{second_factor::SecondFactor, user::User},
    provider::people::second_factors::UserFactors,
};

/// The second factors of a user.
#[derive(Debug, Serialize)]
pub struct UserFactorsOutput {
    pub email: String,
    /// `never`, `offered` or `required`: what holds for the user today.
    pub rule: &'static str,
    pub second_factors: Vec<SecondFactorOutput>,
    /// How many are left.
    pub recovery_codes: usize,
}

impl UserFactorsOutput {
    pub fn new(user: &User, found: &UserFactors) -> Self {
        Self {
            email: user.email.to_string(),
            rule: found.rule.name(),
            second_factors: found.factors.iter().map(SecondFactorOutput::from).collect(),
            recovery_codes: found.recovery_codes,
        }
    }
}

/// A second factor.
#[derive(Debug, Serialize)]
pub struct SecondFactorOutput {
    pub id: String,
    /// `totp` or `passkey`
    pub kind: &'static str,
    pub name: String,
    pub created_at: String,
    pub last_used_at: Option<String>,
}

impl From<&SecondFactor> for SecondFactorOutput {
    fn from(factor: &SecondFactor) -> Self {
        Self {
            id: factor.id.to_string(),
            kind: factor.kind.name(),
            name: factor.name.to_string(),
            created_at: format_rfc3339(factor.created_at),
            last_used_at: factor.last_used_at.map(format_rfc3339),
        }
    }
}

/// `hallpass passkey show --json`.
#[derive(Debug, Serialize)]
pub struct PasskeysOutput {
    /// The domain of new passkeys; null before the first enrolment.
    pub rp_id: Option<String>,
    /// Whether its passkeys can be used at the address that is configured.
    pub usable: bool,
    /// Every domain that there are passkeys for.
    pub domains: Vec<PasskeyDomainOutput>,
    /// How many passkeys cannot be read.
    pub unreadable: usize,
}

/// A domain that there are passkeys for.
#[derive(Debug, Serialize)]
pub struct PasskeyDomainOutput {
    pub rp_id: String,
    pub passkeys: usize,
    /// How many people have them.
    pub people: usize,
}
