//! What an agent can do beyond taking a prompt: written beside what is typed to it.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// It asks before it acts; otherwise it is unsupervised.
    pub asks: bool,
    /// It takes words in the middle of a turn.
    pub steers: bool,
    /// It can end a turn on request and live on.
    pub interrupts: bool,
    /// A new process can go on with the conversation of an old one.
    pub resumes: bool,
    /// A no to what it asks carries words.
    pub hears_reasons: bool,
    /// It runs on a terminal, which people may look at and type into.
    pub terminal: bool,
    /// docket knows how to open its own terminal interface on a session of its.
    pub has_tui: bool,
}

impl Abilities {
    /// Each with whether it has it, in words, in the order in which people read them.
    pub(crate) fn each(self) -> [(bool, &'static str); 5] {
        let all = [
            (self.steers, "hears words in a turn", "hears none in a turn"),
            (
                self.interrupts,
                "can be interrupted",
                "can't be interrupted",
            ),
            (
                self.resumes,
                "goes on after a restart",
                "forgets at a restart",
            ),
            (self.asks, "asks before it acts", "acts without asking"),
            (self.hears_reasons, "hears why not", "hears a no alone"),
        ];
        all.map(|(can, yes, no)| (can, if can { yes } else { no }))
    }
}
