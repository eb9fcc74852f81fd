//! The programs behind the terminal pane: one link each, all read in turn.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::effect::TerminalId;
use super::terminals::{
    Foreground, OpenTerminal, TerminalControl, TerminalEvent, TerminalLink, TerminalRequest,
};

/// How long it may take to tell who has the keys on a terminal.
const ANSWER: Duration = Duration::from_millis(300);

/// How long docket waits for programs that it hung up: a little more than their time between SIGHUP and SIGKILL.
const LAST: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Links {
    opener: Box<dyn OpenTerminal>,
    open: Vec<(TerminalId, TerminalLink)>,
    /// Where the next round begins, so that a flood from one doesn't silence the others.
    turn: usize,
}

impl Links {
    pub(super) fn new(opener: Box<dyn OpenTerminal>) -> Self {
        Self {
            opener,
            open: Vec::new(),
            turn: 0,
        }
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
                None
            }
            Err(error) => Some(TerminalEvent::Ended(format!(
                "can't open a terminal: {error}"
            ))),
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

    pub(super) fn resize(&mut self, id: TerminalId, columns: u16, rows: u16) {
        if let Some(control) = self.control(id) {
            control.resize(columns, rows);
        }
    }

    pub(super) fn close(&mut self, id: TerminalId) {
        if let Some(control) = self.control(id) {
            control.hang_up();
        }
        self.open.retain(|(known, _)| *known != id);
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
            for (id, receiver) in asked {
                let answer = timeout(ANSWER, receiver).await;
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
                let event =
                    event.unwrap_or_else(|| TerminalEvent::Ended("the shell ended".to_owned()));
                if let TerminalEvent::Ended(_) = event {
                    self.open.remove(index);
                }
                return Poll::Ready((id, event));
            }
            Poll::Pending
        })
        .await
    }
}
