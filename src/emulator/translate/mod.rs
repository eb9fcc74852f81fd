//! Between a program's bytes and vt100: repairs what vt100 lacks, and answers what vt100 doesn't.
//!
//! `vte` tells the sequences; most go on as they came. Some become others that vt100 knows (`CSI 4:3 m` is `CSI 4 m` and a
//! tag, see [`super::extras`]), some change only what is remembered here ([`state`]), some need the cursor's place: then vt100
//! gets first what it hasn't got yet. Plain text isn't looked at character by character.
//!
//! Whatever way bytes are cut into pieces, the screen is the same: a sequence that came in one piece goes on as it came, one
//! that came in several is written anew from its parameters.

mod charset;
mod csi;
mod modes;
mod sgr;
mod state;
mod strings;
mod text;

use std::path::PathBuf;

use super::cell::{CellStyle, Underline};
use super::host::Host;

pub(super) use state::State;
pub(super) use text::shown;

/// Longest operating system command; what is longer is cut, and links that are cut are dropped.
const OSC: usize = 4_096;

/// What may be worked off before the clock is looked at again, about as many bytes of plain text.
const EFFORT: usize = 16_384;

const ESC: u8 = 0x1b;

/// The folder that a program says it works in (OSC 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingFolder {
    /// The machine, as the program calls it; empty when it doesn't say.
    pub host: String,
    /// The folder on that machine.
    pub path: PathBuf,
}

/// See the module.
pub(super) struct Translator {
    parser: vte::Parser<OSC>,
    pub(super) state: State,
    /// Whether the next byte begins something new.
    is_ground: bool,
    /// What vt100 gets next.
    out: Vec<u8>,
    string: strings::Device,
}

/// What became of some bytes.
pub(super) struct Advanced {
    /// So many of them were looked at.
    pub(super) bytes: usize,
    /// The last of them began a synchronized update.
    pub(super) begins_update: bool,
}

impl Translator {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self {
            parser: vte::Parser::default(),
            state: State::new(columns, rows),
            is_ground: true,
            out: Vec::new(),
            string: strings::Device::default(),
        }
    }

    /// The screen has begun anew: it is empty, and nothing is on its way. Returns what makes it the screen that the program thinks it has.
    pub(super) fn begin_anew(&mut self) -> Vec<u8> {
        self.parser = vte::Parser::default();
        self.is_ground = true;
        self.out.clear();
        self.state.resized(self.state.columns, self.state.rows);
        self.state.main.origin = false;
        self.state.alternate.origin = false;
        let mut bytes = Vec::new();
        if self.state.is_alternate {
            bytes.extend_from_slice(b"\x1b[?47h");
        }
        sgr::write(&self.state.pen, &mut bytes);
        bytes
    }

    /// An update has lasted too long.
    pub(super) fn end_update(&mut self) {
        self.state.flags.set(state::Flags::UPDATE, false);
    }

    pub(super) fn resized(&mut self, columns: u16, rows: u16) {
        self.state.resized(columns, rows);
    }

    /// Looks at bytes until they, or the effort that may be made at once, are used up, or a synchronized update begins.
    pub(super) fn advance(&mut self, screen: &mut vt100::Parser<Host>, bytes: &[u8]) -> Advanced {
        let mut performer = Performer {
            state: &mut self.state,
            screen,
            out: &mut self.out,
            string: &mut self.string,
            is_ground: self.is_ground,
            stops: false,
            is_whole: false,
            passes: false,
            begins_update: false,
            effort: 0,
        };
        let mut at = 0;
        let mut began = at;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if performer.effort >= EFFORT || performer.begins_update {
                break;
            }
            if performer.is_ground {
                let end = memchr::memchr(ESC, rest).unwrap_or(rest.len());
                if end > 0 {
                    let (run, after) = rest.split_at(end);
                    at += performer.run(run, after.is_empty(), &mut self.parser);
                    continue;
                }
                began = at;
                performer.is_ground = false;
                performer.is_whole = true;
            }
            // Either a whole sequence or one byte at a time: so it is known when the sequence ends.
            let length = if performer.is_whole && at == began {
                control_sequence(rest)
            } else {
                1
            };
            let piece = rest.get(..length).unwrap_or(rest);
            performer.stops = false;
            performer.passes = false;
            at += self.parser.advance_until_terminated(&mut performer, piece);
            if performer.passes {
                let sequence = bytes.get(began..at).unwrap_or_default();
                performer.effort += sequence.len();
                performer.out.extend_from_slice(sequence);
            }
        }
        performer.flush();
        self.is_ground = performer.is_ground;
        Advanced {
            bytes: at,
            begins_update: performer.begins_update,
        }
    }
}

