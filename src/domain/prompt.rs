//! The prompt of a turn: named sections in a fixed order, each with a budget of bytes.

use std::fmt::Write as _;

use super::ids::AttemptId;
use super::ticket::Ticket;

/// What a prompt is made from.
#[derive(Debug, Clone)]
pub struct PromptParts<'a> {
    /// The attempt.
    pub attempt: &'a AttemptId,
    /// The turn, from 1.
    pub turn: u32,
    /// The ticket as it was at the start.
    pub ticket: &'a Ticket,
    /// Its title, with the fallback for tickets that name none.
    pub title: &'a str,
    /// The desk, as the agent reaches it.
    pub desk: &'a str,
    /// Whether the agent claims `done` in its copy of the ticket (otherwise the end of its process is the claim).
    pub claims_in_ticket: bool,
    /// What the agent is told of other tickets and notes.
    pub follow_ups: Option<String>,
    /// What became of the tickets and notes that it wrote in the turn before.
    pub told: &'a [String],
    /// Notes and files: name and text.
    pub context: Vec<(String, String)>,
    /// Answers from a human.
    pub replies: &'a [String],
    /// Why a human rejected the work.
    pub rejected: Option<&'a str>,
    /// Files with conflict markers.
    pub conflicts: &'a [String],
    /// Validations that did not pass: name, command, how it ended, the end of its output.
    pub failed: Vec<FailedCheck>,
    /// Why the agent's conversation broke off before.
    pub went_on: Option<&'a str>,
    /// What another agent left.
    pub handed_over: Option<&'a str>,
    /// The agent's last words of the turn before.
    pub previous: Option<&'a str>,
    /// What the ticket before left behind: its name and the agent's last words.
    pub left_behind: Option<&'a (String, String)>,
}

/// A validation that did not pass, for the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCheck {
    /// Its name.
    pub name: String,
    /// Its command.
    pub run: String,
    /// How it ended, in words.
    pub how: String,
    /// The end of its output.
    pub output: String,
}

/// How many bytes each section may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptBudgets {
    /// All context notes and files together.
    pub context: usize,
    /// The ticket's body.
    pub ticket: usize,
    /// Replies, a rejection and failed validations, each.
    pub feedback: usize,
    /// The last words of the turn before, and of the ticket before, each.
    pub previous: usize,
}

impl Default for PromptBudgets {
    fn default() -> Self {
        Self {
            context: 256 << 10,
            ticket: 256 << 10,
            feedback: 64 << 10,
            previous: 16 << 10,
        }
    }
}

/// Builds the prompt.
pub fn build(parts: &PromptParts<'_>, budgets: &PromptBudgets) -> String {
    let mut prompt = String::new();
    section(&mut prompt, "How docket works", &how_docket_works(parts));
    let mut left = budgets.context;
    for (name, text) in &parts.context {
        let text = head(text, left);
        left = left.saturating_sub(text.len());
        section(&mut prompt, &format!("Context: {name}"), &text);
    }
    section(
        &mut prompt,
        &format!("Ticket {}", parts.ticket.name),
        &ticket(parts, budgets),
    );
    if !parts.ticket.acceptance.is_empty() {
        let list: String = parts
            .ticket
            .acceptance
            .iter()
            .fold(String::new(), |mut list, item| {
                let _ = writeln!(list, "- [ ] {item}");
                list
            });
        section(&mut prompt, "Acceptance", &list);
    }
    if let Some(text) = parts.went_on {
        section(&mut prompt, "You go on from where you were", text);
    }
    if let Some(text) = parts.handed_over {
        let text = head(text, budgets.previous);
        section(&mut prompt, "You take over", &text);
    }
    for reply in parts.replies {
        section(
            &mut prompt,
            "Reply from the human",
            &head(reply, budgets.feedback),
        );
    }
    if let Some(reason) = parts.rejected {
        section(
            &mut prompt,
            "Your work was rejected in review",
            &head(reason, budgets.feedback),
        );
    }
    if !parts.conflicts.is_empty() {
        section(
            &mut prompt,
            "Others changed the same lines",
            &conflicts(parts.conflicts),
        );
    }
    if !parts.failed.is_empty() {
        section(
            &mut prompt,
            "Validations that did not pass",
            &failed(parts, budgets),
        );
    }
    if !parts.told.is_empty() {
        let list = parts.told.iter().map(|line| format!("- {line}\n"));
        let list = head(&list.collect::<String>(), budgets.feedback);
        section(&mut prompt, "What became of what you wrote", &list);
    }
    if let Some(message) = parts.previous {
        let text = tail(message, budgets.previous);
        section(&mut prompt, "Your last words of the turn before", &text);
    }
    if let Some((name, message)) = parts.left_behind {
        let text = tail(message, budgets.previous);
        section(&mut prompt, &format!("What {name} left behind"), &text);
    }
    prompt
}

