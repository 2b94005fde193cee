//! `settings!`: one list that is a room's settings, their defaults and their documentation at once. It knows no room,
//! and not where values come from.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Write;
use toml::{Table, Value};

/// One documented setting, or a table of them.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the TOML file.
    pub name: &'static str,
    /// What it means, line by line as in the source.
    pub doc: &'static [&'static str],
    /// Its settings, where it is a table.
    pub table: Option<&'static [Setting]>,
}

/// A struct made by [`settings!`](crate::settings).
pub trait Settings: Serialize + DeserializeOwned + Default {
    /// Its settings, in the order of the source.
    const LIST: &'static [Setting];
}

/// Declares a struct of settings. `name: Type = default` is a value, `name: Type` without a default a nested table,
/// itself declared by `settings!`. Names say their unit; what has none by default is an `Option`.
///
/// ```
/// teahouse_server::settings! {
///     /// Settings `[door]`.
///     pub struct DoorConfig {
///         /// How long the door stays open, in milliseconds.
///         open_ms: u64 = 3_000,
///         /// What the sign says.
///         sign: Option<String> = None,
///     }
/// }
/// assert_eq!(DoorConfig::default().open_ms, 3_000);
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $field:ident : $type:ty $(= $default:expr)? ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        $vis struct $name {
            $( $(#[doc = $field_doc])* pub $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $crate::settings!(@default $type $(, $default)?), )* }
            }
        }

        impl $crate::settings::Settings for $name {
            const LIST: &'static [$crate::settings::Setting] = &[ $( $crate::settings::Setting {
                name: stringify!($field),
                doc: &[$($field_doc),*],
                table: $crate::settings!(@table $type $(, $default)?),
            }, )* ];
        }
    };
    (@default $type:ty) => { <$type as Default>::default() };
    (@default $type:ty, $default:expr) => { $default };
    (@table $type:ty) => { Some(<$type as $crate::settings::Settings>::LIST) };
    (@table $type:ty, $default:expr) => { None };
}

/// A complete commented TOML file with the values of `config`.
pub fn print<C: Settings>(config: &C) -> String {
    let mut out = String::new();
    let values = Table::try_from(config).expect("settings are plain values and tables");
    print_table(&mut out, "", C::LIST, &values);
    out.trim_start().to_owned()
}

fn print_table(out: &mut String, path: &str, list: &[Setting], values: &Table) {
    for setting in list.iter().filter(|s| s.table.is_none()) {
        out.push('\n');
        print_doc(out, setting.doc);
        let _ = match values.get(setting.name) {
            Some(value) => writeln!(out, "{} = {value}", setting.name),
            None => writeln!(out, "# {} =", setting.name),
        };
    }
    let empty = Table::new();
    for (setting, inner) in list.iter().filter_map(|s| Some((s, s.table?))) {
        let path = join(path, setting.name);
        out.push('\n');
        print_doc(out, setting.doc);
        let _ = writeln!(out, "[{path}]");
        let values = values.get(setting.name).and_then(Value::as_table);
        print_table(out, &path, inner, values.unwrap_or(&empty));
    }
}

fn print_doc(out: &mut String, doc: &[&str]) {
    for line in doc {
        let _ = writeln!(out, "#{line}");
    }
}

/// `"limits"`, `"enabled"` → `"limits.enabled"`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::settings! {
        /// Settings of a teapot.
        struct Pot {
            /// How much it holds, in millilitres.
            /// Two lines.
            volume_ml: u32 = 900,
            /// What stands on it.
            label: Option<String> = None,
            /// Its lid.
            lid: Lid,
        }
    }

    crate::settings! {
        /// Settings of a lid.
        struct Lid {
            /// Whether it is on.
            closed: bool = true,
        }
    }

    #[test]
    fn prints_every_setting_with_its_comment() {
        let text = print(&Pot::default());
        let expected = "# How much it holds, in millilitres.\n# Two lines.\nvolume_ml = 900\n\n\
             # What stands on it.\n# label =\n\n# Its lid.\n[lid]\n\n# Whether it is on.\nclosed = true\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_printed_is_what_is_read() {
        let pot = Pot { volume_ml: 7, label: Some("green \"tea\"".to_owned()), lid: Lid { closed: false } };
        let read: Pot = toml::from_str(&print(&pot)).unwrap();
        assert_eq!((read.volume_ml, read.lid.closed), (7, false));
        assert_eq!(read.label, pot.label);
        assert!(toml::from_str::<Pot>("volume = 1").is_err());
    }
}
