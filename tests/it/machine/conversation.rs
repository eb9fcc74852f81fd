//! What an agent asks, where it fails for a while, and who takes over.

use docket::domain::attempt::{Fault, Need, ProcessRecord};
use docket::domain::command::Reaction;
use docket::domain::item::ToolKind;
use docket::domain::machine::{Carry, Unfinished};
use docket::domain::request::{Ask, Choice, ChoiceKind, Question, Request, RequestId, RequestKey};
use docket::domain::rules::Rule;
use docket::domain::settings::NobodyThere;
use docket::domain::ticket::{AgentName, Approvals};
use docket::domain::unfinished::Work;

use super::*;

pub(super) const ATTEMPT: &str = "TICKET-001.1";

pub(super) fn request(command: &str) -> Request {
    let choice = |id: &str, kind| Choice {
        id: id.into(),
        label: id.into(),
        kind,
    };
    let ask = Ask::Command {
        command: command.into(),
    };
    Request {
        choices: vec![
            choice("yes", ChoiceKind::AllowOnce),
            choice("always", ChoiceKind::AllowAlways),
            choice("no", ChoiceKind::Deny),
        ],
        ..Request::new(format!("$ {command}"), ask)
    }
}

pub(super) fn question(count: usize) -> Request {
    let question = |number: usize| Question {
        text: format!("question {number}"),
        suggestions: Vec::new(),
    };
    let questions = (0..count).map(question).collect();
    Request::new("question 0", Ask::Question { questions })
}

pub(super) fn asked(key: &str, request: Request) -> Report {
    Report::Asked {
        key: RequestKey(key.into()),
        request: Box::new(request),
    }
}

fn failed(fault: Fault) -> TurnEnd {
    TurnEnd::Failed {
        why: "429".into(),
        fault,
    }
}

pub(super) fn with_humans() -> RunPlan {
    RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    }
}

/// A machine whose first attempt is in its first turn.
pub(super) fn in_a_turn(settings: Settings, plan: RunPlan) -> Bench {
    let mut bench = Bench::new(settings, plan, vec![entry(1, "")]);
    bench.begin();
    bench.report(
        ATTEMPT,
        Report::Prepared {
            workspace: workspace(),
            carried: false,
        },
    );
    bench.log.clear();
    bench
}

pub(super) fn ticket() -> TicketId {
    entry(1, "").id
}

#[test]
fn a_human_answers_once() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.check("RequestOpened");
    let answer = |reaction| Command::Answer {
        ticket: ticket(),
        attempt: Some(ATTEMPT.parse().expect("an id")),
        request: Some(RequestId(1)),
        reaction,
    };
    bench.command(answer(Reaction::Words {
        words: vec!["x".into()],
    }));
    bench.command(answer(Reaction::AllowAlways));
    bench.command(answer(Reaction::Allow));
    let id = ticket();
    bench.check(&format!(
        "Refused answer {id} #1: it asks for a yes or no: approve or reject it
         RequestAnswered
         > TICKET-001.1 answer always
         Refused answer {id} #1: that request is not open: it was answered, or its turn is over"
    ));
}

#[test]
fn approve_reject_and_reply_mean_the_oldest_open_request() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.report(ATTEMPT, asked("b", request("make install")));
    bench.report(ATTEMPT, asked("c", question(1)));
    bench.log.clear();
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    });
    bench.command(Command::Reject {
        ticket: ticket(),
        reason: "no".into(),
        attempt: None,
        turn: None,
    });
    bench.command(Command::Reply {
        ticket: ticket(),
        text: "blue".into(),
    });
    bench.check(
        "RequestAnswered
         > TICKET-001.1 answer yes
         RequestAnswered
         > TICKET-001.1 answer no
         RequestAnswered
         > TICKET-001.1 answer blue",
    );
}

