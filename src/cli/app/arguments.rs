//! Arguments of `hallpass app`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::{
    cli::{
        app::{
            access::{self, AccessArgument},
            attribute, client_secret,
            list::ListArguments,
            response_options::ResponseOptionArguments,
        },
        page,
    },
    provider::{applications::register::WORKSPACE_NAME, metadata_sources::DEFAULT_LONGEST_VALIDITY},
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Registers an application
    Add {
        #[command(subcommand)]
        kind: AddCommand,
    },
    /// Keeps a name for an application to come, and prints the values to paste there first
    Draft(DraftArguments),
    /// Lists the applications by name, 100 at a time
    List(ListArguments),
    /// Shows one application, and the values to paste there
    Show {
        /// Its short name, as `hallpass app list` prints it
        slug: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows what an application would receive about a person, without signing anybody in
    Preview {
        /// Its short name
        slug: String,
        /// The person's e-mail address
        email: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes an application
    Edit(EditArguments),
    /// What an application receives about people
    Attribute {
        #[command(subcommand)]
        command: attribute::Command,
    },
    /// The secrets of a client of OpenID Connect
    Secret {
        #[command(subcommand)]
        command: client_secret::Command,
    },
    /// Who may use an application
    Access {
        #[command(subcommand)]
        command: access::Command,
    },
    /// Switches an application off: nobody signs in to it
    Disable {
        /// Its short name
        slug: String,
        /// Prints the application as JSON
        #[arg(long)]
        json: bool,
    },
    /// Switches an application on again, or registers one that is known from imported metadata
    Enable(EnableArguments),
    /// Removes an application; accounts at the application stay
    Remove {
        /// Its short name
        slug: String,
        /// Prints the short name as JSON
        #[arg(long)]
        json: bool,
    },
    /// Puts what is usual in place of what this version cannot read of an application, and switches it off
    Repair {
        /// Its short name
        slug: String,
        /// Prints the application as JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows where metadata comes from: all sources, or one application's or import's
    Source(SourceArguments),
    /// Shows, accepts or rejects a change of an application's metadata that waits for an answer
    Confirm(ConfirmArguments),
    /// Imports the metadata of a federation: its entities are then known, and none is enabled by itself
    Import(ImportArguments),
    /// Entities that are known from imported metadata
    Known {
        #[command(subcommand)]
        command: ImportedCommand,
    },
}

#[derive(Args, Debug)]
pub(in crate::cli) struct EnableArguments {
    /// Its short name
    #[arg(required_unless_present = "known")]
    pub(super) slug: Option<String>,
    /// The entity ID of one that is known from imported metadata: registers it
    #[arg(long, value_name = "ENTITY_ID", conflicts_with = "slug")]
    pub(super) known: Option<String>,
    /// Which import, where several list it
    #[arg(long, value_name = "NAME", requires = "known")]
    pub(super) from: Option<String>,
    /// The short name in addresses here; made of its name if left out
    #[arg(long = "slug", value_name = "SLUG", requires = "known")]
    pub(super) new_slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command")]
pub(in crate::cli) struct SourceArguments {
    /// The application's short name, or the import's name; all are listed if left out
    pub(super) name: Option<String>,
    /// Fetches it now
    #[arg(long)]
    pub(super) refresh: bool,
    /// Lets most of an import's entities go at once
    #[arg(long, requires = "refresh")]
    pub(super) force: bool,
    /// Stops fetching it; applications stay as they are
    #[arg(long, conflicts_with = "refresh")]
    pub(super) forget: bool,
    /// Lists those after this one: the last of a page leads to the next page
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(super) after: Option<String>,
    /// How many to list, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count, conflicts_with = "name")]
    pub(super) limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ConfirmArguments {
    /// The application's short name
    pub(super) slug: String,
    /// Accepts the change that was shown under these digits
    #[arg(long, value_name = "DIGITS")]
    pub(super) accept: Option<String>,
    /// Rejects the change that was shown under these digits: it is not offered again
    #[arg(long, value_name = "DIGITS", conflicts_with = "accept")]
    pub(super) reject: Option<String>,
    /// Prints what `app source SLUG --json` prints then
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ImportArguments {
    /// The metadata: a file, `-` for standard input, or an address, from which it is fetched again by itself
    #[arg(value_name = "FILE|URL|-")]
    pub(super) metadata: String,
    /// The certificate whose key must have signed it (PEM, one or several, or DER)
    #[arg(long, value_name = "CERTIFICATE")]
    pub(super) signed_by: PathBuf,
    /// A name for it here; made of its address if left out
    #[arg(long)]
    pub(super) name: Option<String>,
    /// Registers all of its service providers as applications
    #[arg(long, group = "rule")]
    pub(super) enable_all: bool,
    /// Registers those whose addresses for responses and logout all lie at this host or below it
    #[arg(long, value_name = "HOST", group = "rule")]
    pub(super) enable_host: Option<String>,
    /// Registers those that this registrationAuthority registered
    #[arg(long, value_name = "URI", group = "rule")]
    pub(super) enable_authority: Option<String>,
    /// Takes a copy that is older than the one in force, or in which most entities are missing
    #[arg(long)]
    pub(super) force: bool,
    /// How far off its validUntil may lie, in days; `any`, even none
    #[arg(long, value_name = "DAYS", default_value_t = default_longest_validity())]
    pub(super) longest_validity: String,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ImportedCommand {
    /// Lists them
    List {
        /// Only those whose entity ID or name holds this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AddCommand {
    /// A ChatGPT workspace, by the two values that its SSO page shows
    Chatgpt(AddChatGptArguments),
    /// Any other SAML service provider
    Saml(AddSamlArguments),
    /// The sign-on of a ChatGPT workspace by OpenID Connect (Custom OIDC)
    ChatgptOidc(AddClientArguments),
    /// An action of a custom GPT, which signs people in by OAuth
    GptAction(AddClientArguments),
    /// LibreChat, by OpenID Connect
    Librechat(AddClientArguments),
    /// Any other client of OpenID Connect or OAuth 2
    Oidc(AddClientArguments),
}

/// What is known of a client of OpenID Connect.
#[derive(Args, Debug)]
pub(in crate::cli) struct AddClientArguments {
    /// Where the application receives codes, letter for letter; it can be registered later, with `hallpass app edit`
    #[arg(long, value_name = "URL")]
    pub(super) redirect_uri: Vec<String>,
    /// It cannot keep a secret, as a program on people's machines cannot: it must use PKCE
    #[arg(long)]
    pub(super) public: bool,
    /// What its `sub` is: id, pairwise or email
    #[arg(long, value_name = "KIND")]
    pub(super) subject: Option<String>,
    /// When it receives a refresh token: never, `offline_access` or always
    #[arg(long, value_name = "WHEN")]
    pub(super) refresh: Option<String>,
    /// Who may use it; everyone if left out, and for ChatGPT the group SLUG-users
    #[arg(long, value_name = "WHO")]
    pub(super) access: Option<AccessArgument>,
    /// What the tile opens, if the application has an address that begins a sign-in
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// The name that people see
    #[arg(long)]
    pub(super) name: Option<String>,
    /// The short name in addresses here; made of the name if left out
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What changes of a client of OpenID Connect.
#[derive(Args, Debug)]
pub(in crate::cli) struct ClientEditArguments {
    /// OpenID Connect: where the application receives codes; all that were there are replaced
    #[arg(long, value_name = "URL", help_heading = "OpenID Connect")]
    pub(super) redirect_uri: Vec<String>,
    /// What its `sub` is: id, pairwise or email. Accounts there that were bound to another are not found again
    #[arg(long, value_name = "KIND", help_heading = "OpenID Connect")]
    pub(super) subject: Option<String>,
    /// When it receives a refresh token: never, `offline_access` or always
    #[arg(long, value_name = "WHEN", help_heading = "OpenID Connect")]
    pub(super) refresh: Option<String>,
    /// What its access tokens are: opaque or jwt
    #[arg(long, value_name = "FORMAT", help_heading = "OpenID Connect")]
    pub(super) access_token: Option<String>,
    /// What its ID tokens are signed with: RS256 or ES256
    #[arg(long, value_name = "ALGORITHM", help_heading = "OpenID Connect")]
    pub(super) id_token_algorithm: Option<String>,
    /// Whether its ID tokens hold the claims of the person, and not only UserInfo
    #[arg(long, value_name = "true|false", help_heading = "OpenID Connect")]
    pub(super) claims_in_id_token: Option<bool>,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct DraftArguments {
    /// The name that people will see
    #[arg(long)]
    pub(super) name: String,
    /// The short name in addresses here; made of the name if left out
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AddChatGptArguments {
    /// **ACS URL**, copied from ChatGPT's SSO page
    #[arg(long, value_name = "URL")]
    pub(super) acs: String,
    /// **Audience**, copied from ChatGPT's SSO page
    #[arg(long, value_name = "TEXT")]
    pub(super) audience: String,
    /// Who may use it; if left out, the group SLUG-users, which is made if it is not there, and to which you then
    /// add people
    #[arg(
        long,
        value_name = "WHO",
        default_value = "assigned",
        hide_default_value = true
    )]
    pub(super) access: AccessArgument,
    /// What the tile opens: the application link of ChatGPT's SSO page
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// The name that people see
    #[arg(long, default_value = WORKSPACE_NAME)]
    pub(super) name: String,
    /// ChatGPT's metadata: brings the certificate and address that signed logout requests need
    #[arg(long, value_name = "FILE|URL|-")]
    pub(super) metadata: Option<String>,
    /// The short name in addresses here; made of the name if left out
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AddSamlArguments {
    /// Its entity ID, letter for letter
    #[arg(long, value_name = "TEXT")]
    pub(super) entity_id: Option<String>,
    /// Where responses go (AssertionConsumerService, HTTP-POST); the first is the default
    #[arg(long, value_name = "URL")]
    pub(super) acs: Vec<String>,
    /// Where logout messages go (SingleLogoutService, HTTP-Redirect)
    #[arg(long, value_name = "URL")]
    pub(super) slo: Option<String>,
    /// The certificates that its requests are signed with (PEM, one or several, or DER)
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// Its metadata, in place of the values above: a file, `-` for standard input, or an address, from which
    /// it is fetched again by itself
    #[arg(long, value_name = "FILE|URL|-")]
    pub(super) metadata: Option<String>,
    /// Whether requests must be signed; by default as the metadata says
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(super) require_signed_requests: Option<bool>,
    /// Lets its tile send a response that it did not ask for
    #[arg(long)]
    pub(super) allow_idp_initiated: bool,
    #[command(flatten)]
    pub(super) response_options: ResponseOptionArguments,
    /// Who may use it; everyone if left out
    #[arg(
        long,
        value_name = "WHO",
        default_value = "everyone",
        hide_default_value = true
    )]
    pub(super) access: AccessArgument,
    /// What the tile opens, if the application has an address that begins a sign-in
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// The name that people see; the host if left out
    #[arg(long)]
    pub(super) name: Option<String>,
    /// The short name in addresses here; made of the name if left out
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct EditArguments {
    /// Its short name, as `hallpass app list` prints it
    pub(super) slug: String,
    /// The name that people see
    #[arg(long)]
    pub(super) name: Option<String>,
    /// ChatGPT: the new ACS URL (with --audience); others: where responses go, the first is the default
    #[arg(long, value_name = "URL")]
    pub(super) acs: Vec<String>,
    /// ChatGPT: the new Audience (with --acs)
    #[arg(long, value_name = "TEXT")]
    pub(super) audience: Option<String>,
    /// Others: the entity ID
    #[arg(long, value_name = "TEXT", conflicts_with = "audience")]
    pub(super) entity_id: Option<String>,
    /// What the tile opens; an empty text removes it
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// Where logout messages go; an empty text removes the address
    #[arg(long, value_name = "URL")]
    pub(super) slo: Option<String>,
    /// The certificates that its requests are signed with; all that were there are replaced
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// Its metadata: brings certificates and logout address, and for others than ChatGPT the rest too; from an
    /// address it is fetched again by itself
    #[arg(long, value_name = "FILE|URL|-")]
    pub(super) metadata: Option<String>,
    /// Whether its users need a second factor there: never, offered, required, "required from 2027-01-31", or inherit
    /// for what holds for them everywhere
    #[arg(long, value_name = "RULE")]
    pub(super) second_factor: Option<String>,
    /// Whether requests must be signed
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(super) require_signed_requests: Option<bool>,
    /// Whether its tile may send a response that it did not ask for
    #[arg(long, value_name = "true|false")]
    pub(super) allow_idp_initiated: Option<bool>,
    #[command(flatten)]
    pub(super) response_options: ResponseOptionArguments,
    #[command(flatten)]
    pub(super) client: ClientEditArguments,
    /// Prints the application as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// As `--longest-validity` is typed.
fn default_longest_validity() -> String {
    format!("{}d", DEFAULT_LONGEST_VALIDITY.num_days())
}
