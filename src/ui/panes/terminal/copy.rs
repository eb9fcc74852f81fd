//! Copy mode: a cursor over the screen and what was above it, while the program goes on.
//!
//! What the screen showed when it began stands still; the rows above never change anyway. New output is counted only.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::marking::Held;
use super::motion::{self, Hunt};
use super::search::{AT_ONCE, Found, Match, Search};
use super::selection::{LINE_ROWS, Selection, Shape, name_around};
use super::sheet::{Frozen, Point, Sheet};
use crate::emulator::Emulator;
use crate::ui::action::Action;
use crate::ui::panes::transcript::Toward;

/// Nobody means more with a count.
const MOST_TIMES: u32 = 100_000;

/// Who has it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The keys are copy mode's.
    Keys,
    /// The mouse selects; the keys are the program's.
    Mouse,
    /// What the mouse selected is still marked, until something happens.
    Nobody,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Nothing,
    /// Copy mode is left.
    Leave,
    /// This text goes to the clipboard; whether copy mode is left.
    Copy(String, bool),
    /// What is under the cursor, to be opened.
    Open(String),
    /// Something to say.
    Say(&'static str),
}

/// See the module.
#[derive(Debug)]
pub(super) struct CopyMode {
    pub(super) frozen: Frozen,
    /// The first row that is shown.
    pub(super) top: u64,
    /// How many rows are shown.
    pub(super) rows: u16,
    pub(super) cursor: Point,
    /// The column that the cursor keeps to when it goes up and down.
    goal: u16,
    pub(super) selection: Option<Selection>,
    pub(super) count: Option<u32>,
    /// A character is awaited.
    awaits: Option<Hunt>,
    hunted: Option<(Hunt, char)>,
    pub(super) search: Option<Search>,
    pub(super) holder: Holder,
    pub(super) held: Option<Held>,
    /// Whether the program has written since it began.
    pub(super) is_stale: bool,
    /// Whether it was begun for a search: it goes when that is dropped.
    pub(super) is_for_search: bool,
}

impl CopyMode {
    /// Begins with `top` as the first row of so many that are shown.
    pub(super) fn new(emulator: &Emulator, top: u64, rows: u16, holder: Holder) -> Self {
        let frozen = Frozen::of(emulator);
        let bottom = top + u64::from(rows).max(1) - 1;
        let at = emulator.cursor().filter(|cursor| cursor.row <= bottom);
        let cursor = at.map_or(
            Point {
                row: bottom,
                column: 0,
            },
            |cursor| Point {
                row: cursor.row,
                column: cursor.column,
            },
        );
        let mut copy = Self {
            frozen,
            top,
            rows,
            cursor,
            goal: cursor.column,
            selection: None,
            count: None,
            awaits: None,
            hunted: None,
            search: None,
            holder,
            held: None,
            is_stale: false,
            is_for_search: false,
        };
        let sheet = Sheet::new(emulator, &copy.frozen);
        let point = on_text(&sheet, cursor, cursor.column);
        copy.cursor = point;
        copy.show(emulator);
        copy
    }

    /// Whether the keys are copy mode's.
    pub(super) fn has_keys(&self) -> bool {
        self.holder == Holder::Keys
    }

    /// Whether the next key is a character that is looked for.
    pub(super) fn awaits_character(&self) -> bool {
        self.awaits.is_some()
    }

    /// The places that are to go along with the text when the terminal gets another size: the cursor, the first row that is shown,
    /// the first and the last row of the screen that is read, where a search began.
    pub(super) fn places(&self, emulator: &Emulator) -> Vec<Point> {
        let top = Point {
            row: self.top,
            column: 0,
        };
        let origin = self.search.as_ref().map(|search| search.origin);
        let sheet = Sheet::new(emulator, &self.frozen);
        let (first, last) = (sheet.top(), sheet.end() - 1);
        let of_screen = [first, last].map(|row| Point { row, column: 0 });
        let places = [self.cursor, top].into_iter().chain(of_screen);
        let places = places.chain(origin);
        places.map(|place| sheet.clamp(place)).collect()
    }

