//! `hallpass user second-factor`.

use anyhow::{Context, Result, bail};

use crate::{
    api_model::second_factor::UserFactorsOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    model::{
        id::SecondFactorId,
        user::{Email, User},
    },
    provider::Provider,
};

/// Whose second factors, and which of them go.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SecondFactorArguments {
    /// The e-mail address
    email: String,
    /// Removes the one with this ID
    #[arg(long, value_name = "ID")]
    remove: Option<String>,
    /// Removes all of them and the recovery codes, for somebody who has lost them; ends the person's sessions
    #[arg(long, conflicts_with = "remove")]
    remove_all: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn second_factor(provider: &Provider, arguments: &SecondFactorArguments) -> Result<()> {
    let email = Email::parse(&arguments.email)?;
    let people = provider.people(actor::current());
    let user = people
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    if let Some(id) = &arguments.remove {
        let known = match id.parse::<SecondFactorId>() {
            Ok(id) => people.remove_second_factor(&user, id)?,
            Err(_no_id) => false,
        };
        if !known {
            bail!(
                "{0} has no second factor {id}; `hallpass user second-factor {0}` shows all",
                user.email
            );
        }
        return report(provider, &user, "It is removed.", arguments.json);
    }
    if arguments.remove_all {
        let message = match people.remove_second_factors(&user)? {
            0 => "There was none; recovery codes are gone all the same.".to_owned(),
            1 => "One second factor and the recovery codes are gone, and the sessions have ended.".to_owned(),
            count => format!(
                "{count} second factors and the recovery codes are gone, and the sessions have ended."
            ),
        };
        return report(provider, &user, &message, arguments.json);
    }
    if arguments.json {
        return print_json(provider, &user);
    }
    let found = people.second_factors_of(&user)?;
    print_line(format_args!("{:16} {}", "Rule", found.rule.name()))?;
    print_line(format_args!(
        "{:16} {} left",
        "Recovery codes", found.recovery_codes
    ))?;
    if found.factors.is_empty() {
        print_line(format_args!("{:16} (none)", "Second factors"))?;
    }
    for factor in &found.factors {
        let last_use = match factor.last_used_at {
            Some(at) => format!("last used on {}", at.format("%Y-%m-%d")),
            None => format!("added on {}", factor.created_at.format("%Y-%m-%d")),
        };
        print_line(format_args!(
            "{}  {}  {}, {last_use}",
            factor.id,
            factor.kind.name(),
            factor.name
        ))?;
    }
    Ok(())
}

fn report(provider: &Provider, user: &User, message: &str, json: bool) -> Result<()> {
    if json {
        return print_json(provider, user);
    }
    print_line(format_args!("{message}"))
}

fn print_json(provider: &Provider, user: &User) -> Result<()> {
    let found = provider.people(actor::current()).second_factors_of(user)?;
    output::json(&UserFactorsOutput::new(user, &found))
}
