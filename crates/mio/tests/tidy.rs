//! The rules of the house, as far as a program can check them. ARCHITECTURE.md says why they are.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that may have `unsafe` though they are not called `ffi.rs`, and why.
const UNSAFE: &[(&str, &str)] = &[
    (
        "crates/mio/src/io_impls.rs",
        "`FromRawFd` is itself unsafe to call",
    ),
    (
        "crates/mio/src/net/",
        "examples in the docs that show a system call inside `try_io`",
    ),
    (
        "crates/mio/src/os/unix/pipe.rs",
        "an example in the docs that shows a system call",
    ),
    (
        "crates/mio/src/os/windows/named_pipe.rs",
        "`FromRawHandle` is itself unsafe to call",
    ),
    (
        "crates/mio/examples/listen_fd.rs",
        "takes over a descriptor that the program inherited",
    ),
    (
        "crates/mio/src/sys/afd/operation.rs",
        "memory that the kernel has for a while: one type owns that fact",
    ),
    ("crates/mio/tests/tidy.rs", "this file"),
];

/// The longest a source file may be before one asks whether it should be two; docs of public items
/// count less than code, so those files have more.
const LINES: usize = 650;

struct File {
    /// From the root of the workspace, with `/`.
    name: String,
    text: String,
}

impl File {
    /// The lines of code, without comments and docs.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn complain(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.name)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources() -> Vec<File> {
    fn collect(folder: &Path, root: &Path, files: &mut Vec<File>) {
        for entry in fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
        {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, root, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).expect("below the root");
                let name = name.to_string_lossy().replace('\\', "/");
                files.push(File {
                    name,
                    text: fs::read_to_string(&path).expect("text"),
                });
            }
        }
    }
    let root = root();
    let mut files = Vec::new();
    collect(&root.join("crates"), &root, &mut files);
    assert!(files.len() > 40, "only {} files found", files.len());
    files
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Complaints about each line of code that `bad` finds, in files that `in_scope` accepts.
fn find(in_scope: impl Fn(&File) -> bool, bad: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
    let files = sources();
    let files = files.iter().filter(|file| in_scope(file));
    files
        .flat_map(|file| {
            let lines = file.code().filter(|(_, line)| bad(line));
            lines
                .map(|(line, _)| file.complain(line, what))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn is_this_file(file: &File) -> bool {
    file.name.ends_with("tests/tidy.rs")
}

#[test]
fn names_of_systems_stand_in_the_table_only() {
    assert_none(&find(
        |file| file.name != "crates/mio/build.rs" && !is_this_file(file),
        // A label in the docs is no decision.
        |line| line.contains("target_os") && !line.contains("doc(cfg("),
        "a system is named outside build.rs; ask for what it has instead",
    ));
}

#[test]
fn unsafe_code_stands_in_ffi_files_only() {
    let excused = |file: &File| {
        file.name.ends_with("/ffi.rs")
            || UNSAFE.iter().any(|(name, reason)| {
                assert!(!reason.is_empty());
                file.name.starts_with(name)
            })
    };
    let is_unsafe = |line: &str| {
        line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == "unsafe")
    };
    assert_none(&find(
        |file| !excused(file),
        is_unsafe,
        "unsafe code outside an ffi.rs",
    ));
    // An excuse that nobody needs is taken back.
    for (name, _) in UNSAFE {
        let needed = sources()
            .iter()
            .any(|file| file.name.starts_with(name) && file.text.lines().any(is_unsafe));
        assert!(needed, "{name} has no unsafe code and needs no excuse");
    }
}

#[test]
fn each_unsafe_block_says_why_it_is_sound() {
    let mut complaints = Vec::new();
    for file in sources().iter().filter(|file| !is_this_file(file)) {
        let lines: Vec<_> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line
                .trim_start()
                .trim_start_matches("/// ")
                .trim_start_matches("//! ");
            let starts = code.contains("unsafe {") || code.contains("unsafe impl");
            if !starts || code.starts_with("//") {
                continue;
            }
            let above = &lines[index.saturating_sub(6)..index];
            if !above.iter().any(|line| line.contains("SAFETY:")) {
                complaints.push(file.complain(index + 1, "no SAFETY comment"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_selector_has_the_same_files() {
    let folder = root().join("crates/mio/src/sys");
    let shared = ["unix", "windows"];
    let mut selectors = 0;
    for entry in fs::read_dir(folder)
        .expect("src/sys")
        .map(|entry| entry.expect("an entry"))
    {
        let name = entry.file_name().into_string().expect("a name");
        if !entry.path().is_dir() || shared.contains(&name.as_str()) {
            continue;
        }
        selectors += 1;
        for file in ["mod.rs", "selector.rs", "event.rs", "waker.rs", "ffi.rs"] {
            assert!(entry.path().join(file).exists(), "sys/{name} has no {file}");
        }
    }
    assert!(selectors >= 2);
}

#[test]
fn modules_are_where_their_name_says() {
    let attribute = concat!("#[pa", "th");
    assert_none(&find(
        |_| true,
        |line| line.contains(attribute),
        "a module elsewhere",
    ));
}

#[test]
fn no_loose_ends() {
    let words = [
        "TO\u{44}O",
        "FIX\u{4d}E",
        "XX\u{58}",
        "HA\u{43}K",
        "todo!",
        "unimplemented!",
        "dbg!",
    ];
    let mut complaints = Vec::new();
    for file in sources().iter().filter(|file| !is_this_file(file)) {
        for (index, line) in file.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                complaints.push(file.complain(index + 1, "something is left to do"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_sleep_makes_a_test_right() {
    assert_none(&find(
        |file| file.name.contains("/tests/") && !is_this_file(file),
        |line| line.contains("sleep("),
        "a test that sleeps; wait for what is to happen",
    ));
}

#[test]
fn files_are_short_and_narrow() {
    let mut complaints = Vec::new();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > LINES {
            complaints.push(file.complain(lines, "too long a file"));
        }
        for (index, line) in file.text.lines().enumerate() {
            // A table in the docs, or the address of a page, can't be broken.
            let text = line.trim_start_matches(['/', '!', ' ']);
            let unbreakable = text.starts_with('|') || text.contains("]: https://");
            if line.chars().count() > 100 && !unbreakable {
                complaints.push(file.complain(index + 1, "a line of more than 100 columns"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn macros_make_trait_impls_only() {
    let bad = |line: &str| {
        let line = line.trim_start();
        line.starts_with("impl $") || line.starts_with("mod $")
    };
    assert_none(&find(
        |file| file.name.contains("/src/"),
        bad,
        "a macro makes more than impls",
    ));
}

/// The names of the systems in the table of build.rs, such as `linux` and `wasi:p1`.
fn systems() -> Vec<String> {
    let table = fs::read_to_string(root().join("crates/mio/build.rs")).expect("build.rs");
    let names = table.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("names: &[")?;
        line.strip_suffix("],")
    });
    let names = names.flat_map(|names| names.split(", "));
    let names = names.filter(|name| !name.is_empty());
    names
        .map(|name| name.trim_matches('"').to_owned())
        .collect()
}

/// The targets of an array in ci/targets; what follows a colon says why, or is a comment.
fn targets(array: &str) -> Vec<String> {
    let script = fs::read_to_string(root().join("ci/targets")).expect("ci/targets");
    let begin = format!("\n{array}=(");
    let (_, rest) = script.split_once(&begin).expect("the array");
    let (array, _) = rest.split_once("\n)").expect("its end");
    let lines = array
        .lines()
        .map(|line| line.split(['#', ':']).next().expect("a part"));
    let words = lines.flat_map(str::split_whitespace);
    words
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

/// What a system is called in a target, and in PLATFORMS.md.
fn called(system: &str) -> (&str, &str) {
    match system {
        "macos" => ("darwin", "macOS"),
        "horizon" => ("3ds", "Nintendo 3DS"),
        "nto" => ("nto", "QNX Neutrino"),
        "espidf" => ("espidf", "ESP-IDF"),
        "vita" => ("vita", "PlayStation Vita"),
        "wasi:p1" => ("wasip1", "preview 1"),
        "wasi" => ("wasip2", "preview 2"),
        name => (name, name),
    }
}

#[test]
fn each_system_is_in_every_list() {
    let platforms = fs::read_to_string(root().join("PLATFORMS.md")).expect("PLATFORMS.md");
    let (table, _) = platforms.split_once("Notes:").expect("the first table");
    let checked = [targets("few"), targets("more")].concat();
    let never = targets("never");
    let systems = systems();
    assert!(systems.len() > 20, "only {systems:?} found");
    let mut complaints = Vec::new();
    for system in &systems {
        let (target, name) = called(system);
        let is_in = |list: &[String]| list.iter().any(|word| word.contains(target));
        if is_in(&checked) == is_in(&never) {
            complaints.push(format!("{system}: not in one of the lists of ci/targets"));
        }
        let name = name.to_lowercase();
        let rows = table
            .lines()
            .filter(|row| row.starts_with('|') && row.to_lowercase().contains(&name));
        let has = |status: &str| rows.clone().any(|row| row.contains(status));
        let is_right = if is_in(&checked) {
            has("run here") || has("type-checked here")
        } else {
            has("not checked yet")
        };
        if !is_right {
            complaints.push(format!(
                "{system}: PLATFORMS.md does not say what ci/targets does"
            ));
        }
    }
    for target in checked.iter().chain(&never) {
        let is_known = |system: &String| target.contains(called(system).0);
        if !systems.iter().any(is_known) {
            complaints.push(format!("{target}: no system of build.rs"));
        }
    }
    assert_none(&complaints);
}

/// The README and the guide show a program that the suite has tried: the example `tcp_echo`.
#[test]
fn documents_show_the_example_tcp_echo() {
    let read = |name: &str| {
        let text = fs::read_to_string(root().join(name)).expect(name);
        text.replace("\r\n", "\n")
    };
    let example = read("crates/mio/examples/tcp_echo.rs");
    let lines = example.lines().filter(|line| !line.starts_with("//!"));
    let program = lines.collect::<Vec<_>>().join("\n");
    let program = format!("_run\n{}\n```\n", program.trim());
    for name in ["README.md", "crates/mio/src/guide.md"] {
        assert!(read(name).contains(&program), "{name} shows another one");
    }
}

#[test]
fn each_example_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let files = sources();
    let examples = files
        .iter()
        .filter(|file| file.name.contains("/examples/"))
        .filter(|file| !readme.contains(&format!("]({})", file.name)));
    let missing: Vec<_> = examples.map(|file| file.name.clone()).collect();
    assert_none(&missing);
}
