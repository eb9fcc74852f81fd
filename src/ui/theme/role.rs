//! Roles: what a piece of the screen is, never how it looks.

use crate::domain::settings::words;

words! {
    /// What a piece of the screen is. A theme gives each a style, laid over [`Role::Base`].
    Role {
        /// The whole screen, below everything else.
        Base = "base",
        /// Running text.
        Text = "text",
        /// What matters less.
        Dim = "dim",
        /// What matters more.
        Accent = "accent",
        /// A heading in Markdown.
        Heading = "heading",
        /// Code in Markdown.
        Code = "code",
        /// A link, a path that can be opened.
        Link = "link",
        /// The border of a pane.
        Border = "border",
        /// The border of the pane that has the keys.
        BorderFocus = "border_focus",
        /// The title of a pane.
        Title = "title",
        /// The title of the pane that has the keys.
        TitleFocus = "title_focus",
        /// The selected line of the pane that has the keys.
        Selection = "selection",
        /// The selected line of another pane.
        SelectionInactive = "selection_inactive",
        /// What a search found.
        Match = "match",
        /// The line at the top.
        Header = "header",
        /// A key in a hint.
        HintKey = "hint_key",
        /// What the key does.
        Hint = "hint",
        /// A number of things that wait for a human.
        Badge = "badge",
        /// The ground of a popup.
        Popup = "popup",
        /// The border of a popup.
        PopupBorder = "popup_border",
        /// A field to type into.
        Input = "input",
        /// A ticket that may start.
        StateQueued = "state_queued",
        /// A ticket that may not start yet.
        StateBlocked = "state_blocked",
        /// An agent works.
        StateRunning = "state_running",
        /// A human is needed: request, reply, gate.
        StateWaiting = "state_waiting",
        /// Checks run, or work is merged.
        StateValidating = "state_validating",
        /// Done.
        StateDone = "state_done",
        /// Ended without success.
        StateFailed = "state_failed",
        /// A file that can't be read as a ticket.
        StateBroken = "state_broken",
        /// Skipped or cancelled.
        StateSkipped = "state_skipped",
        /// Done, with checks that passed.
        ProofProven = "proof_proven",
        /// Done, and nobody named a check.
        ProofUnchecked = "proof_unchecked",
        /// A human set `done: true`.
        ProofByHand = "proof_by_hand",
        /// Not as docket left it.
        ProofTampered = "proof_tampered",
        /// An added line.
        DiffAdd = "diff_add",
        /// A removed line.
        DiffDel = "diff_del",
        /// The head of a hunk.
        DiffHunk = "diff_hunk",
        /// The name of a changed file.
        DiffFile = "diff_file",
        /// What an agent thinks.
        Reasoning = "reasoning",
        /// A tool call.
        Tool = "tool",
        /// What a tool printed.
        ToolOutput = "tool_output",
        /// It went well.
        Success = "success",
        /// Worth knowing.
        Notice = "notice",
        /// Worth a look.
        Warning = "warning",
        /// It went wrong.
        Error = "error",
        /// A keyword in code.
        SyntaxKeyword = "syntax_keyword",
        /// A text in code.
        SyntaxString = "syntax_string",
        /// A comment in code.
        SyntaxComment = "syntax_comment",
        /// A number or another constant in code.
        SyntaxNumber = "syntax_number",
        /// The name of a type in code.
        SyntaxType = "syntax_type",
        /// The name of a function or macro in code.
        SyntaxFunction = "syntax_function",
        /// The ground of an added line, below the colours of its code. Only shown where all colours are.
        DiffAddLine = "diff_add_line",
        /// The ground of a removed line.
        DiffDelLine = "diff_del_line",
        /// Words that were added to a line.
        DiffAddWord = "diff_add_word",
        /// Words that were removed from a line.
        DiffDelWord = "diff_del_word",
    }
}

impl Role {
    /// How many there are.
    pub const COUNT: usize = Self::WORDS.len();

    /// Every role, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::WORDS.iter().filter_map(|word| word.parse().ok())
    }

    /// The role whose style it takes in a theme that says nothing about it. Roles with one may be left out of every theme.
    pub const fn fallback(self) -> Option<Self> {
        Some(match self {
            Self::SyntaxKeyword => Self::Accent,
            Self::SyntaxString => Self::Success,
            Self::SyntaxComment => Self::Dim,
            Self::SyntaxNumber => Self::Warning,
            Self::SyntaxType => Self::Tool,
            Self::SyntaxFunction => Self::Code,
            Self::DiffAddLine | Self::DiffAddWord => Self::DiffAdd,
            Self::DiffDelLine | Self::DiffDelWord => Self::DiffDel,
            _ => return None,
        })
    }
}
