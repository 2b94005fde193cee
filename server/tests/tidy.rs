//! The architecture as a test: each rule is one function with a word on what to do about a breach. Every rule is first
//! shown a breach, so that none passes because it sees nothing. The rules know the shape of the code, not its meaning.

#[path = "tidy/keys.rs"]
mod keys;
#[path = "tidy/source.rs"]
mod source;

use source::{Source, root, rust_sources, text_files};
use std::collections::{BTreeMap, HashSet};
use syn::visit::Visit;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;

/// Parts of the server that everything may name and that name only each other.
const FOUNDATION: &[&str] = &[
    "emoji",
    "error",
    "faults",
    "id",
    "permit",
    "random",
    "restrictions",
    "seal",
    "settings",
    "text",
    "time",
];

/// The other parts, and which of each other they may name. What is not listed here is not meant to know it.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("admin", &[]),
    ("bus", &[]),
    ("call", &[]),
    ("credential", &[]),
    ("geo", &[]),
    ("store", &["bus"]),
    ("delivery", &["bus", "store"]),
    ("transport", &["call"]),
    ("features", &["admin", "bus", "call", "delivery", "geo", "store"]),
    ("telemetry", &[]),
    // Gathers the settings that each part declares.
    ("config", &["call", "delivery", "features", "seed", "store", "telemetry", "transport"]),
    // Makes simulated people through the rooms, before anybody is served.
    ("seed", &["config", "features", "geo", "store"]),
    // The composition root, the only part that knows everyone.
    (
        "app",
        &[
            "admin",
            "bus",
            "call",
            "config",
            "credential",
            "delivery",
            "features",
            "geo",
            "store",
            "telemetry",
            "transport",
        ],
    ),
    // Starts it for the command line.
    ("program", &["admin", "app", "config", "seed", "store", "telemetry"]),
];

/// Shows a rule its `breaches`, which it must find (one complaint each), then the repository, which must have none.
fn check(advice: &str, rule: impl Fn(&[Source]) -> Vec<String>, files: &[(&str, &str)], breaches: usize) {
    let shown: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    let found = rule(&shown);
    assert_eq!(found.len(), breaches, "the rule does not see what it should: {found:#?}");
    let complaints = rule(&rust_sources());
    assert!(complaints.is_empty(), "{advice}:\n  {}", complaints.join("\n  "));
}

#[test]
fn files_are_short() {
    let too_long = |path: &str, text: &str| text.lines().count() > MAX_FILE_LINES && !path.ends_with(".md");
    assert!(too_long("a.rs", &"x\n".repeat(501)) && !too_long("a.rs", &"x\n".repeat(500)));
    let files = text_files(&[".rs", ".py", ".proto", ".toml"]);
    let long: Vec<&str> = files.iter().filter(|(p, t)| too_long(p, t)).map(|(p, _)| p.as_str()).collect();
    assert!(long.is_empty(), "split by what the parts know; at most {MAX_FILE_LINES} lines: {long:?}");
}

#[test]
fn functions_are_short() {
    struct Long<'a>(&'a str, Vec<String>);
    impl Long<'_> {
        fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
            let lines = body.brace_token.span.close().end().line - signature.fn_token.span.start().line + 1;
            if lines > MAX_FUNCTION_LINES {
                self.1.push(format!("{}: fn {} has {lines} lines", self.0, signature.ident));
            }
        }
    }
    impl<'a> Visit<'a> for Long<'_> {
        fn visit_item_fn(&mut self, f: &'a syn::ItemFn) {
            self.measure(&f.sig, &f.block);
            syn::visit::visit_item_fn(self, f);
        }
        fn visit_impl_item_fn(&mut self, f: &'a syn::ImplItemFn) {
            self.measure(&f.sig, &f.block);
            syn::visit::visit_impl_item_fn(self, f);
        }
    }
    let rule = |sources: &[Source]| {
        let mut out = Vec::new();
        for source in sources.iter().filter(|s| s.text.lines().count() > MAX_FUNCTION_LINES) {
            let mut long = Long(&source.path, Vec::new());
            long.visit_file(source.syntax());
            out.append(&mut long.1);
        }
        out
    };
    let body = format!("{{\n{}}}", "x();\n".repeat(69));
    let example = format!("fn f() {body} struct S; impl S {{ fn g() {body} fn h() {{}} }}");
    check("cut out what has a name of its own", rule, &[("a.rs", &example)], 2);
}

