//! A file, or a few words, below the tree. Of a large file a window of some pieces is in memory; it moves with the reader.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::content;
use crate::store::cast::is_recording;
use crate::ui::effect::{Content, Piece};
use crate::ui::layout::split_top;
use crate::ui::panes::{Move, moved};
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// So many pieces are held.
const MOST_PIECES: usize = 3;

/// What is shown below the tree.
#[derive(Debug)]
pub(super) struct Preview {
    /// The file, or what the words are about.
    path: PathBuf,
    /// Lines that are no file's.
    words: Option<Vec<(String, Role)>>,
    pieces: VecDeque<Held>,
    /// The file's length, when it was last read.
    length: u64,
    trouble: Option<String>,
    /// What is being read.
    asked: Option<Piece>,
    /// The last piece is to be read again: the file has grown.
    is_old: bool,
    /// The end is wanted, and was not there.
    to_end: bool,
    /// How many pieces at the front were not there when `top` was counted.
    fresh: usize,
    /// The width and look that it was laid out for.
    laid_for: Option<(u16, u64)>,
    top: usize,
    height: usize,
}

/// A piece and its lines.
#[derive(Debug)]
struct Held {
    content: Content,
    lines: Vec<Line<'static>>,
    is_laid: bool,
}

impl Held {
    fn start(&self) -> u64 {
        self.content.start
    }

    fn end(&self) -> u64 {
        self.content.start + self.content.bytes.len() as u64
    }
}

