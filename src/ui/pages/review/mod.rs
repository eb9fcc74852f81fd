//! A diff, file by file and hunk by hunk; comments on its lines go to the agent.

mod comments;
mod files;
mod paint;
mod rows;
mod steer;
mod style;
pub(crate) mod unified;
mod words;

use std::collections::{BTreeSet, VecDeque};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

pub(crate) use self::comments::Anchor;
pub(crate) use self::steer::{act, compare, open, sent, told, wanted};

use self::comments::Comments;
use self::files::Files;
use self::paint::Painter;
use self::rows::{Row, Source};
use self::style::Colours;
use self::unified::{FileDiff, Kind};
use crate::domain::ids::{AttemptId, RunId, TicketId, TicketName};
use crate::ui::effect::{Effect, Reviewed};
use crate::ui::layout::inside;
use crate::ui::model::Model;
use crate::ui::overlay::frame;
use crate::ui::panes::{Move, moved};
use crate::ui::render::highlight::Highlights;
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// From this width on the files are listed beside the hunks.
const LISTS: u16 = 100;
/// From this width of the hunks on, old and new stand side by side unless the user says otherwise.
const SIDE_BY_SIDE: u16 = 120;

/// State of the page.
#[derive(Debug, Default)]
pub(crate) struct ReviewPage {
    subject: Option<Subject>,
    /// The number of the last question for a diff.
    question: u64,
    /// What is shown; none while it is read.
    reviewed: Option<Result<Reviewed, String>>,
    comments: Comments,
    /// The comments that are in the field that is open.
    in_field: Option<AttemptId>,
    folded: BTreeSet<String>,
    /// What the user said about side by side.
    side_by_side: Option<bool>,
    rows: Vec<Row>,
    /// What `rows` were made for: changes with every change of what they are made of.
    revision: u64,
    made_for: Option<(u64, bool)>,
    /// Where the cursor is to be when the rows are made anew.
    wanted: Option<Spot>,
    cursor: usize,
    top: usize,
    height: usize,
    files: Files,
    /// The lines that are seen, each with its row, and what they were laid out for.
    lines: Vec<(usize, Line<'static>)>,
    laid_for: Option<LaidFor>,
    colours: Colours,
}

/// What is reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// What an attempt changed.
    Attempt {
        ticket: TicketId,
        name: TicketName,
        run: RunId,
        attempt: AttemptId,
    },
    /// What differs between two.
    Comparison { from: AttemptId, to: AttemptId },
}

/// A place in a diff that has a meaning in the next one too.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    path: String,
    /// Old and new number.
    line: Option<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
struct LaidFor {
    made_for: Option<(u64, bool)>,
    top: usize,
    cursor: usize,
    size: (u16, u16),
    look: u64,
}

impl ReviewPage {
    /// A diff has been read.
    pub(crate) fn loaded(&mut self, question: u64, result: Result<Box<Reviewed>, String>) {
        if question != self.question {
            return;
        }
        self.wanted = self.wanted.take().or_else(|| self.spot());
        self.reviewed = Some(result.map(|reviewed| *reviewed));
        self.colours.forget();
        self.files.outdate();
        self.change();
    }

    /// The page is left: a large diff is not kept, the place in it is.
    fn release(&mut self) {
        self.wanted = self.spot().or(self.wanted.take());
        self.reviewed = None;
        self.rows = Vec::new();
        self.lines = Vec::new();
        self.colours.forget();
        self.files.outdate();
        self.change();
    }

    /// Something was said about a line.
    pub(crate) fn comment(&mut self, anchor: Anchor, text: String) {
        self.comments.put(anchor, text);
        self.wanted = self.spot();
        self.change();
    }

    /// What is said about a line and was not sent yet.
    pub(crate) fn said(&self, anchor: &Anchor) -> Option<&str> {
        let comment = self.comments.at(anchor)?;
        Some(&comment.text)
    }

    /// What was typed beside the comments that are in the field that is open.
    pub(crate) fn without_comments(&self, text: &str) -> String {
        let Some(attempt) = &self.in_field else {
            return text.to_owned();
        };
        let mut text = text.to_owned();
        for comment in self.comments.each(attempt) {
            text = text.replacen(&comment, "", 1);
        }
        text.trim().to_owned()
    }

