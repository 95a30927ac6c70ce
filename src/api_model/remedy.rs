//! What an administrator can do, in the words of the command line: its text, its JSON, the log and `/health/ready` say
//! the same.

use crate::{
    model::{
        application::{Application, ApplicationKind},
        remedy::{Fix, FixCommand, Remedy, UserValue},
    },
    provider::audit::explain::AuditEntry,
};

/// The words of a remedy. They follow a message, and begin with what separates the two.
pub fn words(remedy: &Remedy) -> String {
    let text = match remedy {
        Remedy::AddCertificate => ": add --certificate FILE or --metadata FILE",
        Remedy::AddCertificateOrTakeUnsigned => {
            ". Give its certificate with --certificate FILE, or take its requests unsigned with --require-signed-requests false"
        }
        Remedy::AddEncryptionCertificate => ": add --encryption-certificate FILE",
        Remedy::EditOrRemoveApplication(slug) => {
            return format!(". Change that one with `hallpass app edit {slug}`, or remove it first");
        }
        Remedy::SetTileUrl => ": give its tile the address from its SSO page with --tile-url",
        Remedy::SignAssertion => ": --sign both, or --sign assertion",
        Remedy::DescribeApplication => {
            ": with --metadata FILE|URL, or with its values, --entity-id TEXT and --acs URL"
        }
        Remedy::GiveAcs => ": give one with --acs",
        Remedy::GiveOtherAcs => "; give one with --acs",
        Remedy::PasteConnection => ": paste ACS URL and Audience together, with --acs and --audience",
        Remedy::PasteBoth => ": paste both, with --acs and --audience",
        Remedy::EditEntityId => ": change it with --entity-id",
        Remedy::NameEntity => ": say which is meant with --entity-id ENTITY_ID",
        Remedy::GiveValue(value) => {
            return format!(
                ". Give them one first: `hallpass user edit EMAIL {}`; or let the application do without it: `hallpass app attribute`",
                user_edit_argument(value)
            );
        }
        Remedy::DropRequirement => " (`hallpass app attribute`)",
        Remedy::DecideEmail => {
            ". --keep-old lets them receive the address of before, --send-new sends them the new one; --keep-old SLUG and --send-new SLUG say it for one application"
        }
        Remedy::ListAttributes(slug) => {
            return format!("; `hallpass app attribute list {slug}` shows what it receives");
        }
        Remedy::AcceptDelisting { source } => {
            return format!(". If that is meant: `hallpass app source {source} --refresh --force`");
        }
        Remedy::AcceptOlderCopy { source, is_fetched } => {
            let command = if *is_fetched {
                format!("hallpass app source {source} --refresh --force")
            } else {
                format!("hallpass app import … --name {source} --force")
            };
            return format!(". Ask its publisher; if it is meant: `{command}`");
        }
        Remedy::ReviewChange(slug) => return format!(": `hallpass app confirm {slug}` shows it"),
        Remedy::PrepareKey => ": `hallpass key roll prepare` makes one and publishes it",
        Remedy::ActivateOrCancelKey => {
            ": let it sign with `hallpass key roll activate`, or take it back with `hallpass key roll cancel`"
        }
        Remedy::RetireOrReactivateKey => {
            ": end it with `hallpass key roll retire`, or undo it with `hallpass key roll back`"
        }
        Remedy::ForceStep => ", or give --force",
        Remedy::ShowKeys => "; look again with `hallpass key roll status`",
        Remedy::ReplaceExpiringKey => ". Prepare the next key: hallpass key roll prepare",
        Remedy::ActivateBeforeExpiry => ". Let it take over before then: hallpass key roll status",
        Remedy::ReplaceNextKey => "; take it back and prepare one that lasts: hallpass key roll cancel",
        Remedy::RepairOrRemoveApplication(handle) => {
            return format!(
                ": run the version that wrote it, or `hallpass app repair {handle}`, or `hallpass app remove {handle}`"
            );
        }
        Remedy::RemoveDraft(handle) => {
            return format!(": run the version that wrote it, or `hallpass app remove {handle}`");
        }
        Remedy::RemoveKey(handle) => {
            return format!(": run the version that wrote it, or `hallpass key remove {handle}`");
        }
        Remedy::ListUnreadable => ": hallpass app list",
        Remedy::GiveSourceName => ": give another with --name",
        Remedy::Serve => ": start the daemon once",
        Remedy::AddOwner => ": make somebody else an owner first, with `hallpass user role EMAIL owner`",
        Remedy::AddUser => ": hallpass user add",
        Remedy::AddApplication => ": hallpass app add",
        Remedy::RestrictAccess => ". To let only some groups in: `hallpass app access`",
        Remedy::ListGroups => ": `hallpass group list` shows all.",
        Remedy::ListUsers => ": `hallpass user list` shows everybody.",
        Remedy::RestoreUser(email) => {
            return format!(": `hallpass user enable {email}` undoes that until they are erased.");
        }
        Remedy::EnableUser(email) => {
            return format!(": `hallpass user enable {email}` switches them on again.");
        }
        Remedy::SetPassword(email) => {
            return format!(": `hallpass user set-password {email}` sets another.");
        }
    };
    text.to_owned()
}

