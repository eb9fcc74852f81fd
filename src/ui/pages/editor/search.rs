//! Finding a text in a text. Small letters find capital ones too; a capital letter finds itself alone.

use regex::Regex;

/// A text that is looked for, and where it is.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) query: String,
    pattern: Option<Regex>,
    /// Line, and first character and the one behind the last.
    matches: Vec<(usize, usize, usize)>,
    /// Which text was searched.
    generation: u64,
}

impl Search {
    pub(super) fn new(query: &str, lines: &[String], generation: u64) -> Self {
        let mut search = Self {
            query: query.to_owned(),
            pattern: (!query.is_empty())
                .then(|| Regex::new(&pattern(query)).ok())
                .flatten(),
            matches: Vec::new(),
            generation: 0,
        };
        search.run(lines);
        search.generation = generation;
        search
    }

    /// Looks again when the text has changed.
    pub(super) fn refresh(&mut self, lines: &[String], generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.run(lines);
        }
    }

    fn run(&mut self, lines: &[String]) {
        self.matches.clear();
        let Some(pattern) = &self.pattern else {
            return;
        };
        for (number, line) in lines.iter().enumerate() {
            for found in pattern.find_iter(line) {
                let characters = |to: usize| line.get(..to).map_or(0, |text| text.chars().count());
                let (from, to) = (characters(found.start()), characters(found.end()));
                self.matches.push((number, from, to));
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.matches.len()
    }

    /// The first at or behind a place, around the end; its number from 1.
    pub(super) fn from(&self, place: (usize, usize)) -> Option<(usize, (usize, usize, usize))> {
        let at = self
            .matches
            .partition_point(|(line, from, _)| (*line, *from) < place);
        let at = if at == self.matches.len() { 0 } else { at };
        Some((at + 1, *self.matches.get(at)?))
    }

    /// The last before a place, around the beginning; its number from 1.
    pub(super) fn before(&self, place: (usize, usize)) -> Option<(usize, (usize, usize, usize))> {
        let at = self
            .matches
            .partition_point(|(line, from, _)| (*line, *from) < place);
        let at = at
            .checked_sub(1)
            .unwrap_or(self.matches.len().checked_sub(1)?);
        Some((at + 1, *self.matches.get(at)?))
    }

    /// What is found on a line, from character to character.
    pub(super) fn on(&self, line: usize) -> impl Iterator<Item = (usize, usize)> {
        let from = self.matches.partition_point(|(other, ..)| *other < line);
        let rest = self.matches.get(from..).unwrap_or_default().iter();
        rest.take_while(move |(other, ..)| *other == line)
            .map(|(_, from, to)| (*from, *to))
    }
}

/// The text itself; each letter in both cases, unless there is a capital one.
fn pattern(query: &str) -> String {
    if query.chars().any(char::is_uppercase) {
        return regex::escape(query);
    }
    let mut pattern = String::new();
    for c in query.chars() {
        let upper: String = c.to_uppercase().collect();
        if upper.chars().count() == 1 && !upper.starts_with(c) {
            pattern.extend(['[', c]);
            pattern.push_str(&upper);
            pattern.push(']');
        } else {
            pattern.push_str(&regex::escape(&c.to_string()));
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_capital_ones_around_the_end() {
        let lines = ["Äpfel (ä)".to_owned(), "nichts".to_owned(), "ÄÄ".to_owned()];
        let search = Search::new("ä", &lines, 1);
        assert_eq!(search.count(), 4);
        assert_eq!(search.from((0, 1)), Some((2, (0, 7, 8))));
        assert_eq!(search.from((2, 2)), Some((1, (0, 0, 1))));
        assert_eq!(search.before((0, 0)), Some((4, (2, 1, 2))));
        assert_eq!(search.on(2).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
        assert_eq!(Search::new("Ä", &lines, 1).count(), 3);
        assert_eq!(Search::new("(", &lines, 1).count(), 1);
        assert_eq!(Search::new("", &lines, 1).from((0, 0)), None);
    }
}
