//! The texts of each language, parsed when one is first asked for.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

use crate::model::language::Language;

type Bundle = FluentBundle<FluentResource>;

macro_rules! texts {
    ($tag:literal) => {
        &[
            include_str!(concat!("texts/", $tag, "/common.ftl")),
            include_str!(concat!("texts/", $tag, "/sign_in.ftl")),
            include_str!(concat!("texts/", $tag, "/second_step.ftl")),
            include_str!(concat!("texts/", $tag, "/passkey.ftl")),
            include_str!(concat!("texts/", $tag, "/password.ftl")),
            include_str!(concat!("texts/", $tag, "/account.ftl")),
            include_str!(concat!("texts/", $tag, "/email.ftl")),
            include_str!(concat!("texts/", $tag, "/portal.ftl")),
            include_str!(concat!("texts/", $tag, "/sign_out.ftl")),
            include_str!(concat!("texts/", $tag, "/notice.ftl")),
            include_str!(concat!("texts/", $tag, "/refusal.ftl")),
            include_str!(concat!("texts/", $tag, "/mail.ftl")),
        ]
    };
}

/// The files of a language.
pub(super) const fn sources(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => texts!("en"),
        Language::German => texts!("de"),
        Language::French => texts!("fr"),
        Language::Spanish => texts!("es"),
        Language::Japanese => texts!("ja"),
        Language::Arabic => texts!("ar"),
    }
}

fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: [OnceLock<Bundle>; Language::ALL.len()] =
        [const { OnceLock::new() }; Language::ALL.len()];
    let cell = BUNDLES.get(language as usize);
    cell.unwrap_or(&BUNDLES[0]).get_or_init(|| parse(language))
}

fn parse(language: Language) -> Bundle {
    let tag = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // Phrases isolate what is put into them by themselves, in the way of HTML or of plain text.
    bundle.set_use_isolating(false);
    for source in sources(language) {
        // What could be parsed of a file that has mistakes; a test finds each.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The text `id` with its arguments; that in English if the language has none, and `id` itself if there is none at all.
pub(super) fn write(
    w: &mut impl std::fmt::Write,
    language: Language,
    id: &str,
    arguments: &FluentArgs<'_>,
) -> std::fmt::Result {
    for bundle in [bundle(language), bundle(Language::English)] {
        if let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) {
            return bundle.write_pattern(w, pattern, Some(arguments), &mut Vec::new());
        }
    }
    w.write_str(id)
}
