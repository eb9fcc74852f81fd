//! Output of programs: SGR colours are kept, every other escape sequence is dropped.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::ColorDepth;

/// A line of output is cut after so many characters: nobody reads more, and layout stays quick.
const LONGEST_LINE: usize = 4_000;

/// The lines of `output`, not wrapped. A carriage return begins its line anew, as progress bars expect.
pub(crate) fn lines(output: &str, base: Style, depth: ColorDepth) -> Vec<Line<'static>> {
    let mut performer = Performer {
        base,
        style: base,
        depth,
        lines: Vec::new(),
        spans: Vec::new(),
        text: String::new(),
        length: 0,
        returned: false,
    };
    let mut parser = vte::Parser::new();
    parser.advance(&mut performer, output.as_bytes());
    performer.finish()
}

struct Performer {
    base: Style,
    style: Style,
    depth: ColorDepth,
    lines: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
    text: String,
    length: usize,
    returned: bool,
}

impl Performer {
    fn end_span(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.spans
                .push(Span::styled(text::clean(&text).into_owned(), self.style));
        }
    }

    fn end_line(&mut self) {
        self.end_span();
        self.lines.push(Line::from(std::mem::take(&mut self.spans)));
        self.length = 0;
        self.returned = false;
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        if !self.text.is_empty() || !self.spans.is_empty() {
            self.end_line();
        }
        self.lines
    }

    fn begin_anew(&mut self) {
        if std::mem::take(&mut self.returned) {
            self.text.clear();
            self.spans.clear();
            self.length = 0;
        }
    }

    fn color(&self, color: Color) -> Color {
        self.depth.nearest(color).unwrap_or(Color::Reset)
    }

    fn sgr(&mut self, params: &vte::Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            let code = param.first().copied().unwrap_or(0);
            self.style = match code {
                0 => self.base,
                1 => self.style.add_modifier(Modifier::BOLD),
                2 => self.style.add_modifier(Modifier::DIM),
                3 => self.style.add_modifier(Modifier::ITALIC),
                4 => self.style.add_modifier(Modifier::UNDERLINED),
                7 => self.style.add_modifier(Modifier::REVERSED),
                9 => self.style.add_modifier(Modifier::CROSSED_OUT),
                22 => self.style.remove_modifier(Modifier::BOLD | Modifier::DIM),
                23 => self.style.remove_modifier(Modifier::ITALIC),
                24 => self.style.remove_modifier(Modifier::UNDERLINED),
                27 => self.style.remove_modifier(Modifier::REVERSED),
                29 => self.style.remove_modifier(Modifier::CROSSED_OUT),
                30..=37 => self.style.fg(self.color(Color::Indexed(low(code - 30)))),
                40..=47 => self.style.bg(self.color(Color::Indexed(low(code - 40)))),
                90..=97 => self.style.fg(self.color(Color::Indexed(low(code - 82)))),
                100..=107 => self.style.bg(self.color(Color::Indexed(low(code - 92)))),
                38 | 48 => {
                    let color = match param {
                        [_, rest @ ..] if !rest.is_empty() => extended(rest.iter().copied()),
                        _ => extended(params.by_ref().filter_map(|param| param.first().copied())),
                    };
                    match color.map(|color| self.color(color)) {
                        Some(color) if code == 38 => self.style.fg(color),
                        Some(color) => self.style.bg(color),
                        None => self.style,
                    }
                }
                39 => Style {
                    fg: self.base.fg,
                    ..self.style
                },
                49 => Style {
                    bg: self.base.bg,
                    ..self.style
                },
                _ => self.style,
            };
        }
    }
}

fn low(code: u16) -> u8 {
    u8::try_from(code).unwrap_or(0)
}

/// `5;n` or `2;r;g;b`, as many as needed and no more.
fn extended(mut params: impl Iterator<Item = u16>) -> Option<Color> {
    let byte = |param: Option<u16>| param.map(|param| low(param.min(255)));
    match params.next()? {
        5 => Some(Color::Indexed(byte(params.next())?)),
        2 => {
            let rest: Vec<u8> = params
                .by_ref()
                .take(3)
                .map(|param| low(param.min(255)))
                .collect();
            match rest[..] {
                [r, g, b] => Some(Color::Rgb(r, g, b)),
                _ => None,
            }
        }
        _ => None,
    }
}

impl vte::Perform for Performer {
    fn print(&mut self, c: char) {
        self.begin_anew();
        self.length += 1;
        if self.length <= LONGEST_LINE {
            self.text.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.end_line(),
            b'\r' => self.returned = true,
            b'\t' => {
                self.begin_anew();
                let spaces = 8 - self.length % 8;
                self.length += spaces;
                if self.length <= LONGEST_LINE {
                    self.text.extend(std::iter::repeat_n(' ', spaces));
                }
            }
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &vte::Params, intermediates: &[u8], _: bool, action: char) {
        if action == 'm' && intermediates.is_empty() {
            self.end_span();
            self.sgr(params);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(output: &str) -> Vec<String> {
        lines(output, Style::default(), ColorDepth::Truecolor)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn colours_are_kept_and_everything_else_is_dropped() {
        let lines = lines(
            "\u{1b}[1;31mred\u{1b}[0m \u{1b}[38;5;208mo\u{1b}[38:2:1:2:3mt\u{1b}[2J\u{1b}]0;title\u{7}x",
            Style::default(),
            ColorDepth::Truecolor,
        );
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].to_string(), "red otx");
        let styles: Vec<_> = lines[0].spans.iter().map(|span| span.style.fg).collect();
        assert_eq!(styles[0], Some(Color::Indexed(1)));
        assert_eq!(styles[2], Some(Color::Indexed(208)));
        assert_eq!(styles[3], Some(Color::Rgb(1, 2, 3)));
    }

    #[test]
    fn a_progress_bar_leaves_its_last_state() {
        assert_eq!(show("10 %\r50 %\r100 %\ndone\r\n"), ["100 %", "done"]);
        assert_eq!(show("a\tb\n\nc"), ["a       b", "", "c"]);
    }
}
