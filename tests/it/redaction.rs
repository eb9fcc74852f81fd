//! Secrets stay out of logs and evidence.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket::redact::{LineRedactor, REDACTED, Redactor};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;

fn redactor(variables: &[(&str, &str)]) -> Redactor {
    Redactor::new(variables.iter().copied()).expect("patterns")
}

/// A key that looks real, put together so that no scanner takes this file for a leak.
fn key(prefix: &str, length: usize) -> String {
    let letters = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ".chars().cycle();
    prefix.chars().chain(letters.take(length)).collect()
}

fn upper_key(prefix: &str, length: usize) -> String {
    key(prefix, length).to_ascii_uppercase()
}

#[test]
fn keys_of_known_shapes_are_found_wherever_they_stand() {
    let redactor = redactor(&[]);
    let jwt = format!("{}.{}.{}", key("eyJ", 20), key("eyJ", 40), key("", 43));
    let keys = [
        key("sk-", 48),
        key("sk-proj-", 120),
        key("sk-ant-api03-", 95),
        key("sk-or-v1-", 64),
        key("ghp_", 36),
        key("gho_", 36),
        key("github_pat_", 82),
        key("glpat-", 20),
        key("xoxb-", 50),
        upper_key("AKIA", 16),
        key("AIza", 35),
        key("hf_", 34),
        key("gsk_", 52),
        key("npm_", 36),
        key("sk_live_", 24),
        jwt,
    ];
    for key in &keys {
        for (before, after) in [
            ("", ""),
            ("OPENAI_API_KEY=", "\n"),
            ("\"", "\""),
            ("(", ")"),
            ("\u{1b}[31m", "\u{1b}[0m"),
            ("\u{1b}[1;31m", ""),
            ("\\n", "\\n"),
            ("\\u001b", "."),
            ("https://example.com/?key=", "&x=1"),
        ] {
            let text = format!("{before}{key}{after}");
            assert_eq!(
                redactor.redact(&text),
                format!("{before}{REDACTED}{after}"),
                "{text}"
            );
        }
    }
}

#[test]
fn headers_and_addresses_lose_only_what_is_secret_in_them() {
    let redactor = redactor(&[]);
    let token = key("", 30);
    for (text, expected) in [
        (
            format!("Authorization: Bearer {token}"),
            format!("Authorization: Bearer {REDACTED}"),
        ),
        (
            format!("authorization: bearer  {token}\r"),
            format!("authorization: bearer  {REDACTED}\r"),
        ),
        (
            "git clone https://me:s3cret-word@example.com/x.git".to_owned(),
            format!("git clone https://me:{REDACTED}@example.com/x.git"),
        ),
        (
            format!("https://oauth2:{}@example.com", key("ghp_", 36)),
            format!("https://oauth2:{REDACTED}@example.com"),
        ),
    ] {
        assert_eq!(redactor.redact(&text), expected);
    }
}

#[test]
fn words_that_only_look_like_keys_stay() {
    let redactor = redactor(&[]);
    for text in [
        "<task-notification>the-quick-brown-fox-jumps-over-1-dog",
        "a desk-1234567890-1234567890-1234567890 from the catalogue",
        "sk-learn-and-other-hyphenated-words-are-fine",
        "Bearer authentication/authorization",
        "http://127.0.0.1:8787/v1 and user@example.com",
        "ssh://git@example.com:22/x",
        "eyJ is how base64 of an object begins",
        "01a1fc62-d4de-7e23-b8b7-3b8012a426c2",
        "-----BEGIN CERTIFICATE-----",
        "npm_config_registry and hf_hub_download_with_a_long_name_1",
    ] {
        assert!(
            matches!(redactor.redact(text), Cow::Borrowed(_)),
            "{text}: {}",
            redactor.redact(text)
        );
    }
}

#[test]
fn the_values_of_secret_variables_go_and_those_of_others_stay() {
    let redactor = redactor(&[
        ("OPENAI_API_KEY", "correct horse"),
        ("db_password", "tr0ub4dor&3"),
        ("MY_APIKEY", "päßwörtlich"),
        ("SHORT_TOKEN", "seven77"),
        ("KEYBOARD_LAYOUT", "dvorak-programmer"),
        ("SSH_AUTH_SOCK", "/run/user/1000/agent"),
        ("GITHUB_TOKEN_FILE", "/run/secrets/github"),
        ("EDITOR", "helix --very-long"),
    ]);
    assert_eq!(
        redactor.redact("correct horse, tr0ub4dor&3, päßwörtlich"),
        "[redacted], [redacted], [redacted]"
    );
    let kept =
        "seven77 dvorak-programmer /run/user/1000/agent /run/secrets/github helix --very-long";
    assert_eq!(redactor.redact(kept), kept);
}

