//! The pages about second factors, for [`super::samples`].

use chrono::DateTime;

use crate::web::page::{
    part::{AppMark, PasskeyAsk},
    second_factor::{
        AccountFactorsPage, CodeNotice, EnrolmentNotice, EnrolmentPage, FactorRow, FactorsNotice,
        PasskeyEnrolmentPage, PasskeyNotice, RecoveryCodesPage, SecondFactorPage,
    },
    tests::samples::{Sample, SampleTexts},
};

impl SampleTexts<'_> {
    pub(super) fn code_pages(&self) -> Vec<Sample> {
        let [chatgpt, ..] = self.marks();
        let page = |name, application: Option<&AppMark>, remember_days, notice| {
            Sample::page(
                name,
                &SecondFactorPage {
                    page: self.page(),
                    application: application.cloned(),
                    user: self.user_mark(),
                    notice,
                    passkey: None,
                    has_app: true,
                    remember_days,
                    csrf: self.secret,
                    ticket: Some(self.secret),
                    sealed: application.map(|_| self.secret),
                },
            )
        };
        let passkey = |name, has_app, remember_days, notice| {
            Sample::page(
                name,
                &SecondFactorPage {
                    page: self.page(),
                    application: Some(chatgpt.clone()),
                    user: self.user_mark(),
                    notice,
                    passkey: Some(self.passkey()),
                    has_app,
                    remember_days,
                    csrf: self.secret,
                    ticket: None,
                    sealed: Some(self.secret),
                },
            )
        };
        let wait = CodeNotice::Throttled {
            seconds: 119,
            code: "FACTOR-THROTTLED 7F3A-92C1".to_owned(),
        };
        vec![
            page("second-factor", None, None, CodeNotice::None),
            page("second-factor-app", Some(&chatgpt), Some(30), CodeNotice::None),
            page("second-factor-wrong", Some(&chatgpt), None, CodeNotice::WrongCode),
            page("second-factor-wait", Some(&chatgpt), Some(1), wait.clone()),
            passkey("second-factor-passkey", false, None, CodeNotice::None),
            passkey("second-factor-passkey-or-code", true, Some(30), CodeNotice::None),
            passkey(
                "second-factor-passkey-code-wrong",
                true,
                None,
                CodeNotice::WrongCode,
            ),
            passkey(
                "second-factor-passkey-refused",
                true,
                None,
                CodeNotice::PasskeyRefused,
            ),
            passkey(
                "second-factor-passkey-recovery-wrong",
                false,
                None,
                CodeNotice::WrongCode,
            ),
            passkey("second-factor-passkey-wait", false, None, wait),
        ]
    }

    pub(super) fn enrolment_pages(&self) -> Vec<Sample> {
        let page = |name, is_required, notice| {
            Sample::page(
                name,
                &EnrolmentPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    is_required,
                    can_add_passkey: true,
                    qr_code: "<svg viewBox=\"0 0 9 9\"><path d=\"M0 0h7v1h-7z\"/></svg>",
                    secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
                    csrf: self.secret,
                    enrolment: self.secret,
                    sealed: is_required.then_some(self.secret),
                },
            )
        };
        let wait = EnrolmentNotice::Throttled { seconds: 119 };
        vec![
            page("add-phone", false, EnrolmentNotice::None),
            page("add-phone-required", true, EnrolmentNotice::None),
            page("add-phone-wrong", true, EnrolmentNotice::WrongCode),
            page("add-phone-wait", false, wait),
            page("add-phone-too-many", false, EnrolmentNotice::TooMany),
            page("add-phone-expired", false, EnrolmentNotice::Expired),
        ]
    }

    pub(super) fn passkey(&self) -> PasskeyAsk<'_> {
        PasskeyAsk {
            options: self.text,
            state: self.secret,
        }
    }

    pub(super) fn passkey_enrolment_pages(&self) -> Vec<Sample> {
        let page = |name, is_required, notice| {
            Sample::page(
                name,
                &PasskeyEnrolmentPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    is_required,
                    ask: self.passkey(),
                    csrf: self.secret,
                    sealed: is_required.then_some(self.secret),
                },
            )
        };
        let wait = PasskeyNotice::Throttled { seconds: 119 };
        vec![
            page("add-passkey", false, PasskeyNotice::None),
            page("add-passkey-required", true, PasskeyNotice::None),
            page("add-passkey-refused", false, PasskeyNotice::Refused),
            page("add-passkey-known", false, PasskeyNotice::Known),
            page("add-passkey-wait", true, wait),
            page("add-passkey-too-many", false, PasskeyNotice::TooMany),
            page("add-passkey-expired", true, PasskeyNotice::Expired),
        ]
    }

    pub(super) fn factor_pages(&self) -> Vec<Sample> {
        let codes = [
            "7KQD-M2XW-4RTN-9HBE",
            "PX3C-JW6A-2MZV-8KFT",
            "QN7H-5DRY-9CWB-E4PJ",
            "H6TX-3VMK-D8FA-7NQR",
            "K2YJ-W5CZ-R4PE-6XHG",
        ];
        let codes: Vec<String> = codes.iter().chain(&codes).map(ToString::to_string).collect();
        let recovery = RecoveryCodesPage {
            page: self.page(),
            user: self.user_mark(),
            origin: "https://login.fernweh.example",
            made_at: DateTime::UNIX_EPOCH,
            codes: &codes,
            next: "/account/second-factors",
            done: Some(self.secret),
        };
        let row = FactorRow {
            id: "01890000-0000-7000-8000-000000000000".to_owned(),
            name: self.text.to_owned(),
            is_passkey: false,
            created_at: DateTime::UNIX_EPOCH,
            last_used_at: Some(DateTime::UNIX_EPOCH),
        };
        let account = |name, factors: &[FactorRow], recovery_codes, notice| {
            Sample::page(
                name,
                &AccountFactorsPage {
                    page: self.page(),
                    user: self.user_mark(),
                    notice,
                    factors: factors.to_vec(),
                    recovery_codes,
                    can_remember: true,
                    can_add_passkey: true,
                    csrf: self.secret,
                },
            )
        };
        let passkey = FactorRow {
            is_passkey: true,
            last_used_at: None,
            ..row.clone()
        };
        let two = [passkey, row];
        vec![
            Sample::page("recovery-codes", &recovery),
            account("factors-none", &[], 0, FactorsNotice::None),
            account("factors", &two, 10, FactorsNotice::Added),
            account("factors-removed", &two[1..], 2, FactorsNotice::Removed),
            account("factors-last", &two, 0, FactorsNotice::LastWayIn),
            account("factors-forgotten", &two, 10, FactorsNotice::DevicesForgotten),
            account("factors-again", &two, 10, FactorsNotice::FormExpired),
        ]
    }
}