fn section(prompt: &mut String, title: &str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let _ = write!(prompt, "# {title}\n\n{}\n\n", text.trim_end());
}

fn conflicts(paths: &[String]) -> String {
    format!(
        "While you worked, other tickets were merged. Their work is in your working tree now. These files contradict it; git's \
         conflict markers (`<<<<<<<`, `=======`, `>>>>>>>`) show where; a file without markers (binary, or deleted on one side) \
         holds one side's version, and you decide which is right. Edit them so that both sides' purposes are kept and no \
         marker is left, run the checks, and claim `done` again.\n\n- {}",
        paths.join("\n- ")
    )
}

fn how_docket_works(parts: &PromptParts<'_>) -> String {
    let PromptParts {
        attempt,
        turn,
        desk,
        ..
    } = parts;
    let claim = if parts.claims_in_ticket {
        format!(
            "When all of it is done, set `done: true` in the front matter of `{desk}/ticket.md`. That is a claim: docket \
             then runs the validations itself, and tells you in the next turn what did not pass."
        )
    } else {
        "Exit with code 0 when all of it is done, with another code when it failed. docket then runs the validations \
         itself."
            .to_owned()
    };
    format!(
        "You work on one ticket in a working tree of your own; this is attempt {attempt}, turn {turn}. {claim}\n\n\
         If you need a human, write `{desk}/DISPATCH.md` with the front matter `mode: pause` and your question below it; \
         for a message that needs no answer, `mode: notify`. Don't push, and leave other branches alone.{}",
        parts
            .follow_ups
            .as_ref()
            .map_or_else(String::new, |text| format!("\n\n{text}"))
    )
}

fn ticket(parts: &PromptParts<'_>, budgets: &PromptBudgets) -> String {
    let mut text = format!("Title: {}\n", parts.title);
    if let Some(goal) = &parts.ticket.goal {
        let _ = writeln!(text, "Goal: {goal}");
    }
    let _ = write!(text, "\n{}", head(parts.ticket.body.trim(), budgets.ticket));
    text
}

fn failed(parts: &PromptParts<'_>, budgets: &PromptBudgets) -> String {
    let each = budgets.feedback / parts.failed.len().max(1);
    let mut text = String::new();
    for FailedCheck {
        name,
        run,
        how,
        output,
    } in &parts.failed
    {
        let _ = write!(
            text,
            "## {name}: {how}\n\n    $ {run}\n\n```\n{}\n```\n\n",
            tail(output, each)
        );
    }
    text
}

/// The first `budget` bytes, with a word about what was cut.
fn head(text: &str, budget: usize) -> String {
    if text.len() <= budget {
        return text.to_owned();
    }
    let mut end = budget;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\n[{} bytes cut here]", &text[..end], text.len() - end)
}

/// The last `budget` bytes, with a word about what was cut.
fn tail(text: &str, budget: usize) -> String {
    if text.len() <= budget {
        return text.to_owned();
    }
    let mut start = text.len() - budget;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    format!("[{start} bytes cut here]\n{}", &text[start..])
}
