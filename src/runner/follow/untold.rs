//! A refusal that the ledger has not told.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// A refusal that is not in the ledger after so long never will be.
const TOLD: Duration = Duration::from_millis(400);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Untold(Option<Refusal>);

#[derive(Debug)]
struct Refusal {
    what: String,
    why: String,
    /// Kept over everything else that happens: hints may come more often than it is long.
    deadline: Pin<Box<Sleep>>,
}

impl Untold {
    /// `what` was refused; the ledger has time to tell it from now on.
    pub(super) fn set(&mut self, what: String, why: String) {
        let deadline = Box::pin(sleep(TOLD));
        self.0 = Some(Refusal {
            what,
            why,
            deadline,
        });
    }

    /// The ledger has told of a refusal. Whether it was this one.
    pub(super) fn is_told(&mut self, why: &str) -> bool {
        self.0.take_if(|refusal| refusal.why == why).is_some()
    }

    /// Until it is told without the ledger; for ever when there is none.
    pub(super) async fn is_due(&mut self) {
        match &mut self.0 {
            Some(refusal) => refusal.deadline.as_mut().await,
            None => pending().await,
        }
    }

    /// What is told.
    pub(super) fn take(&mut self) -> Option<String> {
        let Refusal { what, why, .. } = self.0.take()?;
        Some(format!("can't {what}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_told_in_time_however_often_something_else_happens() {
        let mut untold = Untold::default();
        untold.set("pause".to_owned(), "nothing runs".to_owned());
        assert!(!untold.is_told("the run is ending"));
        let mut wakes = 0;
        loop {
            tokio::select! { biased;
                () = untold.is_due() => break,
                () = sleep(TOLD / 8) => wakes += 1,
            }
            assert!(wakes < 100, "it never comes");
        }
        assert!(wakes > 0);
        let told = untold.take();
        assert_eq!(told.as_deref(), Some("can't pause: nothing runs"));
        assert_eq!(untold.take(), None);
    }
}
