//! `docket doctor` with programs that play agents: found or not, silent, hanging, refusing; and nothing left of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::repository::TestRepository;
use crate::support::sandbox::{Finished, Sandbox, until};

/// A user with a PATH of their own: git, a few tools, and the agents that a test puts there.
struct Clinic {
    sandbox: Sandbox,
    variables: Vec<(&'static str, String)>,
}

/// Greets as `claude` does.
const CLAUDE: &str = r#"
case "$1" in
--version) echo "2.1.329 (Claude Code)" ;;
*) read -r line
   echo 'a line that is no JSON'
   echo '{"type":"control_response","response":{"subtype":"success","request_id":"docket-doctor","response":{}}}'
   cat > /dev/null ;;
esac"#;

impl Clinic {
    fn new() -> Self {
        Self::of(Sandbox::new())
    }

    fn of(sandbox: Sandbox) -> Self {
        let clinic = Self {
            sandbox,
            variables: Vec::new(),
        };
        fs::create_dir_all(clinic.bin()).expect("a folder of programs");
        let path = std::env::var_os("PATH").expect("a PATH");
        for tool in ["git", "sleep", "cat"] {
            let real = std::env::split_paths(&path)
                .map(|folder| folder.join(tool))
                .find(|path| path.is_file())
                .expect(tool);
            symlink(real, clinic.bin().join(tool)).expect("a link");
        }
        clinic
    }

    fn bin(&self) -> PathBuf {
        self.sandbox.home("bin")
    }

    /// Installs a program.
    fn install(&self, name: &str, script: &str) {
        executable(&self.bin().join(name), script);
    }

    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    fn doctor(&self, arguments: &[&str]) -> Finished {
        let mut all = vec!["doctor"];
        all.extend(arguments);
        let mut command = self.sandbox.command(all);
        command.env("PATH", self.bin()).env("LANG", "C.UTF-8");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        self.sandbox.start_command(command).finish()
    }

    fn json(&self, arguments: &[&str], exit: i32) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let document = self.doctor(&all).exits(exit).json();
        assert_eq!(document["exit"], exit);
        document
    }
}

fn executable(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

#[track_caller]
fn agent<'a>(document: &'a Value, name: &str) -> &'a Value {
    let agents = document["agents"].as_array().expect("agents");
    let found = agents.iter().find(|agent| agent["name"] == name);
    found.expect(name)
}

#[track_caller]
fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let checks = document["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["name"] == name);
    found.expect(name)
}

/// Whether one of an agent's findings says this.
fn tells(agent: &Value, words: &str) -> bool {
    agent["findings"].to_string().contains(words)
}

/// Waits until the process whose number a program wrote is gone.
#[track_caller]
fn is_gone(file: &Path) {
    let pid = fs::read_to_string(file).expect("its number");
    let environment = PathBuf::from(format!("/proc/{}/environ", pid.trim()));
    until("the program is gone", || {
        fs::read(&environment).map_or(true, |bytes| bytes.is_empty())
    });
}

#[test]
fn an_agent_that_works_is_told_with_everything_but_its_key() {
    const SECRET: &str = "sk-ant-very-secret";
    let mut clinic = Clinic::new();
    let pid = clinic.sandbox.home("pid");
    clinic.install("claude", &format!("echo $$ > {}\n{CLAUDE}", pid.display()));
    clinic.set("ANTHROPIC_API_KEY", SECRET);
    let document = clinic.json(&[], 0);
    let claude = agent(&document, "claude");
    assert_eq!(claude["state"], "ok", "{claude}");
    assert_eq!(claude["used"], false);
    assert_eq!(claude["kind"], "claude-stream-json");
    assert_eq!(claude["version"], "2.1.329");
    assert_eq!(claude["fit"], "tested");
    assert_eq!(claude["login"]["by"], "ANTHROPIC_API_KEY is set");
    assert!(claude["handshake_ms"].is_u64(), "{claude}");
    assert_eq!(claude["capabilities"]["asks"], true);
    let path = claude["path"].as_str().expect("a path");
    assert!(path.ends_with("/bin/claude"), "{path}");
    assert!(!document.to_string().contains(SECRET));
    is_gone(&pid);
    let missing = document["not_installed"].as_array().expect("a list");
    assert!(missing.contains(&"codex".into()) && !missing.contains(&"claude".into()));
    for name in [
        "git",
        "repository",
        "records",
        "disk",
        "sqlite",
        "locale",
        "config",
    ] {
        assert_eq!(check(&document, name)["state"], "ok", "{document}");
    }

    let shown = clinic.doctor(&[]).exits(0).stdout;
    assert!(shown.contains("✔ claude "), "{shown}");
    assert!(
        shown.contains("2.1.329 (tested); ANTHROPIC_API_KEY is set; answers in"),
        "{shown}"
    );
    assert!(
        shown.contains("not installed: codex, gemini, opencode, qwen"),
        "{shown}"
    );
    assert!(!shown.contains(SECRET), "{shown}");
    // It looked, and left nothing.
    assert!(!clinic.sandbox.path(".docket").exists());
}

