//! What there is to see of an attempt that a human hands back.

use super::comparison;
use super::context::Places;
use crate::domain::ids::AttemptId;
use crate::domain::taking::Sight;
use crate::domain::unfinished::Unfinished;
use crate::git::Repository;
use crate::store::seat::SeatLock;

/// Looks. `unfinished` is what the attempt has left when it has ended: nobody else looks at its working tree.
pub(super) fn look(
    places: &Places,
    git: Option<&Repository>,
    attempt: AttemptId,
    unfinished: Option<&Unfinished>,
) -> Sight {
    Sight {
        is_occupied: SeatLock::is_taken(&places.docket(), &attempt),
        has_changed: unfinished.is_none_or(|unfinished| has_changed(git, unfinished)),
        attempt,
    }
}

/// Whether its working tree is another one than docket saved last; true where nobody can tell.
fn has_changed(git: Option<&Repository>, unfinished: &Unfinished) -> bool {
    let (Some(git), Some(carry), Some(saved)) = (git, &unfinished.carry, &unfinished.work.tree)
    else {
        return true;
    };
    if carry.workspace.branch.is_none() {
        return true;
    }
    match comparison::live_tree(git, &unfinished.from, &carry.workspace) {
        Ok(tree) => tree.to_string() != *saved,
        Err(error) => {
            tracing::warn!(%error, attempt = %unfinished.from, "can't tell what a human has changed");
            true
        }
    }
}
