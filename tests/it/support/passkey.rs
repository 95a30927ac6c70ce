//! An authenticator with passkeys, made of P-256 alone: CBOR and COSE are written by hand (webauthn-3, 6).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rand::rand_bytes,
    sha::sha256,
    sign::Signer,
};
use serde_json::{Value, json};

use crate::support::{
    browser::Browser,
    http::{Response, unescape},
};

/// The address of a server that a test starts without another one.
pub(crate) const ORIGIN: &str = "https://login.fernweh.example";

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const HAS_CREDENTIAL: u8 = 0x40;

/// A passkey in an authenticator, and in the browser around it. What is public may be changed by a test, to be wrong.
#[derive(Clone)]
pub(crate) struct Passkey {
    key: EcKey<Private>,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) counter: u32,
    pub(crate) verifies_user: bool,
    /// What the browser says where it is.
    pub(crate) origin: String,
    /// What the authenticator says whom it answers; what it was asked for if empty.
    pub(crate) rp_id: String,
}

impl Passkey {
    pub(crate) fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let mut credential_id = vec![0; 32];
        rand_bytes(&mut credential_id).unwrap();
        Self {
            key: EcKey::generate(&group).unwrap(),
            credential_id,
            user_handle: None,
            counter: 0,
            verifies_user: true,
            origin: ORIGIN.to_owned(),
            rp_id: String::new(),
        }
    }

    /// Makes the passkey that a page asks for: the JSON of the answer.
    pub(crate) fn create(&mut self, page: &Response) -> String {
        let options = options(page);
        let handle = options["user"]["id"].as_str().unwrap();
        self.user_handle = Some(URL_SAFE_NO_PAD.decode(handle).unwrap());
        let mut data = self.authenticator_data(&options["rp"]["id"], HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.cose_key());
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let client_data = self.client_data("webauthn.create", &options);
        let response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
            "transports": ["internal", "smart-card"],
        });
        self.credential(&response)
    }

    /// Answers what a page asks: the JSON of the answer.
    pub(crate) fn answer(&self, page: &Response) -> String {
        self.answer_to(&options(page))
    }

    /// The same for options.
    pub(crate) fn answer_to(&self, options: &Value) -> String {
        let data = self.authenticator_data(&options["rpId"], 0);
        let client_data = self.client_data("webauthn.get", options);
        let key = PKey::from_ec_key(self.key.clone()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(&data).unwrap();
        signer.update(&sha256(client_data.as_bytes())).unwrap();
        let handle = self.user_handle.as_ref();
        let response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signer.sign_to_vec().unwrap()),
            "userHandle": handle.map(|handle| URL_SAFE_NO_PAD.encode(handle)),
        });
        self.credential(&response)
    }

    fn credential(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": response,
            "clientExtensionResults": { "credProps": { "rk": true } },
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
    }

    fn authenticator_data(&self, asked: &Value, flags: u8) -> Vec<u8> {
        let rp_id = if self.rp_id.is_empty() {
            asked.as_str().unwrap()
        } else {
            &self.rp_id
        };
        let verified = if self.verifies_user { USER_VERIFIED } else { 0 };
        let mut data = sha256(rp_id.as_bytes()).to_vec();
        data.push(USER_PRESENT | BACKUP_ELIGIBLE | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    fn cose_key(&self) -> Vec<u8> {
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        self.key
            .public_key()
            .affine_coordinates_gfp(self.key.group(), &mut x, &mut y, &mut context)
            .unwrap();
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(x.to_vec_padded(32).unwrap());
        key.extend(b"\x22\x58\x20");
        key.extend(y.to_vec_padded(32).unwrap());
        key
    }
}

/// What a page asks the browser.
pub(crate) fn options(page: &Response) -> Value {
    let (_, after) = page
        .body
        .split_once("data-options=\"")
        .unwrap_or_else(|| panic!("no passkey is asked for: {} {}", page.status, page.body));
    let (text, _) = after.split_once('"').unwrap();
    serde_json::from_str(&unescape(text)).unwrap()
}

/// Whether a page asks for a passkey.
pub(crate) fn asks_for_passkey(page: &Response) -> bool {
    page.body.contains("data-options=\"")
}

/// Sends the form of `page`, which adds a passkey.
pub(crate) fn add_passkey(browser: &mut Browser, page: &Response, answer: &str) -> Response {
    let fields = ["csrf", "state", "required", "continue"];
    let others = [("credential", answer), ("name", "Laptop")];
    send(
        browser,
        "/account/second-factors/add-passkey",
        page,
        &fields,
        &others,
    )
}

/// Sends the form of `page`, which asks for a second factor.
pub(crate) fn give_passkey(browser: &mut Browser, page: &Response, answer: &str) -> Response {
    let fields = ["csrf", "ticket", "state", "continue"];
    let others = [("credential", answer)];
    send(browser, "/login/second-factor", page, &fields, &others)
}

/// Sends the form of `page` for whoever signs in with a passkey alone.
pub(crate) fn sign_in_with(browser: &mut Browser, page: &Response, answer: &str) -> Response {
    let fields = ["csrf", "state", "continue"];
    send(
        browser,
        "/login/passkey",
        page,
        &fields,
        &[("credential", answer)],
    )
}

fn send(
    browser: &mut Browser,
    target: &str,
    page: &Response,
    names: &[&'static str],
    others: &[(&str, &str)],
) -> Response {
    let values: Vec<_> = names.iter().map(|name| (*name, page.field(name))).collect();
    let mut fields = others.to_vec();
    for (name, value) in &values {
        fields.extend(value.as_deref().map(|value| (*name, value)));
    }
    browser.post(target, &fields)
}
