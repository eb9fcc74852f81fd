//! How the screen tells a user who looks elsewhere: the terminal's bell, and the escape sequences that make a terminal show
//! a notification of its desktop.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event as Input;

use super::clipboard::through_tmux;
use crate::config::{NotifyConfig, NotifyOsc};
use crate::domain::event::Envelope;
use crate::domain::notice::{Notice, Notices};

/// How long facts wait: what an agent asks and a rule answers at once is nobody's business.
const SETTLE: Duration = Duration::from_millis(50);

/// How long after a key somebody is taken to sit before the screen.
const LOOKS: Duration = Duration::from_secs(30);

/// A notification shows one line; terminals cut longer ones at different places.
const LONGEST: usize = 200;

/// What the bell is.
const BELL: char = '\u{7}';
const ESCAPE: char = '\u{1b}';

/// What the screen tells, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announce {
    /// As configured.
    pub config: NotifyConfig,
    /// Whether tmux stands between docket and the terminal: it passes on only what is wrapped for it.
    pub in_tmux: bool,
}

/// Facts that may be worth telling.
pub(crate) struct Announcer {
    how: Announce,
    notices: Notices,
    waiting: Vec<Arc<Envelope>>,
    due: Duration,
    /// Whether the terminal has said that it has the focus, and not that it lost it.
    has_focus: bool,
    /// When the user pressed the last key.
    key_at: Option<Duration>,
}

impl Announcer {
    pub(crate) fn new(how: Announce) -> Self {
        Self {
            how,
            notices: Notices::default(),
            waiting: Vec::new(),
            due: Duration::ZERO,
            has_focus: false,
            key_at: None,
        }
    }

    /// Learns at the moment `now` from what the terminal tells whether the user looks at docket.
    pub(crate) fn see(&mut self, event: Option<&Input>, now: Duration) {
        match event {
            Some(Input::FocusGained) => self.has_focus = true,
            Some(Input::FocusLost) => self.has_focus = false,
            Some(Input::Key(_)) => self.key_at = Some(now),
            _ => {}
        }
    }

    /// Another program gets the terminal: what happens in docket is not seen, whatever is typed there.
    pub(crate) fn look_away(&mut self) {
        self.key_at = None;
    }

    /// Whether the user is at work in docket's window: what happens there is seen anyway. A window with the focus that nobody
    /// types into may stand in an empty room.
    fn is_looked_at(&self, now: Duration) -> bool {
        let types = |at: Duration| now.saturating_sub(at) < LOOKS;
        self.has_focus && self.key_at.is_some_and(types)
    }

    /// Takes a fact at the moment `now`.
    pub(crate) fn take(&mut self, envelope: &Arc<Envelope>, now: Duration) {
        let config = &self.how.config;
        if config.bell || config.osc != NotifyOsc::None {
            if self.waiting.is_empty() {
                self.due = now + SETTLE;
            }
            self.waiting.push(envelope.clone());
        }
    }

    /// Takes a fact that is too old to be told.
    pub(crate) fn know(&mut self, envelope: &Arc<Envelope>) {
        let _old = self.notices.take([envelope.as_ref()]);
    }

    /// How long until there may be something to tell; `None` when nothing waits.
    pub(crate) fn due_in(&self, now: Duration) -> Option<Duration> {
        (!self.waiting.is_empty()).then(|| self.due.saturating_sub(now))
    }

    /// What the terminal is to be sent for all that waits; may be empty.
    pub(crate) fn tell(&mut self, now: Duration) -> String {
        let events = std::mem::take(&mut self.waiting);
        let notices = self.notices.take(events.iter().map(AsRef::as_ref));
        if self.is_looked_at(now) {
            return String::new();
        }
        let config = &self.how.config;
        let wanted: Vec<&Notice> = notices
            .iter()
            .filter(|notice| config.on.contains(&notice.notice))
            .collect();
        let mut sent: String = wanted
            .iter()
            .filter_map(|notice| sequence(config.osc, notice))
            .map(|sequence| self.for_terminal(sequence))
            .collect();
        if config.bell && !wanted.is_empty() {
            sent.push(BELL);
        }
        sent
    }

    fn for_terminal(&self, sequence: String) -> String {
        if !self.how.in_tmux {
            return sequence;
        }
        through_tmux(&sequence)
    }
}

fn sequence(osc: NotifyOsc, notice: &Notice) -> Option<String> {
    let title = clean(&notice.title);
    match osc {
        NotifyOsc::None => None,
        NotifyOsc::Osc9 => Some(format!("{ESCAPE}]9;docket: {title}{BELL}")),
        NotifyOsc::Osc777 => {
            let title = title.replace(';', ",");
            Some(format!("{ESCAPE}]777;notify;docket;{title}{BELL}"))
        }
    }
}

