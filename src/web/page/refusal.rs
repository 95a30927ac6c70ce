//! The page for a refused request.

use askama::Template;

use crate::{
    model::explanation::ResponsibleParty,
    web::page::part::{AppMark, Brand},
};

/// What a refused request was for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedAction {
    SignIn,
    SignOut,
}

impl RefusedAction {
    /// The heading; if `is_named`, the application's name follows it.
    fn heading(self, is_named: bool) -> &'static str {
        match (self, is_named) {
            (Self::SignIn, true) => "We could not sign you in to",
            (Self::SignIn, false) => "We could not sign you in",
            (Self::SignOut, true) => "We could not sign you out of",
            (Self::SignOut, false) => "We could not sign you out",
        }
    }
}

/// A refused request: what is wrong, who can fix it, and how. It never shows a registered value.
#[derive(Clone, Debug, Template)]
#[template(path = "refusal.html", config = "src/web/askama.toml")]
pub struct RefusalPage<'a> {
    pub brand: Brand,
    pub action: RefusedAction,
    pub message: &'a str,
    pub responsible: ResponsibleParty,
    pub fix: &'a str,
    /// The refusal code, such as `ACS-UNKNOWN`.
    pub code: &'a str,
    /// Identifies this refusal, such as `7F3A-92C1`.
    pub reference: String,
    /// The sender of the request, if known.
    pub application: Option<AppMark>,
    /// Whether to link to the portal, because the user is signed in.
    pub portal_link: bool,
    /// The time of the refusal, with its zone.
    pub when: String,
}

impl RefusalPage<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }

    fn heading(&self) -> &'static str {
        self.action.heading(self.application.is_some())
    }

    /// If the message is about the application and its name is known: the application, and the
    /// message without its subject.
    fn message_about_application(&self) -> Option<(&AppMark, &str)> {
        self.application
            .as_ref()
            .zip(self.message.strip_prefix("The application "))
    }

    fn needs_administrator(&self) -> bool {
        self.responsible != ResponsibleParty::User
    }

    /// To whom the user should send the code.
    fn contact(&self) -> String {
        let our_administrator = format!("an administrator of {}", self.brand.organisation);
        let application_administrator = match &self.application {
            Some(application) => format!("whoever looks after {}", application.name),
            None => "whoever looks after the application".to_owned(),
        };
        match self.responsible {
            ResponsibleParty::User | ResponsibleParty::ProviderAdministrator => our_administrator,
            ResponsibleParty::ApplicationAdministrator => application_administrator,
            ResponsibleParty::EitherAdministrator => {
                format!("{application_administrator}, or {our_administrator}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_the_application_begins_with_its_name() {
        let mut page = RefusalPage {
            brand: Brand {
                organisation: "Fernweh".into(),
                help_url: None,
            },
            action: RefusedAction::SignIn,
            message: "The application asked for <our> answer.",
            responsible: ResponsibleParty::ProviderAdministrator,
            fix: "",
            code: "ACS-UNKNOWN",
            reference: String::new(),
            application: Some(AppMark::new("A & B", "1")),
            portal_link: false,
            when: String::new(),
        };
        let html = page.render().unwrap();
        assert!(
            html.contains("<p><bdi>A &#38; B</bdi> asked for &#60;our&#62; answer.</p>"),
            "{html}"
        );
        page.application = None;
        let html = page.render().unwrap();
        assert!(
            html.contains("<p>The application asked for &#60;our&#62; answer.</p>"),
            "{html}"
        );
        assert!(html.contains("We could not sign you in</h1>"), "{html}");
    }
}
