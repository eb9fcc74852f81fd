//! The settings of policies: `[policy]`, and the same keys in each `[policies.<name>]`.

use super::keys::{BYTES, Key, U32, key};
use super::kind::Kind;
use crate::domain::policy::PolicyAction;

/// Numbers of files.
const FILES: Kind = Kind::Count { from: 0, to: U32 };

const fn rule(name: &'static str, default: Option<&'static str>, meaning: &'static str) -> Key {
    key(name, Kind::Word(PolicyAction::WORDS), default, meaning).trusted_to_loosen()
}

/// The rules under one table; in a named policy nothing has a default, since what it doesn't say is as in `[policy]`.
macro_rules! policy_keys {
    ($($rule:literal = $default:literal, $meaning:literal;)+) => {
        /// All settings of policies.
        pub(super) const POLICY: &[Key] = &[
            $(rule(concat!("policy.", $rule), Some(concat!("\"", $default, "\"")), $meaning),)+
            key("policy.large_file_bytes", BYTES, Some("1048576"), "files with more bytes are large")
                .trusted_to_loosen(),
            key("policy.changed_files", FILES, None, "files that an attempt may change, whatever its ticket says")
                .trusted_to_loosen(),
            key(
                "policy.paths.allow",
                Kind::Globs,
                Some("[]"),
                "when not empty, what attempts may change at all, beside what their tickets say",
            )
            .trusted_to_loosen(),
            key(
                "policy.paths.deny",
                Kind::Globs,
                Some("[]"),
                "what attempts may not change, beside what their tickets say; those of all layers hold",
            ),
            $(rule(concat!("policies.*.", $rule), None, concat!("as policy.", $rule, ", for tickets that name this policy")),)+
            key("policies.*.large_file_bytes", BYTES, None, "as policy.large_file_bytes, for this policy")
                .trusted_to_loosen(),
            key("policies.*.changed_files", FILES, None, "as policy.changed_files, for this policy")
                .trusted_to_loosen(),
            key("policies.*.paths.allow", Kind::Globs, None, "as policy.paths.allow, for this policy")
                .trusted_to_loosen(),
            key(
                "policies.*.paths.deny",
                Kind::Globs,
                None,
                "what attempts under this policy may not change, beside policy.paths.deny",
            ),
        ];

        /// The names of all rules that have a key.
        #[cfg(test)]
        pub(super) const RULES: &[(&str, &str)] = &[$(($rule, $default),)+];
    };
}

policy_keys! {
    "dependencies" = "allow", "what happens to changes of dependency manifests (Cargo.toml, package.json, …)";
    "lockfiles" = "allow", "what happens to changes of lockfiles (Cargo.lock, package-lock.json, …)";
    "migrations" = "allow", "what happens to changes of database migrations";
    "ci" = "allow", "what happens to changes of what CI runs (.github/workflows, .gitlab-ci.yml, …)";
    "binaries" = "allow", "what happens to added or changed files that are no text";
    "large_files" = "allow", "what happens to added or changed files above large_file_bytes";
    "deletions" = "allow", "what happens to deleted files";
    "secrets" = "gate", "what happens to added lines that look like secrets";
    "submodules" = "gate", "what happens to submodules and to repositories inside the working tree";
    "symlinks" = "gate", "what happens to symbolic links that lead out of the tree";
    "modes" = "allow", "what happens to files that become executable, or are it no more";
    "git_files" = "allow", "what happens to changes of .gitignore, .gitattributes and .git/info/exclude";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::PolicyRule;

    #[test]
    fn the_keys_are_the_rules_with_their_built_in_actions() {
        let rules = PolicyRule::ALL.iter();
        let rules: Vec<_> = rules
            .map(|rule| (rule.as_str(), rule.built_in().as_str()))
            .collect();
        assert_eq!(rules, RULES);
        assert_eq!(PolicyRule::ALL.len(), PolicyRule::WORDS.len());
    }
}
