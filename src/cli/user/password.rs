//! Reading and setting passwords.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    api_model::user::PasswordOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    credential::password::Password,
    model::{
        second_factor::{SecondFactorKind, SecondFactorRule},
        user::{Email, User},
    },
    provider::{Provider, new_password::PasswordOwner, people::users::ChangeOutcome},
};

/// Where a password comes from, and whether the person keeps it.
#[derive(Args, Debug)]
pub(in crate::cli) struct PasswordArguments {
    /// Reads the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// The next sign-in asks for a password of their own (the default if you type the password)
    #[arg(long, conflicts_with = "keep_password")]
    must_change: bool,
    /// They may keep this password (the default with --password-stdin)
    #[arg(long, alias = "keep")]
    keep_password: bool,
}

impl PasswordArguments {
    /// Whoever types a password knows it afterwards; what a script sets may be known to nobody else.
    pub(super) const fn must_change(&self) -> bool {
        self.must_change || !self.password_stdin && !self.keep_password
    }
}

/// Sets a user's password.
pub(super) fn set(
    provider: &Provider,
    email: &str,
    arguments: &PasswordArguments,
    organisation: &str,
    json: bool,
) -> Result<()> {
    let email = Email::parse(email)?;
    let people = provider.people(actor::current());
    let user = people
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    let password = read_new_password(provider, arguments, (&user).into(), organisation)?;
    let must_change = arguments.must_change();
    match people.set_password(&email, &password, must_change)? {
        ChangeOutcome::Done(sessions_ended) if json => output::json(&PasswordOutput {
            email: email.as_str(),
            sessions_ended,
            must_change,
            passkeys: lone_passkeys(provider, &user)?,
        }),
        ChangeOutcome::Done(ended) => {
            let ended = match ended {
                1 => "1 session was ended".to_owned(),
                ended => format!("{ended} sessions were ended"),
            };
            print_line(format_args!("{email} has a new password; {ended}."))?;
            if must_change {
                print_line(format_args!("The next sign-in asks for a password of their own."))?;
            }
            let passkeys = match lone_passkeys(provider, &user)? {
                0 => return Ok(()),
                1 => "A passkey of theirs still signs in".to_owned(),
                count => format!("{count} passkeys of theirs still sign in"),
            };
            print_line(format_args!(
                "{passkeys} without any password: `hallpass user second-factor {email} --remove-all` ends that, if it may be in other hands."
            ))
        }
        ChangeOutcome::Unchanged(_)
        | ChangeOutcome::Unknown
        | ChangeOutcome::Taken
        | ChangeOutcome::Stale => bail!(no_such_user(&email)),
    }
}

/// How many passkeys sign the user in without a password.
fn lone_passkeys(provider: &Provider, user: &User) -> Result<usize> {
    let found = provider.people(actor::current()).second_factors_of(user)?;
    let passkeys = found
        .factors
        .iter()
        .filter(|factor| factor.kind == SecondFactorKind::Passkey);
    Ok(match found.rule {
        SecondFactorRule::Never => 0,
        SecondFactorRule::Offered | SecondFactorRule::Required => passkeys.count(),
    })
}

/// Asks for the password twice, and reports what is wrong with it before the second time; or reads one line.
pub(super) fn read_new_password(
    provider: &Provider,
    arguments: &PasswordArguments,
    owner: PasswordOwner<'_>,
    organisation: &str,
) -> Result<Password> {
    let parse = |text: &str| provider.parse_new_password(text, owner, organisation);
    if arguments.password_stdin {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .context("no password on standard input")?;
        return Ok(parse(line.trim_end_matches(['\r', '\n']))?);
    }
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: use --password-stdin");
    }
    let prompt = format!(
        "Password ({} characters or more): ",
        provider.min_password_length()
    );
    let first = rpassword::prompt_password(prompt)?;
    let password = parse(&first)?;
    if rpassword::prompt_password("Once more: ")? != first {
        bail!("the two passwords differ");
    }
    Ok(password)
}
