//! Single logout from end to end: one user, several applications, each of which responds as the test says.

mod browsers;
mod chain;
mod late;
mod messages;
mod other_browsers;
mod posted;
mod responses;
mod senders;

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    clock::Clock,
    model::{
        application::{Application, Binding, LogoutEndpoint, SpUrl},
        name_id::EMAIL_ADDRESS,
        response_options::SignatureAlgorithm,
    },
    saml::{
        binding::redirect::{self, deflate_base64, percent_encode},
        signer::Signer,
        urn::{ASSERTION, PROTOCOL, RSA_SHA256},
    },
};
use roxmltree::Document;

use crate::support::{
    browser::Browser,
    http::{Response, unescape},
    inspect::{self, only_element},
    sql,
    sso_setup::ADA,
    test_server::{Database, PASSWORD, TestServer},
    test_sp::{TestSp, posted_response},
};

/// Every request of these tests has an `ID` of its own.
static REQUEST_COUNT: AtomicU32 = AtomicU32::new(0);

const SLO: &str = "https://login.fernweh.example/saml/slo";
/// Must arrive unchanged.
const RELAY_STATE: &str = "back/to?a=b&c=\"d\"'<e>+%20 \u{e9}";

/// How an application receives logout messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SloBinding {
    Redirect,
    Post,
    Unsupported,
}

/// An application that the test plays.
struct TestParticipant {
    sp: TestSp,
    slo: String,
    application: Application,
}

/// A server, Ada, and the applications where she signs in.
struct LogoutSetup {
    server: TestServer,
    participants: Vec<TestParticipant>,
}

/// A `LogoutRequest` of ours, as the application receives it.
struct ReceivedLogoutRequest {
    /// Index into `LogoutSetup::participants`.
    participant: usize,
    xml: String,
    id: String,
    relay_state: Option<String>,
    /// The whole URL, if it came by redirect.
    redirect_url: Option<String>,
}

/// What an application does when it receives a LogoutRequest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ParticipantReply {
    /// A signed response with this status below `Success`, or with `Responder`.
    Success,
    PartialLogout,
    Responder,
    /// An unsigned response.
    Unsigned,
    /// The browser waits, and the page's script continues after 10 seconds.
    NoResponse,
    /// It shows an error, and the user returns and continues.
    ErrorPage,
}

/// How a logout ended.
#[derive(Debug)]
enum LogoutOutcome {
    /// On our own page.
    FinalPage(Response),
    /// At the application that began it: our last page, and this LogoutResponse.
    LogoutResponse(Response, ReceivedLogoutResponse),
}

/// A `LogoutResponse` of ours.
#[derive(Debug)]
struct ReceivedLogoutResponse {
    xml: String,
    relay_state: Option<String>,
    /// The URL without the message.
    location: String,
    /// The whole URL, if it was a redirect.
    redirect_url: Option<String>,
}

