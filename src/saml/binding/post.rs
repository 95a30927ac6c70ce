//! HTTP-POST (saml-bindings, 3.5): a message in a form.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    model::application::Binding,
    saml::{
        binding::{
            inbound::{InboundMessage, MessageKind},
            redirect::{decode_xml, is_saml_parameter, login_hint, percent_decode, relay_state},
        },
        refusal::Refusal,
    },
};

/// The longest accepted form, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

pub(super) const TOO_LONG: Refusal = Refusal::TooLarge("more than 256 kB of form");

#[derive(Default)]
struct FormFields<'b> {
    request: Option<&'b str>,
    response: Option<&'b str>,
    relay_state: Option<&'b str>,
}

/// Decodes the body of a form that was sent to a URL with the raw query `query`.
pub fn decode(query: &str, body: &[u8]) -> Result<InboundMessage, Refusal> {
    if body.len() > MAX_BODY {
        return Err(TOO_LONG);
    }
    if pairs(query).any(|(name, _)| is_misspelled_parameter(name)) {
        return Err(Refusal::Malformed(
            "parameters of a message in the address of a form",
        ));
    }
    let text = std::str::from_utf8(body).map_err(|_why| Refusal::Malformed("a form that is no text"))?;
    let found = form_fields(text)?;
    let (kind, raw) = match (found.request, found.response) {
        (Some(raw), None) => (MessageKind::Request, raw),
        (None, Some(raw)) => (MessageKind::Response, raw),
        (Some(_), Some(_)) => return Err(Refusal::Malformed("SAMLRequest and SAMLResponse at once")),
        (None, None) => return Err(Refusal::NoMessage),
    };
    Ok(InboundMessage {
        binding: Binding::Post,
        kind,
        xml: decode_xml(decode_base64(raw)?)?,
        relay_state: found.relay_state.map(relay_state).transpose()?,
        login_hint: pairs(text)
            .chain(pairs(query))
            .find(|(name, _)| *name == "login_hint")
            .and_then(|(_, raw)| login_hint(raw)),
        signature: None,
    })
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn form_fields(body: &str) -> Result<FormFields<'_>, Refusal> {
    let mut found = FormFields::default();
    for (name, value) in pairs(body) {
        let slot = match name {
            "SAMLRequest" => &mut found.request,
            "SAMLResponse" => &mut found.response,
            "RelayState" => &mut found.relay_state,
            // HTTP-POST-SimpleSign signs like this; a signed message must not be taken for an unsigned one.
            "SigAlg" | "Signature" => {
                return Err(Refusal::Malformed(
                    "a signature beside the message, in a field of its own",
                ));
            }
            other if is_misspelled_parameter(other) => {
                return Err(Refusal::Malformed("a parameter's name in another spelling"));
            }
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(Refusal::Malformed("a parameter twice"));
        }
    }
    Ok(found)
}

/// Whether some reader could take `name` for one of our parameters.
fn is_misspelled_parameter(name: &str) -> bool {
    percent_decode(name, true).is_none_or(|plain| is_saml_parameter(&plain))
}