#[test]
fn rules_and_policies_answer_without_a_human() {
    let ruled = Settings {
        rules: docket::domain::rules::Rules {
            allow: vec![Rule::parse_allow("cargo *").expect("a rule")],
            deny: vec![Rule::parse("git push *").expect("a rule")],
        },
        ..settings()
    };
    let mut bench = in_a_turn(ruled, with_humans());
    bench.report(ATTEMPT, asked("a", request("cargo test")));
    bench.report(ATTEMPT, asked("b", request("git push --force")));
    bench.report(ATTEMPT, asked("c", request("cargo test && curl evil")));
    bench.check(
        "RequestOpened
         RequestAnswered
         > TICKET-001.1 answer yes
         RequestOpened
         RequestAnswered
         > TICKET-001.1 answer no
         RequestOpened",
    );
    for (approvals, answer) in [(Approvals::Auto, "yes"), (Approvals::Deny, "no")] {
        let settings = Settings {
            approvals,
            ..settings()
        };
        let mut bench = in_a_turn(settings, with_humans());
        bench.report(ATTEMPT, asked("a", request("make")));
        bench.check(&format!(
            "RequestOpened\nRequestAnswered\n> TICKET-001.1 answer {answer}"
        ));
    }
}

#[test]
fn nobody_is_there_so_the_ticket_pauses_or_the_request_is_denied() {
    let mut bench = in_a_turn(settings(), RunPlan::default());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.report(ATTEMPT, asked("b", request("make install")));
    bench.check(
        "RequestOpened
         > TICKET-001.1 stop Asks
         RequestOpened
         RequestAnswered
         > TICKET-001.1 answer no",
    );
    // Agents are refused what they ask before their turn is interrupted: that is no human's answer.
    let key = RequestKey("a".into());
    bench.report(ATTEMPT, Report::AskedNoMore { key });
    let reason = CancelReason::Asks;
    bench.turn(ATTEMPT, TurnEnd::Cancelled { reason }, Collected::default());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 seal asks #1: $ make")
    );
    assert!(
        !bench.log.iter().any(|line| line == "RequestClosed"),
        "it can be answered later"
    );
    let denied = Settings {
        requests: NobodyThere::Deny,
        ..settings()
    };
    let mut bench = in_a_turn(denied, RunPlan::default());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.check("RequestOpened\nRequestAnswered\n> TICKET-001.1 answer no");
    // A question that takes words alone is dismissed.
    bench.report(ATTEMPT, asked("b", question(1)));
    bench.check("RequestOpened\nRequestAnswered\n> TICKET-001.1 dismiss");
}

#[test]
fn what_is_open_at_the_end_of_a_turn_or_withdrawn_is_closed() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.report(ATTEMPT, asked("b", request("make install")));
    bench.log.clear();
    let key = RequestKey("a".into());
    bench.report(ATTEMPT, Report::AskedNoMore { key });
    bench.check("RequestClosed");
    bench.turn(ATTEMPT, TurnEnd::Completed, claim());
    assert_eq!(bench.log.first().map(String::as_str), Some("RequestClosed"));
    bench.log.clear();
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    });
    assert!(bench.log[0].starts_with("Refused"), "{:?}", bench.log);
}

#[test]
fn time_in_which_a_human_is_waited_for_does_not_count() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.millis += 2 * 3_600_000;
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    });
    bench.turn(ATTEMPT, TurnEnd::Completed, Collected::default());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 turn 2"),
        "the wall limit of an hour is not reached"
    );
}

