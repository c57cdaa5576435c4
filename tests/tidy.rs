//! Rules about the sources that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

/// Without the tests at its end.
const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

/// No identifiers, not even as a part of one: the standard has better words.
const BANNED_WORDS: [&str; 3] = ["wipe", "nuke", "shred"];
/// Ends of type names that say nothing about what the type is.
const EMPTY_NAMES: [&str; 6] = ["Manager", "Helper", "Util", "Info", "Data", "Handler"];

struct Source {
    path: String,
    text: String,
}

/// Every file of the tree that people write, by extension (`""`: scripts have none).
fn sources(kinds: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "scripts", "image", "buildroot-config", "docs", ".ci"] {
        walk(&root.join(folder), &mut files);
    }
    files.sort();
    let wanted = |file: &&PathBuf| kinds.contains(&file.extension().map_or("", |kind| kind.to_str().unwrap()));
    let read = |file: &PathBuf| Source {
        path: file.strip_prefix(root).unwrap().display().to_string(),
        text: fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    };
    files.iter().filter(wanted).map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("__pycache__") => {}
            true => walk(&path, files),
            false => files.push(path),
        }
    }
}

fn rust() -> Vec<Source> {
    let sources = sources(&["rs"]);
    assert!(sources.len() > 50, "the tree was not found");
    sources
}

/// Fails with all places at once.
fn none(what: &str, places: &[String]) {
    assert!(places.is_empty(), "{what}:\n  {}", places.join("\n  "));
}

/// The code alone: comments, strings and characters become blanks, lines stay lines.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = blank(rest, code.chars().next_back());
        let (piece, after) = rest.split_at(length.unwrap_or(first.len_utf8()));
        if length.is_some() {
            code.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            code.push_str(piece);
        }
        rest = after;
    }
    code
}

/// The length of the comment or literal that `rest` begins with, if it does. `before` is the character before it.
fn blank(rest: &str, before: Option<char>) -> Option<usize> {
    let until = |start: usize, end: &str| Some(rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len()));
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = rest.trim_start_matches(['b', 'c']).strip_prefix('r').map(|tail| tail.trim_start_matches('#'));
    if rest.starts_with("//") {
        return until(0, "\n");
    } else if rest.starts_with("/*") {
        return until(2, "*/");
    } else if let Some(tail) = raw.filter(|tail| tail.starts_with('"') && !in_word) {
        let start = rest.len() - tail.len() + 1;
        return until(start, &format!("\"{}", "#".repeat(rest[..start].matches('#').count())));
    } else if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    } else if let Some(tail) = rest.strip_prefix('\'') {
        // A lifetime has no second quote after its first character.
        let inner = tail.chars().next()?;
        let is_character = inner == '\\' || tail[inner.len_utf8()..].starts_with('\'');
        return is_character.then(|| quoted(rest, '\''));
    }
    None
}

/// The length of a literal with escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        is_end
    });
    end.map_or(rest.len(), |(at, c)| at + c.len_utf8())
}

fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn the_code_is_told_from_comments_and_literals() {
    let text = "a // b\nc \"d \\\" e\" 'f' '\\'' r#\"g \" h\"# &'i str /* j\n */ k";
    let words: Vec<String> = identifiers(&code(text)).map(str::to_owned).collect();
    assert_eq!(words, ["a", "c", "i", "str", "k"]);
    assert_eq!(code(text).lines().count(), text.lines().count());
}

#[test]
fn files_are_short() {
    let long = |source: &Source| {
        let (code, _) = source.text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&source.text, ""));
        let lines = code.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", source.path))
    };
    let tests = |source: &Source| source.path.ends_with("tests.rs");
    let sources = rust().into_iter().chain(sources(&["js", "css"]));
    let places: Vec<_> = sources.filter(|source| !tests(source)).filter_map(|source| long(&source)).collect();
    none(&format!("files of more than {LONGEST_FILE} lines"), &places);
}

/// Relies on rustfmt: a function ends with a brace that stands as far in as its first line.
#[test]
fn functions_are_short() {
    let mut places = Vec::new();
    for source in rust() {
        let code = code(&source.text);
        let lines: Vec<&str> = code.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| identifiers(line).any(|word| word == "fn")) {
            let margin = &line[..line.len() - line.trim_start().len()];
            let is_end = |line: &&str| line.strip_prefix(margin).is_some_and(|rest| rest.starts_with('}'));
            let has_body = lines[at..].iter().find(|line| line.trim_end().ends_with(['{', ';', '}']));
            if !has_body.is_some_and(|line| line.trim_end().ends_with('{')) {
                continue;
            }
            let length = lines[at..].iter().position(is_end).map_or(0, |end| end + 1);
            if length > LONGEST_FUNCTION {
                places.push(format!("{}:{}: {length} lines", source.path, at + 1));
            }
        }
    }
    none(&format!("functions of more than {LONGEST_FUNCTION} lines"), &places);
}

#[test]
fn words_are_the_standards() {
    let mut places = Vec::new();
    for source in rust() {
        let code = code(&source.text);
        let words: Vec<&str> = identifiers(&code).collect();
        for pair in words.windows(2) {
            let (before, word) = (pair[0], pair[1]);
            let is_type = matches!(before, "struct" | "enum" | "union" | "trait" | "type");
            let banned = BANNED_WORDS.iter().any(|banned| word.to_lowercase().contains(banned));
            let empty = is_type && EMPTY_NAMES.iter().any(|empty| word.ends_with(empty));
            if banned || empty || before == "fn" && word.starts_with("get_") {
                places.push(format!("{}: {before} {word}", source.path));
            }
        }
    }
    none("names to be replaced", &places);
}

#[test]
fn unsafe_stays_where_it_is_argued() {
    let argued = |path: &str| path.starts_with("src/sys/") || path.starts_with("src/libudev-sys/");
    let is_unsafe = |source: &Source| identifiers(&code(&source.text)).any(|word| word == "unsafe");
    let sources = rust();
    assert!(sources.iter().any(|source| argued(&source.path) && is_unsafe(source)), "this test sees nothing");
    let places: Vec<_> = sources.iter().filter(|s| !argued(&s.path) && is_unsafe(s)).map(|s| s.path.clone()).collect();
    none("unsafe outside src/sys and src/libudev-sys", &places);
}

/// What is downloaded, and from where, is the package archive's business.
#[test]
fn scripts_name_no_address_of_the_network() {
    let in_scripts = |source: &Source| source.path.starts_with("scripts/") || source.path.starts_with(".ci/");
    let lines = |source: &Source| {
        let named = source.text.lines().zip(1..).filter(|(line, _)| line.contains("://"));
        named.map(|(line, number)| format!("{}:{number}: {line}", source.path)).collect::<Vec<_>>()
    };
    let scripts: Vec<Source> = sources(&["", "sh"]).into_iter().filter(in_scripts).collect();
    assert!(scripts.len() > 5, "the scripts were not found");
    none("addresses in scripts", &scripts.iter().flat_map(lines).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut places = Vec::new();
    for source in sources(&["", "rs", "js", "html", "css", "sh", "py", "toml", "md", "cfg", "list", "mk"]) {
        for (line, number) in source.text.lines().zip(1..) {
            if line.split(|c: char| !c.is_alphanumeric()).any(|word| marks.contains(&word)) {
                places.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("left for later", &places);
}
