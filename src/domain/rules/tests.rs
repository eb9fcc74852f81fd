use super::*;
use crate::domain::item::ToolKind;
use crate::domain::request::{Choice, Question};

fn request(ask: Ask) -> Request {
    let choice = |id: &str, kind| Choice {
        id: id.to_owned(),
        label: id.to_owned(),
        kind,
    };
    Request {
        choices: vec![
            choice("yes", ChoiceKind::AllowOnce),
            choice("always", ChoiceKind::AllowAlways),
            choice("no", ChoiceKind::Deny),
        ],
        ..Request::new("", ask)
    }
}

fn command(text: &str) -> Request {
    request(Ask::Command {
        command: text.to_owned(),
    })
}

fn edit(paths: &[&str]) -> Request {
    request(Ask::Edit {
        paths: paths.iter().map(ToString::to_string).collect(),
    })
}

fn tool(name: &str) -> Request {
    request(Ask::Tool {
        name: name.to_owned(),
        tool: ToolKind::Other,
    })
}

fn question() -> Request {
    Request {
        choices: Vec::new(),
        ..request(Ask::Question {
            questions: vec![Question {
                text: "which?".to_owned(),
                suggestions: Vec::new(),
            }],
        })
    }
}

fn rules(allow: &[&str], deny: &[&str]) -> Rules {
    let parse = |rules: &[&str]| {
        let rules = rules.iter().map(|rule| rule.parse().expect(rule));
        rules.collect()
    };
    Rules {
        allow: parse(allow),
        deny: parse(deny),
    }
}

fn allowed(rule: &str) -> Decision {
    Decision::Allow {
        by: AnsweredBy::Rule {
            rule: rule.to_owned(),
        },
    }
}

fn denied(rule: &str) -> Decision {
    Decision::Deny {
        by: AnsweredBy::Rule {
            rule: rule.to_owned(),
        },
    }
}

#[track_caller]
fn allows(rule: &str, request: &Request) {
    let decision = decide(Approvals::Ask, &rules(&[rule], &[]), request);
    assert_eq!(decision, allowed(rule), "{:?}", request.ask);
}

#[track_caller]
fn asks(rule: &str, request: &Request) {
    let decision = decide(Approvals::Ask, &rules(&[rule], &[]), request);
    assert_eq!(decision, Decision::Ask, "{:?}", request.ask);
}

#[track_caller]
fn denies(rule: &str, request: &Request) {
    let decision = decide(Approvals::Auto, &rules(&["*"], &[rule]), request);
    assert_eq!(decision, denied(rule), "{:?}", request.ask);
}

#[track_caller]
fn does_not_deny(rule: &str, request: &Request) {
    let decision = decide(Approvals::Ask, &rules(&[], &[rule]), request);
    assert_eq!(decision, Decision::Ask, "{:?}", request.ask);
}

#[test]
fn an_allow_rule_answers_one_simple_command() {
    for text in [
        "cargo test",
        "  cargo   test\t--lib ",
        "cargo",
        "cargo test 'a; b'",
        "cargo test \"two words\"",
        "cargo run -- src/*.rs ~/x",
    ] {
        allows("cargo *", &command(text));
    }
    allows("make", &command("make"));
    asks("make", &command("make install"));
}

#[test]
fn an_allow_rule_never_answers_more_than_one_simple_command() {
    for text in [
        "cargo test; rm -rf /",
        "cargo test;rm -rf /",
        "cargo test && rm -rf /",
        "cargo test || rm -rf /",
        "cargo test | sh",
        "cargo test & rm -rf /",
        "cargo test\nrm -rf /",
        "cargo test\r\nrm -rf /",
        "cargo test \\\n; rm",
        "cargo $(rm -rf /)",
        "cargo \"$(rm -rf /)\"",
        "cargo `rm -rf /`",
        "cargo \"`rm -rf /`\"",
        "cargo <(rm -rf /)",
        "cargo test > ~/.bashrc",
        "cargo test 2>&1",
        "cargo test < /etc/passwd",
        "cargo test <<EOF",
        "(cargo test)",
        "cargo ${IFS}x",
        "cargo $HOME",
        "cargo test \\; rm",
        "cargo 'unclosed",
        "cargo \"unclosed",
        "cargo test # comment",
        "cargo {a,b}",
        "cargo test\u{0}x",
        "cargo\u{a0}test",
        "cargo\u{2028}test",
        "cargo \"a\\\" ; rm\"",
        "! cargo test",
        "FOO=1 cargo test",
        "/tmp/cargo test",
        "./cargo test",
        "env cargo test",
        "cargotest",
        "Cargo test",
        "xcargo test",
        "",
        "   ",
    ] {
        asks("cargo *", &command(text));
    }
}

