//! The environment of agents: an allow-list, so that no secret and no other agent's variable comes along by accident.

use std::ffi::{OsStr, OsString};

/// What every program may see.
const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "COLORTERM",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "NO_COLOR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "NIX_PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// And everything that begins so.
const ALLOWED_PREFIXES: &[&str] = &["LC_", "XDG_"];

/// What of `inherited` a program gets: the allow-list, and what `named` names.
pub fn allowed(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    named: &[String],
) -> Vec<(OsString, OsString)> {
    inherited
        .into_iter()
        .filter(|(name, _)| is_allowed(name, named))
        .collect()
}

fn is_allowed(name: &OsStr, named: &[String]) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    ALLOWED.contains(&name)
        || ALLOWED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
        || named.iter().any(|allowed| allowed == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_agents_variables_and_secrets_stay_behind() {
        let inherited = [
            "PATH",
            "LC_ALL",
            "XDG_CONFIG_HOME",
            "CLAUDECODE",
            "CODEX_HOME",
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "GIT_DIR",
            "DOCKET_ATTEMPT",
        ]
        .map(|name| (OsString::from(name), OsString::from("x")));
        let names = |named: &[String]| -> Vec<String> {
            allowed(inherited.clone(), named)
                .into_iter()
                .map(|(name, _)| name.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(&[]), ["PATH", "LC_ALL", "XDG_CONFIG_HOME"]);
        assert!(names(&["OPENAI_API_KEY".into()]).contains(&"OPENAI_API_KEY".into()));
    }
}
