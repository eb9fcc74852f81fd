//! The agents that are built in, as data: what starts them, what they need of the environment, what was tested.
//!
//! A preset is the lowest layer of the configuration: `[agents.codex]` in a file changes it key by key. The facts are
//! measured on the versions that stand here; `docket doctor` says when another one is installed.

use crate::domain::settings::AgentKind;

/// A built-in agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name in tickets.
    pub name: &'static str,
    /// How it is started and understood.
    pub kind: AgentKind,
    /// The program and its arguments, to which the adapter adds what its protocol needs.
    pub command: &'static [&'static str],
    /// Variables that it gets: what keeps it from talking to anybody but its model, and makes it ask.
    pub env: &'static [(&'static str, &'static str)],
    /// Variables that it inherits beyond the allow-list: keys, addresses, and where its own files are.
    pub pass_env: &'static [&'static str],
    /// The permission mode that it is put into; `None` leaves it to the agent's own settings.
    pub mode: Option<&'static str>,
    /// What makes the program say its version and nothing else; `None` when only the protocol tells.
    pub version: Option<&'static [&'static str]>,
    /// The versions that docket was tested with, oldest first.
    pub tested: &'static [&'static str],
    /// Whether it asks before it acts.
    pub asks: Asks,
    /// How it shows that somebody is logged in.
    pub login: Login,
    /// How to get it.
    pub install: &'static str,
    /// The agent that is driven better: this one is for those who want it so.
    pub instead_of: Option<&'static str>,
}

/// Whether an agent asks before it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// By itself.
    Always,
    /// Because the preset's variables or mode tell it to.
    ByPreset,
    /// It can't: it does what its own settings allow, unsupervised.
    Never,
}

/// How an agent shows that somebody is logged in. What is not found here may still be there (a key ring, a cloud's own login).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login {
    /// Variables that hold a key: one is enough.
    pub variables: &'static [&'static str],
    /// Files that hold credentials: one is enough.
    pub files: &'static [CredentialFile],
    /// What a person runs to log in; `None` when there is only the key.
    pub command: Option<&'static str>,
}

/// A file that holds credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialFile {
    /// The variable that names the folder above it.
    pub variable: &'static str,
    /// That folder without the variable, relative to the home folder.
    pub folder: &'static str,
    /// The file, relative to that folder.
    pub file: &'static str,
}

const CODEX_KEYS: Login = Login {
    variables: &["OPENAI_API_KEY", "CODEX_API_KEY", "AZURE_OPENAI_API_KEY"],
    files: &[CredentialFile {
        variable: "CODEX_HOME",
        folder: ".codex",
        file: "auth.json",
    }],
    command: Some("codex login"),
};

const CODEX_VARIABLES: &[&str] = &[
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT",
    "CODEX_API_KEY",
    "CODEX_HOME",
    "CODEX_CA_CERTIFICATE",
    "AZURE_OPENAI_API_KEY",
];

const CLAUDE_LOGIN: Login = Login {
    variables: &[
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
    ],
    files: &[CredentialFile {
        variable: "CLAUDE_CONFIG_DIR",
        folder: ".claude",
        file: ".credentials.json",
    }],
    command: Some("claude auth login"),
};

const CLAUDE_VARIABLES: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "AWS_PROFILE",
    "AWS_REGION",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    "CLOUD_ML_REGION",
    "IS_SANDBOX",
    "NODE_EXTRA_CA_CERTS",
];

/// No updates of itself, no telemetry, no reports: the model's address is the only one that it talks to.
const CLAUDE_QUIET: &[(&str, &str)] = &[
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("DISABLE_BUG_COMMAND", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_TELEMETRY", "1"),
];

const OPENCODE_LOGIN: Login = Login {
    variables: &[
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GEMINI_API_KEY",
        "OPENROUTER_API_KEY",
        "OPENCODE_API_KEY",
    ],
    files: &[CredentialFile {
        variable: "XDG_DATA_HOME",
        folder: ".local/share",
        file: "opencode/auth.json",
    }],
    command: Some("opencode auth login"),
};

const OPENCODE_VARIABLES: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "NODE_EXTRA_CA_CERTS",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENCODE_API_KEY",
    "OPENCODE_CONFIG",
    "OPENCODE_CONFIG_DIR",
    "OPENROUTER_API_KEY",
];

/// opencode asks for nothing unless it is told to; what a user configured elsewhere is merged with this.
const OPENCODE_ASKS: &str = r#"{"permission":{"edit":"ask","bash":"ask","webfetch":"ask"}}"#;