#[test]
fn a_rate_limit_is_waited_for_and_the_turn_comes_again() {
    let mut bench = in_a_turn(settings(), RunPlan::default());
    bench.turn(ATTEMPT, failed(Fault::Overload), Collected::default());
    let wake = bench.log.last().cloned().unwrap_or_default();
    assert_eq!(bench.log[bench.log.len() - 2], "BackedOff");
    assert!(wake.starts_with("> wake at "), "{wake}");
    bench.log.clear();
    bench.give(Input::Woke);
    assert!(!bench.log.iter().any(|line| line.contains("turn 2")));
    bench.millis += 6000;
    bench.log.clear();
    bench.give(Input::Woke);
    bench.check("> TICKET-001.1 turn 2");
    // What was waited for does not count as a turn, nor does the wait last for ever.
    for turn in 3..100 {
        bench.log.clear();
        bench.turn(ATTEMPT, failed(Fault::Connection), Collected::default());
        bench.millis += 301_000;
        bench.give(Input::Woke);
        let last = bench.log.last().cloned().unwrap_or_default();
        if last.contains("seal") {
            assert_eq!(last, "> TICKET-001.1 seal limit reached: wall");
            assert!(turn > 12, "more than ten turns: {turn}");
            return;
        }
    }
    panic!("it waits for ever");
}

#[test]
fn a_wait_beyond_the_limit_ends_the_attempt_at_once() {
    let mut bench = in_a_turn(settings(), RunPlan::default());
    let until = Some(Timestamp(1_000_000 + 2 * 3_600_000));
    bench.turn(
        ATTEMPT,
        failed(Fault::RateLimit { until }),
        Collected::default(),
    );
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 seal limit reached: wall")
    );
}

#[test]
fn a_stop_ends_a_wait() {
    let mut bench = in_a_turn(settings(), RunPlan::default());
    bench.turn(ATTEMPT, failed(Fault::Overload), Collected::default());
    bench.log.clear();
    bench.command(Command::StopTicket { ticket: ticket() });
    bench.check("CancelRequested\n> TICKET-001.1 seal stopped");
}

#[test]
fn an_interrupt_waits_for_a_reply_and_steered_words_that_nobody_takes_are_one() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.command(Command::Interrupt { ticket: ticket() });
    bench.check("> TICKET-001.1 stop Interrupted");
    let reason = CancelReason::Interrupted;
    bench.turn(ATTEMPT, TurnEnd::Cancelled { reason }, Collected::default());
    bench.log.clear();
    bench.command(Command::Reply {
        ticket: ticket(),
        text: "do it otherwise".into(),
    });
    bench.check("ReplyReceived\n> TICKET-001.1 turn 2 replies=do it otherwise");
    bench.command(Command::Steer {
        ticket: ticket(),
        text: "quick".into(),
    });
    bench.check("> TICKET-001.1 steer quick");
    let text = "quick".to_owned();
    bench.report(ATTEMPT, Report::Steered { text, taken: false });
    bench.check("ReplyReceived");
    bench.turn(ATTEMPT, TurnEnd::Completed, Collected::default());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 turn 3 replies=quick")
    );
}

#[test]
fn a_turn_that_the_agent_broke_off_is_no_claim_and_no_failure() {
    let mut bench = in_a_turn(checked(), RunPlan::default());
    bench.turn(ATTEMPT, failed(Fault::Interrupted), claim());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 turn 2")
    );
    for fault in [Fault::Refused, Fault::Truncated, Fault::Login, Fault::Agent] {
        let mut bench = in_a_turn(settings(), RunPlan::default());
        bench.turn(ATTEMPT, failed(fault), claim());
        assert_eq!(
            bench.log.last().map(String::as_str),
            Some("> TICKET-001.1 seal the agent failed: 429"),
            "{fault:?}"
        );
    }
}

#[test]
fn tokens_and_money_end_a_turn() {
    let limited = Bench::new(
        settings(),
        RunPlan::default(),
        vec![entry(1, "limits: {tokens: 100, cost_usd: 0.5}\n")],
    );
    let usage = |input, cost_usd| Usage {
        input,
        cost_usd,
        ..Usage::default()
    };
    for (used, limit) in [(usage(101, None), "tokens"), (usage(1, Some(0.6)), "cost")] {
        let mut bench = Bench::new(
            settings(),
            RunPlan::default(),
            limited
                .queue
                .entries()
                .iter()
                .map(|entry| (**entry).clone())
                .collect(),
        );
        bench.begin();
        bench.report(
            ATTEMPT,
            Report::Prepared {
                workspace: workspace(),
                carried: false,
            },
        );
        bench.log.clear();
        bench.report(ATTEMPT, Report::Used(usage(50, Some(0.1))));
        bench.report(ATTEMPT, Report::Used(used));
        bench.report(ATTEMPT, Report::Used(used));
        bench.check("> TICKET-001.1 stop Limit");
        let reason = CancelReason::Limit;
        bench.turn(ATTEMPT, TurnEnd::Cancelled { reason }, claim());
        assert_eq!(
            bench.log.last().map(String::as_str),
            Some(format!("> TICKET-001.1 seal limit reached: {limit}").as_str())
        );
    }
}

