//! Random events: every kind, over a few tickets, attempts and texts, so that they meet each other.

use docket::domain::attempt::{
    Artifact, AttemptOutcome, Branch, CancelReason, Failure, Fault, LimitKind, Need, Phase,
    ProcessRecord, Proof, SetupLine, TurnEnd, Validation, Verdict, Workspace,
};
use docket::domain::desk::{NoteChange, NoteNews, TicketChange, TicketNews};
use docket::domain::event::{Event, Leftovers, RunOutcome};
use docket::domain::ids::{AttemptId, Sha256, TicketId, TicketName};
use docket::domain::item::{ToolKind, Usage};
use docket::domain::request::{
    Answer, AnsweredBy, Ask, Choice, ChoiceKind, Question, Request, RequestId,
};
use docket::domain::rules::Scope;
use docket::domain::taking::Seat;
use docket::domain::time::Timestamp;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn ticket() -> impl Strategy<Value = TicketId> {
    select(vec!["ticket-a", "ticket-b", "ticket.c"]).prop_map(|text| text.parse().expect(text))
}

fn name() -> impl Strategy<Value = TicketName> {
    select(vec!["TICKET-001", "TICKET-002", "TICKET-0003"])
        .prop_map(|text| text.parse().expect(text))
}

fn attempt() -> impl Strategy<Value = AttemptId> {
    (name(), 1..4_u32).prop_map(|(ticket, number)| AttemptId { ticket, number })
}

fn hash() -> impl Strategy<Value = Sha256> {
    any::<[u8; 32]>().prop_map(Sha256)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,12}", any::<String>()]
}

fn artifact() -> impl Strategy<Value = Artifact> {
    (text(), hash(), any::<u64>()).prop_map(|(path, sha256, bytes)| Artifact {
        path,
        sha256,
        bytes,
    })
}

fn reason() -> impl Strategy<Value = CancelReason> {
    use CancelReason::{HangUp, Interrupt, Kill, RunEnds, Stopped, Storage, Terminate};
    select(vec![
        Stopped, RunEnds, Storage, HangUp, Terminate, Interrupt, Kill,
    ])
}

fn proof() -> impl Strategy<Value = Proof> {
    select(vec![
        Proof::Proven,
        Proof::Unchecked,
        Proof::ByHand,
        Proof::Tampered,
    ])
}

fn need() -> impl Strategy<Value = Need> {
    prop_oneof![
        select(vec![
            Need::UserTask,
            Need::Review {
                reasons: Vec::new()
            },
            Need::NoProgress
        ]),
        text().prop_map(|text| Need::Reply { text }),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        text().prop_map(|why| Failure::Prepare { why }),
        text().prop_map(|why| Failure::NotStarted { why }),
        text().prop_map(|why| Failure::Agent { why }),
        prop::collection::vec(text(), 0..3).prop_map(|names| Failure::Validation { names }),
        text().prop_map(|why| Failure::Collect { why }),
        text().prop_map(|why| Failure::Integrate { why }),
        text().prop_map(|why| Failure::Evidence { why }),
    ]
}

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    let limits = vec![LimitKind::Turns, LimitKind::Idle, LimitKind::Wall];
    prop_oneof![
        proof().prop_map(|proof| AttemptOutcome::Done { proof }),
        failure().prop_map(|failure| AttemptOutcome::Failed { failure }),
        select(limits).prop_map(|limit| AttemptOutcome::Limit { limit }),
        need().prop_map(|need| AttemptOutcome::NeedsHuman { need }),
        reason().prop_map(|reason| AttemptOutcome::Cancelled { reason }),
        Just(AttemptOutcome::Lost),
    ]
}

fn run_outcome() -> impl Strategy<Value = RunOutcome> {
    use RunOutcome::{Broken, Done, Failed, Limit, Lost, NeedsHuman, NothingReady};
    let plain = vec![Done, NothingReady, NeedsHuman, Failed, Limit, Lost, Broken];
    prop_oneof![
        select(plain),
        reason().prop_map(|reason| RunOutcome::Cancelled { reason }),
    ]
}