#[test]
fn an_agent_that_is_counted_on_and_missing_is_a_problem() {
    let clinic = Clinic::new();
    clinic.doctor(&[]).exits(0);
    clinic.sandbox.ticket(10, "agent: gemini", "Work.");
    let missing = clinic.doctor(&[]).exits(4).stdout;
    assert!(missing.contains("✖ gemini "), "{missing}");
    assert!(missing.contains("`gemini` is not in PATH"), "{missing}");
    assert!(
        missing.contains("→ npm install --global @google/gemini-cli"),
        "{missing}"
    );
    // Asked for by name it counts too, and nothing else is looked at.
    let document = clinic.json(&["qwen"], 4);
    assert_eq!(document["agents"].as_array().map(Vec::len), Some(1));
    assert_eq!(agent(&document, "qwen")["state"], "problem");
    let all = clinic.doctor(&["--all"]).exits(4).stdout;
    assert!(all.contains("@openai/codex"), "{all}");
    clinic
        .doctor(&["gemni"])
        .exits(2)
        .says("did you mean `gemini`?");
}

#[test]
fn a_program_that_never_says_its_version_is_ended() {
    let mut clinic = Clinic::new();
    let pid = clinic.sandbox.home("pid");
    // What hangs is a child in a session of its own making.
    let hangs = format!(
        "--version) sleep 3600 & echo $! > {}; wait ;;",
        pid.display()
    );
    clinic.install(
        "claude",
        &CLAUDE.replace("--version) echo \"2.1.329 (Claude Code)\" ;;", &hangs),
    );
    clinic.set("ANTHROPIC_API_KEY", "x");
    let document = clinic.json(&["claude", "--wait", "5s"], 0);
    let claude = agent(&document, "claude");
    assert_eq!(claude["state"], "warning", "{claude}");
    assert!(tells(claude, "said nothing for 5.0 s"), "{claude}");
    assert!(claude["version"].is_null());
    assert!(claude["handshake_ms"].is_u64(), "{claude}");
    is_gone(&pid);
}

#[test]
fn a_greeting_that_is_not_answered_is_a_problem() {
    let clinic = Clinic::new();
    let pid = clinic.sandbox.home("pid");
    let answer = |rest: &str| {
        clinic.install(
            "claude",
            &format!("case \"$1\" in --version) echo 3.0.0 ;; *) {rest} ;; esac"),
        );
        let document = clinic.json(&["claude", "--wait", "5s"], 4);
        let claude = agent(&document, "claude").clone();
        assert_eq!(claude["state"], "problem", "{claude}");
        assert!(claude["handshake_ms"].is_null(), "{claude}");
        claude
    };
    let silent = answer(&format!(
        "trap '' TERM INT; echo $$ > {}; cat > /dev/null; sleep 3600",
        pid.display()
    ));
    assert!(
        tells(&silent, "no answer to the protocol's greeting for 5.0 s"),
        "{silent}"
    );
    assert_eq!(silent["fit"], "newer");
    is_gone(&pid);
    let gone = answer("echo 'not logged in' >&2; exit 3");
    assert!(
        tells(
            &gone,
            "ended instead of answering: exit code 3: not logged in"
        ),
        "{gone}"
    );
    let noise = answer("echo '{\"type\":\"control_response\"}'; echo x; exit 0");
    assert!(
        tells(&noise, "ended instead of answering: exit code 0"),
        "{noise}"
    );
    let refusal = r#"{"type":"control_response","response":{"subtype":"error","request_id":"docket-doctor","error":"too old"}}"#;
    let refused = answer(&format!("echo '{refusal}'; cat > /dev/null"));
    assert!(tells(&refused, "refused to talk: too old"), "{refused}");
}

