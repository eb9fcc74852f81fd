//! A runner that lives in another process, followed: the same handle, fed from what it writes down.
//!
//! * Facts come from the ledger, what agents say from their transcripts, the queue from its files; the system tells when to
//!   look. When nothing happens nothing wakes up, but for a look now and then in case a hint got lost.
//! * What the user asks goes into the runner's inbox, one thing after the other, and comes back as facts, or as trouble.
//! * When that runner has ended this process can take its place, behind the same handle.

mod eyes;
mod growth;
mod hints;
mod post;
mod untold;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use self::eyes::{Eyes, Seen};
use self::hints::Hints;
use self::post::Said;
use self::untold::Untold;
use super::handle::RunnerHandle;
use super::terminals::{Post, Terminals};
use super::{Setup, StartError, Started};
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::runner_place::RunnerPlace;
use crate::domain::settings::SpendingLimits;

/// Hints that follow each other are handled together; also, a hint comes a little before what it hints at can be read.
const SETTLE: Duration = Duration::from_millis(15);

/// The first look after a hint; each further one that finds nothing waits twice as long.
const ECHO: Duration = Duration::from_millis(50);

/// After this one it is quiet.
const LAST_ECHO: Duration = Duration::from_millis(800);

/// Looked at again without a hint, in case one got lost.
const CALM: Duration = Duration::from_secs(10);

/// The same where the system can't watch.
const BLIND: Duration = Duration::from_millis(500);

/// Who takes the lock only to store an answer has it no longer than this: no runner came.
const GLIMPSE: Duration = Duration::from_millis(60);

/// How many refusals are remembered.
const REFUSALS: usize = 8;

/// Follows the runner that lives in another process. With `take_over`, this process runs the queue when that one has ended,
/// and goes on with the run that it left behind; without, when the handle is told so. Must be called within a tokio runtime.
///
/// The handle ends when nobody can ask for anything any more.
pub fn follow(setup: Setup, take_over: bool) -> Result<Started, StartError> {
    let hints = Arc::new(Hints::default());
    let (eyes, board) = Eyes::open(&setup.places, &hints)?;
    let is_limited = setup.config.spending != SpendingLimits::default();
    let spent = if is_limited {
        eyes.spent()?
    } else {
        Vec::new()
    };
    let (commands, commands_receiver) = mpsc::unbounded_channel();
    let (feed, feed_receiver) = mpsc::unbounded_channel();
    let (wish, wishes) = watch::channel(take_over);
    let (said_sender, said) = mpsc::unbounded_channel();
    let (letters, letters_receiver) = mpsc::unbounded_channel();
    let postman = tokio::spawn(post::deliver(
        setup.places.clone(),
        letters_receiver,
        said_sender,
    ));
    let queue = super::watch(&setup.places, feed.clone());
    let (post, terminals) = Terminals::of(None);
    let follower = Follower {
        post,
        goes_on: take_over,
        setup,
        feed,
        eyes: Some(eyes),
        hints,
        queue,
        runner: None,
        letters,
        said,
        refused: VecDeque::new(),
        untold: Untold::default(),
        last_trouble: None,
        may_take_over: false,
        run_is_open: false,
        run_was_open: false,
    };
    tokio::spawn(async move {
        if let Some(here) = follower.run(commands_receiver, wishes).await {
            here.run().await;
        }
        // What was asked for before the end is handed over.
        let _it_has_said_why = postman.await;
    });
    Ok(Started {
        spent,
        handle: RunnerHandle {
            commands,
            feed: feed_receiver,
            take_over: Some(wish),
            terminals,
        },
        board,
    })
}

struct Follower {
    /// Where this process types into terminals once it runs the queue itself.
    post: watch::Sender<Option<Post>>,
    setup: Setup,
    feed: mpsc::UnboundedSender<Feed>,
    /// `None` while they look.
    eyes: Option<Eyes>,
    hints: Arc<Hints>,
    queue: mpsc::Receiver<Arc<Queue>>,
    /// What was told of the runner.
    runner: Option<RunnerPlace>,
    letters: mpsc::UnboundedSender<Command>,
    said: mpsc::UnboundedReceiver<Said>,
    /// Why commands were refused, as the ledger tells; the newest last.
    refused: VecDeque<String>,
    /// A refusal that the ledger has not told.
    untold: Untold,
    last_trouble: Option<String>,
    /// Nobody runs the queue, and that was not tried since.
    may_take_over: bool,
    run_is_open: bool,
    /// Whether the runner that is gone left a run behind.
    run_was_open: bool,
    /// Whether that run is to go on when this process takes over.
    goes_on: bool,
}

