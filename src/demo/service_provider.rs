//! The demo's service provider: samael asks and reads, the xmlsec crate verifies.

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
    demo::ENTITY_ID,
    keys::generate,
    model::{
        application::{AcsUrl, EntityId},
        id::KeyId,
        key::{Certificate, SigningKey},
        making::SignatureAlgorithm,
        name_id::NameId,
        policy::Policy,
    },
    provider::Provider,
    saml::{
        binding::{
            inbound::{Carried, Inbound},
            redirect,
        },
        logout::{
            request::{self, Ask},
            response::{self, Answer},
        },
        second_opinion::{self, Expected, Reading},
        signature::Judged,
        signer::Signer,
        urn::status,
    },
    web::assets,
};

/// How many sign-ons and sessions it remembers; a demo needs no more.
const MOST: usize = 100;

/// What the service provider is.
pub(super) struct ServiceProvider(Arc<Inner>);

struct Inner {
    provider: Provider,
    site: String,
    email: String,
    password: String,
    key: SigningKey,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: BTreeSet<String>,
    sessions: BTreeMap<String, Reading>,
}

/// A running service provider.
pub(super) struct Running {
    handle: ServerHandle,
    thread: thread::JoinHandle<std::io::Result<()>>,
}

#[derive(Template)]
#[template(path = "service_provider.html", config = "src/demo/askama.toml")]
struct Page<'a> {
    view: View,
    email: &'a str,
    password: &'a str,
    portal: &'a str,
}

enum View {
    Nobody { signed_out: bool },
    Arrived(Reading),
    Refused { why: String },
}

#[derive(serde::Deserialize)]
struct Posted {
    #[serde(rename = "SAMLResponse", default)]
    response: String,
}

impl ServiceProvider {
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

    pub(super) fn serve(self, listener: TcpListener) -> Result<Running> {
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
                        .route("/acs", web::post().to(consume))
                        .route("/sign-out", web::get().to(sign_out))
                        .route("/slo", web::get().to(slo))
                        .route(assets::LOOK_PATH, web::get().to(assets::look))
                        .route(assets::LOGO_PATH, web::get().to(assets::logo))
                })
                .workers(1)
                .listen(listener)?
                .run();
                // The other end waits for exactly this.
                let _sent = ready.send(server.handle());
                server.await
            })
        })?;
        let Ok(handle) = started.recv() else {
            bail!("the demo service provider did not start")
        };
        Ok(Running { handle, thread })
    }
}

impl Running {
    pub(super) fn stop(self) -> Result<()> {
        actix_web::rt::System::new().block_on(self.handle.stop(true));
        match self.thread.join() {
            Ok(ended) => Ok(ended?),
            Err(_broke) => bail!("the demo service provider broke"),
        }
    }
}