    /// There is room for another number of rows.
    pub(super) fn fit(&mut self, emulator: &Emulator, rows: u16) {
        if std::mem::replace(&mut self.rows, rows) != rows {
            self.show(emulator);
        }
    }

    /// Whether the terminal has forgotten the screen that is read by now: it is only here, as it was, whatever the size.
    pub(super) fn outlives_its_screen(&self, emulator: &Emulator) -> bool {
        self.frozen.is_older_than(emulator)
    }

    /// The terminal has another size: rows are elsewhere now. `places` are those of [`places`](Self::places), as they went along.
    pub(super) fn resized(&mut self, emulator: &Emulator, places: &[Point], rows: u16) {
        self.rows = rows;
        if let [cursor, top, first, last, rest @ ..] = places {
            // What was written since is below, and is not read.
            self.frozen = if self.is_stale {
                Frozen::between(emulator, first.row, last.row)
            } else {
                Frozen::of(emulator)
            };
            (self.cursor, self.top) = (*cursor, top.row);
            self.goal = cursor.column;
            if let (Some(search), Some(origin)) = (&mut self.search, rest.first()) {
                search.origin = *origin;
            }
        }
        self.selection = None;
        self.held = None;
        let sheet = Sheet::new(emulator, &self.frozen);
        self.cursor = on_text(&sheet, self.cursor, self.cursor.column);
        if let Some(search) = &mut self.search {
            search.begin(&sheet);
        }
        self.show(emulator);
    }

    /// The program wrote. Whether copy mode is over by that.
    pub(super) fn outdate(&mut self) -> bool {
        self.is_stale = true;
        self.holder == Holder::Nobody
    }

    /// A key that no action is bound to.
    pub(super) fn key(&mut self, emulator: &Emulator, key: KeyEvent) {
        let plain = !key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let character = match key.code {
            KeyCode::Char(c) if plain => Some(c),
            KeyCode::Tab if plain => Some('\t'),
            _ => None,
        };
        if let Some(hunt) = self.awaits.take() {
            let count = self.times();
            if let Some(c) = character {
                self.hunted = Some((hunt, c));
                self.hunt((hunt, c), count, false, emulator);
            }
            return;
        }
        match character.and_then(|c| c.to_digit(10)) {
            Some(0) if self.count.is_none() => {
                self.go(emulator, Action::LineStart);
            }
            Some(digit) => {
                let count = self.count.unwrap_or(0).saturating_mul(10);
                self.count = Some(count.saturating_add(digit).min(MOST_TIMES));
            }
            None => self.count = None,
        }
    }

    /// How often; asked for once.
    fn times(&mut self) -> u32 {
        self.count.take().unwrap_or(1).max(1)
    }

    fn hunt(&mut self, what: (Hunt, char), count: u32, is_repeated: bool, emulator: &Emulator) {
        let sheet = Sheet::new(emulator, &self.frozen);
        let to = motion::hunt(sheet, sheet.clamp(self.cursor), what, count, is_repeated);
        self.put(emulator, to);
    }

    /// Puts the cursor there.
    pub(super) fn put(&mut self, emulator: &Emulator, to: Point) {
        let sheet = Sheet::new(emulator, &self.frozen);
        self.cursor = sheet.clamp(to);
        self.goal = self.cursor.column;
        self.show(emulator);
    }

    /// Shows the cursor.
    fn show(&mut self, emulator: &Emulator) {
        let rows = u64::from(self.rows).max(1);
        if self.cursor.row < self.top {
            self.top = self.cursor.row;
        } else if self.cursor.row >= self.top + rows {
            self.top = self.cursor.row + 1 - rows;
        }
        self.hold(emulator);
    }

    /// Keeps the view where there is something.
    fn hold(&mut self, emulator: &Emulator) {
        let sheet = Sheet::new(emulator, &self.frozen);
        let last = sheet.end().saturating_sub(u64::from(self.rows));
        self.top = self.top.min(last).max(sheet.first());
    }