/// What a look came to.
enum Looked {
    /// Something was new.
    News,
    Nothing,
    /// The eyes are gone: a bug, or the end of the process.
    Lost,
}

impl Follower {
    fn tell(&self, feed: Feed) {
        let _nobody_listens = self.feed.send(feed);
    }

    /// Follows until nobody asks any more; or this process runs the queue.
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut wishes: watch::Receiver<bool>,
    ) -> Option<Here> {
        if matches!(self.look().await, Looked::Lost) {
            return None;
        }
        let mut may_wish = true;
        let mut echo = ECHO;
        let next = sleep(echo);
        tokio::pin!(next);
        loop {
            // Not marked as seen here: what changes in this moment wakes the loop again.
            let is_wanted = *wishes.borrow();
            if std::mem::take(&mut self.may_take_over) && is_wanted {
                match start(self.setup.clone()).await {
                    Ok(runner) => return self.here(runner, commands).await,
                    Err(why) => self.tell(Feed::Trouble(why)),
                }
            }
            let looks = tokio::select! { biased;
                command = commands.recv() => {
                    let _postman_is_gone = self.letters.send(command?);
                    false
                }
                Some(said) = self.said.recv() => {
                    self.heard(said);
                    false
                }
                changed = wishes.changed(), if may_wish => {
                    may_wish = changed.is_ok();
                    self.may_take_over =
                        may_wish && matches!(self.runner, Some(RunnerPlace::Nowhere { .. }));
                    false
                }
                Some(queue) = self.queue.recv() => {
                    self.tell(Feed::Queue(queue));
                    false
                }
                () = self.untold.is_due() => {
                    if matches!(self.look().await, Looked::Lost) {
                        return None;
                    }
                    self.tell_refusal();
                    false
                }
                () = self.hints.arrived() => {
                    sleep(SETTLE).await;
                    echo = ECHO;
                    true
                }
                () = &mut next => {
                    echo = if echo < LAST_ECHO { echo * 2 } else { self.calm() };
                    true
                }
            };
            if looks {
                match self.look().await {
                    Looked::News => echo = ECHO,
                    Looked::Nothing => {}
                    Looked::Lost => return None,
                }
                next.set(sleep(echo));
            }
        }
    }

    fn calm(&self) -> Duration {
        let is_blind = self.eyes.as_ref().is_none_or(Eyes::is_blind);
        if is_blind { BLIND } else { CALM }
    }

    /// Looks at everything until there is nothing new, and tells it.
    async fn look(&mut self) -> Looked {
        let mut is_news = false;
        loop {
            let Some(mut seen) = self.look_once().await else {
                return Looked::Lost;
            };
            is_news |= self.take_in(&mut seen);
            if seen.more {
                continue;
            }
            if self.changes(seen.runner) {
                // A first look believes what it sees.
                if self.runner.is_some() {
                    sleep(GLIMPSE).await;
                    let Some(mut again) = self.look_once().await else {
                        return Looked::Lost;
                    };
                    is_news |= self.take_in(&mut again);
                    if again.more || again.runner != seen.runner {
                        continue;
                    }
                }
                self.run_was_open = self.run_is_open;
                // Where the folder is gone the runner may still live: only a human says that it doesn't.
                let folder_is_gone = false;
                self.may_take_over = seen.runner == RunnerPlace::Nowhere { folder_is_gone };
                self.runner = Some(seen.runner);
                self.tell(Feed::Runner(seen.runner));
                is_news = true;
            }
            return if is_news {
                Looked::News
            } else {
                Looked::Nothing
            };
        }
    }

    async fn look_once(&mut self) -> Option<Seen> {
        let mut eyes = self.eyes.take()?;
        let looked = spawn_blocking(move || {
            let seen = eyes.look();
            (eyes, seen)
        });
        let (eyes, seen) = looked.await.ok()?;
        self.eyes = Some(eyes);
        Some(seen)
    }

    fn changes(&self, runner: RunnerPlace) -> bool {
        self.runner != Some(runner)
    }

    /// Tells what was seen. Whether it was anything.
    fn take_in(&mut self, seen: &mut Seen) -> bool {
        if seen.trouble != self.last_trouble {
            self.last_trouble.clone_from(&seen.trouble);
            if let Some(trouble) = seen.trouble.take() {
                self.tell(Feed::Trouble(trouble));
            }
        }
        let is_news = !seen.feed.is_empty();
        if seen.is_another {
            let folder_is_gone = true;
            let gone = RunnerPlace::Nowhere { folder_is_gone };
            self.run_is_open = false;
            self.runner = Some(gone);
            self.tell(Feed::Runner(gone));
        }
        for feed in seen.feed.drain(..) {
            if let Feed::Event(envelope) = &feed {
                match &envelope.event {
                    Event::RunStarted { .. } => self.run_is_open = true,
                    Event::RunFinished { .. } => self.run_is_open = false,
                    // What was refused before anybody looked is nobody's business any more.
                    Event::Refused { .. } if self.runner.is_none() => continue,
                    Event::Refused { why, .. } => self.was_refused(why),
                    _ => {}
                }
            }
            self.tell(feed);
        }
        is_news
    }

    fn was_refused(&mut self, why: &str) {
        if self.untold.is_told(why) {
            return;
        }
        if self.refused.len() == REFUSALS {
            self.refused.pop_front();
        }
        self.refused.push_back(why.to_owned());
    }

    /// Something came of a command. What is refused by the rules is a fact in the ledger, and told as that.
    fn heard(&mut self, said: Said) {
        match said {
            Said::Trouble(text) => self.tell(Feed::Trouble(text)),
            Said::Refused { what, why } => {
                if let Some(index) = self.refused.iter().position(|known| *known == why) {
                    self.refused.remove(index);
                    return;
                }
                self.tell_refusal();
                self.untold.set(what, why);
            }
        }
    }

    fn tell_refusal(&mut self) {
        if let Some(refusal) = self.untold.take() {
            self.tell(Feed::Trouble(refusal));
        }
    }

    /// The last look at what the other one left; from then on all is told by the runner that is here.
    async fn here(
        mut self,
        started: Started,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Option<Here> {
        loop {
            let mut seen = self.look_once().await?;
            self.take_in(&mut seen);
            if !seen.more {
                break;
            }
        }
        self.post.send_replace(started.handle.terminals.post());
        self.tell(Feed::Runner(RunnerPlace::Here));
        if self.goes_on && self.run_was_open {
            let _it_listens = started.handle.commands.send(Command::Start { only: None });
        }
        let after = self.eyes.as_ref().map(Eyes::after)?;
        Some(Here {
            after,
            runner: started.handle,
            commands,
            feed: self.feed,
        })
    }
}

