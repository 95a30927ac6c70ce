//! Passkeys (webauthn-3): what an authenticator is asked, and whether its answer is good. Every authenticator has to
//! verify its user, and is asked for no attestation.

use serde_json::Value;
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};
use webauthn_rs_proto::{AllowCredentials, ResidentKeyRequirement};

/// What browsers are asked at one domain.
#[derive(Debug)]
pub struct RelyingParty(Webauthn);

/// A question to an authenticator.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// For the browser: the JSON of `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions`.
    pub options: String,
    /// What the answer is held against. It must reach [`RelyingParty`] again as it was, and once.
    pub state: Vec<u8>,
}

/// Whom a new passkey is for.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyUser<'a> {
    pub id: [u8; 16],
    /// What tells accounts apart.
    pub email: &'a str,
    pub full_name: &'a str,
}

/// The public key of a passkey, as it is stored.
#[derive(Clone, Debug)]
pub struct PublicKey(Passkey);

/// A passkey that an authenticator has just made.
#[derive(Debug)]
pub struct NewPasskey {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    /// What the authenticator counts from.
    pub counter: u32,
}

/// What an authenticator answered, unproven.
#[derive(Debug)]
pub struct PasskeyAnswer(PublicKeyCredential);

/// A new passkey as an authenticator answered, unproven.
#[derive(Debug)]
pub struct RegistrationAnswer(RegisterPublicKeyCredential);

impl RegistrationAnswer {
    /// Reads the JSON of a `PublicKeyCredential`.
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// How it is said to be named.
    pub fn credential_id(&self) -> &[u8] {
        self.0.raw_id.as_slice()
    }
}

impl PublicKey {
    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(serde_json::to_vec(&self.0)?)
    }
}

impl PasskeyAnswer {
    /// Reads the JSON of a `PublicKeyCredential`.
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// Which passkey it is said to be of.
    pub fn credential_id(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// Whose passkey the authenticator says it is.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.0.get_user_unique_id()
    }
}

impl RelyingParty {
    /// `rp_id` is the domain that passkeys are for, `origins` where they are used: it must be valid for the first.
    pub fn new(rp_id: &str, origins: &[&str], name: &str) -> Result<Self, Error> {
        let origins = origins.iter().map(|origin| Url::parse(origin));
        let origins = origins
            .collect::<Result<Vec<Url>, _>>()
            .map_err(|_no_url| Error::Unfit)?;
        let (first, others) = origins.split_first().ok_or(Error::Unfit)?;
        let mut builder = WebauthnBuilder::new(rp_id, first)?.rp_name(name);
        for origin in others {
            builder = builder.append_allowed_origin(origin);
        }
        Ok(Self(builder.build()?))
    }

    /// Asks for a passkey that can be discovered, on an authenticator that has none of `known`.
    pub fn begin_registration(&self, user: PasskeyUser<'_>, known: &[&[u8]]) -> Result<Ceremony, Error> {
        let known = known.iter().map(|id| id.to_vec().into()).collect();
        let id = Uuid::from_bytes(user.id);
        let (mut challenge, state) =
            self.0
                .start_passkey_registration(id, user.email, user.full_name, Some(known))?;
        // It asks for none by itself, and then there would be nothing to discover.
        if let Some(selection) = &mut challenge.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        Ok(Ceremony {
            options: serde_json::to_string(&challenge.public_key)?,
            state: serde_json::to_vec(&state)?,
        })
    }

    /// Verifies a new passkey.
    pub fn finish_registration(
        &self,
        state: &[u8],
        answer: &RegistrationAnswer,
    ) -> Result<NewPasskey, Refused> {
        let state: PasskeyRegistration = serde_json::from_slice(state).map_err(|_bad| Refused::Malformed)?;
        let passkey = self.0.finish_passkey_registration(&answer.0, &state)?;
        let credential_id = passkey.cred_id().to_vec();
        let (public_key, counter) = without_counter(&passkey).ok_or(Refused::Malformed)?;
        Ok(NewPasskey {
            credential_id,
            public_key,
            counter,
        })
    }

    /// Asks for one of `allowed`, or for any if there are none.
    pub fn begin_authentication(&self, allowed: &[&[u8]]) -> Result<Ceremony, Error> {
        let (mut challenge, state) = self.0.start_discoverable_authentication()?;
        challenge.public_key.allow_credentials = allowed
            .iter()
            .map(|id| AllowCredentials {
                type_: "public-key".to_owned(),
                id: id.to_vec().into(),
                transports: None,
            })
            .collect();
        Ok(Ceremony {
            options: serde_json::to_string(&challenge.public_key)?,
            state: serde_json::to_vec(&state)?,
        })
    }

    /// Verifies the answer of the passkey with this public key; returns the sign counter.
    pub fn finish_authentication(
        &self,
        state: &[u8],
        answer: &PasskeyAnswer,
        key: &PublicKey,
    ) -> Result<u32, Refused> {
        let state: DiscoverableAuthentication =
            serde_json::from_slice(state).map_err(|_bad| Refused::Malformed)?;
        let keys = [DiscoverableKey::from(&key.0)];
        let result = self
            .0
            .finish_discoverable_authentication(&answer.0, state, &keys)?;
        if !result.user_verified() {
            return Err(Refused::NotVerified);
        }
        Ok(result.counter())
    }
}

