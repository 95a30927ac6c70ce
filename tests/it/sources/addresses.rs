//! `hallpass app …` with files, pipes and URLs; and which addresses are never fetched.

use std::{fs, net::TcpListener, process::Output};

use openssl::{
    hash::MessageDigest,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::extension::SubjectAlternativeName,
};

use super::{ALLOW_LOOPBACK, server_with_ada};
use crate::{
    cli::Cli,
    support::{
        assertions::assert_contains,
        publisher::{Publisher, SpMetadata, aggregate},
        sp_keys::certificate_builder,
        sql,
        test_server::{Database, TestServer, on_each_database},
        test_sp::TestSp,
    },
};

const ENTITY: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";

fn add_arguments(metadata: &str) -> [&str; 7] {
    ["app", "add", "saml", "--metadata", metadata, "--name", "SP"]
}

fn stderr_text(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn metadata_is_read_from_a_file_a_pipe_or_a_url() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let cli = Cli::new(&server.settings.data_dir, database).with_env(&ALLOW_LOOPBACK);
        let xml = SpMetadata::new(ENTITY, ACS).xml();
        let file = server.dir.path().join("metadata.xml");
        fs::write(&file, &xml).unwrap();
        let output = cli.expect_success(&add_arguments(file.to_str().unwrap()));
        assert!(
            output.contains("In its metadata: it has no certificate for signing"),
            "{output}"
        );
        cli.expect_success(&["app", "remove", "sp"]);
        cli.expect_success_with_input(&add_arguments("-"), &xml);
        assert_contains(
            &cli.expect_success(&["app", "source", "sp"]),
            "was read once from a file",
        );
        cli.expect_success(&["app", "remove", "sp"]);

        let publisher = Publisher::start(&xml);
        let output = cli.expect_success(&add_arguments(&publisher.url));
        assert!(
            output.contains(&format!("Its metadata comes from {}", publisher.url)),
            "{output}"
        );
        let output = cli.expect_success(&["app", "source", "sp"]);
        assert!(
            output.contains("fetched next") && output.contains("last taken"),
            "{output}"
        );
        assert_contains(&cli.expect_success(&["app", "source"]), &publisher.url);
        publisher.publish(&xml.replace(ACS, "https://elsewhere.example/acs"));
        assert_contains(
            &cli.expect_success(&["app", "source", "sp", "--refresh"]),
            "a change waits",
        );
        let output = cli.expect_success(&["app", "confirm", "sp"]);
        for part in [
            "- ACS URL https://sp.example/acs",
            "+ ACS URL https://elsewhere",
            "--accept",
            "--reject",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
        assert_contains(
            &cli.expect_success(&["app", "show", "sp"]),
            "A change waits since",
        );
        let digits = output
            .split("--accept ")
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap();
        assert_contains(
            &cli.expect_failure(&["app", "confirm", "sp", "--accept", "00000000"]),
            "another change",
        );
        cli.expect_success(&["app", "confirm", "sp", "--accept", digits]);
        assert_eq!(
            cli.json(&["app", "show", "sp", "--json"])["acs"][0],
            "https://elsewhere.example/acs"
        );
        assert_contains(&cli.expect_success(&["app", "confirm", "sp"]), "No change");
        publisher.fail(500);
        assert_contains(
            &cli.expect_failure(&["app", "source", "sp", "--refresh"]),
            "status 500",
        );
        let output = cli.expect_success(&["app", "show", "sp"]);
        assert!(
            output.contains("FAILING since") && output.contains("status 500"),
            "{output}"
        );
        let shown = cli.json(&["app", "source", "sp", "--json"]);
        assert_eq!(
            (&shown["failures"], &shown["kind"]),
            (&1.into(), &"entity".into())
        );
        // A file replaces it; `--forget` leaves the application as it is.
        let other = server.dir.path().join("other.xml");
        fs::write(&other, &xml).unwrap();
        let output = cli.expect_success(&["app", "edit", "sp", "--metadata", other.to_str().unwrap()]);
        assert!(output.contains("no longer fetched from there"), "{output}");
        publisher.publish(&xml);
        let output = cli.expect_success(&["app", "edit", "sp", "--metadata", &publisher.url]);
        assert!(output.contains("fetched again from"), "{output}");
        cli.expect_success(&["app", "source", "sp", "--forget"]);
        assert_contains(&cli.expect_success(&["app", "source"]), "None");
    });
}

