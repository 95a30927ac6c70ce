//! `/continue/{sealed}`: resumes a pending sign-in. Safe to reload, to go back to and to open
//! twice.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};

use crate::web::{error::Error, layer::off_thread::off_thread, people::outcome, state::Site};

pub(in crate::web) async fn get(
    request: HttpRequest,
    site: Data<Site>,
    sealed: Path<String>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed.into_inner();
    let visitor = site.visitor(&request);
    let outcome = {
        let sealed = sealed.clone();
        off_thread(&site, &request, move |p| {
            p.sign_in().resume_sign_in(&sealed, &visitor)
        })
        .await?
    };
    outcome::respond(&site, &request, outcome, Some(sealed)).await
}
