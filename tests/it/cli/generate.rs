//! Completions and man pages follow from the arguments.

use std::{collections::BTreeSet, fs};

use crate::{cli::Cli, support::test_server::Database};

/// The commands that `--help` lists below `path`, those of each included.
fn listed_commands(cli: &Cli, path: &[&str], all: &mut BTreeSet<String>) {
    all.insert([&["hallpass"], path].concat().join("-"));
    let help = cli.expect_success(&[path, &["--help"]].concat());
    let names = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    for name in names {
        listed_commands(cli, &[path, &[name]].concat(), all);
    }
}

#[test]
fn every_command_has_a_man_page() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    let pages = dir.path().join("man");
    cli.expect_success(&["man-pages", &pages.display().to_string()]);
    let written: BTreeSet<String> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut commands = BTreeSet::new();
    listed_commands(&cli, &[], &mut commands);
    assert!(commands.contains("hallpass-app-attribute-set"), "{commands:?}");
    let expected = commands.iter().map(|name| format!("{name}.1")).collect();
    assert_eq!(written, expected);
}

#[test]
fn every_shell_gets_completions() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    for (shell, sign) in [
        ("bash", "complete -F _hallpass"),
        ("zsh", "#compdef hallpass"),
        ("fish", "complete -c hallpass"),
    ] {
        let script = cli.expect_success(&["completions", shell]);
        assert!(
            script.contains(sign) && script.contains("first-name"),
            "{shell}: {script}"
        );
    }
    cli.expect_failure(&["completions", "tcsh"]);
}

#[test]
fn the_version_names_the_build() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    let version = cli.expect_success(&["--version"]);
    let expected = format!("hallpass {} (", env!("CARGO_PKG_VERSION"));
    assert!(version.starts_with(&expected), "{version}");
}
