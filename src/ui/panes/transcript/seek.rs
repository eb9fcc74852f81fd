//! Search and jumps: what is wanted next, and getting there.

use regex::Regex;

use super::hunt::{Hunt, Next, Toward};
use super::{Reveal, TranscriptPane};
use crate::ui::effect::{Effect, Load, Part, Scanned};
use crate::ui::needle::{self, Hit, Needle};
use crate::ui::text;
use crate::ui::theme::Role;

/// What can be jumped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    Error,
    Request,
    Edit,
    Turn,
}

impl Jump {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Request => "request",
            Self::Edit => "edit",
            Self::Turn => "turn",
        }
    }
}

/// For whom something is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Search,
    Jump(Jump),
}

/// A place that is wanted.
#[derive(Debug, Clone, Copy)]
struct Want {
    by: For,
    toward: Toward,
    from: u64,
    /// Whether a place at `from` itself will do.
    here: bool,
    /// Whether it went on at the other end of the file.
    wrapped: bool,
}

/// A search.
#[derive(Debug)]
struct Search {
    words: String,
    pattern: Regex,
    hunt: Hunt,
}

/// State of search and jumps.
#[derive(Debug, Default)]
pub(super) struct Seeking {
    search: Option<Search>,
    jump: Option<Hunt>,
    want: Option<Want>,
    /// The number of the last question, and for whom it is open.
    question: u64,
    asked: Option<For>,
    /// Where the last place was, and the item that was marked there.
    at: Option<(Hit, Option<u64>)>,
    /// A place that is being read.
    goal: Option<(Hit, For)>,
}

impl Seeking {
    /// For another file.
    pub(super) fn anew(self) -> Self {
        Self {
            question: self.question + 1,
            ..Self::default()
        }
    }

    /// What the search marks.
    pub(super) fn pattern(&self) -> Option<&Regex> {
        self.search.as_ref().map(|search| &search.pattern)
    }

    /// `/words 3/41`; `41+` while there may be more.
    pub(super) fn count(&self) -> Option<String> {
        let search = self.search.as_ref()?;
        let words = text::fit(&search.words, 16, true);
        let hunt = &search.hunt;
        let more = if hunt.is_complete() { "" } else { "+" };
        let index = self.at.and_then(|(hit, _)| hunt.index(hit.offset));
        let index = index.map_or(String::new(), |index| format!("{index}/"));
        Some(format!("/{words} {index}{}{more}", hunt.count()))
    }

    fn hunt(&self, by: For) -> Option<&Hunt> {
        match by {
            For::Search => self.search.as_ref().map(|search| &search.hunt),
            For::Jump(_) => self.jump.as_ref(),
        }
    }

    fn hunt_mut(&mut self, by: For) -> Option<&mut Hunt> {
        match by {
            For::Search => self.search.as_mut().map(|search| &mut search.hunt),
            For::Jump(_) => self.jump.as_mut(),
        }
    }

    /// The user goes elsewhere.
    pub(super) fn forget_goal(&mut self) {
        self.goal = None;
        self.want = None;
    }

    fn stop(&mut self) {
        self.question += 1;
        self.asked = None;
        self.want = None;
    }
}

impl TranscriptPane {
    /// Looks for words as they are typed: marks them in what is shown, and counts them in all of the file.
    pub(crate) fn search(&mut self, words: &str) -> Vec<Effect> {
        if self
            .seeking
            .search
            .as_ref()
            .is_some_and(|search| search.words == words)
        {
            return Vec::new();
        }
        self.seeking.stop();
        self.seeking.search = needle::pattern(words).map(|pattern| Search {
            words: words.to_owned(),
            pattern,
            hunt: Hunt::new(
                Needle::Words(words.to_owned()),
                self.upper_offset(),
                self.length,
            ),
        });
        self.proceed()
    }

    /// Whether a search is on.
    pub(crate) fn is_searching(&self) -> bool {
        self.seeking.search.is_some()
    }

    /// The words of the search that is on.
    pub(crate) fn searched(&self) -> &str {
        let search = self.seeking.search.as_ref();
        search.map_or("", |search| search.words.as_str())
    }

