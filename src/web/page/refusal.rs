//! The page for a refused request.

use askama::Template;

use crate::{
    localization::Phrase,
    model::explanation::ResponsibleParty,
    web::page::part::{AppMark, PageContext},
};

/// What a refused request was for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedAction {
    SignIn,
    SignOut,
}

impl RefusedAction {
    /// The text of the heading; if `is_named`, the application's name stands in it.
    const fn heading_id(self, is_named: bool) -> &'static str {
        match (self, is_named) {
            (Self::SignIn, true) => "could-not-sign-in-to",
            (Self::SignIn, false) => "could-not-sign-in",
            (Self::SignOut, true) => "could-not-sign-out-of",
            (Self::SignOut, false) => "could-not-sign-out",
        }
    }
}

/// A refused request: what is wrong, who can fix it, and how. It never shows a registered value.
#[derive(Clone, Debug, Template)]
#[template(path = "refusal.html", config = "src/web/askama.toml")]
pub struct RefusalPage<'a> {
    pub page: PageContext,
    pub action: RefusedAction,
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
        self.action.heading_id(self.application.is_some())
    }

    /// What is wrong, with the name of the application if it is known.
    fn message(&self) -> String {
        let application = match &self.application {
            Some(application) => self.page.say("a-name").name("name", &application.name),
            None => self.page.say("the-application"),
        };
        let id = format!("refusal-{}", self.code.to_ascii_lowercase());
        self.page.say(&id).phrase("application", application).to_string()
    }

    /// What the user can do.
    fn what_to_do(&self) -> String {
        let id = format!("fix-{}", self.code.to_ascii_lowercase());
        self.page
            .say("if-that-does-not-help")
            .phrase("fix", self.page.say(&id))
            .name("organisation", &self.page.organisation)
            .to_string()
    }

    fn needs_administrator(&self) -> bool {
        self.responsible != ResponsibleParty::User
    }

    /// To whom the user should send the code.
    fn send_code(&self) -> Phrase<'static> {
        let id = match (self.responsible, &self.application) {
            (ResponsibleParty::User | ResponsibleParty::ProviderAdministrator, _) => {
                "send-code-to-administrator"
            }
            (ResponsibleParty::ApplicationAdministrator, Some(_)) => "send-code-to-application",
            (ResponsibleParty::ApplicationAdministrator, None) => "send-code-to-unknown-application",
            (ResponsibleParty::EitherAdministrator, Some(_)) => "send-code-to-either",
            (ResponsibleParty::EitherAdministrator, None) => "send-code-to-either-unknown",
        };
        let text = self.page.say(id).name("organisation", &self.page.organisation);
        match &self.application {
            Some(application) => text.name("application", &application.name),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api_model::remedy,
        localization::{Form, phrase},
        model::language::Language,
        provider::audit::codes,
    };

    #[test]
    fn a_message_about_the_application_begins_with_its_name() {
        let mut page = RefusalPage {
            page: PageContext {
                organisation: "Fernweh".into(),
                help_url: None,
                language: Language::English,
                address: None,
            },
            action: RefusedAction::SignIn,
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
            html.contains("<p><bdi>A &#38; B</bdi> asked for our answer at an address"),
            "{html}"
        );
        page.application = None;
        let html = page.render().unwrap();
        assert!(
            html.contains("<p>The application asked for our answer at an address"),
            "{html}"
        );
        assert!(html.contains("We could not sign you in</h1>"), "{html}");
    }

    fn english(id: &str) -> Phrase<'_> {
        phrase(Language::English, id, Form::Plain)
    }

    /// Service providers receive the messages in English; people read them here.
    #[test]
    fn what_a_person_reads_is_what_the_code_means() {
        // No page for a refusal is shown for these.
        let others = [
            codes::SIGNATURE_UNCHECKED,
            codes::LOGIN_WRONG,
            codes::LOGIN_THROTTLED,
            codes::FACTOR_WRONG,
            codes::FACTOR_THROTTLED,
            codes::PASSKEY_REFUSED,
            codes::EMAIL_THROTTLED,
            codes::EMAIL_DOMAIN,
            codes::EMAIL_LINK_OTHER,
            codes::FORM_FOREIGN,
            codes::LOGOUT_PARTIAL,
            codes::MAIL_FAILED,
            codes::FAILURE,
        ];
        // Clients of OpenID Connect receive the errors of OAuth, and show pages of their own.
        let is_for_client = |status: Option<(&str, _)>| status.is_some_and(|(error, _)| !error.contains(':'));
        for explanation in
            codes::all().filter(|one| !others.contains(&one.code) && !is_for_client(one.status))
        {
            let code = explanation.code.to_ascii_lowercase();
            let id = format!("refusal-{code}");
            let message = english(&id).phrase("application", english("the-application"));
            let written = message.to_string().replace('’', "'");
            assert_eq!(written, explanation.message, "{code}");
            if explanation.responsible == ResponsibleParty::User {
                let fix = english(&format!("fix-{code}")).to_string();
                assert_eq!(fix, remedy::fix_words(explanation.fix), "{code}");
            }
        }
    }
}
