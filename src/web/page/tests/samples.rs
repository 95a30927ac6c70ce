//! Every page in every state, filled with one set of sample texts.

use chrono::DateTime;

use crate::{
    model::{
        explanation::ResponsibleParty, language::Language, logout::LogoutStepState, reference::Reference,
    },
    web::{
        layer::headers::ResponseKind,
        page::{
            auto_post::{AutoPostKind, AutoPostPage, Base64, PostBody, RedirectPage},
            device_link::DeviceLinkPage,
            html::Page,
            logout_progress::{AdvanceBy, LogoutProgressPage, LogoutReturnPage, ParticipantView},
            not_assigned::{NotAssignedPage, WayBack},
            notice::{FailurePage, NoticeKind, NoticePage},
            part::{AppMark, PageContext, UserMark},
            password::{AccountPasswordPage, PasswordError, PasswordNotice, RequiredPasswordPage},
            password_link::{PasswordLinkPage, PasswordLinkReason, RecoveryPage, RecoveryState},
            portal::{Paging, PortalPage, Tile, TileKind},
            refusal::{RefusalPage, RefusedAction},
            sign_in::{SignInNotice, SignInPage},
            sign_out::{SignOutExpiredPage, SignOutPage, SignedOutPage},
        },
    },
};

/// The values on pages; each of them may come from outside.
pub(super) struct SampleTexts<'a> {
    pub(super) language: Language,
    pub(super) organisation: &'a str,
    pub(super) help_url: Option<&'a str>,
    pub(super) names: [&'a str; 4],
    pub(super) host: &'a str,
    pub(super) user: &'a str,
    pub(super) greeting: &'a str,
    pub(super) email: &'a str,
    pub(super) acs: &'a str,
    pub(super) secret: &'a str,
    pub(super) text: &'a str,
}

pub(super) const FRIENDLY: SampleTexts<'_> = SampleTexts {
    language: Language::English,
    organisation: "Fernweh Instruments",
    help_url: Some("https://help.fernweh.example/"),
    names: [
        "ChatGPT",
        "ChatGPT Research",
        "Reisekostenabrechnung und Genehmigungsverfahren",
        "Wiki",
    ],
    host: "reisen.verwaltung.fernweh.example",
    user: "Mira Castellane",
    greeting: "Mira",
    email: "mira.castellane@fernweh.example",
    acs: "https://external.auth.openai.com/sso/saml/acs/M1pZt0",
    secret: "r4",
    text: "ChatGPT asked for our answer at an address that is not registered here. To keep your account safe, we stopped.",
};

pub(super) fn hostile(language: Language, text: &str) -> SampleTexts<'_> {
    SampleTexts {
        language,
        organisation: text,
        help_url: Some(text),
        names: [text; 4],
        host: text,
        user: text,
        greeting: text,
        email: text,
        acs: text,
        secret: text,
        text,
    }
}

/// A rendered page.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) kind: ResponseKind,
    pub(super) html: String,
}

impl Sample {
    pub(super) fn page(name: &'static str, page: &impl Page) -> Self {
        Self {
            name,
            kind: ResponseKind::Page,
            html: page.html(),
        }
    }

    fn of_kind(name: &'static str, answer: ResponseKind, page: &impl Page) -> Self {
        Self {
            name,
            kind: answer,
            html: page.html(),
        }
    }
}

fn password_error(id: &'static str) -> PasswordError {
    PasswordError {
        id,
        min_characters: 15,
    }
}

pub(super) fn pages(texts: &SampleTexts<'_>) -> Vec<Sample> {
    let mut all = texts.sign_in_pages();
    all.extend(texts.password_pages());
    all.extend(texts.code_pages());
    all.extend(texts.enrolment_pages());
    all.extend(texts.passkey_enrolment_pages());
    all.extend(texts.factor_pages());
    all.extend(texts.account_pages());
    all.extend(texts.link_pages());
    all.extend(texts.email_pages());
    all.extend(texts.portal_pages());
    all.extend(texts.auto_post_pages());
    all.extend(texts.refusal_pages());
    all.extend(texts.not_assigned_pages());
    all.extend(texts.logout_pages());
    all.extend(texts.notice_pages());
    all
}

