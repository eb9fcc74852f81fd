//! All of what is asked, as lines: nothing is approved that could not be read.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::NARROW;
use crate::domain::attempt::{Need, Validation};
use crate::domain::board::TicketView;
use crate::domain::inbox::{self, Waiting, What};
use crate::domain::request::{Ask, ChoiceKind, Question, Request};
use crate::domain::rules::like;
use crate::domain::ticket::GateRule;
use crate::domain::time::Timestamp;
use crate::ui::answers;
use crate::ui::model::Model;
use crate::ui::render::{diff, markdown, plain};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::{action::Action, glyph};

/// The lines of one thing that waits.
pub(super) fn lines(model: &Model, item: &Waiting, columns: usize) -> Vec<Line<'static>> {
    let mut page = Page {
        look: &model.look,
        columns,
        lines: Vec::new(),
    };
    let entry = model.queue.entry_of(&item.ticket);
    let title = entry.map(|entry| format!("{} {}", entry.name, entry.title));
    let title = title.unwrap_or_else(|| item.ticket.to_string());
    page.words(&title, Role::Heading);
    let Some(view) = model.board.tickets.get(&item.ticket) else {
        if let Some(ticket) = entry.and_then(|entry| entry.ticket.as_ref()) {
            page.gap();
            page.markdown(&ticket.body);
        }
        page.task(model, item);
        return page.lines;
    };
    page.words(&origin(model, view, item, columns), Role::Dim);
    if columns >= NARROW {
        page.gap();
    }
    match &item.what {
        What::Request { .. } => {
            if let Some(request) = answers::request_of(model, item) {
                page.request(request);
                page.answers(model, request);
            }
        }
        What::Gate => page.gate(model, view, item),
        What::Words => page.need(view),
        What::Task => page.task(model, item),
        What::Taken => {
            page.need(view);
            page.gap();
            page.key(
                model,
                Action::HandBack,
                "hand it back, with words or without",
            );
            page.key(model, Action::TakeOverAgent, "its agent's own interface");
        }
        What::Silent { .. } => page.silence(model),
        What::Message { index, .. } => {
            if let Some(message) = view.told.messages.get(*index) {
                page.words(&message.title, Role::Text);
                page.gap();
                page.markdown(&message.text);
                page.gap();
                page.key(model, Action::Approve, "take it off the list");
                page.key(model, Action::Reply, "reply, for its next turn");
            }
        }
    }
    page.lines
}

/// `codex asks #3, TICKET-003.1, turn 2, since 12:03`.
fn origin(model: &Model, view: &TicketView, item: &Waiting, columns: usize) -> String {
    let mut words = Vec::new();
    let agent = &view.agent;
    words.push(match &item.what {
        What::Request { id, .. } => format!("{agent} asks {id}"),
        What::Gate => format!("the work of {agent} waits for your yes"),
        What::Words => format!("{agent} waits for words"),
        What::Task => "you do this one".to_owned(),
        What::Taken => format!("you have taken {agent} over"),
        What::Silent { .. } => format!("{agent} is silent"),
        What::Message { .. } => format!("{agent} says"),
    });
    if columns < NARROW {
        return words.join("");
    }
    if let Some(attempt) = &view.attempt {
        words.push(attempt.to_string());
    }
    if view.turn > 0 {
        words.push(format!("turn {}", view.turn));
    }
    if item.since != Timestamp::default()
        && let Ok(at) = jiff::Timestamp::from_millisecond(item.since.0)
    {
        let at = at.to_zoned(model.look.zone.clone());
        words.push(format!("since {}", at.strftime("%H:%M")));
    }
    words.join(", ")
}

