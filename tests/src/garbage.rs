//! Requests that look like requests: messages of a given type with fields of the right kind and any value, and the JSON of
//! such messages with values of the wrong kind. It knows descriptors, not what fields mean.

use prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_json::{Value as Json, json};
use teahouse_client::schema;
use teahouse_server::random::Random;

/// Messages within messages.
const DEPTH: u32 = 3;
/// Items of a list.
const ITEMS: u64 = 4;

/// A message of the named type.
///
/// # Panics
/// Where there is no such type.
pub fn message(random: &Random, name: &str) -> DynamicMessage {
    let descriptor = schema::pool().get_message_by_name(name).expect("a message of the descriptors");
    fill(random, &descriptor, DEPTH)
}

fn fill(random: &Random, descriptor: &MessageDescriptor, depth: u32) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if random.below(4) == 0 {
            continue;
        }
        if field.is_list() {
            let items = (0..random.below(ITEMS)).filter_map(|_| value(random, &field, depth)).collect();
            message.set_field(&field, Value::List(items));
        } else if let Some(value) = value(random, &field, depth) {
            message.set_field(&field, value);
        }
    }
    message
}

fn value(random: &Random, field: &FieldDescriptor, depth: u32) -> Option<Value> {
    Some(match field.kind() {
        Kind::Bool => Value::Bool(random.below(2) == 0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number(random) as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(random).cast_signed()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number(random) as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number(random)),
        Kind::Float => Value::F32(f32::NAN),
        Kind::Double => Value::F64(f64::INFINITY),
        Kind::Enum(_) => Value::EnumNumber(number(random) as i32),
        Kind::String => Value::String(string(random)),
        Kind::Bytes => Value::Bytes(bytes(random)),
        Kind::Message(_) if depth == 0 => return None,
        Kind::Message(inner) => Value::Message(fill(random, &inner, depth - 1)),
    })
}

/// Small, large, or anything.
fn number(random: &Random) -> u64 {
    match random.below(4) {
        0 => random.below(4),
        1 => u64::MAX - random.below(4),
        2 => 1 << random.below(64),
        _ => u64::from_le_bytes(random.bytes()),
    }
}

/// Names that may exist, long texts, and texts that are odd to look at.
fn string(random: &Random) -> String {
    const ODD: &[&str] = &[
        "",
        " ",
        "anna-tea",
        "\0",
        "\u{202e}gnp.exe",
        "👩‍👩‍👧‍👦",
        "e\u{301}\u{301}\u{301}\u{301}",
        "'; DROP TABLE friends; --",
        "../../etc/passwd",
        "\u{feff}\u{200b}",
        "ﷺ",
    ];
    let pick = random.below(ODD.len() as u64 + 2);
    match ODD.get(usize::try_from(pick).unwrap_or_default()) {
        Some(odd) => (*odd).to_owned(),
        None if pick.is_multiple_of(2) => {
            "ж".repeat(usize::try_from(random.below(40_000)).unwrap_or_default())
        }
        None => "\u{300}".repeat(usize::try_from(random.below(5_000)).unwrap_or_default()),
    }
}

fn bytes(random: &Random) -> Bytes {
    let length = [0, 1, 15, 16, 17, 24, 44, 60, 4096][usize::try_from(random.below(9)).unwrap_or_default()];
    let mut out = Vec::new();
    while out.len() < length {
        out.extend_from_slice(&random.bytes::<16>());
    }
    out.truncate(length);
    out.into()
}

/// JSON of any shape: of the right kind nowhere but by chance.
pub fn json(random: &Random, depth: u32) -> Json {
    match random.below(if depth == 0 { 7 } else { 9 }) {
        0 => Json::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(number(random)),
        3 => json!(-1.5e300),
        4 => json!(number(random).to_string()),
        5 => json!(string(random).chars().take(100).collect::<String>()),
        6 => json!("AAECAwQFBgcICQoLDA0ODw=="),
        7 => (0..random.below(ITEMS)).map(|_| json(random, depth - 1)).collect(),
        _ => {
            let fields = (0..random.below(ITEMS)).map(|_| (field_name(random), json(random, depth - 1)));
            Json::Object(fields.collect())
        }
    }
}

/// A name that some request has, or none has.
fn field_name(random: &Random) -> String {
    const NAMES: &[&str] = &[
        "conversationId",
        "conversation_id",
        "accountId",
        "clientMessageId",
        "text",
        "mentions",
        "page",
        "cursor",
        "ticket",
        "username",
        "__proto__",
        "",
    ];
    NAMES[usize::try_from(random.below(NAMES.len() as u64)).unwrap_or_default()].to_owned()
}
