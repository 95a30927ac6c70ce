//! The `hallpass` binary: everything is in the library.

use std::{io, process::ExitCode};

/// Most allocations of an SSO flow are small and short-lived; with glibc's allocator they cost twice as much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match hallpass::cli::run() {
        Ok(code) => code,
        // The reader has closed the pipe, as in `hallpass … | head`: no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command line reports its failure here")]
            {
                eprintln!("{}", hallpass::cli::failure(&error));
            }
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind =
        |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error
        .chain()
        .any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