/// Starts a runner here.
async fn start(setup: Setup) -> Result<Started, String> {
    match spawn_blocking(move || super::start(setup)).await {
        Ok(Ok(started)) => Ok(started),
        Ok(Err(error)) => Err(format!("can't take over: {error}")),
        Err(error) => Err(format!("can't take over: {error}")),
    }
}

/// This process runs the queue now: what its runner tells is passed on, and so is what it is asked.
struct Here {
    /// What is in the ledger up to here was told.
    after: crate::domain::ids::Sequence,
    runner: RunnerHandle,
    commands: mpsc::UnboundedReceiver<Command>,
    feed: mpsc::UnboundedSender<Feed>,
}

impl Here {
    async fn run(self) {
        let Self {
            after,
            runner,
            mut commands,
            feed,
        } = self;
        let mut told = runner.feed;
        let mut asked = Some(runner.commands);
        loop {
            tokio::select! { biased;
                command = commands.recv(), if asked.is_some() => match (command, &asked) {
                    (Some(command), Some(asked)) => drop(asked.send(command)),
                    _ => asked = None,
                },
                news = told.recv() => match news {
                    None => return,
                    Some(Feed::Event(envelope)) if envelope.seq <= after => {}
                    Some(news) => drop(feed.send(news)),
                },
            }
        }
    }
}
