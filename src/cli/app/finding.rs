//! What an administrator should know about an application, in words.

use crate::{
    api_model::remedy,
    cli::app::source,
    model::{
        application::{Application, Slug},
        key::Certificate,
        remedy::Remediable,
    },
    provider::{
        Provider,
        applications::{assignments::Assignments, finding::ApplicationFinding},
    },
};

/// A sentence for each finding.
pub(super) fn sentences(
    provider: &Provider,
    application: &Application,
    findings: &[ApplicationFinding],
) -> Vec<String> {
    findings
        .iter()
        .map(|finding| sentence(provider, application, finding))
        .collect()
}

fn sentence(provider: &Provider, application: &Application, finding: &ApplicationFinding) -> String {
    let slug = &application.slug;
    match finding {
        ApplicationFinding::Disabled => {
            "It is switched off: nobody signs in to it. `hallpass app enable` switches it on.".to_owned()
        }
        ApplicationFinding::UnverifiableLogout => format!(
            "Its signed logout requests are refused: their certificate is not known here. Once the connection exists, save its metadata and run `hallpass app edit {slug} --metadata FILE`."
        ),
        ApplicationFinding::UncheckedSignatures { last } => format!(
            "Its requests are signed (last on {}), but no certificate is registered to check them: they count as not signed. Add it with `hallpass app edit {slug} --certificate FILE`.",
            last.format("%Y-%m-%d %H:%M UTC")
        ),
        ApplicationFinding::ExpiredSigningCertificate(certificate) => {
            format!("{} Signatures by it still count.", certificate_ended(certificate))
        }
        ApplicationFinding::ExpiredEncryptionCertificate(certificate) => {
            format!("{} What is encrypted is still encrypted to it.", certificate_ended(certificate))
        }
        ApplicationFinding::EncryptedWithoutSignature => {
            "Its assertions are encrypted, and carry no signature once they are opened: most applications want one there (`--sign both`).".to_owned()
        }
        ApplicationFinding::MissingAttribute(missing) => {
            format!("{}.", missing.with_words(remedy::words))
        }
        ApplicationFinding::TileWithoutUrl => format!(
            "Its tile does nothing yet: copy the application link (https://chatgpt.com/auth/login?sso=true&connection=…) from ChatGPT's SSO page and run `hallpass app edit {slug} --tile-url URL`."
        ),
        ApplicationFinding::MetadataSource(source) => {
            let lines = source::source_lines(source, provider.now());
            format!("Its metadata comes {}.", lines.join(", "))
        }
        ApplicationFinding::Delisted { since } => as_sentence(&source::delisted_line(*since)),
        ApplicationFinding::ChangeWaits(change) => as_sentence(&source::change_line(slug, change)),
        ApplicationFinding::NextKeyPrepared(next) => format!(
            "A new signing key is prepared (certificate {}, {}): `hallpass key roll status` says whether this application trusts it.",
            short_fingerprint(next),
            provider.endpoints().next_certificate()
        ),
        ApplicationFinding::OpenToEveryone => format!(
            "Every active person may use it: `hallpass app access set {slug} assigned` opens it to chosen people and groups alone."
        ),
        ApplicationFinding::OpenToAssigned(assignments) => assigned(slug, assignments),
        ApplicationFinding::WeakMetadata(why) => format!("In its metadata: {why}."),
        ApplicationFinding::OtherNameIdFormat { requested, sent } => {
            let (requested, sent) = (requested.name(), sent.name());
            format!(
                "Its metadata asks for names of the format {requested}, and it is sent {sent} ones: `hallpass app edit {slug} --name-id {requested}` changes that."
            )
        }
        ApplicationFinding::NameIdIsNotEmail(sent) => format!(
            "It is sent names of the format {}, the first in its metadata that can be made here, and not the e-mail address: `hallpass app edit {slug} --name-id email` changes that.",
            sent.name()
        ),
        ApplicationFinding::AttributeNotSent(name) => format!(
            "It requires the attribute {name}, which it is not sent: `hallpass app attribute set {slug} '{name}' SOURCE` sends it."
        ),
        ApplicationFinding::SharedEntityId(others) => {
            let others: Vec<_> = others.iter().map(ToString::to_string).collect();
            format!(
                "Its entity ID is also that of {}: they are told apart by their ACS URLs, and a request that names none is refused (ISSUER-AMBIGUOUS).",
                others.join(", ")
            )
        }
        ApplicationFinding::FollowsUrl(url) => {
            format!("Its metadata is fetched again from {url}; `hallpass app source {slug}` shows when.")
        }
        ApplicationFinding::FollowsNothing => {
            "Its metadata came from an address before. It is no longer fetched from there: this copy is used.".to_owned()
        }
    }
}

/// How many groups a sentence names.
const MAX_NAMED_GROUPS: usize = 5;

/// Who may use an application that is not open to everyone.
fn assigned(slug: &Slug, assignments: &Assignments) -> String {
    let groups: Vec<_> = assignments
        .groups
        .iter()
        .take(MAX_NAMED_GROUPS)
        .map(|sized| format!("{} ({})", sized.group.name, sized.members))
        .collect();
    match (assignments.groups.as_slice(), assignments.is_nobody()) {
        ([group, ..], true) => format!(
            "Nobody may use it yet: it is open to the group {name}, which is empty. `hallpass group add-member {} EMAIL` adds people; `hallpass app access set {slug} everyone` opens it to all.",
            remedy::shell_quoted(group.group.name.as_str()),
            name = group.group.name
        ),
        ([], true) => format!(
            "Nobody may use it: it is open to chosen people, and none was chosen. `hallpass app access add {slug} --group NAME` chooses a group; `hallpass app access set {slug} everyone` opens it to all."
        ),
        ([], false) => format!("Chosen people may use it: `hallpass app access show {slug}`."),
        (_, false) => format!(
            "The people in {}{} may use it; `hallpass app access show {slug}` shows all who may.",
            groups.join(", "),
            if assignments.groups.len() > MAX_NAMED_GROUPS {
                " and others"
            } else {
                ""
            }
        ),
    }
}

/// A line with a capital letter and a full stop.
fn as_sentence(line: &str) -> String {
    let mut letters = line.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn certificate_ended(certificate: &Certificate) -> String {
    format!(
        "Its certificate {} ended on {}.",
        short_fingerprint(certificate),
        certificate.not_after.format("%Y-%m-%d")
    )
}

fn short_fingerprint(certificate: &Certificate) -> String {
    certificate.sha256.chars().take(12).collect()
}
