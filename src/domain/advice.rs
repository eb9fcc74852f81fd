//! What a human can type when a ticket needs one: the same words after a run, in `docket gates` and in `docket requests`.

use super::attempt::Need;
use super::ids::TicketName;

/// The commands about a turn that only a human can call over.
pub fn about_silence(name: &TicketName) -> Vec<String> {
    vec![
        format!("docket claim {name}"),
        format!("docket claim {name} --not-done"),
    ]
}

/// The commands that answer what a ticket waits for, those that look at it first; empty for what is done in an editor.
pub fn commands(need: &Need, name: &TicketName) -> Vec<String> {
    match need {
        Need::UserTask => Vec::new(),
        Need::Review { .. } => vec![
            format!("docket diff {name}"),
            format!("docket approve {name}"),
            format!("docket reject {name} --reason \"…\""),
            format!("docket retry {name}"),
        ],
        Need::NoProgress | Need::Conflict { .. } | Need::Reply { .. } | Need::Interrupted => vec![
            format!("docket log {name}"),
            format!("docket reply {name} \"…\""),
            format!("docket retry {name}"),
        ],
        Need::TakenOver { .. } => vec![
            format!("docket term {name} --tui"),
            format!("docket hand-back {name}"),
        ],
        Need::Request { .. } => vec!["docket requests".to_owned()],
    }
}