impl LogoutSetup {
    fn new(database: &Database, takes: &[(&'static str, SloBinding)]) -> Self {
        let server = TestServer::start(database, &[]);
        server.add_user(ADA, "Ada", "Lovelace");
        let peers = takes
            .iter()
            .map(|(name, takes)| TestParticipant::register(&server, name, *takes))
            .collect();
        Self {
            server,
            participants: peers,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.server.clock.now()
    }

    /// A browser in which Ada has signed in at all of `peers`, and her `SessionIndex` at each.
    fn browser_signed_in_at(&self, peers: &[usize]) -> (Browser, Vec<String>) {
        let mut browser = self.server.browser();
        let page = browser.get_following_redirects("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        let indexes = peers
            .iter()
            .map(|peer| self.sign_in_at(&mut browser, *peer))
            .collect();
        (browser, indexes)
    }

    fn sign_in_at(&self, browser: &mut Browser, peer: usize) -> String {
        self.server.clock.advance(TimeDelta::milliseconds(1));
        let sp = &self.participants[peer].sp;
        let id = format!("_open-{}", REQUEST_COUNT.fetch_add(1, Ordering::Relaxed));
        let (xml, _) = posted_response(&browser.get(&sp.sso_url(&id, self.now())));
        let document = Document::parse(&xml).unwrap();
        let index = only_element(&document, "AuthnStatement").attribute("SessionIndex");
        index.unwrap().to_owned()
    }

    /// The URL of a signed `LogoutRequest` of a participant.
    fn logout_request_url(&self, peer: usize, id: &str, index: Option<&str>) -> String {
        let sp = &self.participants[peer].sp;
        let xml = sp.logout_request(id, self.now(), SLO, (ADA, EMAIL_ADDRESS), index);
        format!("/saml/slo?{}", sp.redirect_query(&xml, Some(RELAY_STATE), true))
    }

    /// Presses *Sign out* on the user's page; returns our next page.
    fn sign_out(browser: &mut Browser) -> Response {
        let csrf = browser.get("/").field("csrf").unwrap();
        let response = browser.post("/logout", &[("csrf", &csrf)]);
        follow_own_redirect(browser, response)
    }

    /// Plays the browser with its script, from our `page` on, and the applications, until the logout is over.
    fn run_to_end(
        &self,
        browser: &mut Browser,
        mut page: Response,
        replies: &dyn Fn(&ReceivedLogoutRequest) -> ParticipantReply,
    ) -> LogoutOutcome {
        for _step in 0..20 {
            assert_logout_page(&page);
            let Some(link) = automatic_link(&page) else {
                let Some(hop_id) = page.field("hop") else {
                    return LogoutOutcome::FinalPage(page);
                };
                page = press_continue(browser, &page, &hop_id);
                continue;
            };
            let forwarded = browser.get(&link);
            if let Some(back) = self.receive_response(&forwarded) {
                return LogoutOutcome::LogoutResponse(page, back);
            }
            let request = self.receive_request(&forwarded);
            let way = if forwarded.status == 200 {
                &forwarded
            } else {
                &page
            };
            page = match replies(&request) {
                ParticipantReply::NoResponse => press_continue(browser, way, &way.field("hop").unwrap()),
                ParticipantReply::ErrorPage => {
                    let list = browser.get(&logout_path(way));
                    assert!(
                        automatic_link_unchecked(&list).is_none(),
                        "nobody is asked twice: {}",
                        list.body
                    );
                    assert!(list.body.contains(">Continue</button>"), "{}", list.body);
                    list
                }
                reply @ (ParticipantReply::Success
                | ParticipantReply::PartialLogout
                | ParticipantReply::Responder
                | ParticipantReply::Unsigned) => {
                    let answer =
                        self.participants[request.participant].reply_url(&request, self.now(), reply);
                    let response = browser.get(&answer);
                    follow_own_redirect(browser, response)
                }
            };
        }
        panic!("it goes on for ever: {}", page.body);
    }

    /// Our `LogoutRequest` as `forwarded` carries it to a participant.
    fn receive_request(&self, forwarded: &Response) -> ReceivedLogoutRequest {
        let (location, xml, relay_state, address) = match forwarded.status {
            303 => {
                let address = forwarded.location().to_owned();
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
                let (location, xml) = message_form(forwarded, "SAMLRequest");
                (location, xml, forwarded.field("RelayState"), None)
            }
            other => panic!("{other}: {}", forwarded.body),
        };
        let peer = self.participants.iter().position(|peer| peer.slo == location);
        let id = attribute(&xml, "LogoutRequest", "ID");
        ReceivedLogoutRequest {
            participant: peer.unwrap_or_else(|| panic!("nobody takes requests at {location}")),
            xml,
            id,
            relay_state,
            redirect_url: address,
        }
    }

    /// Our `LogoutResponse`, if `forwarded` carries one.
    fn receive_response(&self, forwarded: &Response) -> Option<ReceivedLogoutResponse> {
        let back = if forwarded.status == 303 {
            let address = forwarded.location().to_owned();
            let at = address.find("SAMLResponse=")?;
            let inbound = redirect::decode(&address[at..]).unwrap();
            ReceivedLogoutResponse {
                xml: inbound.xml,
                relay_state: inbound.relay_state,
                location: address[..at - 1].to_owned(),
                redirect_url: Some(address),
            }
        } else {
            forwarded.field("SAMLResponse")?;
            let (location, xml) = message_form(forwarded, "SAMLResponse");
            ReceivedLogoutResponse {
                xml,
                relay_state: forwarded.field("RelayState"),
                location,
                redirect_url: None,
            }
        };
        assert!(
            self.participants.iter().any(|peer| peer.slo == back.location),
            "{}",
            back.location
        );
        Some(back)
    }
}

impl TestParticipant {
    fn register(server: &TestServer, name: &'static str, takes: SloBinding) -> Self {
        let host = name.to_lowercase();
        let sp = TestSp::new(
            &format!("urn:test:{host}"),
            &format!("https://{host}.example/acs"),
        );
        let slo = format!("https://{host}.example/slo?tenant=1");
        let application = server.add_application(name, &sp.entity_id, &sp.acs, |new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.logout = match takes {
                SloBinding::Unsupported => None,
                SloBinding::Redirect => Some(endpoint(Binding::Redirect, &slo)),
                SloBinding::Post => Some(endpoint(Binding::Post, &slo)),
            };
        });
        Self { sp, slo, application }
    }

    /// The URL that carries its response, as a service provider makes it.
    fn reply_url(
        &self,
        request: &ReceivedLogoutRequest,
        now: DateTime<Utc>,
        reply: ParticipantReply,
    ) -> String {
        let codes: &[&str] = match reply {
            ParticipantReply::PartialLogout => &["Success", "PartialLogout"],
            ParticipantReply::Responder => &["Responder"],
            ParticipantReply::Success
            | ParticipantReply::Unsigned
            | ParticipantReply::NoResponse
            | ParticipantReply::ErrorPage => &["Success"],
        };
        let xml = logout_response_xml(&self.sp.entity_id, Some(&request.id), SLO, codes, now);
        self.logout_response_url(
            &xml,
            request.relay_state.as_deref(),
            reply != ParticipantReply::Unsigned,
        )
    }

    /// The URL that carries a `LogoutResponse`.
    fn logout_response_url(&self, xml: &str, relay_state: Option<&str>, signed: bool) -> String {
        let mut query = format!("SAMLResponse={}", percent_encode(&deflate_base64(xml)));
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
        location: SpUrl::parse(slo).unwrap(),
        response_location: None,
    }
}

/// A `LogoutResponse` of a service provider.
fn logout_response_xml(
    issuer: &str,
    to: Option<&str>,
    destination: &str,
    codes: &[&str],
    now: DateTime<Utc>,
) -> String {
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

/// Follows our own redirect; our forms never leave our site.
fn follow_own_redirect(browser: &mut Browser, response: Response) -> Response {
    if response.status == 303 {
        let next = response.location().to_owned();
        assert!(next.starts_with('/'), "a redirect to {next}");
        return browser.get(&next);
    }
    response
}

/// Presses *Continue*.
fn press_continue(browser: &mut Browser, page: &Response, hop_id: &str) -> Response {
    let response = browser.post(&logout_path(page), &[("hop", hop_id)]);
    follow_own_redirect(browser, response)
}

/// Asserts what holds for every page of a logout.
fn assert_logout_page(page: &Response) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'"), "{policy}");
}

/// Where the page leads without a click.
fn automatic_link_unchecked(page: &Response) -> Option<String> {
    let tag = page
        .body
        .split('<')
        .find(|tag| tag.starts_with("a ") && tag.contains("id=\"go\""))?;
    Some(unescape(tag.split_once("href=\"")?.1.split_once('"')?.0))
}

fn automatic_link(page: &Response) -> Option<String> {
    let link = automatic_link_unchecked(page)?;
    assert!(link.starts_with("/logout/") && link.ends_with("/go"), "{link}");
    Some(link)
}

/// The path of the logout that a page shows.
fn logout_path(page: &Response) -> String {
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

/// Action and message of the form with this field.
fn message_form(page: &Response, field: &str) -> (String, String) {
    let xml = STANDARD.decode(page.field(field).unwrap()).unwrap();
    (page.form_action().unwrap(), String::from_utf8(xml).unwrap())
}

fn attribute(xml: &str, element: &str, name: &str) -> String {
    let document = Document::parse(xml).unwrap();
    only_element(&document, element)
        .attribute(name)
        .unwrap()
        .to_owned()
}

/// Name and badge of each application on a logout page.
fn participant_badges(page: &Response) -> Vec<(String, String)> {
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

fn owned_pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(name, badge)| ((*name).to_owned(), (*badge).to_owned()))
        .collect()
}

/// The audit log's rows about logouts, in order.
fn logout_audit_rows(setup: &LogoutSetup) -> Vec<String> {
    sql::texts(
        &setup.server.settings,
        "SELECT action || ' ' || outcome || ': ' || coalesce(detail, '') AS t FROM audit_events \
         WHERE action IN ('logout', 'single_logout') ORDER BY at, action",
    )
}

fn response_status(back: &ReceivedLogoutResponse) -> (String, Option<String>) {
    inspect::status_codes(&back.xml)
}

fn success() -> (String, Option<String>) {
    ("Success".to_owned(), None)
}

fn partial_logout() -> (String, Option<String>) {
    ("Success".to_owned(), Some("PartialLogout".to_owned()))
}
