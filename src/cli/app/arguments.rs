//! What is typed after `hallpass app`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::app::{attribute, making::Making};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Registers an application
    Add {
        #[command(subcommand)]
        kind: Add,
    },
    /// Lists the applications
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows one application, and the values to paste at its side
    Show {
        /// Its short name, as `hallpass app list` prints it
        slug: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes an application
    Edit(Edit),
    /// What an application is told of people
    Attribute {
        /// Its short name
        slug: String,
        #[command(subcommand)]
        command: attribute::Command,
    },
    /// Switches an application off: nobody signs in to it
    Disable {
        /// Its short name
        slug: String,
    },
    /// Switches an application on again
    Enable {
        /// Its short name
        slug: String,
    },
    /// Takes an application away; accounts at the application stay
    Remove {
        /// Its short name
        slug: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Add {
    /// A ChatGPT workspace, by the two values that its SSO page shows
    Chatgpt(AddChatGpt),
    /// Any other SAML service provider
    Saml(AddSaml),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AddChatGpt {
    /// **ACS URL**, copied from ChatGPT's SSO page
    #[arg(long, value_name = "URL")]
    pub(super) acs: String,
    /// **Audience**, copied from ChatGPT's SSO page
    #[arg(long, value_name = "TEXT")]
    pub(super) audience: String,
    /// What the tile opens: the application link of ChatGPT's SSO page
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// The name that people see
    #[arg(long, default_value = "ChatGPT")]
    pub(super) name: String,
    /// ChatGPT's metadata: brings the certificate and address that signed logout requests need
    #[arg(long, value_name = "FILE")]
    pub(super) metadata: Option<PathBuf>,
    /// The short name in addresses here; made of the name if left out
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AddSaml {
    /// Its entity ID, letter for letter
    #[arg(long, value_name = "TEXT", required_unless_present = "metadata")]
    pub(super) entity_id: Option<String>,
    /// Where responses go (AssertionConsumerService, HTTP-POST); the first is the default
    #[arg(long, value_name = "URL", required_unless_present = "metadata")]
    pub(super) acs: Vec<String>,
    /// Where logout messages go (SingleLogoutService, HTTP-Redirect)
    #[arg(long, value_name = "URL")]
    pub(super) slo: Option<String>,
    /// The certificates that its requests are signed with (PEM, one or several, or DER)
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// Its metadata, in place of the values above
    #[arg(long, value_name = "FILE")]
    pub(super) metadata: Option<PathBuf>,
    /// Refuses requests without a signature
    #[arg(long)]
    pub(super) require_signed_requests: bool,
    /// Lets its tile send a response that it did not ask for
    #[arg(long)]
    pub(super) allow_idp_initiated: bool,
    #[command(flatten)]
    pub(super) making: Making,
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
pub(in crate::cli) struct Edit {
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
    /// What the tile opens; an empty text takes it away
    #[arg(long, value_name = "URL")]
    pub(super) tile_url: Option<String>,
    /// Where logout messages go; an empty text takes the address away
    #[arg(long, value_name = "URL")]
    pub(super) slo: Option<String>,
    /// The certificates that its requests are signed with; all that were there are replaced
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// Its metadata: brings certificates and logout address, and for others than ChatGPT the rest too
    #[arg(long, value_name = "FILE")]
    pub(super) metadata: Option<PathBuf>,
    /// Whether requests must be signed
    #[arg(long, value_name = "true|false")]
    pub(super) require_signed_requests: Option<bool>,
    /// Whether its tile may send a response that it did not ask for
    #[arg(long, value_name = "true|false")]
    pub(super) allow_idp_initiated: Option<bool>,
    #[command(flatten)]
    pub(super) making: Making,
}
