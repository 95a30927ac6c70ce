//! `/saml/slo`: the Sign-out URL.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    provider::saml::logout::LogoutReceived,
    web::{
        error::Error,
        login,
        off_thread::off_thread,
        respond,
        state::{Site, see_other},
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let query = request.query_string().to_owned();
    let received = off_thread(&site.provider, &site.permits, move |p| {
        p.receive_logout(&query, &visitor)
    })
    .await?;
    Ok(match received {
        // A response that answers nothing of ours ends nothing: it is as if the address was opened plainly.
        LogoutReceived::Plain | LogoutReceived::Stray => return login::ask(request, site).await,
        LogoutReceived::Redirect(address) => see_other(&address).finish(),
        LogoutReceived::Ended => login::signed_out(&site, &[]),
        LogoutReceived::Refused(page) => respond::refused(&site, &page),
    })
}