#[test]
fn modules_say_what_they_are() {
    let rule = |sources: &[Source]| {
        let silent = sources.iter().filter(|s| !s.text.starts_with("//! "));
        silent.map(|s| s.path.clone()).collect()
    };
    let files = [("a.rs", "//! What it is.\nfn f() {}"), ("b.rs", "// Not this.\nfn f() {}")];
    check("begin with one `//!` paragraph: what the module is, what it does not know", rule, &files, 1);
}

#[test]
fn parts_name_only_what_they_may_know() {
    let rule = |sources: &[Source]| {
        let mut out = Vec::new();
        for source in sources {
            let Some(part) = source.module().and_then(|m| m.first().cloned()) else { continue };
            let allowed = MAY_NAME.iter().find(|(p, _)| *p == part).map_or(&[][..], |(_, may)| may);
            for name in source.names() {
                let Some([first, other]) = name.what.first_chunk() else { continue };
                let known = FOUNDATION.contains(&other.as_str()) || allowed.contains(&other.as_str());
                let is_part =
                    FOUNDATION.contains(&other.as_str()) || MAY_NAME.iter().any(|(p, _)| p == other);
                // Ids are keys of tables: the one case in which the foundation names what stands on it.
                let id_as_key = part == "id" && name.what.get(2).is_some_and(|n| n == "key");
                if first == "crate" && is_part && *other != part && !known && !id_as_key {
                    out.push(format!("{}:{} names {}", source.path, name.line, name.what.join("::")));
                }
            }
        }
        out
    };
    let files = [
        ("server/src/transport/ws.rs", "use crate::{call::Cx, features::chat}; use crate::error::Error;"),
        ("server/src/call/cx.rs", "fn f() { m!(super::super::store::Tx::new()) }"),
        ("server/src/app.rs", "use crate::features::chat;"),
        ("server/src/time.rs", "use crate::store::Store;"),
    ];
    check("ask for a trait, or see ARCHITECTURE.md and MAY_NAME", rule, &files, 3);
}

/// The rooms in their order: the public modules that `features/mod.rs` lists.
fn rooms(sources: &[Source]) -> Vec<String> {
    let list = sources.iter().find(|s| s.path == "server/src/features/mod.rs");
    let items = list.map_or(&[][..], |s| &s.syntax().items);
    let modules = items.iter().filter_map(|i| if let syn::Item::Mod(m) = i { Some(m) } else { None });
    let rooms = modules.filter(|m| m.content.is_none() && matches!(m.vis, syn::Visibility::Public(_)));
    rooms.map(|m| m.ident.to_string()).collect()
}

#[test]
fn rooms_know_only_earlier_rooms() {
    let rule = |sources: &[Source]| {
        let rooms = rooms(sources);
        let place = |room: &str| rooms.iter().position(|r| r == room);
        let mut out = Vec::new();
        for source in sources {
            let Some(here) = source.room().and_then(|room| place(&room)) else { continue };
            for name in source.names() {
                let path: Vec<&str> = name.what.iter().map(String::as_str).collect();
                let ["crate", "features", other, ..] = path[..] else { continue };
                if place(other).is_some_and(|there| there > here) {
                    out.push(format!("{}:{} names the later room {other}", source.path, name.line));
                }
            }
        }
        out
    };
    let files = [
        ("server/src/features/mod.rs", "pub mod accounts;\npub mod contacts;\npub mod chat;"),
        ("server/src/features/accounts.rs", "use super::chat::Chat;"),
        ("server/src/features/contacts/api.rs", "use crate::features::{accounts::A, chat, contacts::C};"),
        ("server/src/features/chat.rs", "use super::{accounts, contacts};"),
    ];
    check("let the earlier room offer a hook that the later one is listed for", rule, &files, 2);
}

