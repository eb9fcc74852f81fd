//! `DISPATCH.md`, as agents of codex-autorunner write it: optional front matter with `mode` and `title`, then the text.

use super::front_matter::FrontMatter;
use super::yaml;
use crate::domain::machine::Dispatch;

/// Reads a message. Never fails: a message with broken front matter is still a message, and one that may have meant to
/// pause does.
pub fn parse(text: &str) -> Dispatch {
    let Ok(parts) = FrontMatter::find(text) else {
        return Dispatch {
            pause: false,
            title: first_line(text),
            text: text.trim().to_owned(),
        };
    };
    let body = text[parts.body].trim().to_owned();
    let Ok(node) = yaml::read(&text[parts.yaml]) else {
        return Dispatch {
            pause: true,
            title: first_line(&body),
            text: body,
        };
    };
    let value = |key: &str| {
        let entries = node.entries().unwrap_or_default();
        entries
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .and_then(|(_, value)| value.text())
            .map(|text| text.trim().to_owned())
    };
    let title = value("title").unwrap_or_else(|| first_line(&body));
    Dispatch {
        pause: value("mode").as_deref() == Some("pause"),
        title,
        text: body,
    }
}

fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_titles_and_none_of_both() {
        let asked = parse("---\nmode: pause\n---\n\n# Which codec?\nA or B\n");
        assert!(asked.pause);
        assert_eq!(asked.title, "Which codec?");
        let told = parse("---\nmode: notify\ntitle: Half done\n---\nText\n");
        assert!(!told.pause);
        assert_eq!(
            (told.title.as_str(), told.text.as_str()),
            ("Half done", "Text")
        );
        assert!(!parse("Just words").pause);
        assert!(parse("---\nmode: [\n---\nAm I stuck?\n").pause);
    }
}