fn with_fallback() -> Settings {
    let mut settings = settings();
    let shell: AgentName = "shell".parse().expect("a name");
    let other: AgentName = "claude".parse().expect("a name");
    let agent = settings.agents.get_mut(&shell).expect("built in");
    agent.fallback = vec![other];
    settings
}

#[test]
fn another_agent_takes_over_only_when_the_user_named_one() {
    let mut bench = in_a_turn(with_fallback(), RunPlan::default());
    bench.turn(ATTEMPT, failed(Fault::Agent), Collected::default());
    bench.seal(ATTEMPT);
    // The agent's own second attempt comes first.
    assert!(bench.log.contains(&"> open TICKET-001.2".to_owned()));
    bench.report("TICKET-001.1", Report::Closed);
    bench.first_turn("TICKET-001.2", failed(Fault::Agent), Collected::default());
    bench.log.clear();
    let effects = bench.seal("TICKET-001.2");
    let opened = effects.iter().find_map(|effect| match effect {
        Effect::Open(spec) => Some(spec),
        _ => None,
    });
    let spec = opened.expect("a third attempt");
    assert_eq!(spec.agent.as_str(), "claude");
    let carry = spec.carry.as_ref().expect("the working tree goes on");
    assert_eq!(carry.from.to_string(), "TICKET-001.2");
    assert_eq!(carry.session, None, "the conversation is not its own");
    let effects = bench.give(Input::Attempt {
        attempt: "TICKET-001.3".parse().expect("an id"),
        report: Report::Prepared {
            workspace: workspace(),
            carried: true,
        },
    });
    let brief = effects.iter().find_map(|effect| match effect {
        Effect::Order {
            order: Order::Turn { brief, .. },
            ..
        } => Some(brief),
        _ => None,
    });
    let told = brief.and_then(|brief| brief.handed_over.clone());
    assert!(
        told.as_deref()
            .is_some_and(|told| told.starts_with("shell worked on this ticket before you")),
        "{told:?}"
    );
    bench.turn("TICKET-001.3", failed(Fault::Agent), Collected::default());
    bench.seal("TICKET-001.3");
    bench.report("TICKET-001.3", Report::Closed);
    // Its own second attempt, then nobody is left.
    bench.first_turn("TICKET-001.4", failed(Fault::Agent), Collected::default());
    bench.log.clear();
    bench.seal("TICKET-001.4");
    assert!(
        bench
            .log
            .iter()
            .any(|line| line.starts_with("StepFinished")),
        "{:?}",
        bench.log
    );
}

fn unfinished(answered: bool) -> Unfinished {
    let entry = entry(1, "");
    let ask = request("make");
    let answer = answered.then(|| ask.allow().expect("it offers a yes"));
    Unfinished {
        from: "TICKET-001.1".parse().expect("an id"),
        carry: Some(Carry {
            from: "TICKET-001.1".parse().expect("an id"),
            workspace: workspace(),
            session: Some("thread-7".into()),
            used: Usage::default(),
            approved: false,
        }),
        agent: "shell".parse().expect("a name"),
        revision: entry.revision,
        outcome: AttemptOutcome::NeedsHuman {
            need: Need::Request {
                id: RequestId(1),
                title: ask.title.clone(),
            },
        },
        requests: vec![(RequestId(1), ask, answer)],
        work: Work::default(),
        decision: None,
        replies: Vec::new(),
        taken: None,
        handed_back: None,
    }
}

