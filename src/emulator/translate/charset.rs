//! Character sets of the VT100: ASCII, British, and DEC's line drawing.

/// One of four sets that SO, SI and the shifts choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Charset {
    /// What is written is what is meant.
    #[default]
    Ascii,
    /// `#` is the pound.
    British,
    /// Lines and some signs.
    Drawing,
}

/// The four sets, and which of them is in use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Charsets {
    sets: [Charset; 4],
    current: u8,
    /// For one character.
    single: Option<u8>,
}

impl Charsets {
    /// `ESC ( 0` and its like: which of the four, and what it becomes. What isn't known is ASCII.
    pub(super) fn designate(&mut self, intermediate: u8, last: u8) {
        let number = match intermediate {
            b'(' => 0,
            b')' | b'-' => 1,
            b'*' | b'.' => 2,
            b'+' | b'/' => 3,
            _ => return,
        };
        let set = match last {
            b'0' | b'2' => Charset::Drawing,
            b'A' => Charset::British,
            _ => Charset::Ascii,
        };
        if let Some(place) = self.sets.get_mut(number) {
            *place = set;
        }
    }

    /// SI, SO, LS2, LS3.
    pub(super) fn shift(&mut self, number: u8) {
        self.current = number;
    }

    /// SS2, SS3.
    pub(super) fn shift_once(&mut self, number: u8) {
        self.single = Some(number);
    }

    pub(super) fn is_plain(self) -> bool {
        self.single.is_none() && self.set(self.current) == Charset::Ascii
    }

    fn set(self, number: u8) -> Charset {
        let set = self.sets.get(usize::from(number)).copied();
        set.unwrap_or_default()
    }

    /// What a character is in the set that is in use.
    pub(super) fn map(&mut self, c: char) -> char {
        let number = self.single.take().unwrap_or(self.current);
        match (self.set(number), c) {
            (Charset::British, '#') => '£',
            (Charset::Drawing, '_'..='~') => {
                const SIGNS: [char; 32] = [
                    ' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼',
                    '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
                ];
                let index = (u32::from(c) - u32::from('_')) as usize;
                SIGNS.get(index).copied().unwrap_or(c)
            }
            _ => c,
        }
    }
}
