//! Command lines as a shell reads them, as far as rules need it.
//!
//! Two readings with opposite fears: [`Simple`] must never take a command line for less than it is, [`parts`] should
//! miss nothing that is written out. What only running it would show (`$x`, `eval "$(…)"`) neither knows.

/// One simple command: words and nothing else.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Simple(String);

impl Simple {
    /// The command line, if it is one simple command without any expansion that could run another one.
    pub(super) fn read(command: &str) -> Option<Self> {
        let mut quote = None;
        // A line end is something that a shell acts on: only blanks around a command mean nothing.
        for character in command.trim_matches([' ', '\t']).chars() {
            // Also no blanks that only some programs take for blanks.
            let is_odd = character.is_control() && character != '\t';
            if is_odd || (character.is_whitespace() && !matches!(character, ' ' | '\t')) {
                return None;
            }
            let is_special = match quote {
                Some('\'') => false,
                Some(_) => matches!(character, '$' | '`' | '\\' | '!'),
                None => matches!(
                    character,
                    ';' | '&'
                        | '|'
                        | '<'
                        | '>'
                        | '('
                        | ')'
                        | '{'
                        | '}'
                        | '$'
                        | '`'
                        | '\\'
                        | '!'
                        | '#'
                ),
            };
            if is_special {
                return None;
            }
            match quote {
                Some(open) if open == character => quote = None,
                None if matches!(character, '\'' | '"') => quote = Some(character),
                _ => {}
            }
        }
        let text = collapsed(command);
        (quote.is_none() && !text.is_empty()).then_some(Self(text))
    }

    /// As written, with one blank between two words.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text without blanks at its ends, and with one blank for many outside of quotes.
pub(super) fn collapsed(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut quote = None;
    for character in text.trim().chars() {
        let is_blank = matches!(character, ' ' | '\t');
        if quote.is_none() && is_blank {
            if !result.ends_with(' ') {
                result.push(' ');
            }
            continue;
        }
        match quote {
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        result.push(character);
    }
    result
}

/// How deep command lines inside of command lines are followed.
const DEEPEST: u32 = 4;

/// How many endings of a wrapped command are looked at.
const MOST_ENDINGS: usize = 256;

/// Programs that run the command that their arguments are.
const WRAPPERS: &[&str] = &[
    "sudo", "doas", "env", "command", "exec", "nohup", "time", "nice", "ionice", "timeout",
    "stdbuf", "setsid", "builtin", "xargs", "find", "parallel", "watch", "strace", "chroot",
    "eval", "su", "busybox", "ssh", "sh", "bash", "dash", "zsh", "ksh", "fish", "trap", "script",
];

/// Words of the shell before which or after which a command stands.
const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "}", "coproc",
];

/// Every command that is written out in a command line: unquoted, one blank between two words, without assignments
/// before it, and with its program as written and by its bare name.
pub(super) fn parts(command: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(command, DEEPEST, &mut found);
    found
}

fn collect(command: &str, depth: u32, found: &mut Vec<String>) {
    for words in Scanner::read(command) {
        let is_before =
            |word: &&String| RESERVED.contains(&word.as_str()) || is_assignment(word.as_str());
        let skipped = words.iter().take_while(is_before).count();
        let words = &words[skipped..];
        let Some(program) = words.first() else {
            continue;
        };
        add(words, found);
        if !WRAPPERS.contains(&bare_name(program)) {
            continue;
        }
        for start in 1..words.len().min(MOST_ENDINGS) {
            add(&words[start..], found);
            let word = &words[start];
            if depth > 0 && word.contains([' ', '\t', '\n', ';', '|', '&']) {
                collect(word, depth - 1, found);
            }
        }
    }
}

fn add(words: &[String], found: &mut Vec<String>) {
    let Some((program, arguments)) = words.split_first() else {
        return;
    };
    let bare = bare_name(program);
    let with = |program: &str, arguments: &[String]| {
        let mut text = program.to_owned();
        for argument in arguments {
            text.push(' ');
            text.push_str(argument);
        }
        text
    };
    found.push(with(program, arguments));
    if bare != program {
        found.push(with(bare, arguments));
    }
    if bare == "git" {
        let options = git_options(arguments);
        if options > 0 {
            found.push(with(bare, &arguments[options..]));
        }
    }
}

/// How many words before git's own command are options of git itself (git(1)).
fn git_options(arguments: &[String]) -> usize {
    let mut count = 0;
    while let Some(word) = arguments.get(count).filter(|word| word.starts_with('-')) {
        let takes_word = matches!(
            word.as_str(),
            "-C" | "-c"
                | "--git-dir"
                | "--work-tree"
                | "--namespace"
                | "--super-prefix"
                | "--config-env"
                | "--exec-path"
                | "--attr-source"
        );
        count += if takes_word { 2 } else { 1 };
    }
    count.min(arguments.len())
}

fn bare_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end_matches('+');
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// What surrounds the place that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `"…"`.
    Quotes,
    /// `(…)` or `$(…)`.
    Parentheses,
    /// `` `…` ``.
    Backticks,
}

