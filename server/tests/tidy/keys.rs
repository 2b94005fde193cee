//! The list of all that the server stores, made from its source: names, keys, values and the numbers of their fields.

use super::source::Source;
use quote::ToTokens;
use std::collections::BTreeMap;
use std::fmt::Write;
use syn::visit::Visit;

const HEAD: &str = "\
# What is stored

Made from the code by `TEAHOUSE_BLESS=1 cargo test -p teahouse-server --test tidy`; the test fails while the two differ, so a
changed line here is a change of what is on people's disks. A stored key is the name of the table or log, a 0 byte, and the
key in an encoding that sorts as its values do. A log is a table with the number of the entry behind its key.

";

/// The constants of a file that are tables or logs; those of tests of the store left out.
pub(crate) fn stored(source: &Source) -> Vec<&syn::ItemConst> {
    struct Found<'a>(Vec<&'a syn::ItemConst>);
    impl<'a> Visit<'a> for Found<'a> {
        fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
            if shape(item).is_some() && !name(item).starts_with("test.") {
                self.0.push(item);
            }
        }
    }
    let mut found = Found(Vec::new());
    if source.text.contains("::new(\"") {
        found.visit_file(source.syntax());
    }
    found.0
}

/// The text in `Table::new("room.table")`.
pub(crate) fn name(item: &syn::ItemConst) -> String {
    let syn::Expr::Call(call) = &*item.expr else { return String::new() };
    match call.args.first() {
        Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => text.value(),
        _ => String::new(),
    }
}

/// `Table` or `Log`, and what it is of.
fn shape(item: &syn::ItemConst) -> Option<(String, &syn::AngleBracketedGenericArguments)> {
    let syn::Type::Path(ty) = &*item.ty else { return None };
    let last = ty.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(of) = &last.arguments else { return None };
    ["Table", "Log"].iter().find(|s| last.ident == s).map(|s| ((*s).to_owned(), of))
}

/// The whole list, as Markdown.
pub(crate) fn list(sources: &[Source]) -> String {
    let mut rows = BTreeMap::new();
    let mut forms = BTreeMap::new();
    for source in sources.iter().filter(|s| s.module().is_some()) {
        for item in stored(source) {
            let (shape, of) = shape(item).expect("it was found by its shape");
            let types: Vec<String> = of.args.iter().map(plain).collect();
            let row =
                format!("| {} | `{}` | {} |", shape.to_lowercase(), types.join("` → `"), doc(&item.attrs));
            rows.insert(name(item), row);
        }
        if source.text.contains("#[prost(") || source.text.contains("Enumeration") {
            Forms { path: &source.path, forms: &mut forms }.visit_file(source.syntax());
        }
    }
    let mut out = HEAD.to_owned() + "| name | | key → value | what |\n|---|---|---|---|\n";
    for (name, row) in rows {
        let _ = writeln!(out, "| `{name}` {row}");
    }
    out += "\n## Values that are no message of a `.proto` file\n";
    for ((path, name), fields) in forms {
        let _ = write!(out, "\n`{name}` in `{path}`:\n\n{fields}");
    }
    out
}

/// Structs and enums that derive their encoding, by path and name.
struct Forms<'a> {
    path: &'a str,
    forms: &'a mut BTreeMap<(String, String), String>,
}

impl<'a> Visit<'a> for Forms<'_> {
    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        if derives(&item.attrs, &["Message"]) {
            let fields = item.fields.iter().map(|f| (f.ident.as_ref(), &f.attrs)).collect();
            self.add(&item.ident, fields);
        }
    }

    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        if derives(&item.attrs, &["Oneof"]) {
            let fields = item.variants.iter().map(|v| (Some(&v.ident), &v.attrs)).collect();
            self.add(&item.ident, fields);
        } else if derives(&item.attrs, &["Enumeration"]) {
            let variants = item.variants.iter();
            let lines = variants.map(|v| {
                format!(
                    "- {} = {}\n",
                    v.ident,
                    v.discriminant.as_ref().map_or_else(String::new, |d| plain(&d.1))
                )
            });
            self.forms.insert((self.path.to_owned(), item.ident.to_string()), lines.collect());
        }
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if item.ident != "tests" && item.ident != "conformance" {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

impl Forms<'_> {
    fn add(&mut self, name: &syn::Ident, fields: Vec<(Option<&syn::Ident>, &Vec<syn::Attribute>)>) {
        if self.path.contains("/conformance") || self.path.ends_with("tests.rs") {
            return;
        }
        let mut lines = String::new();
        for (field, attributes) in fields {
            let encoding = attributes.iter().find(|a| a.path().is_ident("prost")).map(|a| match &a.meta {
                syn::Meta::List(list) => plain(&list.tokens).replace(',', ", ").replace('=', " = "),
                _ => String::new(),
            });
            let _ = writeln!(
                lines,
                "- {}: {}",
                field.map_or_else(String::new, ToString::to_string),
                encoding.unwrap_or_default()
            );
        }
        if lines.is_empty() {
            lines.push_str("- nothing\n");
        }
        self.forms.insert((self.path.to_owned(), name.to_string()), lines);
    }
}

fn derives(attributes: &[syn::Attribute], what: &[&str]) -> bool {
    let derives = attributes.iter().filter(|a| a.path().is_ident("derive"));
    let lists = derives
        .filter_map(|a| if let syn::Meta::List(list) = &a.meta { Some(plain(&list.tokens)) } else { None });
    let names: Vec<String> =
        lists.flat_map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    names.iter().any(|n| what.contains(&n.rsplit("::").next().unwrap_or("")))
}

/// The documenting comment in one line.
fn doc(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|a| match &a.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }),
            ..
        }) => Some(s.value().trim().to_owned()),
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// Source text without the spaces between tokens, but with one behind commas and semicolons.
fn plain(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.split(' ').collect::<String>().replace(';', "; ")
}

#[test]
fn a_changed_number_is_a_changed_line() {
    let text = |tag: u8| {
        format!(
            "/// Rooms and doors.\nconst DOOR: Table<(u32, [u8; 16]), Door> = Table::new(\"room.door\");
            #[derive(Clone, Message)] struct Door {{ #[prost(bytes = \"vec\", tag = \"{tag}\")] key: Vec<u8> }}"
        )
    };
    let list = |tag| list(&[Source::new("server/src/features/room.rs", &text(tag))]);
    assert!(
        list(1).contains("| `room.door` | table | `(u32,[u8; 16])` → `Door` | Rooms and doors. |"),
        "{}",
        list(1)
    );
    assert!(list(1).contains("- key: bytes = \"vec\", tag = \"1\"\n"), "{}", list(1));
    assert_ne!(list(1), list(2));
}
