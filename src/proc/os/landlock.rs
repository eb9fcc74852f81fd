//! What a thread, and everything that it starts, may write: landlock(7).

use std::path::PathBuf;

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible as _, LandlockStatus, RestrictionStatus, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, path_beneath_rules,
};

/// The first version that knows of truncation: with less, a file that must not be written could still be emptied.
const NEEDED: ABI = ABI::V3;

/// Confines this thread: from here on it, and what it starts, may write nowhere but in `writable`. There is no way back.
pub(in crate::proc) fn confine(writable: &[PathBuf]) -> Result<(), String> {
    restrict(writable).map(drop).map_err(|error| {
        format!(
            "the kernel can't confine the agent ({error}): landlock of Linux 6.2 or later is needed. Set `sandbox_command` \
             to a program that confines it, or `sandbox = \"none\"`"
        )
    })
}

/// What the kernel offers.
pub(in crate::proc) fn confinement() -> Result<String, String> {
    // On a thread that ends at once: it can't be taken back.
    let tried = std::thread::spawn(|| restrict(&[])).join();
    match tried {
        Ok(Ok(RestrictionStatus {
            landlock: LandlockStatus::Available { effective_abi, .. },
            ..
        })) => Ok(format!("landlock, ABI {}", effective_abi as u32)),
        Ok(Ok(_)) => Err("the kernel has no landlock".to_owned()),
        Ok(Err(error)) => Err(format!("the kernel has no landlock that suffices: {error}")),
        Err(_panicked) => Err("landlock could not be tried".to_owned()),
    }
}

fn restrict(writable: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let writing = AccessFs::from_write(NEEDED);
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(writing)?
        .create()?
        .add_rules(path_beneath_rules(writable, writing))?
        .restrict_self()
}
