//! What a path is: asked of its content, and of the user where that says several things.

use std::path::{Path, PathBuf};

use super::batch::{Batch, Note};
use super::car;
use super::shown_source;
use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::tickets::import::{self, Source};
use crate::tickets::load;

/// Something that could be imported.
struct Candidate {
    source: Source,
    /// A folder of tickets, or files to convert.
    paths: Vec<PathBuf>,
}

/// Reads the source at `path`.
pub(super) fn read(place: &Place, path: &Path, from: Option<Source>) -> Result<Batch, CliError> {
    if !path.exists() {
        return Err(CliError::Usage(format!("there is no {}", path.display())));
    }
    let mut found = if path.is_dir() {
        in_folder(path)?
    } else {
        in_file(path, from)?
    };
    if let Some(from) = from {
        found.retain(|candidate| candidate.source == from);
    }
    let candidate = match found.len() {
        1 => found.remove(0),
        0 => return Err(nothing(path, from)),
        _ => return Err(ambiguous(path, &found)),
    };
    let Candidate { source, paths } = candidate;
    match (source, paths.as_slice()) {
        (Source::Car, [folder]) if folder.is_dir() || path.is_dir() => car::read(place, folder),
        (Source::Car, [file]) => car::one(place, file),
        _ => convert(place, source, &paths),
    }
}

fn in_folder(path: &Path) -> Result<Vec<Candidate>, CliError> {
    let mut found = Vec::new();
    let state = if path.file_name().is_some_and(|name| name == car::FOLDER) {
        path.to_owned()
    } else {
        path.join(car::FOLDER)
    };
    if state.is_dir() {
        found.push(Candidate {
            source: Source::Car,
            paths: vec![state.join("tickets")],
        });
    } else if has_tickets(path)? {
        found.push(Candidate {
            source: Source::Car,
            paths: vec![path.to_owned()],
        });
    }
    // Where pitboss keeps its plan, and where people keep one for it.
    let plans = [".pitboss/play/plan.md", "play/plan.md", "plan.md"];
    let plan = plans
        .iter()
        .map(|plan| path.join(plan))
        .find(|plan| is(plan, Source::Pitboss));
    found.extend(plan.map(|plan| Candidate {
        source: Source::Pitboss,
        paths: vec![plan],
    }));
    let specs: Vec<_> = files(path)?
        .into_iter()
        .filter(|file| is(file, Source::Codencer))
        .collect();
    if !specs.is_empty() {
        found.push(Candidate {
            source: Source::Codencer,
            paths: specs,
        });
    }
    Ok(found)
}

fn in_file(path: &Path, from: Option<Source>) -> Result<Vec<Candidate>, CliError> {
    let candidate = |source| Candidate {
        source,
        paths: vec![path.to_owned()],
    };
    let bytes = car::content(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A ticket's bytes are lint's business.
    if load::is_ticket(path.file_name().unwrap_or_default())
        && from.is_none_or(|from| from == Source::Car)
    {
        return Ok(vec![candidate(Source::Car)]);
    }
    let text = import::text_of(&bytes).map_err(|error| in_source(path, &error))?;
    if let Some(from) = from {
        // Told what it is: what is wrong with it then is said with its line.
        return Ok(vec![candidate(from)]);
    }
    let found = import::candidates(&name, text);
    let is_data = ["yaml", "yml", "json"].iter().any(|end| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case(end))
    });
    if found.is_empty() && is_data {
        // It can only be one thing: what keeps it from being that is what helps.
        import::convert(Source::Codencer, text, &|_agent| true)
            .map_err(|error| in_source(path, &error))?;
    }
    Ok(found.into_iter().map(candidate).collect())
}

fn is(path: &Path, source: Source) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file()
        && car::content(path).is_ok_and(|bytes| {
            import::text_of(&bytes)
                .is_ok_and(|text| import::candidates(&name, text).contains(&source))
        })
}

fn has_tickets(folder: &Path) -> Result<bool, CliError> {
    let tickets = |file: &PathBuf| file.file_name().is_some_and(load::is_ticket);
    Ok(files(folder)?.iter().any(tickets))
}

/// The plain files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = std::fs::read_dir(folder).map_err(|source| CliError::folder(folder, source))?;
    let mut files: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    Ok(files)
}

fn convert(place: &Place, source: Source, paths: &[PathBuf]) -> Result<Batch, CliError> {
    let mut batch = Batch::of(source);
    let agents = |name: &str| {
        name.parse()
            .is_ok_and(|name| place.loaded.config.agents.contains_key(&name))
    };
    for path in paths {
        let bytes = car::content(path)?;
        let converted = import::text_of(&bytes)
            .and_then(|text| import::convert(source, text, &agents))
            .map_err(|error| in_source(path, &error))?;
        let shown = shown_source(place, path);
        batch.add(&shown, converted.drafts);
        let several = paths.len() > 1;
        batch
            .left_out
            .extend(converted.left_out.into_iter().map(|mut left_out| {
                if several {
                    left_out.what = format!("{shown}: {}", left_out.what);
                }
                left_out
            }));
        if let Some(shared) = converted.shared {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            batch.notes.push(Note {
                name: format!("{stem}-preamble.md"),
                content: shared.into_bytes(),
            });
        }
    }
    Ok(batch)
}

fn in_source(path: &Path, error: &import::ConvertError) -> CliError {
    let colon = match error {
        import::ConvertError::TooLarge => ": ",
        _ => ":",
    };
    CliError::Usage(format!("{}{colon}{error}", path.display()))
}

fn nothing(path: &Path, from: Option<Source>) -> CliError {
    let kinds: Vec<_> = Source::ALL
        .iter()
        .filter(|kind| from.is_none_or(|from| from == **kind))
        .map(|kind| kind.describe())
        .collect();
    let looked = if path.is_dir() {
        ": docket looks for .codex-autorunner/tickets, TICKET-….md, plan.md, .pitboss/play/plan.md, and TaskSpecs (*.yaml, *.yml, *.json with a `goal`)"
    } else {
        ""
    };
    CliError::Usage(format!(
        "{} is nothing that docket can import ({}){looked}",
        path.display(),
        kinds.join(", ")
    ))
}

fn ambiguous(path: &Path, found: &[Candidate]) -> CliError {
    let lines: Vec<_> = found
        .iter()
        .map(|candidate| {
            let what = candidate.source.describe();
            let at = candidate
                .paths
                .first()
                .map(|path| path.display().to_string());
            format!(
                "  --from {:<10} {what} ({})",
                candidate.source,
                at.unwrap_or_default()
            )
        })
        .collect();
    CliError::Usage(format!(
        "{} could be several things: say which\n{}",
        path.display(),
        lines.join("\n")
    ))
}
