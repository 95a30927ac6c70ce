//! Checks that the code keeps to the layers that `src/lib.rs` describes.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Each module, the modules that it may import, and the crates that it alone may name.
const LAYERS: &[(&str, &[&str], &[&str])] = &[
    ("model", &[], &["percent_encoding", "sha2"]),
    ("clock", &[], &[]),
    ("entropy", &[], &["getrandom"]),
    ("process", &["model"], &["rustix"]),
    ("os_user", &[], &["rustix"]),
    ("build_info", &[], &[]),
    ("telemetry", &["model"], &["serde_json", "tracing_subscriber"]),
    ("crypto", &["model"], &["openssl", "sha2"]),
    ("xml", &["model"], &["roxmltree", "quick_xml"]),
    (
        "saml",
        &["model", "crypto", "xml"],
        &["samael", "xmlsec", "libxml", "percent_encoding"],
    ),
    (
        "oidc",
        &["model", "crypto"],
        &["percent_encoding", "serde", "serde_json"],
    ),
    (
        "credential",
        &["model"],
        &[
            "argon2",
            "bcrypt",
            "pbkdf2",
            "qrcode",
            "serde_json",
            "sha2",
            "totp_rs",
            "webauthn_rs",
            "webauthn_rs_proto",
            "zxcvbn",
        ],
    ),
    ("claims", &["model"], &[]),
    ("access", &["model"], &[]),
    ("config", &["model"], &["toml"]),
    ("files", &["model", "os_user"], &[]),
    ("fetch", &["model"], &["ureq"]),
    (
        "localization",
        &["model"],
        &["askama", "fluent_bundle", "fluent_langneg", "unic_langid"],
    ),
    (
        "mail",
        &["model", "localization"],
        &["askama", "lettre", "serde", "serde_json"],
    ),
    ("backup_encryption", &["model"], &["age"]),
    (
        "store",
        &["model"],
        &["diesel", "diesel_migrations", "serde", "serde_json"],
    ),
    (
        "provider",
        &[
            "model",
            "clock",
            "entropy",
            "process",
            "saml",
            "oidc",
            "crypto",
            "credential",
            "claims",
            "access",
            "store",
            "fetch",
            "mail",
        ],
        &["csv"],
    ),
    ("api_model", &["model", "config", "mail", "provider"], &["serde"]),
    (
        "web",
        &["model", "localization", "provider", "api_model"],
        &["actix_http", "actix_web", "askama", "serde"],
    ),
    (
        "server",
        &[
            "model",
            "clock",
            "entropy",
            "build_info",
            "config",
            "files",
            "crypto",
            "credential",
            "store",
            "fetch",
            "mail",
            "provider",
            "api_model",
            "telemetry",
            "backup_encryption",
            "web",
        ],
        &[
            "actix_http",
            "actix_server",
            "actix_service",
            "actix_web",
            "anyhow",
            "rustix",
            "sd_notify",
        ],
    ),
    (
        "demo",
        &[
            "model",
            "telemetry",
            "config",
            "files",
            "crypto",
            "credential",
            "saml",
            "provider",
            "web",
            "server",
        ],
        &["actix_web", "anyhow", "askama", "clap", "serde"],
    ),
    (
        "cli",
        &[
            "model",
            "os_user",
            "backup_encryption",
            "build_info",
            "telemetry",
            "config",
            "files",
            "credential",
            "provider",
            "api_model",
            "server",
            "demo",
        ],
        &[
            "anyhow",
            "clap",
            "clap_complete",
            "clap_mangen",
            "rpassword",
            "serde",
            "serde_json",
        ],
    ),
    ("main", &[], &["anyhow"]),
];

