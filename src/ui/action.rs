//! Everything that a key can do. One closed list: dispatch, help, hints and `docs/KEYS.md` come from it.

macro_rules! actions {
    ($($(#[$group:meta])* $variant:ident = $name:literal, $hint:literal, $doc:literal;)+) => {
        /// Something that a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Action {
            $(#[doc = $doc] $variant,)+
        }

        impl Action {
            /// All of them, in the order of the help.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name: what a key is bound to.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// One or two words for the line of hints.
            pub(crate) fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),+ }
            }

            /// One sentence for the help.
            pub(crate) fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

actions! {
    Start = "start", "start", "Start a run over the queue, or go on after a pause";
    StartOnly = "start-only", "start this", "Start a run over the selected ticket alone";
    TogglePause = "toggle-pause", "pause", "Pause the run and freeze its agents, or go on";
    StopTicket = "stop-ticket", "stop", "Stop the selected ticket's attempt";
    Retry = "retry", "retry", "Try the selected ticket again";
    Skip = "skip", "skip", "Leave the selected ticket out of this run";
    Approve = "approve", "approve", "Approve what the selected ticket waits for: what its agent asks, or its gate";
    Reject = "reject", "reject", "Reject it, with a reason that goes into the next turn";
    Reply = "reply", "reply", "Answer the selected ticket's agent, in its next turn";
    Steer = "steer", "steer", "Tell the selected ticket's agent something in the middle of its turn, where it takes that; else in its next turn";
    Interrupt = "interrupt", "interrupt", "End the turn of the selected ticket's agent; a reply goes on";
    NextWaiting = "next-waiting", "next waiting", "Select the next ticket that waits for a human";
    FollowRun = "follow-run", "follow", "Select whatever begins to run, until you move";
    Diff = "diff", "diff", "Show the diff of the selected ticket's last attempt";

    Inbox = "inbox", "inbox", "Everything that waits for you, of all tickets";
    Overview = "overview", "overview", "The run in pictures: time line, dependencies, usage";
    Edit = "edit", "edit", "Edit the selected ticket";
    TakeOver = "take-over", "take over", "Beside another docket: run the queue from here when that one has ended";

    FocusQueue = "focus-queue", "queue", "Go to the queue";
    FocusTranscript = "focus-transcript", "transcript", "Go to the transcript";
    FocusEvidence = "focus-evidence", "evidence", "Go to the evidence";
    Terminal = "terminal", "terminal", "Go to the terminal of the selected ticket's working tree; opens a shell there";
    NextPane = "next-pane", "next pane", "Go to the next pane";
    PreviousPane = "previous-pane", "previous pane", "Go to the previous pane";
    Zoom = "zoom", "zoom", "Give the pane the whole screen, or take it back";
    ToggleDetails = "toggle-details", "unfold", "Show all of the transcript's tool output and reasoning, or fold it";

    Up = "up", "up", "One line up";
    Down = "down", "down", "One line down";
    PageUp = "page-up", "page up", "One page up";
    PageDown = "page-down", "page down", "One page down";
    Top = "top", "top", "To the beginning";
    End = "end", "end", "To the end; a transcript is followed from there";
    Open = "open", "open", "Open what is selected";
    Close = "close", "close", "Close what is open around the selection";
    Back = "back", "back", "Back: clear the filter, leave the zoom, go to the queue";
    Filter = "filter", "filter", "Show only tickets that match; words in any order, `!word` excludes";

    LeaveTerminal = "leave-terminal", "leave the terminal", "Leave the terminal; the shell goes on";
    ScrollbackUp = "scrollback-up", "scroll up", "Look at what the terminal showed before";
    ScrollbackDown = "scrollback-down", "scroll down", "Back towards the terminal's end";

    ToggleMouse = "toggle-mouse", "mouse", "Take the mouse, or leave it to your terminal (to select text)";
    Redraw = "redraw", "redraw", "Draw everything anew";
    Help = "help", "help", "Show all keys";
    Suspend = "suspend", "suspend", "Put docket into the background (`fg` brings it back); its agents are frozen meanwhile";
    StopRun = "stop-run", "stop the run", "Stop the run after asking; twice: kill it now";
    Quit = "quit", "quit", "Leave docket; asks first while a run is alive";

    Yes = "yes", "yes", "Do it";
    No = "no", "no", "Don't";
    Send = "send", "send", "Send what was typed";
    NewLine = "new-line", "new line", "Begin a new line";
    Cancel = "cancel", "cancel", "Drop it";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
