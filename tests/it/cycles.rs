//! Checks that no two files import each other, be it by way of others, and that no file imports an item from a `mod.rs`
//! above it: what several files of a folder need stands in a file of its own.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    fs,
    path::Path,
};

use crate::layers::{is_test, rust_files};

/// A file that names something of another.
struct Import {
    /// The module of the file.
    from: String,
    /// The module of the file that is named, or that holds what is named.
    to: String,
    /// As it is written, without groups.
    path: String,
}

impl Import {
    /// Whether it goes from a file to the `mod.rs` of a folder that the file lies in.
    fn goes_up(&self) -> bool {
        self.from.starts_with(&format!("{}::", self.to))
    }
}

#[test]
fn no_files_import_each_other() {
    let imports = counted_imports();
    let wrong: Vec<_> = cycles(&imports)
        .iter()
        .map(|cycle| format!("{} -> {}", cycle.join(" -> "), cycle[0]))
        .collect();
    assert!(
        wrong.is_empty(),
        "files that import each other, the shortest cycles:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_file_imports_from_the_module_above_it() {
    let wrong: Vec<_> = counted_imports()
        .iter()
        .filter(|import| import.goes_up())
        .map(|import| format!("{}: {}", import.from, import.path))
        .collect();
    assert!(
        wrong.is_empty(),
        "what the mod.rs of a folder defines or passes on is not for the files of that folder:\n{}",
        wrong.join("\n")
    );
}

fn counted_imports() -> Vec<Import> {
    let mut sources = BTreeMap::new();
    for file in rust_files(Path::new("src")) {
        if let Some(module) = module_of_file(&file).filter(|_module| !is_test(&file)) {
            sources.insert(module, fs::read_to_string(&file).unwrap());
        }
    }
    assert!(sources.len() > 200, "{}", sources.len());
    imports(&sources)
}

/// The module that `file` holds; none for the roots of the crates.
fn module_of_file(file: &Path) -> Option<String> {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    (!matches!(parts.as_slice(), ["lib" | "main"])).then(|| parts.join("::"))
}

/// What the files import of each other; `sources` is the text of each by its module.
fn imports(sources: &BTreeMap<String, String>) -> Vec<Import> {
    let mut found = Vec::new();
    for (module, text) in sources {
        let code = code_of(text);
        let code = without_tests(&code);
        let children = children_of(code);
        for path in paths(code) {
            let target = absolute(module, &path, &children).and_then(|whole| file_of(&whole, sources));
            if let Some(to) = target.filter(|to| to != module) {
                found.push(Import {
                    from: module.clone(),
                    to,
                    path: path.join("::"),
                });
            }
        }
    }
    found
}

/// `path` from the root of the crate; nothing where it leads out of the crate.
fn absolute(module: &str, path: &[String], children: &BTreeSet<String>) -> Option<Vec<String>> {
    let mut whole: Vec<String> = module.split("::").map(str::to_owned).collect();
    let (first, behind_first) = path.split_first()?;
    let rest = match first.as_str() {
        "crate" => {
            whole.clear();
            behind_first
        }
        "self" => behind_first,
        "super" => {
            let levels = path.iter().take_while(|part| part.as_str() == "super").count();
            whole.truncate(whole.len().saturating_sub(levels));
            &path[levels..]
        }
        name if children.contains(name) => path,
        _ => return None,
    };
    whole.extend_from_slice(rest);
    Some(whole)
}

/// The longest beginning of `whole` that is a file.
fn file_of(whole: &[String], sources: &BTreeMap<String, String>) -> Option<String> {
    (1..=whole.len())
        .rev()
        .map(|len| whole[..len].join("::"))
        .find(|module| sources.contains_key(module))
}

/// The modules that `code` declares, which it may name without `self`.
fn children_of(code: &str) -> BTreeSet<String> {
    let declared = code.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once(' ')?;
        (before == "mod" || before.ends_with(" mod")).then(|| name.to_owned())
    });
    declared.collect()
}

