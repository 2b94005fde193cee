//! Reading the repository for the rules of `tidy.rs`: its text files, and Rust files as words. It knows no rule.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

/// A Rust file of the workspace. It is parsed when a rule asks for it, since most rules look at some files only.
pub(crate) struct Source {
    /// From the root of the workspace, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    syntax: OnceCell<syn::File>,
    words: OnceCell<Vec<Word>>,
}

/// A token, or one side of a bracket. `text` is empty for literals, `string` is set for those of text.
struct Word {
    line: usize,
    text: String,
    string: Option<String>,
    in_tests: bool,
}

/// Something that stands in a line of a file, counted from 1.
pub(crate) struct At<T> {
    /// Where.
    pub(crate) line: usize,
    /// What.
    pub(crate) what: T,
}

impl Source {
    /// A file that need not exist.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (syntax, words) = (OnceCell::new(), OnceCell::new());
        Self { path: path.to_owned(), text: text.to_owned(), syntax, words }
    }

    /// The file as items.
    pub(crate) fn syntax(&self) -> &syn::File {
        let parse =
            || syn::parse_file(&self.text).unwrap_or_else(|e| panic!("{} is no Rust: {e}", self.path));
        self.syntax.get_or_init(parse)
    }

    fn words(&self) -> &[Word] {
        self.words.get_or_init(|| {
            let tokens = self.text.parse().unwrap_or_else(|e| panic!("{} is no Rust: {e}", self.path));
            let mut words = Vec::new();
            flatten(tokens, is_of_tests(&self.path), &mut words);
            words
        })
    }

    /// Where the file stands among the modules of the server: `server/src/call/cx.rs` is `["call", "cx"]`.
    /// `None` for files of other crates, and for tests.
    pub(crate) fn module(&self) -> Option<Vec<String>> {
        let inner = self.path.strip_prefix("server/src/")?.strip_suffix(".rs")?;
        let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
        parts.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
        Some(parts)
    }

    /// The room that the file belongs to, if it is in one.
    pub(crate) fn room(&self) -> Option<String> {
        let module = self.module()?;
        (module.first()? == "features").then(|| module.get(1).cloned())?
    }

    /// All paths of names in the code, without comments and strings: `crate::store::Tx` is
    /// `["crate", "store", "Tx"]`. Groups of a `use` are spread; `super` and `self` become `crate::…`.
    pub(crate) fn names(&self) -> Vec<At<Vec<String>>> {
        let mut module = self.module().unwrap_or_default();
        let mut inner_modules = Vec::new();
        let (mut out, mut depth, mut i) = (Vec::new(), 0, 0);
        while i < self.words().len() {
            match self.words()[i].text.as_str() {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if inner_modules.pop_if(|d| *d == depth).is_some() {
                        module.pop();
                    }
                }
                "mod" if self.is(i + 2, "{") => {
                    module.push(self.words()[i + 1].text.clone());
                    inner_modules.push(depth);
                    i += 1;
                }
                word if is_name(word) => {
                    i = self.read_path(i, Vec::new(), &module, &mut out);
                    continue;
                }
                _ => {}
            }
            i += 1;
        }
        out
    }

    /// All literals of text outside of tests and comments, each with the name that stands before it behind a bracket
    /// or a comma: `invalid` in `Error::invalid("NAME_EMPTY", …)`.
    pub(crate) fn strings(&self) -> impl Iterator<Item = At<(&str, &str)>> {
        // Comments that document arrive as `#[doc = "…"]`.
        let is_doc = |i: usize| self.is(i.wrapping_sub(2), "doc") && self.is(i.wrapping_sub(1), "=");
        self.words().iter().enumerate().filter(move |(i, w)| !w.in_tests && !is_doc(*i)).filter_map(
            |(i, word)| {
                let before = if self.is(i.wrapping_sub(1), "(") || self.is(i.wrapping_sub(1), ",") {
                    self.words().get(i.wrapping_sub(2)).map_or("", |w| &w.text)
                } else {
                    ""
                };
                Some(At { line: word.line, what: (before, word.string.as_deref()?) })
            },
        )
    }

    fn is(&self, i: usize, text: &str) -> bool {
        self.words().get(i).is_some_and(|w| w.text == text)
    }

    /// Reads one path, or the tree of a `use`, from word `i`; gives the word behind it.
    fn read_path(
        &self,
        mut i: usize,
        mut path: Vec<String>,
        module: &[String],
        out: &mut Vec<At<Vec<String>>>,
    ) -> usize {
        let line = self.words()[i].line;
        while i < self.words().len() && is_name(&self.words()[i].text) {
            path.push(self.words()[i].text.clone());
            i += 1;
            if !self.is(i, "::") {
                break;
            }
            i += 1;
        }
        if !(self.is(i, "{") && self.is(i.wrapping_sub(1), "::")) {
            out.push(At { line, what: absolute(path, module) });
            return i;
        }
        while i < self.words().len() && !self.is(i, "}") {
            i += 1;
            if is_name(&self.words()[i].text) && !self.is(i - 1, "as") {
                i = self.read_path(i, path.clone(), module, out);
            }
        }
        i + 1
    }
}