    /// Whether the view is where it is without copy mode.
    pub(super) fn is_at_end(&self, emulator: &Emulator) -> bool {
        self.top >= Sheet::new(emulator, &self.frozen).top()
    }

    /// Shows what is so many rows above, or below. The cursor stays on the screen.
    pub(super) fn scroll(&mut self, emulator: &Emulator, rows: i64) {
        self.top = self.top.saturating_add_signed(rows);
        self.hold(emulator);
        let bottom = self.top + u64::from(self.rows).max(1) - 1;
        let row = self.cursor.row.clamp(self.top, bottom);
        if row != self.cursor.row {
            let sheet = Sheet::new(emulator, &self.frozen);
            self.cursor = on_text(&sheet, Point { row, column: 0 }, self.goal);
        }
    }

    /// Does an action, if it is one of copy mode's.
    pub(super) fn perform(&mut self, emulator: &Emulator, action: Action) -> Option<Outcome> {
        if let Some(hunt) = Hunt::of(action) {
            self.awaits = Some(hunt);
            return Some(Outcome::Nothing);
        }
        let outcome = match action {
            Action::RepeatCharacter | Action::ReverseCharacter => {
                let count = self.times();
                match self.hunted {
                    Some((hunt, c)) if action == Action::ReverseCharacter => {
                        self.hunt((hunt.reversed(), c), count, true, emulator);
                    }
                    Some(hunted) => self.hunt(hunted, count, true, emulator),
                    None => {}
                }
                Outcome::Nothing
            }
            Action::SelectCharacters => self.select(Shape::Characters),
            Action::SelectLines => self.select(Shape::Lines),
            Action::SelectBlock => self.select(Shape::Block),
            Action::OtherEnd => {
                if let Some(selection) = &mut self.selection {
                    let to = selection.anchor;
                    selection.anchor = self.cursor;
                    self.put(emulator, to);
                }
                Outcome::Nothing
            }
            Action::CopySelection => match self.selected(emulator) {
                Some(text) => Outcome::Copy(text, true),
                None => Outcome::Say("nothing is selected: v, V and Ctrl-v begin"),
            },
            Action::CopyLine => self.line(emulator),
            Action::CopyLink => match self.link(emulator) {
                Some(link) => Outcome::Copy(link, true),
                None => Outcome::Say("no link, address or path is here"),
            },
            Action::Open => match (self.selected(emulator), self.link(emulator)) {
                (Some(text), _) => Outcome::Copy(text, true),
                (None, Some(name)) => Outcome::Open(name),
                (None, None) => Outcome::Leave,
            },
            Action::ClearSelection => {
                let is_cleared = self.count.take().is_some()
                    || self.selection.take().is_some()
                    || self.search.take().is_some();
                if is_cleared {
                    Outcome::Nothing
                } else {
                    Outcome::Leave
                }
            }
            Action::LeaveCopyMode => Outcome::Leave,
            Action::NextMatch => self.next_match(emulator, true),
            Action::PreviousMatch => self.next_match(emulator, false),
            _ if self.go(emulator, action) => Outcome::Nothing,
            _ => return None,
        };
        self.count = None;
        Some(outcome)
    }

