//! Texts of others on the way to a terminal: nothing in a title or in an agent's words may move the cursor, set a title or
//! hide what follows.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use vte::{Parser, Perform};

use crate::output;

/// One line of text, safe for a terminal: control characters become their pictures, white space becomes one blank.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let safe = |c: char| if c.is_whitespace() { ' ' } else { picture(c) };
    Cow::Owned(text.chars().map(safe).collect())
}

/// Text of several lines as it is for a program, and safe for a terminal if it goes to one.
pub(super) fn block(text: &str) -> Cow<'_, str> {
    if output::result_is_shown() {
        visible(text)
    } else {
        Cow::Borrowed(text)
    }
}

/// Text of several lines, safe for a terminal: escape sequences go, other control characters become their pictures. A
/// carriage return ends a line, so that nothing is written over.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| !is_control(c) || c == '\n' || c == '\t';
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut plain = Plain::default();
    Parser::new().advance(&mut plain, text.as_bytes());
    Cow::Owned(plain.text)
}

/// Takes what a terminal would print and leaves out what it would obey.
#[derive(Default)]
struct Plain {
    text: String,
    after_return: bool,
}

impl Plain {
    fn end_return(&mut self) {
        if std::mem::take(&mut self.after_return) && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

impl Perform for Plain {
    fn print(&mut self, c: char) {
        self.end_return();
        self.text.push(picture(c));
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.after_return = true,
            b'\n' => {
                self.after_return = false;
                self.text.push('\n');
            }
            b'\t' => {
                self.end_return();
                self.text.push('\t');
            }
            _ => {
                self.end_return();
                self.text.push(picture(char::from(byte)));
            }
        }
    }
}

/// What does something instead of being seen: control characters and those that turn the direction of writing.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a control character looks like.
fn picture(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if is_control(c) => '\u{fffd}',
        c => c,
    }
}

/// How many columns a line takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The line cut to `columns`, with `…` where something was cut.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut fitted = String::new();
    let mut used = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if used + width + 1 > columns {
            break;
        }
        used += width;
        fitted.push(c);
    }
    if columns > 0 {
        fitted.push('…');
    }
    Cow::Owned(fitted)
}

/// A number of bytes for people.
pub(super) fn bytes(bytes: u64) -> String {
    let kilo = bytes as f64 / 1000.0;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..10_000 => format!("{kilo:.1} kB"),
        10_000..1_000_000 => format!("{kilo:.0} kB"),
        1_000_000..1_000_000_000 => format!("{:.1} MB", kilo / 1e3),
        _ => format!("{:.1} GB", kilo / 1e6),
    }
}

/// A number of milliseconds for people.
pub(super) fn millis(millis: u64) -> String {
    let seconds = millis / 1000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{seconds}.{} s", millis / 100 % 10),
        60_000..3_600_000 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A moment in the user's own time zone: the time of day for today, else with the date.
pub(super) fn moment(
    at: crate::domain::time::Timestamp,
    now: crate::domain::time::Timestamp,
) -> String {
    let zone = jiff::tz::TimeZone::system();
    let zoned = |at: crate::domain::time::Timestamp| {
        Some(
            jiff::Timestamp::from_millisecond(at.0)
                .ok()?
                .to_zoned(zone.clone()),
        )
    };
    let (Some(at), Some(now)) = (zoned(at), zoned(now)) else {
        return "at an unknown time".to_owned();
    };
    let form = if at.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M"
    };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_obeyed() {
        assert_eq!(line("a\u{1b}[2Jb\nc\td"), "a␛[2Jb c d");
        assert_eq!(line("rtl \u{202e}x"), "rtl \u{fffd}x");
        assert_eq!(visible("\u{1b}[31mred\u{1b}[0m\r\nnext\u{7}"), "red\nnext␇");
        assert_eq!(visible("10%\r20%\rdone\n"), "10%\n20%\ndone\n");
        assert_eq!(visible("\u{1b}]0;title\u{7}x\tü\n"), "x\tü\n");
        assert!(matches!(visible("plain\n\ttext"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_are_cut_by_columns_not_by_bytes() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello!", 5), "hell…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("x", 0), "");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_250), "1.2 kB");
        assert_eq!(bytes(41_234), "41 kB");
        assert_eq!(bytes(2_500_000), "2.5 MB");
        assert_eq!(millis(29), "29 ms");
        assert_eq!(millis(1_250), "1.2 s");
        assert_eq!(millis(61_000), "1m 01s");
        assert_eq!(millis(3_900_000), "1h 05m");
    }
}
