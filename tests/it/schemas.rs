//! Every message that we send is valid against the schemas of OASIS, as `xmllint` reads them.

use std::{fs, path::PathBuf, process::Command};

use chrono::TimeDelta;
use hallpass::{
    model::{
        application::{Binding, LogoutEndpoint, SpUrl},
        name_id::{EMAIL_ADDRESS, NameId},
    },
    saml::{
        binding::redirect,
        logout::request::{self, LogoutRequestContent},
    },
};

use crate::support::{
    assertions::assert_contains,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
    test_sp::posted_response,
};

const SLO: &str = "https://login.fernweh.example/saml/slo";

/// The folder of the schemas; the test command sets it.
fn schema_folder() -> Option<PathBuf> {
    let found = std::env::var_os("HALLPASS_TEST_SCHEMAS").map(PathBuf::from);
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "HALLPASS_TEST_SCHEMAS is not set: no schema was checked"
        );
        eprintln!("skipped: HALLPASS_TEST_SCHEMAS names no directory with the schemas of SAML 2.0");
    }
    found
}

pub(crate) fn validate_against_schema(xml: &str, schema: &str) -> Result<(), String> {
    let Some(dir) = schema_folder() else { return Ok(()) };
    let temp_dir = tempfile::tempdir().unwrap();
    let message = temp_dir.path().join("message.xml");
    fs::write(&message, xml).unwrap();
    let mut command = Command::new("xmllint");
    command
        .current_dir(&dir)
        .arg("--nonet")
        .arg("--noout")
        .arg("--schema")
        .arg(schema)
        .arg(&message);
    let done = command.output().expect("xmllint is installed");
    if done.status.success() {
        Ok(())
    } else {
        Err(format!("{} {xml}", String::from_utf8_lossy(&done.stderr)))
    }
}

pub(crate) const PROTOCOL_SCHEMA: &str = "saml-schema-protocol-2.0.xsd";
pub(crate) const METADATA_SCHEMA: &str = "saml-schema-metadata-2.0.xsd";

#[test]
fn control_the_schema_rejects_an_invalid_message() {
    if schema_folder().is_some() {
        let bare = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" Version=\"2.0\"/>";
        assert_contains(&validate_against_schema(bare, PROTOCOL_SCHEMA).unwrap_err(), "ID");
    }
}

#[test]
fn responses_and_metadata_are_valid() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        validate_against_schema(
            &setup.server.provider.saml().metadata().unwrap().body,
            METADATA_SCHEMA,
        )
        .unwrap();
        let mut browser = setup.signed_in_browser();
        validate_against_schema(
            &posted_response(&browser.get(&setup.sso_url("_r1"))).0,
            PROTOCOL_SCHEMA,
        )
        .unwrap();
        for (id, attributes) in [
            ("_p", "IsPassive=\"true\" ForceAuthn=\"true\""),
            ("_b", "ProtocolBinding=\"urn:x\""),
            ("a.b-\u{e9}", "IsPassive=\"true\" ForceAuthn=\"true\""),
        ] {
            validate_against_schema(
                &posted_response(&browser.get(&setup.sso_url_with(id, attributes, ""))).0,
                PROTOCOL_SCHEMA,
            )
            .unwrap();
        }
        let names = crate::response::HOSTILE_NAMES;
        for (n, name) in names.into_iter().enumerate() {
            let email = format!("p{n}@fernweh.example");
            setup.server.add_user(&email, name, name);
            let mut browser = setup.server.browser();
            let login = browser.get_following_redirects(&setup.sso_url(&format!("_h{n}")));
            validate_against_schema(
                &posted_response(&browser.sign_in(&login, &email, PASSWORD)).0,
                PROTOCOL_SCHEMA,
            )
            .unwrap();
        }
    });
}

#[test]
fn logout_messages_are_valid() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            let location = SpUrl::parse("https://wiki.example/slo").unwrap();
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location,
                response_location: None,
            });
        });
        let mut browser = setup.signed_in_browser();
        posted_response(&browser.get(&setup.sso_url("_r1")));
        for (id, who, by) in [
            ("_ok", ADA, TimeDelta::zero()),
            ("_who", "nobody@x.example", TimeDelta::zero()),
            ("_old", ADA, TimeDelta::hours(-1)),
        ] {
            let xml = setup
                .sp
                .logout_request(id, setup.now() + by, SLO, (who, EMAIL_ADDRESS), None);
            let page = browser.get(&format!(
                "/saml/slo?{}",
                setup.sp.redirect_query(&xml, None, true)
            ));
            let query = page.location().split_once('?').unwrap().1.to_owned();
            validate_against_schema(&redirect::decode(&query).unwrap().xml, PROTOCOL_SCHEMA).unwrap();
        }
        let ask = LogoutRequestContent {
            issuer: &setup.server.provider.saml().entity_id().unwrap(),
            id: "_0123456789012345678901234567890123456789",
            destination: "https://wiki.example/slo?a=b&c=d",
            name_id: &NameId {
                name_qualifier: Some("\"idp\"".to_owned()),
                sp_name_qualifier: Some("<sp>".to_owned()),
                ..NameId::plain(EMAIL_ADDRESS, "<&\"'>@x")
            },
            session_index: "_x",
        };
        let logout_request = request::write(&ask, &setup.server.provider.policy(), setup.now()).unwrap();
        validate_against_schema(&logout_request.unsigned_xml(), PROTOCOL_SCHEMA).unwrap();
    });
}
