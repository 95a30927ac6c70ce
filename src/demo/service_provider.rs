//! The demo's service provider: samael writes requests and reads responses, the xmlsec crate verifies signatures.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    cookie::{Cookie, SameSite},
    dev::ServerHandle,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION},
    web::{self, Data, Form},
};
use anyhow::{Result, bail};
use askama::Template;

use crate::{
    crypto::generate,
    model::{
        application::{EntityId, SpUrl},
        id::KeyId,
        key::{Certificate, SigningKey},
        name_id::NameId,
        policy::Policy,
        response_options::SignatureAlgorithm,
    },
    provider::Provider,
    saml::{
        binding::{
            inbound::{InboundMessage, MessageKind},
            redirect,
        },
        logout::{
            request::{self, LogoutRequestContent},
            response::{self, LogoutResponseContent},
        },
        second_opinion::{self, Expected, ParsedResponse},
        signature::VerificationOutcome,
        signer::Signer,
        urn::status,
    },
    web::assets,
};

/// Its entity ID.
pub(super) const ENTITY_ID: &str = "demo-service-provider";
/// How many requests and sessions it remembers; a demo needs no more.
const MAX_REMEMBERED: usize = 100;

pub(super) struct DemoServiceProvider(Arc<Inner>);

struct Inner {
    provider: Provider,
    site: String,
    email: String,
    password: String,
    key: SigningKey,
    state: Mutex<DemoState>,
}

#[derive(Default)]
struct DemoState {
    request_ids: BTreeSet<String>,
    sessions: BTreeMap<String, ParsedResponse>,
}

pub(super) struct RunningServiceProvider {
    handle: ServerHandle,
    thread: thread::JoinHandle<std::io::Result<()>>,
}

#[derive(Template)]
#[template(path = "service_provider.html", config = "src/demo/askama.toml")]
struct DemoPage<'a> {
    view: DemoView,
    email: &'a str,
    password: &'a str,
    portal: &'a str,
}

enum DemoView {
    SignedOut { signed_out: bool },
    SignedIn(ParsedResponse),
    Refused { why: String },
}

#[derive(serde::Deserialize)]
struct PostedResponse {
    #[serde(rename = "SAMLResponse", default)]
    response: String,
}

impl DemoServiceProvider {
    pub(super) fn new(provider: &Provider, site: &str, email: &str, password: &str) -> Result<Self> {
        let now = provider.now();
        let key = generate::generate(KeyId::new(now, [0; 10]), "localhost", now)?;
        Ok(Self(Arc::new(Inner {
            provider: provider.clone(),
            site: site.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            key,
            state: Mutex::default(),
        })))
    }

    pub(super) fn certificate(&self) -> Certificate {
        self.0.key.certificate.clone()
    }

    pub(super) fn serve(self, listener: TcpListener) -> Result<RunningServiceProvider> {
        let data = Data::new(self);
        let (ready, started) = mpsc::channel();
        let thread = thread::Builder::new().name("demo".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .app_data(web::FormConfig::default().limit(256 * 1024))
                        .route("/", web::get().to(home))
                        .route("/sign-in", web::get().to(sign_in))
                        .route("/acs", web::post().to(receive_response))
                        .route("/sign-out", web::get().to(sign_out))
                        .route("/slo", web::get().to(slo))
                        .route(assets::STYLE_PATH, web::get().to(assets::style))
                        .route(assets::LOGO_PATH, web::get().to(assets::logo))
                })
                .workers(1)
                .listen(listener)?
                .run();
                // The receiver waits for exactly this.
                let _sent = ready.send(server.handle());
                server.await
            })
        })?;
        let Ok(handle) = started.recv() else {
            bail!("the demo service provider did not start")
        };
        Ok(RunningServiceProvider { handle, thread })
    }
}

