//! Every page at once: names are data only, and the Content-Security-Policy fits what the pages
//! contain.

mod account_samples;
mod email_samples;
mod factor_samples;
mod literals;
mod samples;
mod tags;

use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use crate::{
    model::language::Language,
    web::{
        assets,
        layer::headers::Headers,
        page::{
            html::Page,
            part::PageContext,
            script,
            sign_in::{SignInNotice, SignInPage},
            tests::{
                samples::{FRIENDLY, Sample, SampleTexts, hostile, pages},
                tags::{skeleton, tags, unescaped},
            },
        },
    },
};

fn friendly(language: Language) -> SampleTexts<'static> {
    SampleTexts { language, ..FRIENDLY }
}

fn assert_is_data_only(language: Language, text: &str) {
    let pairs = pages(&friendly(language))
        .into_iter()
        .zip(pages(&hostile(language, text)));
    for (friendly, tried) in pairs {
        let (name, friendly, tried) = (friendly.name, friendly.html, tried.html);
        assert_eq!(skeleton(&friendly), skeleton(&tried), "{name} with {text:?}");
        assert!(unescaped(&tried).contains(text), "{name} changed {text:?}");
    }
}

#[test]
fn what_people_and_applications_are_called_is_data_only() {
    for text in [
        "<script>alert(1)</script>",
        "</title></textarea></style></script><img src=x onerror=alert(1)>",
        "\" autofocus onfocus=\"alert(1)",
        "' onmouseover='alert(1)",
        "javascript:alert(1)",
        "<!--",
        "${7*7}",
        "{{7*7}}{% raw %}",
        "&lt;b&gt; &amp; &#60;",
        "a\u{2028}b\u{2029}c",
        "\u{202e}gnissam a",
        "عبد الله ابن سينا",
        "李 小龍 👩‍🚀",
    ] {
        assert_is_data_only(Language::English, text);
        assert_is_data_only(Language::Arabic, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_changes_what_a_page_is_made_of(text in "[\\PC<>\"'&{}%$#`=/ ]{1,40}") {
        assert_is_data_only(Language::English, &text);
    }
}

fn in_every_language() -> impl Iterator<Item = Sample> {
    Language::ALL
        .into_iter()
        .flat_map(|language| pages(&friendly(language)))
}

#[test]
fn every_page_is_in_its_language_and_leads_to_the_same_page_in_the_others() {
    for language in Language::ALL {
        for Sample { name, html, .. } in pages(&friendly(language)) {
            let root = format!(
                "<html lang=\"{}\" dir=\"{}\">",
                language.tag(),
                language.direction()
            );
            assert!(html.contains(&root), "{name}");
            // What Fluent writes where a value is missing.
            assert!(!html.contains("{$"), "{name} in {language:?}: {html}");
            let links = tags(&html).into_iter().filter(|tag| {
                tag.attributes
                    .iter()
                    .any(|(attribute, _)| attribute == "hreflang")
            });
            let links: Vec<String> = links
                .flat_map(|tag| tag.attributes)
                .filter(|(attribute, _)| attribute == "href")
                .map(|(_, value)| value)
                .collect();
            assert_eq!(links.len(), Language::ALL.len(), "{name}");
            for (link, other) in links.iter().zip(Language::ALL) {
                assert_eq!(*link, format!("/login?continue=x&#38;ui_locales={}", other.tag()));
            }
        }
    }
}

#[test]
fn every_script_is_allowed_by_its_hash() {
    let headers = Headers::new(true).unwrap();
    for Sample {
        name,
        kind: answer,
        html,
    } in in_every_language()
    {
        let policy = headers
            .for_kind(answer)
            .iter()
            .find_map(|(header, value)| {
                (header.as_str() == "content-security-policy").then(|| value.to_str().unwrap())
            })
            .unwrap();
        let scripts: Vec<_> = tags(&html)
            .into_iter()
            .filter(|tag| tag.name == "script")
            .collect();
        assert_eq!(
            scripts.first().unwrap().script,
            script::SCRIPT_FLAG,
            "{name} marks itself first"
        );
        for tag in scripts {
            assert!(tag.attributes.is_empty(), "{name}: {tag:?}");
            // A browser turns a carriage return into a line feed before it computes the hash.
            assert!(!tag.script.contains('\r'), "{name}: {tag:?}");
            let source = script::csp_source(&tag.script);
            assert!(policy.contains(&source), "{name}: {}", tag.script);
        }
    }
}

#[test]
fn no_page_holds_a_style_a_handler_or_an_address_of_somebody_else() {
    for Sample { name, html, .. } in in_every_language() {
        for tag in tags(&html) {
            for (attribute, value) in &tag.attributes {
                assert!(
                    attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute}"
                );
                let loads = matches!(attribute.as_str(), "src" | "srcset")
                    || (tag.name == "link" && attribute == "href");
                assert!(!loads || value.starts_with("/assets/"), "{name}: {value}");
            }
            assert_ne!(tag.name, "style", "{name}");
        }
        assert!(html.starts_with("<!doctype html>\n<html lang=\""), "{name}");
        assert!(html.trim_end().ends_with("</html>"), "{name}");
    }
}

#[test]
fn ids_are_single_and_what_points_at_one_finds_it() {
    for Sample { name, html, .. } in in_every_language() {
        let tags = tags(&html);
        let values = |wanted: &str| -> Vec<String> {
            tags.iter()
                .flat_map(|t| &t.attributes)
                .filter(|(a, _)| a == wanted)
                .map(|(_, v)| v.clone())
                .collect()
        };
        let ids = values("id");
        let single: BTreeSet<_> = ids.iter().collect();
        assert_eq!(single.len(), ids.len(), "{name}: {ids:?}");
        for pointer in [
            "for",
            "aria-describedby",
            "aria-labelledby",
            "data-reveals",
            "data-copies",
            "data-says",
        ] {
            for value in values(pointer) {
                for id in value.split(' ') {
                    assert!(ids.iter().any(|known| known == id), "{name}: {pointer}={value}");
                }
            }
        }
    }
}

#[test]
fn a_wrong_password_keeps_the_address_and_never_says_which_was_wrong() {
    let context = PageContext {
        organisation: "x".into(),
        help_url: None,
        language: Language::English,
        address: None,
    };
    let page = SignInPage {
        page: context,
        application: None,
        email: "a@b.example",
        notice: SignInNotice::WrongCredentials {
            code: "LOGIN-WRONG 7F3A-92C1".to_owned(),
        },
        csrf: "t",
        can_recover: false,
        sealed: Some("h"),
        passkey: None,
    };
    let html = page.html();
    for part in [
        "action=\"/login\"",
        "name=\"csrf\" value=\"t\"",
        "name=\"continue\" value=\"h\"",
        "value=\"a@b.example\"",
        "That e-mail and password do not belong together.",
        "Ask your administrator for a new one",
        "<code>LOGIN-WRONG 7F3A-92C1</code>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("disabled"), "{html}");
}

#[test]
fn each_page_says_a_thing_once_and_to_whom() {
    let pages = pages(&FRIENDLY);
    let page = |name: &str| &pages.iter().find(|sample| sample.name == name).unwrap().html;
    for (name, parts) in [
        (
            "login-wait",
            &[
                "Please wait 2 minutes, then try again",
                "data-waits=\"119\"",
                "Sign in after 2 minutes",
            ][..],
        ),
        (
            "login-wrong",
            &["<a href=\"https://help.fernweh.example/\">Ask for help</a>"],
        ),
        (
            "refused",
            &["We could not sign you in to <bdi>ChatGPT</bdi></h1>"],
        ),
        ("refused-unknown", &["We could not sign you out</h1>"]),
        (
            "portal-elsewhere",
            &["<a class=\"tile\" href=\"https://external.auth.openai.com/sso/saml/acs/M1pZt0\">"],
        ),
        ("signed-out", &["did not confirm", "On a shared computer"]),
    ] {
        for part in parts {
            assert_eq!(page(name).matches(part).count(), 1, "{name}: {part}");
        }
    }
    assert!(!page("login-wait").contains("UTC"), "a person has no use for it");
}

/// Writes every page to `target/pages`, in the folders that `shots.sh` of the design expects.
/// Whatever forwards by itself is removed, so that each page can be looked at.
#[test]
#[ignore = "for looking at the pages: cargo test --lib write_every_page -- --ignored"]
fn write_every_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    for part in ["people", "assets", "console"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    fs::write(folder.join("assets/style.css"), assets::STYLE.bytes).unwrap();
    fs::write(folder.join("style.css"), assets::STYLE.bytes).unwrap();
    fs::write(folder.join("assets/logo.svg"), assets::LOGO.bytes).unwrap();
    let arabic = SampleTexts {
        organisation: "شركة الآفاق",
        names: ["بوابة الموظفين", "ChatGPT", "عبد <b>الله</b>", "Wiki"],
        language: Language::Arabic,
        user: "عبد الله ابن سينا",
        greeting: "عبد الله",
        ..FRIENDLY
    };
    for (prefix, texts) in [
        ("", FRIENDLY),
        ("german-", friendly(Language::German)),
        ("french-", friendly(Language::French)),
        ("spanish-", friendly(Language::Spanish)),
        ("japanese-", friendly(Language::Japanese)),
        ("arabic-", arabic),
    ] {
        for Sample { name, html, .. } in pages(&texts) {
            let still = html
                .replace(script::AUTO_POST, "")
                .replace(script::LOGOUT_PROGRESS, "")
                .replace("http-equiv=\"refresh\"", "name=\"refresh\"");
            fs::write(folder.join(format!("people/{prefix}{name}.html")), still).unwrap();
        }
    }
}
