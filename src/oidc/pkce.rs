//! Proof Key for Code Exchange, with the method S256 alone (rfc7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::model::hash::sha256;

/// Whether a text can be the challenge of S256: 256 bits (rfc7636, 4.2).
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the holder of a code proves that it sent the request for it. A code that was asked for without a challenge is
/// not redeemed with a verifier: the request was tampered with (rfc9700, 4.8.2).
pub fn is_proved(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            is_verifier(verifier) && URL_SAFE_NO_PAD.encode(sha256(verifier)) == challenge
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// 43 to 128 unreserved characters (rfc7636, 4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of rfc7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn only_the_verifier_of_the_challenge_proves_it() {
        assert!(is_challenge(CHALLENGE) && is_proved(Some(CHALLENGE), Some(VERIFIER)));
        assert!(is_proved(None, None));
        for (challenge, verifier) in [
            (Some(CHALLENGE), None),
            (None, Some(VERIFIER)),
            (Some(CHALLENGE), Some(CHALLENGE)),
            (Some(VERIFIER), Some(VERIFIER)),
            (Some(CHALLENGE), Some("")),
        ] {
            assert!(!is_proved(challenge, verifier), "{challenge:?} {verifier:?}");
        }
        for bad in [
            "",
            "short",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            &"x".repeat(44),
        ] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }

    #[test]
    fn a_verifier_that_could_be_guessed_proves_nothing() {
        let short = "x".repeat(42);
        let challenge = URL_SAFE_NO_PAD.encode(sha256(&short));
        assert!(!is_proved(Some(&challenge), Some(&short)));
    }
}
