//! `config`, `trust`, `completions`, `man`.

use crate::support::sandbox::Sandbox;

#[test]
fn values_come_with_their_origin() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("docket.toml", "jobs = 3\n\n[limits]\nwall = \"5m\"\n");
    let text = sandbox.docket(["config", "--theme", "day"]).exits(0).stdout;
    let line = |start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no `{start}` in:\n{text}"))
    };
    assert!(line("jobs = 3 ").contains("docket.toml:1:"), "{text}");
    assert!(line("ui.theme = \"day\"").ends_with("--theme"), "{text}");
    assert!(line("stop.cancel").contains("config.toml"), "{text}");
    let one = sandbox
        .docket(["config", "jobs"])
        .exits(0)
        .says("docket.toml:1");
    assert_eq!(one.stdout, "3\n");
    let table = sandbox.docket(["config", "limits"]).exits(0).stdout;
    assert!(
        table.contains("limits.wall = \"5m\"  # ") && !table.contains("jobs"),
        "{table}"
    );
    let json = sandbox
        .docket(["config", "limits.wall", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["values"][0]["value"], "5m");
    assert_eq!(json["values"][0]["origin"]["layer"], "repository");
    assert_eq!(json["values"][0]["origin"]["line"], 4);
    sandbox
        .docket(["config", "limits.tokens"])
        .exits(0)
        .says("is not set");
    sandbox
        .docket(["config", "agents.codex.model"])
        .exits(0)
        .says("is not set");
    sandbox
        .docket(["config", "job"])
        .exits(2)
        .says("did you mean `jobs`?");
    let keys = sandbox.docket(["config", "--keys"]).exits(0).stdout;
    assert!(keys.contains("limits.wall = \"1h\""), "{keys}");
    let keys = sandbox
        .docket(["config", "--keys", "--json"])
        .exits(0)
        .json();
    assert_eq!(keys["keys"][1]["key"], "jobs");
}

#[test]
fn built_in_agents_are_shown_when_they_matter() {
    let sandbox = Sandbox::new();
    let config = || sandbox.docket(["config"]).exits(0).says("left out");
    let all = config();
    assert!(!all.stdout.contains("agents.codex."), "{}", all.stdout);
    assert!(all.stderr.contains("codex"), "{}", all.stderr);
    let one = sandbox.docket(["config", "agents.codex.command"]).exits(0);
    assert_eq!(one.stdout, "[\"codex\", \"app-server\"]\n");
    assert!(one.stderr.contains("built-in"), "{}", one.stderr);
    let table = sandbox.docket(["config", "agents.claude"]).exits(0).stdout;
    assert!(table.contains("DISABLE_TELEMETRY = \"1\""), "{table}");
    let json = sandbox.docket(["config", "--json"]).exits(0).stdout;
    assert!(json.contains("agents.qwen.mode"), "{json}");

    sandbox
        .repository()
        .write("docket.toml", "agent = \"qwen\"\n");
    sandbox.configure("[agents.codex]\nmodel = \"big\"\nfallback = [\"claude\"]");
    let all = config();
    let line = |start: &str| {
        let found = all.stdout.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no `{start}` in:\n{}", all.stdout))
    };
    assert!(line("agents.codex.model").contains("config.toml:"));
    assert!(line("agents.codex.command").ends_with("# built-in"));
    assert!(line("agents.qwen.mode = \"default\"").ends_with("# built-in"));
    assert!(line("agents.claude.kind").ends_with("# built-in"));
    assert!(!all.stdout.contains("agents.gemini"), "{}", all.stdout);
}

#[test]
fn a_repository_is_trusted_once_and_for_what_was_shown() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo a > a");
    sandbox
        .repository()
        .write("docket.toml", "validate = [\"true\"]\n");
    sandbox.docket(["--once"]).exits(2).says("docket trust");
    let shown = sandbox
        .docket(["trust", "--show"])
        .exits(0)
        .says("not trusted");
    assert!(
        shown.stdout.starts_with("validate = [\"true\"]  # "),
        "{}",
        shown.stdout
    );
    let trust = sandbox.docket(["trust", "--json"]).exits(0).json();
    assert_eq!(
        (&trust["trusted"], &trust["changed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(trust["commands"][0]["key"], "validate");
    sandbox.docket(["trust"]).exits(0).says("trusted");
    sandbox.docket(["--once"]).exits(0);
    sandbox
        .repository()
        .write("docket.toml", "validate = [\"false\"]\n");
    sandbox
        .docket(["trust", "--show"])
        .exits(0)
        .says("changed since you trusted it");
    sandbox
        .docket(["trust", "--revoke"])
        .exits(0)
        .says("no longer trusted");
    sandbox
        .docket(["trust", "--revoke"])
        .exits(0)
        .says("it was not trusted");
    sandbox.docket(["run"]).exits(2);
    sandbox.repository().write("docket.toml", "jobs = 2\n");
    sandbox
        .docket(["trust"])
        .exits(0)
        .says("no trust is needed");
}

#[test]
fn shells_and_man_get_what_they_can_read() {
    let sandbox = Sandbox::new();
    for (shell, part) in [
        ("bash", "complete -F _docket"),
        ("zsh", "#compdef docket"),
        ("fish", "complete -c docket"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = sandbox.docket(["completions", shell]).exits(0).stdout;
        assert!(script.contains(part), "{shell}");
    }
    let page = sandbox.docket(["man"]).exits(0).stdout;
    assert!(
        page.contains(".TH docket 1") && page.contains("Exit codes"),
        "{page}"
    );
    let page = sandbox
        .docket(["man", "evidence", "verify"])
        .exits(0)
        .stdout;
    assert!(page.contains("docket\\-evidence\\-verify"), "{page}");
    sandbox
        .docket(["man", "evidense"])
        .exits(2)
        .says("did you mean `evidence`?");
    sandbox.docket(["completions", "tcl"]).exits(2);
}

#[test]
fn the_version_needs_no_configuration() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("docket.toml", "what = \n");
    let version = sandbox.docket(["--version"]).exits(0).stdout;
    assert_eq!(version, format!("docket {}\n", env!("CARGO_PKG_VERSION")));
    sandbox.docket(["--help"]).exits(0);
    sandbox.docket(["config", "--keys"]).exits(0);
}
