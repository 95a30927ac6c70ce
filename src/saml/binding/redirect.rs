//! HTTP-Redirect (saml-bindings, 3.4): a message in the query of a URL.

use base64::{Engine, engine::general_purpose::STANDARD, write::EncoderStringWriter};
use miniz_oxide::{
    deflate::compress_to_vec,
    inflate::{
        TINFLStatus,
        core::{DecompressorOxide, decompress, inflate_flags},
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    crypto::error::OpenSslError,
    model::{application::Binding, response_options::SignatureAlgorithm, user::Email},
    saml::{
        binding::inbound::{InboundMessage, MessageKind},
        refusal::Refusal,
        signer::{Signer, signature_uri},
        unverified_signature::{SignatureInput, UnverifiedSignature},
        urn,
    },
    xml::{scanner::normalize_line_ends, tree::MAX_DOCUMENT},
};

/// The longest accepted query, in bytes.
pub const MAX_QUERY: usize = 16 * 1024;
/// The longest accepted RelayState, in bytes. The specification limits it to 80; lenient senders exceed that, and
/// nothing is ever truncated.
pub const MAX_RELAY_STATE: usize = 4096;

#[derive(Default)]
struct Parameters<'q> {
    request: Option<&'q str>,
    response: Option<&'q str>,
    relay_state: Option<&'q str>,
    algorithm: Option<&'q str>,
    signature: Option<&'q str>,
    encoding: Option<&'q str>,
    login_hint: Option<&'q str>,
}

/// Decodes the raw query, byte for byte as the browser sent it.
pub fn decode(query: &str) -> Result<InboundMessage, Refusal> {
    if query.len() > MAX_QUERY {
        return Err(Refusal::TooLarge("more than 16 kB of address"));
    }
    let found = parameters(query)?;
    if found
        .encoding
        .is_some_and(|raw| percent_decode(raw, true).as_deref() != Some(urn::DEFLATE.as_bytes()))
    {
        return Err(Refusal::Malformed("an unknown SAMLEncoding"));
    }
    let (kind, name, raw) = match (found.request, found.response) {
        (Some(raw), None) => (MessageKind::Request, "SAMLRequest", raw),
        (None, Some(raw)) => (MessageKind::Response, "SAMLResponse", raw),
        (Some(_), Some(_)) => return Err(Refusal::Malformed("SAMLRequest and SAMLResponse at once")),
        (None, None) => return Err(Refusal::NoMessage),
    };
    let signature = detached_signature(name, raw, &found)?;
    let relay_state = found.relay_state.map(relay_state).transpose()?;
    Ok(InboundMessage {
        binding: Binding::Redirect,
        kind,
        xml: decode_message(raw)?,
        relay_state,
        login_hint: found.login_hint.and_then(login_hint),
        signature,
    })
}

/// A hint that is not an e-mail address is ignored.
pub(super) fn login_hint(raw: &str) -> Option<Email> {
    let text = String::from_utf8(percent_decode(raw, true)?).ok()?;
    Email::parse(&text).ok()
}

fn parameters(query: &str) -> Result<Parameters<'_>, Refusal> {
    let mut found = Parameters::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match name {
            "SAMLRequest" => &mut found.request,
            "SAMLResponse" => &mut found.response,
            "RelayState" => &mut found.relay_state,
            "SigAlg" => &mut found.algorithm,
            "Signature" => &mut found.signature,
            "SAMLEncoding" => &mut found.encoding,
            "login_hint" => {
                found.login_hint = found.login_hint.or(Some(value));
                continue;
            }
            other => {
                // `SAML%52equest` is a different parameter for the signature, and the same one for many readers.
                if percent_decode(other, true).is_none_or(|plain| is_saml_parameter(&plain)) {
                    return Err(Refusal::Malformed("a parameter's name in another spelling"));
                }
                continue;
            }
        };
        if slot.replace(value).is_some() {
            return Err(Refusal::Malformed("a parameter twice"));
        }
    }
    Ok(found)
}