#[test]
fn a_secret_is_found_in_json_and_in_json_within_json() {
    let secret = "a\"quote, a\\slash/, an ü and a\ttab";
    let redactor = redactor(&[("APP_SECRET", secret)]);
    let inner = json!({ "cmd": format!("echo {secret}!") }).to_string();
    let line = json!({ "arguments": inner, "n": 1 }).to_string();
    let redacted = redactor.redact(&line).into_owned();
    let outer: Value = serde_json::from_str(&redacted).expect("JSON");
    let inner: Value =
        serde_json::from_str(outer["arguments"].as_str().expect("text")).expect("JSON within JSON");
    assert_eq!(inner["cmd"], "echo [redacted]!");
    // As Python writes it.
    let ascii = r#"{"text":"a\"quote, a\\slash/, an \u00fc and a\ttab"}"#;
    assert_eq!(redactor.redact(ascii), r#"{"text":"[redacted]"}"#);
}

#[test]
fn a_secret_of_digits_does_not_break_numbers() {
    let redactor = redactor(&[("PIN_PASSWORD", "12345678")]);
    let line = r#"{"at":1712345678000,"pin":12345678,"text":"pin 12345678"}"#;
    let value: Value = serde_json::from_str(&redactor.redact(line)).expect("JSON");
    assert_eq!(
        value,
        json!({ "at": 1_712_345_678_000_u64, "pin": REDACTED, "text": "pin [redacted]" })
    );
}

#[test]
fn private_keys_go_whole_from_a_text_a_line_of_json_and_line_by_line() {
    let redactor = Arc::new(redactor(&[]));
    let body = format!("{}\n{}", key("MII", 61), key("", 30));
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----");
    assert_eq!(
        redactor.redact(&format!("key:\n{pem}\nend")),
        "key:\n[redacted]\nend"
    );
    let line = json!({ "output": format!("{pem}\n") }).to_string();
    assert_eq!(redactor.redact(&line), r#"{"output":"[redacted]\n"}"#);
    let cut = json!({ "output": json!({ "stdout": &pem[..60] }).to_string() }).to_string();
    let redacted = redactor.redact(&cut).into_owned();
    let outer: Value = serde_json::from_str(&redacted).expect("JSON");
    let inner: Value = serde_json::from_str(outer["output"].as_str().expect("text")).expect("JSON");
    assert_eq!(inner["stdout"], REDACTED);

    let mut lines = LineRedactor::new(redactor);
    let text = format!("before\n{pem}\nafter");
    let seen: Vec<_> = text.lines().map(|line| lines.line(line)).collect();
    assert_eq!(
        seen,
        ["before", REDACTED, REDACTED, REDACTED, REDACTED, "after"]
    );
}

#[test]
fn the_redactor_does_not_show_its_secrets() {
    let redactor = redactor(&[("A_TOKEN", "hush-hush")]);
    assert!(!format!("{redactor:?}").contains("hush"));
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn nothing_that_docket_keeps_holds_a_secret_of_the_agent() {
    let sandbox = Sandbox::new();
    let api_key = key("sk-ant-api03-", 80);
    let script = sandbox.home("leaky.sh");
    let text = format!(
        "#!/bin/sh\necho \"inherited: $MY_TOKEN\"\necho \"configured: $APP_SECRET\" >&2\n\
         printf 'in two pieces: '; printf '%s' {} ; sleep 0.05; printf '%s\\n' {}\n\
         echo \"the last word: $MY_TOKEN\"",
        &api_key[..30],
        &api_key[30..],
    );
    fs::write(&script, text).expect("a script");
    sandbox.configure(&format!(
        "[agents.leaky]\nkind = \"command\"\ncommand = [\"sh\", {script:?}]\npass_env = [\"MY_TOKEN\"]\n\
         env = {{ APP_SECRET = \"configured \\\"secret\\\"\" }}"
    ));
    sandbox.ticket(
        10,
        &format!(
            "agent: leaky\nlimits: {{ turns: 1, attempts: 1 }}\nvalidate: [\"echo checked with $MY_TOKEN; cat {}\"]",
            script.display()
        ),
        "Work.",
    );
    let mut command = sandbox.command(["--once"]);
    command.env("MY_TOKEN", "inherited secret 1");
    sandbox.start_command(command).finish().exits(0);
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    for part in [
        "inherited: [redacted]",
        "configured: [redacted]",
        "in two pieces: [redacted]",
    ] {
        assert!(transcript.contains(part), "{part}: {transcript}");
    }
    let secrets = [
        "inherited secret 1",
        "configured \"secret\"",
        r#"configured \"secret"#,
        &api_key,
    ];
    let kept = sandbox.path(".docket");
    let kept: Vec<_> = files(&kept)
        .into_iter()
        .filter(|path| !path.starts_with(kept.join("worktrees")))
        .collect();
    assert!(kept.len() > 8, "{kept:?}");
    for path in kept {
        let bytes = fs::read(&path).expect("a file");
        for secret in secrets {
            assert!(
                memchr::memmem::find(&bytes, secret.as_bytes()).is_none(),
                "{} holds {secret}",
                path.display()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn json_stays_json_and_holds_no_secret(
        secret in "[a-zA-Z0-9\"\\\\/\u{e4}\u{20ac}\u{1f600}{}:,\\[\\] \n]{8,30}",
        before in "[a-z\"\\\\\n]{0,8}",
        after in "[a-z\"\\\\\n]{0,8}",
        number: i64,
    ) {
        let secret = secret.trim();
        prop_assume!(secret.chars().count() >= 8);
        let redactor = redactor(&[("A_SECRET", secret)]);
        let text = format!("{before}{secret}{after}");
        let inner = json!({ "t": text }).to_string();
        let line = json!({ "text": text, "inner": inner, "n": number, "list": [null, true, text] });
        let redacted = redactor.redact(&line.to_string()).into_owned();
        let value: Value = serde_json::from_str(&redacted).expect("still JSON");
        for shown in [&value["text"], &value["list"][2]] {
            prop_assert!(!shown.as_str().expect("text").contains(secret), "{}", redacted);
        }
        prop_assert!(!value["inner"].as_str().expect("text").contains(secret));
        prop_assert_eq!(&value["n"], &json!(number));
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}") {
        let redactor = redactor(&[("A_SECRET", "eight888")]);
        let _no_panic = redactor.redact(&text);
    }
}
