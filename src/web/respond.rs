//! Answers that several handlers give: the form that carries a message, the page that says why not.

use actix_web::{HttpResponse, http::StatusCode};

use crate::{
    model::{endpoint::path, id::ApplicationId},
    provider::{
        pending::{NewCookie, Waiting},
        saml::{
            answer,
            logout_hop::{Carrier, Outbound},
            refuse::RefusedPage,
        },
    },
    web::{
        page::{
            onward::{Base64, Going, SelfPost},
            part::{AppMark, PersonMark},
            refused::{Refused, Wanted},
        },
        state::{Site, page, see_other},
        words,
    },
};

pub(super) fn mark(id: ApplicationId, name: &str) -> AppMark {
    AppMark::new(name, &id.to_string())
}

pub(super) fn person(person: &answer::Person) -> PersonMark {
    PersonMark::new(&person.full_name, &person.email, &person.id.to_string())
}

/// The self-posting form.
pub(super) fn answer(site: &Site, answer: &answer::Answer) -> HttpResponse {
    let page = SelfPost {
        brand: site.brand(),
        application: mark(answer.application, &answer.application_name),
        going: if answer.person.is_some() {
            Going::SignedIn
        } else {
            Going::Refused
        },
        acs: answer.consumer.as_str(),
        message: Base64::of(&answer.message),
        relay_state: answer.relay_state.as_deref(),
        person: answer.person.as_ref().map(person),
    };
    site.self_post(&page, answer.consumer.is_plain_http())
}

/// On to the page that waits for the person, with the cookie that ties it to this browser.
pub(super) fn wait(site: &Site, waiting: &Waiting) -> HttpResponse {
    let mut response = see_other(&format!("{}{}", path::CONTINUE, waiting.sealed));
    match &waiting.cookie {
        None => {}
        Some(NewCookie::Browser(token)) => {
            response.cookie(site.cookies.set_browser(token));
        }
        Some(NewCookie::Posted(token)) => {
            response.cookie(site.cookies.set_posted(token));
        }
    }
    response.finish()
}

/// A logout message that ends its exchange: in the address, or in a self-posting form.
pub(super) fn outbound(site: &Site, outbound: &Outbound) -> HttpResponse {
    match &outbound.carrier {
        Carrier::Redirect(address) => see_other(address).finish(),
        Carrier::Post {
            location,
            message,
            relay_state,
        } => {
            let page = SelfPost {
                brand: site.brand(),
                application: mark(outbound.application.0, &outbound.application.1),
                going: Going::SignedOut,
                acs: location.as_str(),
                message: Base64::of(message),
                relay_state: relay_state.as_deref(),
                person: None,
            };
            site.self_post(&page, location.is_plain_http())
        }
    }
}

/// Our own page for a refusal: what is wrong, who fixes it and how, a code and a reference.
pub(super) fn refused(site: &Site, refused: &RefusedPage) -> HttpResponse {
    let told = refused.refusal.explanation();
    let shown = Refused {
        brand: site.brand(),
        wanted: if refused.is_logout {
            Wanted::SignOut
        } else {
            Wanted::SignIn
        },
        words: told.wrong,
        who: told.who,
        mend: told.mend,
        code: told.code,
        reference: refused.reference.to_string(),
        application: refused.application.as_ref().map(|(id, name)| mark(*id, name)),
        portal_link: true,
        when: words::moment(site.provider.now()),
    };
    page(StatusCode::BAD_REQUEST, &shown)
}