pub(super) fn is_saml_parameter(name: &[u8]) -> bool {
    [
        &b"SAMLRequest"[..],
        b"SAMLResponse",
        b"RelayState",
        b"SigAlg",
        b"Signature",
        b"SAMLEncoding",
    ]
    .iter()
    .any(|parameter| name.trim_ascii().eq_ignore_ascii_case(parameter))
}

fn detached_signature(
    name: &str,
    raw: &str,
    found: &Parameters<'_>,
) -> Result<Option<UnverifiedSignature>, Refusal> {
    let (algorithm, signature) = match (found.algorithm, found.signature) {
        (None, None) => return Ok(None),
        (Some(algorithm), Some(signature)) => (algorithm, signature),
        (Some(_), None) => return Err(Refusal::Malformed("SigAlg without Signature")),
        (None, Some(_)) => return Err(Refusal::Malformed("Signature without SigAlg")),
    };
    let mut octets = format!("{name}={raw}");
    if let Some(relay_state) = found.relay_state {
        octets.push_str("&RelayState=");
        octets.push_str(relay_state);
    }
    octets.push_str("&SigAlg=");
    octets.push_str(algorithm);
    let uri = percent_decode(algorithm, true).and_then(|plain| String::from_utf8(plain).ok());
    Ok(Some(UnverifiedSignature {
        algorithm: uri.ok_or(Refusal::Malformed("a SigAlg that is no text"))?,
        input: SignatureInput::Bytes(octets.into_bytes()),
        value: decode_base64(signature)?,
    }))
}

pub(super) fn relay_state(raw: &str) -> Result<String, Refusal> {
    let plain = percent_decode(raw, true).ok_or(Refusal::Malformed("a broken escape in RelayState"))?;
    if plain.len() > MAX_RELAY_STATE {
        return Err(Refusal::TooLarge("a RelayState of more than 4096 bytes"));
    }
    let text = String::from_utf8(plain).map_err(|_why| Refusal::Malformed("a RelayState that is no text"))?;
    if text.contains(['\0', '\r', '\n']) {
        // A form would change these on the way back, and the RelayState must be returned unchanged.
        return Err(Refusal::Malformed("a NUL or a line break in RelayState"));
    }
    Ok(text)
}

/// Decodes a message: base64, then raw DEFLATE unless it is XML already.
pub fn decode_message(raw: &str) -> Result<String, Refusal> {
    decode_xml(decode_base64(raw)?)
}

/// Inflates what does not begin like XML. Over either binding some senders do what the other one requires: some of
/// Auth0's connections do not deflate in a URL, node-saml and ruby-saml can deflate in a form.
pub(super) fn decode_xml(bytes: Vec<u8>) -> Result<String, Refusal> {
    // White space before the root is XML (xml, 2.1, 2.8); deflated data is not text.
    let is_xml = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&bytes)
        .trim_ascii_start()
        .starts_with(b"<")
        && std::str::from_utf8(&bytes).is_ok();
    let xml = if is_xml { bytes } else { inflate(&bytes)? };
    if xml.len() > MAX_DOCUMENT {
        return Err(Refusal::TooLarge("more than 64 kB of XML"));
    }
    let text = String::from_utf8(xml).map_err(|_why| Refusal::Malformed("a message that is not UTF-8"))?;
    Ok(normalize_line_ends(text))
}

fn decode_base64(raw: &str) -> Result<Vec<u8>, Refusal> {
    // A bare `+` belongs to base64: a space has no meaning there.
    let text = percent_decode(raw, false).ok_or(Refusal::Malformed("a broken escape"))?;
    STANDARD
        .decode(text)
        .map_err(|_why| Refusal::Malformed("not base64"))
}