#[test]
fn every_import_points_down() {
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src")) {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let (_, below, own) = LAYERS
            .iter()
            .find(|(name, ..)| *name == module)
            .unwrap_or_else(|| panic!("{module} has no layer: add it to LAYERS"));
        let code = without_comments(&fs::read_to_string(&file).unwrap());
        for used in crate_paths(&code) {
            if used != module && !below.contains(&used.as_str()) {
                wrong.push(format!("{}: crate::{used}", file.display()));
            }
        }
        for foreign in LAYERS.iter().flat_map(|(_, _, crates)| *crates) {
            if !own.contains(foreign) && !is_test(&file) && names_crate(&code, foreign) {
                wrong.push(format!("{}: {foreign}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point up or sideways:\n{}",
        wrong.join("\n")
    );
}

/// Whether `code` names the crate itself, and not another whose name ends in the same way.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

#[test]
fn a_violation_is_detected() {
    assert_eq!(
        crate_paths("use crate::{store::Tx, model::id};"),
        ["store", "model"]
    );
    assert!(is_test(Path::new("src/saml/metadata/sp/tests/mod.rs")));
    assert!(is_test(Path::new("src/files_tests.rs")));
    assert!(!is_test(Path::new("src/saml/tester.rs")));
    assert!(names_crate("use diesel::prelude::*;", "diesel"));
    assert!(!names_crate("use my_diesel::x; foo::diesel::y", "diesel"));
    let code = r##"if c == '"' { x("a\"--b"); y(r#"hallpass app"#) } else { "<!-- -->" }"##;
    let literals = string_literals(code);
    assert_eq!(literals, [r#"a\"--b"#, "hallpass app", "<!-- -->"]);
    let naming: Vec<_> = literals.iter().map(|text| names_a_command(text)).collect();
    assert_eq!(naming, [true, true, false]);
}

/// Columns are added at the end of a table in one release and elsewhere in the next: what is read by its position would
/// be read from another column, and where both are text nothing says so.
#[test]
fn rows_are_read_by_column_name() {
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src/store")) {
        let code = without_comments(&fs::read_to_string(&file).unwrap());
        for derive in code.split("derive(").skip(1) {
            let derive = &derive[..derive.find(')').unwrap()];
            if derive.split(", ").any(|name| name == "Queryable") && !derive.contains("Selectable") {
                wrong.push(format!("{}: {derive}", file.display()));
            }
        }
        for call in ["load::<", "first::<", "get_result::<", "get_results::<"] {
            for rows in code.split(call).skip(1) {
                let columns = &rows[..rows.find(['>', ')']).unwrap()];
                if columns.ends_with("Row") && !columns.starts_with('(')
                    || columns.matches("String").count() > 1
                {
                    wrong.push(format!("{}: {call}{columns}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "rows that are read by position:\n{}",
        wrong.join("\n")
    );
}

/// What to do is a type there (`model::remedy`); each surface has its own words, and they alone name commands.
#[test]
fn no_text_of_the_domain_names_a_command_or_its_arguments() {
    let mut wrong = Vec::new();
    for dir in ["src/model", "src/saml", "src/provider"] {
        for file in rust_files(Path::new(dir)) {
            for literal in string_literals(&without_comments(&fs::read_to_string(&file).unwrap())) {
                if names_a_command(&literal) {
                    wrong.push(format!("{}: {literal}", file.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "texts that name commands:\n{}",
        wrong.join("\n")
    );
}

/// Whether `text` has an argument (`--word`) or a command of ours.
fn names_a_command(text: &str) -> bool {
    ["--", "hallpass "].iter().any(|mark| {
        text.match_indices(mark)
            .any(|(at, _)| text[at + mark.len()..].starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

/// The string literals of `code`, without their quotes.
fn string_literals(code: &str) -> Vec<String> {
    let (mut literals, mut rest) = (Vec::new(), code);
    while let Some(at) = rest.find('"') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        // A quotation mark as a character.
        if (before.ends_with('\'') || before.ends_with("'\\")) && after.starts_with('\'') {
            rest = &after[1..];
            continue;
        }
        let hashes = before.len() - before.trim_end_matches('#').len();
        let is_raw = before.trim_end_matches('#').ends_with('r');
        let end = if is_raw {
            after.find(&format!("\"{}", "#".repeat(hashes))).unwrap()
        } else {
            let mut escaped = false;
            let is_end = |c: char| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            };
            after.find(is_end).unwrap()
        };
        literals.push(after[..end].to_owned());
        rest = &after[end + 1..];
    }
    literals
}

pub(crate) fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files
}

/// Whether all of `file` is a test: it plays the other side, with whatever tools that side has.
pub(crate) fn is_test(file: &Path) -> bool {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    stem == "tests" || stem.ends_with("_tests") || file.components().any(|part| part.as_os_str() == "tests")
}

fn module_of(file: &Path) -> String {
    let first = file.strip_prefix("src").unwrap().components().next().unwrap();
    Path::new(&first)
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .trim_end_matches("_tests")
        .to_owned()
}

fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules named after `crate::`, in `crate::module` and in `crate::{module, other::x}`.
fn crate_paths(code: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut modules = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            modules.push(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => modules.push(word(std::mem::take(&mut item).trim())),
                c if depth == 0 => item.push(c),
                _ => {}
            }
        }
        modules.push(word(item.trim()));
    }
    modules.retain(|module| !module.is_empty());
    modules
}