/// Makes the database refuse that an application follows a source.
fn refuse_links(server: &TestServer) {
    let settings = &server.settings;
    sql::execute(
        settings,
        if settings.sqlite_path().is_some() {
            "CREATE TRIGGER refuse_links BEFORE INSERT ON application_sources \
             BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
        } else {
            "ALTER TABLE application_sources ADD CONSTRAINT refuse_links CHECK (false) NOT VALID"
        },
    );
}

#[test]
fn an_application_is_not_added_unless_it_can_follow_its_metadata() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let cli = Cli::new(&server.settings.data_dir, database).with_env(&ALLOW_LOOPBACK);
        let publisher = Publisher::start(&SpMetadata::new(ENTITY, ACS).xml());
        let file = server.dir.path().join("metadata.xml");
        fs::write(
            &file,
            SpMetadata::new("urn:test:other", "https://other.example/acs").xml(),
        )
        .unwrap();
        let other = ["--name", "Other", "--slug", "other"];
        let add = ["app", "add", "saml", "--metadata", file.to_str().unwrap()];
        cli.expect_success(&[&add[..], &other].concat());
        refuse_links(&server);
        let generation = || sql::number(&server.settings, "SELECT generation AS n FROM installation");
        let before = generation();

        cli.expect_failure(&add_arguments(&publisher.url));
        assert_eq!(cli.json(&["app", "list", "--json"]).as_array().unwrap().len(), 1);
        assert_eq!(cli.json(&["app", "source", "--json"]), serde_json::json!([]));
        let added = cli.json(&["audit", "--action", "app.add", "--json"]);
        assert_eq!(added.as_array().unwrap().len(), 1, "{added}");

        // Nor is one changed.
        publisher.publish(&SpMetadata::new("urn:test:other", "https://new.example/acs").xml());
        let edit = [
            "app",
            "edit",
            "other",
            "--name",
            "New",
            "--metadata",
            &publisher.url,
        ];
        cli.expect_failure(&edit);
        let shown = cli.json(&["app", "show", "other", "--json"]);
        assert_eq!(
            (&shown["name"], &shown["acs"][0]),
            (&"Other".into(), &"https://other.example/acs".into())
        );
        assert_eq!(generation(), before);

        // The same commands work as soon as the database accepts both halves.
        sql::execute(
            &server.settings,
            if server.settings.sqlite_path().is_some() {
                "DROP TRIGGER refuse_links"
            } else {
                "ALTER TABLE application_sources DROP CONSTRAINT refuse_links"
            },
        );
        cli.expect_success(&edit);
        let shown = cli.json(&["app", "source", "other", "--json"]);
        assert_eq!(shown["url"], publisher.url.as_str());
    });
}

