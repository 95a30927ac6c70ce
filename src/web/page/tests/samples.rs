//! Every page in every state, filled with one set of words.

use crate::{
    model::{explanation::Mender, logout::HopState, reference::Reference},
    web::{
        headers::Answer,
        page::{
            device::DeviceLink,
            html::Page,
            leaving::{Leaving, Left, Returning, Way},
            login::{Login, LoginNotice},
            notice::{Failed, Notice, NoticeKind},
            onward::{Base64, Going, SelfPost},
            part::{AppMark, Brand, PersonMark},
            portal::{Portal, Tile, TileKind},
            refused::{Refused, Wanted},
            sign_out::{SignOut, SignOutOver, SignedOut},
        },
    },
};

/// The values that pages are filled with; every one of them may come from outside.
pub(super) struct Words<'a> {
    pub(super) organisation: &'a str,
    pub(super) help_url: Option<&'a str>,
    pub(super) names: [&'a str; 4],
    pub(super) host: &'a str,
    pub(super) person: &'a str,
    pub(super) greeting: &'a str,
    pub(super) email: &'a str,
    pub(super) acs: &'a str,
    pub(super) secret: &'a str,
    pub(super) text: &'a str,
}

pub(super) const FRIENDLY: Words<'_> = Words {
    organisation: "Fernweh Instruments",
    help_url: Some("https://help.fernweh.example/"),
    names: [
        "ChatGPT",
        "ChatGPT Research",
        "Reisekostenabrechnung und Genehmigungsverfahren",
        "Wiki",
    ],
    host: "reisen.verwaltung.fernweh.example",
    person: "Mira Castellane",
    greeting: "Mira",
    email: "mira.castellane@fernweh.example",
    acs: "https://external.auth.openai.com/sso/saml/acs/M1pZt0",
    secret: "r4",
    text: "ChatGPT asked for our answer at an address that is not registered here. To keep your account safe, we stopped.",
};

pub(super) fn hostile(text: &str) -> Words<'_> {
    Words {
        organisation: text,
        help_url: Some(text),
        names: [text; 4],
        host: text,
        person: text,
        greeting: text,
        email: text,
        acs: text,
        secret: text,
        text,
    }
}

/// A page as it is sent.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) answer: Answer,
    pub(super) html: String,
}

impl Sample {
    fn page(name: &'static str, page: &impl Page) -> Self {
        Self {
            name,
            answer: Answer::Page,
            html: page.html(),
        }
    }

    fn self_post(name: &'static str, answer: Answer, page: &impl Page) -> Self {
        Self {
            name,
            answer,
            html: page.html(),
        }
    }
}

pub(super) fn pages(words: &Words<'_>) -> Vec<Sample> {
    let mut all = words.logins();
    all.extend(words.portals());
    all.extend(words.onwards());
    all.extend(words.refusals());
    all.extend(words.sign_outs());
    all.extend(words.notices());
    all
}

