//! What reading an aggregate of ten thousand entities costs in seconds and memory, with its signature verified and
//! without; each reading in a process of its own.

use std::{
    fmt::Write,
    fs::{self, File},
    path::Path,
    process::Command,
    time::Instant,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    crypto::generate,
    model::{id::KeyId, key::SigningKey, response_options::SignatureAlgorithm},
    saml::{
        metadata::aggregate::{self, FileVerification, ParsedEntity},
        signer::Signer,
        urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    },
};

/// Nine of ten are service providers.
const ENTITIES: usize = 10_000;
const UI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
const ATTRIBUTES: [&str; 6] = [
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:2.5.4.42",
    "urn:oid:2.5.4.4",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
];

pub(crate) struct ReadCost {
    pub(crate) seconds: f64,
    /// Peak memory of the process.
    pub(crate) megabytes: f64,
}

/// The same file, with and without verification of its signature.
pub(crate) struct AggregateFigures {
    pub(crate) megabytes: f64,
    pub(crate) signed: ReadCost,
    pub(crate) plain: ReadCost,
}

/// Writes a file, and reads it both ways.
pub(crate) fn measure(quick: bool) -> AggregateFigures {
    let dir = tempfile::tempdir().unwrap();
    let (file, certificate) = (
        dir.path().join("aggregate.xml"),
        dir.path().join("certificate.der"),
    );
    write_aggregate(if quick { ENTITIES / 10 } else { ENTITIES }, &file, &certificate);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let megabytes = fs::metadata(&file).unwrap().len() as f64 / 1e6;
    AggregateFigures {
        megabytes,
        signed: read_in_subprocess(&file, Some(&certificate)),
        plain: read_in_subprocess(&file, None),
    }
}

/// In a process of its own, so that no other memory counts.
fn read_in_subprocess(file: &Path, certificate: Option<&Path>) -> ReadCost {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--read-aggregate").arg(file);
    command.args(certificate);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let output = String::from_utf8(done.stdout).unwrap();
    let mut numbers = output
        .split_whitespace()
        .map(|number| number.parse::<f64>().unwrap());
    ReadCost {
        seconds: numbers.next().unwrap(),
        megabytes: numbers.next().unwrap(),
    }
}

/// What [`read_in_subprocess`] runs: seconds and megabytes.
pub(crate) fn read(file: &str, certificate: Option<&str>) -> (f64, f64) {
    let now = Utc::now();
    let certificates =
        certificate.map(|file| hallpass::crypto::pem::parse_certificate(&fs::read(file).unwrap()).unwrap());
    let began = Instant::now();
    let mut reports = 0;
    let checked = match certificates {
        Some(certificate) => {
            aggregate::verify(File::open(file).unwrap(), &[certificate], now, |_at| reports += 1).unwrap()
        }
        None => FileVerification::without_signature(),
    };
    let entities = aggregate::entities(File::open(file).unwrap(), &checked, now).unwrap();
    let usable = entities.filter(|found| matches!(found.as_ref().unwrap(), ParsedEntity::ServiceProvider(_)));
    let usable = usable.count();
    let seconds = began.elapsed().as_secs_f64();
    assert!(usable >= ENTITIES / 100, "{usable} usable entities");
    assert_eq!(checked.is_signed(), reports > 0);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes = peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap();
    (seconds, kilobytes / 1024.0)
}

/// Writes an aggregate as a federation publishes it, signed as a whole.
fn write_aggregate(count: usize, file: &Path, certificate: &Path) {
    let now = Utc::now();
    let keys: Vec<SigningKey> = (0..4).map(|_one| key(now)).collect();
    let texts: Vec<String> = keys
        .iter()
        .map(|key| STANDARD.encode(&key.certificate.der))
        .collect();
    // Written in canonical form, so that it can be signed as it stands.
    let head = format!(
        "<md:EntitiesDescriptor xmlns:md=\"{METADATA}\" ID=\"_aggregate\" Name=\"urn:example:federation\" cacheDuration=\"PT6H\" validUntil=\"{}\">",
        (now + TimeDelta::days(14)).format("%Y-%m-%dT%H:%M:%SZ")
    );
    let mut tail = String::with_capacity(count * 11_000);
    for number in 0..count {
        entity(&mut tail, number, &texts);
    }
    tail.push_str("\n</md:EntitiesDescriptor>");
    let signing = keys.first().unwrap();
    let signer = Signer::new(signing).unwrap();
    let text = signer
        .sign_enveloped(SignatureAlgorithm::RsaSha256, &head, &tail, "_aggregate")
        .unwrap();
    fs::write(file, text).unwrap();
    fs::write(certificate, &signing.certificate.der).unwrap();
}

fn key(now: DateTime<Utc>) -> SigningKey {
    generate::generate(KeyId::new(now, [0; 10]), "sp.example", now).unwrap()
}