#[test]
fn a_deny_rule_finds_its_command_in_every_part() {
    for text in [
        "git push",
        "git push origin main",
        "git  push\torigin",
        "cargo test; git push",
        "cargo test;git push",
        "cargo test && git push --force",
        "cargo test || git push",
        "cargo test & git push",
        "echo | git push",
        "cargo test\ngit push",
        "git \\\n push",
        "(git push)",
        "{ git push; }",
        "if true; then git push; fi",
        "while ! git push; do sleep 1; done",
        "echo $(git push)",
        "echo \"$(git push)\"",
        "echo \"a $(echo b; git push) c\" d",
        "echo `git push`",
        "echo \"`git push`\"",
        "cat <(git push)",
        "x=$(git push) y",
        "FOO=1 git push",
        "FOO=1 BAR+='a b' git push",
        "/usr/bin/git push",
        "../bin/git push",
        "sudo git push",
        "sudo -u root -- git push",
        "env -i A=b git push",
        "nohup git push &",
        "time git push",
        "timeout 5 git push",
        "command git push",
        "xargs git push < list",
        "find . -exec git push \\;",
        "sh -c 'git push'",
        "/bin/bash -lc \"cd x && git push\"",
        "bash -c \"bash -c 'git push'\"",
        "eval 'git push'",
        "'git' push",
        "g\"i\"t pu'sh'",
        "gi\\t push",
        "$'git' push",
        "git push>log",
        "git >log push",
        "git 2>/dev/null push",
        "git 2>&1 push",
        "git &>log push",
        "git -C elsewhere push",
        "git -c a=b --no-pager push origin",
        "cat <<EOF | sh\ngit push\nEOF",
        "git push \"unclosed",
        "echo ) ; git push",
    ] {
        denies("git push *", &command(text));
    }
    for text in [
        "git pull",
        "git pushy",
        "git commit -m 'git push; git push'",
        "git commit -m \"later; git push\"",
        "echo git push",
        "cargo test # then git push",
    ] {
        does_not_deny("git push *", &command(text));
    }
    denies("*--force*", &command("x; git push --force y"));
    denies("/usr/bin/git *", &command("/usr/bin/git status"));
}

#[test]
fn edits_are_allowed_when_every_path_is_and_denied_when_one_is() {
    allows("edit:src/**", &edit(&["src/main.rs", "src/a/b.rs"]));
    allows("edit:*.md", &edit(&["README.md", "docs/A.md"]));
    for paths in [
        &["src/main.rs", "Cargo.toml"][..],
        &["/etc/src/x"],
        &["src/../Cargo.toml"],
        &["src/./x"],
        &["src//x"],
        &["src/.git/hooks/pre-commit"],
        &["src/.GIT/config"],
        &["~/src/x"],
        &["src/a\\..\\b"],
        &["src/a\nb"],
        &[""],
        &[],
    ] {
        asks("edit:src/**", &edit(paths));
        asks("edit:*", &edit(&["src/ok", "/x"]));
    }
    let both = rules(&["edit:src/*", "edit:tests/*"], &[]);
    let decision = decide(Approvals::Ask, &both, &edit(&["src/a", "tests/b", "src/c"]));
    assert_eq!(decision, allowed("edit:src/*, edit:tests/*"));

    for path in [
        "secrets/key",
        "./secrets/key",
        "a/../secrets/key",
        "secrets//key",
        "/somewhere/tree/secrets/key",
        "../tree/secrets/key",
        "secrets/",
    ] {
        let paths = ["src/a", path];
        denies("edit:secrets/*", &edit(&paths));
    }
    denies("edit:/etc/*", &edit(&["/etc/../etc/passwd"]));
    does_not_deny("edit:secrets/*", &edit(&["src/secrets.rs"]));
}

#[test]
fn tools_are_known_by_their_names() {
    allows("tool:WebFetch", &tool("WebFetch"));
    allows("tool:mcp__github__*", &tool("mcp__github__search"));
    asks("tool:WebFetch", &tool("WebFetcher"));
    asks("WebFetch", &tool("WebFetch"));
    asks("tool:*", &command("cargo test"));
    asks("tool:*", &edit(&["src/a"]));
    denies("tool:Web*", &tool("WebFetch"));
}

#[test]
fn deny_wins_over_allow_and_rules_win_over_the_policy() {
    let both = rules(&["git *"], &["git push *"]);
    for policy in [Approvals::Ask, Approvals::Auto, Approvals::Deny] {
        let decide = |text| decide(policy, &both, &command(text));
        assert_eq!(decide("git push"), denied("git push *"));
        assert_eq!(decide("git status"), allowed("git *"));
    }
    let by_policy = |policy| decide(policy, &Rules::default(), &command("ls"));
    let by = AnsweredBy::Policy;
    assert_eq!(by_policy(Approvals::Ask), Decision::Ask);
    assert_eq!(
        by_policy(Approvals::Auto),
        Decision::Allow { by: by.clone() }
    );
    assert_eq!(by_policy(Approvals::Deny), Decision::Deny { by });
}

#[test]
fn a_question_is_never_answered_by_an_approval() {
    let all = rules(&["*", "edit:*", "tool:*"], &[]);
    assert_eq!(decide(Approvals::Auto, &all, &question()), Decision::Ask);
    assert_eq!(decide(Approvals::Ask, &all, &question()), Decision::Ask);
    let by = AnsweredBy::Policy;
    assert_eq!(
        decide(Approvals::Deny, &all, &question()),
        Decision::Deny { by }
    );
    // One that offers choices is no approval either.
    let with_choices = Request {
        ask: question().ask,
        ..command("")
    };
    assert_eq!(decide(Approvals::Auto, &all, &with_choices), Decision::Ask);
}

