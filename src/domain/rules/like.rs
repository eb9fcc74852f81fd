//! How far a human's yes reaches beyond the one request that it is said to, and the rules that say exactly that.

use super::shell::Simple;
use super::{EDIT, EXACT, Rule, Rules, is_inside};
use crate::domain::request::{Ask, ChoiceKind, Request};
use crate::domain::settings::words;

words! {
    /// How far a yes reaches.
    Scope {
        /// To this request alone.
        Once = "once",
        /// To the like, for as long as the ticket is worked on.
        Ticket = "ticket",
        /// To the like in this repository, until somebody takes it back.
        Always = "always",
    }
}

/// Why no rule says exactly what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRule {
    /// A question is answered in words, each time.
    #[error("it asks a question: answer it in words")]
    Question,
    /// A rule about a tool knows its name alone.
    #[error(
        "a rule would allow every use of that tool, not this one: allow it once, or write `tool:` and its name under [rules]"
    )]
    Tool,
    /// The agent can't be told "this once".
    #[error("its agent offers no yes for this once, and a rule says no other")]
    NoYesForOnce,
    /// What is asked has characters that a rule would read otherwise, or that people can't see.
    #[error(
        "no rule says exactly this, since it has line ends, `*` in a path or characters that can't be seen, or leaves the working tree: allow it once"
    )]
    NotSayable,
}

/// The rules that allow what is asked, and nothing that is not the very same command line or the very same paths.
pub fn like(request: &Request) -> Result<Vec<Rule>, NoRule> {
    let rule = |text: String| Rule::parse_allow(&text).map_err(|_error| NoRule::NotSayable);
    let rules = match &request.ask {
        Ask::Question { .. } => return Err(NoRule::Question),
        Ask::Tool { .. } => return Err(NoRule::Tool),
        _ if request.choice(ChoiceKind::AllowOnce).is_none() => return Err(NoRule::NoYesForOnce),
        Ask::Command { command } => {
            let line = seen(command.trim_matches([' ', '\t']))?;
            // A plain rule also knows the same words with other blanks between them.
            let is_plain = Simple::read(line).is_some() && !line.contains('*');
            let plain = is_plain.then(|| Rule::parse_allow(line).ok()).flatten();
            match plain {
                Some(rule) => vec![rule],
                None => vec![rule(format!("{EXACT}{line}"))?],
            }
        }
        Ask::Edit { paths } => {
            let of_path = |path: &String| {
                let path = seen(path)?;
                if path.contains('*') || !is_inside(path) {
                    return Err(NoRule::NotSayable);
                }
                rule(format!("{EDIT}{path}"))
            };
            let mut rules: Vec<Rule> = paths.iter().map(of_path).collect::<Result<_, _>>()?;
            rules.dedup();
            rules
        }
    };
    // Whatever was made of the text: it must answer just this request.
    let said = Rules {
        allow: rules.clone(),
        deny: Vec::new(),
    };
    match said.allowing(&request.ask) {
        Some(_) => Ok(rules),
        None => Err(NoRule::NotSayable),
    }
}

/// The text, if what people see of it is all of it.
fn seen(text: &str) -> Result<&str, NoRule> {
    let is_seen = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    if !text.is_empty() && text.chars().all(is_seen) {
        Ok(text)
    } else {
        Err(NoRule::NotSayable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::item::ToolKind;
    use crate::domain::request::{AnsweredBy, Choice};
    use crate::domain::rules::{Decision, decide};
    use crate::domain::ticket::Approvals;

    fn request(ask: Ask) -> Request {
        Request {
            choices: vec![Choice {
                id: "y".into(),
                label: "yes".into(),
                kind: ChoiceKind::AllowOnce,
            }],
            ..Request::new("t", ask)
        }
    }

    fn command(command: &str) -> Request {
        request(Ask::Command {
            command: command.into(),
        })
    }

    fn edit(paths: &[&str]) -> Request {
        request(Ask::Edit {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        })
    }

    fn texts(request: &Request) -> Vec<String> {
        let rules = like(request).expect("rules");
        rules.iter().map(ToString::to_string).collect()
    }

    fn allows(rules: Vec<Rule>, request: &Request) -> bool {
        let rules = Rules {
            allow: rules,
            deny: Vec::new(),
        };
        matches!(
            decide(Approvals::Ask, &rules, request),
            Decision::Allow {
                by: AnsweredBy::Rule { .. }
            }
        )
    }

    #[test]
    fn the_rule_says_what_was_asked_and_nothing_else() {
        for (asked, rule, others) in [
            (
                "cargo test -p a",
                "cargo test -p a",
                ["cargo test", "cargo test -p a; id", "cargo test -p a b"],
            ),
            (
                "rm *.o",
                "exact:rm *.o",
                ["rm a.o", "rm  *.o", "rm *.o *.a"],
            ),
            (
                "cd a && make | tee log",
                "exact:cd a && make | tee log",
                ["cd a && make", "cd a && make | tee log2", "make | tee log"],
            ),
        ] {
            assert_eq!(texts(&command(asked)), [rule]);
            let rules = like(&command(asked)).expect("rules");
            assert!(allows(rules.clone(), &command(asked)));
            for other in others {
                assert!(!allows(rules.clone(), &command(other)), "{other}");
            }
        }
        let asked = edit(&["src/a.rs", "b"]);
        assert_eq!(texts(&asked), ["edit:src/a.rs", "edit:b"]);
        let rules = like(&asked).expect("rules");
        assert!(allows(rules.clone(), &edit(&["b"])));
        assert!(!allows(rules, &edit(&["b", "c"])));
    }

    #[test]
    fn what_no_rule_says_is_left_to_people() {
        for asked in [
            command("a\nb"),
            command(""),
            command("rm \u{202e}txt"),
            edit(&["/etc/passwd"]),
            edit(&["a/../../b"]),
            edit(&["a*"]),
            edit(&[]),
        ] {
            assert_eq!(like(&asked), Err(NoRule::NotSayable), "{asked:?}");
        }
        let tool = request(Ask::Tool {
            name: "WebFetch".into(),
            tool: ToolKind::Fetch,
        });
        assert_eq!(like(&tool), Err(NoRule::Tool));
        let mut only_always = command("ls");
        only_always.choices[0].kind = ChoiceKind::AllowAlways;
        assert_eq!(like(&only_always), Err(NoRule::NoYesForOnce));
        let question = Ask::Question {
            questions: Vec::new(),
        };
        assert_eq!(like(&request(question)), Err(NoRule::Question));
    }
}
