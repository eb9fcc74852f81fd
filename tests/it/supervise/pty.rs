//! Programs on terminals: of their own in a pane, and none at all below a shim.

use std::ffi::OsString;
use std::path::PathBuf;

use docket::proc::pty::{Foreground, Pty, PtySpec, Size};
use docket::proc::supervise::Status;
use docket::proc::sweep;

use super::scene::marker;
use crate::support::programs::{docket, fake_agent};
use crate::support::wait::{LONG, wait_until};

/// A program on a terminal, and what it drew so far.
struct Pane {
    pty: Pty,
    marker: String,
    drawn: String,
}

impl Pane {
    fn open(argv: Vec<OsString>) -> Self {
        let marker = marker();
        let pty = Pty::open(PtySpec {
            docket: docket().into(),
            argv,
            directory: PathBuf::from("/"),
            environment: vec![
                ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
                ("TERM".into(), "xterm-256color".into()),
            ],
            marker: marker.clone(),
            size: Size {
                rows: 24,
                columns: 80,
            },
        })
        .expect("a program on a terminal");
        Self {
            pty,
            marker,
            drawn: String::new(),
        }
    }

    fn shell(script: &str) -> Self {
        Self::open(["/bin/sh", "-c", script].map(Into::into).to_vec())
    }

    fn agent(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(OsString::from);
        Self::open(
            std::iter::once(fake_agent().into())
                .chain(arguments)
                .collect(),
        )
    }

    fn types(&self, text: &str) {
        self.pty.control.write(text.as_bytes().to_vec());
    }

    async fn draws(&mut self, text: &str) {
        while !self.drawn.contains(text) {
            let bytes = tokio::time::timeout(LONG, self.pty.output.recv())
                .await
                .expect("output before long")
                .ok_or_else(|| format!("it ended without drawing {text:?}: {:?}", self.drawn))
                .expect("more output");
            self.drawn += &String::from_utf8_lossy(&bytes);
        }
    }

    /// Reads to the end: how it ended, and all that it drew. Nothing may be left.
    async fn end(mut self) -> (Status, String) {
        while let Some(bytes) = tokio::time::timeout(LONG, self.pty.output.recv())
            .await
            .expect("an end before long")
        {
            self.drawn += &String::from_utf8_lossy(&bytes);
        }
        let status = tokio::time::timeout(LONG, self.pty.ended)
            .await
            .expect("the end follows the output")
            .expect("there is an end");
        assert!(
            sweep::carriers(&self.marker).is_empty(),
            "something is left"
        );
        (status, self.drawn)
    }
}

async fn nothing_is_left(marker: String) {
    tokio::task::spawn_blocking(move || {
        wait_until("nothing is left", LONG, || {
            sweep::carriers(&marker).is_empty()
        });
    })
    .await
    .expect("it is so");
}

#[tokio::test]
async fn it_draws_reads_keys_and_ends() {
    let mut pane = Pane::shell("read line; echo \"got $line\"; exit 5");
    pane.types("hello\r");
    pane.draws("got hello").await;
    let (status, drawn) = pane.end().await;
    assert_eq!(status, Status::Exited(5));
    assert_eq!(drawn, "hello\r\ngot hello\r\n");
}

#[tokio::test]
async fn all_that_it_drew_arrives_before_the_end() {
    let (status, drawn) = Pane::agent(&["flood", "300000"]).end().await;
    assert_eq!(status, Status::Exited(0));
    assert_eq!(drawn.len(), 300_000);
}

#[tokio::test]
async fn it_knows_its_size_and_every_new_one() {
    let mut pane = Pane::shell(
        "trap 'stty size; exit 0' WINCH; stty size; echo ready; while :; do sleep 0.01; done",
    );
    pane.draws("24 80").await;
    pane.draws("ready").await;
    pane.pty.control.resize(Size {
        rows: 50,
        columns: 132,
    });
    pane.draws("50 132").await;
    assert_eq!(pane.end().await.0, Status::Exited(0));
}

#[tokio::test]
async fn control_c_goes_to_the_program_not_to_us() {
    let mut pane = Pane::agent(&["polite"]);
    pane.draws("ready").await;
    pane.types("\u{3}");
    assert_eq!(pane.end().await.0, Status::Exited(3));
}

#[tokio::test]
async fn a_hang_up_ends_it_also_when_it_does_not_want_to() {
    let mut pane = Pane::agent(&["hang"]);
    pane.draws("ready").await;
    pane.pty.control.close();
    assert_eq!(pane.end().await.0, Status::Signalled(1));

    let mut pane = Pane::agent(&["nasty-tree"]);
    pane.draws("ready").await;
    pane.pty.control.close();
    assert_eq!(pane.end().await.0, Status::Signalled(9));
}

