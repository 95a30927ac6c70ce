//! Single logout, whole: one person, several applications, each of which does as the test says.

mod answers;
mod bringers;
mod browsers;
mod chain;
mod late;
mod messages;
mod posted;
mod senders;

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    clock::Clock,
    model::{
        application::{AcsUrl, Application, Binding, LogoutEndpoint},
        making::SignatureAlgorithm,
        name_id::EMAIL_ADDRESS,
    },
    saml::{
        binding::redirect::{self, deflated, percent_encode},
        signer::Signer,
        urn::{ASSERTION, PROTOCOL, RSA_SHA256},
    },
};
use roxmltree::Document;

use crate::support::{
    browser::Browser,
    house::{Database, House, PASSWORD},
    http::{Response, unescape},
    judge::{self, only},
    rows,
    scene::ADA,
    sp::{TestSp, posted},
};

/// Every request of these tests has an `ID` of its own.
static OPENED: AtomicU32 = AtomicU32::new(0);

const SLO: &str = "https://login.fernweh.example/saml/slo";
/// Nothing of it may be changed on its way.
const RELAY: &str = "back/to?a=b&c=\"d\"'<e>+%20 \u{e9}";

/// How an application takes logout messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Takes {
    Redirect,
    Post,
    Nothing,
}

/// An application that the test plays.
struct Peer {
    sp: TestSp,
    slo: String,
    application: Application,
}

/// A house, Ada, and the applications that she opens.
struct Town {
    house: House,
    peers: Vec<Peer>,
}

/// A `LogoutRequest` of ours, as the application gets it.
struct Asked {
    /// Its place among the peers.
    peer: usize,
    xml: String,
    id: String,
    relay_state: Option<String>,
    /// Whole, where it came by redirect.
    address: Option<String>,
}

/// What an application does when it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reply {
    /// It answers, with this status below `Success`, or with `Responder`.
    Success,
    Partial,
    Failure,
    /// It answers unsigned.
    Unsigned,
    /// The browser waits for it, and the page's script goes on after 10 seconds.
    Silence,
    /// It shows an error, and the person comes back and goes on.
    Error,
}

/// How a walk ended.
#[derive(Debug)]
enum End {
    /// On our own page.
    Page(Response),
    /// At the application that began it: with this page of ours before, and this answer.
    Answer(Response, Back),
}

/// A `LogoutResponse` of ours.
#[derive(Debug)]
struct Back {
    xml: String,
    relay_state: Option<String>,
    /// Where it went, without the message.
    location: String,
    /// Whole, where it went by redirect.
    address: Option<String>,
}