impl RunningServiceProvider {
    pub(super) fn stop(self) -> Result<()> {
        actix_web::rt::System::new().block_on(self.handle.stop(true));
        match self.thread.join() {
            Ok(ended) => Ok(ended?),
            Err(_broke) => bail!("the demo service provider broke"),
        }
    }
}

impl DemoServiceProvider {
    fn page(&self, view: DemoView) -> HttpResponse {
        let page = DemoPage {
            view,
            email: &self.0.email,
            password: &self.0.password,
            portal: self.0.provider.endpoints().base.origin(),
        };
        HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
            ))
            .body(page.render().unwrap_or_default())
    }

    fn refused(&self, why: &impl ToString) -> HttpResponse {
        self.page(DemoView::Refused { why: why.to_string() })
    }

    fn state<T>(&self, work: impl FnOnce(&mut DemoState) -> T) -> Option<T> {
        self.0.state.lock().ok().map(|mut state| work(&mut state))
    }

    fn session(&self, request: &HttpRequest) -> Option<ParsedResponse> {
        let cookie = request.cookie("demo-session")?;
        self.state(|state| state.sessions.get(cookie.value()).cloned())?
    }
}

async fn home(request: HttpRequest, sp: Data<DemoServiceProvider>) -> HttpResponse {
    match sp.session(&request) {
        Some(reading) => sp.page(DemoView::SignedIn(reading)),
        None => sp.page(DemoView::SignedOut {
            signed_out: request.query_string() == "signed-out",
        }),
    }
}

async fn sign_in(sp: Data<DemoServiceProvider>) -> HttpResponse {
    let id = format!("_{}", sp.0.provider.token().to_text().replace('-', "_"));
    let Ok(metadata) = sp.0.provider.saml().metadata() else {
        return sp.refused(&"no metadata");
    };
    let acs_url = format!("{}/acs", sp.0.site);
    let expected = Expected {
        idp_metadata: &metadata.body,
        entity_id: ENTITY_ID,
        acs: &acs_url,
        request_ids: None,
    };
    match second_opinion::authn_request_url(&expected, &sp.0.provider.endpoints().sso, &id, "demo") {
        Err(why) => sp.refused(&why),
        Ok(address) => {
            sp.state(|state| {
                if state.request_ids.len() >= MAX_REMEMBERED {
                    state.request_ids.pop_first();
                }
                state.request_ids.insert(id)
            });
            see_other(&address).finish()
        }
    }
}

async fn receive_response(sp: Data<DemoServiceProvider>, Form(posted): Form<PostedResponse>) -> HttpResponse {
    let Ok(metadata) = sp.0.provider.saml().metadata() else {
        return sp.refused(&"no metadata");
    };
    let request_ids: Vec<String> = sp
        .state(|state| state.request_ids.iter().cloned().collect())
        .unwrap_or_default();
    let ids: Vec<&str> = request_ids.iter().map(String::as_str).collect();
    let acs_url = format!("{}/acs", sp.0.site);
    let expected = Expected {
        idp_metadata: &metadata.body,
        entity_id: ENTITY_ID,
        acs: &acs_url,
        request_ids: Some(&ids),
    };
    match second_opinion::read_response(&posted.response, &expected) {
        Err(why) => sp.refused(&why),
        Ok(reading) => {
            let token = sp.0.provider.token().to_text();
            sp.state(|state| {
                if state.sessions.len() >= MAX_REMEMBERED {
                    state.sessions.pop_first();
                }
                state.sessions.insert(token.clone(), reading)
            });
            let cookie = Cookie::build("demo-session", token)
                .path("/")
                .http_only(true)
                .same_site(SameSite::Lax);
            see_other("/").cookie(cookie.finish()).finish()
        }
    }
}

/// Ends the session here, then asks Hallpass to end its own (saml-profiles, 4.4).
async fn sign_out(request: HttpRequest, sp: Data<DemoServiceProvider>) -> HttpResponse {
    let Some(reading) = sp.session(&request) else {
        return see_other("/").finish();
    };
    if let Some(cookie) = request.cookie("demo-session") {
        sp.state(|state| state.sessions.remove(cookie.value()));
    }
    match logout_address(&sp, &reading) {
        Ok(address) => see_other(&address).finish(),
        Err(why) => sp.refused(&why),
    }
}

