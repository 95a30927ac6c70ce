//! The page of the user's own account, and the form in which they change their profile.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{
    model::{device, language::Language},
    web::page::part::{AppMark, PageContext, UserMark},
};

/// What has just been done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountNotice {
    None,
    ProfileSaved,
    ProfileUnchanged,
    SessionEnded,
    OthersEnded,
    /// The form was not one of this browser's.
    FormExpired,
}

impl AccountNotice {
    const fn text_id(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::ProfileSaved => Some("profile-saved"),
            Self::ProfileUnchanged => Some("profile-unchanged"),
            Self::SessionEnded => Some("session-was-ended"),
            Self::OthersEnded => Some("all-others-ended"),
            Self::FormExpired => Some("factors-form-expired"),
        }
    }

    const fn tone(self) -> &'static str {
        match self {
            Self::FormExpired => "warning",
            Self::ProfileUnchanged => "info",
            Self::None | Self::ProfileSaved | Self::SessionEnded | Self::OthersEnded => "good",
        }
    }
}

/// A session in the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    pub id: String,
    /// The browser in words; none if it is not known.
    pub device: Option<String>,
    pub address: Option<String>,
    pub last_seen_at: DateTime<Utc>,
    pub is_this: bool,
    /// The names of what was opened from it.
    pub applications: Vec<String>,
}

impl SessionRow {
    fn device_name(&self, page: &PageContext) -> String {
        let Some(device) = &self.device else {
            return page.say("unknown-browser").to_string();
        };
        match device::parts(device) {
            (browser, Some(system)) => page
                .say("browser-on-system")
                .plain("browser", browser)
                .plain("system", system)
                .to_string(),
            (only, None) => page.say("a-name").plain("name", only).to_string(),
        }
    }

    fn application_names(&self) -> String {
        self.applications.join(", ")
    }
}

/// An application that was told something of the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToldRow {
    pub mark: AppMark,
    pub name_id: String,
    /// Only if it is another one than the NameID.
    pub email: Option<String>,
    pub first_at: DateTime<Utc>,
}

/// The account; its forms post `csrf`, and `id` of one session, to `/account/sessions/end`.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html", config = "src/web/askama.toml")]
pub struct AccountPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: AccountNotice,
    /// What the user chose to be spoken to in.
    pub language: Option<Language>,
    /// None where no mail is sent.
    pub new_device_mail: Option<bool>,
    /// Users change their e-mail address themselves.
    pub changes_email: bool,
    pub password_changed_at: Option<DateTime<Utc>>,
    pub second_factors: usize,
    pub recovery_codes: usize,
    pub sessions: Vec<SessionRow>,
    pub applications: Vec<ToldRow>,
    pub csrf: &'a str,
}

/// What is wrong with the form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProfileError {
    NameMissing,
    /// Too long, or not in one line.
    BadName {
        max_len: usize,
    },
    Stale,
    FormExpired,
}

/// Changes names and preferences; it posts `csrf`, `given`, `family`, `language` and `new_device_mail` to its own
/// address.
#[derive(Clone, Debug, Template)]
#[template(path = "profile.html", config = "src/web/askama.toml")]
pub struct ProfilePage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub error: Option<ProfileError>,
    pub given: &'a str,
    pub family: &'a str,
    pub language: Option<Language>,
    /// None where no mail is sent.
    pub new_device_mail: Option<bool>,
    pub csrf: &'a str,
}