    /// All comments that were not sent yet: whose, and the text for the agent.
    pub(crate) fn unsent(&self) -> Vec<(AttemptId, String)> {
        let composed = |attempt: &AttemptId| (attempt.clone(), self.comments.composed(attempt));
        let all = self.comments.attempts().map(composed);
        all.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Rows and lines are to be made anew.
    fn change(&mut self) {
        self.revision += 1;
        self.laid_for = None;
    }

    fn ready(&self) -> Option<&Reviewed> {
        self.reviewed.as_ref()?.as_ref().ok()
    }

    /// Whose comments are shown.
    fn attempt(&self) -> Option<&AttemptId> {
        match self.subject.as_ref()? {
            Subject::Attempt { attempt, .. } => Some(attempt),
            Subject::Comparison { .. } => None,
        }
    }

    /// Whose diff is shown.
    pub(crate) fn ticket(&self) -> Option<&TicketId> {
        match self.subject.as_ref()? {
            Subject::Attempt { ticket, .. } => Some(ticket),
            Subject::Comparison { .. } => None,
        }
    }

    fn row(&self) -> Option<Row> {
        self.rows.get(self.cursor).copied()
    }

    /// The file that the cursor is in.
    fn file(&self) -> usize {
        let Some(reviewed) = self.ready() else {
            return 0;
        };
        let above = self.rows.iter().take(self.cursor + 1).rev();
        let mut found = above.filter_map(|row| match row {
            Row::File(index) => Some(*index as usize),
            row => row.line().map(|line| reviewed.diff.file_of(line)),
        });
        found.next().unwrap_or(0)
    }

    fn spot(&self) -> Option<Spot> {
        let reviewed = self.ready()?;
        let path = reviewed.diff.files().get(self.file())?.path.clone();
        let above = self.rows.iter().take(self.cursor + 1).rev();
        // A comment is where its line is.
        let mut near = above.skip_while(|row| matches!(row, Row::Comment(_)));
        let line = near.next().and_then(|row| row.line());
        let line = line.and_then(|line| reviewed.diff.line(line));
        Some(Spot {
            path,
            line: line.map(|line| (line.old, line.new)),
        })
    }

    /// Puts the cursor where it was meant to be: the same line, or the next one of its file that is there.
    fn seek(&mut self, spot: &Spot) {
        let Some(Ok(reviewed)) = &self.reviewed else {
            return;
        };
        let diff = &reviewed.diff;
        let file = diff.files().iter().position(|file| file.path == spot.path);
        let Some(file) = file else { return };
        let start = self.rows.iter().position(|row| match row {
            Row::File(index) => *index as usize == file,
            row => row.line().is_some_and(|line| diff.file_of(line) == file),
        });
        let Some(start) = start else { return };
        self.cursor = start;
        let Some((old, new)) = spot.line else { return };
        for (index, row) in self.rows.iter().enumerate().skip(start) {
            let line = match row {
                Row::File(_) if index > start => return,
                row => row.line(),
            };
            let Some(line) = line.and_then(|line| diff.line(line)) else {
                continue;
            };
            self.cursor = index;
            if (line.old, line.new) >= (old, new) || (line.old >= old && line.new >= new) {
                return;
            }
        }
    }

    fn go(&mut self, to: Move) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = moved(self.cursor, to, self.height).min(last);
    }

    /// Goes to the next row of a kind, or to the one before.
    fn step(&mut self, forward: bool, is_wanted: impl Fn(&Row, &Reviewed) -> bool) {
        let Some(Ok(reviewed)) = &self.reviewed else {
            return;
        };
        let found = if forward {
            let rows = self.rows.iter().skip(self.cursor + 1);
            let ahead = rows.take_while(|row| !is_wanted(row, reviewed)).count();
            Some(self.cursor + 1 + ahead).filter(|at| *at < self.rows.len())
        } else {
            let before = self.rows.get(..self.cursor).unwrap_or_default();
            before.iter().rposition(|row| is_wanted(row, reviewed))
        };
        if let Some(found) = found {
            self.cursor = found;
            // What follows is wanted, not what came before.
            self.top = found.saturating_sub(1);
        }
    }

    fn step_file(&mut self, forward: bool) {
        self.step(forward, |row, _| matches!(row, Row::File(_)));
    }

    fn step_hunk(&mut self, forward: bool) {
        self.step(forward, |row, reviewed| {
            let line = row.line().and_then(|line| reviewed.diff.line(line));
            line.is_some_and(|line| line.kind == Kind::Hunk)
        });
    }

    fn toggle_fold(&mut self) {
        let file = self.file();
        let reviewed = self.reviewed.as_ref().and_then(|done| done.as_ref().ok());
        let Some(file) = reviewed.and_then(|reviewed| reviewed.diff.files().get(file)) else {
            return;
        };
        let path = file.path.clone();
        self.wanted = Some(Spot {
            path: path.clone(),
            line: None,
        });
        if !self.folded.remove(&path) {
            self.folded.insert(path);
        }
        self.change();
    }