fn logout_address(sp: &DemoServiceProvider, reading: &ParsedResponse) -> Result<String> {
    let content = LogoutRequestContent {
        issuer: &EntityId::parse(ENTITY_ID)?,
        id: &format!("_{}", sp.0.provider.token().to_text().replace('-', "_")),
        destination: &sp.0.provider.endpoints().slo,
        name_id: &NameId::plain(&reading.name_id.1, reading.name_id.0.clone()),
        session_index: &reading.session_index,
    };
    let message = request::write(&content, &Policy::default(), sp.0.provider.now())?;
    let signer = Signer::new(&sp.0.key)?;
    Ok(redirect::encode(
        content.destination,
        MessageKind::Request,
        &message.unsigned_xml(),
        Some("bye"),
        &signer,
        SignatureAlgorithm::RsaSha256,
    )?)
}

/// Receives Hallpass's LogoutResponse to the demo's own LogoutRequest, or Hallpass's LogoutRequest because the user
/// signed out elsewhere.
async fn slo(request: HttpRequest, sp: Data<DemoServiceProvider>) -> HttpResponse {
    let done = match redirect::decode(request.query_string()) {
        Ok(inbound) if inbound.kind == MessageKind::Response => {
            check_logout_response(&sp, &inbound).map(|()| "/?signed-out".to_owned())
        }
        Ok(inbound) => answer_logout_request(&sp, inbound),
        Err(why) => Err(why.into()),
    };
    match done {
        Ok(address) => see_other(&address).finish(),
        Err(why) => sp.refused(&why),
    }
}

fn check_logout_response(sp: &DemoServiceProvider, inbound: &InboundMessage) -> Result<()> {
    let (certificate, _) = sp.0.provider.saml().certificate_pem()?;
    match response::read(inbound)?.verify(&[certificate])? {
        VerificationOutcome::Signed(_) => Ok(()),
        VerificationOutcome::Unsigned(_) | VerificationOutcome::Unchecked(_) => {
            bail!("what arrived is no signed LogoutResponse")
        }
    }
}

/// Ends the session that a signed `LogoutRequest` names; the address that carries the `LogoutResponse`.
fn answer_logout_request(sp: &DemoServiceProvider, mut inbound: InboundMessage) -> Result<String> {
    let relay_state = inbound.relay_state.take();
    let (certificate, _) = sp.0.provider.saml().certificate_pem()?;
    let VerificationOutcome::Signed(request) = request::read(&inbound)?.verify(&[certificate])? else {
        bail!("what arrived is no signed LogoutRequest")
    };
    let request = request.into_inner();
    sp.state(|state| {
        state.sessions.retain(|_, reading| {
            reading.name_id.0 != request.name_id.value
                || !request.session_indexes.contains(&reading.session_index)
        });
    });
    let slo = &sp.0.provider.endpoints().slo;
    let content = LogoutResponseContent {
        issuer: &EntityId::parse(ENTITY_ID)?,
        id: &format!("_{}", sp.0.provider.token().to_text().replace('-', "_")),
        destination: &SpUrl::parse(slo)?,
        in_response_to: &request.id,
        status: (status::SUCCESS, None),
        status_message: None,
    };
    let message = response::write(&content, sp.0.provider.now())?;
    let signer = Signer::new(&sp.0.key)?;
    Ok(redirect::encode(
        slo,
        MessageKind::Response,
        &message.unsigned_xml(),
        relay_state.as_deref(),
        &signer,
        SignatureAlgorithm::RsaSha256,
    )?)
}

fn see_other(address: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((LOCATION, address))
        .insert_header((CACHE_CONTROL, "no-store"));
    response
}
