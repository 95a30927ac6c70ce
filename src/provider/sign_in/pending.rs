//! A pending sign-in is not stored on the server: the browser carries it, sealed, in the URL of `/continue` and in the
//! sign-in form. So requests from strangers use up nothing that other users need.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        application::{Application, SpUrl},
        name_id::NameIdFormat,
        secret::Token,
        sign_in::{PendingSignIn, Subject},
        user::Email,
    },
    provider::{Provider, error::Error, visitor::Visitor},
};

/// A pending sign-in: send the browser to `/continue/{sealed}`.
#[derive(Debug)]
pub struct SealedSignIn {
    /// Part of the URL.
    pub sealed: String,
    /// The cookie that it is bound to, if the browser does not have it yet.
    pub cookie: Option<NewCookie>,
}

/// A cookie for the browser.
#[derive(Debug)]
pub enum NewCookie {
    /// The browser's own cookie, to which forms are bound too.
    Browser(Token),
    /// For the one redirect after a form of another site: the browser withholds its own cookie from such a form, and
    /// that cookie must not be replaced.
    Posted(Token),
}

/// Which cookie a sealed sign-in is bound to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum CookieBinding {
    /// The browser's own cookie.
    Browser,
    /// The cookie for the one redirect.
    Posted,
}

/// The parameters of a sign-in that has to wait.
pub(in crate::provider) struct NewPendingSignIn {
    pub(in crate::provider) request_id: String,
    pub(in crate::provider) acs: SpUrl,
    pub(in crate::provider) relay_state: Option<String>,
    pub(in crate::provider) force_authn: bool,
    pub(in crate::provider) is_passive: bool,
    pub(in crate::provider) subject: Option<Subject>,
    pub(in crate::provider) name_id_format: NameIdFormat,
    pub(in crate::provider) authn_context_class: &'static str,
    pub(in crate::provider) login_hint: Option<Email>,
}

/// How far in the future a sealed sign-in may have been created: the clocks of replicas differ, and clocks are set
/// back.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(3);

impl Provider {
    /// Seals the parameters for the browser until the user has signed in.
    pub(in crate::provider) fn seal_sign_in(
        &self,
        application: &Application,
        wish: NewPendingSignIn,
        visitor: &Visitor,
    ) -> Result<SealedSignIn, Error> {
        let pending = PendingSignIn {
            application: application.id,
            request_id: wish.request_id,
            acs_digest: wish.acs.digest(),
            relay_state: wish.relay_state,
            force_authn: wish.force_authn,
            is_passive: wish.is_passive,
            subject: wish.subject,
            name_id_format: wish.name_id_format,
            context_class: wish.authn_context_class.to_owned(),
            login_hint: wish.login_hint.map(|email| email.as_str().to_owned()),
            created_at: self.now(),
        };
        if visitor.browser.is_none() && visitor.session_may_be_hidden {
            let posted = self.token();
            return Ok(SealedSignIn {
                sealed: self.seal_pending(&pending, CookieBinding::Posted, &posted)?,
                cookie: Some(NewCookie::Posted(posted)),
            });
        }
        self.bind_to_browser(&pending, visitor)
    }

    /// The same, bound to the browser's own cookie.
    pub(in crate::provider) fn bind_to_browser(
        &self,
        pending: &PendingSignIn,
        visitor: &Visitor,
    ) -> Result<SealedSignIn, Error> {
        let (browser, is_new) = match &visitor.browser {
            Some(browser) => (browser.duplicate(), false),
            None => (self.token(), true),
        };
        Ok(SealedSignIn {
            sealed: self.seal_pending(pending, CookieBinding::Browser, &browser)?,
            cookie: is_new.then_some(NewCookie::Browser(browser)),
        })
    }

    /// Seals a URL of ours to which the browser is sent after the sign-in. Only this browser can use it: no link on
    /// another site leads there.
    pub fn seal_target(&self, target: &str, visitor: &Visitor) -> Result<SealedSignIn, Error> {
        let (browser, is_new) = match &visitor.browser {
            Some(browser) => (browser.duplicate(), false),
            None => (self.token(), true),
        };
        let begun_at = self.now().timestamp_micros().to_be_bytes();
        let plain = [&begun_at[..], target.as_bytes()].concat();
        let bound = associated_data(SealedContent::Target, &browser);
        let sealed = self.state_key().seal(&bound, &plain, self.random())?;
        Ok(SealedSignIn {
            sealed: URL_SAFE_NO_PAD.encode(sealed),
            cookie: is_new.then_some(NewCookie::Browser(browser)),
        })
    }

    /// Opens what [`Provider::seal_target`] sealed for this browser, unless it has expired.
    pub(in crate::provider) fn open_target(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<String>, Error> {
        let (Ok(bytes), Some(browser)) = (URL_SAFE_NO_PAD.decode(sealed), &visitor.browser) else {
            return Ok(None);
        };
        let opened = self
            .state_key()
            .open(&associated_data(SealedContent::Target, browser), &bytes)?;
        Ok(opened.and_then(|plain| {
            let (begun_at, target) = plain.expose().split_first_chunk::<8>()?;
            let begun_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*begun_at))?;
            let target = String::from_utf8(target.to_vec()).ok()?;
            self.is_unexpired(begun_at).then_some(target)
        }))
    }

    /// Whether a sign-in created then may continue.
    fn is_unexpired(&self, begun_at: DateTime<Utc>) -> bool {
        (-MAX_CLOCK_SKEW..self.policy().sign_in_lifetime).contains(&(self.now() - begun_at))
    }

    /// Opens the sealed sign-in of this browser, unless it has expired.
    pub(in crate::provider) fn open_sign_in(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<(PendingSignIn, CookieBinding)>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(sealed) else {
            return Ok(None);
        };
        for (binding, cookie) in [
            (CookieBinding::Browser, &visitor.browser),
            (CookieBinding::Posted, &visitor.posted),
        ] {
            let Some(cookie) = cookie else { continue };
            let bound = self
                .state_key()
                .open(&associated_data(SealedContent::Request(binding), cookie), &bytes)?;
            let Some(plain) = bound else { continue };
            let pending = PendingSignIn::from_bytes(plain.expose())
                .filter(|pending| self.is_unexpired(pending.created_at));
            return Ok(pending.map(|pending| (pending, binding)));
        }
        Ok(None)
    }

    fn seal_pending(
        &self,
        pending: &PendingSignIn,
        binding: CookieBinding,
        cookie: &Token,
    ) -> Result<String, Error> {
        let bound = associated_data(SealedContent::Request(binding), cookie);
        let sealed = self
            .state_key()
            .seal(&bound, &pending.to_bytes(), self.random())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }
}

/// The kind of sealed content: one kind cannot be opened as another.
#[derive(Clone, Copy, Debug)]
enum SealedContent {
    Request(CookieBinding),
    Target,
}

fn associated_data(content: SealedContent, cookie: &Token) -> Vec<u8> {
    let label: &[u8] = match content {
        SealedContent::Request(CookieBinding::Browser) => b"browser ",
        SealedContent::Request(CookieBinding::Posted) => b"posted ",
        SealedContent::Target => b"target ",
    };
    [label, cookie.hash().as_bytes()].concat()
}
