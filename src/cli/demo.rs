//! `hallpass demo`.

use anyhow::Result;

use crate::{cli::output::print_line, demo};

pub(super) fn run(arguments: &demo::Arguments) -> Result<()> {
    demo::run(arguments, demo_is_ready)
}

fn demo_is_ready(ready: &demo::DemoReady<'_>) -> Result<()> {
    print_line(format_args!("The demo runs. Open {} and sign in as", ready.site))?;
    print_line(format_args!("  e-mail    {}", ready.email))?;
    print_line(format_args!("  password  {}", ready.password))?;
    print_line(format_args!(
        "Your page at Hallpass is {}. Press Ctrl-C to stop.",
        ready.hallpass
    ))
}