/// Every path in `code`: those of its `use` trees, one by one, and those that stand where they are needed.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut elsewhere = String::new();
    let mut rest = code;
    while let Some(at) = first_use(rest) {
        elsewhere.push_str(&rest[..at]);
        let (tree, after) = rest[at + USE.len()..].split_once(';').unwrap_or_default();
        expand(&[], tree, &mut found);
        rest = after;
    }
    elsewhere.push_str(rest);
    found.extend(written_out(&elsewhere));
    found
}

const USE: &str = "use ";

fn first_use(code: &str) -> Option<usize> {
    code.match_indices(USE)
        .map(|(at, _)| at)
        .find(|at| !code[..*at].ends_with(is_word))
}

/// Adds the paths of `tree` below `prefix`.
fn expand(prefix: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    for item in items(tree) {
        let (head, group) = item
            .split_once('{')
            .map_or((item, None), |(head, group)| (head, Some(group)));
        let name = head.split_once(" as ").map_or(head, |(name, _)| name);
        let mut path = prefix.to_vec();
        path.extend(
            name.split("::")
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned),
        );
        if let Some(group) = group {
            expand(&path, group.strip_suffix('}').unwrap_or(group), found);
        } else {
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            found.push(path);
        }
    }
}

/// The items of a group, which may be groups themselves.
fn items(tree: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0, 0);
    let mut found = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(tree[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(tree[start..].trim());
    found.retain(|item| !item.is_empty());
    found
}

/// The paths outside of `use`, but for the `$crate` of a macro and the places of `pub(in …)`.
fn written_out(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut start = 0;
    for token in code.split_inclusive(|c: char| !is_word(c) && c != ':') {
        let before = &code[..start];
        start += token.len();
        let path = token.trim_end_matches(|c: char| !is_word(c));
        let is_path = path.contains("::") && path.starts_with(is_word);
        if is_path && !before.ends_with('$') && !before.ends_with("(in ") {
            found.push(path.split("::").map(str::to_owned).collect());
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn without_tests(code: &str) -> &str {
    code.split_once("#[cfg(test)]\nmod tests {")
        .map_or(code, |(before, _)| before)
}

/// `text` without its comments, strings and characters, none of which imports anything.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => string_len(rest),
            '\'' => character_len(rest),
            'b' | 'r' if !code.ends_with(is_word) => raw_string_len(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of the string that `rest` begins with.
fn string_len(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the character that `rest` begins with; 0 if it is a lifetime.
fn character_len(rest: &str) -> usize {
    let mut inside = rest.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let behind = at + escaped.len_utf8();
            rest[behind..].find('\'').map_or(0, |end| behind + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// The length of the raw string that `rest` begins with; 0 if it begins with none.
fn raw_string_len(rest: &str) -> usize {
    let Some(marked) = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r') else {
        return 0;
    };
    let quoted = marked.trim_start_matches('#');
    if !quoted.starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(marked.len() - quoted.len()));
    let inside = rest.len() - quoted.len() + 1;
    rest[inside..]
        .find(&end)
        .map_or(rest.len(), |at| inside + at + end.len())
}

/// The shortest cycles, the shortest first; a file stands in one of them at most.
fn cycles(imports: &[Import]) -> Vec<Vec<&str>> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        graph.entry(&import.from).or_default().insert(&import.to);
    }
    let mut found: Vec<_> = graph
        .keys()
        .copied()
        .filter_map(|start| cycle_through(start, &graph))
        .collect();
    found.sort_by_key(Vec::len);
    let mut shortest: Vec<Vec<&str>> = Vec::new();
    for cycle in found {
        if !shortest.iter().flatten().any(|file| cycle.contains(file)) {
            shortest.push(cycle);
        }
    }
    shortest
}

/// The shortest cycle from `start` back to it.
fn cycle_through<'i>(start: &'i str, graph: &BTreeMap<&'i str, BTreeSet<&'i str>>) -> Option<Vec<&'i str>> {
    let mut reached_from: BTreeMap<&'i str, &'i str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(mut file) = queue.pop_front() {
        for next in graph.get(file).into_iter().flatten().copied() {
            if next == start {
                let mut cycle = vec![file];
                while let Some(before) = reached_from.get(file).copied() {
                    cycle.push(before);
                    file = before;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if let Entry::Vacant(free) = reached_from.entry(next) {
                free.insert(file);
                queue.push_back(next);
            }
        }
    }
    None
}

fn imports_among(files: &[(&str, &str)]) -> Vec<Import> {
    let sources = files
        .iter()
        .map(|(module, text)| ((*module).to_owned(), (*text).to_owned()))
        .collect();
    imports(&sources)
}

#[test]
fn a_violation_is_detected() {
    let found = imports_among(&[
        ("a", "use crate::b::{c::run, e};"),
        ("b", "mod c;\nmod d;\npub use self::d::Passed;"),
        ("b::c", "use crate::{f, a::Thing};"),
        ("b::d", "use super::Shared;"),
        ("b::e", "use crate::b::d::Passed;"),
        ("f", ""),
    ]);
    assert_eq!(cycles(&found), [["a", "b::c"], ["b", "b::d"]]);
    let up: Vec<_> = found
        .iter()
        .filter(|import| import.goes_up())
        .map(|import| import.path.as_str())
        .collect();
    assert_eq!(up, ["super::Shared"]);
}

#[test]
fn a_longer_cycle_is_found_and_none_where_there_is_none() {
    let mut files = vec![
        ("a", "use crate::b;"),
        ("b", "use crate::c;"),
        ("c", "use crate::a::X;"),
    ];
    assert_eq!(cycles(&imports_among(&files)), [["a", "b", "c"]]);
    files.pop();
    files.push(("c", "use crate::d;"));
    files.push(("d", ""));
    assert!(cycles(&imports_among(&files)).is_empty());
}

#[test]
fn every_path_of_a_use_tree_is_read() {
    let read = |text: &str| {
        let code = code_of(text);
        paths(&code)
            .iter()
            .map(|path| path.join("::"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        read("use crate::{a::{self, B as C}, d};\npub(super) use super::{\n    e,\n    f::{G, h::*},\n};"),
        [
            "crate::a",
            "crate::a::B",
            "crate::d",
            "super::e",
            "super::f::G",
            "super::f::h::*"
        ]
    );
    assert_eq!(read("use self::a as b;"), ["self::a"]);
    assert_eq!(
        read("pub(in crate::no) fn f<'a>(x: &'a crate::a::B) -> impl T + use<'a> { self::c::d::<u8>(x) }"),
        ["crate::a::B", "self::c::d"]
    );
    for nothing in [
        "// use crate::no;",
        "/* crate::no */",
        "let x = \"a \\\" crate::no\";",
        "let x = ('\"', '\\'', '\\u{22}'); // crate::no",
        "let x = br#\"a \" crate::no\"#;",
        "$crate::no!()",
    ] {
        assert!(read(nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn a_path_leads_to_the_file_that_holds_what_it_names() {
    let found = imports_among(&[
        ("a", "mod b;\nfn f() { b::g(std::mem::take(x)) }"),
        ("a::b", "mod c;\nuse self::c::{D, e::F};\nuse crate::a::b::Own;"),
        ("a::b::c", "use super::super::super::z;\nfn f(x: crate::z::Y) {}"),
        ("z", "#[cfg(test)]\nmod tests {\n    use crate::a;\n}"),
    ]);
    let found: Vec<_> = found
        .iter()
        .map(|import| format!("{} -> {}", import.from, import.to))
        .collect();
    assert_eq!(
        found,
        [
            "a -> a::b",
            "a::b -> a::b::c",
            "a::b -> a::b::c",
            "a::b::c -> z",
            "a::b::c -> z"
        ]
    );
    let module = |file: &str| module_of_file(Path::new(file));
    assert_eq!(module("src/web/mod.rs").as_deref(), Some("web"));
    assert_eq!(module("src/web/state.rs").as_deref(), Some("web::state"));
    assert_eq!(module("src/lib.rs"), None);
}
