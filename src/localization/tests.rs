//! Every text in every language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};

use super::{catalog::sources, *};
use crate::model::language::Language;

/// The variables of each text.
fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for source in sources(language) {
        let resource =
            parser::parse(*source).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag()));
        for entry in resource.body {
            let message = match entry {
                Entry::Message(message) => message,
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
                Entry::Term(_) | Entry::Junk { .. } => panic!("{}: {entry:?}", language.tag()),
            };
            let mut variables = BTreeSet::new();
            let pattern = message
                .value
                .unwrap_or_else(|| panic!("{} has no text", message.id.name));
            visit(&pattern, &mut variables, language, message.id.name);
            let twice = all.insert(message.id.name.to_owned(), variables);
            assert!(
                twice.is_none(),
                "{} stands twice in {}",
                message.id.name,
                language.tag()
            );
        }
    }
    all
}

fn visit(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>, language: Language, id: &str) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => {
                let markup = value.find(['<', '>', '&', '"']);
                assert!(markup.is_none(), "{id} in {} has markup: {value}", language.tag());
            }
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } => {
                variables.insert(id.name.to_owned());
            }
            PatternElement::Placeable {
                expression:
                    Expression::Select {
                        selector: InlineExpression::VariableReference { id: selector },
                        variants,
                    },
            } => {
                variables.insert(selector.name.to_owned());
                for variant in variants {
                    visit(&variant.value, variables, language, id);
                }
            }
            PatternElement::Placeable { expression } => {
                panic!("{id} in {}: {expression:?}", language.tag())
            }
        }
    }
}

#[test]
fn no_language_lacks_a_text_or_a_value_in_it() {
    let english = texts(Language::English);
    for language in Language::ALL {
        let texts = texts(language);
        let (names, expected): (BTreeSet<_>, BTreeSet<_>) =
            (texts.keys().collect(), english.keys().collect());
        let missing: Vec<_> = expected.difference(&names).collect();
        let unknown: Vec<_> = names.difference(&expected).collect();
        assert!(
            missing.is_empty() && unknown.is_empty(),
            "{}: missing {missing:?}, unknown {unknown:?}",
            language.tag()
        );
        for (id, variables) in &english {
            assert_eq!(texts.get(id), Some(variables), "{id} in {}", language.tag());
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "html" || end == "txt")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_text_is_used_and_every_text_that_is_used_is_there() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let all: String = paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let english = texts(Language::English);
    for id in english.keys() {
        // By code: a test of the page for refusals compares them with the codes.
        let by_code = id.starts_with("refusal-") || id.starts_with("fix-");
        assert!(
            by_code || all.contains(&format!("\"{id}\"")),
            "{id} is used nowhere"
        );
    }
    for part in all.split(".say(\"").skip(1) {
        let (id, _) = part.split_once('"').unwrap();
        assert!(english.contains_key(id), "{id} is no text");
    }
}

#[test]
fn values_are_escaped_where_they_stand_in_html_and_isolated_where_they_do_not() {
    let html = phrase(Language::English, "sign-in-to", Form::Html);
    assert_eq!(
        html.name("application", "<b>\"A\"</b> & { $b }").to_string(),
        "Sign in to <bdi>&#60;b&#62;&#34;A&#34;&#60;/b&#62; &#38; { $b }</bdi>"
    );
    let title = phrase(Language::English, "sign-in-to", Form::Html);
    assert_eq!(title.plain("application", "A\"").to_string(), "Sign in to A&#34;");
    let link = phrase(Language::English, "no-mail-link", Form::Html);
    let link = link.link("help", "https://a.example/?\"><script>", "ask-for-help-inline");
    assert!(
        link.to_string()
            .ends_with("Else <a href=\"https://a.example/?&#34;&#62;&#60;script&#62;\">ask for help</a>."),
        "{link}"
    );
    let mail = |language, form| {
        phrase(language, "mail-test-subject", form)
            .name("organisation", "<Fern>")
            .to_string()
    };
    assert_eq!(mail(Language::English, Form::Plain), "<Fern>: mail works");
    assert!(mail(Language::Arabic, Form::Plain).contains("\u{2068}<Fern>\u{2069}"));
    let subject = mail(Language::Arabic, Form::Subject);
    assert!(!subject.contains(['\u{2068}', '\u{2069}']), "{subject}");
}

#[test]
fn days_and_waits_are_written_as_each_language_writes_them() {
    let at: DateTime<Utc> = "2026-11-21T14:05:59Z".parse().unwrap();
    let until = |language| {
        phrase(language, "link-works-until", Form::Plain)
            .moment("moment", at)
            .to_string()
    };
    for (language, expected) in [
        (Language::English, "21 November 2026, 14:05 UTC"),
        (Language::German, "21. November 2026"),
        (Language::French, "21 novembre 2026"),
        (Language::Spanish, "21 de noviembre de 2026"),
        (Language::Japanese, "2026年11月21日"),
        (Language::Arabic, "2026"),
    ] {
        let text = until(language);
        assert!(text.contains(expected) && text.contains("14:05"), "{text}");
    }
    let wait = |language, seconds: u64| {
        phrase(language, "wait-then-try-again", Form::Plain)
            .wait("wait", seconds)
            .to_string()
    };
    for (seconds, expected) in [
        (1, "1 second,"),
        (2, "2 seconds,"),
        (59, "59 seconds,"),
        (60, "1 minute,"),
        (61, "2 minutes,"),
        (119, "2 minutes,"),
    ] {
        let text = wait(Language::English, seconds);
        assert!(text.contains(expected), "{text}");
    }
    assert_ne!(wait(Language::Arabic, 120), wait(Language::Arabic, 180));
}

#[test]
fn a_list_of_languages_is_read_as_far_as_it_goes() {
    let asked = |header| {
        let requested = RequestedLanguages {
            accept_language: Some(header),
            ..RequestedLanguages::default()
        };
        negotiate(requested, Language::English)
    };
    let long = format!("{}é, de", "a".repeat(511));
    for (header, expected) in [
        ("de-CH, de;q=0.9, en;q=0.8", Language::German),
        ("en-GB, de;q=0.9", Language::English),
        ("tlh, ja-JP;q=0.4, ar-EG;q=0.6", Language::Arabic),
        ("zh-Hans, fr-CA", Language::French),
        ("*", Language::English),
        ("de;q=0, fr;q=0.1", Language::French),
        ("", Language::English),
        (";;;,,,=\u{fffd}", Language::English),
        (long.as_str(), Language::English),
    ] {
        assert_eq!(asked(header), expected, "{header}");
    }
    assert_eq!(named("xx es-MX de"), Some(Language::Spanish));
    assert_eq!(named("xx"), None);
}
