//! What agents and days have used, as bars with their numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{bar, cell};
use crate::domain::item::Usage;
use crate::domain::reason::{coarse, count};
use crate::domain::spent::{self, Spent};
use crate::store::past::Spending;
use crate::ui::panes::{Move, moved};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// State of the picture.
#[derive(Debug, Default)]
pub(super) struct UsageView {
    spending: Option<Spending>,
    trouble: Option<String>,
    /// The number of the open question.
    asked: Option<u64>,
    is_current: bool,
    by_money: bool,
    lines: Vec<Line<'static>>,
    /// What `lines` was laid out for.
    laid_for: Option<(u16, u64, bool)>,
    top: usize,
    height: usize,
}

impl UsageView {
    /// Something was used since.
    pub(super) fn outdate(&mut self) {
        self.is_current = false;
    }

    /// Whether to ask now; then the question counts as asked.
    pub(super) fn wants(&mut self, question: u64) -> bool {
        if self.is_current || self.asked.is_some() {
            return false;
        }
        self.is_current = true;
        self.asked = Some(question);
        true
    }

    /// The answer.
    pub(super) fn came(&mut self, question: u64, spent: Result<Spending, String>) {
        if self.asked.take_if(|asked| *asked == question).is_none() {
            return;
        }
        match spent {
            Ok(spent) => {
                self.spending = Some(spent);
                self.trouble = None;
            }
            Err(why) => self.trouble = Some(why),
        }
        self.laid_for = None;
    }

    /// Bars of money, or of tokens.
    pub(super) fn toggle_measure(&mut self) {
        self.by_money = !self.by_money;
    }

    /// Scrolls.
    pub(super) fn go(&mut self, to: Move) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = moved(self.top, to, self.height).min(last);
    }

    pub(super) fn prepare(&mut self, area: Rect, look: &Look) {
        self.height = usize::from(area.height);
        let setting = (area.width, look.stamp(), self.by_money);
        if self.laid_for != Some(setting) {
            self.lines = self.lay_out(usize::from(area.width), look);
            self.laid_for = Some(setting);
        }
        self.top = self.top.min(self.lines.len().saturating_sub(self.height));
    }

    fn lay_out(&self, columns: usize, look: &Look) -> Vec<Line<'static>> {
        let dim = look.theme.style(Role::Dim);
        if let Some(trouble) = &self.trouble {
            return crate::ui::render::plain(trouble, columns, look.theme.style(Role::Error));
        }
        let spent = match &self.spending {
            None => return vec![Line::styled("the ledger is not read yet", dim)],
            Some(spending) if spending.spent == Spent::default() => {
                return vec![Line::styled("nothing was used yet", dim)];
            }
            Some(spending) => &spending.spent,
        };
        let measure = if self.by_money { "money" } else { "tokens" };
        let heading = |words: &str| {
            let words = format!("{words}, bars of {measure}");
            let words = text::fit(&words, columns, look.ascii).into_owned();
            Line::styled(words, look.theme.style(Role::Heading))
        };
        let sums = spent.agents.iter().chain(&spent.days);
        let names = sums.clone().map(|sum| text::width(&sum.name)).max();
        let names = names.unwrap_or(0).clamp(4, (columns / 3).max(4));
        let is_wide = columns >= 70;
        let words = sums.map(|sum| text::width(&numbers(sum, is_wide))).max();
        let room = columns.saturating_sub(names + words.unwrap_or(0) + 2);
        let widths = (names, room, is_wide);
        let mut lines = vec![heading("Agents")];
        lines.extend(self.section(spent.agents.iter(), widths, look));
        lines.push(Line::default());
        lines.push(heading("Days"));
        // The newest first: what was long ago is further down.
        lines.extend(self.section(spent.days.iter().rev(), widths, look));
        lines
    }

    fn measure(&self, usage: &Usage) -> f64 {
        if self.by_money {
            usage.cost_usd.unwrap_or(0.0)
        } else {
            usage.tokens() as f64
        }
    }

    fn section<'a>(
        &self,
        sums: impl Iterator<Item = &'a spent::Line> + Clone,
        (names, room, is_wide): (usize, usize, bool),
        look: &Look,
    ) -> Vec<Line<'static>> {
        let most = sums.clone().map(|sum| self.measure(&sum.usage));
        let most = most.fold(0.0, f64::max);
        let style = |role| look.theme.style(role);
        sums.map(|sum| {
            let words = numbers(sum, is_wide);
            let bar = bar(self.measure(&sum.usage), most, room, look.ascii);
            Line::from(vec![
                Span::styled(cell(&sum.name, names, look.ascii), style(Role::Text)),
                Span::raw(" "),
                Span::styled(cell(&bar, room, look.ascii), style(Role::Accent)),
                Span::styled(format!(" {words}"), style(Role::Dim)),
            ])
        })
        .collect()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let shown = self.lines.iter().skip(self.top);
        for (line, row) in shown.zip(area.rows()) {
            line.render(row, buffer);
        }
    }
}

/// `  41.2k tokens   $1.30   12 attempts  2h 03m`.
fn numbers(sum: &spent::Line, is_wide: bool) -> String {
    let tokens = count(sum.usage.tokens());
    let cost = sum
        .usage
        .cost_usd
        .map_or_else(|| "-".to_owned(), |cost| format!("${cost:.2}"));
    if !is_wide {
        return format!("{tokens:>7} {cost:>7}");
    }
    let attempts = match sum.attempts {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let lasted = coarse(sum.lasted);
    format!("{tokens:>7} tokens {cost:>9} {attempts:>14} {lasted:>8}")
}
