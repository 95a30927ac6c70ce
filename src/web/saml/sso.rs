//! `/saml/sso`: the Sign-in URL.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    model::endpoint::path,
    provider::saml::receive::Received,
    web::{
        error::Error,
        off_thread::off_thread,
        respond,
        state::{Site, see_other},
    },
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
        Received::Refused(page) => respond::refused(&site, &request, &page),
        Received::Wait {
            handle,
            browser,
            lifetime,
        } => {
            let mut response = see_other(&format!("{}{}", path::CONTINUE, handle.text()));
            for removal in site.cookies.room_for_one_more(&request) {
                response.cookie(removal);
            }
            response
                .cookie(
                    site.cookies
                        .set_waiting(&handle, &browser, lifetime.num_seconds()),
                )
                .finish()
        }
    })
}
