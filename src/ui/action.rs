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
    AllowTicket = "allow-ticket", "this ticket", "Allow what is asked, and the very same for as long as this ticket is worked on";
    AllowAlways = "allow-always", "always", "Allow what is asked, and the very same of every ticket here from now on; shows the rule first";
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
    LeaveTerminal = "leave-terminal", "leave", "Leave the terminal; the shell goes on";
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
    SwitchWay = "switch-way", "other way", "Let something else become of it: now in this turn, or with the next one";
    WriteOutside = "write-outside", "editor", "Write it in $EDITOR";
    NewLine = "new-line", "new line", "Begin a new line";
    Cancel = "cancel", "cancel", "Drop it";
    Palette = "palette", "palette", "Find an action by its name and do it; a number goes to that ticket";
    Wider = "wider", "wider", "Make the pane wider";
    Narrower = "narrower", "narrower", "Make the pane narrower";
    Taller = "taller", "taller", "Make the pane taller";
    Lower = "lower", "lower", "Make the pane lower";
    EvenPanes = "even-panes", "even", "Show all panes, each in its usual size";
    HidePane = "hide-pane", "hide", "Hide the pane; its number brings it back";
    NextLayout = "next-layout", "next layout", "Lay the panes out in another way: standard, wide, below, columns";
    EditOutside = "edit-outside", "in $EDITOR", "Edit the ticket, the note or the text as it is in $VISUAL or $EDITOR";
    Notes = "notes", "notes", "The notes that all agents share: edit one, or begin a new one";
    NewNote = "new-note", "new note", "Begin a new note";
    SaveText = "save-text", "save", "Save the text";
    UndoEdit = "undo-edit", "undo", "Undo the last change of the text";
    RedoEdit = "redo-edit", "redo", "Do again what was undone";
    CopyText = "copy-text", "copy", "Copy the selected text, to the system's clipboard too (Shift with an arrow selects)";
    CutText = "cut-text", "cut", "Cut the selected text, to the system's clipboard too";
    PasteText = "paste-text", "paste", "Put in what was cut or copied last";
    SelectAllText = "select-all-text", "select all", "Select the whole text";
    FindText = "find-text", "find", "Find a text; small letters find capital ones too";
    FindNextText = "find-next-text", "next match", "Go to the next match";
    FindPreviousText = "find-previous-text", "previous match", "Go to the previous match";
    GoToLine = "go-to-line", "go to line", "Go to a line by its number";
    Claim = "claim", "it is done", "Say that the turn of the selected ticket's agent on a terminal is over and its work done: it is checked";
    EndTurn = "end-turn", "turn is over", "Say that the turn of the selected ticket's agent on a terminal is over and its work not done: the next turn begins";
    NextProblem = "next-problem", "next problem", "Go to the next problem that lint finds";
    DropText = "drop-text", "drop it", "Leave without saving";
    OverwriteText = "overwrite-text", "overwrite", "Write over what is on the disk now and was just shown";
    ReloadText = "reload-text", "take theirs", "Take what is on the disk; the text as it was here is kept in a file";
    Verify = "verify", "verify", "Check that the attempt's evidence is as it was sealed";
    Export = "export", "export", "Write the attempt's evidence into one file that anybody can check";
    CompareAttempts = "compare", "compare", "Mark this attempt; on another one: compare the two";
    OpenInPager = "open-in-pager", "pager", "Open the file in $PAGER";
    OpenInEditor = "open-in-editor", "editor", "Open a read-only copy of the file in $EDITOR: evidence is never edited";
    CopyPath = "copy-path", "copy path", "Put the file's path on the clipboard";
    NextFile = "next-file", "next file", "Go to the next file of the diff";
    PreviousFile = "previous-file", "previous file", "Go to the previous file of the diff";
    NextHunk = "next-hunk", "next hunk", "Go to the next hunk";
    PreviousHunk = "previous-hunk", "previous hunk", "Go to the previous hunk";
    SideBySide = "side-by-side", "side by side", "Show old and new side by side, or one below the other";
    Comment = "comment", "comment", "Comment on this line, or change its comment; an empty one is dropped";
    Reload = "reload", "reload", "Take the diff anew";
    Unskip = "unskip", "take back", "Take the selected ticket, which was left out, into this run again";
    Find = "find", "find", "Find a ticket by some of the letters of its number, title, agent or state";
    NewTicket = "new-ticket", "new ticket", "Write a new ticket from a template";
    ToggleDependencies = "toggle-dependencies", "tree", "Show each ticket below what it depends on, or the run order again";
    Mark = "mark", "mark", "Mark the selected ticket, or take its mark away: retry, skip, start, stop and move are about all marked ones";
    MarkAll = "mark-all", "mark all", "Mark all tickets that are shown, or take their marks away";
    MoveUp = "move-up", "move up", "Let the ticket run before the one above it";
    MoveDown = "move-down", "move down", "Let the ticket run after the one below it";
    MoveFirst = "move-first", "move first", "Let the ticket run as early as its dependencies permit";
    MoveLast = "move-last", "move last", "Let the ticket run as late as what depends on it permits";
    NextItem = "next-item", "next item", "Mark the next item of the transcript";
    PreviousItem = "previous-item", "previous item", "Mark the item before";
    CopyItem = "copy-item", "copy", "Copy the marked item's text";
    OpenRaw = "open-raw", "raw", "Open what agent and docket said to each other in `$PAGER`";
    Search = "search", "search", "Search the transcript; capitals matter if there is one";
    NextMatch = "next-match", "next match", "Go to the next item that matches";
    PreviousMatch = "previous-match", "previous match", "Go to the item that matches before; without a search: reject";
    NextError = "next-error", "next error", "Go to the next error or tool that failed";
    PreviousError = "previous-error", "previous error", "Go to the error or failed tool before";
    NextRequest = "next-request", "next request", "Go to where the agent asked next";
    PreviousRequest = "previous-request", "previous request", "Go to where the agent asked before";
    NextEdit = "next-edit", "next edit", "Go to the next change to a file";
    PreviousEdit = "previous-edit", "previous edit", "Go to the change before";
    NextTurn = "next-turn", "next turn", "Go to the next turn";
    PreviousTurn = "previous-turn", "previous turn", "Go to the beginning of the turn, or to the turn before";
    NextAttempt = "next-attempt", "next attempt", "Show the ticket's next attempt; the last one is live";
    PreviousAttempt = "previous-attempt", "previous attempt", "Show the ticket's attempt before";
    Themes = "themes", "themes", "Choose a theme; each is shown while it is selected";
    OverviewNext = "overview-next", "next picture", "The next picture of the run";
    OverviewPrevious = "overview-previous", "previous picture", "The previous picture of the run";
    OverviewProgress = "overview-progress", "progress", "How far the run is, what it uses and what it may";
    OverviewTimeline = "overview-timeline", "time line", "Tickets and attempts in time";
    OverviewGraph = "overview-graph", "graph", "What depends on what";
    OverviewUsage = "overview-usage", "usage", "What agents and days have used";
    OverviewLeft = "overview-left", "left", "To the left; earlier";
    OverviewRight = "overview-right", "right", "To the right; later";
    OverviewZoomIn = "overview-zoom-in", "zoom in", "Look closer at the time line";
    OverviewZoomOut = "overview-zoom-out", "zoom out", "See more of the time line";
    OverviewEarlierRun = "overview-earlier-run", "earlier run", "The time line of the run before";
    OverviewLaterRun = "overview-later-run", "later run", "The time line of the run after";
    OverviewMeasure = "overview-measure", "tokens or money", "Bars of money, or of tokens again";
    TakeOverAgent = "take-over-agent", "its TUI", "Take the selected ticket's attempt over: its agent's own interface opens on the same session; or go back to it";
    HandBack = "hand-back", "hand back", "Hand back the selected ticket's attempt, which was taken over, with words for its agent or without";
    Record = "record", "record", "Record what the terminal shows into a file that can be played, or stop that";
    PlayerPause = "player-pause", "pause", "Pause the recording, or go on";
    PlayerBack = "player-back", "5 s back", "Five seconds back";
    PlayerForward = "player-forward", "5 s on", "Five seconds on";
    PlayerBackMinute = "player-back-minute", "1 min back", "A minute back";
    PlayerForwardMinute = "player-forward-minute", "1 min on", "A minute on";
    PlayerSlower = "player-slower", "slower", "Play half as fast";
    PlayerFaster = "player-faster", "faster", "Play twice as fast";
    PlayerStep = "player-step", "step", "Pause, and show the next piece of output";
    PlayerPreviousMarker = "player-previous-marker", "previous marker", "To the marker before; to the beginning when there is none";
    PlayerNextMarker = "player-next-marker", "next marker", "To the next marker; digits go to tenths of the recording";
    PlayerIdle = "player-idle", "cut pauses", "Cut pauses to two seconds, or play them whole";
    NewTab = "new-tab", "new tab", "Open another terminal in the same folder, as a tab";
    NewTabWorktree = "new-tab-worktree", "in worktree", "Open a terminal in the working tree of the selected ticket, as a tab";
    NewTabRepository = "new-tab-repository", "in repository", "Open a terminal in the repository, as a tab";
    NewTabEvidence = "new-tab-evidence", "in evidence", "Open a terminal in the evidence of the selected ticket's attempt, as a tab";
    NextTab = "next-tab", "next tab", "Go to the next tab of the terminal";
    PreviousTab = "previous-tab", "previous tab", "Go to the tab before";
    Tab1 = "tab-1", "go to tab", "Go to the tab of this number";
    Tab2 = "tab-2", "go to tab", "Go to the tab of this number";
    Tab3 = "tab-3", "go to tab", "Go to the tab of this number";
    Tab4 = "tab-4", "go to tab", "Go to the tab of this number";
    Tab5 = "tab-5", "go to tab", "Go to the tab of this number";
    Tab6 = "tab-6", "go to tab", "Go to the tab of this number";
    Tab7 = "tab-7", "go to tab", "Go to the tab of this number";
    Tab8 = "tab-8", "go to tab", "Go to the tab of this number";
    SplitBeside = "split-beside", "beside", "Open another terminal in the same folder, beside this one";
    SplitBelow = "split-below", "below", "Open another terminal in the same folder, below this one";
    NextProgram = "next-program", "next split", "Go to the next terminal of a split tab";
    PreviousProgram = "previous-program", "previous split", "Go to the terminal before in a split tab";
    RenameTab = "rename-tab", "rename", "Give the tab a name of your own; an empty one takes it away";
    CloseTerminal = "close-terminal", "close", "Close the terminal; asks when its shell runs something";
    ReopenTerminal = "reopen-terminal", "open again", "Open another terminal where this one was";
    SendChord = "send-chord", "type it", "Type the chord itself into the program";
    PasteAsLine = "paste-as-line", "as one line", "Paste the lines as one, with spaces between them";
    CopyMode = "copy-mode", "copy mode", "Read the terminal back: move over it, select, copy; the program goes on";
    SearchTerminal = "search-terminal", "search", "Search what the terminal showed, from its end back";
    ReadInPager = "read-in-pager", "in $PAGER", "Read all that the terminal showed in `$PAGER`";
    CursorLeft = "cursor-left", "left", "One character to the left";
    CursorRight = "cursor-right", "right", "One character to the right";
    HalfPageUp = "half-page-up", "half page up", "Half a page up";
    HalfPageDown = "half-page-down", "half page down", "Half a page down";
    LineStart = "line-start", "line start", "To the beginning of the row (`0` too)";
    LineText = "line-text", "line text", "To the first character of the row that is no blank";
    LineEnd = "line-end", "line end", "To the end of the row";
    NextWord = "next-word", "next word", "To the next word";
    PreviousWord = "previous-word", "previous word", "To the beginning of the word, or to the word before";
    WordEnd = "word-end", "word end", "To the end of the word";
    NextBigWord = "next-big-word", "next word", "To the next word between blanks";
    PreviousBigWord = "previous-big-word", "previous word", "To the beginning of the word between blanks, or to the one before";
    BigWordEnd = "big-word-end", "word end", "To the end of the word between blanks";
    ScreenTop = "screen-top", "screen top", "To the first row that is shown";
    ScreenMiddle = "screen-middle", "screen middle", "To the row in the middle";
    ScreenBottom = "screen-bottom", "screen bottom", "To the last row that is shown";
    NextParagraph = "next-paragraph", "next paragraph", "To the next empty row";
    PreviousParagraph = "previous-paragraph", "previous paragraph", "To the empty row before";
    FindCharacter = "find-character", "to character", "To the next place of a character in the line";
    FindCharacterBack = "find-character-back", "back to character", "To the place before of a character in the line";
    TillCharacter = "till-character", "before character", "To what is before the next place of a character";
    TillCharacterBack = "till-character-back", "behind character", "To what is behind the place before of a character";
    RepeatCharacter = "repeat-character", "once more", "To the next place of that character again";
    ReverseCharacter = "reverse-character", "back again", "The same in the other direction";
    MatchingBracket = "matching-bracket", "bracket", "To the bracket that belongs to this one";
    SelectCharacters = "select-characters", "select", "Select characters from here, or select no more";
    SelectLines = "select-lines", "select lines", "Select lines from here, or select no more";
    SelectBlock = "select-block", "select a block", "Select a block of columns from here, or select no more";
    OtherEnd = "other-end", "other end", "Go to the other end of what is selected";
    CopySelection = "copy-selection", "copy", "Copy what is selected, and leave copy mode";
    CopyLine = "copy-line", "copy the line", "Copy the line, and leave copy mode";
    CopyLink = "copy-link", "copy the link", "Copy where the link leads, or the address or the path that is here";
    ClearSelection = "clear-selection", "clear", "Drop the number, the selection, the search; then leave copy mode";
    LeaveCopyMode = "leave-copy-mode", "leave", "Leave copy mode, for the terminal's end";
    SearchForth = "search-forth", "search", "Search what follows; capitals matter if there is one";
    SearchBack = "search-back", "search back", "Search what is before; capitals matter if there is one";
}

impl Action {
    /// The action of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|action| action.name() == name)
    }
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