fn flatten(stream: TokenStream, in_tests: bool, out: &mut Vec<Word>) {
    let mut stream = stream.into_iter().peekable();
    while let Some(token) = stream.next() {
        let line = token.span().start().line;
        let mut push = |line, text: &str, string| {
            out.push(Word { line, text: text.to_owned(), string, in_tests });
        };
        match token {
            TokenTree::Ident(ident) => push(line, &ident.to_string(), None),
            TokenTree::Punct(p) if p.as_char() == ':' => {
                let second = stream.next_if(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ':'));
                push(line, second.map_or(":", |_| "::"), None);
            }
            TokenTree::Punct(p) => push(line, &p.to_string(), None),
            TokenTree::Literal(literal) => {
                let string =
                    if let syn::Lit::Str(s) = syn::Lit::new(literal) { Some(s.value()) } else { None };
                push(line, "", string);
            }
            TokenTree::Group(group) => {
                let [open, close] = match group.delimiter() {
                    Delimiter::Brace => ["{", "}"],
                    Delimiter::Parenthesis => ["(", ")"],
                    Delimiter::Bracket => ["[", "]"],
                    Delimiter::None => ["", ""],
                };
                push(line, open, None);
                let of_tests =
                    open == "{" && matches!(&out[..], [.., a, b, _] if a.text == "mod" && b.text == "tests");
                flatten(group.stream(), in_tests || of_tests, out);
                let line = group.span_close().start().line;
                out.push(Word { line, text: close.to_owned(), string: None, in_tests });
            }
        }
    }
}

/// Whether all of a file is compiled for tests only.
fn is_of_tests(path: &str) -> bool {
    path.ends_with("tests.rs") || ["/tests/", "/conformance/"].iter().any(|folder| path.contains(folder))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn absolute(path: Vec<String>, module: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|p| *p == "super").count();
    let selfs = usize::from(path[0] == "self" && path.len() > 1);
    if ups + selfs == 0 {
        return path;
    }
    let base = module[..module.len().saturating_sub(ups)].iter().cloned();
    std::iter::once("crate".to_owned()).chain(base).chain(path.into_iter().skip(ups + selfs)).collect()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

/// All text files of the repository with these endings, as (path, text), in order of the path.
pub(crate) fn text_files(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the workspace can be read") {
            let path = entry.expect("the workspace can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !is_foreign(&name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|e| name.ends_with(e)) {
                let text = std::fs::read_to_string(&path).expect("our files are UTF-8");
                let relative = path.strip_prefix(root()).expect("below the root");
                found.push((relative.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// Whether a folder holds nothing that people wrote for the repository.
fn is_foreign(name: &str) -> bool {
    (name.starts_with('.') && name != ".ci") || ["target", "teahouse-data", "__pycache__"].contains(&name)
}

/// All Rust files of the workspace.
pub(crate) fn rust_sources() -> Vec<Source> {
    text_files(&[".rs"]).iter().map(|(path, text)| Source::new(path, text)).collect()
}

#[test]
fn finds_names_in_uses_expressions_and_macros() {
    let text = "
        use super::{b, c::{self, d}, e as f};
        fn g() -> Vec<h::I> { j::k(l!(m::n, \"o::p\")) } // q::r
        mod tests { use super::*; use super::super::s; }";
    let names = Source::new("server/src/call/cx.rs", text).names();
    let names: Vec<String> = names.iter().map(|n| format!("{}:{}", n.line, n.what.join("::"))).collect();
    for expected in [
        "2:crate::call::b",
        "2:crate::call::c::d",
        "2:crate::call::e",
        "3:h::I",
        "3:j::k",
        "3:m::n",
        "4:crate::call::s",
    ] {
        assert!(names.iter().any(|n| n == expected), "{expected} is not in {names:?}");
    }
    assert!(!names.iter().any(|n| n.contains("o::p") || n.contains("q::r")), "{names:?}");
}

#[test]
fn finds_texts_outside_of_comments_and_tests() {
    let text = "
        /// Not this.
        fn f() { g::h(\"a\", I::J, \"b\") }
        const K: &str = \"c\";
        mod tests { const L: &str = \"d\"; }";
    let source = Source::new("server/src/call/cx.rs", text);
    let found: Vec<(usize, (&str, &str))> = source.strings().map(|s| (s.line, s.what)).collect();
    assert_eq!(found, [(3, ("h", "a")), (3, ("J", "b")), (4, ("", "c"))]);
}