struct Page<'a> {
    look: &'a Look,
    columns: usize,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    fn words(&mut self, words: &str, role: Role) {
        let style = self.style(role);
        self.lines.extend(plain(words, self.columns, style));
    }

    /// `because  to publish`, wrapped below the second word.
    fn labelled(&mut self, label: &str, words: &str, role: Role) {
        let label_style = self.style(Role::Dim);
        let style = self.style(role);
        for (index, line) in words.lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = format!("{label:<8} ");
            let line = text::clean(line).into_owned();
            let line = Line::from(vec![
                Span::styled(label, label_style),
                Span::styled(line, style),
            ]);
            self.lines.extend(text::wrap(line, self.columns, 9));
        }
    }

    fn markdown(&mut self, words: &str) {
        let lines = markdown::lines(words, self.columns, &self.look.theme);
        self.lines.extend(lines);
    }

    fn key(&mut self, model: &Model, action: Action, words: &str) {
        use crate::ui::keymap::Context;
        let contexts = [Context::Inbox, Context::Page, Context::Global];
        let key = model.keymap.key_for(&contexts, action).unwrap_or_default();
        let line = Line::from(vec![
            Span::styled(format!("{key:>5}"), self.style(Role::HintKey)),
            Span::styled(format!("  {}", text::clean(words)), self.style(Role::Hint)),
        ]);
        self.lines.extend(text::wrap(line, self.columns, 7));
    }

    fn request(&mut self, request: &Request) {
        match &request.ask {
            Ask::Command { command } => {
                if !request.title.contains(command.as_str()) {
                    self.words(&request.title, Role::Text);
                }
                self.labelled("$", command, Role::Code);
            }
            Ask::Edit { paths } => {
                let label = if paths.len() == 1 {
                    "change"
                } else {
                    "changes"
                };
                self.labelled(label, &paths.join("\n"), Role::Text);
            }
            Ask::Tool { name, .. } => {
                self.words(&request.title, Role::Text);
                self.labelled("tool", name, Role::Text);
            }
            Ask::Question { questions } => {
                for (index, question) in questions.iter().enumerate() {
                    if index > 0 {
                        self.gap();
                    }
                    self.question(question, questions.len() == 1);
                }
            }
        }
        if let Some(folder) = &request.folder {
            self.labelled("in", folder, Role::Text);
        }
        if let Some(reason) = &request.reason {
            self.labelled("because", reason, Role::Text);
        }
        if let Some(patch) = &request.patch {
            self.gap();
            let patch = diff::lines(patch, &self.look.theme);
            let columns = self.columns;
            let wrapped = patch
                .into_iter()
                .flat_map(|line| text::wrap(line, columns, 2));
            self.lines.extend(wrapped);
        }
    }

    fn question(&mut self, question: &Question, is_only: bool) {
        self.markdown(&question.text);
        for (index, suggestion) in question.suggestions.iter().enumerate() {
            let sign = if is_only && index < 9 {
                (index + 1).to_string()
            } else {
                "-".to_owned()
            };
            let line = Line::from(vec![
                Span::styled(format!("{sign:>5}"), self.style(Role::HintKey)),
                Span::styled(
                    format!("  {}", text::clean(suggestion)),
                    self.style(Role::Text),
                ),
            ]);
            self.lines.extend(text::wrap(line, self.columns, 7));
        }
    }

    /// What can be said, and what it would come to.
    fn answers(&mut self, model: &Model, request: &Request) {
        self.gap();
        if request.is_question() {
            self.key(model, Action::Reply, "answer in words");
            return;
        }
        if request.choice(ChoiceKind::AllowOnce).is_some() {
            self.key(model, Action::Approve, "allow it, this once");
        } else if request.allow().is_some() {
            let words =
                "allow it and the like from now on: its agent offers nothing else; asks first";
            self.key(model, Action::Approve, words);
        }
        match like(request) {
            Ok(rules) => {
                let mut rules = answers::shown(&rules);
                // A rule says what runs, not where.
                if request.folder.is_some() {
                    rules.push_str(" (in any folder)");
                }
                let words = format!("allow it for this ticket: {rules}");
                self.key(model, Action::AllowTicket, &words);
                let words = format!("allow it always, in this repository: {rules}; asks first");
                self.key(model, Action::AllowAlways, &words);
            }
            Err(why) => self.words(&format!("       for this once: {why}"), Role::Dim),
        }
        self.key(model, Action::Reject, "refuse it, with a reason");
    }

    fn gate(&mut self, model: &Model, view: &TicketView, item: &Waiting) {
        let ticket = model
            .queue
            .entry_of(&item.ticket)
            .and_then(|entry| entry.ticket.as_ref());
        if ticket.is_some_and(|ticket| ticket.gate == GateRule::Review) {
            self.labelled("because", "the ticket says `gate: review`", Role::Text);
        }
        if let Some(Need::Review { reasons }) = inbox::need(&view.state) {
            for reason in reasons {
                self.labelled("because", &reason.to_string(), Role::Text);
            }
        }
        if let Some(files) = view.told.files {
            let s = if files == 1 { "" } else { "s" };
            self.labelled("changes", &format!("{files} file{s}"), Role::Text);
        }
        for line in &view.brought {
            self.labelled("brings", line, Role::Text);
        }
        if view.validations.is_empty() {
            self.labelled("checks", "none", Role::Warning);
        }
        for validation in &view.validations {
            self.validation(validation);
        }
        self.gap();
        self.key(model, Action::Diff, "review the diff");
        self.key(
            model,
            Action::Approve,
            "approve it: it is merged into the run's branch",
        );
        self.key(
            model,
            Action::Reject,
            "reject it, with a reason for its next turn",
        );
    }

    fn validation(&mut self, validation: &Validation) {
        let (sign, role) = glyph::verdict(validation.verdict, self.look.ascii);
        let seconds = validation.millis.div_ceil(1000);
        let line = Line::from(vec![
            Span::styled("checks   ", self.style(Role::Dim)),
            Span::styled(sign, self.style(role)),
            Span::styled(
                format!(
                    " {} {} {seconds}s",
                    text::clean(&validation.name),
                    verdict_word(validation),
                ),
                self.style(Role::Text),
            ),
        ]);
        self.lines.extend(text::wrap(line, self.columns, 9));
    }

    /// What the agent said before it began to wait.
    fn need(&mut self, view: &TicketView) {
        let need = inbox::need(&view.state);
        let last = view
            .told
            .messages
            .iter()
            .rev()
            .find(|message| message.pause);
        match (need, last) {
            (Some(Need::Reply { .. }), Some(message)) => self.markdown(&message.text),
            (Some(Need::Reply { text }), None) => self.markdown(text),
            (Some(Need::Conflict { paths }), _) => {
                self.words(
                    "its work contradicts what others have brought to the run's branch:",
                    Role::Text,
                );
                self.labelled("", &paths.join("\n"), Role::Text);
            }
            (Some(need), _) => self.words(&need.to_string(), Role::Text),
            (None, _) => {}
        }
        self.gap();
        self.words("reply: its next turn begins with your words", Role::Hint);
    }

    /// Nothing follows from silence by itself: what can be said about it.
    fn silence(&mut self, model: &Model) {
        self.words("Is its turn over? Only you can tell.", Role::Text);
        if self.columns >= NARROW {
            self.gap();
        }
        self.key(model, Action::AllowTicket, "look at its terminal");
        self.key(model, Action::Claim, "its work is done: it is checked now");
        let words = "its turn is over and its work not done: the next turn begins";
        self.key(model, Action::EndTurn, words);
        self.gap();
        let words = "off this list as soon as the program draws something";
        self.words(words, Role::Hint);
    }

    fn task(&mut self, model: &Model, item: &Waiting) {
        self.gap();
        let path = model.queue.entry_of(&item.ticket);
        let path = path.map(|entry| entry.path.display().to_string());
        let path = path.unwrap_or_else(|| "its file".to_owned());
        let words = format!("do it, then set `done: true` in {path}");
        self.words(&words, Role::Hint);
    }
}

fn verdict_word(validation: &Validation) -> &'static str {
    use crate::domain::attempt::Verdict;
    match validation.verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::TimedOut => "timed out",
        Verdict::Inconclusive => "inconclusive",
    }
}