#[test]
fn every_protocol_is_greeted_in_its_own_words() {
    let clinic = Clinic::new();
    clinic.install(
        "codex",
        r#"
case "$*" in
--version) echo "codex-cli 0.100.0" ;;
app-server) read -r line
  case "$line" in *'"method":"initialize"'*clientInfo*|*clientInfo*'"method":"initialize"'*)
    # The last line has no end.
    printf '%s' '{"id":"docket-doctor","result":{"userAgent":"docket/0.100.0 (x)"}}' ;;
  esac ;;
esac"#,
    );
    clinic.install(
        "opencode",
        r#"
[ -n "$OPENCODE_CONFIG_CONTENT" ] || exit 9
case "$*" in
--version) exit 7 ;;
acp) read -r line
  echo '{"jsonrpc":"2.0","id":"docket-doctor","result":{"protocolVersion":1,"agentInfo":{"version":"9.9.9"}}}'
  cat > /dev/null ;;
esac"#,
    );
    let document = clinic.doctor(&["codex", "opencode", "--json"]).json();
    let codex = agent(&document, "codex");
    assert!(codex["handshake_ms"].is_u64(), "{codex}");
    assert_eq!(codex["version"], "0.100.0");
    assert_eq!(codex["fit"], "older");
    assert!(
        tells(codex, "0.100.0 is older than what docket was tested with"),
        "{codex}"
    );
    assert!(tells(codex, "codex login"), "{codex}");
    let opencode = agent(&document, "opencode");
    assert!(opencode["handshake_ms"].is_u64(), "{opencode}");
    assert_eq!(opencode["version"], "9.9.9");
    assert_eq!(opencode["fit"], "newer");
}

#[test]
fn a_login_is_seen_where_the_agent_keeps_it() {
    let mut clinic = Clinic::new();
    clinic.install("claude", CLAUDE);
    let document = clinic.json(&["claude"], 0);
    let claude = agent(&document, "claude");
    assert_eq!(claude["state"], "warning");
    assert!(claude["login"].is_null());
    assert!(
        tells(claude, "run `claude auth login`, or set ANTHROPIC_API_KEY"),
        "{claude}"
    );
    let by = |clinic: &Clinic| {
        let document = clinic.json(&["claude"], 0);
        agent(&document, "claude")["login"]["by"].clone()
    };
    let folder = clinic.sandbox.home(".claude");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(".credentials.json"), "").expect("an empty file");
    assert!(by(&clinic).is_null());
    fs::write(folder.join(".credentials.json"), "{\"secret\":1}").expect("a login");
    assert_eq!(by(&clinic), "~/.claude/.credentials.json");
    let elsewhere = clinic.sandbox.home("elsewhere");
    clinic.set("CLAUDE_CONFIG_DIR", elsewhere.display().to_string());
    assert!(by(&clinic).is_null());
}

#[test]
fn a_private_home_is_where_the_agent_is_started_and_logs_in() {
    let mut clinic = Clinic::new();
    let seen = clinic.sandbox.home("seen");
    clinic.install(
        "claude",
        &format!(
            "echo \"$HOME $CLAUDE_CONFIG_DIR $XDG_CONFIG_HOME\" > {}\n{CLAUDE}",
            seen.display()
        ),
    );
    clinic.set("CLAUDE_CONFIG_DIR", "/somewhere/else");
    clinic
        .sandbox
        .configure("[agents.claude]\nprivate_home = true");
    let home = fs::canonicalize(clinic.sandbox.path("."))
        .expect("the repository")
        .join(".docket/homes/claude");
    let shown = clinic.doctor(&["claude"]).exits(0).stdout;
    let home = home.display();
    assert!(
        shown.contains(&format!(
            "run `env HOME={home} CLAUDE_CONFIG_DIR={home}/.claude claude auth login`"
        )),
        "{shown}"
    );
    assert_eq!(
        fs::read_to_string(&seen).expect("what it saw"),
        format!("{home} {home}/.claude {home}/.config\n")
    );
    let mode = fs::metadata(home.to_string())
        .expect("the home")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let credentials = Path::new(&home.to_string()).join(".claude/.credentials.json");
    fs::write(credentials, "{}").expect("a login");
    let document = clinic.json(&["claude"], 0);
    assert_eq!(
        agent(&document, "claude")["login"]["by"],
        "~/.claude/.credentials.json"
    );
}

#[test]
fn an_attempt_runs_in_the_private_home() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "cat > /dev/null; echo \"$HOME $CODEX_HOME\" > home.txt; test -w \"$HOME\" && echo '{}' > \"$CODEX_HOME/auth.json\"",
    );
    sandbox.configure("private_home = true");
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let home = fs::canonicalize(sandbox.path("."))
        .expect("the repository")
        .join(".docket/homes/mine");
    assert!(home.join(".codex/auth.json").exists());
    let work = sandbox.git(["show", "docket/r1/main:home.txt"]);
    let home = home.display();
    assert_eq!(work.trim(), format!("{home} {home}/.codex"));
}

