//! Looks and links that vt100's cells can't hold: struck out, blinking, hidden, the forms and colours of the line below, OSC 8.
//!
//! Each character that has such looks is followed by a tag: one or two variation selectors of the supplement (U+E0100 to
//! U+E01EF), which take no room on the screen. They are the number of a row of a table. So the looks go wherever vt100
//! moves the character: when the screen scrolls, when something is inserted, into the history. Such characters in what a program
//! writes are dropped before, so nobody else makes tags.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cell::{CellStyle, LinkId, Underline};

const FIRST: u32 = 0xe0100;
const COUNT: u16 = 240;
/// Numbers below this take one character; the others are two, the first of which is from here on.
const SHORT: u16 = 120;
/// So many looks there can be at once.
const MOST: u16 = SHORT + (COUNT - SHORT) * COUNT;
/// Longest address of a link; longer ones are dropped.
pub(super) const MOST_LINK: usize = 2_083;
/// Bytes of all addresses together.
const MOST_LINKS: usize = 4 << 20;

/// Whether this is a character that tags are made of.
pub(super) fn is_tag(c: char) -> bool {
    (FIRST..FIRST + u32::from(COUNT)).contains(&u32::from(c))
}

/// What is written behind a character that has looks of this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    bytes: [u8; 8],
    len: u8,
}

impl Tag {
    fn new(number: u16) -> Self {
        let mut tag = Self {
            bytes: [0; 8],
            len: 0,
        };
        if number < SHORT {
            tag.push(number);
        } else {
            tag.push(SHORT + (number - SHORT) / COUNT);
            tag.push((number - SHORT) % COUNT);
        }
        tag
    }

