use super::*;

/// What is expected of a product's metadata: display name, ACS URLs, logout bindings, the numbers of certificates for
/// signing and for encryption, and the codes of the findings.
type Expected<'e> = (
    Option<&'e str>,
    &'e [&'e str],
    &'e [Binding],
    (usize, usize),
    &'e [&'e str],
);

#[test]
fn what_each_product_sends_is_read() {
    let both: &[Binding] = &[Binding::Redirect, Binding::Post];
    let redirect: &[Binding] = &[Binding::Redirect];
    let skipped = "binding-skipped";
    let products: [(&str, &str, Expected<'_>); 7] = [
        (
            "http://fs.example/adfs/services/trust",
            include_str!("../../../../../fixtures/sp/adfs.xml"),
            (
                None,
                &["https://fs.example/adfs/ls/"],
                both,
                (1, 1),
                &[skipped, skipped],
            ),
        ),
        (
            "https://www.okta.example/saml2/service-provider/spabcdefghijklmnop",
            include_str!("../../../../../fixtures/sp/okta.xml"),
            (
                Some("Fernweh at Okta"),
                &["https://org.okta.example/sso/saml2/0oaabcdefghijklmnop"],
                &[],
                (1, 1),
                &["no-logout"],
            ),
        ),
        (
            "https://pysaml.example/metadata.xml",
            include_str!("../../../../../fixtures/sp/pysaml2.xml"),
            (
                Some("Example of pysaml2"),
                &["https://pysaml.example/acs/post"],
                both,
                (1, 1),
                &[skipped],
            ),
        ),
        (
            "https://mellon.example/mellon/metadata",
            include_str!("../../../../../fixtures/sp/mellon.xml"),
            (
                None,
                &["https://mellon.example/mellon/postResponse"],
                redirect,
                (1, 1),
                &[skipped, skipped, skipped],
            ),
        ),
        (
            "https://python3.example/metadata/",
            include_str!("../../../../../fixtures/sp/python3-saml.xml"),
            (
                Some("Python's toolkit"),
                &["https://python3.example/?acs"],
                redirect,
                (1, 0),
                &[],
            ),
        ),
        (
            "urn:ssp:example:sp",
            include_str!("../../../../../fixtures/sp/simplesamlphp.xml"),
            (
                None,
                &["https://ssp.example/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp"],
                redirect,
                (1, 1),
                &[skipped, skipped, skipped, skipped],
            ),
        ),
        (
            "ruby.example",
            include_str!("../../../../../fixtures/sp/ruby-saml.xml"),
            (None, &["https://ruby.example/saml/acs"], redirect, (1, 0), &[]),
        ),
    ];
    for (entity_id, text, (name, acs_endpoints, logout, keys, findings)) in products {
        // One day later, their certificates are valid.
        let entity = read(text, None, noon() + TimeDelta::days(1)).unwrap();
        assert_eq!(entity.entity_id.as_str(), entity_id);
        assert_eq!(entity.display_name.as_deref(), name, "{entity_id}");
        assert_eq!(locations(&entity), acs_endpoints, "{entity_id}");
        let bindings: Vec<_> = entity
            .logout_endpoints
            .iter()
            .map(|endpoint| endpoint.binding)
            .collect();
        assert_eq!(bindings, logout, "{entity_id}");
        let counts = (
            entity.signing_certificates.len(),
            entity.encryption_certificates.len(),
        );
        assert_eq!(counts, keys, "{entity_id}");
        assert_eq!(codes(&entity), findings, "{entity_id}");
    }
}
