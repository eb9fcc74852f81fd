//! Reads files for the screen, in bounded pieces. Called off the UI's thread; holds no state.

mod evidence;
mod locate;
mod piece;
mod proof;
mod recording;
mod review;
mod scan;
pub(crate) mod terminals;
pub(crate) mod texts;
mod transcript;

use std::path::{Path, PathBuf};

use super::effect::{Load, Loaded, Piece};
use super::render::highlight;
use super::theme::Theme;
use crate::runner::Places;
use crate::store::{cast, past};

/// Does it. Blocks on the disk.
pub(crate) fn load(load: Load) -> Loaded {
    match load {
        Load::Transcript {
            question,
            path,
            part,
        } => Loaded::Transcript {
            question,
            part,
            slice: transcript::read(&path, part),
        },
        Load::Evidence {
            question,
            root,
            ticket,
        } => Loaded::Evidence {
            question,
            runs: evidence::list(&root, &ticket),
            recordings: evidence::recordings(&root),
        },
        Load::Preview {
            question,
            path,
            piece,
        } => Loaded::Preview {
            question,
            content: match piece {
                Piece::From(0) if cast::is_recording(&path) => recording::tell(&path),
                _ => None,
            }
            .map_or_else(|| piece::read(&path, piece), Ok),
        },
        Load::Verify { evidence, attempt } => Loaded::Verified {
            result: proof::verify(&evidence, &attempt),
            attempt,
        },
        Load::Export {
            evidence,
            attempt,
            folder,
        } => Loaded::Exported {
            result: proof::export(&evidence, &attempt, &folder),
            attempt,
        },
        Load::CopyOut { path } => Loaded::CopiedOut {
            result: proof::copy_out(&path),
        },
        Load::Locate { name, folder } => Loaded::Located(locate::locate(&name, &folder)),
        Load::Discard { path } => {
            proof::discard(&path);
            Loaded::Discarded
        }
        Load::Review { question, ask } => Loaded::Review {
            question,
            result: review::attempt(&ask).map(Box::new),
        },
        Load::Compare {
            question,
            root,
            evidence,
            from,
            to,
        } => Loaded::Review {
            question,
            result: review::compare(&root, &ledger(&evidence), &from, &to).map(Box::new),
        },
        Load::Text(load) => Loaded::Text(texts::load(load)),
        Load::Highlight {
            key,
            code,
            hint,
            syntaxes,
        } => Loaded::Highlight {
            key,
            painted: highlight::highlight(&code, &hint, &syntaxes),
        },
        Load::ForgetSyntaxes(syntaxes) => {
            drop(syntaxes);
            Loaded::SyntaxesForgotten
        }
        Load::Scan {
            question,
            path,
            part,
            needle,
        } => Loaded::Scan {
            question,
            found: scan::scan(&path, part, &needle),
        },
        Load::Themes { folder } => Loaded::Themes {
            names: Theme::names(folder.as_deref()),
        },
        Load::Theme {
            name,
            folder,
            depth,
        } => {
            let theme = Theme::load(&name, folder.as_deref(), depth);
            Loaded::Theme {
                name,
                theme: theme.map(Box::new).map_err(|error| error.to_string()),
            }
        }
        Load::Timeline {
            question,
            ledger,
            run,
        } => Loaded::Timeline {
            question,
            past: past::timeline(&ledger, run).map_err(|error| error.to_string()),
        },
        Load::Spent {
            question,
            ledger,
            zone,
            now,
        } => Loaded::Spent {
            question,
            spent: past::spending(&ledger, &zone, now).map_err(|error| error.to_string()),
        },
        Load::Terminals { path, root } => Loaded::Terminals {
            restored: terminals::read(&path, &root),
            path,
        },
    }
}

/// The ledger that belongs to this evidence.
fn ledger(evidence: &Path) -> PathBuf {
    evidence.with_file_name(Places::LEDGER)
}