#[test]
fn tables_belong_to_their_room() {
    let rule = |sources: &[Source]| {
        let mut out = Vec::new();
        let mut owners = BTreeMap::new();
        for source in sources {
            let Some(module) = source.module() else { continue };
            let in_room = module.first().is_some_and(|part| part == "features");
            // `pub(super)` in a file below the room's own reaches no farther than the room.
            let may_be_shared = module.len() > 1 + usize::from(in_room);
            for item in keys::stored(source) {
                let hidden = match &item.vis {
                    syn::Visibility::Inherited => true,
                    syn::Visibility::Restricted(r) => may_be_shared && r.path.is_ident("super"),
                    syn::Visibility::Public(_) => false,
                };
                if !hidden {
                    out.push(format!("{}: {} is seen outside of its room", source.path, item.ident));
                }
                let name = keys::name(item);
                let room = if in_room { module.get(1) } else { None };
                if room.is_some_and(|room| name.split('.').next() != Some(room)) {
                    out.push(format!("{}: {name} does not begin with the name of its room", source.path));
                }
                if let Some(other) = owners.insert(name.clone(), source.path.clone()) {
                    out.push(format!("{}: {name} is stored by {other} too", source.path));
                }
            }
        }
        out
    };
    let files = [
        ("server/src/features/chat/tables.rs", "pub(super) const A: Table<u8, B> = Table::new(\"chat.a\");"),
        ("server/src/features/chat/mod.rs", "pub(super) const L: store::Log<u8, B> = Log::new(\"chat.l\");"),
        ("server/src/features/qr.rs", "const M: Table<u8, B> = Table::new(\"chat.a\"); const N: u8 = 1;"),
    ];
    check("a room's rows change through its functions only", rule, &files, 3);
}

#[test]
fn stored_forms_are_as_the_list_says() {
    let path = root().join("docs/KEYS.md");
    let now = keys::list(&rust_sources());
    if std::env::var_os("TEAHOUSE_BLESS").is_some() {
        std::fs::write(&path, &now).expect("the list can be written");
    }
    let listed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        listed == now,
        "the stored forms are not those of docs/KEYS.md. Data of a release must stay readable: add, never renumber or \
         retype. If so, run TEAHOUSE_BLESS=1 cargo test -p teahouse-server --test tidy"
    );
}

#[test]
fn rules_are_pure() {
    let impure: HashSet<&str> =
        ["async", "await", "tokio", "store", "Store", "Tx", "Clock", "Random", "delivery", "bus"].into();
    let rule = |sources: &[Source]| {
        let mut out = Vec::new();
        for source in sources.iter().filter(|s| s.module().is_some_and(|m| m.iter().any(|n| n == "rules"))) {
            for name in source.names() {
                if let Some(word) = name.what.iter().find(|n| impure.contains(n.as_str())) {
                    out.push(format!("{}:{} mentions {word}", source.path, name.line));
                }
            }
        }
        out
    };
    let files = [
        ("server/src/features/chat/rules.rs", "use crate::store::key::Key; async fn f(now: Time) {}"),
        ("server/src/features/chat/api.rs", "use crate::store::Tx;"),
    ];
    check("rules.rs decides from what it is given: load before, store after", rule, &files, 2);
}

