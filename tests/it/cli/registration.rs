//! What would fail later is refused or reported when it is entered.

use std::fs;

use crate::{
    cli::server_and_cli,
    support::{publisher::SpMetadata, sp_keys::SpKey, test_server::on_each_database},
};

const ENTITY: &str = "https://sp.example.org/m";
const ACS: &str = "https://sp.example.org/acs";

/// Metadata with `inside` in its role, before the ACS.
fn metadata(inside: &str) -> String {
    let xml = SpMetadata::new(ENTITY, ACS).xml();
    xml.replace(
        "<md:AssertionConsumerService",
        &format!("{inside}<md:AssertionConsumerService"),
    )
}

fn format_of(urn: &str) -> String {
    format!("<md:NameIDFormat>urn:oasis:names:tc:SAML:{urn}</md:NameIDFormat>")
}

#[test]
fn the_same_metadata_twice_is_refused_and_a_shared_entity_id_is_reported() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let add = ["app", "add", "saml", "--metadata", "-"];
        cli.expect_success_with_input(&add, &metadata(""));
        let output = cli.expect_failure_with_input(&add, &metadata(""));
        assert!(
            output.contains(ENTITY) && output.contains("no ACS URL tells the two apart"),
            "{output}"
        );
        let other = metadata("").replace(ACS, "https://sp.example.org/other");
        let output = cli.expect_success_with_input(&add, &other);
        assert!(
            output.contains("Its entity ID is also that of sp-example-org")
                && output.contains("ISSUER-AMBIGUOUS"),
            "{output}"
        );
        // Nor can an edit set it.
        let output = cli.expect_failure(&["app", "edit", "sp-example-org-2", "--acs", ACS]);
        assert!(output.contains("no ACS URL tells the two apart"), "{output}");
        let output = cli.expect_failure_with_input(
            &[
                "app",
                "add",
                "saml",
                "--metadata",
                "-",
                "--slug",
                "sp-example-org",
            ],
            &other.replace(ENTITY, "urn:x"),
        );
        assert!(
            output.contains("sp-example-org is sp.example.org's short name"),
            "{output}"
        );
    });
}

#[test]
fn the_first_supported_name_id_format_of_the_metadata_is_used() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        for (n, (formats, expected)) in [
            (format_of("2.0:nameid-format:transient"), "transient"),
            (
                format_of("2.0:nameid-format:persistent") + &format_of("1.1:nameid-format:emailAddress"),
                "persistent",
            ),
            (
                format_of("1.1:nameid-format:X509SubjectName") + &format_of("2.0:nameid-format:persistent"),
                "persistent",
            ),
            (
                format_of("1.1:nameid-format:unspecified") + &format_of("2.0:nameid-format:persistent"),
                "email",
            ),
            (String::new(), "email"),
        ]
        .into_iter()
        .enumerate()
        {
            let xml = metadata(&formats).replace("sp.example.org", &format!("sp{n}.example.org"));
            let slug = format!("sp-{n}");
            let output = cli
                .expect_success_with_input(&["app", "add", "saml", "--metadata", "-", "--slug", &slug], &xml);
            assert_eq!(
                cli.json(&["app", "show", &slug, "--json"])["name_id"],
                expected,
                "{formats}"
            );
            assert_eq!(
                output.contains(&format!("It is sent names of the format {expected}")),
                expected != "email",
                "{output}"
            );
        }
        // New metadata does not change it; the command reports that they differ.
        let xml =
            metadata(&format_of("2.0:nameid-format:transient")).replace("sp.example.org", "sp1.example.org");
        let output = cli.expect_success_with_input(&["app", "edit", "sp-1", "--metadata", "-"], &xml);
        assert!(
            output.contains("asks for names of the format transient, and it is sent persistent ones"),
            "{output}"
        );
        assert_eq!(
            cli.json(&["app", "show", "sp-1", "--json"])["name_id"],
            "persistent"
        );
    });
}

#[test]
fn required_attributes_that_are_not_sent_are_named() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let services = "<md:AttributeConsumingService index=\"0\"><md:ServiceName xml:lang=\"en\">S</md:ServiceName><md:RequestedAttribute Name=\"urn:role\" isRequired=\"true\"></md:RequestedAttribute><md:RequestedAttribute Name=\"urn:hobby\"></md:RequestedAttribute></md:AttributeConsumingService></md:SPSSODescriptor>";
        let xml = metadata("").replace("</md:SPSSODescriptor>", services);
        let output = cli.expect_success_with_input(&["app", "add", "saml", "--metadata", "-"], &xml);
        assert!(
            output.contains("It requires the attribute urn:role, which it is not sent"),
            "{output}"
        );
        assert!(!output.contains("urn:hobby, which"), "{output}");
    });
}

