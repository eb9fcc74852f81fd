//! A file that is open in the editor.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::answers::Reread;
use super::buffer::Buffer;
use super::line;
use super::on_disk::OnDisk;
use super::prompt::{Prompt, Wanted};
use super::search::Search;
use crate::domain::ids::Sha256;
use crate::domain::problem::Problem;
use crate::domain::queue::Queue;
use crate::domain::ticket::KnownNames;
use crate::ui::effect::{Save, TextLoad};
use crate::ui::layout::{inside, split_top};
use crate::ui::panes::Move;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A ticket: it is linted, and the queue tells when it changes.
    Ticket,
    /// A note that all agents share.
    Note,
}

/// A file to edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// As people and lint name it: relative to the repository.
    pub(super) shown: PathBuf,
    pub(super) kind: Kind,
}

impl Target {
    /// `TICKET-003-stream.md`.
    pub(super) fn name(&self) -> String {
        let name = self.shown.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// What somebody else did to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// It holds another text.
    Changed,
    /// It is not there any more.
    Gone,
}

/// A text on its way to the disk.
#[derive(Debug)]
pub(super) struct Saving {
    pub(super) question: u64,
    pub(super) content: String,
    /// Whether the editor is left when it has arrived.
    pub(super) leave: bool,
}

/// A question to the user.
#[derive(Debug)]
pub(super) enum Ask {
    /// What becomes of a text that is not saved.
    Unsaved,
    /// What becomes of a file that somebody else changed.
    OnDisk(OnDisk),
}

/// Why a copy of the text is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopyFor {
    /// What is on the disk takes its place.
    Reload,
    /// A program of the user's gets it.
    Outside,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) target: Target,
    pub(super) buffer: Buffer,
    /// What is on the disk as far as we know; `None`: no file.
    pub(super) revision: Option<Sha256>,
    /// All that was read and written here: news of these is old.
    pub(super) own: Vec<Sha256>,
    pub(super) meanwhile: Option<Meanwhile>,
    pub(super) saving: Option<Saving>,
    pub(super) ask: Option<Ask>,
    pub(super) prompt: Option<Prompt>,
    pub(super) search: Option<Search>,
    pub(super) copying: Option<(u64, CopyFor)>,
    /// What is being read again, and why.
    pub(super) rereading: Option<(u64, Reread)>,
    /// The copy that a program of the user's has.
    pub(super) lent: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
    /// What was linted last: which text, in which queue.
    linted: Option<(u64, Arc<Queue>)>,
    /// The question that lint has not answered yet.
    linting: Option<u64>,
    /// The first line and column that are shown.
    pub(super) top: usize,
    pub(super) left: usize,
    /// The page, as it was laid out last.
    pub(super) area: Rect,
}

/// The parts of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) banner: Rect,
    pub(super) text: Rect,
    /// Of the text: signs and numbers.
    pub(super) gutter: u16,
    pub(super) problems: Rect,
    pub(super) prompt: Rect,
}

impl Document {
    pub(super) fn new(target: Target, text: &str, revision: Option<Sha256>) -> Self {
        Self {
            target,
            buffer: Buffer::new(text),
            own: revision.into_iter().collect(),
            revision,
            meanwhile: None,
            saving: None,
            ask: None,
            prompt: None,
            search: None,
            copying: None,
            rereading: None,
            lent: None,
            problems: Vec::new(),
            linted: None,
            linting: None,
            top: 0,
            left: 0,
            area: Rect::default(),
        }
    }

    /// Where everything is on a page of this size.
    pub(super) fn parts(&self, area: Rect) -> Parts {
        let inner = inside(area);
        let (banner, rest) = split_top(inner, u16::from(self.meanwhile.is_some()));
        let (rest, prompt) = split_top(
            rest,
            rest.height.saturating_sub(u16::from(self.prompt.is_some())),
        );
        let most = if rest.height < 6 { 0 } else { rest.height / 4 };
        let count = u16::try_from(self.problems.len())
            .unwrap_or(u16::MAX)
            .min(most)
            .min(6);
        // One more row parts them from the text.
        let count = if count > 0 { count + 1 } else { 0 };
        let (text, problems) = split_top(rest, rest.height - count);
        let digits = self.buffer.lines().len().max(1).ilog10() as u16 + 1;
        let gutter = if text.width >= 24 { digits + 3 } else { 1 };
        Parts {
            banner,
            text,
            gutter: gutter.min(text.width),
            problems,
            prompt,
        }
    }

    /// Keeps the cursor on the page.
    pub(super) fn lay_out(&mut self, area: Rect) {
        self.area = area;
        let parts = self.parts(area);
        let height = usize::from(parts.text.height).max(1);
        let width = usize::from(parts.text.width - parts.gutter).max(1);
        let (line, character) = self.buffer.cursor();
        let lowest = (line + 1).saturating_sub(height);
        self.top = self.top.min(line).max(lowest);
        let text = self.buffer.lines().get(line).map_or("", String::as_str);
        let column = line::column_of(&line::cells(text, false), character);
        // A column is left for the sign that the line goes on.
        let farthest = (column + 2).saturating_sub(width);
        self.left = self.left.min(column).max(farthest);
        if column + 2 <= width {
            self.left = 0;
        }
        let (lines, generation) = (self.buffer.lines(), self.buffer.generation());
        if let Some(search) = &mut self.search {
            search.refresh(lines, generation);
        }
    }

