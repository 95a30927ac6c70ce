//! An authenticator application, made of HMAC alone (RFC 4226, 5.3; RFC 6238, 4).

use chrono::{DateTime, Utc};
use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};

use crate::support::{browser::Browser, http::Response};

pub(crate) struct Authenticator(Vec<u8>);

impl Authenticator {
    /// Reads the key that a page shows for typing.
    pub(crate) fn from_page(page: &Response) -> Self {
        let (_, after) = page
            .body
            .split_once("id=\"key\"")
            .unwrap_or_else(|| panic!("no key: {}", page.body));
        let (_, after) = after.split_once('>').unwrap();
        let (text, _) = after.split_once('<').unwrap();
        let mut bytes = Vec::new();
        let (mut buffer, mut bits) = (0_u32, 0);
        for symbol in text.chars().filter(|c| !c.is_whitespace()) {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(symbol).unwrap();
            buffer = buffer << 5 | u32::try_from(value).unwrap();
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from(buffer >> bits & 0xff).unwrap());
            }
        }
        assert_eq!(bytes.len(), 20, "{text}");
        Self(bytes)
    }

    pub(crate) fn code(&self, now: DateTime<Utc>) -> String {
        let step = u64::try_from(now.timestamp()).unwrap() / 30;
        let key = PKey::hmac(&self.0).unwrap();
        let mut signer = Signer::new(MessageDigest::sha1(), &key).unwrap();
        signer.update(&step.to_be_bytes()).unwrap();
        let mac = signer.sign_to_vec().unwrap();
        let offset = usize::from(mac[19] & 0xf);
        let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// A code that is wrong at `now`.
    pub(crate) fn wrong_code(&self, now: DateTime<Utc>) -> String {
        let around = [-30, 0, 30].map(|seconds| self.code(now + chrono::TimeDelta::seconds(seconds)));
        (0..10)
            .map(|digit| format!("{digit}00000"))
            .find(|code| !around.contains(code))
            .unwrap()
    }
}

/// Sends the form of `page`, which sets up an authenticator application.
pub(crate) fn enrol(browser: &mut Browser, page: &Response, code: &str) -> Response {
    let values = ["csrf", "enrolment", "required", "continue"].map(|name| (name, page.field(name)));
    let mut fields = vec![("code", code), ("name", "Work phone")];
    for (name, value) in &values {
        fields.extend(value.as_deref().map(|value| (*name, value)));
    }
    browser.post("/account/second-factors/add", &fields)
}

/// Sends the form of `page`, which asks for a code.
pub(crate) fn give_code(browser: &mut Browser, page: &Response, code: &str, remember: bool) -> Response {
    let values = ["csrf", "ticket", "continue"].map(|name| (name, page.field(name)));
    let mut fields = vec![("code", code)];
    if remember {
        fields.push(("remember", "yes"));
    }
    for (name, value) in &values {
        fields.extend(value.as_deref().map(|value| (*name, value)));
    }
    browser.post("/login/second-factor", &fields)
}

/// The recovery codes that a page shows.
pub(crate) fn recovery_codes(page: &Response) -> Vec<String> {
    let (_, list) = page
        .body
        .split_once("<ol class=\"codes\"")
        .unwrap_or_else(|| panic!("no recovery codes: {}", page.body));
    let (list, _) = list.split_once("</ol>").unwrap();
    let items = list.split("<li>").skip(1);
    items
        .map(|item| item.split_once("</li>").unwrap().0.to_owned())
        .collect()
}