fn entity(out: &mut String, number: usize, certificates: &[String]) {
    let host = format!("sp{number}.example");
    let certificate = |at: usize| certificates.get(at % certificates.len()).unwrap();
    let key = |usage: &str, at: usize| {
        let wrapped = certificate(at)
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap());
        let wrapped = wrapped.collect::<Vec<_>>().join("\n");
        format!(
            "\n      <md:KeyDescriptor use=\"{usage}\">\n        <ds:KeyInfo xmlns:ds=\"{DSIG}\">\n          <ds:X509Data>\n            <ds:X509Certificate>\n{wrapped}\n            </ds:X509Certificate>\n          </ds:X509Data>\n        </ds:KeyInfo>\n      </md:KeyDescriptor>"
        )
    };
    write!(
        out,
        "\n  <md:EntityDescriptor entityID=\"https://{host}/shibboleth\">\n    <md:Extensions>\n      <mdrpi:RegistrationInfo xmlns:mdrpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" registrationAuthority=\"https://federation.example\" registrationInstant=\"2019-05-02T10:11:12Z\">\n        <mdrpi:RegistrationPolicy xml:lang=\"en\">https://federation.example/policy</mdrpi:RegistrationPolicy>\n      </mdrpi:RegistrationInfo>\n      <mdattr:EntityAttributes xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\">\n        <saml:Attribute xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"http://macedir.org/entity-category\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\n          <saml:AttributeValue>http://refeds.org/category/research-and-scholarship</saml:AttributeValue>\n        </saml:Attribute>\n      </mdattr:EntityAttributes>\n    </md:Extensions>"
    )
    .unwrap();
    if number.is_multiple_of(10) {
        write!(out, "\n    <md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{}\n      <md:SingleSignOnService Binding=\"{HTTP_REDIRECT}\" Location=\"https://{host}/sso\"></md:SingleSignOnService>\n    </md:IDPSSODescriptor>", key("signing", number)).unwrap();
    } else {
        service_provider(
            out,
            number,
            &host,
            &[
                key("signing", number),
                key("signing", number + 1),
                key("encryption", number + 2),
            ],
        );
    }
    write!(
        out,
        "\n    <md:Organization>\n      <md:OrganizationName xml:lang=\"en\">Organisation {number}</md:OrganizationName>\n      <md:OrganizationDisplayName xml:lang=\"en\">Institut für Beispiele № {number} &amp; Söhne</md:OrganizationDisplayName>\n      <md:OrganizationURL xml:lang=\"en\">https://{host}/</md:OrganizationURL>\n    </md:Organization>\n    <md:ContactPerson contactType=\"technical\">\n      <md:GivenName>Operations</md:GivenName>\n      <md:EmailAddress>mailto:ops@{host}</md:EmailAddress>\n    </md:ContactPerson>\n  </md:EntityDescriptor>"
    )
    .unwrap();
}

fn service_provider(out: &mut String, number: usize, host: &str, keys: &[String]) {
    write!(
        out,
        "\n    <md:SPSSODescriptor AuthnRequestsSigned=\"{}\" protocolSupportEnumeration=\"{PROTOCOL}\">\n      <md:Extensions>\n        <mdui:UIInfo xmlns:mdui=\"{UI}\">\n          <mdui:DisplayName xml:lang=\"en\">Service {number}</mdui:DisplayName>\n          <mdui:DisplayName xml:lang=\"de\">Dienst {number}</mdui:DisplayName>\n          <mdui:Description xml:lang=\"en\">A service that is there so that something is read, with a sentence of the usual length.</mdui:Description>\n          <mdui:InformationURL xml:lang=\"en\">https://{host}/about</mdui:InformationURL>\n          <mdui:Logo height=\"60\" width=\"80\">https://{host}/logo.png</mdui:Logo>\n        </mdui:UIInfo>\n      </md:Extensions>{}",
        number.is_multiple_of(3),
        keys.concat()
    )
    .unwrap();
    for (binding, name) in [
        (HTTP_REDIRECT, "Redirect"),
        (HTTP_POST, "POST"),
        ("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "SOAP"),
    ] {
        write!(out, "\n      <md:SingleLogoutService Binding=\"{binding}\" Location=\"https://{host}/Shibboleth.sso/SLO/{name}\"></md:SingleLogoutService>").unwrap();
    }
    out.push_str(
        "\n      <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>",
    );
    for (index, (binding, name)) in [
        (HTTP_POST, "POST"),
        (
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign",
            "POST-SimpleSign",
        ),
        ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", "Artifact"),
        ("urn:oasis:names:tc:SAML:2.0:bindings:PAOS", "ECP"),
    ]
    .into_iter()
    .enumerate()
    {
        write!(out, "\n      <md:AssertionConsumerService Binding=\"{binding}\" Location=\"https://{host}/Shibboleth.sso/SAML2/{name}\" index=\"{index}\"></md:AssertionConsumerService>").unwrap();
    }
    write!(out, "\n      <md:AttributeConsumingService index=\"0\">\n        <md:ServiceName xml:lang=\"en\">Service {number}</md:ServiceName>").unwrap();
    for name in ATTRIBUTES {
        write!(out, "\n        <md:RequestedAttribute Name=\"{name}\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" isRequired=\"true\"></md:RequestedAttribute>").unwrap();
    }
    out.push_str("\n      </md:AttributeConsumingService>\n    </md:SPSSODescriptor>");
}