/// Inflates at most [`MAX_DOCUMENT`] bytes; the stream must end where the bytes end.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    // Into one buffer, without a window of its own: a message is short, and all of it is here.
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut decompressor = DecompressorOxide::new();
    let mut inflated = vec![0; (bytes.len() * 4).clamp(1, MAX_DOCUMENT + 1)];
    let (mut consumed, mut written) = (0, 0);
    loop {
        let rest = bytes.get(consumed..).unwrap_or_default();
        let (status, read, wrote) = decompress(&mut decompressor, rest, &mut inflated, written, flags);
        consumed += read;
        written += wrote;
        if written > MAX_DOCUMENT {
            return Err(Refusal::TooLarge("more than 64 kB of XML"));
        }
        match status {
            TINFLStatus::Done if consumed == bytes.len() => {
                inflated.truncate(written);
                return Ok(inflated);
            }
            TINFLStatus::Done => return Err(Refusal::Malformed("something behind the deflated message")),
            TINFLStatus::HasMoreOutput => inflated.resize((2 * inflated.len()).min(MAX_DOCUMENT + 1), 0),
            TINFLStatus::FailedCannotMakeProgress => {
                return Err(Refusal::Malformed("a deflated message that was cut"));
            }
            TINFLStatus::BadParam
            | TINFLStatus::Adler32Mismatch
            | TINFLStatus::Failed
            | TINFLStatus::NeedsMoreInput
            | _ => return Err(Refusal::Malformed("not deflated")),
        }
    }
}

/// Decodes percent-encoding; `None` for a broken escape, which the library would leave as it is.
pub(super) fn percent_decode(raw: &str, plus_is_blank: bool) -> Option<Vec<u8>> {
    let is_digit = |digit: Option<&u8>| digit.is_some_and(u8::is_ascii_hexdigit);
    let mut rest = raw.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        if !is_digit(rest.get(at + 1)) || !is_digit(rest.get(at + 2)) {
            return None;
        }
        rest = rest.get(at + 3..)?;
    }
    if plus_is_blank && raw.contains('+') {
        return Some(percent_decode_str(&raw.replace('+', " ")).collect());
    }
    Some(percent_decode_str(raw).collect())
}

/// Appends a message of ours to `location`, signed over the query (saml-bindings, 3.4.4.1).
pub fn encode(
    location: &str,
    kind: MessageKind,
    xml: &str,
    relay_state: Option<&str>,
    signer: &Signer,
    algorithm: SignatureAlgorithm,
) -> Result<String, OpenSslError> {
    let name = match kind {
        MessageKind::Request => "SAMLRequest",
        MessageKind::Response => "SAMLResponse",
    };
    let mut query = format!("{name}={}", percent_encode(&deflate_base64(xml)));
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        query.push_str(&percent_encode(relay_state));
    }
    query.push_str("&SigAlg=");
    query.push_str(&percent_encode(signature_uri(algorithm)));
    let signature = STANDARD.encode(signer.sign_octets(algorithm, query.as_bytes())?);
    let joint = if location.contains('?') { '&' } else { '?' };
    Ok(format!(
        "{location}{joint}{query}&Signature={}",
        percent_encode(&signature)
    ))
}

/// The usual one of zlib, between speed and size.
const DEFLATE_LEVEL: u8 = 6;

/// Raw DEFLATE, then base64.
pub fn deflate_base64(xml: &str) -> String {
    let bytes = compress_to_vec(xml.as_bytes(), DEFLATE_LEVEL);
    let mut writer = EncoderStringWriter::new(&STANDARD);
    let _written = std::io::Write::write_all(&mut writer, &bytes);
    writer.into_inner()
}

