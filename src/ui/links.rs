//! The programs behind the terminal pane: one link each, all read in turn.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use tokio::sync::mpsc;

use super::effect::TerminalId;
use super::terminals::{
    Foreground, Launch, OpenTerminal, ProgramEnd, TerminalControl, TerminalEvent, TerminalLink,
    TerminalRequest,
};
use crate::runner::recorder::{Ended, Plan, Tap};

/// How long it may take to tell who has the keys on a terminal.
const ANSWER: Duration = Duration::from_millis(300);

/// How long docket waits for programs that it hung up: a little more than their time between SIGHUP and SIGKILL.
const LAST: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Links {
    opener: Box<dyn OpenTerminal>,
    open: Vec<(TerminalId, TerminalLink)>,
    /// Those of them that run elsewhere and are only looked at.
    attached: BTreeSet<TerminalId>,
    /// Where the next round begins, so that a flood from one doesn't silence the others.
    turn: usize,
    /// What records them.
    taps: Vec<(TerminalId, Tap)>,
    /// Where they tell that they ended.
    told: mpsc::UnboundedSender<(TerminalId, Ended)>,
}

/// Recordings that ended.
pub(super) struct Recorded(mpsc::UnboundedReceiver<(TerminalId, Ended)>);

impl Recorded {
    /// The next one. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> (TerminalId, Ended) {
        match self.0.recv().await {
            Some(ended) => ended,
            // It can't be: the sender is beside it.
            None => std::future::pending().await,
        }
    }
}

impl Links {
    pub(super) fn new(opener: Box<dyn OpenTerminal>) -> (Self, Recorded) {
        let (told, recorded) = mpsc::unbounded_channel();
        let links = Self {
            opener,
            open: Vec::new(),
            attached: BTreeSet::new(),
            turn: 0,
            taps: Vec::new(),
            told,
        };
        (links, Recorded(recorded))
    }

    /// Starts a program. What went wrong, if something did.
    pub(super) fn open(
        &mut self,
        id: TerminalId,
        request: &TerminalRequest,
    ) -> Option<TerminalEvent> {
        match self.opener.open(request) {
            Ok(link) => {
                self.open.push((id, link));
                if matches!(request.launch, Launch::Attempt { .. }) {
                    self.attached.insert(id);
                }
                None
            }
            Err(error) => Some(TerminalEvent::Ended(ProgramEnd::badly(format!(
                "can't open a terminal: {error}"
            )))),
        }
    }

    fn control(&mut self, id: TerminalId) -> Option<&mut Box<dyn TerminalControl>> {
        let link = self.open.iter_mut().find(|(known, _)| *known == id);
        link.map(|(_, link)| &mut link.control)
    }

    pub(super) fn write(&mut self, id: TerminalId, bytes: Vec<u8>) {
        if let Some(control) = self.control(id) {
            control.write(bytes);
        }
    }

    pub(super) fn answer(&mut self, id: TerminalId, bytes: Vec<u8>) {
        if let Some(control) = self.control(id) {
            control.answer(bytes);
        }
    }

    pub(super) fn resize(&mut self, id: TerminalId, columns: u16, rows: u16) {
        if let Some(control) = self.control(id) {
            control.resize(columns, rows);
        }
        // What runs elsewhere says by itself which size it has then.
        if self.attached.contains(&id) {
            return;
        }
        if let Some((_, tap)) = self.taps.iter_mut().find(|(known, _)| *known == id) {
            tap.resize(columns, rows);
        }
    }

    /// Records what a program shows from now on. How it ended at once, if it could not begin.
    pub(super) fn record(&mut self, id: TerminalId, plan: Plan) -> Option<Ended> {
        self.stop_recording(id);
        let told = self.told.clone();
        let path = plan.folder.clone();
        // Without a screen nobody wants to know.
        let done = Box::new(move |ended| drop(told.send((id, ended))));
        match self.opener.record(plan, done) {
            Ok(tap) => {
                self.taps.push((id, tap));
                None
            }
            Err(error) => Some(Ended {
                path,
                file: None,
                trouble: Some(error.to_string()),
            }),
        }
    }

    /// Records no longer. That it has ended comes by [`Recorded::next`].
    pub(super) fn stop_recording(&mut self, id: TerminalId) {
        self.taps.retain(|(known, _)| *known != id);
    }

    pub(super) fn close(&mut self, id: TerminalId) {
        if let Some(control) = self.control(id) {
            control.hang_up();
        }
        self.open.retain(|(known, _)| *known != id);
        self.stop_recording(id);
    }

    /// Asks who has the keys on these terminals. The answer comes in a moment, also when nobody can tell.
    pub(super) fn foreground(
        &mut self,
        terminals: &[TerminalId],
    ) -> impl Future<Output = Vec<(TerminalId, Option<Foreground>)>> + Send + 'static {
        let mut asked = Vec::new();
        for id in terminals {
            let (answer, receiver) = oneshot::channel();
            if let Some(control) = self.control(*id) {
                control.foreground(answer);
            }
            asked.push((*id, receiver));
        }
        async move {
            let mut found = Vec::new();
            // One time for all of them: what has answered by then is there, however late it is asked for.
            let until = Instant::now() + ANSWER;
            for (id, receiver) in asked {
                let answer = timeout_at(until, receiver).await;
                found.push((id, answer.ok().and_then(Result::ok)));
            }
            found
        }
    }

    /// Hangs up everywhere.
    pub(super) fn hang_up(&mut self) {
        for (_, link) in &mut self.open {
            link.control.hang_up();
        }
        // What is only looked at goes on without docket's screen: nobody waits for its end.
        let attached = &self.attached;
        self.open.retain(|(id, _)| !attached.contains(id));
        self.taps.clear();
    }

    /// Waits until all that was hung up has ended, and not for long: what doesn't end is killed without docket, too.
    pub(super) async fn ended(mut self) {
        let ends = async {
            while !self.open.is_empty() {
                self.next().await;
            }
        };
        drop(timeout(LAST, ends).await);
    }

    /// What the next program does. Never ready without a program; dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> (TerminalId, TerminalEvent) {
        poll_fn(|context| {
            let count = self.open.len();
            for step in 0..count {
                let index = (self.turn + step) % count;
                let Some((id, link)) = self.open.get_mut(index) else {
                    continue;
                };
                let Poll::Ready(event) = link.output.poll_recv(context) else {
                    continue;
                };
                let id = *id;
                self.turn = index + 1;
                let event = event
                    .unwrap_or_else(|| TerminalEvent::Ended(ProgramEnd::badly("the shell ended")));
                match &event {
                    TerminalEvent::Output(bytes) => {
                        let mut taps = self.taps.iter_mut();
                        if let Some((_, tap)) = taps.find(|(known, _)| *known == id) {
                            tap.output(bytes);
                        }
                    }
                    TerminalEvent::Resized { columns, rows } => {
                        let mut taps = self.taps.iter_mut();
                        if let Some((_, tap)) = taps.find(|(known, _)| *known == id) {
                            tap.resize(*columns, *rows);
                        }
                    }
                    TerminalEvent::Ended(_) => {
                        self.open.remove(index);
                        self.stop_recording(id);
                    }
                }
                return Poll::Ready((id, event));
            }
            Poll::Pending
        })
        .await
    }
}