    /// Moves the cursor. Whether the action is a motion.
    fn go(&mut self, emulator: &Emulator, action: Action) -> bool {
        let sheet = Sheet::new(emulator, &self.frozen);
        let from = sheet.clamp(self.cursor);
        let count = self.count.unwrap_or(1).max(1);
        if let Some(to) = motion::through(sheet, from, action, count) {
            self.count = None;
            self.put(emulator, to);
            return true;
        }
        let (first, last) = (sheet.first(), sheet.end() - 1);
        let rows = u64::from(self.rows).max(1);
        let bottom = (self.top + rows - 1).min(last);
        let times = u64::from(count);
        let half = (rows / 2).max(1);
        let page = rows.saturating_sub(1).max(1);
        let is_counted = self.count.take().is_some();
        let pages = match action {
            Action::HalfPageUp => Some(-(half.cast_signed())),
            Action::HalfPageDown => Some(half.cast_signed()),
            Action::PageUp => Some(-(page.cast_signed())),
            Action::PageDown => Some(page.cast_signed()),
            _ => None,
        };
        if let Some(step) = pages {
            let step = step.saturating_mul(i64::from(count));
            let row = from.row.saturating_add_signed(step).clamp(first, last);
            self.cursor = on_text(&sheet, Point { row, column: 0 }, self.goal);
            self.top = self.top.saturating_add_signed(step);
            self.hold(emulator);
            self.show(emulator);
            return true;
        }
        let row = match action {
            Action::Up => from.row.saturating_sub(times),
            Action::Down => from.row.saturating_add(times),
            Action::Top | Action::End if is_counted => first + times - 1,
            Action::Top => first,
            Action::End => sheet.last_written(),
            Action::ScreenTop => (self.top + times - 1).min(bottom),
            Action::ScreenMiddle => self.top + (bottom - self.top) / 2,
            Action::ScreenBottom => bottom.saturating_sub(times - 1).max(self.top),
            Action::LineStart | Action::LineText | Action::LineEnd => from.row,
            _ => return false,
        };
        let row = row.clamp(first, last);
        match action {
            Action::LineStart
            | Action::Top
            | Action::End
            | Action::ScreenTop
            | Action::ScreenMiddle
            | Action::ScreenBottom => self.goal = 0,
            Action::LineText => self.goal = motion::text_start(&sheet, row),
            Action::LineEnd => self.goal = u16::MAX,
            _ => {}
        }
        self.cursor = on_text(&sheet, Point { row, column: 0 }, self.goal);
        self.show(emulator);
        true
    }

    fn select(&mut self, shape: Shape) -> Outcome {
        self.selection = match self.selection {
            Some(selection) if selection.shape == shape => None,
            Some(selection) => Some(Selection { shape, ..selection }),
            None => Some(Selection {
                anchor: self.cursor,
                shape,
            }),
        };
        Outcome::Nothing
    }

    /// The text that is selected.
    pub(super) fn selected(&self, emulator: &Emulator) -> Option<String> {
        let selection = self.selection?;
        let sheet = Sheet::new(emulator, &self.frozen);
        Some(selection.covers(&sheet, self.cursor).text(&sheet))
    }

    fn line(&mut self, emulator: &Emulator) -> Outcome {
        let times = self.times();
        let sheet = Sheet::new(emulator, &self.frozen);
        let selection = Selection {
            anchor: self.cursor,
            shape: Shape::Lines,
        };
        let mut to = sheet.clamp(self.cursor);
        for _ in 1..times {
            let next = sheet.line_end(to.row, LINE_ROWS) + 1;
            if next >= sheet.end() {
                break;
            }
            to.row = next;
        }
        Outcome::Copy(selection.covers(&sheet, to).text(&sheet), true)
    }

    /// Where what is under the cursor leads: a hyperlink, an address, a path.
    fn link(&self, emulator: &Emulator) -> Option<String> {
        let sheet = Sheet::new(emulator, &self.frozen);
        let cursor = sheet.clamp(self.cursor);
        let style = sheet.row(cursor.row).style(cursor.column);
        let link = style.and_then(|style| emulator.link(style.link?));
        if let Some(link) = link {
            return Some(link.to_owned());
        }
        let (_, _, name) = name_around(&sheet, cursor)?;
        let leads = name.contains('/') || name.contains('.') || name.contains(':');
        (leads && name.chars().any(char::is_alphanumeric)).then_some(name)
    }

    /// Selects the name at a place, as a double click does.
    pub(super) fn select_name(&mut self, emulator: &Emulator, at: Point) {
        let sheet = Sheet::new(emulator, &self.frozen);
        if let Some((from, to, _)) = name_around(&sheet, sheet.clamp(at)) {
            self.selection = Some(Selection {
                anchor: from,
                shape: Shape::Characters,
            });
            self.put(emulator, to);
        }
    }

