//! The `docket` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The process holder must start in a millisecond: before any argument is parsed.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == "__shim")
    {
        return match docket::proc::shim::main() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_docket_sees_the_closed_socket) => ExitCode::FAILURE,
        };
    }
    docket::cli::main().into()
}
