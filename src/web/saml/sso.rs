//! `/saml/sso`: the Sign-in URL.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    provider::saml::receive::Received,
    web::{error::Error, off_thread::off_thread, respond, state::Site},
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let query = request.query_string().to_owned();
    let received = off_thread(&site.provider, &site.permits, move |p| {
        p.receive(&query, &visitor)
    })
    .await?;
    Ok(match received {
        Received::Answer(answer) => respond::answer(&site, &answer),
        Received::Refused(page) => respond::refused(&site, &page),
        Received::Wait(waiting) => respond::wait(&site, &request, &waiting),
    })
}