/// The library refuses a passkey whose counter does not rise: the stored one is 0, and ours stands beside it.
fn without_counter(passkey: &Passkey) -> Option<(PublicKey, u32)> {
    let mut value = serde_json::to_value(passkey).ok()?;
    let field = value.get_mut("cred")?.get_mut("counter")?;
    let counter = u32::try_from(field.as_u64()?).ok()?;
    *field = Value::from(0);
    let passkey = serde_json::from_value(value).ok()?;
    Some((PublicKey(passkey), counter))
}

/// Why an answer is not good.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("it is not what a browser sends")]
    Malformed,
    #[error("it was made at another address")]
    Origin,
    #[error("it is for another domain")]
    RpId,
    #[error("it answers another question")]
    Challenge,
    #[error("the authenticator did not verify its user")]
    NotVerified,
    #[error("the signature is not of this passkey")]
    Signature,
    #[error("the passkey cannot be used here")]
    Other,
}

impl From<WebauthnError> for Refused {
    fn from(error: WebauthnError) -> Self {
        let all = [
            (Self::Origin, matches!(error, WebauthnError::InvalidRPOrigin)),
            (Self::RpId, matches!(error, WebauthnError::InvalidRPIDHash)),
            (
                Self::Challenge,
                matches!(
                    error,
                    WebauthnError::MismatchedChallenge | WebauthnError::InvalidClientDataType
                ),
            ),
            (
                Self::NotVerified,
                matches!(
                    error,
                    WebauthnError::UserNotVerified | WebauthnError::UserNotPresent
                ),
            ),
            (
                Self::Signature,
                matches!(error, WebauthnError::AuthenticationFailure),
            ),
        ];
        let known = all.into_iter().find(|(_, is_it)| *is_it);
        known.map_or(Self::Other, |(refused, _)| refused)
    }
}

/// A failure of our own; none of it depends on what a browser sends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("passkeys of this domain cannot be used at this address")]
    Unfit,
    #[error("a passkey cannot be asked for: {0}")]
    Library(#[from] WebauthnError),
    #[error("a passkey cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party() -> RelyingParty {
        RelyingParty::new("login.example.com", &["https://login.example.com"], "Fernweh").unwrap()
    }

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_new_passkey_has_to_be_discoverable_and_to_verify_its_user() {
        let user = PasskeyUser {
            id: [7; 16],
            email: "ada@fernweh.example",
            full_name: "Ada Lovelace",
        };
        let asked = party().begin_registration(user, &[b"known"]).unwrap();
        let options = json(&asked.options);
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required", "{options}");
        assert_eq!(selection["requireResidentKey"], true, "{options}");
        assert_eq!(selection["userVerification"], "required", "{options}");
        assert_eq!(options["attestation"], "none", "{options}");
        assert_eq!(options["rp"]["id"], "login.example.com", "{options}");
        assert_eq!(options["rp"]["name"], "Fernweh", "{options}");
        assert_eq!(options["user"]["id"], "BwcHBwcHBwcHBwcHBwcHBw", "{options}");
        assert_eq!(options["excludeCredentials"][0]["id"], "a25vd24", "{options}");
        assert_eq!(options["timeout"], 300_000, "{options}");
    }

    #[test]
    fn a_question_names_the_passkeys_of_a_person_or_none() {
        for (allowed, count) in [(&[][..], 0), (&[&b"one"[..], b"two"], 2)] {
            let asked = party().begin_authentication(allowed).unwrap();
            let options = json(&asked.options);
            assert_eq!(options["rpId"], "login.example.com");
            assert_eq!(options["userVerification"], "required");
            assert_eq!(options["allowCredentials"].as_array().unwrap().len(), count);
            // The form that carries it has bounds.
            assert!(asked.state.len() < 300, "{}", asked.state.len());
        }
        let challenge = |asked: Ceremony| json(&asked.options)["challenge"].to_string();
        let again = || challenge(party().begin_authentication(&[]).unwrap());
        assert_ne!(again(), again());
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for bad in ["", "{}", "[]", "\u{0}", "{\"id\":1}"] {
            assert!(PasskeyAnswer::parse(bad).is_none(), "{bad}");
            assert!(RegistrationAnswer::parse(bad).is_none(), "{bad}");
        }
        assert!(PublicKey::from_bytes(b"{}").is_none());
    }

    #[test]
    fn a_domain_fits_its_address() {
        for (rp_id, origin) in [
            ("example.com", "https://login.example.org"),
            ("login.example.com", "https://example.com"),
            ("127.0.0.1", "http://127.0.0.1:8080"),
        ] {
            assert!(
                RelyingParty::new(rp_id, &[origin], "x").is_err(),
                "{rp_id} {origin}"
            );
        }
        assert!(RelyingParty::new("localhost", &["http://localhost:8080"], "x").is_ok());
    }
}