impl Town {
    fn new(database: &Database, takes: &[(&'static str, Takes)]) -> Self {
        let house = House::start(database, &[]);
        house.add_person(ADA, "Ada", "Lovelace");
        let peers = takes
            .iter()
            .map(|(name, takes)| Peer::register(&house, name, *takes))
            .collect();
        Self { house, peers }
    }

    fn now(&self) -> DateTime<Utc> {
        self.house.clock.now()
    }

    /// A browser in which Ada has opened all of `peers`; their `SessionIndex`es.
    fn opened(&self, peers: &[usize]) -> (Browser, Vec<String>) {
        let mut browser = self.house.browser();
        let page = browser.follow("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        let indexes = peers.iter().map(|peer| self.open(&mut browser, *peer)).collect();
        (browser, indexes)
    }

    fn open(&self, browser: &mut Browser, peer: usize) -> String {
        self.house.clock.advance(TimeDelta::milliseconds(1));
        let sp = &self.peers[peer].sp;
        let id = format!("_open-{}", OPENED.fetch_add(1, Ordering::Relaxed));
        let (xml, _) = posted(&browser.get(&sp.sign_on_address(&id, self.now())));
        let document = Document::parse(&xml).unwrap();
        let index = only(&document, "AuthnStatement").attribute("SessionIndex");
        index.unwrap().to_owned()
    }

    /// The address of a signed `LogoutRequest` of a peer.
    fn request(&self, peer: usize, id: &str, index: Option<&str>) -> String {
        let sp = &self.peers[peer].sp;
        let xml = sp.logout_request(id, self.now(), SLO, (ADA, EMAIL_ADDRESS), index);
        format!("/saml/slo?{}", sp.query(&xml, Some(RELAY), true))
    }

    /// Presses *Sign out* on the person's page; the page of ours that follows.
    fn sign_out(browser: &mut Browser) -> Response {
        let csrf = browser.get("/").field("csrf").unwrap();
        let response = browser.post("/logout", &[("csrf", &csrf)]);
        arrive(browser, response)
    }

    /// Plays the browser with its script, from our `page` on, and the applications, until it is over.
    fn walk(&self, browser: &mut Browser, mut page: Response, replies: &dyn Fn(&Asked) -> Reply) -> End {
        for _step in 0..20 {
            is_ours(&page);
            let Some(go) = go(&page) else {
                let Some(hop) = page.field("hop") else {
                    return End::Page(page);
                };
                page = give_up(browser, &page, &hop);
                continue;
            };
            let departure = browser.get(&go);
            if let Some(back) = self.back(&departure) {
                return End::Answer(page, back);
            }
            let asked = self.asked(&departure);
            let way = if departure.status == 200 {
                &departure
            } else {
                &page
            };
            page = match replies(&asked) {
                Reply::Silence => give_up(browser, way, &way.field("hop").unwrap()),
                Reply::Error => {
                    let list = browser.get(&address_of(way));
                    assert!(
                        go_or_none(&list).is_none(),
                        "nobody is asked twice: {}",
                        list.body
                    );
                    assert!(list.body.contains(">Continue</button>"), "{}", list.body);
                    list
                }
                reply @ (Reply::Success | Reply::Partial | Reply::Failure | Reply::Unsigned) => {
                    let answer = self.peers[asked.peer].answer(&asked, self.now(), reply);
                    let response = browser.get(&answer);
                    arrive(browser, response)
                }
            };
        }
        panic!("it goes on for ever: {}", page.body);
    }

    /// Our `LogoutRequest` on its way to a peer.
    fn asked(&self, departure: &Response) -> Asked {
        let (location, xml, relay_state, address) = match departure.status {
            303 => {
                let address = departure.location().to_owned();
                let at = address
                    .find("SAMLRequest=")
                    .unwrap_or_else(|| panic!("{address}"));
                let inbound = redirect::decode(&address[at..]).unwrap();
                (
                    address[..at - 1].to_owned(),
                    inbound.xml,
                    inbound.relay_state,
                    Some(address),
                )
            }
            200 => {
                let (location, xml) = form_to(departure, "SAMLRequest");
                (location, xml, departure.field("RelayState"), None)
            }
            other => panic!("{other}: {}", departure.body),
        };
        let peer = self.peers.iter().position(|peer| peer.slo == location);
        let id = attribute(&xml, "LogoutRequest", "ID");
        Asked {
            peer: peer.unwrap_or_else(|| panic!("nobody takes requests at {location}")),
            xml,
            id,
            relay_state,
            address,
        }
    }

    /// Our `LogoutResponse` on its way, if that is what `departure` carries.
    fn back(&self, departure: &Response) -> Option<Back> {
        let back = if departure.status == 303 {
            let address = departure.location().to_owned();
            let at = address.find("SAMLResponse=")?;
            let inbound = redirect::decode(&address[at..]).unwrap();
            Back {
                xml: inbound.xml,
                relay_state: inbound.relay_state,
                location: address[..at - 1].to_owned(),
                address: Some(address),
            }
        } else {
            departure.field("SAMLResponse")?;
            let (location, xml) = form_to(departure, "SAMLResponse");
            Back {
                xml,
                relay_state: departure.field("RelayState"),
                location,
                address: None,
            }
        };
        assert!(
            self.peers.iter().any(|peer| peer.slo == back.location),
            "{}",
            back.location
        );
        Some(back)
    }
}

impl Peer {
    fn register(house: &House, name: &'static str, takes: Takes) -> Self {
        let host = name.to_lowercase();
        let sp = TestSp::new(
            &format!("urn:test:{host}"),
            &format!("https://{host}.example/acs"),
        );
        let slo = format!("https://{host}.example/slo?tenant=1");
        let application = house.add_application(name, &sp.entity_id, &sp.acs, |new| {
            new.saml.certificates = vec![sp.certificate()];
            new.saml.logout = match takes {
                Takes::Nothing => None,
                Takes::Redirect => Some(endpoint(Binding::Redirect, &slo)),
                Takes::Post => Some(endpoint(Binding::Post, &slo)),
            };
        });
        Self { sp, slo, application }
    }

    /// The address that carries its answer, as it makes it.
    fn answer(&self, asked: &Asked, now: DateTime<Utc>, reply: Reply) -> String {
        let codes: &[&str] = match reply {
            Reply::Partial => &["Success", "PartialLogout"],
            Reply::Failure => &["Responder"],
            Reply::Success | Reply::Unsigned | Reply::Silence | Reply::Error => &["Success"],
        };
        let xml = response(&self.sp.entity_id, Some(&asked.id), SLO, codes, now);
        self.carry(&xml, asked.relay_state.as_deref(), reply != Reply::Unsigned)
    }

    /// The address that carries a `LogoutResponse`.
    fn carry(&self, xml: &str, relay_state: Option<&str>, signed: bool) -> String {
        let mut query = format!("SAMLResponse={}", percent_encode(&deflated(xml)));
        if let Some(relay_state) = relay_state {
            query.push_str(&format!("&RelayState={}", percent_encode(relay_state)));
        }
        if signed {
            query.push_str(&format!("&SigAlg={}", percent_encode(RSA_SHA256)));
            let key = Signer::new(&self.sp.key).unwrap();
            let signature = STANDARD.encode(
                key.sign_octets(SignatureAlgorithm::RsaSha256, query.as_bytes())
                    .unwrap(),
            );
            query.push_str(&format!("&Signature={}", percent_encode(&signature)));
        }
        format!("/saml/slo?{query}")
    }
}

fn endpoint(binding: Binding, slo: &str) -> LogoutEndpoint {
    LogoutEndpoint {
        binding,
        location: AcsUrl::parse(slo).unwrap(),
        response_location: None,
    }
}

/// A `LogoutResponse` of a service provider.
fn response(issuer: &str, to: Option<&str>, destination: &str, codes: &[&str], now: DateTime<Utc>) -> String {
    let to = to.map(|id| format!(" InResponseTo=\"{id}\"")).unwrap_or_default();
    let open =
        |code: &&str| format!("<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{code}\">");
    let codes: String = codes
        .iter()
        .map(open)
        .chain(codes.iter().map(|_| "</samlp:StatusCode>".to_owned()))
        .collect();
    format!(
        "<samlp:LogoutResponse xmlns:samlp=\"{PROTOCOL}\" Destination=\"{destination}\" ID=\"_a{}\"{to} IssueInstant=\"{}\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">{issuer}</saml:Issuer><samlp:Status>{codes}</samlp:Status></samlp:LogoutResponse>",
        now.timestamp_micros(),
        now.format("%Y-%m-%dT%H:%M:%SZ"),
    )
}

/// Follows our own redirect; a form of ours never leads off our site.
fn arrive(browser: &mut Browser, response: Response) -> Response {
    if response.status == 303 {
        let next = response.location().to_owned();
        assert!(next.starts_with('/'), "a redirect to {next}");
        return browser.get(&next);
    }
    response
}

/// Presses *Continue*.
fn give_up(browser: &mut Browser, page: &Response, hop: &str) -> Response {
    let response = browser.post(&address_of(page), &[("hop", hop)]);
    arrive(browser, response)
}

/// What every page of a logout is.
fn is_ours(page: &Response) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'"), "{policy}");
}

/// Where the page goes by itself.
fn go_or_none(page: &Response) -> Option<String> {
    let tag = page
        .body
        .split('<')
        .find(|tag| tag.starts_with("a ") && tag.contains("id=\"go\""))?;
    Some(unescape(tag.split_once("href=\"")?.1.split_once('"')?.0))
}

fn go(page: &Response) -> Option<String> {
    let go = go_or_none(page)?;
    assert!(go.starts_with("/logout/") && go.ends_with("/go"), "{go}");
    Some(go)
}

/// The address of the logout that a page is of.
fn address_of(page: &Response) -> String {
    let at = page
        .body
        .find("/logout/")
        .unwrap_or_else(|| panic!("{}", page.body));
    page.body[at..]
        .split(['"', '/'])
        .take(3)
        .collect::<Vec<_>>()
        .join("/")
}

/// Address and message of the form with this field.
fn form_to(page: &Response, field: &str) -> (String, String) {
    let xml = STANDARD.decode(page.field(field).unwrap()).unwrap();
    (page.form_action().unwrap(), String::from_utf8(xml).unwrap())
}

fn attribute(xml: &str, element: &str, name: &str) -> String {
    let document = Document::parse(xml).unwrap();
    only(&document, element).attribute(name).unwrap().to_owned()
}

/// Name and badge of each application on a page of a logout.
fn badges(page: &Response) -> Vec<(String, String)> {
    let rows = page.body.split("<li class=\"who\">").skip(1);
    let text = |row: &str, before: &str| {
        let rest = row
            .split_once(before)
            .unwrap_or_else(|| panic!("{before} in {row}"))
            .1;
        unescape(rest.split_once('<').unwrap().0)
    };
    rows.map(|row| {
        let badge = row.split_once("class=\"badge push\"").unwrap().1;
        (text(row, "<bdi>"), text(badge, ">"))
    })
    .collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(name, badge)| ((*name).to_owned(), (*badge).to_owned()))
        .collect()
}

/// What the trail says of logouts, in its order.
fn trail(town: &Town) -> Vec<String> {
    rows::texts(
        &town.house.settings,
        "SELECT action || ' ' || outcome || ': ' || coalesce(detail, '') AS t FROM audit_events \
         WHERE action IN ('logout', 'single_logout') ORDER BY at, action",
    )
}

fn status(back: &Back) -> (String, Option<String>) {
    judge::status(&back.xml)
}

fn success() -> (String, Option<String>) {
    ("Success".to_owned(), None)
}

fn partial() -> (String, Option<String>) {
    ("Success".to_owned(), Some("PartialLogout".to_owned()))
}
