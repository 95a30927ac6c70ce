//! No entrance answers what the gate refuses: over random applications, users, sessions, requests and entrances.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hallpass::{
    model::{
        actor::Actor,
        application::{Application, ApplicationAccess, SpUrl},
        authn_context::AuthnContextClass,
        group::GroupName,
        second_factor::SecondFactorPolicy,
        user::Email,
    },
    provider::{
        applications::{ApplicationEdit, access::NamedAssignees},
        groups::GroupEdit,
    },
    saml::urn::{ASSERTION, PROTOCOL},
};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::{
    browser::Browser,
    http::Response,
    inspect, sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{Database, PASSWORD, on_each_database},
    test_sp::TestSp,
};

/// Somebody else.
const OTHER: &str = "grace@fernweh.example";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Entrance {
    Redirect,
    Post,
    StartUrl,
    StartUrlByEntityId,
    Tile,
    /// A request from another site's form comes without cookies, and resumes with them.
    Continue,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SessionState {
    None,
    Live,
    Idle,
    Ended,
    /// The user was disabled, and the session is still there: as a replica may see it for a moment.
    UserDisabled,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Context {
    None,
    Password,
    AtLeastPassword,
    X509,
    BetterThanPassword,
}

impl Context {
    fn xml(self) -> String {
        let (comparison, class) = match self {
            Self::None => return String::new(),
            Self::Password => ("exact", AuthnContextClass::PasswordProtectedTransport),
            Self::AtLeastPassword => ("minimum", AuthnContextClass::Password),
            Self::X509 => ("exact", AuthnContextClass::X509),
            Self::BetterThanPassword => ("better", AuthnContextClass::PasswordProtectedTransport),
        };
        format!(
            "<samlp:RequestedAuthnContext xmlns:samlp=\"{PROTOCOL}\" Comparison=\"{comparison}\"><saml:AuthnContextClassRef xmlns:saml=\"{ASSERTION}\">{}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>",
            class.uri()
        )
    }

    fn is_satisfied_by(self, proved: Proved) -> bool {
        match self {
            Self::None | Self::AtLeastPassword => true,
            Self::Password => proved != Proved::PasskeyAlone,
            Self::BetterThanPassword => [Proved::TwoFactors, Proved::PasskeyAlone].contains(&proved),
            Self::X509 => false,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Subject {
    None,
    Own,
    Other,
}

impl Subject {
    fn xml(self) -> String {
        let email = match self {
            Self::None => return String::new(),
            Self::Own => ADA,
            Self::Other => "grace@fernweh.example",
        };
        format!(
            "<saml:Subject xmlns:saml=\"{ASSERTION}\"><saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">{email}</saml:NameID></saml:Subject>"
        )
    }
}

/// Who may use the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Access {
    Everyone,
    /// Chosen ones, with the user among them.
    OfUser,
    /// A group of the user.
    OfGroup,
    /// Another group, and another user.
    OfOthers,
}

/// What the session has proved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Proved {
    Password,
    TwoFactors,
    /// A password, on a device on which no second factor is asked for.
    RememberedDevice,
    PasskeyAlone,
}

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rule {
    None,
    /// The application says so.
    Required,
    RequiredSoon,
    Never,
    /// A group of the user says so, and the application nothing.
    RequiredOfGroup,
    /// The same, and the application says that it needs none.
    RequiredOfGroupAndNever,
}

impl Rule {
    const fn of_application(self) -> Option<&'static str> {
        match self {
            Self::None | Self::RequiredOfGroup => None,
            Self::Required => Some("required"),
            Self::RequiredSoon => Some("required from 2999-01-01"),
            Self::Never | Self::RequiredOfGroupAndNever => Some("never"),
        }
    }

    fn is_of_group(self) -> bool {
        [Self::RequiredOfGroup, Self::RequiredOfGroupAndNever].contains(&self)
    }

    fn is_satisfied_by(self, proved: Proved) -> bool {
        proved != Proved::Password || ![Self::Required, Self::RequiredOfGroup].contains(&self)
    }
}

#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
struct Case {
    enabled: bool,
    idp_initiated: bool,
    tile_url: bool,
    session: SessionState,
    entrance: Entrance,
    force_authn: bool,
    is_passive: bool,
    context: Context,
    subject: Subject,
    access: Access,
    proved: Proved,
    rule: Rule,
}

impl Case {
    /// Whether an assertion may leave without anybody typing a password.
    fn is_allowed(&self) -> bool {
        let entrance_allows = match self.entrance {
            Entrance::Redirect | Entrance::Post | Entrance::Continue => {
                !self.force_authn
                    && self.context.is_satisfied_by(self.proved)
                    && self.subject != Subject::Other
            }
            Entrance::StartUrl | Entrance::StartUrlByEntityId => self.idp_initiated,
            // The tile URL comes first: there the application sends a request.
            Entrance::Tile => self.idp_initiated && !self.tile_url,
        };
        self.enabled
            && self.session == SessionState::Live
            && self.access != Access::OfOthers
            && self.rule.is_satisfied_by(self.proved)
            && entrance_allows
    }
}

fn case() -> impl Strategy<Value = Case> {
    let entrance = prop::sample::select(vec![
        Entrance::Redirect,
        Entrance::Post,
        Entrance::StartUrl,
        Entrance::StartUrlByEntityId,
        Entrance::Tile,
        Entrance::Continue,
    ]);
    let session = prop::sample::select(vec![
        SessionState::Live,
        SessionState::Live,
        SessionState::Live,
        SessionState::None,
        SessionState::Idle,
        SessionState::Ended,
        SessionState::UserDisabled,
    ]);
    let context = prop::sample::select(vec![
        Context::None,
        Context::None,
        Context::Password,
        Context::AtLeastPassword,
        Context::X509,
        Context::BetterThanPassword,
    ]);
    let access = prop::sample::select(vec![
        Access::Everyone,
        Access::Everyone,
        Access::OfUser,
        Access::OfGroup,
        Access::OfOthers,
    ]);
    let factors = (
        prop::sample::select(vec![
            Proved::Password,
            Proved::TwoFactors,
            Proved::RememberedDevice,
            Proved::PasskeyAlone,
        ]),
        prop::sample::select(vec![
            Rule::None,
            Rule::None,
            Rule::Required,
            Rule::RequiredSoon,
            Rule::Never,
            Rule::RequiredOfGroup,
            Rule::RequiredOfGroupAndNever,
        ]),
    );
    let subject = prop::sample::select(vec![Subject::None, Subject::None, Subject::Own, Subject::Other]);
    (
        prop::bool::weighted(0.75),
        any::<bool>(),
        any::<bool>(),
        session,
        entrance,
        (prop::bool::weighted(0.2), prop::bool::weighted(0.3)),
        context,
        subject,
        access,
        factors,
    )
        .prop_map(
            |(
                enabled,
                idp_initiated,
                tile_url,
                session,
                entrance,
                (force_authn, is_passive),
                context,
                subject,
                access,
                (proved, rule),
            )| Case {
                enabled,
                idp_initiated,
                tile_url,
                session,
                entrance,
                force_authn,
                is_passive,
                context,
                subject,
                access,
                proved,
                rule,
            },
        )
}

struct TestApplication {
    enabled: bool,
    idp_initiated: bool,
    tile_url: bool,
    sp: TestSp,
    registered: Application,
}

/// A server with one application of each kind.
struct Setup {
    sso: SsoSetup,
    applications: Vec<TestApplication>,
}

impl Setup {
    fn new(database: &Database) -> Self {
        let sso = SsoSetup::new(database);
        sso.server.add_user(OTHER, "Grace", "Hopper");
        let groups = sso.server.provider.groups(&Actor::Itself);
        for name in ["own", "other"] {
            groups
                .add_group(&GroupName::parse(name).unwrap(), None, None)
                .unwrap();
        }
        let ada = [Email::parse(ADA).unwrap()];
        groups
            .add_members(&GroupName::parse("own").unwrap(), &ada)
            .unwrap();
        let mut applications = Vec::new();
        for number in 0..8 {
            let (enabled, idp_initiated, tile_url) = (number & 1 != 0, number & 2 != 0, number & 4 != 0);
            let sp = TestSp::new(
                &format!("urn:test:app:{number}"),
                &format!("https://app-{number}.example/acs"),
            );
            let registered =
                sso.server
                    .add_application(&format!("App {number}"), &sp.entity_id, &sp.acs, |new| {
                        new.saml.allow_idp_initiated = idp_initiated;
                        new.tile_url = tile_url.then(|| SpUrl::parse("https://app.example/open").unwrap());
                    });
            if !enabled {
                // Beside the provider, as another replica does.
                sql::execute(
                    &sso.server.settings,
                    &format!(
                        "UPDATE applications SET enabled = FALSE WHERE id = '{}'",
                        registered.id
                    ),
                );
            }
            applications.push(TestApplication {
                enabled,
                idp_initiated,
                tile_url,
                sp,
                registered,
            });
        }
        sql::execute(
            &sso.server.settings,
            "UPDATE installation SET generation = generation + 1",
        );
        Self { sso, applications }
    }

    fn browser(&self, state: SessionState) -> Browser {
        if state == SessionState::None {
            return self.sso.server.browser();
        }
        let browser = self.sso.signed_in_browser();
        // The clock stands still otherwise, and a sign-in at the very moment of the request counts as later.
        self.sso.server.clock.advance(TimeDelta::seconds(1));
        match state {
            SessionState::None | SessionState::Live => {}
            SessionState::Idle => self.sso.server.clock.advance(TimeDelta::hours(24 * 8)),
            SessionState::Ended => {
                let mut same = browser.clone();
                let csrf = same.get("/logout").field("csrf").unwrap();
                same.post("/logout", &[("csrf", &csrf)]);
            }
            SessionState::UserDisabled => self.set_enabled(false),
        }
        browser
    }

    fn set_access(&self, application: &Application, access: Access) {
        let applications = self.sso.server.applications();
        let everyone = |groups: &[&str], users: &[&str]| NamedAssignees {
            groups: groups
                .iter()
                .map(|name| GroupName::parse(name).unwrap())
                .collect(),
            users: users.iter().map(|email| Email::parse(email).unwrap()).collect(),
        };
        let all = everyone(&["own", "other"], &[ADA, OTHER]);
        applications.unassign(application, &all).unwrap().unwrap();
        let assigned = match access {
            Access::Everyone => everyone(&[], &[]),
            Access::OfUser => everyone(&["other"], &[ADA]),
            Access::OfGroup => everyone(&["own"], &[OTHER]),
            Access::OfOthers => everyone(&["other"], &[OTHER]),
        };
        applications.assign(application, &assigned).unwrap().unwrap();
        let open_to = if access == Access::Everyone {
            ApplicationAccess::Everyone
        } else {
            ApplicationAccess::Assigned
        };
        let set = applications.set_access(&application.slug, open_to).unwrap();
        assert!(set.is_ok(), "{set:?}");
    }

    fn set_rule(&self, application: &Application, rule: Rule) {
        let policy = |text| SecondFactorPolicy::parse(text).unwrap();
        let edit = ApplicationEdit {
            second_factor: Some(rule.of_application().map(policy)),
            ..ApplicationEdit::default()
        };
        let applications = self.sso.server.applications();
        applications
            .edit_application(&application.slug, edit)
            .unwrap()
            .unwrap();
        let edit = GroupEdit {
            second_factor: Some(rule.is_of_group().then(|| policy("required"))),
            ..GroupEdit::default()
        };
        let groups = self.sso.server.provider.groups(&Actor::Itself);
        groups
            .edit_group(&GroupName::parse("own").unwrap(), edit)
            .unwrap();
    }

    /// Of every session that is there: as after a sign-in with more than a password, or with something else.
    fn set_proved(&self, proved: Proved) {
        let at = (self.sso.now() - TimeDelta::seconds(1)).timestamp_micros();
        let events = match proved {
            Proved::Password => return,
            Proved::TwoFactors => format!("authentications || ' otp:{at}'"),
            Proved::RememberedDevice => format!("authentications || ' device:{at}'"),
            Proved::PasskeyAlone => "replace(authentications, 'pwd:', 'hwk:')".to_owned(),
        };
        let update = format!("UPDATE sessions SET authentications = {events}");
        sql::execute(&self.sso.server.settings, &update);
    }

    fn set_enabled(&self, enabled: bool) {
        sql::execute(
            &self.sso.server.settings,
            &format!("UPDATE users SET enabled = {enabled} WHERE email = '{ADA}'"),
        );
    }

    /// Whether the browser ends with an assertion, without typing anything.
    fn is_answered(&self, case: &Case, id: &str) -> bool {
        let kind = (case.enabled, case.idp_initiated, case.tile_url);
        let application = self
            .applications
            .iter()
            .find(|application| {
                (
                    application.enabled,
                    application.idp_initiated,
                    application.tile_url,
                ) == kind
            })
            .unwrap();
        self.set_access(&application.registered, case.access);
        self.set_rule(&application.registered, case.rule);
        let slug = &application.registered.slug;
        let mut browser = self.browser(case.session);
        self.set_proved(case.proved);
        let page = match case.entrance {
            Entrance::StartUrl => browser.get(&format!("/saml/start/{slug}")),
            Entrance::StartUrlByEntityId => {
                browser.get(&format!("/saml/start?sp={}", application.sp.entity_id))
            }
            Entrance::Tile => browser.get(&format!("/launch/{slug}")),
            Entrance::Redirect | Entrance::Post | Entrance::Continue => {
                self.request(case, application, &mut browser, id)
            }
        };
        let page = follow(&mut browser, page);
        if case.session == SessionState::UserDisabled {
            self.set_enabled(true);
        }
        page.field("SAMLResponse").is_some_and(|message| {
            let xml = String::from_utf8(STANDARD.decode(message).unwrap()).unwrap();
            let success = inspect::status_codes(&xml).0 == "Success";
            assert_eq!(success, xml.contains("AuthnStatement"), "{xml}");
            success
        })
    }

    fn request(
        &self,
        case: &Case,
        application: &TestApplication,
        browser: &mut Browser,
        id: &str,
    ) -> Response {
        let sp = &application.sp;
        let attributes = format!(
            "ForceAuthn=\"{}\" IsPassive=\"{}\"",
            case.force_authn, case.is_passive
        );
        let inside = format!("{}{}", case.subject.xml(), case.context.xml());
        let xml = sp.authn_request(id, self.sso.now(), &attributes, &inside);
        if case.entrance == Entrance::Redirect {
            return browser.get(&format!("/saml/sso?{}", sp.redirect_query(&xml, None, false)));
        }
        let with_cookies = case.entrance == Entrance::Post;
        browser.post_with_headers(
            "/saml/sso",
            &[
                ("Origin", "https://app.example"),
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Dest", "document"),
            ],
            &[("SAMLRequest", &STANDARD.encode(xml))],
            with_cookies,
        )
    }
}

/// Follows redirects within our own site.
fn follow(browser: &mut Browser, mut page: Response) -> Response {
    for _ in 0..5 {
        if page.status != 303 || !page.location().starts_with('/') {
            break;
        }
        page = browser.get(page.location());
    }
    page
}

#[test]
fn no_response_leaves_that_the_gate_refuses() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 160,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let (number, answered) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        runner
            .run(&case(), |case| {
                number.set(number.get() + 1);
                let is_answered = setup.is_answered(&case, &format!("_case{}", number.get()));
                answered.set(answered.get() + u32::from(is_answered));
                prop_assert_eq!(is_answered, case.is_allowed(), "{:?}", case);
                Ok(())
            })
            .unwrap();
        assert!(answered.get() > 5, "{} of {}", answered.get(), number.get());
    });
}

#[test]
fn a_password_opens_what_the_gate_allows_and_nothing_else() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        for (number, (context, subject, opens)) in [
            (Context::None, Subject::None, true),
            (Context::AtLeastPassword, Subject::Own, true),
            (Context::Password, Subject::Other, false),
        ]
        .into_iter()
        .enumerate()
        {
            let case = Case {
                enabled: true,
                idp_initiated: false,
                tile_url: false,
                session: SessionState::None,
                entrance: Entrance::Redirect,
                force_authn: true,
                is_passive: false,
                context,
                subject,
                access: Access::Everyone,
                proved: Proved::Password,
                rule: Rule::None,
            };
            let application = &setup.applications[1];
            let mut browser = setup.browser(SessionState::None);
            let login = setup.request(&case, application, &mut browser, &format!("_p{number}"));
            let login = follow(&mut browser, login);
            let page = browser.sign_in(&login, ADA, PASSWORD);
            let message = page.field("SAMLResponse").unwrap();
            let xml = String::from_utf8(STANDARD.decode(message).unwrap()).unwrap();
            assert_eq!(xml.contains("AuthnStatement"), opens, "{case:?}: {xml}");
        }
    });
}
