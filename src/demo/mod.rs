//! `hallpass demo`: Hallpass on this machine, with a user and a service provider to sign in to.
//!
//! Hallpass answers at 127.0.0.1 and the service provider at localhost: two sites to a browser, as in production.
//! `serve` uses nothing of this module.

mod service_provider;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    config::Settings,
    credential::{PasswordContext, password::Password, rules::PasswordRules},
    demo::service_provider::{DemoServiceProvider, ENTITY_ID},
    files,
    model::{
        actor::Actor,
        application::{
            Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, Binding, EntityId,
            LogoutEndpoint, ServiceProvider as Registered, SpUrl,
        },
        user::{Email, NameComponent, NameComponents, OwnAttributes},
    },
    provider::{
        Provider,
        applications::{ApplicationEdit, NewApplication},
        people::users::{ChangeOutcome, NewUser},
    },
    server::{self, Server, Signals},
};

const EMAIL: &str = "mira.castellane@fernweh.example";
const NAME: &str = "Demo application";

/// How the demo runs.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The port of Hallpass on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of the service provider on localhost; 0 takes a free one
    #[arg(long, default_value_t = 8081)]
    sp_port: u16,
    /// Where it keeps its database and keys
    #[arg(long, default_value = "hallpass-demo-data", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Where the demo runs, and how to sign in.
#[derive(Clone, Copy, Debug)]
pub struct DemoReady<'a> {
    /// The service provider's URL.
    pub site: &'a str,
    /// The URL of Hallpass.
    pub hallpass: &'a str,
    pub email: &'a str,
    /// New with each start.
    pub password: &'a str,
}

/// Runs the demo until a signal stops it; calls `ready` once it answers.
pub fn run(arguments: &Arguments, ready: impl FnOnce(&DemoReady<'_>) -> Result<()>) -> Result<()> {
    let listener = listen(arguments.port)?;
    let sp_listener = listen(arguments.sp_port)?;
    let (port, sp_port) = (listener.local_addr()?.port(), sp_listener.local_addr()?.port());
    let settings = settings(port, &arguments.data_dir)?;
    let log = crate::telemetry::start(crate::telemetry::Format::Human, "warn,hallpass::demo=info")?;
    let signals = Signals::receive(&log)?;
    let (provider, _findings) = server::prepare(&settings)?;
    let password = add_demo_user(&provider)?;
    let site = format!("http://localhost:{sp_port}");
    let partner = DemoServiceProvider::new(&provider, &site, EMAIL, &password)?;
    register(&provider, &partner, &site)?;
    let server = Server::start(&settings, provider, listener)?;
    server.stop_at(&signals);
    let partner_server = partner.serve(sp_listener)?;
    let hallpass = format!("http://127.0.0.1:{port}");
    ready(&DemoReady {
        site: &site,
        hallpass: &hallpass,
        email: EMAIL,
        password: &password,
    })?;
    server.wait()?;
    partner_server.stop()?;
    log.finish();
    Ok(())
}

fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("cannot listen on port {port}; choose another with --port and --sp-port"))
}

fn settings(port: u16, data_dir: &Path) -> Result<Settings> {
    let Some(data_dir) = data_dir.to_str() else {
        bail!("the name of the data directory is no text");
    };
    let environment = [
        ("HALLPASS_BASE_URL", format!("http://127.0.0.1:{port}")),
        ("HALLPASS_LISTEN", format!("127.0.0.1:{port}")),
        ("HALLPASS_DATA_DIR", data_dir.to_owned()),
        ("HALLPASS_ORGANISATION", "Fernweh Instruments".to_owned()),
    ];
    let environment = environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let read_secret = |path: &Path| files::read_named_secret(path).map_err(|why| why.to_string());
    Ok(Settings::load(None, environment, &read_secret)?)
}

/// Adds the demo's user, or sets a new password; returns the password, which is new with each start.
fn add_demo_user(provider: &Provider) -> Result<String> {
    let text: String = provider
        .token()
        .to_text()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(20)
        .collect();
    let email = Email::parse(EMAIL)?;
    let rules = PasswordRules::only_factor(0);
    let password = Password::parse_new(&text, rules, &PasswordContext::default())?;
    let new = NewUser {
        role: None,
        email: email.clone(),
        names: NameComponents::new(
            Some(NameComponent::parse("the first name", "Mira")?),
            Some(NameComponent::parse("the last name", "Castellane")?),
        )?,
        stable_id: None,
        user_name: None,
        external_id: None,
        language: None,
        attributes: OwnAttributes::new(),
        password: Some(password),
        must_change_password: false,
    };
    if provider.people(&Actor::Itself).add_user(&new)? == ChangeOutcome::Taken
        && let Some(password) = &new.password
    {
        provider
            .people(&Actor::Itself)
            .set_password(&email, password, false)?;
    }
    Ok(text)
}

/// Registers the service provider as `hallpass app add` would, or updates its port and certificate.
fn register(provider: &Provider, partner: &DemoServiceProvider, site: &str) -> Result<()> {
    let acs_url = SpUrl::parse(&format!("{site}/acs"))?;
    let logout = LogoutEndpoint {
        binding: Binding::Redirect,
        location: SpUrl::parse(&format!("{site}/slo"))?,
        response_location: None,
    };
    let tile_url = SpUrl::parse(&format!("{site}/sign-in"))?;
    let existing = provider
        .applications(&Actor::Itself)
        .all_applications()?
        .into_iter()
        .find(|existing| existing.entity_id().is_some_and(|id| id.as_str() == ENTITY_ID));
    let outcome: Result<ChangeOutcome<Application>, _> = match existing {
        Some(existing) => provider.applications(&Actor::Itself).edit_application(
            &existing.slug,
            ApplicationEdit {
                acs_endpoints: Some(vec![AssertionConsumerService {
                    location: acs_url,
                    index: None,
                }]),
                logout: Some(Some(logout)),
                signing_certificates: Some(vec![partner.certificate()]),
                tile_url: Some(Some(tile_url)),
                ..ApplicationEdit::default()
            },
        )?,
        None => provider
            .applications(&Actor::Itself)
            .add_application(&NewApplication {
                name: NAME.to_owned(),
                slug: None,
                kind: ApplicationKind::ChatGptCurrent,
                access: ApplicationAccess::Everyone,
                tile_url: Some(tile_url),
                saml: Registered {
                    logout: Some(logout),
                    signing_certificates: vec![partner.certificate()],
                    ..Registered::with_defaults(
                        EntityId::parse(ENTITY_ID)?,
                        vec![AssertionConsumerService {
                            location: acs_url,
                            index: None,
                        }],
                    )
                },
            })?,
    };
    match outcome? {
        ChangeOutcome::Done(_) => Ok(()),
        ChangeOutcome::Unchanged(_)
        | ChangeOutcome::Taken
        | ChangeOutcome::Unknown
        | ChangeOutcome::Stale => {
            bail!("the demo application could not be registered")
        }
    }
}
