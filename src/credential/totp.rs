//! Time-based one-time passwords (RFC 6238), as every authenticator application makes them: SHA-1, six digits, a new
//! one every 30 seconds.

use chrono::{DateTime, Utc};
use qrcode::{EcLevel, QrCode, render::svg, types::QrError};
use totp_rs::{Builder, Totp, TotpError};
use unicode_normalization::UnicodeNormalization;

use crate::model::secret::Secret;

/// How much of an issuer and of an account authenticators are given, in characters: a QR code has bounds.
const MAX_LABEL: usize = 64;
/// How large a module of the QR code is, in pixels, where nothing else says so.
const MODULE_SIZE: u32 = 4;

/// What an authenticator and we share.
#[derive(Debug)]
pub struct TotpSecret(Secret<[u8; Self::LEN]>);

impl TotpSecret {
    /// 160 bits, as RFC 4226, 4 recommends.
    pub const LEN: usize = 20;

    /// `bytes` must come from the system's random source, or from what [`Self::expose`] returned.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(Secret::new(bytes))
    }

    pub const fn expose(&self) -> &[u8; Self::LEN] {
        self.0.expose()
    }

    /// For somebody who types it: base32, in groups of four.
    pub fn to_text(&self) -> Result<Secret<String>, Error> {
        let base32: Vec<char> = self.totp("", "")?.secret().to_base32().chars().collect();
        let groups: Vec<String> = base32.chunks(4).map(|group| group.iter().collect()).collect();
        Ok(Secret::new(groups.join(" ")))
    }

    /// The step of which `typed` is the code, at most one before or after that of `now`. It is the caller's to accept
    /// each step once (RFC 6238, 5.2).
    pub fn matching_step(&self, typed: &str, now: DateTime<Utc>) -> Result<Option<u64>, Error> {
        let Ok(now) = u64::try_from(now.timestamp()) else {
            return Ok(None);
        };
        let code: String = typed.nfkc().filter(|c| !c.is_whitespace() && *c != '-').collect();
        Ok(self.totp("", "")?.check(&code, now))
    }

    /// The address by which an authenticator adds the account: `otpauth://totp/…`.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Secret<String>, Error> {
        Ok(Secret::new(self.totp(issuer, account)?.to_url()?))
    }

    fn totp(&self, issuer: &str, account: &str) -> Result<Totp, Error> {
        let issuer = Some(label(issuer)).filter(|issuer| !issuer.is_empty());
        Ok(Builder::new()
            .with_secret(self.0.expose().to_vec())
            .with_issuer(issuer)
            .with_account_name(label(account))
            .build()?)
    }
}

/// A colon separates issuer and account.
fn label(text: &str) -> String {
    let label = text.trim().chars().take(MAX_LABEL);
    label.map(|c| if c == ':' { '-' } else { c }).collect()
}

/// The QR code of an address, as an `svg` element: black on white, with the quiet zone around it.
pub fn qr_svg(uri: &Secret<String>) -> Result<Secret<String>, Error> {
    let code = QrCode::with_error_correction_level(uri.expose(), EcLevel::M)?;
    let image = code
        .render::<svg::Color<'_>>()
        .module_dimensions(MODULE_SIZE, MODULE_SIZE)
        .build();
    // Inside of HTML there is no XML declaration.
    let element = image.find("<svg").and_then(|at| image.get(at..));
    Ok(Secret::new(element.unwrap_or_default().to_owned()))
}

/// Why a code could not be made; none of it depends on what a user types.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the secret of an authenticator cannot be used: {0}")]
    Secret(#[from] TotpError),
    #[error("the QR code could not be drawn: {0}")]
    QrCode(#[from] QrError),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn step(typed: &str, seconds: i64) -> Option<u64> {
        secret().matching_step(typed, at(seconds)).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, of which the last six digits count.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(
                step(code, seconds),
                Some(u64::try_from(seconds).unwrap() / 30),
                "{seconds}"
            );
        }
    }

    #[test]
    fn codes_are_those_of_another_implementation() {
        // Made by hmac and struct of Python 3, with secrets of os.urandom.
        for (hex, seconds, code) in [
            ("8a6ca789310a5435d099a2b8411251d98a1a7310", 0, "129491"),
            (
                "8be47176f9f87dfbcc435727d584d9a4b5a8e58c",
                1_700_000_000,
                "930119",
            ),
            (
                "438a836155c5bfebf0b5fc2c431f769c409528f9",
                1_796_090_000,
                "899462",
            ),
            (
                "f7ffd866d368fa6a6ea09973d88128104cdab5cb",
                4_102_444_799,
                "826969",
            ),
        ] {
            let digits = hex
                .as_bytes()
                .chunks(2)
                .map(|pair| std::str::from_utf8(pair).unwrap());
            let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            let secret = TotpSecret::new(bytes.try_into().unwrap());
            let found = secret.matching_step(code, at(seconds)).unwrap();
            assert_eq!(found, Some(u64::try_from(seconds).unwrap() / 30), "{hex}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_before_and_after_its_own() {
        // That of step 37037036, which begins at 1111111080.
        let code = "081804";
        for (seconds, is_good) in [
            (1_111_111_049, false),
            (1_111_111_050, true),
            (1_111_111_080, true),
            (1_111_111_139, true),
            (1_111_111_140, false),
        ] {
            let expected = is_good.then_some(37_037_036);
            assert_eq!(step(code, seconds), expected, "{seconds}");
        }
        assert_eq!(step(code, -5), None, "a clock before 1970");
        assert_eq!(step("287082", 1), Some(1), "the first step has none before it");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in [
            "081804",
            " 081 804 ",
            "081-804",
            "０８１８０４",
            "08\u{a0}18\u{a0}04",
        ] {
            assert_eq!(step(typed, 1_111_111_109), Some(37_037_036), "{typed}");
        }
        for wrong in ["", "81804", "0818044", "+81804", "081805", "o81804", "٠٨١٨٠٤"] {
            assert_eq!(step(wrong, 1_111_111_109), None, "{wrong}");
        }
    }

    #[test]
    fn an_authenticator_is_told_who_and_where() {
        let uri = secret().uri("Fernweh: Süd & Co", "ada@fernweh.example").unwrap();
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Fernweh-%20S%C3%BCd%20%26%20Co:ada%40fernweh.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fernweh-%20S%C3%BCd%20%26%20Co"
        );
        let text = secret().to_text().unwrap();
        assert_eq!(text.expose(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{:?}", secret()), "TotpSecret(***)");
    }

    #[test]
    fn the_qr_code_is_an_element_for_a_page() {
        let svg = qr_svg(&secret().uri("Fernweh", "ada@fernweh.example").unwrap()).unwrap();
        let svg = svg.expose();
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>"),
            "{svg}"
        );
        assert!(!svg.contains("style") && !svg.contains("<?"), "{svg}");
        let long = secret().uri(&"組".repeat(300), &"組".repeat(300)).unwrap();
        assert!(qr_svg(&long).is_ok(), "{}", long.expose().len());
    }

    proptest! {
        #[test]
        fn whatever_is_typed_and_named_is_read(typed: String, issuer: String, account in "[^:]{1,300}", seconds: u32) {
            let _ = secret().matching_step(&typed, at(seconds.into())).unwrap();
            let uri = secret().uri(&issuer, &format!("a{account}")).unwrap();
            prop_assert!(qr_svg(&uri).is_ok());
        }
    }
}
