//! docs/saml.md: every clause that is fulfilled names a test, and every test that it names exists. docs/security.md:
//! every attack names its tests in `attacks`, and no others; every requirement of OWASP and NIST names a test, a page or
//! a reason.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{attacks, support::assertions::assert_contains};

struct Row {
    clause: String,
    holds: String,
    evidence: String,
}

fn cells_of(line: &str) -> Vec<&str> {
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string("docs/saml.md").unwrap();
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells = cells_of(line);
        assert_eq!(cells.len(), 5, "{line}");
        if cells[0] != "clause" {
            rows.push(Row {
                clause: format!("{}: {}", cells[0], cells[2]),
                holds: cells[3].to_owned(),
                evidence: cells[4].to_owned(),
            });
        }
    }
    rows
}

/// The tests that a table cell names: text in backquotes that contains `::`.
fn tests_named_in(cell: &str) -> Vec<&str> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.contains("::"))
        .collect()
}

fn test_exists(test: &str) -> bool {
    let (file, name) = test.rsplit_once("::").unwrap();
    if file == "attacks" {
        // A macro makes these: `row_12: 12`.
        let source = fs::read_to_string("tests/it/attacks/mod.rs").unwrap();
        return source.contains(&format!("{name}: "));
    }
    let path = if file.starts_with("src/") {
        PathBuf::from(file)
    } else {
        Path::new("tests/it").join(file.replace("::", "/"))
    };
    let mut sources = Vec::new();
    if let Ok(source) = fs::read_to_string(path.with_extension("rs")) {
        sources.push(source);
    }
    read_all(&path, &mut sources);
    sources.iter().any(|source| contains_test(source, name))
}

fn read_all(folder: &Path, sources: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, sources);
        } else {
            sources.push(fs::read_to_string(&path).unwrap());
        }
    }
}

fn contains_test(source: &str, name: &str) -> bool {
    // Within `proptest!` a test has arguments.
    source.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let above = source[..at]
            .lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        above
            .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
            .any(|line| line == "#[test]")
    })
}

/// Where the links of a table cell lead.
fn pages_linked_in(cell: &str) -> Vec<&str> {
    cell.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

fn page_exists(link: &str) -> bool {
    let file = link.split('#').next().unwrap_or_default();
    file.is_empty() || file.starts_with("https://") || Path::new("docs").join(file).is_file()
}

/// What is wrong with a row of docs/security.md: `yes` names tests or pages that exist, anything else says why not.
fn fault(holds: &str, evidence: &str) -> Option<String> {
    let tests = tests_named_in(evidence);
    let pages = pages_linked_in(evidence);
    if let Some(test) = tests.iter().find(|test| !test_exists(test)) {
        return Some(format!("there is no {test}"));
    }
    if let Some(page) = pages.iter().find(|page| !page_exists(page)) {
        return Some(format!("there is no {page}"));
    }
    let is_shown = !tests.is_empty() || !pages.is_empty();
    let reason: usize = evidence.split('`').step_by(2).map(str::len).sum();
    match holds {
        "yes" if !is_shown => Some("neither a test nor a page".to_owned()),
        "partly" | "no" if reason < 20 => Some("why not?".to_owned()),
        "yes" | "partly" | "no" => None,
        other => Some(format!("{other} is neither yes, partly nor no")),
    }
}

#[test]
fn every_clause_that_holds_names_an_existing_test() {
    let rows = rows();
    assert!(rows.len() >= 70, "{}", rows.len());
    for Row {
        clause,
        holds: here,
        evidence: why,
    } in &rows
    {
        let tests = tests_named_in(why);
        match here.as_str() {
            "yes" => assert!(!tests.is_empty(), "{clause}: no test"),
            "partly" | "no" => {
                let length = why.split('`').step_by(2).map(str::len).sum::<usize>();
                assert!(length >= 20, "{clause}: why not?");
            }
            other => panic!("{clause}: {other}"),
        }
        for test in tests {
            assert!(test_exists(test), "{clause}: there is no {test}");
        }
    }
}

#[test]
fn every_attack_stands_in_the_threat_model_with_its_tests() {
    let text = fs::read_to_string("docs/security.md").unwrap();
    let mut written = BTreeSet::new();
    let mut above = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells = cells_of(line);
        let Ok(row) = cells[0].parse::<u32>() else {
            continue;
        };
        assert!(cells.len() == 4 && row > above, "{line}");
        above = row;
        assert!(!tests_named_in(cells[3]).is_empty(), "row {row}: no test");
        for test in tests_named_in(cells[3]) {
            assert!(test_exists(test), "row {row}: there is no {test}");
            assert!(written.insert((row, test.to_owned())), "row {row}: {test} twice");
        }
    }
    let run: BTreeSet<_> = attacks::rows_and_tests().collect();
    let missing: Vec<_> = run.difference(&written).collect();
    let unknown: Vec<_> = written.difference(&run).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "docs/security.md lacks {missing:?}, and has {unknown:?}, which tests/it/attacks does not"
    );
}

