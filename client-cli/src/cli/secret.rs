//! What the user types in secret, and what comes from standard input.

use super::args::{DeviceName, NewPassword};
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use teahouse_client::{Error, Kind, Result};
use teahouse_proto::accounts::DeviceInfo;
use teahouse_proto::common::Platform;

/// The longest text that is read for one request, the largest that a server takes.
const MAX_INPUT: u64 = 1 << 20;
/// Longest name of a device, in characters.
const MAX_DEVICE_NAME: usize = 64;

impl NewPassword {
    /// The password as given, from standard input, or asked for. One that is new is asked for twice.
    ///
    /// # Errors
    /// `NO_PASSWORD`.
    pub(crate) fn read(self, prompt: &str, is_new: bool) -> Result<String> {
        if let Some(password) = self.password {
            return Ok(password);
        }
        if self.password_stdin {
            let mut line = String::new();
            io::stdin()
                .lock()
                .take(MAX_INPUT)
                .read_line(&mut line)
                .map_err(|e| no_password(&e.to_string()))?;
            return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        let password = ask(prompt)?;
        if is_new && ask("The same again: ")? != password {
            return Err(no_password("the two are not the same"));
        }
        Ok(password)
    }
}

/// Asks without echo.
///
/// # Errors
/// `NO_PASSWORD`.
pub(crate) fn ask(prompt: &str) -> Result<String> {
    rpassword::prompt_password(prompt)
        .map_err(|e| no_password(&format!("there is no terminal to ask on ({e}); --password-stdin reads it")))
}

fn no_password(why: &str) -> Error {
    Error::new(Kind::Misuse, "NO_PASSWORD", format!("No password: {why}."))
}

/// Whether somebody sits before this program who can answer a question.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that `y` answers with yes.
///
/// # Errors
/// `NO_INPUT`.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut line = String::new();
    io::stdin().lock().take(MAX_INPUT).read_line(&mut line).map_err(|e| no_input(&e))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// An argument, or standard input where it is `-`, without the line feed at its end.
///
/// # Errors
/// `NO_INPUT`.
pub(crate) fn or_stdin(argument: String) -> Result<String> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text).map_err(|e| no_input(&e))?;
    let cut = text.strip_suffix('\n').unwrap_or(&text);
    Ok(cut.strip_suffix('\r').unwrap_or(cut).to_owned())
}

fn no_input(error: &io::Error) -> Error {
    Error::new(Kind::Local, "NO_INPUT", format!("Cannot read standard input: {error}."))
}

impl DeviceName {
    /// What this device says of itself.
    pub(crate) fn info(self) -> DeviceInfo {
        let name = self.device_name.unwrap_or_else(machine_name);
        DeviceInfo { name, platform: Platform::CommandLine.into() }
    }
}

fn machine_name() -> String {
    let named = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME"));
    let name = named.or_else(|_| std::fs::read_to_string("/etc/hostname")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(MAX_DEVICE_NAME).collect();
    if name.is_empty() { "command line".to_owned() } else { name }
}
