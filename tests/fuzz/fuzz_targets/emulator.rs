//! Anything that a program can write on a terminal, and what a user does meanwhile. See README.md.

#![no_main]

#[path = "../../it/emulation/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(
    init: {
        // libFuzzer's hook ends the process at every panic, also at those of vt100 that docket catches. The others it sees anyway.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |script: &[u8]| exercise::exercise(script)
);