    fn push(&mut self, value: u16) {
        let c = char::from_u32(FIRST + u32::from(value)).unwrap_or('\u{e0100}');
        let rest = self.bytes.iter_mut().skip(usize::from(self.len));
        for (place, byte) in rest.zip(c.encode_utf8(&mut [0; 4]).bytes()) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A cell's text and the number of its looks, taken apart.
pub(super) fn split(text: &str) -> (Cow<'_, str>, Option<u16>) {
    if !text.as_bytes().contains(&0xf3) {
        return (Cow::Borrowed(text), None);
    }
    let mut number = None;
    let mut first = None;
    for c in text.chars().filter(|c| is_tag(*c)) {
        let value = u16::try_from(u32::from(c) - FIRST).unwrap_or(0);
        match (number, first) {
            (Some(_), _) => {}
            (None, Some(first)) => number = Some(SHORT + (first - SHORT) * COUNT + value),
            (None, None) if value < SHORT => number = Some(value),
            (None, None) => first = Some(value),
        }
    }
    let text = match text.find(is_tag) {
        None => return (Cow::Borrowed(text), None),
        Some(at) => {
            let (before, after) = text.split_at(at);
            match after.trim_start_matches(is_tag) {
                "" => Cow::Borrowed(before),
                after => Cow::Owned([before, after].concat()),
            }
        }
    };
    (text, number)
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Extras {
    looks: Vec<Option<CellStyle>>,
    numbers: HashMap<CellStyle, u16>,
    free: Vec<u16>,
    links: Vec<Option<Box<str>>>,
    link_numbers: HashMap<Box<str>, LinkId>,
    free_links: Vec<u16>,
    /// Bytes of all addresses.
    bytes: usize,
    /// How many looks were known when the alternate screen was entered: the main one can't be looked at meanwhile.
    pinned: usize,
    /// Whether there was no room for something.
    pub(super) is_full: bool,
}

impl Extras {
    /// What a style has that vt100 can't hold.
    pub(super) fn of(style: &CellStyle) -> CellStyle {
        CellStyle {
            dim: style.bold && style.dim,
            blink: style.blink,
            hidden: style.hidden,
            strike: style.strike,
            underline: match style.underline {
                Underline::Single => Underline::None,
                other => other,
            },
            underline_color: style.underline_color,
            link: style.link,
            ..CellStyle::default()
        }
    }

    /// The tag of looks; none where there are none, or no room.
    pub(super) fn tag(&mut self, looks: CellStyle) -> Option<Tag> {
        if looks == CellStyle::default() {
            return None;
        }
        if let Some(number) = self.numbers.get(&looks) {
            return Some(Tag::new(*number));
        }
        let number = self.free.pop().or_else(|| {
            let next = u16::try_from(self.looks.len()).ok()?;
            (next < MOST).then(|| self.looks.push(None))?;
            Some(next)
        });
        let Some(number) = number else {
            self.is_full = true;
            return None;
        };
        if let Some(place) = self.looks.get_mut(usize::from(number)) {
            *place = Some(looks);
        }
        self.numbers.insert(looks, number);
        Some(Tag::new(number))
    }

    /// Gives a cell the looks of its tag.
    pub(super) fn dress(&self, number: u16, style: &mut CellStyle) {
        let Some(Some(looks)) = self.looks.get(usize::from(number)) else {
            return;
        };
        style.dim |= looks.dim;
        style.blink = looks.blink;
        style.hidden = looks.hidden;
        style.strike = looks.strike;
        if looks.underline != Underline::None {
            style.underline = looks.underline;
        }
        style.underline_color = looks.underline_color;
        style.link = looks.link;
    }

    /// A number for an address that may be shown; none for one that may not, or where there is no room.
    pub(super) fn link_to(&mut self, address: &str) -> Option<LinkId> {
        if !is_harmless(address) {
            return None;
        }
        if let Some(link) = self.link_numbers.get(address) {
            return Some(*link);
        }
        if self.bytes + address.len() > MOST_LINKS {
            self.is_full = true;
            return None;
        }
        let number = self.free_links.pop().or_else(|| {
            let next = u16::try_from(self.links.len()).ok()?;
            self.links.push(None);
            Some(next)
        });
        let Some(number) = number else {
            self.is_full = true;
            return None;
        };
        if let Some(place) = self.links.get_mut(usize::from(number)) {
            *place = Some(address.into());
        }
        self.bytes += address.len();
        self.link_numbers.insert(address.into(), LinkId(number));
        Some(LinkId(number))
    }

    /// Where a link leads.
    pub(super) fn link(&self, link: LinkId) -> Option<&str> {
        self.links.get(usize::from(link.0))?.as_deref()
    }

    /// The main screen is hidden, or seen again: what it holds can't be looked at meanwhile.
    pub(super) fn pin(&mut self, is_hidden: bool) {
        self.pinned = if is_hidden { self.looks.len() } else { 0 };
    }

    /// Forgets what isn't used any more. `used` has the numbers of all tags that can be seen; `pen` is in use anyhow.
    pub(super) fn sweep(&mut self, used: &[bool], pens: &[CellStyle]) {
        self.is_full = false;
        let mut live = vec![false; self.links.len()];
        let mut keep = |link: Option<LinkId>| {
            let place = link.and_then(|link| live.get_mut(usize::from(link.0)));
            if let Some(place) = place {
                *place = true;
            }
        };
        for pen in pens {
            keep(pen.link);
        }
        let pens: Vec<_> = pens.iter().map(Self::of).collect();
        for (number, place) in self.looks.iter_mut().enumerate() {
            let Some(looks) = place else { continue };
            let is_used = number < self.pinned
                || used.get(number).copied().unwrap_or(false)
                || pens.contains(looks);
            if is_used {
                keep(looks.link);
            } else {
                self.numbers.remove(looks);
                self.free.extend(u16::try_from(number));
                *place = None;
            }
        }
        for (number, place) in self.links.iter_mut().enumerate() {
            if live.get(number).copied().unwrap_or(false) {
                continue;
            }
            if let Some(address) = place.take() {
                self.bytes -= address.len();
                self.link_numbers.remove(&address);
                self.free_links.extend(u16::try_from(number));
            }
        }
    }
}

/// Whether an address may be shown and opened: it leads to a page, a file or a letter, and can't mislead the eye.
fn is_harmless(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once(':') else {
        return false;
    };
    let is_known = ["http", "https", "file", "mailto"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    // OSC 8 wants what isn't printable ASCII to be percent-encoded.
    is_known
        && !rest.is_empty()
        && address.len() <= MOST_LINK
        && address.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_from_its_tag() {
        for number in 0..MOST {
            let tag = Tag::new(number);
            let tag = std::str::from_utf8(tag.as_bytes()).expect("UTF-8");
            assert!(tag.len() <= 8 && tag.chars().all(is_tag));
            let text = format!("e{tag}\u{301}");
            let (clean, found) = split(&text);
            assert_eq!((clean.as_ref(), found), ("e\u{301}", Some(number)));
        }
        assert_eq!(split("漢"), (Cow::Borrowed("漢"), None));
        assert_eq!(split("\u{f0000}"), (Cow::Borrowed("\u{f0000}"), None));
    }

    #[test]
    fn what_is_not_used_makes_room() {
        let mut extras = Extras::default();
        let look = |extras: &mut Extras, n: usize| {
            let link = extras.link_to(&format!("https://host/{n:02000}"));
            extras.tag(CellStyle {
                link: Some(link?),
                ..CellStyle::default()
            })
        };
        let kept = look(&mut extras, 0).expect("room");
        let count = (1..40_000)
            .take_while(|n| look(&mut extras, *n).is_some())
            .count();
        assert!(extras.is_full && (1_000..3_000).contains(&count), "{count}");
        extras.sweep(&[true], &[]);
        assert!(!extras.is_full);
        assert_eq!(look(&mut extras, 0), Some(kept));
        assert!(look(&mut extras, 77_777).is_some());
        assert_eq!(extras.link(LinkId(0)).map(str::len), Some(2_013));
    }

    #[test]
    fn addresses_that_may_mislead_are_dropped() {
        for (address, is_kept) in [
            ("https://example.org/a?b=c;d#e", true),
            ("HTTP://example.org", true),
            ("mailto:me@example.org", true),
            ("file://host/tmp/x", true),
            ("javascript:alert(1)", false),
            ("vscode://file/x", false),
            ("https:", false),
            ("/etc/passwd", false),
            ("https://example.org/\u{202e}gpj", false),
            ("https://example.org/a b", false),
        ] {
            assert_eq!(is_harmless(address), is_kept, "{address}");
        }
    }
}
