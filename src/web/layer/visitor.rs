//! The visitor of a request: its cookies, and its client address as far as that can be trusted.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{
    HttpMessage, HttpRequest,
    http::{Method, header::USER_AGENT},
};
use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::{
    model::device,
    provider::visitor::Visitor,
    web::{layer::cookie::Cookies, layer::request_id::RequestId},
};

/// Proxies whose `X-Forwarded-For` is trusted.
#[derive(Debug, Default)]
pub(in crate::web) struct TrustedProxies {
    networks: ArcSwap<Vec<IpNet>>,
    warned_untrusted: AtomicBool,
    warned_unreadable: AtomicBool,
}

impl TrustedProxies {
    pub(in crate::web) fn new(trusted: Vec<IpNet>) -> Self {
        Self {
            networks: ArcSwap::from_pointee(trusted),
            warned_untrusted: AtomicBool::new(false),
            warned_unreadable: AtomicBool::new(false),
        }
    }

    /// Trusts `trusted` from now on, and warns anew of what does not fit.
    pub(in crate::web) fn replace(&self, trusted: Vec<IpNet>) {
        self.networks.store(Arc::new(trusted));
        self.warned_untrusted.store(false, Ordering::Relaxed);
        self.warned_unreadable.store(false, Ordering::Relaxed);
    }

    /// The client's address: the peer's, or if the peer is a trusted proxy, the last one in
    /// `X-Forwarded-For` that is not a trusted proxy's.
    pub(in crate::web) fn client_address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| {
                address.ip().to_canonical()
            });
        let forwarded: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            // As bytes: what a client put first must not make the proxy's own entry unreadable.
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|part| std::str::from_utf8(part).unwrap_or(NOT_UTF8).trim())
            // Skips empty elements, from a comma at the end or two in a row.
            .filter(|part| !part.is_empty())
            .collect();
        if forwarded.is_empty() {
            return peer;
        }
        if !self.trusts(peer) {
            if !self.warned_untrusted.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %peer,
                    "X-Forwarded-For arrives from an address that is not in trusted_proxies and is not believed; if this is your reverse proxy, add it (docs/configuration.md)"
                );
            }
            return peer;
        }
        let mut client = peer;
        for text in forwarded.iter().rev() {
            let Some(address) = parse_address(text) else {
                if !self.warned_unreadable.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        %peer,
                        unreadable = text.chars().take(64).collect::<String>(),
                        "X-Forwarded-For of a trusted proxy holds something that is not an address: everybody behind it counts as one client; let the proxy send addresses (docs/configuration.md)"
                    );
                }
                break;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .load()
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// Replaces an element that is not UTF-8, and is not an address either.
const NOT_UTF8: &str = "(no text)";

/// Parses one element: an address alone, with a port, in brackets, or both.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse().map(|with_port: SocketAddr| with_port.ip()).ok())
}

/// Describes the visitor who sent a request.
pub(in crate::web) fn from_request(
    request: &HttpRequest,
    cookies: Cookies,
    proxies: &TrustedProxies,
) -> Visitor {
    let session = cookies.session(request);
    Visitor {
        session_may_be_hidden: session.is_none() && request.method() == Method::POST,
        session,
        browser: cookies.browser(request),
        posted: cookies.posted(request),
        is_navigation: is_navigation(request),
        device: cookies.device(request),
        address: proxies.client_address(request),
        browser_name: request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .and_then(device::describe),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
    }
}

/// Whether the browser will show the response as a page of its own; assumed if it does not say.
fn is_navigation(request: &HttpRequest) -> bool {
    let mut destinations = request.headers().get_all("sec-fetch-dest");
    destinations.all(|value| value == "document")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        let ask = |trusted: &[&str], peer: &str, forwarded: &str| {
            let proxies = TrustedProxies::new(trusted.iter().map(|net| net.parse().unwrap()).collect());
            let request = TestRequest::get()
                .peer_addr(format!("{peer}:1").parse().unwrap())
                .insert_header(("x-forwarded-for", forwarded))
                .to_http_request();
            proxies.client_address(&request).to_string()
        };
        assert_eq!(ask(&[], "192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(ask(&["127.0.0.0/8"], "127.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(
            ask(&["127.0.0.0/8"], "127.0.0.1", "6.6.6.6, 198.51.100.7"),
            "198.51.100.7",
            "what the client made up is left of it"
        );
        assert_eq!(
            ask(
                &["127.0.0.0/8", "10.0.0.0/8"],
                "127.0.0.1",
                "6.6.6.6, 198.51.100.7, 10.0.0.1"
            ),
            "198.51.100.7"
        );
        for (written, client) in [
            ("198.51.100.7:51234", "198.51.100.7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:51234", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[::ffff:198.51.100.7]:1", "198.51.100.7"),
            ("198.51.100.7,", "198.51.100.7"),
            ("6.6.6.6,198.51.100.7:80 , ,", "198.51.100.7"),
            (",", "127.0.0.1"),
            ("198.51.100.7:99999", "127.0.0.1"),
            ("unknown", "127.0.0.1"),
        ] {
            assert_eq!(ask(&["127.0.0.0/8"], "127.0.0.1", written), client, "{written}");
        }
        assert_eq!(ask(&["127.0.0.0/8"], "127.0.0.1", "rubbish"), "127.0.0.1");
        assert_eq!(ask(&["127.0.0.0/8"], "192.0.2.1", "127.0.0.1"), "192.0.2.1");
        assert_eq!(
            ask(&["127.0.0.0/8"], "127.0.0.1", "é, 198.51.100.7"),
            "198.51.100.7"
        );
    }
}