    /// Ends the search. Whether there was one.
    pub(crate) fn end_search(&mut self) -> bool {
        if self.seeking.search.take().is_none() {
            return false;
        }
        self.seeking.stop();
        true
    }

    /// Goes to the first match from the upper edge on, the next one, or the one before.
    pub(crate) fn go_to_match(&mut self, toward: Toward, first: bool) -> Vec<Effect> {
        if !self.is_searching() {
            self.say("nothing is searched for: / begins", Role::Notice);
            return Vec::new();
        }
        let (from, here) = if first {
            (self.upper_offset(), true)
        } else {
            self.place_in_file(toward)
        };
        self.want(For::Search, toward, from, here)
    }

    /// Goes to the next thing of a kind, or the one before.
    pub(crate) fn jump(&mut self, jump: Jump, toward: Toward) -> Vec<Effect> {
        let needle = match jump {
            Jump::Error => Needle::Failure,
            Jump::Edit => Needle::Edit,
            Jump::Turn => Needle::Turn,
            Jump::Request => {
                let attempt = self.attempt();
                Needle::After(attempt.map_or_else(Vec::new, |id| self.told.requests(id)))
            }
        };
        if self.shows.is_none() || needle == Needle::After(Vec::new()) {
            self.say(format!("no {} is known here", jump.word()), Role::Notice);
            return Vec::new();
        }
        let (from, here) = self.place_in_file(toward);
        if self
            .seeking
            .jump
            .as_ref()
            .is_none_or(|hunt| *hunt.needle() != needle)
        {
            self.seeking.stop();
            // Just behind a line is where the next one begins.
            let start = match toward {
                Toward::Forth => self.upper_offset(),
                Toward::Back => from.min(self.window.range().end),
            };
            self.seeking.jump = Some(Hunt::new(needle, start, self.length));
        }
        self.want(For::Jump(jump), toward, from, here)
    }

    fn want(&mut self, by: For, toward: Toward, from: u64, here: bool) -> Vec<Effect> {
        if self.seeking.asked.is_some_and(|asked| asked != by) {
            self.seeking.stop();
        }
        self.seeking.want = Some(Want {
            by,
            toward,
            from,
            here,
            wrapped: false,
        });
        self.proceed()
    }

    /// The offset of the first item that is shown.
    fn upper_offset(&self) -> u64 {
        let first = self.window.get(self.top.0);
        first.map_or(self.window.range().start, |folded| folded.offset)
    }

    /// From where a step goes in the file: the last place as long as nobody went on from there, or else the marked item,
    /// or else the edge of what is shown. And whether the thing at that place counts.
    fn place_in_file(&self, toward: Toward) -> (u64, bool) {
        let marked = self.marked();
        // Who scrolled away from the mark goes on from what is seen.
        let is_left =
            self.seeking.goal.is_none() && marked.is_some_and(|place| !self.is_in_view(place));
        if let Some((hit, cursor)) = self.seeking.at
            && cursor == self.cursor
            && !is_left
        {
            return (hit.offset, false);
        }
        if let Some(folded) = marked.and_then(|place| self.window.get(place))
            && !is_left
        {
            return (folded.offset, false);
        }
        match toward {
            Toward::Back if self.follow => (self.window.range().end, false),
            Toward::Forth | Toward::Back => (self.upper_offset(), true),
        }
    }

    /// Goes to what is wanted when that is known; or else asks for the piece of the file where it may be.
    fn proceed(&mut self) -> Vec<Effect> {
        let Some(want) = self.seeking.want else {
            let search = self.seeking.hunt(For::Search);
            let piece = search.and_then(|hunt| hunt.piece(None));
            return piece.map_or_else(Vec::new, |part| self.ask_scan(For::Search, part));
        };
        let Some(hunt) = self.seeking.hunt(want.by) else {
            self.seeking.want = None;
            return Vec::new();
        };
        match hunt.next(want.toward, want.from, want.here) {
            Next::Found(hit) => {
                self.seeking.want = None;
                let mut effects = self.reach(hit, want.by);
                effects.extend(self.proceed());
                effects
            }
            Next::Unknown => match hunt.piece(Some((want.toward, want.from))) {
                Some(part) => self.ask_scan(want.by, part),
                None => Vec::new(),
            },
            Next::Nowhere => self.nowhere(want),
        }
    }