fn after(unfinished: Unfinished) -> Bench {
    let history = History {
        ended: BTreeMap::default(),
        spent: Vec::new(),
        generations: BTreeMap::default(),
        standing: docket::domain::machine::Standing::default(),
        next_run: 2,
        marker: "m".into(),
        attempt_numbers: BTreeMap::from([("TICKET-001".parse().expect("a name"), 1)]),
        unfinished: BTreeMap::from([(ticket(), unfinished)]),
    };
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, "")]);
    bench.state = State::new(Arc::new(settings()), RunPlan::default(), history);
    bench.give(Input::Queue(bench.queue.clone()));
    bench.begin();
    bench
}

#[test]
fn a_paused_ticket_is_not_tried_again_before_its_request_is_answered() {
    let mut bench = after(unfinished(false));
    assert!(
        bench
            .log
            .contains(&"StepFinished asks #1: $ make".to_owned()),
        "{:?}",
        bench.log
    );
    bench.check_last("> over NeedsHuman");
}

#[test]
fn an_answered_ticket_goes_on_and_gets_its_answer_when_it_asks_again() {
    let mut bench = after(unfinished(true));
    assert!(bench.log.contains(&"> open TICKET-001.2".to_owned()));
    let record = ProcessRecord {
        pid: 1,
        start_time: 1,
        boot_id: "b".into(),
    };
    bench.report("TICKET-001.2", Report::Spawned(record));
    bench.report(
        "TICKET-001.2",
        Report::Prepared {
            workspace: workspace(),
            carried: true,
        },
    );
    bench.log.clear();
    let mut again = request("make");
    // Another process numbers its choices anew.
    again.choices[0].id = "yes-17".into();
    bench.report("TICKET-001.2", asked("z", again.clone()));
    bench.check("RequestOpened\nRequestAnswered\n> TICKET-001.2 answer yes-17");
    // Once: the same again is asked again.
    bench.report("TICKET-001.2", asked("y", again));
    bench.check("RequestOpened\n> TICKET-001.2 stop Asks");
}

#[test]
fn what_a_human_answered_holds_in_a_new_working_tree_too() {
    let mut bench = after(unfinished(true));
    bench.report(
        "TICKET-001.2",
        Report::Prepared {
            workspace: workspace(),
            carried: false,
        },
    );
    bench.log.clear();
    bench.report("TICKET-001.2", asked("z", request("make")));
    bench.check("RequestOpened\nRequestAnswered\n> TICKET-001.2 answer yes");
}

#[test]
fn an_answer_while_the_run_works_on_something_else_lets_the_ticket_go_on() {
    let history = History {
        ended: BTreeMap::default(),
        spent: Vec::new(),
        generations: BTreeMap::default(),
        standing: docket::domain::machine::Standing::default(),
        next_run: 2,
        marker: "m".into(),
        attempt_numbers: BTreeMap::from([("TICKET-001".parse().expect("a name"), 1)]),
        unfinished: BTreeMap::from([(ticket(), unfinished(false))]),
    };
    let both = vec![entry(1, ""), entry(2, "")];
    let mut bench = Bench::new(settings(), RunPlan::default(), both);
    bench.state = State::new(Arc::new(settings()), RunPlan::default(), history);
    bench.give(Input::Queue(bench.queue.clone()));
    bench.begin();
    assert!(bench.log.contains(&"> open TICKET-002.1".to_owned()));
    bench.log.clear();
    let id = ticket();
    bench.command(Command::Approve {
        ticket: id.clone(),
        attempt: None,
        turn: None,
    });
    bench.check(&format!("Refused approve {id}: no gate is open there"));
    // The runner has looked it up.
    bench.state.left_unfinished(id.clone(), unfinished(false));
    let answer = |reaction| Command::Answer {
        ticket: id.clone(),
        attempt: None,
        request: Some(RequestId(1)),
        reaction,
    };
    bench.command(answer(Reaction::Words {
        words: vec!["yes".into()],
    }));
    bench.check(&format!(
        "Refused answer {id} #1: it asks for a yes or no: approve or reject it"
    ));
    bench.command(answer(Reaction::Allow));
    bench.check("RequestAnswered\nStepRetried");
    bench.command(answer(Reaction::Deny { reason: None }));
    bench.check(&format!(
        "Refused answer {id} #1: that request was answered already: the next attempt goes on with it"
    ));
    bench.first_turn("TICKET-002.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-002.1");
    assert!(bench.log.contains(&"> open TICKET-001.2".to_owned()));
}

