//! The page of one's own account, for [`super::samples`].

use chrono::DateTime;

use crate::{
    model::language::Language,
    web::page::{
        account::{AccountNotice, AccountPage, ProfileError, ProfilePage, SessionRow, ToldRow},
        tests::samples::{Sample, SampleTexts},
    },
};

impl SampleTexts<'_> {
    pub(super) fn account_pages(&self) -> Vec<Sample> {
        let session = |is_this, device: Option<&str>, applications: &[&str]| SessionRow {
            id: "01890000-0000-7000-8000-000000000000".to_owned(),
            device: device.map(str::to_owned),
            address: device.map(|_| self.host.to_owned()),
            last_seen_at: DateTime::UNIX_EPOCH,
            is_this,
            applications: applications.iter().map(|name| (*name).to_owned()).collect(),
        };
        let [first, second, ..] = self.names;
        let sessions = [
            session(true, Some(self.text), &[first, second]),
            session(false, Some(self.text), &[first]),
            session(false, None, &[]),
        ];
        let told = |email: Option<&str>| {
            let [mark, ..] = self.marks();
            ToldRow {
                mark,
                name_id: self.email.to_owned(),
                email: email.map(str::to_owned),
                first_at: DateTime::UNIX_EPOCH,
            }
        };
        let page = |name, notice, full: bool| {
            Sample::page(
                name,
                &AccountPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    language: full.then_some(Language::Japanese),
                    new_device_mail: full.then_some(true),
                    changes_email: full,
                    password_changed_at: full.then_some(DateTime::UNIX_EPOCH),
                    second_factors: usize::from(full),
                    recovery_codes: 3,
                    sessions: sessions.iter().take(if full { 3 } else { 1 }).cloned().collect(),
                    applications: if full {
                        vec![told(None), told(Some(self.email))]
                    } else {
                        Vec::new()
                    },
                    csrf: self.secret,
                },
            )
        };
        let profile = |name, error| {
            Sample::page(
                name,
                &ProfilePage {
                    page: self.page(),
                    user: self.user_mark(),
                    error,
                    given: self.greeting,
                    family: self.user,
                    language: Some(Language::French),
                    new_device_mail: Some(error.is_none()),
                    csrf: self.secret,
                },
            )
        };
        vec![
            page("account", AccountNotice::None, true),
            page("account-new", AccountNotice::ProfileSaved, false),
            page("account-unchanged", AccountNotice::ProfileUnchanged, false),
            page("account-ended", AccountNotice::SessionEnded, true),
            page("account-others-ended", AccountNotice::OthersEnded, false),
            page("account-late", AccountNotice::FormExpired, true),
            profile("profile", None),
            profile("profile-missing", Some(ProfileError::NameMissing)),
            profile("profile-bad", Some(ProfileError::BadName { max_len: 256 })),
            profile("profile-stale", Some(ProfileError::Stale)),
            profile("profile-late", Some(ProfileError::FormExpired)),
        ]
    }
}
