//! What may name a namespace.

use std::net::Ipv6Addr;

/// Whether `text` is a URI with a scheme (RFC 3986, 3), with a fragment or without. Canonical XML is not defined for
/// a namespace whose name is a relative reference (xml-c14n, 1.3), and its name is a URI (xml-names, 2.1).
pub(crate) fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match hierarchy.strip_prefix("//") {
        None => (None, hierarchy),
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), path)
        }
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && authority.is_none_or(|authority| is_authority(authority, is_http(scheme)))
        && is_made_of(path, b":@/")
        && is_made_of(query, b":@/?")
        && is_made_of(fragment, b":@/?")
}

fn is_http(scheme: &str) -> bool {
    ["http", "https"]
        .iter()
        .any(|http| scheme.eq_ignore_ascii_case(http))
}

/// Whether `text` is `userinfo@host:port` (RFC 3986, 3.2), or the host alone. Without a host there is no
/// place on the web (RFC 9110, 4.2.1).
fn is_authority(text: &str, needs_host: bool) -> bool {
    let (user, rest) = text.split_once('@').unwrap_or(("", text));
    let (is_host, port) = match rest.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, after))) => (is_ip_literal(address), after),
        Some(None) => (false, ""),
        None => {
            let (name, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
            (is_made_of(name, b"") && !(needs_host && name.is_empty()), port)
        }
    };
    let is_port = port.strip_prefix(':').map_or(port.is_empty(), |digits| {
        digits.bytes().all(|b| b.is_ascii_digit())
    });
    is_made_of(user, b":") && is_host && is_port
}

/// What stands in the brackets of a host (RFC 3986, 3.2.2).
fn is_ip_literal(text: &str) -> bool {
    match text.strip_prefix(['v', 'V']) {
        None => text.parse::<Ipv6Addr>().is_ok(),
        Some(rest) => rest.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|b| b.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_made_of(address, b":")
        }),
    }
}

/// Whether `text` consists of escapes, of characters that need no escape in any part (RFC 3986, 2), and of `more`.
fn is_made_of(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_legal = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                hex() && hex()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || more.contains(&byte),
        };
        if !is_legal {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_uri_is_one_by_the_grammar() {
        for good in [
            "urn:oasis:names:tc:SAML:2.0:assertion",
            "http://www.w3.org/2000/09/xmldsig#",
            "http://www.w3.org/2009/xmlenc11#",
            "https://idp.example:8443/a;b=c?d=e/?#f?",
            "http://[2001:db8::1]/x",
            "http://[::ffff:192.0.2.1]:8080",
            "http://[v7.a:b]/",
            "http://user:secret@host/",
            "http://user@[::1]:1/",
            "http://a%20b/c%2Fd",
            "http://192.0.2.1:80",
            "http://host:123456/",
            "http://host:/",
            "file:///etc",
            "mailto:a@b",
            "a+b-c.1:",
            "urn:a//b",
        ] {
            assert!(is_absolute(good), "{good}");
        }
        for bad in [
            "",
            "relative",
            "../x",
            "/a:b",
            "//host/x",
            "#a",
            "?a:b",
            ":a",
            "1a:b",
            "a_b:c",
            "é:b",
            "urn:a b",
            "urn:é",
            "urn:a\"b",
            "urn:<a>",
            "urn:a\\b",
            "urn:{a}",
            "urn:a^b|c`",
            "urn:%",
            "urn:%4",
            "urn:%4g",
            "urn:%%41",
            "urn:a#b#c",
            "urn:[a]",
            "http://",
            "HTTPS:///a",
            "http://user@:80/",
            "http://[::1",
            "http://::1/",
            "http://[::1]x/",
            "http://[192.0.2.1]/",
            "http://[::1%25eth0]/",
            "http://[v.a]/",
            "http://[v1.%41]/",
            "http://a:b/",
            "http://a@b@c/",
            "http://a:1:2/",
        ] {
            assert!(!is_absolute(bad), "{bad}");
        }
    }
}
