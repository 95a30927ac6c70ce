//! The `hallpass` binary: everything is in the library.

use std::{io, process::ExitCode};

/// Most of what a sign-on allocates is small and gone at its end: glibc's allocator costs it twice as much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match hallpass::cli::run() {
        Ok(code) => code,
        // Whoever read our output has read enough: `hallpass … | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command line speaks here when it fails")]
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