impl Preview {
    /// Of a file.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            words: None,
            pieces: VecDeque::new(),
            length: 0,
            trouble: None,
            asked: None,
            is_old: false,
            to_end: false,
            fresh: 0,
            laid_for: None,
            top: 0,
            height: 0,
        }
    }

    /// Of words about something.
    pub(super) fn of_words(about: &str, words: Vec<(String, Role)>) -> Self {
        Self {
            words: Some(words),
            ..Self::new(PathBuf::from(about))
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file is shown.
    pub(super) fn is_file(&self) -> bool {
        self.words.is_none()
    }

    /// What must be read before more can be shown. Asks for each piece once.
    pub(super) fn wants(&mut self) -> Option<Piece> {
        if self.asked.is_some() || !self.is_file() || self.trouble.is_some() {
            return None;
        }
        let lines = self.count();
        let near = self.height.max(1) * 2;
        let wanted = match (self.pieces.front(), self.pieces.back()) {
            (Some(_), Some(last)) if self.is_old => Some(Piece::From(last.start())),
            (Some(_), Some(last)) if self.to_end && last.end() < self.length => {
                Some(Piece::Before(self.length))
            }
            (Some(_), Some(last)) if last.end() < self.length && self.top + near >= lines => {
                Some(Piece::From(last.end()))
            }
            (Some(first), Some(_)) if first.start() > 0 && self.top < near => {
                Some(Piece::Before(first.start()))
            }
            (Some(_), Some(_)) => None,
            _ => Some(Piece::From(0)),
        };
        self.asked = wanted;
        wanted
    }

    /// The file has another length now.
    pub(super) fn outdate(&mut self) {
        if is_recording(&self.path) {
            // It is read as a whole, and takes long: once at a time, and what was read is shown meanwhile.
            self.is_old = true;
            self.trouble = None;
            return;
        }
        let extension = self.path.extension().unwrap_or_default();
        if extension == "jsonl" || extension == "log" {
            self.is_old = true;
        } else {
            self.pieces.clear();
        }
        self.asked = None;
        self.trouble = None;
    }

    /// A piece has been read.
    pub(super) fn set(&mut self, content: Result<Content, String>) {
        let asked = self.asked.take();
        let content = match content {
            Ok(content) => content,
            Err(trouble) => {
                self.trouble = Some(trouble);
                self.laid_for = None;
                return;
            }
        };
        self.length = content.length;
        let held = Held {
            content,
            lines: Vec::new(),
            is_laid: false,
        };
        let ends = |pieces: &VecDeque<Held>| {
            let (first, last) = (pieces.front()?, pieces.back()?);
            Some((first.start(), last.start(), last.end()))
        };
        match (ends(&self.pieces), asked) {
            (Some((_, start, _)), _) if self.is_old && held.start() == start => {
                self.is_old = false;
                self.pieces.pop_back();
                self.pieces.push_back(held);
            }
            (Some((_, _, end)), Some(Piece::From(_))) if held.start() == end => {
                if held.start() < held.end() {
                    self.pieces.push_back(held);
                }
                self.keep_last();
            }
            (Some((start, ..)), Some(Piece::Before(_))) if held.end() == start => {
                self.pieces.push_front(held);
                self.fresh += 1;
                self.pieces.truncate(MOST_PIECES);
            }
            _ => {
                self.pieces.clear();
                self.fresh = 0;
                self.is_old = false;
                self.pieces.push_back(held);
            }
        }
    }

    /// Drops pieces at the front, and counts `top` anew.
    fn keep_last(&mut self) {
        while self.pieces.len() > MOST_PIECES {
            if let Some(gone) = self.pieces.pop_front() {
                self.top = self.top.saturating_sub(gone.lines.len());
            }
        }
    }

    fn count(&self) -> usize {
        self.pieces.iter().map(|piece| piece.lines.len()).sum()
    }

    pub(super) fn go(&mut self, to: Move) {
        self.to_end = false;
        let first = self.pieces.front().map_or(0, Held::start);
        let last = self.pieces.back().map_or(0, Held::end);
        match to {
            Move::Top if first > 0 => {
                self.pieces.clear();
                self.asked = None;
                self.top = 0;
            }
            Move::End if last < self.length => self.to_end = true,
            to => {
                let last = self.count().saturating_sub(self.height);
                self.top = moved(self.top, to, self.height).min(last);
            }
        }
    }

    pub(super) fn prepare(&mut self, area: Rect, look: &Look) {
        let (_, body) = split_top(area, 1);
        self.height = usize::from(body.height);
        if body.is_empty() {
            return;
        }
        let setting = (body.width, look.stamp());
        if self.laid_for != Some(setting) {
            for piece in &mut self.pieces {
                piece.is_laid = false;
            }
            // Counted in lines of another width, it means nothing.
            self.fresh = 0;
            self.laid_for = Some(setting);
            self.lay_words(usize::from(body.width), look);
        }
        for (index, piece) in self.pieces.iter_mut().enumerate() {
            if piece.is_laid {
                continue;
            }
            if self.words.is_none() && self.trouble.is_none() {
                let columns = usize::from(body.width);
                piece.lines = content::lines(&self.path, &piece.content, columns, look);
            }
            piece.is_laid = true;
            if index < self.fresh {
                self.top += piece.lines.len();
            }
        }
        self.fresh = 0;
        let last = self.count().saturating_sub(self.height);
        let at_end = self.pieces.back().map(Held::end) == Some(self.length);
        if self.to_end && at_end {
            self.to_end = false;
            self.top = last;
        }
        if !self.pieces.is_empty() {
            self.top = self.top.min(last);
        }
    }

    /// Words and troubles are one piece without a file.
    fn lay_words(&mut self, columns: usize, look: &Look) {
        let lines: Vec<Line<'static>> = match (&self.words, &self.trouble) {
            (Some(words), _) => words
                .iter()
                .flat_map(|(words, role)| plain(words, columns, look.theme.style(*role)))
                .collect(),
            (None, Some(trouble)) => plain(trouble, columns, look.theme.style(Role::Error)),
            (None, None) => return,
        };
        self.pieces = VecDeque::from([Held {
            content: Content {
                start: 0,
                bytes: Vec::new(),
                length: 0,
            },
            lines,
            is_laid: true,
        }]);
    }

    /// The file's size, and how far down it is shown.
    fn position(&self) -> String {
        if !self.is_file() || self.trouble.is_some() || self.pieces.is_empty() {
            return String::new();
        }
        // Of a recording words are shown, and its size is among them.
        let size = if is_recording(&self.path) {
            String::new()
        } else {
            text::bytes(self.length)
        };
        let lines = self.count();
        let first = self.pieces.front().map_or(0, Held::start);
        let last = self.pieces.back().map_or(0, Held::end);
        let is_whole = first == 0 && last == self.length;
        if lines <= self.height && is_whole {
            return size;
        }
        let bottom = (self.top + self.height).min(lines);
        let shown = (last - first) as f64 * bottom as f64 / lines.max(1) as f64;
        let percent = (first as f64 + shown) * 100.0 / self.length.max(1) as f64;
        format!("{size} {percent:.0}%").trim_start().to_owned()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, focused: bool, look: &Look) {
        let (title, body) = split_top(area, 1);
        if title.is_empty() {
            return;
        }
        let dash = if look.ascii { "-" } else { "─" };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let columns = usize::from(title.width);
        let end = match self.position() {
            end if end.is_empty() || text::width(&end) + 8 > columns => String::new(),
            end => format!(" {end} "),
        };
        let room = columns.saturating_sub(2 + text::width(&end));
        let name = text::fit(&name, room, look.ascii).into_owned();
        let rest = room.saturating_sub(text::width(&name));
        let roles = if focused {
            (Role::BorderFocus, Role::TitleFocus)
        } else {
            (Role::Border, Role::Title)
        };
        let mut spans = vec![
            Span::styled(dash, look.theme.style(roles.0)),
            Span::styled(name, look.theme.style(roles.1)),
        ];
        if end.is_empty() {
            spans.push(Span::styled(
                dash.repeat(rest + 1),
                look.theme.style(roles.0),
            ));
        } else {
            spans.push(Span::styled(dash.repeat(rest), look.theme.style(roles.0)));
            spans.push(Span::styled(end, look.theme.style(Role::Dim)));
            spans.push(Span::styled(dash, look.theme.style(roles.0)));
        }
        Line::from(spans).render(title, buffer);
        let lines = self.pieces.iter().flat_map(|piece| &piece.lines);
        for (line, row) in lines.skip(self.top).zip(body.rows()) {
            line.render(row, buffer);
        }
    }
}
