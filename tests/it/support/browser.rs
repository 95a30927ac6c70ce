//! A browser as far as SSO needs one: cookies with their `SameSite` and Secure rules, redirects, forms.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::support::http::{self, Response};

/// A browser at one provider. `origin` is what users type; `address` is where it listens.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) extra_headers: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr, origin: &str) -> Self {
        Self {
            address,
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            extra_headers: Vec::new(),
        }
    }

    /// The same browser, where the provider listens elsewhere now.
    pub(crate) fn at(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// A navigation from anywhere: GET sends Lax cookies.
    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.send("GET", target, &[], "", true)
    }

    /// Posts a form of the provider's own page.
    pub(crate) fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Response {
        let origin = self.origin.clone();
        let headers = [
            ("Origin", origin.as_str()),
            ("Sec-Fetch-Site", "same-origin"),
            FORM,
        ];
        self.send("POST", target, &headers, &http::form_body(fields), true)
    }

    /// Posts a form with headers of the test's choice; `with_cookies` is what `SameSite` would decide.
    pub(crate) fn post_with_headers(
        &mut self,
        target: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
        with_cookies: bool,
    ) -> Response {
        let mut all_headers = vec![FORM];
        all_headers.extend_from_slice(headers);
        self.send(
            "POST",
            target,
            &all_headers,
            &http::form_body(fields),
            with_cookies,
        )
    }

    /// Posts a body of any kind from another site.
    pub(crate) fn post_body(&mut self, target: &str, kind: &str, body: &str) -> Response {
        let headers = [("Content-Type", kind), ("Sec-Fetch-Site", "cross-site")];
        self.send("POST", target, &headers, body, false)
    }

    /// Follows redirects within the provider, starting at `target`.
    pub(crate) fn get_following_redirects(&mut self, target: &str) -> Response {
        let mut response = self.get(target);
        for _redirect in 0..5 {
            if !(300..400).contains(&response.status) || !response.location().starts_with('/') {
                return response;
            }
            let next = response.location().to_owned();
            response = self.get(&next);
        }
        panic!("redirected in a circle at {target}");
    }

    /// Signs in on the sign-in page `page`, and follows where it leads.
    pub(crate) fn sign_in(&mut self, page: &Response, email: &str, password: &str) -> Response {
        let answer = self.submit_password(page, email, password);
        if answer.status == 303 {
            let next = answer.location().to_owned();
            return self.get_following_redirects(&next);
        }
        answer
    }

    /// Sends the sign-in form and does not follow the redirect.
    pub(crate) fn submit_password(&mut self, page: &Response, email: &str, password: &str) -> Response {
        let csrf = page
            .field("csrf")
            .unwrap_or_else(|| panic!("no login form: {} {}", page.status, page.body));
        let continue_handle = page.field("continue");
        let mut fields = vec![("csrf", csrf.as_str()), ("email", email), ("password", password)];
        if let Some(continue_handle) = &continue_handle {
            fields.push(("continue", continue_handle));
        }
        self.post("/login", &fields)
    }

    fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        with_cookies: bool,
    ) -> Response {
        let host = self.origin.split_once("://").unwrap().1.to_owned();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut all_headers = vec![("Host", host.as_str())];
        if with_cookies && !cookies.is_empty() {
            all_headers.push(("Cookie", &cookies));
        }
        all_headers.extend_from_slice(headers);
        all_headers.extend(
            self.extra_headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let response = http::request(self.address, method, target, &all_headers, body);
        self.store_cookies(&response);
        response
    }

    /// Stores cookies as a browser does, and refuses those that break the rules of their prefix.
    fn store_cookies(&mut self, response: &Response) {
        let is_https = self.origin.starts_with("https:");
        for line in response.set_cookies() {
            let mut parts = line.split(';').map(str::trim);
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<String> = parts.map(str::to_lowercase).collect();
            let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
            assert!(has("httponly") && has("samesite=lax") && has("path=/"), "{line}");
            assert!(
                !attributes.iter().any(|attribute| attribute.starts_with("domain")),
                "{line}"
            );
            assert_eq!(has("secure"), is_https, "{line}");
            assert_eq!(name.starts_with("__Host-"), is_https, "{line}");
            if has("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
