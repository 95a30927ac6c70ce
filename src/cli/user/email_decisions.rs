//! What applications are to receive once a person's address has changed: the arguments, and what is printed while
//! somebody has to decide.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    cli::{actor, output::print_line},
    model::application::Slug,
    provider::{
        Provider,
        people::{
            email_decisions::{EmailDecision, EmailDecisions},
            email_guard::ApplicationEffect,
            import::email_effects::EffectCount,
        },
    },
};

#[derive(Args, Debug)]
pub(in crate::cli) struct EmailDecisionArguments {
    /// Lets applications receive the address of before: all that would take the person for somebody new, or those that
    /// are named
    #[arg(long, value_name = "SLUG,SLUG", num_args = 0..=1, default_missing_value = "", value_delimiter = ',')]
    keep_old: Vec<String>,
    /// Sends applications the new address: all of them, or those that are named
    #[arg(long, value_name = "SLUG,SLUG", num_args = 0..=1, default_missing_value = "", value_delimiter = ',')]
    send_new: Vec<String>,
}

impl EmailDecisionArguments {
    /// What was decided, which makes sense for a change of address alone.
    pub(super) fn decisions_for(&self, provider: &Provider, changes_email: bool) -> Result<EmailDecisions> {
        let is_given = !self.keep_old.is_empty() || !self.send_new.is_empty();
        if is_given && !changes_email {
            bail!("--keep-old and --send-new go with a new address: --email EMAIL");
        }
        self.decisions(provider)
    }

    pub(super) fn decisions(&self, provider: &Provider) -> Result<EmailDecisions> {
        let given = [
            (EmailDecision::KeepOld, &self.keep_old),
            (EmailDecision::SendNew, &self.send_new),
        ];
        let (mut rest, mut by_application) = (None, BTreeMap::new());
        for (decision, name) in given
            .into_iter()
            .flat_map(|(decision, names)| names.iter().map(move |name| (decision, name)))
        {
            if name.is_empty() {
                if rest.is_some_and(|other| other != decision) {
                    bail!(
                        "--keep-old and --send-new cannot both be meant for all applications: name some of them"
                    );
                }
                rest = Some(decision);
                continue;
            }
            let slug = Slug::parse(name)?;
            provider
                .applications(actor::current())
                .slug_owner(&slug)?
                .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?;
            if by_application
                .insert(slug.clone(), decision)
                .is_some_and(|other| other != decision)
            {
                bail!("{slug} stands after --keep-old and after --send-new: only one of them can be meant");
            }
        }
        Ok(EmailDecisions { rest, by_application })
    }
}

/// Prints what the new address does at each application that the person has signed in to.
pub(super) fn print_effects(email: &str, new_email: &str, effects: &[ApplicationEffect]) -> Result<()> {
    print_line(format_args!(
        "What {new_email} in place of {email} does at applications:"
    ))?;
    for effect in effects {
        let entered = effect.last_entered.map_or_else(String::new, |at| {
            format!(", last entered {}", at.format("%Y-%m-%d %H:%M UTC"))
        });
        let next_name_id = effect
            .next_name_id
            .as_ref()
            .map_or("as before", |email| email.as_str());
        let next_email = effect.next_email.as_ref().map_or("none", |email| email.as_str());
        print_line(format_args!(
            "\n{} {} ({}){entered}",
            if effect.effect.needs_decision() { "!" } else { "-" },
            effect.name,
            effect.slug
        ))?;
        print_line(format_args!(
            "    received     NameID {}, e-mail {}",
            effect.last_name_id, effect.last_email
        ))?;
        print_line(format_args!(
            "    would get    NameID {next_name_id}, e-mail {next_email}"
        ))?;
        print_line(format_args!("    {}.", effect.sentence()))?;
    }
    print_line(format_args!(""))
}

/// Prints for how many people of a file another address does what, at each application.
pub(super) fn print_counts(counts: &[EffectCount]) -> Result<()> {
    for count in counts {
        let decision = match count.decision {
            Some(EmailDecision::KeepOld) => "; the address of before is kept",
            Some(EmailDecision::SendNew) => "; the new address is sent",
            None if count.is_undecided() => "; TO BE DECIDED",
            None => "",
        };
        print_line(format_args!(
            "{:>7}  {:20} {}{decision}",
            count.people,
            count.slug,
            count.sentence()
        ))?;
    }
    Ok(())
}