/// All of them, in the order in which people look for them.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "codex",
        kind: AgentKind::CodexAppServer,
        command: &["codex", "app-server"],
        env: &[],
        pass_env: CODEX_VARIABLES,
        mode: None,
        version: Some(&["--version"]),
        tested: &["0.169.0"],
        asks: Asks::Always,
        login: CODEX_KEYS,
        install: "npm install --global @openai/codex",
        instead_of: None,
    },
    Preset {
        name: "codex-exec",
        kind: AgentKind::CodexExecJson,
        command: &["codex", "exec"],
        env: &[],
        pass_env: CODEX_VARIABLES,
        mode: None,
        version: Some(&["--version"]),
        tested: &["0.169.0"],
        asks: Asks::Never,
        login: CODEX_KEYS,
        install: "npm install --global @openai/codex",
        instead_of: Some("codex"),
    },
    Preset {
        name: "claude",
        kind: AgentKind::ClaudeStreamJson,
        command: &["claude"],
        env: CLAUDE_QUIET,
        pass_env: CLAUDE_VARIABLES,
        mode: None,
        version: Some(&["--version"]),
        tested: &["2.1.329"],
        asks: Asks::Always,
        login: CLAUDE_LOGIN,
        install: "npm install --global @anthropic-ai/claude-code",
        instead_of: None,
    },
    Preset {
        name: "claude-acp",
        kind: AgentKind::Acp,
        command: &["claude-agent-acp"],
        env: CLAUDE_QUIET,
        pass_env: CLAUDE_VARIABLES,
        mode: None,
        version: None,
        tested: &["0.100.0"],
        asks: Asks::Always,
        login: CLAUDE_LOGIN,
        install: "npm install --global @agentclientprotocol/claude-agent-acp",
        instead_of: Some("claude"),
    },
    Preset {
        name: "opencode",
        kind: AgentKind::Acp,
        command: &["opencode", "acp"],
        env: &[
            ("OPENCODE_CONFIG_CONTENT", OPENCODE_ASKS),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ],
        pass_env: OPENCODE_VARIABLES,
        mode: None,
        version: Some(&["--version"]),
        tested: &["1.18.33"],
        asks: Asks::ByPreset,
        login: OPENCODE_LOGIN,
        install: "npm install --global opencode-ai",
        instead_of: None,
    },
    Preset {
        name: "opencode-run",
        kind: AgentKind::OpencodeRunJson,
        command: &["opencode", "run"],
        env: &[
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
        ],
        pass_env: OPENCODE_VARIABLES,
        mode: None,
        version: Some(&["--version"]),
        tested: &["1.18.33"],
        asks: Asks::Never,
        login: OPENCODE_LOGIN,
        install: "npm install --global opencode-ai",
        instead_of: Some("opencode"),
    },
    Preset {
        name: "gemini",
        kind: AgentKind::Acp,
        // Without the flag it asks on the terminal whether it may trust a folder that it has never seen: every worktree.
        command: &["gemini", "--acp", "--skip-trust"],
        env: &[
            ("GEMINI_TELEMETRY_ENABLED", "false"),
            ("NO_UPDATE_NOTIFIER", "1"),
        ],
        pass_env: &[
            "GEMINI_API_KEY",
            "GEMINI_MODEL",
            "GOOGLE_API_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_CLOUD_LOCATION",
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_GEMINI_BASE_URL",
            "GOOGLE_GENAI_USE_VERTEXAI",
            "NODE_EXTRA_CA_CERTS",
        ],
        mode: None,
        version: Some(&["--version"]),
        tested: &["0.61.0"],
        asks: Asks::Always,
        login: Login {
            variables: &[
                "GEMINI_API_KEY",
                "GOOGLE_API_KEY",
                "GOOGLE_GENAI_USE_VERTEXAI",
            ],
            files: &[CredentialFile {
                variable: "GEMINI_CLI_HOME",
                folder: "",
                file: ".gemini/oauth_creds.json",
            }],
            command: Some("gemini"),
        },
        install: "npm install --global @google/gemini-cli",
        instead_of: None,
    },
    Preset {
        name: "qwen",
        kind: AgentKind::Acp,
        command: &["qwen", "--acp"],
        env: &[
            ("NO_UPDATE_NOTIFIER", "1"),
            ("QWEN_TELEMETRY_ENABLED", "false"),
        ],
        pass_env: &[
            "DASHSCOPE_API_KEY",
            "NODE_EXTRA_CA_CERTS",
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "OPENAI_MODEL",
        ],
        // Its own default lets a model decide what is asked.
        mode: Some("default"),
        version: Some(&["--version"]),
        tested: &["0.24.4"],
        asks: Asks::ByPreset,
        login: Login {
            variables: &["OPENAI_API_KEY", "DASHSCOPE_API_KEY"],
            files: &[CredentialFile {
                variable: "QWEN_HOME",
                folder: ".qwen",
                file: "oauth_creds.json",
            }],
            command: Some("qwen"),
        },
        install: "npm install --global @qwen-code/qwen-code",
        instead_of: None,
    },
    Preset {
        name: "codex-acp",
        kind: AgentKind::Acp,
        command: &["codex-acp"],
        // Its own default has another model decide what is asked.
        env: &[("INITIAL_AGENT_MODE", "workspace-write")],
        pass_env: &[
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "CODEX_API_KEY",
            "CODEX_CONFIG",
            "CODEX_HOME",
            "CODEX_PATH",
            "AZURE_OPENAI_API_KEY",
        ],
        mode: None,
        version: None,
        tested: &["2.6.0"],
        asks: Asks::ByPreset,
        login: CODEX_KEYS,
        install: "npm install --global @agentclientprotocol/codex-acp",
        instead_of: Some("codex"),
    },
];

impl Preset {
    /// The preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The preset whose program this is: what is known of a program whatever the agent is called. Programs that serve
    /// several presets are told apart by the kind.
    pub fn of_program(program: &str, kind: AgentKind) -> Option<&'static Self> {
        let name = program.rsplit('/').next().unwrap_or(program);
        let mut same = PRESETS
            .iter()
            .filter(|preset| preset.command.first() == Some(&name));
        let first = same.clone().next();
        same.find(|preset| preset.kind == kind).or(first)
    }
}
