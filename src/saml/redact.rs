//! A message of ours that is shown and not sent: whoever sees it must not be able to use it.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::model::hash::sha256_hex;

const OPEN: &str = "<ds:SignatureValue>";
const CLOSE: &str = "</ds:SignatureValue>";

/// `xml`, written by us, with the SHA-256 of each signature in its place: that tells two apart, and verifies nowhere.
pub fn redact_signatures(xml: &str) -> String {
    let mut parts = xml.split(OPEN);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, rest) = part.split_once(CLOSE).unwrap_or((part, ""));
        let octets = STANDARD.decode(value).unwrap_or_else(|_why| value.into());
        shown.extend([OPEN, "SHA-256:", &sha256_hex(octets), CLOSE, rest]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_value_is_redacted_and_nothing_else() {
        let xml =
            "<a><ds:SignatureValue>YWJj</ds:SignatureValue><b/><ds:SignatureValue>?</ds:SignatureValue></a>";
        let shown = redact_signatures(xml);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(
            shown.starts_with(&format!(
                "<a><ds:SignatureValue>SHA-256:{abc}</ds:SignatureValue><b/>"
            )) && shown.ends_with("</ds:SignatureValue></a>")
                && !shown.contains("YWJj")
                && !shown.contains('?'),
            "{shown}"
        );
        assert_eq!(redact_signatures("<a/>"), "<a/>");
        assert!(
            !redact_signatures("<a><ds:SignatureValue>YWJj").contains("YWJj"),
            "cut off"
        );
    }
}
