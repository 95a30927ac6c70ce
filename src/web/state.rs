//! The state that all handlers share, and the common forms of responses.

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{InvalidHeaderValue, LOCATION},
    },
};
use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::{
    model::{endpoint::BaseUrl, secret::Token},
    provider::{Provider, audit::codes, visitor::Visitor},
    web::{
        error::Error,
        layer::cookie::Cookies,
        layer::csrf,
        layer::headers::{Headers, ResponseKind},
        layer::language,
        layer::log_limiter::LogLimiter,
        layer::permits::Permits,
        layer::visitor::{self, TrustedProxies},
        page::{
            html::Page,
            notice::{NoticeKind, NoticePage},
            part::{Brand, PageContext},
        },
    },
};

/// The site: the provider and its presentation.
#[derive(Debug)]
pub struct Site {
    pub(super) provider: Provider,
    pub(super) permits: Permits,
    pub(super) cookies: Cookies,
    pub(super) headers: Headers,
    proxies: TrustedProxies,
    brand: ArcSwap<Brand>,
    rejected_forms: LogLimiter,
    unrecorded_fetches: LogLimiter,
}

impl Site {
    pub fn new(
        provider: Provider,
        permits: Permits,
        trusted_proxies: Vec<IpNet>,
        brand: Brand,
    ) -> Result<Self, InvalidHeaderValue> {
        let base = &provider.endpoints().base;
        let (cookies, headers) = (Cookies::new(base), Headers::new(base.is_https())?);
        Ok(Self {
            provider,
            permits,
            cookies,
            headers,
            proxies: TrustedProxies::new(trusted_proxies),
            brand: ArcSwap::from_pointee(brand),
            rejected_forms: LogLimiter::default(),
            unrecorded_fetches: LogLimiter::default(),
        })
    }

    /// Trusts `trusted_proxies` and shows `brand` from now on.
    pub fn replace_settings(&self, trusted_proxies: Vec<IpNet>, brand: Brand) {
        self.proxies.replace(trusted_proxies);
        self.brand.store(Arc::new(brand));
    }

    pub(super) fn base(&self) -> &BaseUrl {
        &self.provider.endpoints().base
    }

    pub(super) fn brand(&self) -> Brand {
        Brand::clone(&self.brand.load())
    }

    /// What every page has, in the language that the request asks for.
    pub(super) fn page_context(&self, request: &HttpRequest) -> PageContext {
        let brand = self.brand();
        PageContext {
            organisation: brand.organisation,
            help_url: brand.help_url,
            language: language::requested(request, self.cookies, brand.language),
            address: language::address(request),
        }
    }

    pub(super) fn visitor(&self, request: &HttpRequest) -> Visitor {
        visitor::from_request(request, self.cookies, &self.proxies)
    }

    /// Logs that a form was rejected; at limited frequency, because anyone can send any number of
    /// them.
    pub(super) fn log_rejected_form(&self, what: &'static str) {
        let decision = self.rejected_forms.count(Instant::now());
        let code = codes::FORM_FOREIGN;
        if decision.suppressed_before > 0 {
            tracing::info!(
                code,
                count = decision.suppressed_before,
                "more forms were not believed in the minute before"
            );
        }
        if decision.is_logged {
            tracing::info!(code, "{what} was not believed");
        }
    }

    /// Logs, at limited frequency, that a metadata fetch could not be recorded.
    pub(super) fn log_unrecorded_fetch(&self, error: &Error) {
        if self.unrecorded_fetches.count(Instant::now()).is_logged {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "who fetched our metadata could not be noted"
            );
        }
    }

    pub(super) fn client_address(&self, request: &HttpRequest) -> IpAddr {
        self.proxies.client_address(request)
    }

    /// The token in the browser's cookie or a new one, and whether it is new and has to be set.
    pub(super) fn browser_token(&self, request: &HttpRequest) -> (Token, bool) {
        match self.cookies.browser(request) {
            Some(token) => (token, false),
            None => (self.provider.token(), true),
        }
    }

    /// A page with a form: `make` receives the form's token, the browser the cookie that it is
    /// bound to.
    pub(super) fn form_page(
        &self,
        request: &HttpRequest,
        status: StatusCode,
        make: impl FnOnce(&str) -> String,
    ) -> HttpResponse {
        let (browser, is_new) = self.browser_token(request);
        self.form_page_of(&browser, is_new, status, make)
    }

    /// The same for what [`Self::browser_token`] returned.
    pub(super) fn form_page_of(
        &self,
        browser: &Token,
        is_new: bool,
        status: StatusCode,
        make: impl FnOnce(&str) -> String,
    ) -> HttpResponse {
        let mut response = html(status);
        if is_new {
            response.cookie(self.cookies.set_browser(browser));
        }
        response.body(make(&csrf::form_token(browser)))
    }

    pub(super) fn notice(&self, request: &HttpRequest, status: StatusCode, kind: NoticeKind) -> HttpResponse {
        page(
            status,
            &NoticePage {
                page: self.page_context(request),
                kind,
            },
        )
    }

    /// A page that posts to an application; its policy permits the address of the form, and the
    /// redirects after it.
    pub(super) fn auto_post(&self, page: &impl Page, acs_is_plain_http: bool) -> HttpResponse {
        self.posting_page(StatusCode::OK, page, acs_is_plain_http)
    }

    /// The same, with a status.
    pub(super) fn posting_page(
        &self,
        status: StatusCode,
        page: &impl Page,
        acs_is_plain_http: bool,
    ) -> HttpResponse {
        let answer = if acs_is_plain_http {
            ResponseKind::AutoPostToLoopback
        } else {
            ResponseKind::AutoPost
        };
        let mut response = html(status).body(page.html());
        self.headers.apply(answer, response.headers_mut());
        response
    }

    /// A page with the headers of its kind.
    pub(super) fn page_of_kind(&self, answer: ResponseKind, page: &impl Page) -> HttpResponse {
        let mut response = html(StatusCode::OK).body(page.html());
        self.headers.apply(answer, response.headers_mut());
        response
    }
}

fn html(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    response
}

/// 303: the browser then fetches `location` by GET.
pub(super) fn see_other(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, location));
    response
}

/// A page without a form.
pub(super) fn page(status: StatusCode, page: &impl Page) -> HttpResponse {
    html(status).body(page.html())
}
