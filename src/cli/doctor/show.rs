//! The findings for people: one line each, and below it what to do.

use std::fmt::Write as _;

use super::agent::AgentReport;
use super::version::Fit;
use super::{Check, Document, State, seconds};
use crate::cli::error::CliError;
use crate::cli::{text, words};
use crate::output::{self, Paint, Role};

pub(super) fn document(document: &Document) -> Result<(), CliError> {
    let paint = Paint::for_result();
    let names = document.checks.iter().map(|check| text::width(check.name));
    let agents = document.agents.iter();
    let names = names.chain(agents.map(|agent| text::width(agent.name.as_str())));
    let page = Page {
        paint,
        width: names.max().unwrap_or(0),
        text: String::new(),
    };
    let page = document.checks.iter().fold(page, Page::check);
    let mut page = document.agents.iter().fold(page, Page::agent);
    if !document.not_installed.is_empty() {
        let names = document.not_installed.join(", ");
        let words = format!("not installed: {names} (`docket doctor --all` says how to get them)");
        let _ = writeln!(page.text, "  {}", paint.text(Role::Faint, &words));
    }
    output::bytes(page.text.as_bytes())?;
    Ok(())
}

struct Page {
    paint: Paint,
    /// Of the widest name.
    width: usize,
    text: String,
}

impl Page {
    fn line(&mut self, state: State, name: &str, words: &str) {
        let (sign, role) = sign(state);
        let name = text::line(name);
        let gap = " ".repeat(self.width.saturating_sub(text::width(&name)));
        // Writing to a text can't fail.
        let _ = writeln!(
            self.text,
            "{} {}{gap}  {}",
            self.paint.text(role, sign),
            self.paint.text(Role::Strong, &name),
            text::line(words)
        );
    }

    /// Below a line, under its words or further in.
    fn below(&mut self, further: usize, words: &str) {
        let gap = " ".repeat(self.width + 4 + further);
        for line in text::visible(words).lines() {
            let _ = writeln!(self.text, "{gap}{line}");
        }
    }

    fn next(&mut self, further: usize, next: Option<&String>) {
        if let Some(next) = next {
            let arrow = if words::is_ascii() { "->" } else { "→" };
            self.below(further, &format!("{arrow} {next}"));
        }
    }

    fn check(mut self, check: &Check) -> Self {
        let (first, rest) = check
            .text
            .split_once('\n')
            .unwrap_or((check.text.as_str(), ""));
        self.line(check.state, check.name, first);
        self.below(0, rest);
        self.next(0, check.next.as_ref());
        self
    }

    fn agent(mut self, agent: &AgentReport) -> Self {
        let summary = summary(agent);
        let mut findings = agent.findings.iter();
        if summary.is_empty() {
            // What is wrong is all that is known.
            let first = findings.next();
            let words = first.map_or("configured", |finding| finding.text.as_str());
            self.line(agent.state, agent.name.as_str(), words);
            self.next(0, first.and_then(|finding| finding.next.as_ref()));
        } else {
            self.line(agent.state, agent.name.as_str(), &summary);
        }
        for finding in findings {
            let (sign, role) = sign(finding.state);
            let sign = self.paint.text(role, sign);
            let gap = " ".repeat(self.width + 4);
            let _ = writeln!(self.text, "{gap}{sign} {}", text::line(&finding.text));
            self.next(2, finding.next.as_ref());
        }
        self
    }
}

/// What is known of an agent that is there; empty for one that isn't.
fn summary(agent: &AgentReport) -> String {
    let Some(path) = &agent.path else {
        return String::new();
    };
    let mut parts = Vec::new();
    match (&agent.version, agent.fit) {
        (Some(version), Some(Fit::Tested)) => parts.push(format!("{version} (tested)")),
        (Some(version), Some(Fit::Newer)) => {
            let tested = agent.tested.last().unwrap_or(&"");
            parts.push(format!("{version} (newer than the tested {tested})"));
        }
        (Some(version), _) => parts.push(version.clone()),
        (None, _) => parts.push(path.display().to_string()),
    }
    if let Some(login) = &agent.login {
        parts.push(login.by.clone());
    }
    if let Some(took) = agent.handshake_ms {
        let took = std::time::Duration::from_millis(took);
        parts.push(format!("answers in {}", seconds(took)));
    }
    if let Some(capabilities) = agent.capabilities {
        parts.push(capabilities.words());
    }
    parts.join("; ")
}

fn sign(state: State) -> (&'static str, Role) {
    let (unicode, plain, role) = match state {
        State::Ok => ("✔", "+", Role::Good),
        State::Warning => ("!", "!", Role::Warning),
        State::Problem => ("✖", "x", Role::Bad),
    };
    (if words::is_ascii() { plain } else { unicode }, role)
}