#[test]
fn authn_requests_signed_without_a_key_does_not_allow_unsigned_requests() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let signs = SpMetadata {
            authn_requests_signed: true,
            ..SpMetadata::new(ENTITY, ACS)
        };
        let add = ["app", "add", "saml", "--metadata", "-"];
        let output = cli.expect_failure_with_input(&add, &signs.xml());
        assert!(
            output.contains("signs its requests") && output.contains("--require-signed-requests false"),
            "{output}"
        );
        let key = SpKey::rsa(2048);
        let with_key = SpMetadata {
            certificates: vec![key.certificate.clone()],
            ..signs.clone()
        };
        cli.expect_success_with_input(&add, &with_key.xml());
        assert_eq!(
            cli.json(&["app", "show", "sp-example-org", "--json"])["require_signed_requests"],
            true
        );
        let output = cli.expect_failure_with_input(
            &["app", "edit", "sp-example-org", "--metadata", "-"],
            &signs.xml(),
        );
        assert!(output.contains("no key of it can be used"), "{output}");
        // An administrator may decide otherwise.
        cli.expect_success(&["app", "remove", "sp-example-org"]);
        cli.expect_success_with_input(
            &[
                "app",
                "add",
                "saml",
                "--metadata",
                "-",
                "--require-signed-requests",
                "false",
            ],
            &signs.xml(),
        );
        assert_eq!(
            cli.json(&["app", "show", "sp-example-org", "--json"])["require_signed_requests"],
            false
        );
    });
}

#[test]
fn input_that_is_not_metadata_is_named() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let own = server.provider.saml().metadata().unwrap().body.to_string();
        let plain = metadata("").replace(ACS, "http://intranet.example.org/acs");
        let several = format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
            metadata(""),
            metadata("").replace("sp.example.org", "other.example.org")
        );
        for (input, stderr) in [
            (
                &own[..],
                "metadata of an identity provider, not of an application (it is ours)",
            ),
            (
                "<!DOCTYPE html><html><body>Sign in</body></html>",
                "this is a web page",
            ),
            ("\n<html>", "this is a web page"),
            (&plain, "http is refused"),
            (&several, "--entity-id"),
            ("root:x:0:0:root:/root:/bin/bash\n", "no XML"),
        ] {
            let output = cli.expect_failure_with_input(&["app", "add", "saml", "--metadata", "-"], input);
            assert!(output.contains(stderr), "{input}: {output}");
        }
        let file = server.dir.path().join("utf16.xml");
        let units: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(&file, units).unwrap();
        let output = cli.expect_failure(&["app", "add", "saml", "--metadata", file.to_str().unwrap()]);
        assert!(output.contains("save it as UTF-8"), "{output}");
        // Of several entities, the one that is named.
        let output = cli.expect_success_with_input(
            &[
                "app",
                "add",
                "saml",
                "--metadata",
                "-",
                "--entity-id",
                "https://other.example.org/m",
            ],
            &several,
        );
        assert!(output.contains("other.example.org"), "{output}");
    });
}

#[test]
fn no_command_prints_terminal_control_characters() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let evil = "\u{1b}[2J\u{202e}\u{200b}\u{9b}31m";
        server.add_application("Wiki", ENTITY, ACS, |_| {});
        // However it was stored: this bypasses every check.
        let text = format!("UPDATE applications SET name = 'Wi{evil}ki'");
        crate::support::sql::execute(
            &server.settings,
            &(text + "; UPDATE installation SET generation = generation + 1"),
        );
        for command in [
            &["app", "list"][..],
            &["app", "show", "wiki"],
            &["app", "show", "wiki", "--json"],
            &["app", "disable", "wiki"],
        ] {
            let output = cli.expect_success(command);
            let harmless =
                |c: char| c == '\n' || (!c.is_control() && !('\u{200b}'..='\u{202e}').contains(&c));
            assert!(output.chars().all(harmless), "{command:?}: {output:?}");
        }
        let output = cli.expect_failure(&["app", "show", &format!("x{evil}")]);
        assert!(
            !output.contains('\u{1b}') && !output.contains('\u{202e}'),
            "{output:?}"
        );
    });
}

#[test]
fn an_edit_without_effect_reports_no_change() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user("ada@fernweh.example", "Ada", "Lovelace");
        cli.expect_success_with_input(
            &["app", "add", "saml", "--metadata", "-", "--slug", "sp"],
            &metadata(""),
        );
        cli.expect_success(&["user", "disable", "ada@fernweh.example"]);
        cli.expect_success(&["app", "disable", "sp"]);
        let rows = || crate::support::sql::number(&server.settings, "SELECT count(*) AS n FROM audit_events");
        let before = rows();
        for command in [
            &["user", "disable", "ada@fernweh.example"][..],
            &["user", "edit", "ada@fernweh.example"],
            &["user", "edit", "ada@fernweh.example", "--given-name", "Ada"],
            &["app", "disable", "sp"],
            &["app", "edit", "sp"],
        ] {
            let output = cli.expect_success(command);
            assert!(output.contains("nothing was changed"), "{command:?}: {output}");
        }
        assert_eq!(rows(), before, "and nothing is noted");
    });
}

#[test]
fn repeating_a_draft_gives_the_same_draft() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let first = cli.expect_success(&["app", "draft", "--name", "Wiki"]);
        assert_eq!(cli.expect_success(&["app", "draft", "--name", "Wiki"]), first);
        assert_eq!(
            cli.expect_success(&["app", "draft", "--name", "Wiki", "--slug", "wiki"]),
            first
        );
        assert_eq!(cli.expect_success(&["app", "list"]).matches("draft").count(), 1);
        let output = cli.expect_failure(&["app", "edit", "wiki", "--name", "X"]);
        assert!(output.contains("wiki is a draft"), "{output}");
    });
}