/// Words of an agent must not end the sequence and begin another one.
fn clean(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, RunOutcome};
    use crate::domain::ids::{RunId, Sequence};
    use crate::domain::notice::NoticeKind;
    use crate::domain::time::Timestamp;

    fn announcer(osc: NotifyOsc, bell: bool, in_tmux: bool) -> Announcer {
        Announcer::new(Announce {
            config: NotifyConfig {
                on: vec![NoticeKind::NeedsHuman, NoticeKind::RunEnded],
                bell,
                osc,
                command: None,
                limit: Duration::from_secs(1),
            },
            in_tmux,
        })
    }

    fn fact(event: Event) -> Arc<Envelope> {
        Arc::new(Envelope {
            seq: Sequence(1),
            at: Timestamp(0),
            run: RunId(3),
            event,
        })
    }

    fn told(mut announcer: Announcer, events: Vec<Event>) -> String {
        for event in events {
            announcer.take(&fact(event), Duration::ZERO);
        }
        announcer.tell(Duration::ZERO)
    }

    #[test]
    fn nothing_rings_while_the_user_types_in_the_window() {
        use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

        let seconds = Duration::from_secs;
        let key = Input::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
        let ring = |events: &[Input], now: Duration| {
            let mut announcer = announcer(NotifyOsc::None, true, false);
            for event in events {
                announcer.see(Some(event), seconds(1));
            }
            announcer.take(&fact(ended()), now);
            announcer.tell(now)
        };
        let gained = Input::FocusGained;
        assert_eq!(ring(&[gained.clone(), key.clone()], seconds(5)), "");
        assert_eq!(ring(&[gained.clone(), key.clone()], seconds(60)), "\u{7}");
        assert_eq!(ring(std::slice::from_ref(&gained), seconds(5)), "\u{7}");
        // A terminal that says nothing of its focus.
        assert_eq!(ring(std::slice::from_ref(&key), seconds(5)), "\u{7}");
        assert_eq!(
            ring(&[gained.clone(), key.clone(), Input::FocusLost], seconds(5)),
            "\u{7}"
        );
        // A program of the user's has the terminal.
        let mut announcer = announcer(NotifyOsc::None, true, false);
        announcer.see(Some(&gained), seconds(1));
        announcer.see(Some(&key), seconds(1));
        announcer.look_away();
        announcer.take(&fact(ended()), seconds(5));
        assert_eq!(announcer.tell(seconds(5)), "\u{7}");
    }

    fn ended() -> Event {
        Event::RunFinished {
            outcome: RunOutcome::Done,
        }
    }

    #[test]
    fn a_notification_goes_through_tmux_too() {
        let plain = told(announcer(NotifyOsc::Osc9, false, false), vec![ended()]);
        assert_eq!(plain, "\u{1b}]9;docket: r3 ended: all done\u{7}");
        let wrapped = told(announcer(NotifyOsc::Osc777, true, true), vec![ended()]);
        assert_eq!(
            wrapped,
            "\u{1b}Ptmux;\u{1b}\u{1b}]777;notify;docket;r3 ended: all done\u{7}\u{1b}\\\u{7}"
        );
        assert_eq!(
            told(announcer(NotifyOsc::None, false, false), vec![ended()]),
            ""
        );
    }

    #[test]
    fn an_agents_words_stay_inside_of_the_sequence() {
        let dispatch = Event::DispatchReceived {
            attempt: "TICKET-003.2".parse().expect("an attempt"),
            pause: true,
            title: format!("a\u{7}\u{1b}]0;owned\u{9c};b\n{}", "x".repeat(500)),
            attachments: Vec::new(),
            text: String::new(),
        };
        let told = told(announcer(NotifyOsc::Osc777, false, false), vec![dispatch]);
        assert!(told.len() < 300);
        assert_eq!(told.matches(ESCAPE).count(), 1);
        assert_eq!(told.matches(BELL).count(), 1);
        assert_eq!(told.matches(';').count(), 3);
        assert!(!told.contains(['\u{9c}', '\n']));
    }

    #[test]
    fn one_bell_rings_for_all_that_came_together() {
        let events = vec![ended(), ended()];
        assert_eq!(
            told(announcer(NotifyOsc::None, true, false), events),
            "\u{7}"
        );
        let stopped = Event::RunPaused;
        assert_eq!(
            told(announcer(NotifyOsc::Osc9, true, false), vec![stopped]),
            ""
        );
    }
}
