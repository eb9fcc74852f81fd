//! The body of the fuzz target over its corpus and over a thousand mutations of it, the same at every run; and what a piece of
//! output is cut into makes no difference.

use std::fs;
use std::path::Path;

use docket::emulator::Emulator;

use super::exercise::{DO, exercise};
use super::grid::{Grid, feed};
use super::recordings::{SIZE, all};

const MUTATIONS: usize = 1_000;

/// What emulators have fallen over, and what costs much.
const HOSTILE: &[&[u8]] = &[
    b"\x1b[38;100H\xe2\x9d\xa4\xef\xb8\x8f\x1b[36;100H\xe2\x9a\xa0\xef\xb8\x8f\xcc\x81",
    b"\x1b[65535b",
    b"\x1b[65535L\x1b[65535M\x1b[65535@\x1b[65535P",
    b"\x1b[99999999999999999999;99999999999999H",
    b"\x1b[3;2r\x1b[65535S\x1b[65535T",
    b"\x1b[?1049h\x1b[?47h\x1b[?1047l\x1b[?1049l",
    b"\x1b[?2026h",
    b"\x1b[?2026l",
    b"\x1b[?69h\x1b[5;3s\x1b[?6h",
    b"\x1b]8;;https://example.org\x1b\\",
    b"\x1b]0;\xff\xfe\x07\x1bP\x1b[c\x1b\\",
    b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\",
    b"\x1b[6n\x1b[c\x1b[>c\x1b[?u\x1b]11;?\x07",
    b"\x1b(0lqqk\x1b(B\x0e\x0f",
    b"\x1b[4h\x1b[?7l",
    b"\x1bD\x1bE\x1bM\x1bH\x1b[3g\t\x1b[Z",
    b"\x1bc",
    b"\x1b[!p",
    b"\x1b#8",
    b"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    b"\xe6\xbc\xa2\x08\xe6\xbc\xa2\x1b[D\x1b[K\x1b[P",
    b"\xc3\x28\xe2\x82\xf0\x90\x80",
    &[DO, 0, 1, 1],
    &[DO, 0, 255, 255],
    &[DO, 0, 7, 3],
    &[DO, 0, 120, 40],
    &[DO, 1, 4, 7],
    &[DO, 3],
    &[DO, 4],
];

/// A generator that gives the same numbers for ever (Marsaglia's xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).expect("a small number")
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/emulator");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the corpus")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("one of the corpus"))
        .collect()
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = corpus();
    assert!(corpus.len() >= 30);
    for script in corpus {
        exercise(&script);
    }
}

#[test]
fn a_thousand_mutations_of_it_hold() {
    let corpus = corpus();
    let mut numbers = Numbers(0x5eed_d0c3);
    for number in 0..MUTATIONS {
        let mut script = corpus[numbers.below(corpus.len())].clone();
        let other = &corpus[numbers.below(corpus.len())];
        // From the middle of one into the middle of another.
        script.truncate(3 + numbers.below(script.len()));
        script.extend_from_slice(&other[numbers.below(other.len())..]);
        if numbers.below(2) == 0 {
            script[0] = u8::try_from(numbers.below(12)).expect("small");
            script[1] = u8::try_from(numbers.below(8)).expect("small");
        }
        for _ in 0..numbers.below(12) {
            let last = script.len() - 1;
            let at = last.min(3 + numbers.below(last));
            match numbers.below(4) {
                0 => script[at] = u8::try_from(numbers.below(256)).expect("a byte"),
                1 if last > 3 => {
                    script.remove(at);
                }
                _ => {
                    let hostile = HOSTILE[numbers.below(HOSTILE.len())];
                    script.splice(at..at, hostile.iter().copied());
                }
            }
        }
        let kept = script.clone();
        let result = std::panic::catch_unwind(move || exercise(&script));
        assert!(result.is_ok(), "mutation {number}: {}", kept.escape_ascii());
    }
}

#[test]
fn a_screen_is_the_same_however_its_bytes_come() {
    let (columns, rows) = SIZE;
    for recording in all() {
        let mut whole = Emulator::new(columns, rows, 1_000);
        feed(&mut whole, &recording.bytes);
        for piece in [1, 3, 64, 1_000] {
            let mut cut = Emulator::new(columns, rows, 1_000);
            for bytes in recording.bytes.chunks(piece) {
                feed(&mut cut, bytes);
            }
            assert_eq!(
                (cut.first(), cut.end(), cut.cursor(), cut.modes()),
                (whole.first(), whole.end(), whole.cursor(), whole.modes()),
                "{} in pieces of {piece}",
                recording.name
            );
            let grid = Grid::of(&cut, cut.first(), cut.end());
            let differences = grid.differences(&Grid::of(&whole, whole.first(), whole.end()));
            assert!(
                differences.is_empty(),
                "{} in pieces of {piece}: {differences:#?}",
                recording.name
            );
        }
    }
}