/// How long the control sequence is that begins here, when all of it is here and nothing is within it; else 1.
fn control_sequence(bytes: &[u8]) -> usize {
    let Some(rest) = bytes.strip_prefix(b"\x1b[") else {
        return 1;
    };
    match rest.iter().position(|byte| !(0x20..0x40).contains(byte)) {
        Some(end)
            if rest
                .get(end)
                .is_some_and(|byte| (0x40..0x7f).contains(byte)) =>
        {
            end + 3
        }
        _ => 1,
    }
}

/// What `vte` tells its findings to.
struct Performer<'a> {
    state: &'a mut State,
    screen: &'a mut vt100::Parser<Host>,
    out: &'a mut Vec<u8>,
    string: &'a mut strings::Device,
    is_ground: bool,
    /// `vte` shall come back.
    stops: bool,
    /// The sequence's first byte is at hand, and nothing has come in between.
    is_whole: bool,
    /// The sequence goes on as it came.
    passes: bool,
    begins_update: bool,
    /// What has been done, measured in bytes of plain text.
    effort: usize,
}

impl Performer<'_> {
    /// vt100 gets what is meant for it.
    fn flush(&mut self) {
        if !self.out.is_empty() {
            self.effort += self.out.len();
            self.screen.process(self.out);
            self.out.clear();
        }
    }

    /// Where the cursor is, from 0: row, and column; the one behind the last when the next character wraps.
    fn cursor(&mut self) -> (u16, u16) {
        self.flush();
        self.effort += 8;
        self.screen.screen().cursor_position()
    }

    /// Whether the next character goes to the next row.
    fn is_past_margin(&mut self) -> bool {
        self.state.may_be_past_margin && self.cursor().1 >= self.state.columns
    }

    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Moves the cursor, whatever rows are counted from: vt100's VPA knows no origin.
    fn move_to(&mut self, row: u16, column: u16) {
        self.write(&format!(
            "\x1b[{}d\x1b[{}G",
            u32::from(row) + 1,
            u32::from(column) + 1
        ));
    }

    /// A whole screen's worth of work.
    fn toil(&mut self) {
        self.effort += usize::from(self.state.columns) * usize::from(self.state.rows) / 16;
    }

    /// Whether vt100's pen is nothing but colours.
    fn has_bare_pen(&self) -> bool {
        let pen = &self.state.pen;
        !(pen.bold || pen.dim || pen.italic || pen.inverse || pen.underline != Underline::None)
    }

    /// Writes something while vt100's pen is nothing but the background: what it erases gets all of its pen's looks.
    fn with_bare_pen(&mut self, write: impl FnOnce(&mut Self)) {
        let pen = self.state.pen;
        let is_bare = self.has_bare_pen();
        if !is_bare {
            let bare = CellStyle {
                background: pen.background,
                ..CellStyle::default()
            };
            sgr::write(&bare, self.out);
        }
        write(self);
        if !is_bare {
            sgr::write(&pen, self.out);
        }
    }

    /// The pen is another one.
    fn take_pen(&mut self, pen: CellStyle) {
        self.state.pen = pen;
        sgr::write(&pen, self.out);
        self.state.retag();
    }
}

impl vte::Perform for Performer<'_> {
    fn print(&mut self, c: char) {
        self.is_ground = true;
        self.stops = true;
        self.put(c);
    }

    fn execute(&mut self, byte: u8) {
        self.is_whole = false;
        if matches!(byte, 0x18 | 0x1a) {
            self.is_ground = true;
            self.stops = true;
        }
        if byte < 0x80 {
            self.control(byte);
        }
    }

    fn csi_dispatch(
        &mut self,
        params: &vte::Params,
        intermediates: &[u8],
        is_cut: bool,
        action: char,
    ) {
        self.is_ground = true;
        self.stops = true;
        self.state.cluster.clear();
        // Looks may be cut; whatever else is too long to be kept is nothing that is known.
        if !is_cut || (action == 'm' && intermediates.is_empty()) {
            self.csi(params, intermediates, action);
        }
        self.effort += 4;
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], is_cut: bool, byte: u8) {
        self.is_ground = true;
        self.stops = true;
        self.state.cluster.clear();
        if !is_cut {
            self.escape(intermediates, byte);
        }
        self.effort += 4;
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], is_bell: bool) {
        self.is_ground = is_bell;
        self.stops = true;
        self.state.cluster.clear();
        self.osc(params, is_bell);
        self.effort += 16;
    }

    fn hook(&mut self, _: &vte::Params, intermediates: &[u8], is_cut: bool, action: char) {
        self.state.cluster.clear();
        self.string.begin(intermediates, is_cut, action);
    }

    fn put(&mut self, byte: u8) {
        self.string.take(byte);
    }

    fn unhook(&mut self) {
        self.device();
    }

    fn terminated(&self) -> bool {
        self.stops
    }
}
