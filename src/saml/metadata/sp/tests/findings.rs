use super::*;

#[test]
fn what_a_certificate_can_be_used_for_is_noted() {
    let strong = rsa_key(2048);
    let (signing, encryption) = ("use=\"signing\"", "use=\"encryption\"");
    for (declared_use, certificate, key_count, code) in [
        (signing, certificate(&strong, -1, 30), 1, None),
        (
            signing,
            certificate(&strong, -30, -1),
            1,
            Some("certificate-expired"),
        ),
        (
            signing,
            certificate(&strong, 1, 30),
            1,
            Some("certificate-not-yet-valid"),
        ),
        (
            signing,
            certificate(&rsa_key(1024), -1, 30),
            0,
            Some("key-unusable"),
        ),
        (
            signing,
            certificate(&ec_key(Nid::X9_62_PRIME256V1), -1, 30),
            1,
            None,
        ),
        (
            signing,
            certificate(&ec_key(Nid::SECP256K1), -1, 30),
            0,
            Some("key-unusable"),
        ),
        (signing, "QUJD".to_owned(), 0, Some("certificate-unreadable")),
        (
            signing,
            STANDARD.encode([STANDARD.decode(certificate(&strong, -1, 30)).unwrap(), vec![0]].concat()),
            0,
            Some("certificate-unreadable"),
        ),
        (encryption, certificate(&strong, -1, 30), 1, None),
        (
            encryption,
            certificate(&ec_key(Nid::X9_62_PRIME256V1), -1, 30),
            0,
            Some("encryption-key-unusable"),
        ),
        ("", certificate(&ec_key(Nid::X9_62_PRIME256V1), -1, 30), 1, None),
    ] {
        let entity = read_entity(&sp_metadata("", &key_with(declared_use, &certificate)), None);
        let list = if declared_use == encryption {
            &entity.encryption_certificates
        } else {
            &entity.signing_certificates
        };
        assert_eq!(list.len(), key_count, "{declared_use} {code:?}");
        let about_keys = ["no-signing-certificate", "no-consumer", "no-logout"];
        let found_codes: Vec<_> = codes(&entity)
            .into_iter()
            .filter(|code| !about_keys.contains(code))
            .collect();
        assert_eq!(found_codes, Vec::from_iter(code), "{declared_use}");
    }
    let named =
        format!("<KeyDescriptor><KeyInfo xmlns=\"{DSIG}\"><KeyName>k</KeyName></KeyInfo></KeyDescriptor>");
    let found_codes = codes(&read_entity(&sp_metadata("", &named), None));
    assert!(
        found_codes.contains(&"key-without-certificate"),
        "{found_codes:?}"
    );
}

#[test]
fn of_more_than_four_signing_keys_the_first_four_count() {
    let keys: Vec<_> = (0..6)
        .map(|_| certificate(&ec_key(Nid::X9_62_PRIME256V1), -1, 30))
        .collect();
    let all: String = keys.iter().map(|key| key_with("use=\"signing\"", key)).collect();
    let entity = read_entity(&sp_metadata("", &all), None);
    let used: Vec<_> = entity
        .signing_certificates
        .iter()
        .map(|der| STANDARD.encode(der))
        .collect();
    assert_eq!(used, keys[..4]);
    let found_codes = codes(&entity);
    assert!(found_codes.contains(&"too-many-signing-keys"), "{found_codes:?}");
}

#[test]
fn a_key_that_costs_too_much_is_skipped_and_not_called_breakable() {
    let entity = read_entity(
        &sp_metadata("", &key_with("", &certificate(&rsa_key(4352), -1, 30))),
        None,
    );
    assert!(
        entity.signing_certificates.is_empty() && entity.encryption_certificates.is_empty(),
        "{entity:?}"
    );
    let finding = entity
        .findings
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    assert!(
        finding.contains("RSA with 4352 bits, which costs too much"),
        "{finding}"
    );
    let ed = PKey::generate_ed25519().unwrap();
    let entity = read_entity(&sp_metadata("", &key_with("", &certificate(&ed, -1, 30))), None);
    let finding = entity
        .findings
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    assert!(
        finding.contains("an Ed25519 key, which is not supported"),
        "{finding}"
    );
}

