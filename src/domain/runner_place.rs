//! Who runs the queue, as a process sees it that looks on.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerPlace {
    /// A runner in another process. All that had happened until now was told before this.
    Elsewhere {
        /// Its process, if it left word of it.
        pid: Option<u32>,
    },
    /// Nobody: the runner is gone.
    Nowhere {
        /// docket's own folder went too: nothing that is shown can be looked up.
        folder_is_gone: bool,
    },
    /// This process: it took over.
    Here,
}