impl ServiceProvider {
    fn page(&self, view: View) -> HttpResponse {
        let page = Page {
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
        self.page(View::Refused { why: why.to_string() })
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        self.0.state.lock().ok().map(|mut state| work(&mut state))
    }

    fn session(&self, request: &HttpRequest) -> Option<Reading> {
        let cookie = request.cookie("demo-session")?;
        self.state(|state| state.sessions.get(cookie.value()).cloned())?
    }
}

async fn home(request: HttpRequest, sp: Data<ServiceProvider>) -> HttpResponse {
    match sp.session(&request) {
        Some(reading) => sp.page(View::Arrived(reading)),
        None => sp.page(View::Nobody {
            signed_out: request.query_string() == "signed-out",
        }),
    }
}

async fn sign_in(sp: Data<ServiceProvider>) -> HttpResponse {
    let id = format!("_{}", sp.0.provider.token().text().replace('-', "_"));
    let Ok(metadata) = sp.0.provider.metadata() else {
        return sp.refused(&"no metadata");
    };
    let consumer = format!("{}/acs", sp.0.site);
    let expected = Expected {
        idp_metadata: &metadata.body,
        entity_id: ENTITY_ID,
        consumer: &consumer,
        request_ids: None,
    };
    match second_opinion::ask(&expected, &sp.0.provider.endpoints().sso, &id, "demo") {
        Err(why) => sp.refused(&why),
        Ok(address) => {
            sp.state(|state| {
                if state.asked.len() >= MOST {
                    state.asked.pop_first();
                }
                state.asked.insert(id)
            });
            see_other(&address).finish()
        }
    }
}

async fn consume(sp: Data<ServiceProvider>, Form(posted): Form<Posted>) -> HttpResponse {
    let Ok(metadata) = sp.0.provider.metadata() else {
        return sp.refused(&"no metadata");
    };
    let asked: Vec<String> = sp
        .state(|state| state.asked.iter().cloned().collect())
        .unwrap_or_default();
    let ids: Vec<&str> = asked.iter().map(String::as_str).collect();
    let consumer = format!("{}/acs", sp.0.site);
    let expected = Expected {
        idp_metadata: &metadata.body,
        entity_id: ENTITY_ID,
        consumer: &consumer,
        request_ids: Some(&ids),
    };
    match second_opinion::read_response(&posted.response, &expected) {
        Err(why) => sp.refused(&why),
        Ok(reading) => {
            let token = sp.0.provider.token().text();
            sp.state(|state| {
                if state.sessions.len() >= MOST {
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
async fn sign_out(request: HttpRequest, sp: Data<ServiceProvider>) -> HttpResponse {
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

fn logout_address(sp: &ServiceProvider, reading: &Reading) -> Result<String> {
    let ask = Ask {
        issuer: &EntityId::parse(ENTITY_ID)?,
        id: &format!("_{}", sp.0.provider.token().text().replace('-', "_")),
        destination: &sp.0.provider.endpoints().slo,
        name_id: &NameId::plain(&reading.name_id.1, reading.name_id.0.clone()),
        session_index: &reading.session_index,
    };
    let message = request::write(&ask, &Policy::default(), sp.0.provider.now())?;
    let signer = Signer::new(&sp.0.key)?;
    Ok(redirect::encode(
        ask.destination,
        Carried::Request,
        &message.plain(),
        Some("bye"),
        &signer,
        SignatureAlgorithm::RsaSha256,
    )?)
}

/// Hallpass answers the demo's own wish, or asks it to end a session because the person signed out elsewhere.
async fn slo(asked: HttpRequest, sp: Data<ServiceProvider>) -> HttpResponse {
    let done = match redirect::decode(asked.query_string()) {
        Ok(inbound) if inbound.carried == Carried::Response => {
            is_answer(&sp, &inbound).map(|()| "/?signed-out".to_owned())
        }
        Ok(inbound) => end_session(&sp, inbound),
        Err(why) => Err(why.into()),
    };
    match done {
        Ok(address) => see_other(&address).finish(),
        Err(why) => sp.refused(&why),
    }
}

fn is_answer(sp: &ServiceProvider, inbound: &Inbound) -> Result<()> {
    let (ours, _) = sp.0.provider.certificate_pem()?;
    match response::read(inbound)?.judge(&[ours])? {
        Judged::Signed(_) => Ok(()),
        Judged::Unsigned(_) | Judged::Unchecked(_) => bail!("what arrived is no signed LogoutResponse"),
    }
}

/// Ends the session that a signed `LogoutRequest` names; the address of the answer.
fn end_session(sp: &ServiceProvider, mut inbound: Inbound) -> Result<String> {
    let relay_state = inbound.relay_state.take();
    let (ours, _) = sp.0.provider.certificate_pem()?;
    let Judged::Signed(asked) = request::read(&inbound)?.judge(&[ours])? else {
        bail!("what arrived is no signed LogoutRequest")
    };
    let asked = asked.into_inner();
    sp.state(|state| {
        state.sessions.retain(|_, reading| {
            reading.name_id.0 != asked.name_id.value
                || !asked.session_indexes.contains(&reading.session_index)
        });
    });
    let slo = &sp.0.provider.endpoints().slo;
    let answer = Answer {
        issuer: &EntityId::parse(ENTITY_ID)?,
        id: &format!("_{}", sp.0.provider.token().text().replace('-', "_")),
        destination: &AcsUrl::parse(slo)?,
        in_response_to: &asked.id,
        status: (status::SUCCESS, None),
        words: None,
    };
    let message = response::write(&answer, sp.0.provider.now())?;
    let signer = Signer::new(&sp.0.key)?;
    Ok(redirect::encode(
        slo,
        Carried::Response,
        &message.plain(),
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
