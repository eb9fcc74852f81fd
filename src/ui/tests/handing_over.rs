//! The terminal is lent to a program of the user's, and taken back.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::looping::{Lent, begin_with, queue};
use super::scene::{NOON, entry};
use crate::domain::board::Feed;
use crate::domain::event::{Envelope, Event, RunOutcome};
use crate::domain::ids::{RunId, Sequence};
use crate::domain::queue::Queue;
use crate::ui::session::{Outside, RunOutside, UiEnd};
use crate::ui::update::Signal;

/// A program that ends when the test says so, and how.
struct Scripted {
    started: mpsc::UnboundedSender<(Outside, oneshot::Sender<Result<(), String>>)>,
}

impl RunOutside for Scripted {
    fn run(
        &mut self,
        outside: &Outside,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
        let (end, ended) = oneshot::channel();
        self.started.send((outside.clone(), end)).expect("a test");
        Box::pin(async move { ended.await.unwrap_or(Ok(())) })
    }
}

type Started = mpsc::UnboundedReceiver<(Outside, oneshot::Sender<Result<(), String>>)>;

fn scripted() -> (super::looping::Outside, Started) {
    let (started, receiver) = mpsc::unbounded_channel();
    (begin_with(Box::new(Scripted { started })), receiver)
}

async fn next(started: &mut Started) -> (Outside, oneshot::Sender<Result<(), String>>) {
    let next = tokio::time::timeout(Duration::from_secs(20), started.recv()).await;
    next.expect("in time").expect("a screen")
}

#[tokio::test]
async fn what_comes_meanwhile_is_taken_in_and_everything_is_drawn_anew() {
    let (mut screen, mut started) = scripted();
    screen.feed.send(queue()).expect("an app");
    screen.shows("001 the only one").await;
    screen.press("E");
    let (outside, end) = next(&mut started).await;
    let Outside::Editor { path, line: None } = outside else {
        panic!("{outside:?}");
    };
    assert!(path.ends_with("tickets/TICKET-001.md"), "{path:?}");
    let lent = *screen.lent.borrow();
    assert_eq!((lent.given, lent.taken), (1, 0));
    // The runner goes on; what is typed is not docket's.
    let mut told = Vec::new();
    for number in 0..1_000 {
        let entries = [entry("002", &format!("version {number}"), "codex", &[])];
        let queue = Arc::new(Queue::new(entries));
        told.push(Arc::downgrade(&queue));
        screen.feed.send(Feed::Queue(queue)).expect("an app");
    }
    screen.press("?");
    let drained = async {
        // All but the last one are nowhere any more.
        while told.iter().filter(|queue| queue.strong_count() > 0).count() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), drained)
        .await
        .expect("the feed is drained while the program runs");
    assert!(!screen.frame().contains("Keys (Esc closes)"));
    assert!(!screen.frame().contains("version"));
    end.send(Ok(())).expect("it runs");
    screen.shows("Keys (Esc closes)").await;
    screen.press("Esc");
    screen.shows("002 version 999").await;
    let lent = *screen.lent.borrow();
    assert_eq!((lent.given, lent.taken), (1, 1));
    assert!(lent.forgotten > 0);
    screen.press("q");
    assert_eq!(screen.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn a_program_that_fails_is_told() {
    let (mut screen, mut started) = scripted();
    screen.feed.send(queue()).expect("an app");
    screen.shows("001 the only one").await;
    screen.press("E");
    let (_, end) = next(&mut started).await;
    end.send(Err(
        "there is no `nonesuch`: set VISUAL or EDITOR".to_owned()
    ))
    .expect("it runs");
    screen.shows("there is no `nonesuch`").await;
    screen.press("q");
    assert_eq!(screen.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn signals_end_the_program_too_but_ctrl_c_is_its_own() {
    let (mut screen, mut started) = scripted();
    screen.feed.send(queue()).expect("an app");
    screen.shows("001 the only one").await;
    screen.press("E");
    let (_, mut end) = next(&mut started).await;
    screen.signals.send(Signal::Interrupt).expect("an app");
    screen.signals.send(Signal::Terminate).expect("an app");
    // The future was dropped: nobody waits for the program.
    tokio::time::timeout(Duration::from_secs(20), end.closed())
        .await
        .expect("in time");
    let lent = screen.lent.clone();
    assert_eq!(screen.ends().await, UiEnd::Terminated);
    let Lent { given, taken, .. } = *lent.borrow();
    assert_eq!((given, taken), (1, 1));
}

#[tokio::test]
async fn a_runner_that_ends_meanwhile_ends_the_screen_afterwards() {
    let (mut screen, mut started) = scripted();
    screen.feed.send(queue()).expect("an app");
    screen.shows("001 the only one").await;
    screen.press("E");
    let (_, end) = next(&mut started).await;
    screen.end_feed();
    end.send(Ok(())).expect("it runs");
    assert_eq!(screen.ends().await, UiEnd::RunnerEnded);
}

#[tokio::test]
async fn a_bell_rings_while_another_program_has_the_terminal() {
    let (mut screen, mut started) = scripted();
    screen.feed.send(queue()).expect("an app");
    screen.shows("001 the only one").await;
    screen.press("E");
    let (_, end) = next(&mut started).await;
    let ended = Envelope {
        seq: Sequence(1),
        at: NOON,
        run: RunId(1),
        event: Event::RunFinished {
            outcome: RunOutcome::Done,
        },
    };
    let event = Feed::Event(Arc::new(ended));
    screen.feed.send(event).expect("an app");
    let rings = screen.sent.wait_for(|sent| sent.contains('\u{7}'));
    tokio::time::timeout(Duration::from_secs(20), rings)
        .await
        .expect("it rings")
        .expect("an app");
    assert_eq!(screen.lent.borrow().taken, 0);
    end.send(Ok(())).expect("it runs");
    screen.press("q");
    assert_eq!(screen.ends().await, UiEnd::Quit);
}
