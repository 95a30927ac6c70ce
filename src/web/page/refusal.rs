//! Why somebody is not sent on.

use askama::Template;

use crate::{
    model::explanation::ResponsibleParty,
    web::page::part::{AppMark, Brand},
};

/// What a request that is not answered was for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedAction {
    /// To be signed in somewhere.
    SignIn,
    /// To be signed out.
    SignOut,
}

impl RefusedAction {
    /// Without the application's name, or with it behind these words.
    fn heading(self, is_named: bool) -> &'static str {
        match (self, is_named) {
            (Self::SignIn, true) => "We could not sign you in to",
            (Self::SignIn, false) => "We could not sign you in",
            (Self::SignOut, true) => "We could not sign you out of",
            (Self::SignOut, false) => "We could not sign you out",
        }
    }
}

/// A request that is not answered: what is wrong, who can fix it, and how. It never shows a registered value.
#[derive(Clone, Debug, Template)]
#[template(path = "refused.html", config = "src/web/askama.toml")]
pub struct RefusalPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What the person wanted.
    pub action: RefusedAction,
    /// What is wrong.
    pub message: &'a str,
    /// Who can fix it.
    pub responsible: ResponsibleParty,
    /// How.
    pub fix: &'a str,
    /// The kind of refusal: `ACS-UNKNOWN`.
    pub code: &'a str,
    /// Which refusal: `7F3A-92C1`.
    pub reference: String,
    /// Who asked, when that is known.
    pub application: Option<AppMark>,
    /// Whether the person is signed in, and is led to the portal.
    pub portal_link: bool,
    /// When, with its zone.
    pub when: String,
}

impl RefusalPage<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }

    fn heading(&self) -> &'static str {
        self.action.heading(self.application.is_some())
    }

    /// What is wrong, as something that the application did: its name belongs before it, where that is known.
    fn message_about_application(&self) -> Option<(&AppMark, &str)> {
        self.application
            .as_ref()
            .zip(self.message.strip_prefix("The application "))
    }

    fn needs_administrator(&self) -> bool {
        self.responsible != ResponsibleParty::User
    }

    /// To whom the person sends the code.
    fn contact(&self) -> String {
        let here = format!("an administrator of {}", self.brand.organisation);
        let there = match &self.application {
            Some(application) => format!("whoever looks after {}", application.name),
            None => "whoever looks after the application".to_owned(),
        };
        match self.responsible {
            ResponsibleParty::User | ResponsibleParty::ProviderAdministrator => here,
            ResponsibleParty::ApplicationAdministrator => there,
            ResponsibleParty::EitherAdministrator => format!("{there}, or {here}"),
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
                organisation: "Fernweh",
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
        assert!(html.contains("<p><bdi>A &#38; B</bdi> asked for &#60;our&#62; answer.</p>"));
        page.application = None;
        let html = page.render().unwrap();
        assert!(html.contains("<p>The application asked for &#60;our&#62; answer.</p>"));
        assert!(html.contains("We could not sign you in</h1>"));
    }
}
