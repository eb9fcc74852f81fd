//! Git: worktrees, autosave refs, diffs, commits, integration. All of gix lives here.
