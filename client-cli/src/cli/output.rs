//! Where everything that the program says goes out: lines and JSON documents to standard output, remarks to standard
//! error. A reader who has gone away ends the program in silence.

use super::text::{self, Times};
use prost::Message;
use std::io::{self, IsTerminal as _, Write as _};
use teahouse_client::{Error, Kind, Result, schema};
use teahouse_proto::MethodInfo;

/// Reason of the error when nobody reads the output any more.
pub(crate) const BROKEN_PIPE: &str = "BROKEN_PIPE";

/// The program's voice.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    pub(crate) times: Times,
}

impl Output {
    /// `json`: documents instead of lines. Colour only on a terminal that has it, and not against `NO_COLOR`.
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let able = io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        Self { json, colour: wanted && able, times: Times::local() }
    }

    /// Whether to answer in JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether colours reach the eyes of the user.
    pub(crate) fn has_colour(&self) -> bool {
        self.colour
    }

    /// Text for people on standard output.
    ///
    /// # Errors
    /// [`BROKEN_PIPE`], `OUTPUT`.
    pub(crate) fn say(&self, text: impl AsRef<str>) -> Result<()> {
        write(text.as_ref())
    }

    /// A JSON document as one line of standard output.
    ///
    /// # Errors
    /// As [`Output::say`].
    pub(crate) fn document(&self, json: &str) -> Result<()> {
        write(&text::json(json))
    }

    /// The answer of a method: as JSON where that is wanted, else what `show` makes of it, where it makes something.
    ///
    /// # Errors
    /// As [`Output::say`].
    pub(crate) fn answer<M: Message>(
        &self,
        method: &MethodInfo,
        answer: &M,
        show: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.json {
            return self.document(&schema::message_to_json(method.response, answer)?);
        }
        match show() {
            text if text.is_empty() => Ok(()),
            text => self.say(text),
        }
    }

    /// A remark on standard error. Nobody has to read it, so it cannot fail.
    pub(crate) fn remark(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
    }

    /// In bold, where there is colour.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// Dimmed, where there is colour.
    pub(crate) fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
impl Output {
    /// Without colour.
    pub(crate) fn plain() -> Self {
        Self { json: false, colour: false, times: Times::utc() }
    }
}

fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|e| match e.kind() {
        io::ErrorKind::BrokenPipe => {
            Error::new(Kind::Local, BROKEN_PIPE, "Nobody reads the output any more.")
        }
        _ => Error::new(Kind::Local, "OUTPUT", format!("Cannot write the output: {e}.")),
    })
}
