//! Drafts: what to paste at an application that shows its own values only afterwards.

use anyhow::{Result, bail};
use serde::Serialize;

use crate::{
    cli::{
        app::{
            arguments::Draft as Typed,
            show::{self, Paste},
            taken,
        },
        output::{self, say},
    },
    model::{application::Slug, rollover::Draft, text::line},
    provider::{Provider, users::Changed},
};

#[derive(Serialize)]
struct Whole {
    slug: String,
    name: String,
    kind: &'static str,
    paste: Paste,
}

pub(super) fn add(typed: &Typed, provider: &Provider) -> Result<()> {
    let name = line("the name", &typed.name, 80)?;
    let slug = typed.slug.as_deref().map(Slug::parse).transpose()?;
    match provider.add_draft(&name, slug.as_ref())? {
        // Asked for again, when the terminal has scrolled: the same values once more.
        Changed::Done(draft) | Changed::Same(draft) => show(&draft, provider, typed.json),
        Changed::Taken => {
            let slug = slug.unwrap_or_else(|| Slug::from_name(&name));
            bail!(taken(provider, &slug)?)
        }
        Changed::Unknown | Changed::Stale => bail!("the draft could not be kept"),
    }
}

/// The draft of this short name, unless it is an application by now.
pub(super) fn find(provider: &Provider, slug: &str) -> Result<Option<Draft>> {
    let drafts = provider.drafts()?;
    Ok(drafts.into_iter().find(|draft| draft.slug.as_str() == slug))
}

pub(super) fn show(draft: &Draft, provider: &Provider, json: bool) -> Result<()> {
    let paste = show::paste(provider, &draft.slug)?;
    let (name, slug) = (&draft.name, &draft.slug);
    if json {
        return output::json(&Whole {
            slug: slug.to_string(),
            name: name.clone(),
            kind: "draft",
            paste,
        });
    }
    say(format_args!(
        "{name} (short name {slug}; a draft)\n\nPaste these at the application:"
    ))?;
    for (what, value) in [
        ("Metadata URL", &paste.metadata_url),
        ("Entity ID", &paste.entity_id),
        ("Sign-in URL", &paste.sign_in_url),
        ("Sign-out URL", &paste.sign_out_url),
        ("Certificate", &paste.certificate_url),
        ("  its SHA-256", &paste.certificate_sha256),
    ] {
        say(format_args!("  {what:14} {value}"))?;
    }
    if let Some(url) = &paste.next_certificate_url {
        say(format_args!("  {:14} {url}", "and the next"))?;
    }
    say(format_args!("\n{}", paste.certificate_pem.trim_end()))?;
    say(format_args!(
        "\nOnce it shows its own values, register it under the same short name:"
    ))?;
    say(format_args!(
        "  ChatGPT   hallpass app add chatgpt --slug {slug} --acs URL --audience TEXT"
    ))?;
    say(format_args!(
        "  others    hallpass app add saml --slug {slug} --metadata FILE"
    ))
}
