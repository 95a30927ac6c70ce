//! The page for a user who is not among those who may use an application.

use askama::Template;

use crate::{
    localization::Phrase,
    web::page::{
        auto_post::PostBody,
        part::{AppMark, PageContext, UserMark},
    },
};

/// How the user goes back to the application, which then receives the reason.
#[derive(Clone, Debug)]
pub enum WayBack<'a> {
    Form {
        /// The registered address that receives the message.
        destination: &'a str,
        body: PostBody<'a>,
    },
    Link(String),
}

/// The user is signed in, and the application is open to others.
#[derive(Clone, Debug, Template)]
#[template(path = "not_assigned.html", config = "src/web/askama.toml")]
pub struct NotAssignedPage<'a> {
    pub page: PageContext,
    pub application: AppMark,
    pub user: UserMark,
    /// The names of the groups that it is open to.
    pub groups: &'a [String],
    /// The refusal code, and what identifies this refusal.
    pub code: String,
    /// `None` if the application sent no request.
    pub back: Option<WayBack<'a>>,
}

impl NotAssignedPage<'_> {
    /// Whom it is open to; groups are named if they are few enough.
    fn open_to(&self) -> Phrase<'static> {
        let several = match self.groups {
            [only] => {
                return self
                    .page
                    .say("no-access-one-group")
                    .name("application", &self.application.name)
                    .strong("group", only);
            }
            [first, second] => self
                .page
                .say("two-names")
                .strong("first", first)
                .strong("second", second),
            [first, second, third] => self
                .page
                .say("three-names")
                .strong("first", first)
                .strong("second", second)
                .strong("third", third),
            _ => {
                return self
                    .page
                    .say("no-access-people")
                    .name("application", &self.application.name);
            }
        };
        self.page
            .say("no-access-groups")
            .name("application", &self.application.name)
            .phrase("groups", several)
    }
}