#[test]
fn every_requirement_of_a_standard_names_a_test_a_page_or_a_reason() {
    let text = fs::read_to_string("docs/security.md").unwrap();
    for (standard, expected) in [("OWASP ASVS 5.0, level 2", 160), ("NIST SP 800-63B-4", 61)] {
        let rows: Vec<_> = text
            .lines()
            .skip_while(|line| line.strip_prefix("## ") != Some(standard))
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with("| ") && !line.starts_with("| no. |"))
            .collect();
        assert!(rows.len() >= expected, "{standard}: {}", rows.len());
        let mut written = BTreeSet::new();
        for line in rows {
            let cells = cells_of(line);
            assert_eq!(cells.len(), 4, "{line}");
            for number in cells[0].split(", ") {
                // A number without a dot would be that of an attack.
                assert!(number.contains('.'), "{line}");
                // One section of NIST asks for several things.
                let is_new = written.insert(number);
                assert!(is_new || !number.starts_with('V'), "{number} twice");
            }
            let fault = fault(cells[2], cells[3]);
            assert!(fault.is_none(), "{}, {}: {fault:?}", cells[0], cells[1]);
        }
    }
}

#[test]
fn no_saml_operational_mode_is_claimed() {
    let text = fs::read_to_string("docs/saml.md").unwrap();
    assert_contains(&text, "**neither of SAML's operational modes");
    for file in [
        "README.md",
        "CHANGELOG.md",
        "docs/saml.md",
        "docs/architecture.md",
    ] {
        let text = fs::read_to_string(file).unwrap();
        for claim in [
            "IdP Lite conform",
            "IdP conform",
            "conformant",
            "fully compliant",
            "certified",
        ] {
            assert!(!text.contains(claim), "{file}: {claim}");
        }
    }
}

#[test]
fn a_missing_test_is_detected() {
    assert!(test_exists("sso::relay_state_is_returned_unchanged"));
    assert!(test_exists("attacks::row_12"));
    assert!(test_exists("src/xml/tree::text_is_whole_or_refused"));
    assert!(test_exists(
        "src/web/page::no_text_changes_what_a_page_is_made_of"
    ));
    for missing in [
        "sso::relay_state",
        "nowhere::relay_state_is_returned_unchanged",
        "src/xml/tree::parse",
    ] {
        assert!(!test_exists(missing), "{missing}");
    }
}

#[test]
fn a_row_that_shows_nothing_is_detected() {
    let test = "`sso::relay_state_is_returned_unchanged`";
    assert_eq!(fault("yes", test), None);
    assert_eq!(fault("yes", "[logging.md](logging.md#the-log)"), None);
    assert_eq!(
        fault("no", "any that is left: people cross them out in any order"),
        None
    );
    for (holds, evidence) in [
        ("yes", "of course"),
        ("yes", "`sso::nothing_of_the_kind`"),
        ("partly", "the proxy speaks TLS: `sso::nothing_of_the_kind`"),
        ("yes", "[nowhere.md](nowhere.md)"),
        ("no", test),
        ("", test),
    ] {
        assert!(fault(holds, evidence).is_some(), "{holds}: {evidence}");
    }
}