/// Reads a command line into commands of words. A substitution ends what it stands in, and what follows it is a command
/// of its own: nobody knows what it will be replaced by.
#[derive(Default)]
struct Scanner {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word is the target of a redirection.
    is_target: bool,
    inside: Vec<Inside>,
}

impl Scanner {
    fn read(command: &str) -> Vec<Vec<String>> {
        let mut scanner = Self::default();
        let mut rest = command.chars().peekable();
        while let Some(character) = rest.next() {
            let next = rest.peek().copied();
            match character {
                '\\' => match rest.next() {
                    Some('\n') | None => {}
                    Some(escaped) => scanner.push(escaped),
                },
                '$' if next == Some('(') => {
                    rest.next();
                    scanner.open(Inside::Parentheses);
                }
                '`' if scanner.inside.contains(&Inside::Backticks) => {
                    scanner.close(Inside::Backticks);
                }
                '`' => scanner.open(Inside::Backticks),
                '"' if scanner.is_in_quotes() => {
                    scanner.inside.pop();
                }
                '"' => {
                    scanner.word.get_or_insert_default();
                    scanner.inside.push(Inside::Quotes);
                }
                other if scanner.is_in_quotes() => scanner.push(other),
                '$' if matches!(next, Some('\'' | '"')) => {}
                '\'' => {
                    scanner.word.get_or_insert_default();
                    for quoted in rest.by_ref().take_while(|quoted| *quoted != '\'') {
                        scanner.push(quoted);
                    }
                }
                '&' if next == Some('>') => {}
                '<' | '>' if next == Some('(') => {}
                '<' | '>' => {
                    while rest
                        .next_if(|next| matches!(next, '<' | '>' | '&' | '|'))
                        .is_some()
                    {}
                    scanner.redirect();
                }
                '(' => scanner.open(Inside::Parentheses),
                ')' => scanner.close(Inside::Parentheses),
                ';' | '&' | '|' | '\n' | '\r' => scanner.end_command(),
                ' ' | '\t' => scanner.end_word(),
                other => scanner.push(other),
            }
        }
        scanner.end_command();
        scanner.commands
    }

    fn is_in_quotes(&self) -> bool {
        self.inside.last() == Some(&Inside::Quotes)
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    /// The number of a descriptor (`2>`) belongs to the redirection.
    fn redirect(&mut self) {
        let is_number =
            |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        if self.word.as_ref().is_some_and(is_number) {
            self.word = None;
        }
        self.end_word();
        self.is_target = true;
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if self.is_target {
                self.is_target = false;
            } else {
                self.words.push(word);
            }
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.is_target = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    fn open(&mut self, inside: Inside) {
        self.end_command();
        self.inside.push(inside);
    }

    fn close(&mut self, inside: Inside) {
        self.end_command();
        if let Some(opened) = self.inside.iter().rposition(|open| *open == inside) {
            self.inside.truncate(opened);
        }
    }
}
