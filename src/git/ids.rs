//! Names in git: commits, trees, branches.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AttemptId, InvalidId, RunId};

use super::error::GitError;

macro_rules! object_id {
    ($name:ident, $doc:literal, $expected:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) gix::ObjectId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                gix::ObjectId::from_hex(text.as_bytes())
                    .map(Self)
                    .map_err(|_error| InvalidId {
                        text: text.to_owned(),
                        expected: $expected,
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

object_id!(
    CommitId,
    "A commit, printed as 40 hexadecimal digits.",
    "a commit id (40 hexadecimal digits)"
);
object_id!(
    TreeId,
    "A tree (the files of one moment), printed as 40 hexadecimal digits.",
    "a tree id (40 hexadecimal digits)"
);

/// A local branch without `refs/heads/`: `docket/r12/main`. Valid for git by construction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

impl BranchName {
    /// The run's own branch: `docket/r12/main`.
    pub fn of_run(run: RunId) -> Self {
        Self(format!("docket/{run}/main"))
    }

    /// The branch of one attempt: `docket/r12/TICKET-003.2`.
    pub fn of_attempt(run: RunId, attempt: &AttemptId) -> Self {
        Self(format!("docket/{run}/{attempt}"))
    }

    /// The name as text, without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn reference(&self) -> Result<gix::refs::FullName, GitError> {
        format!("refs/heads/{}", self.0)
            .try_into()
            .map_err(|_error| GitError::InvalidBranchName {
                name: self.0.clone(),
            })
    }

    /// `None` when `reference` is no local branch or isn't UTF-8.
    pub(super) fn from_reference(reference: &gix::refs::FullNameRef) -> Option<Self> {
        let text = std::str::from_utf8(reference.as_bstr()).ok()?;
        text.strip_prefix("refs/heads/")
            .map(|name| Self(name.to_owned()))
    }

    /// The names that can't exist beside this one, because git keeps branches like files in folders.
    pub(super) fn parents(&self) -> impl Iterator<Item = Self> + '_ {
        self.0
            .match_indices('/')
            .map(|(end, _)| Self(self.0[..end].to_owned()))
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BranchName {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = Self(text.to_owned());
        // Git refuses these two as branches, though they are valid references.
        if text == "HEAD" || text.starts_with('-') {
            return Err(GitError::InvalidBranchName { name: name.0 });
        }
        name.reference().map(|_valid| name)
    }
}