/// The argument of `user edit` that sets a value.
fn user_edit_argument(value: &UserValue) -> String {
    match value {
        UserValue::GivenName => "--given-name NAME".to_owned(),
        UserValue::FamilyName => "--family-name NAME".to_owned(),
        UserValue::UserName => "--username NAME".to_owned(),
        UserValue::Own(name) => format!("--attribute {name}=VALUE"),
    }
}

/// How to fix that for which a code stands; docs/errors.md has the same words.
pub const fn fix_words(fix: Fix) -> &'static str {
    match fix {
        Fix::Words(text) => text,
        Fix::RegisterCertificate => {
            "Register the application's certificate with `hallpass app edit --certificate` or `--metadata`."
        }
        Fix::ReplaceCertificate => {
            "If the application changed its certificate, register the new one with `hallpass app edit --certificate` or `--metadata`."
        }
        Fix::SignRequests => {
            "Let the application sign its requests, and register its certificate with `hallpass app edit --certificate` or `--metadata`. Where it cannot sign sign-in requests: `hallpass app edit --require-signed-requests false`. A LogoutRequest must always be signed."
        }
        Fix::ResetPassword => {
            "Try again. Whoever has forgotten the password gets a new one by `hallpass user set-password`."
        }
        Fix::TestMail => {
            "Correct the person's address with `hallpass user edit`, or the settings of mail: `hallpass mail test` says what the server answers."
        }
        Fix::LiftPause => {
            "Wait as long as the page says, then try again. `hallpass user unlock` lifts the pause of one person."
        }
        Fix::RegisterLogoutUrls => {
            "Register the logout address of those without one with `hallpass app edit --metadata`; look into the log of those that refused or did not answer."
        }
        Fix::AllowIdpInitiated => {
            "Open the application at its own address and sign in from there. If it takes sign-ins that begin elsewhere, `hallpass app edit --allow-idp-initiated true` lets them begin here."
        }
        Fix::RegisterApplication => {
            "Register it with `hallpass app add`. Its entity ID must be, letter for letter, what it sends as Issuer; in ChatGPT this is the Audience, and it changes when the connection is reset."
        }
        Fix::EnableImported => {
            "Enable it with `hallpass app enable --known ENTITY_ID`; `hallpass app known list` shows what imported metadata lists."
        }
        Fix::RenewMetadata => {
            "`hallpass app source` shows why no newer metadata could be fetched; whoever publishes it must renew its validUntil."
        }
        Fix::RegisterClient => {
            "Register it with `hallpass app add`, or compare its client ID: `hallpass app show` prints ours."
        }
        Fix::RegisterRedirectUri => {
            "Take the redirect URI from the application's own settings, letter for letter, and register it with `hallpass app edit --redirect-uri`. `hallpass explain` shows what was asked for."
        }
        Fix::NewClientSecret => {
            "Compare the client secret at the application. If it is lost, `hallpass app secret add` makes a new one beside it, and `hallpass app secret revoke` ends the old one."
        }
        Fix::EnableApplication => "`hallpass app enable` switches it on again.",
        Fix::RegisterNewUrls => {
            "If the connection was reset, its addresses changed: take the new ACS URL and Audience from the application's own settings, and paste them with `hallpass app edit`."
        }
        Fix::PasteOurUrls => {
            "Paste our Sign-in URL and Sign-out URL at the application, letter for letter; `hallpass app show` prints them."
        }
        Fix::RegisterMetadataAgain => {
            "Register the application's metadata again with `hallpass app edit --metadata`, or let it leave AssertionConsumerServiceIndex out."
        }
        Fix::GiveAccess => {
            "If the person should have it, add them to one of its groups with `hallpass group add-member`, or assign it with `hallpass app access add`."
        }
        Fix::GiveAttribute => {
            "Give the person the value with `hallpass user edit`, or let the application do without it with `hallpass app attribute`."
        }
    }
}