impl SampleTexts<'_> {
    pub(super) fn page(&self) -> PageContext {
        PageContext {
            organisation: self.organisation.into(),
            help_url: self.help_url.map(Into::into),
            language: self.language,
            address: Some("/login?continue=x".to_owned()),
        }
    }

    pub(super) fn marks(&self) -> [AppMark; 4] {
        self.names.map(|name| AppMark::new(name, name))
    }

    pub(super) fn user_mark(&self) -> UserMark {
        UserMark::new(self.user, self.email, "1")
    }

    fn sign_in_pages(&self) -> Vec<Sample> {
        let [chatgpt, _, travel, _] = self.marks();
        // With a passkey, but where the application wants a password.
        let page = |name, application: Option<&AppMark>, email, notice| {
            let needs_password = notice == SignInNotice::SignInAgain;
            let (application, go_on) = (application.cloned(), application.map(|_| self.secret));
            Sample::page(
                name,
                &SignInPage {
                    page: self.page(),
                    application,
                    email,
                    notice,
                    csrf: self.secret,
                    can_recover: true,
                    sealed: go_on,
                    passkey: (!needs_password).then(|| self.passkey()),
                },
            )
        };
        let refused = SignInNotice::PasskeyRefused {
            code: "PASSKEY-REFUSED 7F3A-92C1".to_owned(),
        };
        let wrong = SignInNotice::WrongCredentials {
            code: "LOGIN-WRONG 7F3A-92C1".to_owned(),
        };
        let wait = SignInNotice::Throttled {
            seconds: 119,
            code: "LOGIN-THROTTLED 7F3A-92C1".to_owned(),
        };
        vec![
            page("login", None, "", SignInNotice::None),
            page("login-app", Some(&chatgpt), "", SignInNotice::None),
            page("login-wrong", Some(&chatgpt), self.email, wrong),
            page("login-wait", Some(&chatgpt), self.email, wait),
            page("login-meanwhile", None, "", SignInNotice::SessionEnded),
            page("login-password-set", None, "", SignInNotice::PasswordSet),
            page("login-busy", Some(&chatgpt), self.email, SignInNotice::Busy),
            page("login-passkey-refused", Some(&chatgpt), "", refused),
            page("login-passkey-expired", None, "", SignInNotice::PasskeyExpired),
            page("login-no-cookies", None, "", SignInNotice::NoCookies),
            page(
                "login-again",
                Some(&travel),
                self.email,
                SignInNotice::SignInAgain,
            ),
            page("login-again-unnamed", None, self.email, SignInNotice::SignInAgain),
        ]
    }

    fn password_pages(&self) -> Vec<Sample> {
        let [chatgpt, ..] = self.marks();
        let required = |name, application: Option<&AppMark>, error: Option<&'static str>, is_busy| {
            Sample::page(
                name,
                &RequiredPasswordPage {
                    page: self.page(),
                    application: application.cloned(),
                    email: self.email,
                    min_characters: 15,
                    error: error.map(password_error),
                    is_busy,
                    csrf: self.secret,
                    ticket: self.secret,
                    sealed: application.map(|_| self.secret),
                },
            )
        };
        let account = |name, notice, error: Option<&'static str>, is_current_wrong| {
            Sample::page(
                name,
                &AccountPasswordPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    is_current_wrong,
                    min_characters: 15,
                    error: error.map(password_error),
                    csrf: self.secret,
                },
            )
        };
        let wait = PasswordNotice::Throttled {
            seconds: 119,
            code: "LOGIN-THROTTLED 7F3A-92C1".to_owned(),
        };
        vec![
            required("required-password", None, None, false),
            required(
                "required-password-app",
                Some(&chatgpt),
                Some("password-common"),
                false,
            ),
            required("required-password-busy", Some(&chatgpt), None, true),
            account("account-password", PasswordNotice::None, None, false),
            account("account-password-changed", PasswordNotice::Changed, None, false),
            account(
                "account-password-refused",
                PasswordNotice::None,
                Some("password-of-yours"),
                false,
            ),
            account("account-password-wrong", PasswordNotice::None, None, true),
            account("account-password-wait", wait, None, false),
            account("account-password-busy", PasswordNotice::Busy, None, false),
            account("account-password-again", PasswordNotice::FormExpired, None, false),
        ]
    }

    fn link_pages(&self) -> Vec<Sample> {
        let recovery = |name, state| {
            Sample::page(
                name,
                &RecoveryPage {
                    page: self.page(),
                    state,
                    csrf: self.secret,
                },
            )
        };
        let link = |name, reason, error: Option<&'static str>, is_busy| {
            Sample::page(
                name,
                &PasswordLinkPage {
                    page: self.page(),
                    reason,
                    greeting: self.greeting,
                    email: self.email,
                    link: self.secret,
                    until: DateTime::UNIX_EPOCH,
                    min_characters: 15,
                    error: error.map(password_error),
                    is_busy,
                    csrf: self.secret,
                },
            )
        };
        let short = "password-too-short";
        vec![
            recovery("recovery", RecoveryState::Asks),
            recovery("recovery-late", RecoveryState::FormExpired),
            recovery("recovery-sent", RecoveryState::Sent),
            link("link-invitation", PasswordLinkReason::Invitation, None, false),
            link("link-recovery", PasswordLinkReason::Recovery, Some(short), false),
            link("link-rescue", PasswordLinkReason::Rescue, None, false),
            link("link-busy", PasswordLinkReason::Recovery, None, true),
            Sample::page(
                "password-link-over",
                &NoticePage {
                    page: self.page(),
                    kind: NoticeKind::PasswordLinkExpired,
                },
            ),
        ]
    }

    fn portal_pages(&self) -> Vec<Sample> {
        let tiles: Vec<Tile> = self
            .marks()
            .into_iter()
            .zip([
                TileKind::Launch,
                TileKind::Launch,
                TileKind::Launch,
                TileKind::ApplicationSite,
            ])
            .map(|(mark, kind)| Tile {
                mark,
                host: self.host.to_owned(),
                address: self.acs.to_owned(),
                kind,
            })
            .collect();
        let page = |name, tiles: &[Tile], paging: Option<Paging>| {
            let (person, greeting, tiles) = (self.user_mark(), self.greeting, tiles.to_vec());
            Sample::page(
                name,
                &PortalPage {
                    page: self.page(),
                    user: person,
                    greeting,
                    tiles,
                    paging,
                    csrf: self.secret,
                },
            )
        };
        let paging = |first: Option<&str>, next: Option<&str>| {
            Some(Paging {
                search: self.text.to_owned(),
                first: first.map(str::to_owned),
                next: next.map(str::to_owned),
            })
        };
        vec![
            page("portal-none", &[], None),
            page("portal-one", &tiles[..1], None),
            page("portal-two", &tiles[2..], None),
            page("portal-four", &tiles, None),
            page("portal-elsewhere", &tiles[3..], None),
            page(
                "portal-page",
                &tiles,
                paging(Some("/?q=a"), Some("/?q=a&after=b")),
            ),
            page("portal-search-nothing", &[], paging(None, None)),
        ]
    }

    fn auto_post_pages(&self) -> Vec<Sample> {
        let page = |name, answer, going, person| {
            let [application, ..] = self.marks();
            let page = AutoPostPage {
                page: self.page(),
                application,
                kind: going,
                destination: self.acs,
                body: PostBody::Saml {
                    message: Base64::encode("<samlp:Response>"),
                    relay_state: Some(self.secret),
                },
                user: person,
            };
            Sample::of_kind(name, answer, &page)
        };
        let [application, ..] = self.marks();
        let redirect = RedirectPage {
            page: self.page(),
            application,
            kind: AutoPostKind::SignedIn,
            url: self.acs,
            user: Some(self.user_mark()),
        };
        let [application, ..] = self.marks();
        let fields = [("code", self.text.to_owned()), ("state", self.secret.to_owned())];
        let form_post = AutoPostPage {
            page: self.page(),
            application,
            kind: AutoPostKind::SignedIn,
            destination: self.acs,
            body: PostBody::Fields(&fields),
            user: None,
        };
        vec![
            Sample::page("redirect", &redirect),
            Sample::of_kind("self-post-fields", ResponseKind::AutoPost, &form_post),
            page(
                "self-post",
                ResponseKind::AutoPost,
                AutoPostKind::SignedIn,
                Some(self.user_mark()),
            ),
            page(
                "self-post-refused",
                ResponseKind::AutoPost,
                AutoPostKind::Refused,
                None,
            ),
            page(
                "self-post-signed-out",
                ResponseKind::AutoPostToLoopback,
                AutoPostKind::SignedOut,
                None,
            ),
        ]
    }

    fn refusal_pages(&self) -> Vec<Sample> {
        let page = |name, code, application: Option<AppMark>, who| {
            let page = RefusalPage {
                page: self.page(),
                action: if application.is_some() || who == ResponsibleParty::EitherAdministrator {
                    RefusedAction::SignIn
                } else {
                    RefusedAction::SignOut
                },
                responsible: who,
                fix: "If the connection was reset, its addresses changed: paste the new ones with `hallpass app edit`.",
                code,
                reference: "7F3A-92C1".to_owned(),
                portal_link: application.is_some(),
                application,
                when: "21 Nov 2026, 14:02:11 UTC".to_owned(),
            };
            Sample::page(name, &page)
        };
        let [chatgpt, ..] = self.marks();
        vec![
            page(
                "refused",
                "ACS-UNKNOWN",
                Some(chatgpt.clone()),
                ResponsibleParty::ProviderAdministrator,
            ),
            page(
                "refused-there",
                "DESTINATION-WRONG",
                Some(chatgpt),
                ResponsibleParty::ApplicationAdministrator,
            ),
            page(
                "refused-either",
                "REQUEST-STALE",
                None,
                ResponsibleParty::EitherAdministrator,
            ),
            page(
                "refused-unknown",
                "REQUEST-ANSWERED",
                None,
                ResponsibleParty::User,
            ),
        ]
    }

    fn not_assigned_pages(&self) -> Vec<Sample> {
        let page = |name, groups: &[&str], back: bool| {
            let [application, ..] = self.marks();
            let groups: Vec<_> = groups.iter().map(|name| (*name).to_owned()).collect();
            let shown = NotAssignedPage {
                page: self.page(),
                application,
                user: self.user_mark(),
                groups: &groups,
                code: "ACCESS-MISSING 7F3A-92C1".to_owned(),
                back: back.then(|| WayBack::Form {
                    destination: self.acs,
                    body: PostBody::Saml {
                        message: Base64::encode("<samlp:Response>"),
                        relay_state: Some(self.secret),
                    },
                }),
            };
            Sample::of_kind(name, ResponseKind::AutoPost, &shown)
        };
        vec![
            page("not-assigned", &[self.text], true),
            page("not-assigned-tile", &[self.text, self.host], false),
            page("not-assigned-people", &[], true),
        ]
    }

    fn participants(&self, states: [LogoutStepState; 4]) -> Vec<ParticipantView> {
        let [one, two, three, four] = self.marks();
        [one, two, three, four]
            .into_iter()
            .zip(states)
            .map(|(application, state)| ParticipantView {
                application,
                state,
                launch_url: Some(self.acs.to_owned()),
            })
            .collect()
    }

    fn logout_pages(&self) -> Vec<Sample> {
        use LogoutStepState::{Confirmed, NoEndpoint, Pending, Refused, Requested, Unconfirmed};
        let (page, csrf) = (self.page(), self.secret);
        let ask = |name, left| {
            let person = self.user_mark();
            Sample::page(
                name,
                &SignOutPage {
                    page: page.clone(),
                    user: person,
                    participants: left,
                    csrf,
                },
            )
        };
        let over = |name, applications| {
            Sample::page(
                name,
                &SignOutExpiredPage {
                    page: page.clone(),
                    applications,
                    csrf,
                },
            )
        };
        let [.., application] = self.marks();
        let tell = |name, left, back| {
            Sample::page(
                name,
                &SignedOutPage {
                    page: page.clone(),
                    participants: left,
                    back,
                },
            )
        };
        let step = |name, answer, way, states| {
            let page = LogoutProgressPage {
                page: page.clone(),
                participants: self.participants(states),
                application: application.clone(),
                position: 3,
                advance_by: way,
                address: "/logout/1",
            };
            Sample::of_kind(name, answer, &page)
        };
        let back = |name, left| {
            let page = LogoutReturnPage {
                page: page.clone(),
                participants: left,
                application: application.clone(),
                address: "/logout/1",
            };
            Sample::of_kind(name, ResponseKind::LogoutProgress, &page)
        };
        let (ended, partly) = ([Confirmed; 4], [Confirmed, NoEndpoint, Unconfirmed, Refused]);
        let post = AdvanceBy::Post {
            location: self.acs,
            message: Base64::encode("<samlp:LogoutRequest>"),
        };
        let under_way = [Confirmed, NoEndpoint, Pending, Requested];
        vec![
            ask(
                "sign-out",
                self.participants([Pending, NoEndpoint, Pending, Pending]),
            ),
            ask("sign-out-alone", Vec::new()),
            over("sign-out-over", 4),
            over("sign-out-over-one", 1),
            step(
                "leaving",
                ResponseKind::LogoutProgress,
                AdvanceBy::Link,
                [Pending, NoEndpoint, Pending, Confirmed],
            ),
            step("leaving-by-post", ResponseKind::LogoutPost, post, under_way),
            step(
                "leaving-stuck",
                ResponseKind::LogoutProgress,
                AdvanceBy::User,
                under_way,
            ),
            back("returning", self.participants(ended)),
            back("returning-partly", self.participants(partly)),
            tell("signed-out", self.participants(partly), None),
            tell(
                "signed-out-by-wiki",
                self.participants(partly),
                Some((application.clone(), "/logout/1/go")),
            ),
            tell("signed-out-everywhere", self.participants(ended), None),
            tell("signed-out-alone", Vec::new(), None),
        ]
    }

    fn notice_pages(&self) -> Vec<Sample> {
        let page = self.page();
        vec![
            Sample::page(
                "failed",
                &FailurePage {
                    page: page.clone(),
                    code: "FAILURE",
                    reference: Reference::from_request_id(self.secret),
                },
            ),
            Sample::page(
                "not-found",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::NotFound,
                },
            ),
            Sample::page(
                "unreadable",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::Unreadable,
                },
            ),
            Sample::page(
                "too-large",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::TooLarge,
                },
            ),
            Sample::page(
                "not-a-form",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::NotAForm,
                },
            ),
            Sample::page(
                "too-slow",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::BodyTimeout,
                },
            ),
            Sample::page(
                "ended",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::SignInOver,
                },
            ),
            Sample::page(
                "not-a-page",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::NotTopLevel,
                },
            ),
            Sample::page(
                "no-cookies",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::NoCookies,
                },
            ),
            Sample::page(
                "busy",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::Busy,
                },
            ),
            Sample::page(
                "link-over",
                &NoticePage {
                    page: page.clone(),
                    kind: NoticeKind::LinkExpired,
                },
            ),
            Sample::page(
                "device-link",
                &DeviceLinkPage {
                    page: page.clone(),
                    link: self.secret,
                    csrf: self.secret,
                },
            ),
        ]
    }
}
