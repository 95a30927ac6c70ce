//! `hallpass app draft`: the values to paste at an application that shows its own values only afterwards.

use anyhow::{Result, bail};

use crate::{
    api_model::application::DraftOutput,
    cli::{
        actor,
        app::{arguments::DraftArguments, lookup::describe_slug_conflict, show},
        output::{self, print_line},
    },
    model::{application::Slug, rollover::ApplicationDraft},
    provider::{Provider, applications::parse_name, people::users::ChangeOutcome},
};

pub(super) fn add(arguments: &DraftArguments, provider: &Provider) -> Result<()> {
    let name = parse_name(&arguments.name)?;
    let slug = arguments.slug.as_deref().map(Slug::parse).transpose()?;
    let applications = provider.applications(actor::current());
    let known = applications.all_applications()?;
    if slug.is_none()
        && let Some(known) = known.iter().find(|application| application.name == name)
    {
        bail!(
            "{name} is registered already: `hallpass app show {slug}` prints what to paste there. For another application, choose its short name with --slug",
            slug = known.slug
        );
    }
    match applications.add_draft(&name, slug.as_ref())? {
        // The draft exists already, and the terminal may have scrolled: print the same values again.
        ChangeOutcome::Done(draft) | ChangeOutcome::Unchanged(draft) => {
            show(&draft, provider, arguments.json)
        }
        ChangeOutcome::Taken => {
            let slug = slug.unwrap_or_else(|| Slug::from_name(&name));
            bail!(describe_slug_conflict(provider, &slug)?)
        }
        ChangeOutcome::Unknown | ChangeOutcome::Stale => bail!("the draft could not be kept"),
    }
}

/// The draft with this short name; `None` once it is an application.
pub(super) fn find(provider: &Provider, slug: &str) -> Result<Option<ApplicationDraft>> {
    let drafts = provider.applications(actor::current()).drafts()?;
    Ok(drafts.into_iter().find(|draft| draft.slug.as_str() == slug))
}

pub(super) fn show(draft: &ApplicationDraft, provider: &Provider, json: bool) -> Result<()> {
    let idp_values = show::idp_values(provider, &draft.slug)?;
    let (name, slug) = (&draft.name, &draft.slug);
    if json {
        return output::json(&DraftOutput::new(draft, idp_values));
    }
    print_line(format_args!(
        "{name} (short name {slug}; a draft)\n\nPaste these at the application:"
    ))?;
    for (what, value) in [
        ("Metadata URL", &idp_values.metadata_url),
        ("or, where it cannot fetch that, one by one:", &String::new()),
        ("Entity ID", &idp_values.entity_id),
        ("Sign-in URL", &idp_values.sign_in_url),
        ("Sign-out URL", &idp_values.sign_out_url),
        ("X.509 certificate", &idp_values.certificate_url),
        ("  its SHA-256", &idp_values.certificate_sha256),
    ] {
        print_line(format_args!("  {}", format!("{what:18} {value}").trim_end()))?;
    }
    if let Some(url) = &idp_values.next_certificate_url {
        print_line(format_args!("  {:18} {url}", "and the next"))?;
    }
    print_line(format_args!("\n{}", idp_values.certificate_pem.trim_end()))?;
    print_line(format_args!(
        "\nOnce it shows its own values, register it under the same short name:"
    ))?;
    print_line(format_args!(
        "  ChatGPT   hallpass app add chatgpt --slug {slug} --acs URL --audience TEXT"
    ))?;
    print_line(format_args!(
        "  others    hallpass app add saml --slug {slug} --metadata FILE"
    ))
}
