//! Reads files for the screen, in bounded pieces. Called off the UI's thread; holds no state.

mod evidence;
mod scan;
mod transcript;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::effect::{Content, Load, Loaded};
use super::render::highlight;

/// How much of a file its preview shows.
const PREVIEW: u64 = 128 * 1024;

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
        },
        Load::Preview { question, path } => Loaded::Preview {
            question,
            content: preview(&path),
        },
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
    }
}

fn preview(path: &Path) -> Result<Content, String> {
    let say = |error: std::io::Error| format!("can't read it: {error}");
    let file = File::open(path).map_err(say)?;
    let length = file.metadata().map_err(say)?.len();
    let mut bytes = Vec::new();
    file.take(PREVIEW).read_to_end(&mut bytes).map_err(say)?;
    Ok(Content { bytes, length })
}