#[test]
fn nothing_is_approved_for_good_by_a_rule_or_without_a_yes() {
    let mut request = command("cargo test");
    request.choices.remove(0);
    asks("cargo *", &request);
    request.choices.clear();
    let decision = decide(Approvals::Auto, &Rules::default(), &request);
    assert_eq!(decision, Decision::Ask);
}

#[test]
fn what_is_no_rule_says_what_to_write() {
    let error = |text: &str| Rule::parse(text).expect_err(text);
    assert_eq!(error(" "), RuleError::Empty);
    assert_eq!(error("edit: "), RuleError::Empty);
    assert_eq!(error("tool:"), RuleError::Empty);
    assert_eq!(error("a\nb"), RuleError::ControlCharacter);
    assert!(matches!(
        error("Bash(git push:*)"),
        RuleError::Foreign { .. }
    ));
    assert!(matches!(error("Edit:src"), RuleError::Prefix { .. }));
    assert!(matches!(error("write:src"), RuleError::Prefix { .. }));
    assert!(Rule::parse("docker run img:tag").is_ok());
    assert!(Rule::parse("npm run build:all").is_ok());
    assert!(Rule::parse("a:b *").is_ok());

    let error = |text: &str| Rule::parse_allow(text).expect_err(text);
    for text in ["cargo test && ls", "echo $HOME", "ls > x"] {
        assert!(matches!(error(text), RuleError::NeverSimple { .. }));
        assert!(Rule::parse(text).is_ok(), "{text} may be denied");
    }
    for text in ["edit:/etc/*", "edit:../x", "edit:~/x", "edit:.git/*"] {
        assert!(
            matches!(error(text), RuleError::NeverInside { .. }),
            "{text}"
        );
    }
    for text in ["*", "cargo *", "edit:**", "edit:./src/*", "tool:*"] {
        assert!(Rule::parse_allow(text).is_ok(), "{text}");
    }
}

#[test]
fn rules_are_texts_in_json() {
    let both = rules(&["cargo *"], &["edit:x"]);
    let json = serde_json::to_string(&both).expect("JSON");
    assert_eq!(json, r#"{"allow":["cargo *"],"deny":["edit:x"]}"#);
    assert_eq!(serde_json::from_str::<Rules>(&json).expect("rules"), both);
    assert!(serde_json::from_str::<Rules>(r#"{"allow":[""]}"#).is_err());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// What makes a shell do more than one thing.
    const MORE: &[&str] = &[
        ";", "&", "&&", "|", "||", "|&", "\n", "\r\n", "$(", "`", "<(", ">(", ">", ">>", "<", "<<",
        "&>", "${", "(", ")", "\\\n",
    ];

    proptest! {
        /// Whatever stands around it: an operator that is not in single quotes is never let through.
        #[test]
        fn no_allow_rule_answers_a_compound_command(
            before in "[a-z./= \"*~-]{0,12}",
            more in proptest::sample::select(MORE),
            after in "[ -~\\n]{0,20}",
        ) {
            let text = format!("cargo {before}{more}{after}");
            let quotes = before.matches('"').count();
            // Inside double quotes operators are words, substitutions are not.
            prop_assume!(quotes % 2 == 0 || matches!(more, "$(" | "`" | "${" | "\n" | "\r\n" | "\\\n"));
            let decision = decide(Approvals::Ask, &rules(&["*", "cargo *"], &[]), &command(&text));
            prop_assert_eq!(decision, Decision::Ask, "{}", text);
        }

        /// Behind anything that ends a command, a denied one is found.
        #[test]
        fn a_denied_command_is_found_behind_any_other(
            before in "[a-z0-9 ./=-]{0,16}",
            more in proptest::sample::select(&[";", "&&", "||", "|", "&", "\n", "$(", "`", "(", "\"$("][..]),
            blank in "[ \\t]{0,3}",
        ) {
            let text = format!("{before}{more}{blank}git push");
            let decision = decide(Approvals::Auto, &rules(&["*"], &["git push *"]), &command(&text));
            prop_assert_eq!(decision, denied("git push *"), "{}", text);
        }

        /// Any text at all: no panic, and what is allowed is free of operators outside of quotes.
        #[test]
        fn any_text_is_decided(text in "\\PC{0,60}", paths in proptest::collection::vec("\\PC{0,20}", 0..3)) {
            let all = rules(&["*", "edit:*", "tool:*"], &["git push *", "edit:secrets/*"]);
            let _decided = decide(Approvals::Ask, &all, &command(&text));
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let decision = decide(Approvals::Ask, &all, &edit(&paths));
            let is_outside = |path: &&str| path.starts_with('/') || path.split('/').any(|part| part == "..");
            if paths.iter().any(is_outside) {
                let is_allowed = matches!(decision, Decision::Allow { .. });
                prop_assert!(!is_allowed);
            }
        }
    }
}
