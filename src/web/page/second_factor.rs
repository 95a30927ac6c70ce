//! The pages about second factors: asking for one, setting one up, and the user's own list of them.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};

use crate::{
    localization::{Form, phrase},
    web::page::part::{AppMark, PageContext, PasskeyAsk, UserMark},
};

/// What stands above the form of [`SecondFactorPage`], or beside its field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CodeNotice {
    None,
    WrongCode,
    /// The answer of the passkey is not good, or came too late.
    PasskeyRefused,
    /// Too many attempts.
    Throttled {
        /// How long to wait.
        seconds: u64,
        /// Code and reference, for the administrator.
        code: String,
    },
}

/// Asks for a passkey or a code; it posts `csrf`, `ticket`, `continue`, `remember`, and `code` or `state` and
/// `credential` to `/login/second-factor`.
#[derive(Clone, Debug, Template)]
#[template(path = "second_factor.html", config = "src/web/askama.toml")]
pub struct SecondFactorPage<'a> {
    pub page: PageContext,
    /// The application to sign in to, if one sent the user here.
    pub application: Option<AppMark>,
    pub user: UserMark,
    pub notice: CodeNotice,
    /// The user has a passkey.
    pub passkey: Option<PasskeyAsk<'a>>,
    /// The user has an authenticator application.
    pub has_app: bool,
    /// For how many days the device can be remembered; `None` if it cannot.
    pub remember_days: Option<i64>,
    pub csrf: &'a str,
    /// Proves that the password was correct; `None` in a session.
    pub ticket: Option<&'a str>,
    /// The pending sign-in, sealed.
    pub sealed: Option<&'a str>,
}

impl SecondFactorPage<'_> {
    fn must_wait(&self) -> bool {
        matches!(self.notice, CodeNotice::Throttled { .. })
    }

    fn is_code_wrong(&self) -> bool {
        self.notice == CodeNotice::WrongCode
    }

    fn is_passkey_refused(&self) -> bool {
        self.notice == CodeNotice::PasskeyRefused
    }
}

/// What stands above the form of [`EnrolmentPage`], or beside its field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EnrolmentNotice {
    None,
    WrongCode,
    /// Too many attempts.
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// The user has as many second factors as possible.
    TooMany,
    /// The page was not of this browser, or too old; this one has another secret.
    Expired,
}

/// Sets up an authenticator application; it posts `csrf`, `enrolment`, `code`, `name`, `required` and `continue` to
/// `/account/second-factors/add`.
#[derive(Clone, Debug, Template)]
#[template(path = "enrolment.html", config = "src/web/askama.toml")]
pub struct EnrolmentPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: EnrolmentNotice,
    /// The sign-in goes on only with a second factor.
    pub is_required: bool,
    /// A passkey will do, too.
    pub can_add_passkey: bool,
    /// An `svg` element of ours.
    pub qr_code: &'a str,
    pub secret: &'a str,
    pub csrf: &'a str,
    /// The secret, sealed.
    pub enrolment: &'a str,
    /// The pending sign-in, sealed.
    pub sealed: Option<&'a str>,
}

impl EnrolmentPage<'_> {
    fn is_code_wrong(&self) -> bool {
        self.notice == EnrolmentNotice::WrongCode
    }
}

/// What stands above the form of [`PasskeyEnrolmentPage`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasskeyNotice {
    None,
    /// The answer is not good.
    Refused,
    /// There is a passkey of this account on the device.
    Known,
    /// Too many attempts.
    Throttled {
        seconds: u64,
    },
    /// The user has as many second factors as possible.
    TooMany,
    /// The page was not of this browser, or too old.
    Expired,
}

/// Sets up a passkey; it posts `csrf`, `state`, `credential`, `name`, `required` and `continue` to
/// `/account/second-factors/add-passkey`.
#[derive(Clone, Debug, Template)]
#[template(path = "passkey_enrolment.html", config = "src/web/askama.toml")]
pub struct PasskeyEnrolmentPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: PasskeyNotice,
    /// The sign-in goes on only with a second factor.
    pub is_required: bool,
    pub ask: PasskeyAsk<'a>,
    pub csrf: &'a str,
    /// The pending sign-in, sealed.
    pub sealed: Option<&'a str>,
}

/// Shows new recovery codes, once.
#[derive(Clone, Debug, Template)]
#[template(path = "recovery_codes.html", config = "src/web/askama.toml")]
pub struct RecoveryCodesPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    /// Our address.
    pub origin: &'a str,
    pub made_at: DateTime<Utc>,
    pub codes: &'a [String],
    /// Where the user goes on: a path of ours.
    pub next: &'a str,
    /// What the page there is told: a form drops the query of its address.
    pub done: Option<&'a str>,
}

impl RecoveryCodesPage<'_> {
    /// The codes as a file, without a request.
    fn download(&self) -> String {
        let say = |id| phrase(self.page.language, id, Form::Plain);
        let heading = say("recovery-codes-file")
            .plain("email", &self.user.email)
            .plain("address", self.origin);
        let made = say("recovery-codes-file-made").day("day", self.made_at);
        let mut text = format!("{heading}\n{made}\n\n");
        for code in self.codes {
            text.push_str(code);
            text.push('\n');
        }
        format!("data:text/plain;charset=utf-8;base64,{}", STANDARD.encode(text))
    }
}

/// A second factor in the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FactorRow {
    pub id: String,
    pub name: String,
    pub is_passkey: bool,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorsNotice {
    None,
    Added,
    Removed,
    /// The last owner who can sign in needs it.
    LastWayIn,
    DevicesForgotten,
    /// The form was not one of this browser's.
    FormExpired,
}

impl FactorsNotice {
    const fn text_id(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Added => Some("factor-added"),
            Self::Removed => Some("factor-removed"),
            Self::LastWayIn => Some("factor-is-last-way-in"),
            Self::DevicesForgotten => Some("devices-forgotten"),
            Self::FormExpired => Some("factors-form-expired"),
        }
    }

    const fn tone(self) -> &'static str {
        match self {
            Self::LastWayIn | Self::FormExpired => "warning",
            Self::None | Self::Added | Self::Removed | Self::DevicesForgotten => "good",
        }
    }
}

/// The second factors of the user who is signed in; its forms post `csrf`, and `id` where one is to be removed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_factors.html", config = "src/web/askama.toml")]
pub struct AccountFactorsPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: FactorsNotice,
    pub factors: Vec<FactorRow>,
    pub recovery_codes: usize,
    pub can_remember: bool,
    pub can_add_passkey: bool,
    pub csrf: &'a str,
}