fn turn_end() -> impl Strategy<Value = TurnEnd> {
    prop_oneof![
        Just(TurnEnd::Completed),
        text().prop_map(|why| TurnEnd::Failed {
            why,
            fault: Fault::Agent
        }),
        text().prop_map(|why| TurnEnd::NotStarted { why }),
        text().prop_map(|how| TurnEnd::Died { how }),
        select(vec![Phase::Startup, Phase::Idle, Phase::Wall])
            .prop_map(|phase| TurnEnd::TimedOut { phase }),
        reason().prop_map(|reason| TurnEnd::Cancelled { reason }),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    let tokens = || prop_oneof![Just(0), 0..100_000_u64, any::<u64>()];
    let cost = of(0.0..10_000.0);
    (tokens(), tokens(), tokens(), tokens(), cost).prop_map(
        |(input, cached, output, reasoning, cost_usd)| Usage {
            input,
            cached,
            output,
            reasoning,
            cost_usd,
        },
    )
}

fn validation() -> impl Strategy<Value = Validation> {
    let verdicts = vec![
        Verdict::Pass,
        Verdict::Fail,
        Verdict::TimedOut,
        Verdict::Inconclusive,
    ];
    let figures = (any::<u32>(), of(any::<i32>()), any::<u64>());
    (text(), text(), select(verdicts), figures, of(artifact())).prop_map(
        |(name, run, verdict, (turn, exit, millis), output)| Validation {
            name,
            run,
            turn,
            verdict,
            exit,
            millis,
            output,
        },
    )
}

fn workspace() -> impl Strategy<Value = Workspace> {
    let branch = (text(), text()).prop_map(|(name, base)| Branch { name, base });
    (text(), of(branch)).prop_map(|(path, branch)| Workspace {
        path: path.into(),
        branch,
    })
}

fn process() -> impl Strategy<Value = ProcessRecord> {
    (any::<u32>(), any::<u64>(), text()).prop_map(|(pid, start_time, boot_id)| ProcessRecord {
        pid,
        start_time,
        boot_id,
    })
}

/// Any event.
pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![run_event(), attempt_event(), turn_event(), end_event()]
}

fn run_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<u32>(), of(text()), of(text()), text()).prop_map(|(jobs, branch, base, version)| {
            Event::RunStarted {
                jobs,
                branch,
                base,
                version,
            }
        }),
        Just(Event::RunPaused),
        Just(Event::RunResumed),
        (of(ticket()), reason())
            .prop_map(|(ticket, reason)| Event::CancelRequested { ticket, reason }),
        run_outcome().prop_map(|outcome| Event::RunFinished { outcome }),
        (ticket(), name(), text(), hash()).prop_map(|(ticket, name, title, revision)| {
            Event::StepStarted {
                ticket,
                name,
                title,
                revision,
            }
        }),
        (ticket(), outcome()).prop_map(|(ticket, outcome)| Event::StepFinished { ticket, outcome }),
        ticket().prop_map(|ticket| Event::StepRetried { ticket }),
        ticket().prop_map(|ticket| Event::StepSkipped { ticket }),
        ticket().prop_map(|ticket| Event::StepRestored { ticket }),
        (attempt(), any::<u32>(), any::<bool>()).prop_map(|(attempt, turn, done)| {
            Event::TurnClaimed {
                attempt,
                turn,
                done,
            }
        }),
        (attempt(), any::<u32>(), of(any::<i64>())).prop_map(|(attempt, turn, since)| {
            Event::TurnSilent {
                attempt,
                turn,
                since: since.map(Timestamp),
            }
        }),
        (of(attempt()), artifact()).prop_map(|(attempt, file)| Event::Recorded { attempt, file }),
        (text(), text()).prop_map(|(what, why)| Event::Refused { what, why }),
        (ticket(), of(attempt()), text()).prop_map(|(ticket, attempt, text)| {
            Event::ReplyReceived {
                ticket,
                attempt,
                text,
            }
        }),
    ]
}

fn attempt_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (attempt(), ticket(), hash(), text(), text()).prop_map(
            |(attempt, ticket, revision, agent, marker)| Event::AttemptStarted {
                attempt,
                ticket,
                revision,
                agent,
                marker,
            }
        ),
        1 => (attempt(), workspace())
            .prop_map(|(attempt, workspace)| Event::WorkspacePrepared { attempt, workspace }),
        1 => (attempt(), process())
            .prop_map(|(attempt, process)| Event::ProcessStarted { attempt, process }),
        1 => (attempt(), text())
            .prop_map(|(attempt, session)| Event::SessionStarted { attempt, session }),
    ]
}

fn request_id() -> impl Strategy<Value = RequestId> {
    any::<u32>().prop_map(RequestId)
}