#[test]
fn exact_positions_stay_in_geo() {
    let rule = |sources: &[Source]| {
        let mut out = Vec::new();
        // Where requests are decoded, and where people are made up, one is made and handed on.
        let gates = ["server/src/features/place/gate.rs", "server/src/seed/city.rs"];
        let outside = sources.iter().filter(|s| !s.path.starts_with("server/src/geo"));
        for source in outside.filter(|s| s.text.contains("Fix") || s.text.contains("fix")) {
            let is_test = source.module().is_none_or(|m| m.iter().any(|part| part == "tests"));
            let is_gate = is_test || gates.contains(&source.path.as_str());
            let made = |name: &[String]| !is_gate && name.ends_with(&["geo".to_owned(), "fix".to_owned()]);
            let named = source.names().into_iter();
            let named = named.filter(|n| n.what.iter().any(|word| word == "Fix") || made(&n.what));
            out.extend(named.map(|n| format!("{}:{}", source.path, n.line)));
        }
        out
    };
    let files = [
        ("server/src/geo/mod.rs", "struct Fix;"),
        ("server/src/features/place/gate.rs", "use crate::geo; fn f() { geo::fix(1, 2) }"),
        ("server/src/features/shake.rs", "use crate::geo::Fix;"),
        ("server/src/features/look_around.rs", "use crate::geo; fn f() { geo::fix(1, 2) }"),
    ];
    check("rooms know cells; a position goes into geo::publish and nowhere else", rule, &files, 2);
}

/// What `docs/PROTOCOL.md` says of each reason: its kind, as `Kind` in the code has it.
fn documented_reasons(page: &str) -> BTreeMap<&str, String> {
    let (_, reasons) = page.split_once("### Reasons").expect("the page lists reasons");
    let rows = reasons.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let rows = rows.filter_map(|(reason, rest)| Some((reason, rest.split_once("` |")?.0)));
    rows.map(|(reason, kind)| (reason, kind.replace('_', "").to_lowercase())).collect()
}

/// The text literals of the server that look like reasons, with the name before them.
fn used_reasons(sources: &[Source]) -> Vec<(String, &str, &str)> {
    let looks_so = |text: &str| text.len() > 3 && text.chars().all(is_of_reason);
    // Settings have names of environment variables that look so; what `seed` refuses is told to an operator.
    let serves = |part: Option<&String>| part.is_none_or(|part| part != "config" && part != "seed");
    let server = sources.iter().filter(|s| s.module().is_some_and(|m| serves(m.first())));
    let texts =
        server.flat_map(|s| s.strings().map(|t| (format!("{}:{}", s.path, t.line), t.what.0, t.what.1)));
    // Behind a `!` it is the text of a macro: `env!("CARGO_PKG_VERSION")`.
    texts.filter(|(_, before, text)| looks_so(text) && *before != "!").collect()
}

#[test]
fn reasons_are_documented_with_their_kind() {
    let page = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).expect("the page is there");
    let kinds = ["invalid", "unauthenticated", "forbidden", "notfound", "alreadyexists", "precondition"];
    let kinds = [&kinds[..], &["conflict", "ratelimited", "unavailable", "internal"]].concat();
    let rule = |sources: &[Source]| {
        let rows = documented_reasons(&page);
        let mut out = Vec::new();
        for (place, before, reason) in used_reasons(sources) {
            let kind = before.replace('_', "").to_lowercase();
            match rows.get(reason) {
                Some(row) if kinds.contains(&kind.as_str()) && *row != kind => {
                    out.push(format!("{place} {reason} is {kind}, the page says {row}"));
                }
                // Reasons of other frames than failures stand in the text.
                None if !page.contains(&format!("`{reason}`")) => {
                    out.push(format!("{place} {reason} is not there"));
                }
                _ => {}
            }
        }
        out
    };
    let text = "fn f() { g(Error::invalid(\"MALFORMED\", \"x\"), Error::new(Kind::Conflict, \"CLIENT_ID_REUSED\"),
        Error::not_found(\"MALFORMED\"), Error::new(Kind::Internal, \"MALFORMED\"), Error::invalid(\"NO_SUCH_REASON\")) }";
    check("write it into docs/PROTOCOL.md, section 8", rule, &[("server/src/x.rs", text)], 3);

    let sources = rust_sources();
    let used: HashSet<&str> = used_reasons(&sources).into_iter().map(|(_, _, reason)| reason).collect();
    let unused: Vec<&str> =
        documented_reasons(&page).into_keys().filter(|reason| !used.contains(reason)).collect();
    assert!(unused.is_empty(), "docs/PROTOCOL.md explains what no code says: {unused:?}");
}