impl Words<'_> {
    fn brand(&self) -> Brand<'_> {
        Brand {
            organisation: self.organisation,
            help_url: self.help_url,
        }
    }

    fn marks(&self) -> [AppMark; 4] {
        self.names.map(|name| AppMark::new(name, name))
    }

    fn person_mark(&self) -> PersonMark {
        PersonMark::new(self.person, self.email, "1")
    }

    fn logins(&self) -> Vec<Sample> {
        let [chatgpt, _, travel, _] = self.marks();
        let page = |name, application: Option<&AppMark>, email, notice| {
            let (application, go_on) = (application.cloned(), application.map(|_| self.secret));
            Sample::page(
                name,
                &Login {
                    brand: self.brand(),
                    application,
                    email,
                    notice,
                    csrf: self.secret,
                    go_on,
                },
            )
        };
        let wrong = LoginNotice::Wrong {
            code: "LOGIN-WRONG 7F3A-92C1".to_owned(),
        };
        let wait = LoginNotice::Wait {
            how_long: "2 minutes".to_owned(),
            seconds: 119,
            code: "LOGIN-THROTTLED 7F3A-92C1".to_owned(),
        };
        vec![
            page("login", None, "", LoginNotice::None),
            page("login-app", Some(&chatgpt), "", LoginNotice::None),
            page("login-wrong", Some(&chatgpt), self.email, wrong),
            page("login-wait", Some(&chatgpt), self.email, wait),
            page("login-meanwhile", None, "", LoginNotice::SignedOutMeanwhile),
            page("login-busy", Some(&chatgpt), self.email, LoginNotice::Busy),
            page("login-no-cookies", None, "", LoginNotice::NoCookies),
            page("login-again", Some(&travel), self.email, LoginNotice::Again),
            page("login-again-unnamed", None, self.email, LoginNotice::Again),
        ]
    }

    fn portals(&self) -> Vec<Sample> {
        let tiles: Vec<Tile> = self
            .marks()
            .into_iter()
            .zip([
                TileKind::Launch,
                TileKind::Launch,
                TileKind::Launch,
                TileKind::Elsewhere,
            ])
            .map(|(mark, kind)| Tile {
                mark,
                note: self.host.to_owned(),
                address: self.acs.to_owned(),
                kind,
            })
            .collect();
        let page = |name, tiles: &[Tile]| {
            let (person, greeting, tiles) = (self.person_mark(), self.greeting, tiles.to_vec());
            Sample::page(
                name,
                &Portal {
                    brand: self.brand(),
                    person,
                    greeting,
                    tiles,
                    csrf: self.secret,
                },
            )
        };
        vec![
            page("portal-none", &[]),
            page("portal-one", &tiles[..1]),
            page("portal-two", &tiles[2..]),
            page("portal-four", &tiles),
            page("portal-elsewhere", &tiles[3..]),
        ]
    }

    fn onwards(&self) -> Vec<Sample> {
        let page = |name, answer, going, person| {
            let [application, ..] = self.marks();
            let page = SelfPost {
                brand: self.brand(),
                application,
                going,
                acs: self.acs,
                message: Base64::of("<samlp:Response>"),
                relay_state: Some(self.secret),
                person,
            };
            Sample::self_post(name, answer, &page)
        };
        vec![
            page(
                "self-post",
                Answer::SelfPost,
                Going::SignedIn,
                Some(self.person_mark()),
            ),
            page("self-post-refused", Answer::SelfPost, Going::Refused, None),
            page(
                "self-post-signed-out",
                Answer::SelfPostToLoopback,
                Going::SignedOut,
                None,
            ),
        ]
    }

    fn refusals(&self) -> Vec<Sample> {
        let page = |name, application: Option<AppMark>, who| {
            let page = Refused {
                brand: self.brand(),
                wanted: if application.is_some() || who == Mender::Either {
                    Wanted::SignIn
                } else {
                    Wanted::SignOut
                },
                words: self.text,
                who,
                mend: "If the connection was reset, its addresses changed: paste the new ones with `hallpass app edit`.",
                code: "ACS-UNKNOWN",
                reference: "7F3A-92C1".to_owned(),
                portal_link: application.is_some(),
                application,
                when: "21 Nov 2026, 14:02:11 UTC".to_owned(),
            };
            Sample::page(name, &page)
        };
        let [chatgpt, ..] = self.marks();
        vec![
            page("refused", Some(chatgpt.clone()), Mender::Here),
            page("refused-there", Some(chatgpt), Mender::Application),
            page("refused-either", None, Mender::Either),
            page("refused-unknown", None, Mender::Person),
        ]
    }

    fn left(&self, states: [HopState; 4]) -> Vec<Left> {
        let [one, two, three, four] = self.marks();
        [one, two, three, four]
            .into_iter()
            .zip(states)
            .map(|(application, state)| Left {
                application,
                state,
                open: Some(self.acs.to_owned()),
            })
            .collect()
    }

    fn sign_outs(&self) -> Vec<Sample> {
        use HopState::{Asked, Confirmed, NoAddress, Refused, Unconfirmed, Waiting};
        let (brand, csrf) = (self.brand(), self.secret);
        let ask = |name, left| {
            let person = self.person_mark();
            Sample::page(
                name,
                &SignOut {
                    brand,
                    person,
                    left,
                    csrf,
                },
            )
        };
        let over = |name, applications| {
            Sample::page(
                name,
                &SignOutOver {
                    brand,
                    applications,
                    csrf,
                },
            )
        };
        let [.., application] = self.marks();
        let tell = |name, left, back| Sample::page(name, &SignedOut { brand, left, back });
        let step = |name, answer, way, states| {
            let page = Leaving {
                brand,
                left: self.left(states),
                application: application.clone(),
                position: 3,
                way,
                address: "/logout/1",
            };
            Sample::self_post(name, answer, &page)
        };
        let back = |name, left| {
            let page = Returning {
                brand,
                left,
                application: application.clone(),
                address: "/logout/1",
            };
            Sample::self_post(name, Answer::Leaving, &page)
        };
        let (ended, partly) = ([Confirmed; 4], [Confirmed, NoAddress, Unconfirmed, Refused]);
        let post = Way::Post {
            location: self.acs,
            message: Base64::of("<samlp:LogoutRequest>"),
        };
        let under_way = [Confirmed, NoAddress, Waiting, Asked];
        vec![
            ask("sign-out", self.left([Waiting, NoAddress, Waiting, Waiting])),
            ask("sign-out-alone", Vec::new()),
            over("sign-out-over", 4),
            over("sign-out-over-one", 1),
            step(
                "leaving",
                Answer::Leaving,
                Way::Link,
                [Waiting, NoAddress, Waiting, Confirmed],
            ),
            step("leaving-by-post", Answer::LeavingByPost, post, under_way),
            step("leaving-stuck", Answer::Leaving, Way::Person, under_way),
            back("returning", self.left(ended)),
            back("returning-partly", self.left(partly)),
            tell("signed-out", self.left(partly), None),
            tell(
                "signed-out-by-wiki",
                self.left(partly),
                Some((application.clone(), "/logout/1/go")),
            ),
            tell("signed-out-everywhere", self.left(ended), None),
            tell("signed-out-alone", Vec::new(), None),
        ]
    }

    fn notices(&self) -> Vec<Sample> {
        let brand = self.brand();
        vec![
            Sample::page(
                "failed",
                &Failed {
                    brand,
                    code: "FAILURE",
                    reference: Reference::of(self.secret),
                },
            ),
            Sample::page(
                "not-found",
                &Notice {
                    brand,
                    kind: NoticeKind::NotFound,
                },
            ),
            Sample::page(
                "unreadable",
                &Notice {
                    brand,
                    kind: NoticeKind::Unreadable,
                },
            ),
            Sample::page(
                "too-large",
                &Notice {
                    brand,
                    kind: NoticeKind::TooLarge,
                },
            ),
            Sample::page(
                "not-a-form",
                &Notice {
                    brand,
                    kind: NoticeKind::NotAForm,
                },
            ),
            Sample::page(
                "too-slow",
                &Notice {
                    brand,
                    kind: NoticeKind::TooSlow,
                },
            ),
            Sample::page(
                "too-many",
                &Notice {
                    brand,
                    kind: NoticeKind::TooMany(self.text),
                },
            ),
            Sample::page(
                "ended",
                &Notice {
                    brand,
                    kind: NoticeKind::Ended,
                },
            ),
            Sample::page(
                "not-a-page",
                &Notice {
                    brand,
                    kind: NoticeKind::NotAPage,
                },
            ),
            Sample::page(
                "no-cookies",
                &Notice {
                    brand,
                    kind: NoticeKind::NoCookies,
                },
            ),
            Sample::page(
                "busy",
                &Notice {
                    brand,
                    kind: NoticeKind::Busy,
                },
            ),
            Sample::page(
                "link-over",
                &Notice {
                    brand,
                    kind: NoticeKind::LinkOver,
                },
            ),
            Sample::page(
                "device-link",
                &DeviceLink {
                    brand,
                    link: self.secret,
                    csrf: self.secret,
                },
            ),
        ]
    }
}