#[tokio::test]
async fn what_it_leaves_behind_is_ended() {
    let (status, _) = Pane::agent(&["setsid-grandchild"]).end().await;
    assert_eq!(status, Status::Exited(0));
}

#[tokio::test]
async fn nothing_is_left_when_the_pane_is_closed() {
    // The whole of it; only the reader; only the control.
    let mut pane = Pane::agent(&["ignore-term"]);
    pane.draws("ready").await;
    let marker = pane.marker.clone();
    drop(pane);
    nothing_is_left(marker).await;

    let mut pane = Pane::agent(&["ignore-term"]);
    pane.draws("ready").await;
    let (control, marker) = (pane.pty.control.clone(), pane.marker.clone());
    drop(pane);
    nothing_is_left(marker).await;
    control.write(b"too late".to_vec());

    let mut pane = Pane::agent(&["ignore-term"]);
    pane.draws("ready").await;
    let Pty {
        output,
        ended,
        control,
    } = pane.pty;
    drop(control);
    nothing_is_left(pane.marker).await;
    drop((output, ended));
}

#[tokio::test]
async fn who_does_not_read_its_keys_can_still_be_closed() {
    let mut pane = Pane::shell("stty raw -echo; echo ready; exec sleep 1000");
    pane.draws("ready").await;
    pane.pty.control.write(vec![b'x'; 1 << 20]);
    pane.pty.control.resize(Size {
        rows: 10,
        columns: 10,
    });
    pane.pty.control.close();
    assert_eq!(pane.end().await.0, Status::Signalled(1));
}

#[tokio::test]
async fn a_start_that_fails_is_an_end_that_says_what_to_do() {
    let (status, drawn) = Pane::open(vec!["/no/such/agent".into()]).end().await;
    let Status::NotStarted(why) = status else {
        panic!("{status:?}");
    };
    assert!(why.contains("install it"), "{why}");
    assert_eq!(drawn, "");
}

#[tokio::test]
async fn control_z_stops_nothing_that_nobody_could_wake() {
    let mut pane = Pane::agent(&["polite"]);
    pane.draws("ready").await;
    pane.types("\u{1a}\u{3}");
    assert_eq!(pane.end().await.0, Status::Exited(3));
}

#[tokio::test]
async fn a_shell_has_jobs() {
    let mut pane = Pane::open(["/bin/sh", "-i"].map(Into::into).to_vec());
    pane.types("sleep 1000 &\r");
    pane.types("echo $((40 + 2)); jobs\r");
    pane.draws("42").await;
    pane.draws("unning").await;
    pane.types("exit 6\r");
    pane.types("exit 6\r");
    let (status, drawn) = pane.end().await;
    assert_eq!(status, Status::Exited(6), "{drawn}");
    assert!(!drawn.contains("can't access tty"), "{drawn}");
}

#[tokio::test]
async fn it_is_known_what_a_shell_runs() {
    let mut pane = Pane::open(["/bin/sh", "-i"].map(Into::into).to_vec());
    pane.types("echo $((40 + 2))\r");
    pane.draws("42").await;
    let itself = pane.pty.control.foreground().await;
    assert_eq!(itself, Ok(Foreground::Itself));
    pane.types("sh -c 'echo $((50 + 2)); sleep 1000; :'\r");
    pane.draws("52").await;
    let other = pane.pty.control.foreground().await;
    assert_eq!(other, Ok(Foreground::Other(Some("sh".into()))));
    let control = pane.pty.control.clone();
    control.close();
    pane.end().await;
    assert!(control.foreground().await.is_err());
}

#[tokio::test]
async fn below_a_shim_there_is_no_terminal_even_if_docket_has_one() {
    let (_, drawn) = Pane::agent(&["tty"]).end().await;
    assert!(drawn.contains("a terminal"), "{drawn:?}");

    let agent = fake_agent();
    let argv = [
        agent.as_os_str(),
        "supervise".as_ref(),
        docket().as_os_str(),
        "below-a-terminal".as_ref(),
        agent.as_os_str(),
        "tty".as_ref(),
    ];
    let (status, drawn) = Pane::open(argv.map(Into::into).to_vec()).end().await;
    assert_eq!(status, Status::Exited(0));
    assert!(drawn.contains("no terminal"), "{drawn:?}");
    assert!(!drawn.contains("mine"), "it drew on docket's screen");
}

#[tokio::test]
async fn the_end_comes_for_a_program_that_lets_the_terminal_go() {
    let mut pane = Pane::agent(&["close-stdout-keep-running"]);
    pane.draws("ready").await;
    pane.pty.control.close();
    assert_eq!(pane.end().await.0, Status::Signalled(1));
}
