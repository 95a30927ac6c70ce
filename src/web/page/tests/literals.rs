//! No template has words of its own: all stand in `localization`.

use std::{fs, path::Path};

/// What an attribute of this name holds is read by people.
const READ_BY_PEOPLE: [&str; 10] = [
    "aria-label",
    "placeholder",
    "title",
    "alt",
    "data-ready",
    "data-copied",
    "data-cancelled",
    "data-known",
    "data-unfit",
    "data-unsupported",
];

/// The template without its expressions, statements and comments.
fn without_code(template: &str) -> String {
    let mut rest = template;
    let mut left = String::new();
    while let Some(at) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        let (before, code) = rest.split_at(at);
        left.push_str(before);
        let end = match code.get(..2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            _ => "#}",
        };
        rest = code.split_once(end).expect("an end").1;
    }
    left + rest
}

/// The text between tags, and what attributes say to people.
fn words(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in without_code(template).split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        for name in READ_BY_PEOPLE {
            if let Some((_, value)) = tag.split_once(&format!(" {name}=\"")) {
                found.push(value.split('"').next().unwrap_or_default().to_owned());
            }
        }
        // A macro may hold attributes alone, which stand in no tag there.
        found.extend(
            text.lines()
                .filter(|line| !line.trim().starts_with("data-"))
                .map(str::to_owned),
        );
    }
    found.retain(|text| text.chars().any(char::is_alphabetic));
    found
}

#[test]
fn no_page_and_no_mail_holds_a_literal() {
    // What administrators read is in English: the details of a refusal.
    let for_administrators = [
        "Who fixes it",
        "How",
        "More about it",
        "hallpass explain ",
        "When",
    ];
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut templates = 0;
    for folder in ["web/templates", "mail/templates"] {
        for entry in fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "js") {
                continue;
            }
            templates += 1;
            let template = fs::read_to_string(&path).unwrap();
            let literals: Vec<_> = words(&template)
                .into_iter()
                .filter(|text| !for_administrators.contains(&text.as_str()))
                .collect();
            assert!(literals.is_empty(), "{}: {literals:?}", path.display());
        }
    }
    assert!(templates > 20, "{templates}");
}

#[test]
fn words_are_found_wherever_they_stand() {
    let template = "<p class=\"x\">{{ page.say(\"a\") }} of <b>{% if x %}10{% endif %}</b></p><a aria-label=\"Close\" href=\"y\">{#- note #}</a>";
    assert_eq!(words(template), [" of ", "Close"]);
}
