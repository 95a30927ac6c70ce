//! `hallpass mail …`: whether mail arrives.

use anyhow::Result;
use clap::Subcommand;

use crate::{
    api_model::mail::MailTestOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    model::{mail::MailEncryption, user::Email},
    provider::Provider,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Sends a mail at once, and prints what the mail server says
    Test {
        /// Where it goes
        address: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Test { address, json } => test(address, provider, *json),
    }
}

fn test(address: &str, provider: &Provider, json: bool) -> Result<()> {
    let to = Email::parse(address)?;
    let delivered = provider.mail(actor::current()).send_test(&to)??;
    let printed = MailTestOutput::new(&to, &delivered);
    if json {
        return output::json(&printed);
    }
    print_line(format_args!(
        "{} took the message for {to} ({}) and said: {}",
        delivered.server,
        match delivered.encryption {
            MailEncryption::Tls => "encrypted, TLS",
            MailEncryption::StartTls => "encrypted, STARTTLS",
            MailEncryption::None => "not encrypted",
        },
        delivered.reply
    ))?;
    print_line(format_args!(
        "Look into that mailbox. If nothing is there, look into its folder for unwanted mail, and into the log of the mail server."
    ))
}