#[test]
fn an_answer_without_a_run_waits_for_the_next_one() {
    let mut bench = after(unfinished(false));
    let id = ticket();
    bench.state.left_unfinished(id.clone(), unfinished(false));
    bench.log.clear();
    bench.command(Command::Reject {
        ticket: id.clone(),
        reason: "no".into(),
        attempt: None,
        turn: None,
    });
    bench.check("RequestAnswered");
    bench.begin();
    assert!(bench.log.contains(&"> open TICKET-001.2".to_owned()));
}

#[test]
fn other_tools_are_asked_for_too() {
    let mut bench = in_a_turn(settings(), with_humans());
    let mut fetch = request("x");
    fetch.ask = Ask::Tool {
        name: "WebFetch".into(),
        tool: ToolKind::Fetch,
    };
    bench.report(ATTEMPT, asked("a", fetch));
    bench.check("RequestOpened");
}

#[test]
fn time_at_a_gate_does_not_count_and_a_pause_counts_once() {
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, "gate: review\n")]);
    bench.begin();
    bench.first_turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.validate(ATTEMPT, Verdict::Pass);
    bench.millis += 3 * 3_600_000;
    bench.log.clear();
    bench.command(Command::Reject {
        ticket: ticket(),
        reason: "no tests".into(),
        attempt: None,
        turn: None,
    });
    bench.check("GateDecided\n> TICKET-001.1 turn 2 rejected=no tests");
    // An open request over a pause of the run: half an hour and half an hour, not counted; then an hour that is.
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.command(Command::Pause);
    bench.millis += 1_800_000;
    bench.command(Command::Resume);
    bench.millis += 1_800_000;
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    });
    bench.millis += 3_601_000;
    bench.turn(ATTEMPT, TurnEnd::Completed, Collected::default());
    bench.check_last("> TICKET-001.1 seal limit reached: wall");
}

#[test]
fn the_provider_that_failed_is_not_asked_again_at_once() {
    // Without a fallback the ticket has ended; with one, the other agent takes over, whatever attempts are left.
    for (settings, outcome) in [
        (settings(), "StepFinished limit reached: wall"),
        (with_fallback(), "> open TICKET-001.2"),
    ] {
        let falls_back = !settings
            .agents
            .values()
            .all(|agent| agent.fallback.is_empty());
        let mut bench = in_a_turn(settings, RunPlan::default());
        let until = Some(Timestamp(1_000_000 + 2 * 3_600_000));
        let fault = Fault::RateLimit { until };
        bench.turn(ATTEMPT, failed(fault), Collected::default());
        bench.log.clear();
        let effects = bench.seal(ATTEMPT);
        assert!(bench.log.contains(&outcome.to_owned()), "{:?}", bench.log);
        let opened = effects.iter().find_map(|effect| match effect {
            Effect::Open(spec) => Some(spec.agent.as_str().to_owned()),
            _ => None,
        });
        assert_eq!(opened.as_deref(), falls_back.then_some("claude"));
    }
}

#[test]
fn a_stop_reaches_an_agent_that_takes_its_time_to_leave() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.report(ATTEMPT, Report::UpToDate);
    bench.log.clear();
    bench.command(Command::Cancel {
        reason: CancelReason::Kill,
    });
    bench.check("CancelRequested\n> TICKET-001.1 stop Kill");
}