/// A key may come with the certificates of its issuers: their keys verify nothing here, and nothing is encrypted to
/// them.
#[test]
fn of_one_x509_data_the_end_entity_certificate_is_the_key() {
    let (authority, end) = (rsa_key(2048), rsa_key(2048));
    let root = certificate(&authority, -1, 30);
    let leaf = issued_certificate(&end, &authority, "leaf.example");
    let data = |certificates: &[&str]| {
        let all: Vec<_> = certificates
            .iter()
            .map(|encoded| format!("<X509Certificate>{encoded}</X509Certificate>"))
            .collect();
        let all = all.concat();
        format!(
            "<KeyDescriptor><KeyInfo xmlns=\"{DSIG}\"><X509Data>{all}</X509Data></KeyInfo></KeyDescriptor>"
        )
    };
    let used_certificates = |inside: &str| -> Vec<String> {
        let entity = read_entity(&sp_metadata("", inside), None);
        assert_eq!(entity.signing_certificates, entity.encryption_certificates);
        entity
            .signing_certificates
            .iter()
            .map(|der| STANDARD.encode(der))
            .collect()
    };
    assert_eq!(
        used_certificates(&data(&[&leaf, &root])),
        std::slice::from_ref(&leaf)
    );
    assert_eq!(
        used_certificates(&data(&[&root, &leaf])),
        std::slice::from_ref(&leaf)
    );
    // Two self-signed certificates of the same name are nobody's issuers: either may be the key, for example during a
    // rollover.
    let other = certificate(&end, -1, 30);
    assert_eq!(used_certificates(&data(&[&root, &other])), [root.clone(), other]);
    // In two `X509Data` elements they are two keys.
    assert_eq!(
        used_certificates(&(data(&[&root]) + &data(&[&leaf]))),
        [root, leaf]
    );
}

#[test]
fn a_certificate_is_read_however_its_characters_are_escaped() {
    let plain = certificate(&rsa_key(2048), -1, 30);
    let referred = plain.replacen('M', "&#77;", 1).replace('=', "&#61;");
    let packed = format!("<![CDATA[{plain}]]>");
    for written in [&referred, &packed] {
        assert_ne!(written, &plain);
        let entity = read_entity(&sp_metadata("", &key_with("", written)), None);
        assert_eq!(STANDARD.encode(&entity.signing_certificates[0]), plain);
    }
}

