//! The pages about e-mail addresses, for [`super::samples`].

use crate::web::page::{
    email::{AccountEmailPage, EmailLinkKind, EmailLinkPage, EmailNotice},
    notice::{NoticeKind, NoticePage},
    tests::samples::{Sample, SampleTexts},
};

impl SampleTexts<'_> {
    pub(super) fn email_pages(&self) -> Vec<Sample> {
        let page = |name, notice| {
            Sample::page(
                name,
                &AccountEmailPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    domains: "@fernweh.example, @fernweh.test",
                    email: self.email,
                    csrf: self.secret,
                },
            )
        };
        let names: Vec<String> = self.names.iter().map(|name| (*name).to_owned()).collect();
        let link = |name, kind| {
            Sample::page(
                name,
                &EmailLinkPage {
                    page: self.page(),
                    kind,
                    email: self.email,
                    link: self.secret,
                    csrf: self.secret,
                },
            )
        };
        let notice = |name, kind| {
            Sample::page(
                name,
                &NoticePage {
                    page: self.page(),
                    kind,
                },
            )
        };
        vec![
            page("account-email", EmailNotice::None),
            page("account-email-sent", EmailNotice::Sent),
            page("account-email-late", EmailNotice::FormExpired),
            page(
                "account-email-refused",
                EmailNotice::Refused("email-foreign-domain"),
            ),
            link(
                "email-confirm",
                EmailLinkKind::Confirm {
                    kept_at: &names[..2],
                    changed_at: &names[2..],
                },
            ),
            link(
                "email-confirm-alone",
                EmailLinkKind::Confirm {
                    kept_at: &[],
                    changed_at: &[],
                },
            ),
            link("email-undo", EmailLinkKind::Undo),
            notice("email-link-over", NoticeKind::EmailLinkExpired),
            notice("email-undo-over", NoticeKind::EmailUndoExpired),
            notice("email-link-other", NoticeKind::EmailLinkOfAnother),
            notice("email-changed", NoticeKind::EmailChanged),
            notice("email-taken", NoticeKind::EmailTaken),
            notice("email-undone", NoticeKind::EmailUndone),
        ]
    }
}
