//! The rules of the code base that a program can check. ARCHITECTURE.md gives the reasons.

// These rules concern the sources, so one platform is enough.
#![cfg(not(windows))]

use std::fs;
use std::path::{Path, PathBuf};

/// Files other than `ffi.rs` that may contain `unsafe`, and the reason for each.
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

/// The maximum length of a source file, before it should be split. Docs of public items count less
/// than code, so those files may be longer.
const LINES: usize = 650;

struct File {
    /// The path from the root of the workspace, with `/`.
    name: String,
    text: String,
}

impl File {
    /// Returns the lines of code, without comments and docs.
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
                let name = name.to_string_lossy().into_owned();
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

/// Returns a complaint about each line of code that `bad` matches, in files that `in_scope`
/// accepts.
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
        // A label in the docs does not depend on the target.
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
    // An exception that no file needs must be removed.
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
            // A table in the docs, or a URL, can't be wrapped.
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

/// Returns every file of the repository that a shell runs, and every build script.
fn scripts() -> Vec<File> {
    fn collect(folder: &Path, root: &Path, files: &mut Vec<File>) {
        for entry in fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
        {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    collect(&path, root, files);
                }
                continue;
            }
            // Skip files that are not text.
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            if name == "build.rs" || text.starts_with("#!/") {
                let name = path.strip_prefix(root).expect("below the root");
                let name = name.to_string_lossy().into_owned();
                files.push(File { name, text });
            }
        }
    }
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 10, "only {} scripts found", files.len());
    files
}

/// Returns `true` if the line contains the address of a server. Package managers have a
/// configuration, which a script must use: the user may have a mirror.
fn names_a_server(line: &str) -> bool {
    const ENDS: [&str; 7] = ["com", "dev", "edu", "gov", "io", "net", "org"];
    // A comment in a build script may link to a manual.
    if line.trim_start().starts_with("//") {
        return false;
    }
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "-._:/@".contains(c)));
    words.flat_map(|word| word.split('@')).any(|word| {
        let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
        let rest = rest.trim_start_matches('/');
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        if host.is_empty() || host == "localhost" || host.starts_with("127.") {
            return false;
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let end = host.rsplit_once('.').map_or("", |(_, end)| end);
        ENDS.contains(&end) || !(scheme.is_empty() || scheme == "file")
    })
}

#[test]
fn scripts_do_not_name_servers() {
    let mut complaints = Vec::new();
    for file in scripts() {
        for (index, line) in file.text.lines().enumerate() {
            if names_a_server(line) {
                complaints.push(file.complain(index + 1, "the address of a server"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_address_of_a_server_is_recognized() {
    for bad in [
        r#"echo "deb http://mirror.example.org/debian unstable main""#,
        "# see https://mirror.example.org/pool",
        "curl -O //static.example.com/tool.tar.gz",
        "index=packages.example.io",
        "pip3 install --index-url=https://user@10.0.0.1:8080/simple tool",
        "git clone git@code.example.net:tool.git",
        "ftp://ftp.example/debian",
        "Example.ORG.",
    ] {
        assert!(names_a_server(bad), "{bad}");
    }
    for good in [
        "apt-get install -y pkg.name",
        r#"cp "$work/src/lib.rs" build.rs"#,
        "'[patch.crates-io]' \\",
        "wasmtime=49.0.4",
        "curl http://127.0.0.1:$port/ http://localhost:80",
        "tests=(--test 'tcp_*')",
        "// See https://example.org/manual.",
        "std::io::Result<()>",
        "use std::io::{self, Error};",
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    ] {
        assert!(!names_a_server(good), "{good}");
    }
}

/// Returns the operating systems in the table of build.rs, such as `linux` and `wasi:p1`.
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

/// Returns the targets of an array in ci/targets. The text after a colon is a reason or a comment.
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

/// Returns the name of an operating system in a target, and in PLATFORMS.md.
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

/// The README and the guide show a program that the suite tests: the example `tcp_echo`.
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

#[test]
fn links_between_documents_lead_somewhere() {
    let crates = fs::read_dir(root().join("crates")).expect("crates");
    let crates = crates.map(|entry| entry.expect("an entry").path());
    let mut complaints = Vec::new();
    for folder in crates.filter(|path| path.is_dir()).chain([root()]) {
        let entries = fs::read_dir(&folder).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        for path in paths.filter(|path| path.extension().is_some_and(|end| end == "md")) {
            let text = fs::read_to_string(&path).expect("text");
            let links = text.split("](").skip(1);
            for link in links.filter_map(|rest| rest.split([')', '#']).next()) {
                let elsewhere = link.is_empty() || link.contains("://");
                if !elsewhere && !folder.join(link).exists() {
                    complaints.push(format!("{}: no {link}", path.display()));
                }
            }
        }
    }
    assert_none(&complaints);
}