#[test]
fn a_federation_is_imported_and_enabled_at_the_command_line() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let cli = Cli::new(&server.settings.data_dir, database).with_env(&ALLOW_LOOPBACK);
        let signer = TestSp::new("x", "https://x.example/");
        let broken = SpMetadata::new("urn:test:broken", "javascript:alert(1)");
        let end = hallpass::clock::Clock::now(&server.clock) + chrono::TimeDelta::days(7);
        let all = [SpMetadata::new(ENTITY, ACS), broken];
        let until = format!(" validUntil=\"{}\"", super::xs_date_time(end));
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &until));
        let key = server.dir.path().join("federation.der");
        fs::write(&key, signer.certificate().der).unwrap();
        let key = key.to_str().unwrap();
        assert_contains(
            &cli.expect_failure(&["app", "import", &publisher.url]),
            "--signed-by",
        );
        let import = [
            "app",
            "import",
            &publisher.url,
            "--signed-by",
            key,
            "--name",
            "federation",
        ];
        let output = cli.expect_success(&import);
        for part in [
            "service providers known: 1; 1 new",
            "urn:test:broken",
            "left out (1):",
            "known list",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
        let output = cli.expect_success(&["app", "known", "list", "--search", "TEST:SP"]);
        assert!(output.contains(ENTITY), "{output}");
        assert_contains(
            &cli.expect_failure(&["app", "enable", "--known", "urn:nobody"]),
            "no imported metadata",
        );
        let output = cli.expect_success(&["app", "enable", "--known", ENTITY, "--slug", "one"]);
        assert!(
            output.contains("is registered as one") && output.contains(ACS),
            "{output}"
        );
        assert_contains(
            &cli.expect_failure(&["app", "enable", "--known", ENTITY]),
            "registered as one already",
        );
        assert_contains(&cli.expect_success(&["app", "known", "list"]), "(enabled as one)");
        let output = cli.expect_success(&["app", "source", "federation"]);
        for part in [
            "entities: 1 known, 0 gone",
            "applications that follow it: 1",
            "valid until",
            "one by one",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
        assert_contains(
            &cli.expect_failure(&[
                "app",
                "import",
                &publisher.url,
                "--signed-by",
                key,
                "--longest-validity",
                "5d",
                "--name",
                "short",
            ]),
            "days",
        );
        assert_contains(
            &cli.expect_success(&["app", "source", "federation", "--forget"]),
            "Applications that stay as they are: 1",
        );
        assert_contains(&cli.expect_success(&["app", "list"]), ENTITY);
    });
}

#[test]
fn nothing_is_fetched_from_a_forbidden_address() {
    let server = server_with_ada(&Database::Sqlite);
    let cli = Cli::new(&server.settings.data_dir, &Database::Sqlite);
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "localhost",
    ] {
        for scheme in ["https", "http", "gopher", "ftp", "file"] {
            let output = cli.expect_failure(&add_arguments(&format!("{scheme}://{host}:{port}/m")));
            assert!(
                [
                    "no public address",
                    "begin with https",
                    "https only",
                    "not a whole address",
                    "host"
                ]
                .iter()
                .any(|part| output.contains(part)),
                "{scheme} {host}: {output}"
            );
        }
    }
    assert_contains(
        &cli.expect_failure(&add_arguments("file:///etc/passwd")),
        "names no host",
    );
    assert!(canary.accept().is_err(), "somebody came");
    assert_contains(
        &cli.expect_failure(&add_arguments("/nowhere/at/all")),
        "cannot read",
    );
    assert_contains(
        &cli.expect_failure(&["app", "import", "/nowhere", "--signed-by", "/nowhere"]),
        "cannot read",
    );
}

#[test]
fn https_needs_a_trusted_certificate() {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = certificate_builder(&key, "127.0.0.1", 2);
    let alternative = SubjectAlternativeName::new()
        .ip("127.0.0.1")
        .build(&builder.x509v3_context(None, None))
        .unwrap();
    builder.append_extension(alternative).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = builder.build();
    let pem = certificate.to_pem().unwrap();
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    let acceptor = acceptor.build();
    let publisher =
        Publisher::start_over(
            &SpMetadata::new(ENTITY, ACS).xml(),
            "https",
            move |stream| match acceptor.accept(stream) {
                Ok(stream) => Box::new(stream),
                Err(_refused) => Box::new(std::io::Cursor::new(Vec::new())),
            },
        );
    let server = server_with_ada(&Database::Sqlite);
    let cli = Cli::new(&server.settings.data_dir, &Database::Sqlite).with_env(&ALLOW_LOOPBACK);
    let roots = server.dir.path().join("roots.pem");
    let output = stderr_text(&cli.run(&add_arguments(&publisher.url), ""));
    assert!(
        output.contains("cannot be reached") && output.contains("certificate"),
        "{output}"
    );
    fs::write(&roots, pem).unwrap();
    let believing = Cli::new(&server.settings.data_dir, &Database::Sqlite)
        .with_env(&ALLOW_LOOPBACK)
        .with_env(&[("SSL_CERT_FILE", roots.to_str().unwrap())]);
    assert_contains(
        &believing.expect_success(&add_arguments(&publisher.url)),
        "is registered as sp",
    );
    // A proxy named in the environment is not used.
    let proxied = believing.with_env(&[
        ("https_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
    ]);
    proxied.expect_success(&["app", "source", "sp", "--refresh"]);
}
