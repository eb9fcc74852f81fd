//! The title of the terminal's window: the run in three words. Nothing of it comes from an agent or a ticket.

use std::fmt::Write as _;

use crate::domain::board::PhaseView;
use crate::ui::model::Model;

/// `docket: r12 3/9`, and `!` in front when somebody is needed.
pub(crate) fn title(model: &Model) -> String {
    let mut title = String::from(if model.totals.waiting > 0 {
        "! docket"
    } else {
        "docket"
    });
    if let Some(run) = &model.board.run {
        let end = match run.phase {
            PhaseView::Paused => " paused",
            PhaseView::Finished { .. } => " ended",
            PhaseView::Running | PhaseView::Ending { .. } => "",
        };
        let _infallible = write!(title, ": {}{end}", run.id);
    }
    let total = model.queue.total();
    if total > 0 {
        let _infallible = write!(title, " {}/{total}", model.queue.done());
    }
    title
}
