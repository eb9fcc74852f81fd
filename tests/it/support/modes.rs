//! What a program has changed about its terminal, read from its bytes.

use std::collections::BTreeMap;

use vte::{Params, Parser, Perform};

/// The state of everything that can be set and taken back.
#[derive(Default)]
struct Modes {
    /// Private modes, `?1049` and the like: whether they are set.
    private: BTreeMap<u16, bool>,
    /// How often the keyboard's modes were pushed and not popped.
    keyboard: i32,
    /// The same of titles.
    titles: i32,
    /// Whether a title was set that nothing brings back.
    title_is_lost: bool,
}

impl Perform for Modes {
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _ignore: bool, action: char) {
        let numbers: Vec<u16> = params.iter().flatten().copied().collect();
        match (intermediates, action) {
            (b"?", 'h' | 'l') => {
                let set = numbers.iter().map(|number| (*number, action == 'h'));
                self.private.extend(set);
            }
            (b">", 'u') => self.keyboard += 1,
            (b"<", 'u') => self.keyboard -= 1,
            (b"", 't') if numbers == [22, 2] => self.titles += 1,
            (b"", 't') if numbers == [23, 2] => self.titles -= 1,
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell_terminated: bool) {
        if params.first() == Some(&b"2".as_slice()) && self.titles == 0 {
            self.title_is_lost = true;
        }
    }
}

/// Everything that is not as before these bytes.
pub(crate) fn left_behind(bytes: &[u8]) -> Vec<String> {
    let mut modes = Modes::default();
    Parser::new().advance(&mut modes, bytes);
    // A terminal begins with a cursor, and with nothing else.
    let cursor = 25;
    let private = modes.private.iter();
    let mut left: Vec<String> = private
        .filter(|(mode, is_set)| (**mode == cursor) != **is_set)
        .map(|(mode, is_set)| format!("?{mode}{}", if *is_set { 'h' } else { 'l' }))
        .collect();
    if modes.keyboard != 0 {
        left.push(format!("keyboard modes: {}", modes.keyboard));
    }
    if modes.titles != 0 || modes.title_is_lost {
        left.push("a title".to_owned());
    }
    left
}