    /// Begins a search.
    pub(super) fn begin_search(&mut self, toward: Toward) {
        self.search = Some(Search::new(toward, self.cursor));
    }

    /// Looks for these words while they are typed.
    pub(super) fn search(&mut self, emulator: &Emulator, words: &str) {
        let sheet = Sheet::new(emulator, &self.frozen);
        let Some(search) = &mut self.search else {
            return;
        };
        search.set(words, &sheet);
        let origin = search.origin;
        self.work(emulator, AT_ONCE);
        let is_found = self
            .search
            .as_ref()
            .is_some_and(|search| search.current.is_some());
        if !is_found {
            self.put(emulator, origin);
        }
    }

    /// The search is dropped: the cursor goes back.
    pub(super) fn drop_search(&mut self, emulator: &Emulator) {
        if let Some(search) = self.search.take() {
            self.put(emulator, search.origin);
        }
    }

    /// Goes to another match, as the search went or against it.
    pub(super) fn next_match(&mut self, emulator: &Emulator, is_same: bool) -> Outcome {
        let count = self.times();
        let Some(search) = &mut self.search else {
            return Outcome::Say("nothing is searched for: / and ? begin");
        };
        let goes_forth = (search.toward == Toward::Forth) == is_same;
        let toward = if goes_forth {
            Toward::Forth
        } else {
            Toward::Back
        };
        search.go(self.cursor, toward, count);
        match self.work(emulator, AT_ONCE) {
            Some(words) => Outcome::Say(words),
            None => Outcome::Nothing,
        }
    }

    /// While a search is typed: to the match above, or below.
    pub(super) fn step_search(&mut self, emulator: &Emulator, toward: Toward) {
        let is_same = self.search.as_ref().map(|search| search.toward) == Some(toward);
        self.next_match(emulator, is_same);
    }

    /// Whether rows wait to be searched.
    pub(super) fn is_searching(&self) -> bool {
        self.search.as_ref().is_some_and(Search::is_at_work)
    }

    /// Searches some rows, at least so many; goes where it wants to go when that is found. What there is to say.
    pub(super) fn work(&mut self, emulator: &Emulator, rows: u64) -> Option<&'static str> {
        let sheet = Sheet::new(emulator, &self.frozen);
        let search = self.search.as_mut()?;
        let mut found = search.arrive();
        let mut worked = 0;
        while search.is_at_work() && worked < rows {
            search.work(&sheet);
            worked += 64;
            if found == Found::NotYet {
                found = search.arrive();
            }
        }
        match found {
            Found::NotYet => None,
            Found::Nothing => Some("not found"),
            Found::At(Match { start, .. }, is_anew) => {
                self.put_in_the_middle(emulator, start);
                is_anew.then_some("the search went on from the other end")
            }
        }
    }

    /// Puts the cursor there; when that is not to be seen, in the middle of the view.
    fn put_in_the_middle(&mut self, emulator: &Emulator, to: Point) {
        let rows = u64::from(self.rows);
        if !(self.top..self.top + rows).contains(&to.row) {
            self.top = to.row.saturating_sub(rows / 2);
        }
        self.put(emulator, to);
    }
}

/// The place in a row that is nearest to a column.
fn on_text(sheet: &Sheet<'_>, point: Point, column: u16) -> Point {
    let point = sheet.clamp(point);
    let row = sheet.row(point.row);
    Point {
        row: point.row,
        column: row.column(row.index(column)),
    }
}

/// What was copied, in words.
pub(super) fn words_of(text: &str) -> String {
    let lines = text.lines().count();
    let characters = text.chars().count();
    match (lines, characters) {
        (0, _) => "there is nothing to copy".to_owned(),
        (1, 1) => "copied 1 character".to_owned(),
        (1, _) => format!("copied {characters} characters"),
        _ => format!("copied {lines} lines, {characters} characters"),
    }
}
