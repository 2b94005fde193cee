//! The generator: one loop over the services. For each it writes a handler trait, a function that enters the
//! handler's methods into a method table, and a typed client. It knows two shapes only: unary and server stream.

use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, method_options::IdempotencyLevel,
};
use std::fmt::Write;

/// Field numbers of `FileDescriptorProto.service` and `ServiceDescriptorProto.method`: paths of source comments.
const SERVICE_FIELD: i32 = 6;
const METHOD_FIELD: i32 = 2;

/// The Rust source for all services of the set.
pub(crate) fn generate(set: &FileDescriptorSet) -> String {
    let mut out = String::new();
    let mut infos = Vec::new();
    for file in &set.file {
        for (s, service) in file.service.iter().enumerate() {
            let name = service.name();
            let base = name.strip_suffix("Service").expect("service names end in Service");
            let full = format!("{}.{name}", file.package());
            let methods: Vec<Method> = service
                .method
                .iter()
                .enumerate()
                .map(|(m, method)| Method::new(file, &full, base, (s, m), method))
                .collect();
            let doc = comment(file, &[SERVICE_FIELD, s as i32]);
            write_trait(&mut out, base, &doc, &methods);
            write_register(&mut out, base, &methods);
            write_client(&mut out, base, &full, &methods);
            for method in &methods {
                write_info(&mut out, method);
                infos.push(method.constant.clone());
            }
        }
    }
    let _ = writeln!(out, "/// Every method, in the order of the .proto files.");
    let _ = writeln!(
        out,
        "pub const METHODS: &[&MethodInfo] = &[{}];",
        infos.iter().map(|i| format!("&{i}")).collect::<Vec<_>>().join(", ")
    );
    out
}

struct Method {
    rust_name: String,
    constant: String,
    path: String,
    doc: Vec<String>,
    request: String,
    response: String,
    request_full: String,
    response_full: String,
    streams: bool,
    reads: bool,
}

impl Method {
    fn new(
        file: &FileDescriptorProto,
        service: &str,
        base: &str,
        at: (usize, usize),
        method: &MethodDescriptorProto,
    ) -> Self {
        assert!(
            !method.client_streaming(),
            "{}: only unary and server-streaming methods exist here",
            method.name()
        );
        Self {
            rust_name: snake(method.name()),
            constant: format!("{}_{}", snake(base), snake(method.name())).to_uppercase(),
            path: format!("{service}/{}", method.name()),
            doc: comment(file, &[SERVICE_FIELD, at.0 as i32, METHOD_FIELD, at.1 as i32]),
            request: rust_path(method.input_type()),
            response: rust_path(method.output_type()),
            request_full: method.input_type().trim_start_matches('.').to_owned(),
            response_full: method.output_type().trim_start_matches('.').to_owned(),
            streams: method.server_streaming(),
            reads: method
                .options
                .as_ref()
                .is_some_and(|o| o.idempotency_level() == IdempotencyLevel::NoSideEffects),
        }
    }
}

fn write_trait(out: &mut String, base: &str, doc: &[String], methods: &[Method]) {
    write_doc(out, "", doc);
    let _ = writeln!(out, "pub trait {base}Api<C, E>: Send + Sync + 'static {{");
    for m in methods {
        write_doc(out, "    ", &m.doc);
        let answer = if m.streams { format!("EventStream<{}, E>", m.response) } else { m.response.clone() };
        let _ = writeln!(
            out,
            "    fn {}(&self, cx: &C, request: {}) -> impl Future<Output = Result<{answer}, E>> + Send;",
            m.rust_name, m.request
        );
    }
    let _ = writeln!(out, "}}\n");
}

fn write_register(out: &mut String, base: &str, methods: &[Method]) {
    let _ = writeln!(out, "/// Enters the methods of `{base}Service` into a table.");
    let _ = writeln!(
        out,
        "pub fn register_{}<T: MethodTable>(table: &mut T, api: &Arc<impl {base}Api<T::Cx, T::Error>>) {{",
        snake(base)
    );
    for m in methods {
        let shape = if m.streams { "stream" } else { "unary" };
        let _ = writeln!(
            out,
            "    let a = api.clone();\n    table.{shape}(&{}, move |cx, request| {{ let a = a.clone(); async move {{ a.{}(&cx, request).await }} }});",
            m.constant, m.rust_name
        );
    }
    let _ = writeln!(out, "}}\n");
}

fn write_client(out: &mut String, base: &str, full: &str, methods: &[Method]) {
    let _ = writeln!(out, "/// Typed calls of `{full}` over any [`Caller`].");
    let _ = writeln!(
        out,
        "#[derive(Clone, Debug)]\npub struct {base}Client<T>(pub T);\n\nimpl<T: Caller> {base}Client<T> {{"
    );
    for m in methods {
        write_doc(out, "    ", &m.doc);
        let (answer, shape) = if m.streams {
            (format!("futures::stream::BoxStream<'static, Result<{}, T::Error>>", m.response), "stream")
        } else {
            (m.response.clone(), "unary")
        };
        let _ = writeln!(
            out,
            "    pub async fn {}(&self, request: {}) -> Result<{answer}, T::Error> {{\n        self.0.{shape}(&{}, request).await\n    }}",
            m.rust_name, m.request, m.constant
        );
    }
    let _ = writeln!(out, "}}\n");
}

fn write_info(out: &mut String, m: &Method) {
    let _ = writeln!(
        out,
        "/// `{path}`.\npub const {name}: MethodInfo = MethodInfo {{ path: {path:?}, request: {request:?}, response: {response:?}, reads: {reads}, streams: {streams} }};\n",
        name = m.constant,
        path = m.path,
        request = m.request_full,
        response = m.response_full,
        reads = m.reads,
        streams = m.streams
    );
}

fn write_doc(out: &mut String, indent: &str, doc: &[String]) {
    for line in doc {
        let _ = writeln!(out, "{indent}///{line}");
    }
}

fn comment(file: &FileDescriptorProto, path: &[i32]) -> Vec<String> {
    let locations = file.source_code_info.iter().flat_map(|i| &i.location);
    let text = locations.filter(|l| l.path == path).find_map(|l| l.leading_comments.clone());
    text.map(|t| t.lines().map(|l| l.replace('<', "\\<")).collect()).unwrap_or_default()
}

/// `.teahouse.chat.v1.Text` → `teahouse::chat::v1::Text`.
fn rust_path(full: &str) -> String {
    full.trim_start_matches('.').replace('.', "::")
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for (i, c) in camel.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