#[test]
fn nothing_that_a_clone_names_is_started_before_it_is_trusted() {
    let clinic = Clinic::new();
    let ran = clinic.sandbox.home("ran");
    executable(
        &clinic.sandbox.path("agent.sh"),
        &format!(": > {}\n{CLAUDE}", ran.display()),
    );
    clinic.sandbox.repository().write(
        "docket.toml",
        "[agents.claude]\ncommand = [\"./agent.sh\"]\n[agents.mine]\nkind = \"command\"\ncommand = [\"./gone.sh\"]\n",
    );
    let document = clinic.json(&[], 4);
    assert!(
        tells(agent(&document, "claude"), "docket.toml is not trusted"),
        "{document}"
    );
    assert_eq!(check(&document, "config")["state"], "problem");
    assert!(!ran.exists());
    clinic.sandbox.docket(["trust"]).exits(0);
    let document = clinic.json(&["claude"], 0);
    assert!(
        agent(&document, "claude")["handshake_ms"].is_u64(),
        "{document}"
    );
    assert!(ran.exists());
    let document = clinic.json(&["mine"], 4);
    assert!(
        tells(agent(&document, "mine"), "`./gone.sh` is not there"),
        "{document}"
    );
    fs::write(clinic.sandbox.path("gone.sh"), "").expect("a file");
    let document = clinic.json(&["mine"], 4);
    assert!(tells(agent(&document, "mine"), "chmod +x"), "{document}");
    // A program without a protocol is never started to see what it does.
    executable(&clinic.sandbox.path("gone.sh"), ": > started");
    let document = clinic.json(&["mine"], 0);
    assert_eq!(agent(&document, "mine")["state"], "ok");
    assert!(!clinic.sandbox.path("started").exists());
}

#[test]
fn docket_itself_must_be_able_to_work() {
    let clinic = Clinic::new();
    clinic.sandbox.shell(10, "", "echo a > a");
    clinic.sandbox.docket(["--once"]).exits(0);
    let document = clinic.json(&[], 0);
    let ledger = check(&document, "ledger")["text"].as_str().expect("words");
    assert!(ledger.ends_with("events, intact"), "{ledger}");
    let records: Vec<_> = fs::read_dir(clinic.sandbox.path(".docket"))
        .expect("the folder")
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with("doctor-"))
        .collect();
    assert!(records.is_empty(), "{records:?}");

    fs::remove_file(clinic.bin().join("git")).expect("no git");
    let document = clinic.json(&[], 1);
    assert_eq!(check(&document, "git")["state"], "problem");
    let shown = clinic.doctor(&[]).exits(1).stdout;
    assert!(shown.contains("✖ git "), "{shown}");

    let clinic = Clinic::new();
    clinic.sandbox.repository().write(
        ".docket/ledger.db",
        "this is no database, and it is long enough to be one",
    );
    let document = clinic.json(&[], 1);
    assert_eq!(check(&document, "ledger")["state"], "problem", "{document}");
}

#[test]
fn it_works_outside_of_a_repository_and_with_a_broken_configuration() {
    let clinic = Clinic::new();
    let elsewhere = clinic.sandbox.home("elsewhere");
    fs::create_dir_all(&elsewhere).expect("a folder");
    let folder = elsewhere.to_str().expect("UTF-8");
    let document = clinic.json(&["-C", folder], 0);
    let repository = check(&document, "repository");
    assert_eq!(repository["state"], "warning", "{document}");
    assert!(
        repository["next"]
            .as_str()
            .expect("words")
            .contains("docket init")
    );
    assert_eq!(fs::read_dir(&elsewhere).expect("the folder").count(), 0);

    clinic
        .sandbox
        .repository()
        .write("docket.toml", "jbos = 1\n");
    let document = clinic.json(&[], 2);
    let config = check(&document, "config");
    assert!(
        config["text"]
            .as_str()
            .expect("words")
            .contains("did you mean `jobs`?")
    );
    assert_eq!(check(&document, "git")["state"], "ok");

    let clinic = Clinic::of(Sandbox::of(TestRepository::unborn()));
    let document = clinic.json(&[], 0);
    assert!(
        check(&document, "repository")["text"]
            .to_string()
            .contains("no commit yet")
    );
}
