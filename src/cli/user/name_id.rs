//! The persistent name by which an application knows a person.

use anyhow::{Context, Result, bail};

use crate::{
    api_model::user::NameIdOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    model::{application::Slug, text::single_line, user::Email},
    provider::Provider,
};

/// The longest persistent name, in characters (saml-core, 8.3.7).
const MAX_NAME_ID: usize = 256;

pub(super) fn name_id(
    provider: &Provider,
    email: &str,
    app: &str,
    set: Option<&str>,
    json: bool,
) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    let slug = Slug::parse(app)?;
    let application = provider
        .applications(actor::current())
        .application(&slug)?
        .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?;
    let shown = |name_id: Option<&str>| {
        output::json(&NameIdOutput {
            email: user.email.as_str(),
            app: application.slug.as_str(),
            name_id,
        })
    };
    let Some(value) = set else {
        return match provider
            .people(actor::current())
            .persistent_name_id(&application, &user)?
        {
            known if json => shown(known.as_deref()),
            Some(value) => print_line(format_args!("{value}")),
            None => print_line(format_args!(
                "None yet: {} gets one at the first sign-in to {} that asks for it.",
                user.email, application.name
            )),
        };
    };
    let value = single_line("the name", value, MAX_NAME_ID)?;
    if provider
        .people(actor::current())
        .set_persistent_name_id(&application, &user, &value)?
    {
        if json {
            return shown(Some(&value));
        }
        print_line(format_args!(
            "{} knows {} as {value} from now on.",
            application.name, user.email
        ))
    } else {
        bail!(
            "{} knows or knew another person as {value}: a name is never given to somebody else",
            application.name
        )
    }
}