fn request() -> impl Strategy<Value = Request> {
    let ask = prop_oneof![
        text().prop_map(|command| Ask::Command { command }),
        proptest::collection::vec(text(), 0..3).prop_map(|paths| Ask::Edit { paths }),
        text().prop_map(|name| Ask::Tool {
            name,
            tool: ToolKind::Fetch
        }),
        text().prop_map(|text| Ask::Question {
            questions: vec![Question {
                text,
                suggestions: Vec::new(),
            }]
        }),
    ];
    let choice = (text(), text()).prop_map(|(id, label)| Choice {
        id,
        label,
        kind: ChoiceKind::AllowOnce,
    });
    let choices = proptest::collection::vec(choice, 0..3);
    (text(), of(text()), ask, choices, of(text()), of(text())).prop_map(
        |(title, reason, ask, choices, folder, patch)| Request {
            title,
            reason,
            ask,
            choices,
            folder,
            patch,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        (text(), of(text())).prop_map(|(choice, reason)| Answer::Choose { choice, reason }),
        proptest::collection::vec(text(), 0..3).prop_map(|words| Answer::Words { words }),
        text().prop_map(|reason| Answer::Dismiss { reason }),
    ]
}

fn answered_by() -> impl Strategy<Value = AnsweredBy> {
    prop_oneof![
        Just(AnsweredBy::Human),
        text().prop_map(|rule| AnsweredBy::Rule { rule }),
        Just(AnsweredBy::Policy),
        Just(AnsweredBy::NobodyThere),
        text().prop_map(|rule| AnsweredBy::Standing {
            rule,
            scope: Scope::Ticket,
        }),
    ]
}

fn turn_event() -> impl Strategy<Value = Event> {
    let leftovers =
        (any::<bool>(), 0..3_u32).prop_map(|(leaked, swept)| Leftovers { leaked, swept });
    let flags = (any::<bool>(), any::<bool>(), any::<u32>());
    prop_oneof![
        (attempt(), any::<u32>(), artifact()).prop_map(|(attempt, turn, prompt)| {
            Event::TurnStarted {
                attempt,
                turn,
                prompt,
            }
        }),
        (attempt(), any::<u32>(), turn_end(), usage(), leftovers).prop_map(
            |(attempt, turn, end, usage, leftovers)| Event::TurnFinished {
                attempt,
                turn,
                end,
                usage,
                leftovers,
            }
        ),
        (attempt(), any::<u32>(), of(text()), of(text()), flags).prop_map(
            |(attempt, turn, autosave, tree, (progress, claim, files))| Event::TurnSaved {
                attempt,
                turn,
                autosave,
                tree,
                files,
                progress,
                claim,
            }
        ),
        (attempt(), request_id(), request()).prop_map(|(attempt, id, request)| {
            Event::RequestOpened {
                attempt,
                id,
                request,
            }
        }),
        (attempt(), request_id(), answer(), answered_by()).prop_map(|(attempt, id, answer, by)| {
            Event::RequestAnswered {
                attempt,
                id,
                answer,
                by,
            }
        }),
        (attempt(), request_id()).prop_map(|(attempt, id)| Event::RequestClosed { attempt, id }),
        (attempt(), any::<i64>(), any::<u32>(), text()).prop_map(|(attempt, until, count, why)| {
            Event::BackedOff {
                attempt,
                until: Timestamp(until),
                count,
                fault: Fault::RateLimit {
                    until: Some(Timestamp(until)),
                },
                why,
            }
        }),
        (attempt(), text()).prop_map(|(attempt, text)| Event::Steered { attempt, text }),
        (attempt(), any::<u32>(), hash()).prop_map(|(attempt, turn, hash)| {
            Event::RepliesDelivered {
                attempt,
                turn,
                replies: vec![hash],
            }
        }),
        attempt().prop_map(|attempt| Event::AttemptAbandoned { attempt }),
        attempt().prop_map(|attempt| Event::MergeQueued { attempt }),
        (attempt(), text()).prop_map(|(attempt, commit)| Event::Merged { attempt, commit }),
        (attempt(), text()).prop_map(|(attempt, why)| Event::NotMerged { attempt, why }),
        (
            attempt(),
            text(),
            text(),
            proptest::collection::vec(text(), 0..3)
        )
            .prop_map(|(attempt, onto, tree, conflicts)| Event::CaughtUp {
                attempt,
                onto,
                tree,
                conflicts,
            }),
        (attempt(), 1..9_u32, validation()).prop_map(|(attempt, number, like)| {
            let setup = SetupLine {
                number,
                run: like.run,
                verdict: like.verdict,
                exit: like.exit,
                millis: like.millis,
                output: like.output,
            };
            Event::SetupFinished { attempt, setup }
        }),
        (
            attempt(),
            any::<bool>(),
            text(),
            text(),
            prop::collection::vec(artifact(), 0..3)
        )
            .prop_map(|(attempt, pause, title, text, attachments)| {
                Event::DispatchReceived {
                    attempt,
                    pause,
                    title,
                    text,
                    attachments,
                }
            }),
        (attempt(), any::<u32>(), ticket_news()).prop_map(|(attempt, turn, news)| {
            Event::TicketBrought {
                attempt,
                turn,
                news,
            }
        }),
        (attempt(), any::<u32>(), text(), note_change()).prop_map(
            |(attempt, turn, name, change)| {
                let news = NoteNews { name, change };
                Event::NoteBrought {
                    attempt,
                    turn,
                    news,
                }
            }
        ),
        (attempt(), text()).prop_map(|(attempt, name)| Event::ValidationStarted { attempt, name }),
        (attempt(), validation()).prop_map(|(attempt, validation)| Event::ValidationFinished {
            attempt,
            validation
        }),
    ]
}

fn ticket_news() -> impl Strategy<Value = TicketNews> {
    let change = prop_oneof![
        any::<u32>().prop_map(|generation| TicketChange::New { generation }),
        (hash(), hash()).prop_map(|(before, after)| TicketChange::Edited { before, after }),
        (text(), hash()).prop_map(|(why, content)| TicketChange::Held { why, content }),
        text().prop_map(|why| TicketChange::Refused { why }),
        Just(TicketChange::Deleted),
        prop::collection::vec(text(), 0..3).prop_map(|keys| TicketChange::Own { keys }),
    ];
    let notes = prop::collection::vec(text(), 0..3);
    (ticket(), name(), text(), change, notes, of(artifact())).prop_map(
        |(ticket, name, path, change, notes, artifact)| TicketNews {
            ticket,
            name,
            path,
            change,
            notes,
            artifact,
        },
    )
}

fn note_change() -> impl Strategy<Value = NoteChange> {
    prop_oneof![
        Just(NoteChange::New),
        Just(NoteChange::Edited),
        text().prop_map(|name| NoteChange::Beside { name }),
        text().prop_map(|why| NoteChange::Refused { why }),
    ]
}

fn end_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (attempt(), need()).prop_map(|(attempt, need)| Event::GateReached { attempt, need }),
        (attempt(), any::<bool>(), of(text())).prop_map(|(attempt, approved, reason)| {
            Event::GateDecided {
                attempt,
                approved,
                reason,
            }
        }),
        (attempt(), hash(), any::<u32>(), any::<u64>()).prop_map(
            |(attempt, manifest, files, bytes)| Event::EvidenceSealed {
                attempt,
                manifest,
                files,
                bytes,
            }
        ),
        (attempt(), of(text())).prop_map(|(attempt, commit)| Event::Integrated { attempt, commit }),
        (ticket(), hash(), hash(), proof()).prop_map(|(ticket, before, after, proof)| {
            Event::TicketWritten {
                ticket,
                before,
                after,
                proof,
            }
        }),
        (attempt(), ticket()).prop_map(|(attempt, ticket)| Event::RulesAdded {
            attempt,
            ticket,
            scope: Scope::Always,
            rules: vec!["edit:src/*".parse().expect("a rule")],
        }),
        (attempt(), any::<u32>(), text()).prop_map(|(attempt, turn, session)| {
            Event::SessionTaken {
                attempt,
                turn,
                session,
                by: Seat::Screen,
            }
        }),
        (attempt(), any::<u32>(), text(), any::<bool>()).prop_map(
            |(attempt, turn, session, changed)| Event::SessionHandedBack {
                attempt,
                turn,
                session,
                by: Seat::CommandLine,
                changed,
            }
        ),
        (ticket(), hash(), hash()).prop_map(|(ticket, before, after)| Event::TicketReopened {
            ticket,
            before,
            after,
        }),
        (attempt(), outcome())
            .prop_map(|(attempt, outcome)| Event::AttemptFinished { attempt, outcome }),
        (attempt(), any::<u32>(), any::<u64>()).prop_map(|(attempt, files, bytes)| {
            Event::EvidenceDropped {
                attempt,
                files,
                bytes,
            }
        }),
        (attempt(), any::<u32>(), of(text())).prop_map(|(attempt, killed, kept)| {
            Event::Recovered {
                attempt,
                killed,
                kept: kept.map(Into::into),
            }
        }),
    ]
}