#[test]
fn nothing_is_left_undone() {
    // Put together here, so that this file does not complain about itself.
    let marks =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["todo", "!"], ["unimplemented", "!"], ["dbg", "!"]];
    let marks = marks.map(|m| m.concat());
    let open = |text: &str| marks.iter().find(|m| text.contains(m.as_str())).cloned();
    assert!(open(&format!("// {}: later", marks[0])).is_some() && open("done").is_none());
    for (path, text) in text_files(&[".rs", ".proto", ".md", ".toml", ".py", "run"]) {
        assert_eq!(open(&text), None, "{path}: finish it, or write down in docs/decisions why not");
    }
}

#[test]
fn nothing_names_a_machine() {
    fn named(text: &str) -> Option<&str> {
        let homes = ["/work/", "/root/", "/home/", "/Users/"];
        let at = homes.iter().find_map(|home| text.find(home))?;
        let inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.');
        (!inside).then(|| text[at..].lines().next().unwrap_or_default())
    }
    assert!(named("see /root/x").is_some() && named("a/root/x").is_none());
    for (path, text) in text_files(&[".rs", ".proto", ".md", ".toml", ".py", ".yaml", "run"]) {
        if path != file!() {
            assert_eq!(named(&text), None, "{path}: this is on one machine only");
        }
    }
}

#[test]
fn every_method_is_documented_with_its_errors() {
    let page = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).expect("the page is there");
    let reasons = documented_reasons(&page);
    let set: prost_types::FileDescriptorSet =
        prost::Message::decode(teahouse_proto::DESCRIPTORS).expect("our own descriptors");
    let mut seen = 0;
    for file in set.file.iter().filter(|f| f.package().starts_with("teahouse.")) {
        let comments = file.source_code_info.iter().flat_map(|i| &i.location);
        let comments: BTreeMap<&[i32], &str> =
            comments.map(|l| (&l.path[..], l.leading_comments())).collect();
        let comment = |place: &[i32]| comments.get(place).map_or("", |text| text.trim());
        for (s, service) in file.service.iter().enumerate() {
            assert_ne!(comment(&[6, s as i32]), "", "say what {} is for", service.name());
            for (m, method) in service.method.iter().enumerate() {
                let text = comment(&[6, s as i32, 2, m as i32]);
                assert_ne!(text, "", "say what {} does, and its errors", method.name());
                for word in
                    text.split("Errors:").skip(1).flat_map(|list| list.split(|c: char| !is_of_reason(c)))
                {
                    let known = !word.contains('_') || reasons.contains_key(word);
                    assert!(known, "{} names {word}, which docs/PROTOCOL.md does not explain", method.name());
                }
                seen += 1;
            }
        }
    }
    assert_eq!(seen, teahouse_proto::METHODS.len());
}

fn is_of_reason(c: char) -> bool {
    c.is_ascii_uppercase() || c == '_'
}

#[test]
fn links_in_documents_lead_somewhere() {
    let links = |text: &str| -> Vec<String> {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let files = targets.map(|(target, _)| target.split('#').next().unwrap_or("").to_owned());
        files.filter(|f| !f.is_empty() && !f.contains("://") && !f.contains(' ')).collect()
    };
    assert_eq!(links("[a](b.md#c) [d](#e) [f](https://g)"), ["b.md"]);
    for (path, text) in text_files(&[".md"]) {
        let folder = root().join(&path).parent().expect("a file is in a folder").to_owned();
        for link in links(&text) {
            assert!(folder.join(&link).exists(), "{path} links to {link}, which does not exist");
        }
    }
}