#[test]
fn an_unusable_address_is_skipped_and_noted() {
    let at = |location: &str, binding: &str, more: &str| {
        format!("<AssertionConsumerService Binding=\"{binding}\" Location=\"{location}\" {more}/>")
    };
    let inside = [
        at("http://sp.example/acs", HTTP_POST, "index=\"0\""),
        at("javascript:alert(1)", HTTP_POST, "index=\"1\""),
        at("https://sp.example/artifact", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", ""),
        at(" https://sp.example/acs ", HTTP_POST, "index=\"2\""),
        at("https://sp.example/again", HTTP_POST, "index=\"2\""),
        at("http://localhost:9/acs", HTTP_POST, "index=\"70000\""),
        format!("<SingleLogoutService Binding=\"{HTTP_REDIRECT}\" Location=\"https://sp.example/slo\" ResponseLocation=\"ftp://sp.example/\"/>"),
        format!("<SingleLogoutService Binding=\"{HTTP_POST}\" Location=\"https://sp.example/slo\"/>"),
    ]
    .concat();
    let entity = read_entity(&sp_metadata("", &inside), None);
    assert_eq!(
        locations(&entity),
        [
            "https://sp.example/acs",
            "https://sp.example/again",
            "http://localhost:9/acs"
        ]
    );
    let indexes: Vec<_> = entity
        .acs_endpoints
        .iter()
        .map(|endpoint| endpoint.index)
        .collect();
    assert_eq!(indexes, [Some(2), None, None]);
    assert_eq!(entity.logout_endpoint().unwrap().binding, Binding::Post);
    assert_eq!(
        codes(&entity),
        [
            "address-skipped",
            "address-skipped",
            "binding-skipped",
            "index-twice",
            "plain-http",
            "address-skipped",
            "no-signing-certificate",
            "no-default-consumer",
        ]
    );
    let none = read_entity(&sp_metadata("", ""), None);
    assert_eq!(
        codes(&none),
        ["no-signing-certificate", "no-consumer", "no-logout"]
    );
}

#[test]
fn the_display_name_is_the_best_there_is() {
    let ui = |names: &str| {
        format!(
            "<Extensions><UIInfo xmlns=\"urn:oasis:names:tc:SAML:metadata:ui\">{names}</UIInfo></Extensions>"
        )
    };
    let service = "<AttributeConsumingService index=\"1\"><ServiceName xml:lang=\"en\">Service</ServiceName><RequestedAttribute Name=\"mail\" isRequired=\"1\" FriendlyName=\"m\"/><RequestedAttribute Name=\"mail\"/></AttributeConsumingService>";
    let organization = "<Organization><OrganizationName xml:lang=\"en\">Legal Name Ltd</OrganizationName><OrganizationDisplayName xml:lang=\"en\">Legal Name</OrganizationDisplayName></Organization>";
    let names = "<DisplayName xml:lang=\"de\">Tafel</DisplayName><DisplayName xml:lang=\"en-GB\">Board</DisplayName><DisplayName xml:lang=\"en\">\n  The &quot;Board&#x202;  \n</DisplayName>".replace("&#x202;", "&quot;");
    for (inside, behind, name) in [
        (ui(&names), organization, Some("The \"Board\"")),
        (
            ui("<DisplayName xml:lang=\"de\">Tafel</DisplayName>"),
            organization,
            Some("Tafel"),
        ),
        (
            format!("{}{service}", ui("<DisplayName> </DisplayName>")),
            organization,
            Some("Service"),
        ),
        (String::new(), organization, Some("Legal Name")),
        (String::new(), "", None),
        // In the place of another element it is no display name.
        (names.clone(), "", None),
    ] {
        let text =
            sp_metadata("", &inside).replace("</EntityDescriptor>", &format!("{behind}</EntityDescriptor>"));
        assert_eq!(read_entity(&text, None).display_name.as_deref(), name, "{inside}");
    }
    let requested = read_entity(&sp_metadata("", service), None).requested_attributes;
    assert_eq!(requested.len(), 1);
    assert!(
        requested
            .iter()
            .all(|attribute| attribute.required && attribute.friendly_name.as_deref() == Some("m")),
        "{requested:?}"
    );
}

#[test]
fn early_expiry_and_a_bad_cache_duration_are_noted() {
    let entity = read_entity(
        &sp_metadata(
            "validUntil=\"2026-11-23T00:00:00Z\" cacheDuration=\"six hours\"",
            "",
        ),
        None,
    );
    let found_codes = codes(&entity);
    assert!(
        found_codes.contains(&"ends-soon") && found_codes.contains(&"bad-cache-duration"),
        "{found_codes:?}"
    );
    assert_eq!(entity.cache_duration, None);
    let messages: Vec<String> = entity.findings.iter().map(ToString::to_string).collect();
    assert!(
        messages.contains(&"the metadata is valid until 2026-11-23 00:00 UTC only".to_owned()),
        "{messages:?}"
    );
    assert!(
        messages.contains(&"the cacheDuration `six hours` is none, and ignored".to_owned()),
        "{messages:?}"
    );
}

#[test]
fn the_number_of_findings_and_endpoints_is_bounded() {
    let many: String = (0..3000).map(|at| acs(&format!("{at}"), "index=\"1\"")).collect();
    let entity = read_entity(&sp_metadata("", &many), None);
    assert_eq!(entity.acs_endpoints.len(), 1000);
    let odd: Vec<String> = (0..3000)
        .map(|at| format!("<AssertionConsumerService Binding=\"urn:{at}\" Location=\"x\"/>"))
        .collect();
    let odd = odd.concat();
    let entity = read_entity(&sp_metadata("", &odd), None);
    let found_codes = codes(&entity);
    assert!(
        found_codes.len() < 80 && found_codes.contains(&"more"),
        "{found_codes:?}"
    );
}

#[test]
fn unsupported_formats_and_ciphers_are_noted() {
    let format = |urn: &str| format!("<NameIDFormat> {urn}\n</NameIDFormat>");
    let kerberos = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos";
    for (inside, is_noted) in [
        (format(kerberos), true),
        (
            format(kerberos) + &format("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            false,
        ),
        (String::new(), false),
    ] {
        let entity = read_entity(&sp_metadata("", &inside), None);
        assert_eq!(
            codes(&entity).contains(&"no-known-name-id-format"),
            is_noted,
            "{inside}"
        );
    }
    let method = |uri: &str| format!("<EncryptionMethod Algorithm=\"{uri}\"/>");
    let (cbc, gcm, oaep) = (
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    );
    for (declared_use, methods, is_noted) in [
        ("use=\"encryption\"", method(cbc) + &method(oaep), true),
        ("use=\"encryption\"", method(cbc) + &method(gcm), false),
        ("use=\"encryption\"", method(oaep), false),
        ("use=\"signing\"", method(cbc), false),
        ("", method(cbc), true),
    ] {
        let inside = key_with(declared_use, &certificate(&rsa_key(2048), -1, 30))
            .replace("</KeyDescriptor>", &format!("{methods}</KeyDescriptor>"));
        let entity = read_entity(&sp_metadata("", &inside), None);
        assert_eq!(
            codes(&entity).contains(&"no-known-cipher"),
            is_noted,
            "{declared_use} {methods}"
        );
    }
}

#[test]
fn sanitized_text_cannot_mislead() {
    let trick = format!(
        "<AssertionConsumerService Binding=\"urn:a\u{202e}b&#9;{}\" Location=\"x\"/>",
        "c".repeat(300)
    );
    let message = read_entity(&sp_metadata("", &trick), None)
        .findings
        .first()
        .unwrap()
        .to_string();
    assert!(
        message.contains("a\u{fffd}b\u{fffd}ccc") && message.chars().count() < 300,
        "{message}"
    );
    let named = "<Organization><OrganizationName xml:lang=\"en\">Good\u{202e}Evil\u{200b}</OrganizationName></Organization></EntityDescriptor>";
    let text = sp_metadata("", "").replace("</EntityDescriptor>", named);
    assert_eq!(read_entity(&text, None).display_name.as_deref(), Some("GoodEvil"));
}
