//! The beginning of a file, shown by its kind.

use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::ui::effect::Content;
use crate::ui::layout::split_top;
use crate::ui::panes::{Move, moved};
use crate::ui::render::{ansi, diff, hex, markdown, plain};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// A preview lays out at most so many lines.
const MOST_LINES: usize = 5_000;

/// A file's preview.
#[derive(Debug)]
pub(super) struct Preview {
    path: PathBuf,
    content: Option<Result<Content, String>>,
    /// The lines, and the width and look they were laid out for.
    lines: Vec<Line<'static>>,
    laid_for: Option<(u16, u64)>,
    top: usize,
    height: usize,
}

impl Preview {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            content: None,
            lines: Vec::new(),
            laid_for: None,
            top: 0,
            height: 0,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn set(&mut self, content: Result<Content, String>) {
        self.content = Some(content);
        self.laid_for = None;
    }

    pub(super) fn go(&mut self, to: Move) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = moved(self.top, to, self.height).min(last);
    }

    pub(super) fn prepare(&mut self, area: Rect, look: &Look) {
        let (_, body) = split_top(area, 1);
        self.height = usize::from(body.height);
        let setting = (body.width, look.stamp());
        if self.laid_for != Some(setting) && !body.is_empty() {
            self.lines = match &self.content {
                None => Vec::new(),
                Some(Ok(content)) => lines(&self.path, content, body.width, look),
                Some(Err(trouble)) => {
                    let style = look.theme.style(Role::Error);
                    plain(trouble, usize::from(body.width), style)
                }
            };
            self.laid_for = Some(setting);
        }
        self.top = self.top.min(self.lines.len().saturating_sub(self.height));
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, focused: bool, look: &Look) {
        let (title, body) = split_top(area, 1);
        if title.is_empty() {
            return;
        }
        let dash = if look.ascii { "-" } else { "─" };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let room = usize::from(title.width).saturating_sub(2);
        let name = text::fit(&name, room, look.ascii).into_owned();
        let rest = room.saturating_sub(text::width(&name));
        let roles = if focused {
            (Role::BorderFocus, Role::TitleFocus)
        } else {
            (Role::Border, Role::Title)
        };
        Line::from(vec![
            Span::styled(dash, look.theme.style(roles.0)),
            Span::styled(name, look.theme.style(roles.1)),
            Span::styled(dash.repeat(rest + 1), look.theme.style(roles.0)),
        ])
        .render(title, buffer);
        let shown = self.lines.iter().skip(self.top);
        for (line, row) in shown.zip(body.rows()) {
            line.render(row, buffer);
        }
    }
}

fn lines(path: &Path, content: &Content, columns: u16, look: &Look) -> Vec<Line<'static>> {
    let width = usize::from(columns);
    let theme = &look.theme;
    if content.bytes.is_empty() {
        return vec![Line::styled("(empty)", theme.style(Role::Dim))];
    }
    let mut lines = if hex::is_binary(&content.bytes) {
        hex::lines(&content.bytes, theme)
    } else {
        let content = String::from_utf8_lossy(&content.bytes);
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let unwrapped = match extension.as_ref() {
            "md" => return shortened(markdown::lines(&content, width, theme), look),
            "patch" | "diff" => diff::lines(&content, theme),
            "json" => match serde_json::from_str::<serde_json::Value>(&content) {
                Ok(value) => {
                    let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
                    ansi::lines(&pretty, theme.style(Role::Text), look.depth)
                }
                // Larger than the part that was read, or no JSON after all.
                Err(_) => ansi::lines(&content, theme.style(Role::Text), look.depth),
            },
            _ => ansi::lines(&content, theme.style(Role::Text), look.depth),
        };
        unwrapped
            .into_iter()
            .take(MOST_LINES)
            .flat_map(|line| text::wrap(line, width, 2))
            .collect()
    };
    if content.length > content.bytes.len() as u64 {
        lines.push(Line::styled(
            format!(
                "(the first {} of {})",
                text::bytes(content.bytes.len() as u64),
                text::bytes(content.length)
            ),
            theme.style(Role::Dim),
        ));
    }
    shortened(lines, look)
}

fn shortened(mut lines: Vec<Line<'static>>, look: &Look) -> Vec<Line<'static>> {
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push(Line::styled("(and more)", look.theme.style(Role::Dim)));
    }
    lines
}