    /// Asks lint, when the text or the queue is another one than it knows. One question at a time.
    pub(super) fn lint(
        &mut self,
        question: u64,
        queue: &Arc<Queue>,
        known: Option<&KnownNames>,
    ) -> Option<TextLoad> {
        if self.target.kind != Kind::Ticket || self.linting.is_some() {
            return None;
        }
        let generation = self.buffer.generation();
        let is_known = self
            .linted
            .as_ref()
            .is_some_and(|(known, seen)| *known == generation && Arc::ptr_eq(seen, queue));
        if is_known {
            return None;
        }
        self.linted = Some((generation, Arc::clone(queue)));
        self.linting = Some(question);
        Some(TextLoad::Lint {
            question,
            path: self.target.shown.clone(),
            text: self.buffer.bytes(),
            queue: Arc::clone(queue),
            known: known.cloned(),
        })
    }

    /// What lint says.
    pub(super) fn linted(&mut self, question: u64, problems: Vec<Problem>) {
        if self.linting == Some(question) {
            self.linting = None;
            self.problems = problems;
        }
    }

    /// Moves the cursor by pages, or goes on with a selection.
    pub(super) fn page(&mut self, to: Move, selects: bool) {
        let (line, character) = self.buffer.cursor();
        let height = usize::from(self.parts(self.area).text.height).max(1);
        let line = crate::ui::panes::moved(line, to, height);
        if selects {
            self.buffer.select_to(line, character);
        } else {
            self.buffer.jump(line, character);
        }
    }

    /// The line and character at a place of the screen, if the text is there.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<(usize, usize)> {
        let parts = self.parts(self.area);
        let row = row
            .checked_sub(parts.text.y)
            .filter(|row| *row < parts.text.height)?;
        let column = column.saturating_sub(parts.text.x.saturating_add(parts.gutter));
        let last = self.buffer.lines().len().saturating_sub(1);
        let line = (self.top + usize::from(row)).min(last);
        let text = self.buffer.lines().get(line)?;
        let cells = line::cells(text, false);
        Some((
            line,
            line::character_at(&cells, self.left + usize::from(column)),
        ))
    }

    /// The same text is looked for again, from the cursor on or back; what is found is selected.
    pub(super) fn find(&mut self, forward: bool, from: (usize, usize)) -> Option<String> {
        let search = self.search.as_ref()?;
        let found = if forward {
            search.from(from)
        } else {
            search.before(from)
        };
        let Some((number, (line, from, to))) = found else {
            return Some(format!("`{}` is not there", search.query));
        };
        let words = format!("match {number} of {}", search.count());
        self.buffer.select(((line, from), (line, to)));
        Some(words)
    }

    /// The next match behind the cursor, or the last before what is selected.
    pub(super) fn find_again(&mut self, forward: bool) -> Option<String> {
        let (line, character) = self.buffer.cursor();
        let from = match self.buffer.selection() {
            Some((from, _)) if !forward => from,
            _ => (line, character),
        };
        self.find(forward, from)
    }

    /// Looks for what is being typed, from where the cursor was.
    pub(super) fn find_typed(&mut self) {
        let Some(prompt) = &self.prompt else {
            return;
        };
        if prompt.wanted != Wanted::Text {
            return;
        }
        let (origin, query) = (prompt.origin, prompt.text());
        let search = Search::new(&query, self.buffer.lines(), self.buffer.generation());
        self.search = Some(search);
        self.buffer.jump(origin.0, origin.1);
        if !query.is_empty() {
            // What was found is seen, what was not found too: the line says the count.
            drop(self.find(true, origin));
        }
    }

    /// Goes to the next problem behind the cursor, around the end.
    pub(super) fn next_problem(&mut self) -> Option<String> {
        let (line, character) = self.buffer.cursor();
        let place = |problem: &Problem| {
            let place = problem.place?;
            let from_zero = |number: u32| number.saturating_sub(1) as usize;
            Some((from_zero(place.line), from_zero(place.column)))
        };
        let mut places: Vec<_> = self
            .problems
            .iter()
            .filter_map(|problem| Some((place(problem)?, problem)))
            .collect();
        places.sort_by_key(|(place, _)| *place);
        let next = places.iter().find(|(place, _)| *place > (line, character));
        let (place, problem) = next.or(places.first())?;
        let (place, words) = (*place, problem.to_string());
        self.buffer.jump(place.0, place.1);
        Some(words)
    }

    /// The text as it is to be written.
    pub(super) fn save(&mut self, question: u64, expected: Option<Sha256>, leave: bool) -> Save {
        let content = self.buffer.content();
        let save = Save::Text {
            question,
            path: self.target.path.clone(),
            bytes: content.clone().into_bytes(),
            expected,
            base: self.buffer.base(),
        };
        self.saving = Some(Saving {
            question,
            content,
            leave,
        });
        save
    }

    /// A copy of the text.
    pub(super) fn copy(&self, question: u64, folder: PathBuf) -> Save {
        Save::Draft {
            question,
            folder,
            of: self.target.path.clone(),
            bytes: self.buffer.content().into_bytes(),
        }
    }

    /// Whether there is something to lose.
    pub(super) fn is_unsaved(&self) -> bool {
        self.buffer.is_modified()
    }
}