/// All but `A-Z a-z 0-9 - _ . ! ~ * ' ( )`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Escapes exactly as Auth0's verifier does when it encodes the values again before it verifies. Other verifiers use the
/// bytes as they were sent.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(xml: &str) -> String {
        format!("SAMLRequest={}", percent_encode(&deflate_base64(xml)))
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(xml in "[ -~äß\u{1f600}]{0,3000}", relay in proptest::option::of("[^\\p{Cc}]{0,80}")) {
            let mut address = query(&xml);
            if let Some(relay) = &relay {
                address.push_str("&RelayState=");
                address.push_str(&percent_encode(relay));
            }
            let inbound = decode(&address).unwrap();
            prop_assert_eq!(inbound.xml, xml);
            prop_assert_eq!(inbound.relay_state, relay);
        }

        #[test]
        fn no_query_breaks_the_reader(query in "\\PC{0,300}") {
            let _whatever = decode(&query);
        }
    }

    #[test]
    fn ambiguous_queries_are_refused() {
        let valid_query = query("<a/>");
        let value = valid_query.strip_prefix("SAMLRequest=").unwrap();
        for bad in [
            format!("{valid_query}&{valid_query}"),
            format!("{valid_query}&SAML%52equest={value}"),
            format!("SAML%52equest={value}&{valid_query}"),
            format!("{valid_query}&SAMLResponse={value}"),
            format!("{valid_query}&RelayState=a&RelayState=b"),
            format!("{valid_query}&SigAlg=x&SigAlg=x&Signature=AAAA"),
            format!("{valid_query};SAMLRequest={value}"),
            format!("{valid_query}&SigAlg=x"),
            format!("{valid_query}&Signature=AAAA"),
            format!("{valid_query}&SAMLEncoding=urn:x"),
            format!("{valid_query}&samlrequest={value}"),
            format!("{valid_query}&RelayState=%f"),
            format!("{valid_query}&RelayState=%ff"),
            format!("{valid_query}&RelayState=a%0Ab"),
            "SAMLRequest=%".to_owned(),
            "SAMLRequest=".to_owned(),
            "SAMLRequest=!!!!".to_owned(),
            "SAMLRequest".to_owned(),
        ] {
            assert!(decode(&bad).is_err(), "{bad}");
        }
        assert_eq!(decode(""), Err(Refusal::NoMessage));
        let decoded = decode(&format!("x=1&{valid_query}&y"));
        assert!(decoded.is_ok(), "{decoded:?}");
    }

    #[test]
    fn an_inflated_message_is_bounded_and_ends_where_it_ends() {
        let bomb = "<".to_owned() + &" ".repeat(5_000_000);
        let decoded = decode_message(&percent_encode(&deflate_base64(&bomb)));
        assert!(matches!(decoded, Err(Refusal::TooLarge(_))), "{decoded:?}");
        let whole = STANDARD.decode(deflate_base64(&"<a>b</a>".repeat(100))).unwrap();
        let cut = STANDARD.encode(&whole[..whole.len() - 3]);
        let more = STANDARD.encode([&whole[..], b"x"].concat());
        let zlib = STANDARD.encode([0x78, 0x9c, 0x03, 0x00]);
        for bad in [cut, more, zlib] {
            let decoded = decode_message(&percent_encode(&bad));
            assert!(decoded.is_err(), "{bad}: {decoded:?}");
        }
        let edge = "x".repeat(MAX_DOCUMENT);
        assert_eq!(
            decode_message(&percent_encode(&deflate_base64(&edge))).unwrap(),
            edge
        );
    }

    #[test]
    fn a_login_hint_is_an_address_or_nothing() {
        let valid_query = query("<a/>");
        let hint = |text: &str| {
            decode(&format!("{valid_query}&login_hint={text}"))
                .unwrap()
                .login_hint
        };
        assert_eq!(
            hint("Mira%40fernweh.example").unwrap().as_str(),
            "mira@fernweh.example"
        );
        for none in ["", "mira", "%f", "%ff", "a%0Ab@c.example", "<b>@c.example%22%20x"] {
            assert_eq!(hint(none), None, "{none}");
        }
        let twice = decode(&format!(
            "{valid_query}&login_hint=a@b.example&login_hint=c@d.example"
        ))
        .unwrap();
        assert_eq!(twice.login_hint.unwrap().as_str(), "a@b.example");
    }

    #[test]
    fn xml_that_was_not_deflated_is_taken() {
        assert_eq!(
            decode_message(&percent_encode(&STANDARD.encode("<a/>"))).unwrap(),
            "<a/>"
        );
    }
}
