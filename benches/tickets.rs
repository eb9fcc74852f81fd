//! What a ticket costs: whole runs of the real program, 20 tickets in a row, an agent that answers at once.
//! `cargo bench -- tickets`

use crate::support::{DOCKET, command, repository, row, timed};

const TICKETS: u32 = 20;
const ROUNDS: usize = 7;

fn run(front_matter: &str, arguments: &[&str], tickets: u32) -> Vec<std::time::Duration> {
    (0..ROUNDS)
        .map(|_| {
            let body = "```sh\necho done >> out.txt\n```";
            let folder = repository(tickets as usize, front_matter, body);
            timed(|| {
                let status = command(folder.path(), DOCKET, arguments)
                    .status()
                    .expect("docket");
                assert!(status.success(), "{arguments:?} ended with {status}");
            })
        })
        .collect()
}

pub(crate) fn bench() {
    let proof = "validate: [\"test -s out.txt\"]\n";
    row("docket --version", (0..20).map(|_| version()).collect(), 1);
    row(
        "a ticket in place, no validation (run of 20, each)",
        run("validate: []\n", &["run", "--isolation", "none"], TICKETS),
        TICKETS,
    );
    row(
        "a ticket in a worktree, validated, sealed (run of 20, each)",
        run(proof, &["run"], TICKETS),
        TICKETS,
    );
    row(
        "docket --once from nothing, worktree and proof",
        run(proof, &["--once"], 1),
        1,
    );
}

fn version() -> std::time::Duration {
    let folder = std::env::temp_dir();
    timed(|| {
        command(&folder, DOCKET, &["--version"])
            .status()
            .expect("docket");
    })
}