    /// Whether old and new stand side by side on so many columns.
    fn is_side_by_side(&self, columns: u16) -> bool {
        self.side_by_side.unwrap_or(columns >= SIDE_BY_SIDE)
    }

    fn prepare(&mut self, area: Rect, look: &Look, highlights: &mut Highlights) {
        let (list, hunks) = divide(area);
        self.height = usize::from(hunks.height);
        let Some(Ok(reviewed)) = &self.reviewed else {
            self.lines.clear();
            self.rows.clear();
            self.made_for = None;
            return;
        };
        let side_by_side = self.is_side_by_side(hunks.width);
        let comments = match &self.subject {
            Some(Subject::Attempt { attempt, .. }) => self.comments.of(attempt),
            _ => &[],
        };
        let made_for = Some((self.revision, side_by_side));
        if self.made_for != made_for {
            let spot = match self.wanted.take() {
                None if self.made_for.is_some() => self.spot(),
                wanted => wanted,
            };
            self.rows = Source {
                diff: &reviewed.diff,
                folded: &self.folded,
                side_by_side,
                comments,
                table: reviewed.table.len(),
            }
            .rows();
            self.made_for = made_for;
            if let Some(spot) = spot {
                self.seek(&spot);
            }
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let file = self.file();
        let Some(Ok(reviewed)) = &self.reviewed else {
            return;
        };
        self.files.prepare(&reviewed.diff, file, list);
        self.lay_out(hunks, look, highlights);
    }

    /// Lays out what is seen: from the top row on, as much as there is room for, the cursor's row whole if it can be.
    fn lay_out(&mut self, hunks: Rect, look: &Look, highlights: &mut Highlights) {
        let before = self.height.saturating_sub(1);
        // The end of the diff stays at the end of the screen.
        let last = self.rows.len().saturating_sub(self.height);
        self.top = self.top.min(last).min(self.cursor);
        self.top = self.top.max(self.cursor.saturating_sub(before));
        let laid_for = LaidFor {
            made_for: self.made_for,
            top: self.top,
            cursor: self.cursor,
            size: (hunks.width, hunks.height),
            look: look.stamp(),
        };
        let is_coloured = self.colours.take(highlights);
        if !is_coloured && self.laid_for.as_ref() == Some(&laid_for) {
            return;
        }
        let Some(Ok(reviewed)) = &self.reviewed else {
            return;
        };
        for row in self.rows.iter().skip(self.top).take(self.height) {
            let lines = match *row {
                Row::Line(line) => [Some(line), None],
                Row::Pair(old, new) => [old, new],
                Row::Table(_) | Row::File(_) | Row::Comment(_) => continue,
            };
            for line in lines.into_iter().flatten() {
                self.colours
                    .want(&reviewed.diff, line as usize, look.ascii, highlights);
            }
        }
        let comments = match &self.subject {
            Some(Subject::Attempt { attempt, .. }) => self.comments.of(attempt),
            _ => &[],
        };
        let is_folded = |file: &FileDiff| self.folded.contains(&file.path);
        let painter = Painter {
            diff: &reviewed.diff,
            comments,
            table: &reviewed.table,
            is_folded: &is_folded,
            colours: &self.colours,
            look,
            columns: usize::from(hunks.width),
            digits: reviewed.digits(),
        };
        let mut lines: VecDeque<(usize, Line<'static>)> = VecDeque::new();
        let mut row = self.top;
        // What is said about the cursor's line is seen with it.
        let below = self.rows.iter().skip(self.cursor + 1);
        let said = below.take_while(|row| matches!(row, Row::Comment(_)));
        let wanted = self.cursor + said.count();
        while row < self.rows.len() && (lines.len() < self.height || row <= wanted) {
            let Some(kind) = self.rows.get(row) else {
                break;
            };
            lines.extend(painter.row(*kind).into_iter().map(|line| (row, line)));
            // Rows above go, as long as there is no room for these.
            while (self.cursor..=wanted).contains(&row)
                && lines.len() > self.height
                && self.top < self.cursor
            {
                let top = self.top;
                while lines.front().is_some_and(|(of, _)| *of == top) {
                    lines.pop_front();
                }
                self.top += 1;
            }
            row += 1;
        }
        lines.truncate(self.height);
        self.lines = lines.into();
        self.laid_for = Some(LaidFor {
            top: self.top,
            ..laid_for
        });
    }

    fn title(&self) -> String {
        let mut title = match &self.subject {
            Some(Subject::Attempt { attempt, .. }) => format!("Review {attempt}"),
            Some(Subject::Comparison { from, to }) => format!("Compare {from} with {to}"),
            None => "Review".to_owned(),
        };
        let Some(reviewed) = self.ready() else {
            return title;
        };
        let mut say = |words: String| {
            title.push_str(", ");
            title.push_str(&words);
        };
        if matches!(self.subject, Some(Subject::Attempt { .. })) {
            say(if reviewed.is_live {
                "now"
            } else {
                "after its last turn"
            }
            .to_owned());
        }
        let (added, removed) = reviewed.diff.counts();
        let files = reviewed.diff.files().len();
        let named = if files == 1 { "file" } else { "files" };
        say(format!("{files} {named} +{added} -{removed}"));
        if let Some(length) = reviewed.cut_of {
            say(format!("only the beginning of {}", text::bytes(length)));
        }
        let open = self
            .attempt()
            .map_or(0, |attempt| self.comments.open(attempt));
        match open {
            0 => {}
            1 => say("1 comment".to_owned()),
            open => say(format!("{open} comments")),
        }
        title
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let inner = frame(&self.title(), area, buffer, look);
        let (list, hunks) = divide(inner);
        let words = match &self.reviewed {
            None => Some(("reading", Role::Dim)),
            Some(Err(why)) => Some((why.as_str(), Role::Error)),
            Some(Ok(_)) if self.rows.is_empty() => Some(("no file was changed", Role::Dim)),
            Some(Ok(_)) => None,
        };
        if let Some((words, role)) = words {
            let lines = plain(words, usize::from(inner.width), look.theme.style(role));
            for (line, row) in lines.into_iter().zip(inner.rows()) {
                line.render(row, buffer);
            }
            return;
        }
        if let Some(reviewed) = self.ready().filter(|_| !list.is_empty()) {
            let divider = Rect {
                x: list.right(),
                width: 1,
                ..list
            };
            let bar = if look.ascii { "|" } else { "│" };
            for place in divider.rows() {
                Line::styled(bar, look.theme.style(Role::Border)).render(place, buffer);
            }
            self.files
                .draw(&reviewed.diff, self.file(), list, buffer, look);
        }
        for ((row, line), place) in self.lines.iter().zip(hunks.rows()) {
            line.render(place, buffer);
            if *row == self.cursor {
                buffer.set_style(place, cursor_style(look));
            }
        }
    }
}

impl Reviewed {
    /// Columns of a line number.
    fn digits(&self) -> usize {
        (self.diff.highest().max(1).ilog10() as usize + 1).max(2)
    }
}

/// The cursor's line keeps the colours of its letters, where its ground is enough to see it.
fn cursor_style(look: &Look) -> Style {
    let style = look.theme.style(Role::Selection);
    match style.bg {
        Some(_) => Style { fg: None, ..style },
        None => style,
    }
}

/// The files and the hunks.
fn divide(area: Rect) -> (Rect, Rect) {
    if area.width < LISTS {
        return (Rect { width: 0, ..area }, area);
    }
    let width = (area.width / 4).clamp(24, 44);
    let list = Rect { width, ..area };
    let hunks = Rect {
        x: area.x + width + 1,
        width: area.width - width - 1,
        ..area
    };
    (list, hunks)
}

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let area = inside(model.places().body);
    let (list, hunks) = divide(area);
    let page = &mut model.review;
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => page.go(Move::Lines(-3)),
        MouseEventKind::ScrollDown => page.go(Move::Lines(3)),
        MouseEventKind::Down(MouseButton::Left) if hunks.contains(at) => {
            let line = usize::from(at.y - hunks.y);
            if let Some((row, _)) = page.lines.get(line) {
                page.cursor = *row;
            }
        }
        MouseEventKind::Down(MouseButton::Left) if list.contains(at) => {
            let file = page.files.at(at.y - list.y);
            let is_it = |row: &Row| file.is_some_and(|file| *row == Row::File(file as u32));
            if let Some(row) = page.rows.iter().position(is_it) {
                page.cursor = row;
                page.top = row;
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Lays out what is to be seen.
pub(super) fn prepare(model: &mut Model, area: Rect) -> Vec<Effect> {
    model
        .review
        .prepare(inside(area), &model.look, &mut model.highlights);
    Vec::new()
}

/// Draws it.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    model.review.draw(area, buffer, &model.look);
    None
}
