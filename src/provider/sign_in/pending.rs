//! A pending sign-in is not stored on the server: the browser carries it, sealed, in the URL of `/continue` and in the
//! sign-in form. So requests from strangers use up nothing that other users need.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{secret::Token, sign_in::PendingSignIn},
    provider::{error::Error, handle::SignIn, visitor::Visitor},
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

/// What a browser carried, opened.
#[derive(Debug)]
pub(in crate::provider) enum Opened {
    SignIn(Box<PendingSignIn>, CookieBinding),
    /// A URL of ours.
    Target(String),
    /// A URL of ours, for a user who has signed in since then.
    FreshTarget(String, DateTime<Utc>),
}

/// How far in the future a sealed sign-in may have been created: the clocks of replicas differ, and clocks are set
/// back.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(3);

impl SignIn<'_> {
    /// Seals `pending` for the browser until the user has signed in.
    pub(in crate::provider) fn seal_sign_in(
        &self,
        pending: &PendingSignIn,
        visitor: &Visitor,
    ) -> Result<SealedSignIn, Error> {
        if visitor.browser.is_none() && visitor.session_may_be_hidden {
            let posted = self.token();
            return Ok(SealedSignIn {
                sealed: self.seal_pending(pending, CookieBinding::Posted, &posted)?,
                cookie: Some(NewCookie::Posted(posted)),
            });
        }
        self.bind_to_browser(pending, visitor)
    }

    /// Like [`Self::seal_sign_in`], bound to the browser's own cookie.
    pub(in crate::provider) fn bind_to_browser(
        &self,
        pending: &PendingSignIn,
        visitor: &Visitor,
    ) -> Result<SealedSignIn, Error> {
        self.sealed_for_browser(visitor, |browser| {
            self.seal_pending(pending, CookieBinding::Browser, browser)
        })
    }

    /// Seals a URL of ours to which the browser is sent after the sign-in. Only this browser can use it: no link on
    /// another site leads there.
    pub fn seal_target(&self, target: &str, visitor: &Visitor) -> Result<SealedSignIn, Error> {
        self.seal_url(SealedContent::Target, target, visitor)
    }

    /// Like [`Self::seal_target`], for a user who has to sign in again even if they are signed in.
    pub fn seal_fresh_target(&self, target: &str, visitor: &Visitor) -> Result<SealedSignIn, Error> {
        self.seal_url(SealedContent::FreshTarget, target, visitor)
    }

    fn seal_url(
        &self,
        content: SealedContent,
        target: &str,
        visitor: &Visitor,
    ) -> Result<SealedSignIn, Error> {
        let created_at = self.now().timestamp_micros().to_be_bytes();
        let plain = [&created_at[..], target.as_bytes()].concat();
        self.sealed_for_browser(visitor, |browser| self.seal(content, browser, &plain))
    }

    fn sealed_for_browser(
        &self,
        visitor: &Visitor,
        seal_for: impl FnOnce(&Token) -> Result<String, Error>,
    ) -> Result<SealedSignIn, Error> {
        let (browser, is_new) = match &visitor.browser {
            Some(browser) => (browser.duplicate(), false),
            None => (self.token(), true),
        };
        Ok(SealedSignIn {
            sealed: seal_for(&browser)?,
            cookie: is_new.then_some(NewCookie::Browser(browser)),
        })
    }

    /// Whether a sign-in created then may continue.
    pub(in crate::provider) fn is_unexpired(&self, begun_at: DateTime<Utc>) -> bool {
        self.is_recent(begun_at, self.policy().sign_in_lifetime)
    }

    /// Whether what began then, here or on another replica, is no older than `lifetime`.
    pub(in crate::provider) fn is_recent(&self, begun_at: DateTime<Utc>, lifetime: TimeDelta) -> bool {
        (-MAX_CLOCK_SKEW..lifetime).contains(&(self.now() - begun_at))
    }

    /// Opens what was sealed for this browser, unless it has expired.
    pub(in crate::provider) fn open_sealed(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<Opened>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(sealed) else {
            return Ok(None);
        };
        for (content, cookie) in [
            (SealedContent::Request(CookieBinding::Browser), &visitor.browser),
            (SealedContent::Request(CookieBinding::Posted), &visitor.posted),
            (SealedContent::Target, &visitor.browser),
            (SealedContent::FreshTarget, &visitor.browser),
        ] {
            let Some(cookie) = cookie else { continue };
            let opened = self.state_key().open(&associated_data(content, cookie), &bytes)?;
            let Some(plain) = opened else { continue };
            return Ok(match content {
                SealedContent::Request(binding) => PendingSignIn::from_bytes(plain.expose())
                    .filter(|pending| self.is_unexpired(pending.created_at))
                    .map(|pending| Opened::SignIn(Box::new(pending), binding)),
                SealedContent::FreshTarget => target_from_bytes(plain.expose())
                    .filter(|(created_at, _target)| self.is_unexpired(*created_at))
                    .map(|(created_at, target)| Opened::FreshTarget(target, created_at)),
                SealedContent::Target => target_from_bytes(plain.expose())
                    .filter(|(created_at, _target)| self.is_unexpired(*created_at))
                    .map(|(_created_at, target)| Opened::Target(target)),
            });
        }
        Ok(None)
    }

    fn seal_pending(
        &self,
        pending: &PendingSignIn,
        binding: CookieBinding,
        cookie: &Token,
    ) -> Result<String, Error> {
        self.seal(SealedContent::Request(binding), cookie, &pending.to_bytes())
    }

    fn seal(&self, content: SealedContent, cookie: &Token, plain: &[u8]) -> Result<String, Error> {
        let sealed = self
            .state_key()
            .seal(&associated_data(content, cookie), plain, self.random())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }
}

fn target_from_bytes(bytes: &[u8]) -> Option<(DateTime<Utc>, String)> {
    let (created_at, target) = bytes.split_first_chunk::<8>()?;
    let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*created_at))?;
    Some((created_at, String::from_utf8(target.to_vec()).ok()?))
}

/// The kind of sealed content: one kind cannot be opened as another.
#[derive(Clone, Copy, Debug)]
enum SealedContent {
    Request(CookieBinding),
    Target,
    FreshTarget,
}

fn associated_data(content: SealedContent, cookie: &Token) -> Vec<u8> {
    let label: &[u8] = match content {
        SealedContent::Request(CookieBinding::Browser) => b"browser ",
        SealedContent::Request(CookieBinding::Posted) => b"posted ",
        SealedContent::Target => b"target ",
        SealedContent::FreshTarget => b"fresh target ",
    };
    [label, cookie.hash().as_bytes()].concat()
}
