//! The `hallpass` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match hallpass::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command line speaks here when it fails")]
            {
                eprintln!("hallpass: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