#[test]
fn a_request_closes_with_an_attempt_that_did_not_end_for_it() {
    let mut bench = in_a_turn(settings(), RunPlan::default());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.command(Command::StopTicket { ticket: ticket() });
    let reason = CancelReason::Stopped;
    bench.turn(ATTEMPT, TurnEnd::Cancelled { reason }, Collected::default());
    bench.log.clear();
    bench.seal(ATTEMPT);
    assert!(
        bench.log.contains(&"RequestClosed".to_owned()),
        "{:?}",
        bench.log
    );
}

#[test]
fn words_that_came_with_the_claim_are_heard_before_the_work_is_taken() {
    let mut bench = in_a_turn(checked(), with_humans());
    let text = "one more thing".to_owned();
    bench.report(ATTEMPT, Report::Steered { text, taken: false });
    bench.turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.check_last("> TICKET-001.1 turn 2 replies=one more thing");
}

#[test]
fn an_answer_is_for_the_attempt_that_was_shown() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.report(ATTEMPT, asked("a", request("make")));
    bench.log.clear();
    bench.command(Command::Answer {
        ticket: ticket(),
        attempt: Some("TICKET-001.7".parse().expect("an id")),
        request: Some(RequestId(1)),
        reaction: Reaction::Allow,
    });
    assert!(
        bench.log[0].ends_with("that request is not open: its attempt is over"),
        "{:?}",
        bench.log
    );
}

#[test]
fn a_decision_about_a_gate_answers_no_request_that_came_after_it() {
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, "gate: review\n")]);
    bench.begin();
    bench.first_turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.validate(ATTEMPT, Verdict::Pass);
    let attempt: AttemptId = ATTEMPT.parse().expect("an id");
    let approve = |attempt: &AttemptId, turn| Command::Approve {
        ticket: ticket(),
        attempt: Some(attempt.clone()),
        turn: Some(turn),
    };
    let reject = |turn| Command::Reject {
        ticket: ticket(),
        reason: "no tests".into(),
        attempt: Some(attempt.clone()),
        turn: Some(turn),
    };
    // Somebody else rejects while an approval is on its way.
    bench.log.clear();
    bench.command(reject(1));
    bench.check("GateDecided\n> TICKET-001.1 turn 2 rejected=no tests");
    bench.report(ATTEMPT, asked("a", request("rm -rf /")));
    bench.log.clear();
    let refused = |what: &str| {
        let id = ticket();
        format!("Refused {what} {id}: that gate is not open any more: look at how it stands now")
    };
    bench.command(approve(&attempt, 1));
    bench.check(&refused("approve"));
    bench.command(reject(1));
    bench.check(&refused("reject"));
    bench.command(approve(&attempt, 2));
    bench.check(&format!(
        "Refused approve {}: no gate is open there",
        ticket()
    ));
    bench.command(Command::Reject {
        ticket: ticket(),
        reason: "no".into(),
        attempt: None,
        turn: None,
    });
    assert!(
        bench.log[0].starts_with("RequestAnswered"),
        "{:?}",
        bench.log
    );
    bench.turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.validate(ATTEMPT, Verdict::Pass);
    bench.log.clear();
    bench.command(approve(&"TICKET-001.2".parse().expect("an id"), 2));
    bench.check(&refused("approve"));
    bench.command(approve(&attempt, 1));
    bench.check(&refused("approve"));
    bench.command(approve(&attempt, 2));
    bench.check("GateDecided\n> TICKET-001.1 catch up");
}

#[test]
fn a_decision_about_a_gate_answers_no_request_that_an_attempt_ended_with() {
    let mut bench = after(unfinished(false));
    let id = ticket();
    bench.state.left_unfinished(id.clone(), unfinished(false));
    bench.log.clear();
    bench.command(Command::Approve {
        ticket: id.clone(),
        attempt: Some(unfinished(false).from),
        turn: None,
    });
    assert!(
        bench.log[0].starts_with("Refused"),
        "nothing is allowed: {:?}",
        bench.log
    );
}
