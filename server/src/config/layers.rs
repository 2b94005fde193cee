//! Layers of settings, each checked key by key, so that all mistakes are found in one go. It knows no setting.

use crate::settings::{Setting, Settings, join};
use std::marker::PhantomData;
use toml::{Table, Value};

/// How many letters a mistyped key may be away from the one that is proposed.
const NEAR: usize = 3;

/// What was set so far, and what was wrong with it.
pub(super) struct Layers<C> {
    set: Table,
    problems: Vec<String>,
    of: PhantomData<C>,
}

impl<C> Default for Layers<C> {
    fn default() -> Self {
        Self { set: Table::new(), problems: Vec::new(), of: PhantomData }
    }
}

impl<C: Settings> Layers<C> {
    /// Whether there is a setting, no table, with this key (`limits.enabled`).
    pub(super) fn knows(key: &str) -> bool {
        let mut list = C::LIST;
        let mut found = None;
        for name in key.split('.') {
            found = list.iter().find(|s| s.name == name);
            match found {
                Some(setting) => list = setting.table.unwrap_or_default(),
                None => return false,
            }
        }
        found.is_some_and(|s| s.table.is_none())
    }

    /// Notes something else that is wrong.
    pub(super) fn problem(&mut self, what: String) {
        self.problems.push(what);
    }

    /// Adds the settings of a TOML file.
    pub(super) fn add_file(&mut self, source: &str, text: &str) {
        match text.parse::<Table>() {
            Ok(table) => self.add_table(source, "", C::LIST, table),
            Err(e) => self.problem(format!("{source}: {}", e.to_string().trim_end())),
        }
    }

    fn add_table(&mut self, source: &str, path: &str, list: &'static [Setting], table: Table) {
        for (name, value) in table {
            let key = join(path, &name);
            match (list.iter().find(|s| s.name == name).map(|s| s.table), value) {
                (None, _) => self.unknown(source, &key),
                (Some(Some(inner)), Value::Table(table)) => self.add_table(source, &key, inner, table),
                (Some(Some(_)), _) => self.problem(format!("{source}: {key}: is a table: [{key}]")),
                (Some(None), value) => match Self::check(&key, &value) {
                    Ok(()) => self.insert(&key, value),
                    Err(e) => self.problem(format!("{source}: {key}: {e}")),
                },
            }
        }
    }

    /// Adds one setting written as text: as in TOML, but strings need no quotes, and lists may be parted by commas.
    pub(super) fn add_text(&mut self, source: &str, key: &str, text: &str) {
        if !Self::knows(key) {
            return self.unknown(source, key);
        }
        let as_toml = format!("x = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("x"));
        let as_text = Value::String(text.to_owned());
        let as_list = Value::Array(text.split(',').map(|t| Value::String(t.trim().to_owned())).collect());
        let readings: Vec<Value> = as_toml.into_iter().chain([as_text, as_list]).collect();
        match readings.iter().find(|value| Self::check(key, value).is_ok()) {
            Some(value) => self.insert(key, value.clone()),
            None => {
                let error = Self::check(key, &readings[0]).err().unwrap_or_default();
                self.problem(format!("{source}: {key}: {error}"));
            }
        }
    }

    /// Whether this value alone is of the right type.
    fn check(key: &str, value: &Value) -> Result<(), String> {
        let alone = key
            .rsplit('.')
            .fold(value.clone(), |inner, name| Value::Table(Table::from_iter([(name.to_owned(), inner)])));
        C::deserialize(alone).map(|_| ()).map_err(|e| e.message().to_owned())
    }

    fn insert(&mut self, key: &str, value: Value) {
        let mut names = key.split('.');
        let last = names.next_back().unwrap_or_default();
        let mut table = &mut self.set;
        for name in names {
            let inner = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
            table = inner.as_table_mut().expect("only values stand where the list has values");
        }
        table.insert(last.to_owned(), value);
    }

    fn unknown(&mut self, source: &str, key: &str) {
        let mut keys = Vec::new();
        collect(C::LIST, "", &mut keys);
        let near = keys.iter().map(|known| (strsim::damerau_levenshtein(known, key), known));
        let hint = match near.min().filter(|(distance, _)| *distance <= NEAR) {
            Some((_, known)) => format!("did you mean {known}?"),
            None => "--print-config lists all".to_owned(),
        };
        self.problem(format!("{source}: {key}: there is no such setting; {hint}"));
    }

    /// The settings, and all that is wrong with them; defaults stand in for what is.
    pub(super) fn finish(mut self) -> (C, Vec<String>) {
        match C::deserialize(Value::Table(self.set)) {
            Ok(settings) => (settings, self.problems),
            Err(e) => {
                self.problems.push(e.message().to_owned());
                (C::default(), self.problems)
            }
        }
    }
}

fn collect(list: &[Setting], path: &str, out: &mut Vec<String>) {
    for setting in list {
        let key = join(path, setting.name);
        match setting.table {
            Some(inner) => collect(inner, &key, out),
            None => out.push(key),
        }
    }
}
