//! Reading and setting passwords.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};

use crate::{
    api_model::user::PasswordOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    credential::{PasswordContext, password::Password},
    model::user::Email,
    provider::{Provider, people::users::ChangeOutcome},
};

/// Sets a user's password. It must be none of the `context_words`, nor anything else that an attacker tries first for
/// this user.
pub(super) fn set(
    provider: &Provider,
    email: &str,
    from_stdin: bool,
    context_words: &[&str],
    json: bool,
) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    let password_context = PasswordContext::new(&email, &user.names, user.user_name.as_ref(), context_words);
    match provider
        .people(actor::current())
        .set_password(&email, &read_new_password(from_stdin, &password_context)?)?
    {
        ChangeOutcome::Done(sessions_ended) if json => output::json(&PasswordOutput {
            email: email.as_str(),
            sessions_ended,
        }),
        ChangeOutcome::Done(1) => {
            print_line(format_args!("{email} has a new password; 1 session was ended."))
        }
        ChangeOutcome::Done(ended) => print_line(format_args!(
            "{email} has a new password; {ended} sessions were ended."
        )),
        ChangeOutcome::Unchanged(_)
        | ChangeOutcome::Unknown
        | ChangeOutcome::Taken
        | ChangeOutcome::Stale => bail!(no_such_user(&email)),
    }
}

/// Asks for the password twice, and reports what is wrong with it before the second time; with `from_stdin` it reads
/// one line.
pub(super) fn read_new_password(from_stdin: bool, password_context: &PasswordContext) -> Result<Password> {
    if from_stdin {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .context("no password on standard input")?;
        return Ok(Password::parse_new(
            line.trim_end_matches(['\r', '\n']),
            password_context,
        )?);
    }
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: use --password-stdin");
    }
    let prompt = format!("Password ({} characters or more): ", Password::MIN_CHARACTERS);
    let first = rpassword::prompt_password(prompt)?;
    let password = Password::parse_new(&first, password_context)?;
    if rpassword::prompt_password("Once more: ")? != first {
        bail!("the two passwords differ");
    }
    Ok(password)
}