    fn nowhere(&mut self, want: Want) -> Vec<Effect> {
        match want.by {
            For::Search if !want.wrapped => {
                let (from, words) = match want.toward {
                    Toward::Forth => (0, "on from the beginning"),
                    Toward::Back => (u64::MAX, "on from the end"),
                };
                self.say(words, Role::Notice);
                self.seeking.want = Some(Want {
                    from,
                    here: true,
                    wrapped: true,
                    ..want
                });
                self.proceed()
            }
            For::Search => {
                self.seeking.want = None;
                self.say("nothing matches", Role::Notice);
                Vec::new()
            }
            For::Jump(jump) => {
                self.seeking.want = None;
                let side = match want.toward {
                    Toward::Forth => "below",
                    Toward::Back => "above",
                };
                self.say(format!("no {} {side}", jump.word()), Role::Notice);
                self.proceed()
            }
        }
    }

    fn ask_scan(&mut self, by: For, part: Part) -> Vec<Effect> {
        if self.seeking.asked.is_some() {
            return Vec::new();
        }
        let (Some(shown), Some(hunt)) = (&self.shows, self.seeking.hunt(by)) else {
            return Vec::new();
        };
        let (path, needle) = (shown.path.clone(), hunt.needle().clone());
        self.seeking.asked = Some(by);
        self.seeking.question += 1;
        vec![Effect::Load(Load::Scan {
            question: self.seeking.question,
            path,
            part,
            needle,
        })]
    }

    /// A piece was looked through.
    pub(crate) fn scanned(&mut self, question: u64, found: Result<Scanned, String>) -> Vec<Effect> {
        if question != self.seeking.question {
            return Vec::new();
        }
        let Some(by) = self.seeking.asked.take() else {
            return Vec::new();
        };
        let fits = match found {
            Ok(found) => self
                .seeking
                .hunt_mut(by)
                .is_some_and(|hunt| hunt.take(found)),
            Err(trouble) => {
                self.say(trouble, Role::Error);
                false
            }
        };
        if !fits {
            // The file is not what it was.
            self.seeking.want = None;
            match by {
                For::Search => self.seeking.search = None,
                For::Jump(_) => self.seeking.jump = None,
            }
        }
        self.proceed()
    }

    /// The file has grown: a search goes on there.
    pub(super) fn seek_in_new(&mut self) -> Vec<Effect> {
        let length = self.length;
        if let Some(search) = &mut self.seeking.search {
            search.hunt.grown(length);
        }
        if let Some(jump) = &mut self.seeking.jump {
            jump.grown(length);
        }
        self.proceed()
    }

    /// Goes to a place of the file.
    fn reach(&mut self, hit: Hit, by: For) -> Vec<Effect> {
        self.leave_end();
        self.seeking.goal = Some((hit, by));
        let is_here = self.window.range().contains(&hit.offset);
        if is_here && self.window.place_of(hit.id).is_some() {
            self.arrive(true);
            return Vec::new();
        }
        self.ask(Part::At(hit.offset))
    }

    /// Marks the item that was to be reached, if it is in memory. Until all around it is, its beginning may be missing.
    pub(super) fn arrive(&mut self, is_whole: bool) {
        let Some((hit, by)) = self.seeking.goal else {
            return;
        };
        let Some(place) = self.window.place_of(hit.id) else {
            return;
        };
        if is_whole {
            self.seeking.goal = None;
        }
        let mut head = self.window.head(place);
        // What came after a request is known; the item before it is what asked.
        if by == For::Jump(Jump::Request) {
            let mut before = self.window.places().start..head;
            head = before
                .rfind(|place| self.window.is_head(*place))
                .unwrap_or(head);
        }
        self.cursor = self.window.get(head).map(|folded| folded.id);
        self.seeking.at = Some((hit, self.cursor));
        self.reveal = Some(match by {
            For::Search => Reveal::Match,
            For::Jump(_) => Reveal::Item,
        });
    }
}
