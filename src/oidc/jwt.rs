//! Reading JSON Web Tokens that we signed ourselves (rfc7519; rfc8725).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::crypto::jose::PublicJwk;

/// The longest token that is read, in bytes: one with a thousand groups in it.
const MAX_TOKEN: usize = 64 * 1024;

/// `typ` of an ID token, and of an access token (rfc9068, 2.1).
pub mod typ {
    pub const ID_TOKEN: &str = "JWT";
    pub const ACCESS_TOKEN: &str = "at+jwt";
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
    crit: Option<Value>,
}

/// The claims of a token that one of `keys` signed, as `typ`; expired ones too. The algorithm is that of the key, and a
/// token that says another one is refused.
pub fn verify(token: &str, typ: &str, keys: &[PublicJwk]) -> Option<Map<String, Value>> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let key = keys.iter().find(|key| key.kid == header.kid)?;
    if header.alg != key.algorithm.name() || header.typ != typ || header.crit.is_some() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !key.verify(signed.as_bytes(), &signature) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// A claim that is a text.
pub fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c str> {
    claims.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        crypto::jose::{self, TokenSigner},
        model::oidc_key::JwsAlgorithm,
    };

    fn signer() -> TokenSigner {
        let new = jose::generate(JwsAlgorithm::Es256).unwrap();
        let public = PublicJwk::from_spki(JwsAlgorithm::Es256, &new.public).unwrap();
        TokenSigner::open(&new.private, public).unwrap()
    }

    fn forged(token: &str, header: &str) -> String {
        let (_old, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_token_counts_only_as_what_it_was_signed_for() {
        let (signer, other) = (signer(), signer());
        let keys = [signer.public().clone(), other.public().clone()];
        let token = signer.sign(typ::ID_TOKEN, br#"{"sub":"S-1"}"#).unwrap();
        assert_eq!(verify(&token, typ::ID_TOKEN, &keys).unwrap()["sub"], "S-1");
        assert_eq!(verify(&token, typ::ACCESS_TOKEN, &keys), None);
        assert_eq!(verify(&token, typ::ID_TOKEN, &keys[1..]), None);
        let (kid, other_kid) = (&signer.public().kid, &other.public().kid);
        for header in [
            format!(r#"{{"alg":"none","kid":"{kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"ES256","kid":"{other_kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"ES256","kid":"../{kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"JWT","crit":["x"]}}"#),
            r#"{"alg":"ES256","typ":"JWT"}"#.to_owned(),
        ] {
            assert_eq!(
                verify(&forged(&token, &header), typ::ID_TOKEN, &keys),
                None,
                "{header}"
            );
        }
        let (unsigned, _signature) = token.rsplit_once('.').unwrap();
        for cut in [unsigned, &format!("{unsigned}."), "", "..", "a.b.c"] {
            assert_eq!(verify(cut, typ::ID_TOKEN, &keys), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(token in "[A-Za-z0-9_.=-]{0,200}") {
            prop_assert_eq!(verify(&token, typ::ID_TOKEN, &[]), None);
        }
    }
}
