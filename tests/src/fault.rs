//! `--fault NAME` for the programs of this crate: takes it from the command line and switches the defect on.

use std::ffi::OsString;
use teahouse_server::faults::{self, Fault};

/// Takes every `--fault NAME` out of a command line, switches those defects on, and gives the rest.
///
/// # Panics
/// For a name that no defect has.
pub fn take_from(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut rest = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if argument == "--fault" {
            let name = arguments.next().unwrap_or_default();
            faults::enable(by_name(&name.to_string_lossy()));
        } else {
            rest.push(argument);
        }
    }
    rest
}

fn by_name(name: &str) -> Fault {
    let known = Fault::ALL.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("no defect is called {name:?}")).1
}
