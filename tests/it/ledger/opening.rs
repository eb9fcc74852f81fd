//! Opening: what is not ours, what is too new, what can't be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use docket::store::{Ledger, LedgerError, Reader, Subscriber};
use rusqlite::Connection;

use super::scene::{Scene, trivial_run};

fn refusal(scene: &Scene) -> LedgerError {
    match Ledger::open(&scene.path(), Subscriber::none()) {
        Ok(_) => panic!("it must not open"),
        Err(error) => error,
    }
}

#[test]
fn a_new_ledger_is_for_its_owner_alone() {
    let scene = Scene::new();
    let ledger = scene.open();
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let path = scene.path().with_file_name(file);
        let mode = fs::metadata(path).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    ledger.close().expect("closed");
}

#[test]
fn missing_folders_are_made_for_the_owner_alone() {
    let scene = Scene::new();
    let folder = scene.path().with_file_name("a").join("b");
    let ledger = Ledger::open(&folder.join("ledger.db"), Subscriber::none()).expect("it opens");
    let mode = fs::metadata(&folder).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    ledger.close().expect("closed");
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let scene = Scene::new();
    let text = "this is not a database, and it is longer than a page ".repeat(100);
    fs::write(scene.path(), &text).expect("written");
    let error = refusal(&scene);
    assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");
    assert_eq!(fs::read_to_string(scene.path()).expect("read"), text);
    assert!(Reader::open(&scene.path()).is_err());
}

#[test]
fn other_databases_are_refused_and_left_alone() {
    let scene = Scene::new();
    let connection = Connection::open(scene.path()).expect("SQLite opens");
    connection
        .execute_batch("CREATE TABLE mine (x)")
        .expect("made");
    drop(connection);
    let before = fs::read(scene.path()).expect("read");
    let error = refusal(&scene);
    assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");
    assert_eq!(fs::read(scene.path()).expect("read"), before);
}

#[test]
fn a_newer_ledger_is_refused_in_words_that_say_what_to_do() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let connection = Connection::open(scene.path()).expect("SQLite opens");
    connection
        .execute_batch("PRAGMA user_version = 7")
        .expect("set");
    drop(connection);
    let error = refusal(&scene);
    assert!(
        matches!(error, LedgerError::Newer { found: 7, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("update docket"), "{error}");
    assert!(matches!(
        Reader::open(&scene.path()),
        Err(LedgerError::Newer { .. })
    ));
}

#[test]
fn an_empty_file_becomes_a_ledger_and_reads_as_empty_before() {
    let scene = Scene::new();
    fs::write(scene.path(), "").expect("written");
    let reader = scene.reader();
    assert_eq!(reader.runs().expect("read"), []);
    scene.store(trivial_run());
    assert_eq!(reader.runs().expect("read").len(), 1);
}

#[test]
fn a_damaged_ledger_says_so() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let mut bytes = fs::read(scene.path()).expect("read");
    let end = bytes.len() - 100;
    bytes[1024..end].fill(0x5a);
    fs::write(scene.path(), bytes).expect("written");
    let error = refusal(&scene);
    assert!(matches!(error, LedgerError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("integrity_check"), "{error}");
}

#[test]
fn a_folder_in_the_place_of_the_ledger_is_an_error_in_words() {
    let scene = Scene::new();
    fs::create_dir(scene.path()).expect("made");
    let words = refusal(&scene).to_string();
    assert!(words.contains("ledger.db"), "{words}");
}

#[test]
fn a_new_ledger_opened_by_many_at_once_is_one_ledger() {
    for _ in 0..20 {
        let scene = Scene::new();
        let path = scene.path();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    scene.reader().runs().expect("readable at any moment");
                    drop(Ledger::open(&path, Subscriber::none()).expect("it opens"));
                    assert_eq!(scene.reader().runs().expect("readable"), []);
                });
            }
        });
        scene.store(trivial_run());
        assert_eq!(scene.reader().runs().expect("readable").len(), 1);
    }
}