/// Base64; some senders break its lines.
fn decode_base64(raw: &str) -> Result<Vec<u8>, Refusal> {
    let mut text = percent_decode(raw, true).ok_or(Refusal::Malformed("a broken escape"))?;
    text.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    STANDARD
        .decode(text)
        .map_err(|_why| Refusal::Malformed("not base64"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        saml::binding::redirect::{deflate_base64, percent_encode},
        xml::tree::MAX_DOCUMENT,
    };
    use proptest::prelude::*;

    fn body(xml: &str) -> String {
        format!("SAMLRequest={}", percent_encode(&STANDARD.encode(xml)))
    }

    proptest! {
        #[test]
        fn a_posted_message_is_decoded(xml in "<[ -~äß\u{1f600}]{0,3000}", relay in proptest::option::of("[^\\p{Cc}]{0,80}")) {
            let mut form = body(&xml);
            if let Some(relay) = &relay {
                form.push_str("&RelayState=");
                form.push_str(&percent_encode(relay).replace("%20", "+"));
            }
            let inbound = decode("", form.as_bytes()).unwrap();
            prop_assert_eq!(inbound.binding, Binding::Post);
            prop_assert_eq!(inbound.xml, xml);
            prop_assert_eq!(inbound.relay_state, relay);
        }

        #[test]
        fn no_form_breaks_the_reader(query in "\\PC{0,60}", form in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _whatever = decode(&query, &form);
        }
    }

    #[test]
    fn a_message_may_be_deflated_and_its_base64_in_lines() {
        let xml = format!("<a>{}</a>", "b".repeat(200));
        let packed = percent_encode(&deflate_base64(&xml));
        assert_eq!(
            decode("", format!("SAMLResponse={packed}").as_bytes())
                .unwrap()
                .xml,
            xml
        );
        let whole = STANDARD.encode(&xml);
        let (first, second) = whole.split_at(76);
        let lines = percent_encode(&format!("{first}\r\n{second}\n"));
        let inbound = decode(
            "tenant=1",
            format!("x=y&SAMLRequest={lines}&submit=Go").as_bytes(),
        )
        .unwrap();
        assert_eq!((inbound.kind, inbound.xml), (MessageKind::Request, xml));
        let marked = percent_encode(&STANDARD.encode("\u{feff}<?xml version='1.0'?>\r\n<a/>"));
        let inbound = decode("", format!("SAMLRequest={marked}").as_bytes()).unwrap();
        assert_eq!(inbound.xml, "\u{feff}<?xml version='1.0'?>\n<a/>");
    }

    #[test]
    fn ambiguous_forms_are_refused() {
        let valid_form = body("<a/>");
        let value = valid_form.strip_prefix("SAMLRequest=").unwrap();
        for (query, bad) in [
            ("", format!("{valid_form}&{valid_form}")),
            ("", format!("{valid_form}&SAML%52equest={value}")),
            ("", format!("SAML%52equest={value}")),
            ("", format!("{valid_form}&samlresponse={value}")),
            ("", format!("{valid_form}&SAMLResponse={value}")),
            ("", format!("{valid_form}&+RelayState=x")),
            ("", format!("{valid_form}&RelayState=a&RelayState=b")),
            ("", format!("{valid_form}&RelayState=%ff")),
            ("", format!("{valid_form}&RelayState=a%0Db")),
            ("", format!("{valid_form}&SigAlg=x&Signature=AAAA")),
            ("", format!("{valid_form}&%53igAlg=x")),
            ("", format!("{valid_form}&%f=x")),
            ("", "SAMLRequest=PGEv+Pg".to_owned()),
            ("", "SAMLRequest=PGE+Lz4%3D".to_owned()),
            ("", "SAMLRequest=PGEvPg".to_owned()),
            ("", "SAMLRequest=".to_owned()),
            (&valid_form, valid_form.clone()),
            ("SAMLResponse=x", valid_form.clone()),
            ("RelayState=x", valid_form.clone()),
            ("Signature=AAAA", valid_form.clone()),
            ("%52elayState=x", valid_form.clone()),
        ] {
            let refused = decode(query, bad.as_bytes());
            assert!(
                refused.is_err() && refused != Err(Refusal::NoMessage),
                "{query} {bad}"
            );
        }
        assert_eq!(decode("", b""), Err(Refusal::NoMessage));
        assert_eq!(decode("x=y", b"RelayState=x"), Err(Refusal::NoMessage));
        let decoded = decode("", b"SAMLRequest=\xff");
        assert!(decoded.is_err(), "{decoded:?}");
    }

    #[test]
    fn what_is_too_large_is_refused_by_name() {
        let bomb = format!(
            "SAMLRequest={}",
            percent_encode(&deflate_base64(&" ".repeat(5_000_000)))
        );
        let plain = body(&format!("<a>{}</a>", "b".repeat(MAX_DOCUMENT)));
        let long = format!("{}&x={}", body("<a/>"), "y".repeat(MAX_BODY));
        for (what, bad) in [("bomb", bomb), ("plain", plain), ("long", long)] {
            assert!(
                matches!(decode("", bad.as_bytes()), Err(Refusal::TooLarge(_))),
                "{what}"
            );
        }
    }
}