/// A command, with SLUG where no application is known.
pub fn command(command: FixCommand, application: Option<&Application>) -> String {
    let slug = application.map_or("SLUG", |application| application.slug.as_str());
    match command {
        FixCommand::AddCertificate => format!("hallpass app edit {slug} --certificate FILE"),
        FixCommand::AllowIdpInitiated => format!("hallpass app edit {slug} --allow-idp-initiated true"),
        FixCommand::EnableApplication => format!("hallpass app enable {slug}"),
        FixCommand::ListApplications => "hallpass app list".to_owned(),
        FixCommand::ListClientSecrets => format!("hallpass app secret list {slug}"),
        FixCommand::ShowAccess => format!("hallpass app access show {slug}"),
        FixCommand::ListAttributes => format!("hallpass app attribute list {slug}"),
        FixCommand::ListImported => "hallpass app known list".to_owned(),
        FixCommand::ListSources => "hallpass app source".to_owned(),
        FixCommand::RegisterAcs => format!("hallpass app edit {slug} {}", acs_arguments(application)),
        FixCommand::RegisterRedirectUri => {
            format!("hallpass app edit {slug} {}", redirect_arguments(application))
        }
        FixCommand::SecondFactor => "hallpass user second-factor EMAIL".to_owned(),
        FixCommand::SetPassword => "hallpass user set-password EMAIL".to_owned(),
        FixCommand::ShowApplication => format!("hallpass app show {slug}"),
    }
}

/// The command that fixes what was decided, with the values of its application.
pub fn command_of(entry: &AuditEntry) -> Option<String> {
    let found = entry.explanation?.command?;
    Some(command(found, entry.application.as_deref()))
}

/// The arguments of `app edit` that register one more ACS URL and keep the others. The URL from the request is not
/// filled in: anybody can send a request, and only the application's own settings show which URL is right.
fn acs_arguments(application: Option<&Application>) -> String {
    let Some(application) = application else {
        return "--acs 'ACS URL'".to_owned();
    };
    match application.kind {
        ApplicationKind::ChatGptLegacy | ApplicationKind::ChatGptCurrent => {
            "--acs 'ACS URL' --audience 'AUDIENCE'".to_owned()
        }
        ApplicationKind::Other => {
            let known = application.saml().into_iter().flat_map(|sp| &sp.acs_endpoints);
            let mut arguments: Vec<_> = known
                .map(|endpoint| format!("--acs {}", shell_quoted(endpoint.location.as_str())))
                .collect();
            arguments.push("--acs 'ACS URL'".to_owned());
            arguments.join(" ")
        }
    }
}

/// The same for redirect URIs.
fn redirect_arguments(application: Option<&Application>) -> String {
    let known = application.and_then(Application::oidc).into_iter();
    let known = known.flat_map(|client| &client.redirect_uris);
    let mut arguments: Vec<_> = known
        .map(|uri| format!("--redirect-uri {}", shell_quoted(uri.as_str())))
        .collect();
    arguments.push("--redirect-uri 'REDIRECT URI'".to_owned());
    arguments.join(" ")
}

/// Quotes `text` as one argument of a shell command.
pub fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;
    use crate::{
        model::explanation::{Explanation, ResponsibleParty},
        provider::audit::codes,
    };

    fn table_row(explanation: &Explanation) -> String {
        let status = match explanation.status {
            None => "page".to_owned(),
            Some((top, None)) => short(top).to_owned(),
            Some((top, Some(second))) => format!("{}, {}", short(top), short(second)),
        };
        format!(
            "| `{}` | {} | {status} | {} | {} |",
            explanation.code,
            explanation.meaning,
            explanation.responsible.description(),
            fix_words(explanation.fix)
        )
    }

    fn short(status: &str) -> &str {
        status.rsplit(':').next().unwrap_or(status)
    }

    #[test]
    fn docs_errors_md_has_a_row_for_every_code_and_no_other() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
        let text = fs::read_to_string(file).unwrap();
        let documented: BTreeSet<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: BTreeSet<String> = codes::all().map(table_row).collect();
        let missing: Vec<_> = expected
            .iter()
            .filter(|row| !documented.contains(row.as_str()))
            .collect();
        let unexpected: Vec<_> = documented
            .iter()
            .filter(|row| !expected.contains(**row))
            .collect();
        assert!(
            missing.is_empty() && unexpected.is_empty(),
            "docs/errors.md lacks these rows:\n{}\nand has rows that no code has:\n{}\n",
            missing
                .iter()
                .map(|row| row.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
            unexpected.iter().map(|row| **row).collect::<Vec<_>>().join("\n"),
        );
    }

    #[test]
    fn a_fix_is_in_sentences_and_a_person_types_no_commands() {
        for explanation in codes::all() {
            let fix = fix_words(explanation.fix);
            let starts = fix.starts_with(|c: char| c.is_uppercase() || c == '`');
            assert!(starts && fix.ends_with('.'), "{}: {fix}", explanation.code);
            if explanation.responsible == ResponsibleParty::User
                && explanation.command.is_none()
                && explanation.status.is_some()
            {
                assert!(!fix.contains('`'), "{}: {fix}", explanation.code);
            }
        }
    }

    #[test]
    fn a_value_is_quoted_as_one_shell_argument() {
        assert_eq!(
            shell_quoted("https://sp.example/a'b c"),
            r"'https://sp.example/a'\''b c'"
        );
    }
}
