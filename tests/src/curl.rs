//! The commands of a document: as much of curl as they use, without curl. It knows arguments, not what is asked.

use crate::http::{Answer, request};

/// What a command asks for, and what it prints.
#[derive(Debug, Default, PartialEq, Eq)]
struct Command {
    method: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    write_out: Option<String>,
    head: bool,
    url: String,
}

/// Runs "curl …" with `$SERVER` for a server; gives what it prints: the status, then the body or what `-w` asks for.
///
/// # Panics
/// For arguments that curl may know and this does not.
pub async fn run(command: &str, server: &str) -> String {
    let command = parse(&command.replace("$SERVER", server));
    let method = command.method.unwrap_or_else(|| if command.head { "HEAD" } else { "GET" }.to_owned());
    let path = command.url.strip_prefix(server).expect("commands ask the server");
    let headers: Vec<(&str, &str)> = command.headers.iter().map(|(n, v)| (&**n, &**v)).collect();
    let body = command.body.unwrap_or_default();
    let answer = request(server, &format!("{method} {path}"), &headers, body.as_bytes()).await;
    let said = match command.write_out {
        Some(format) => filled(&format, &answer),
        None => String::from_utf8_lossy(&answer.body).into_owned(),
    };
    format!("{} {said}", answer.status).trim_end().to_owned()
}

fn parse(text: &str) -> Command {
    let mut command = Command::default();
    let mut words = words(text).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{text}");
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} without a value: {text}"));
        match &*word {
            "-X" => command.method = Some(value()),
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(": ").unwrap_or_else(|| panic!("{header}: no header"));
                command.headers.push((name.to_owned(), value.to_owned()));
            }
            "--data-binary" => command.body = Some(value()),
            "-r" => {
                let range = format!("bytes={}", value());
                command.headers.push(("Range".to_owned(), range));
            }
            "-w" => command.write_out = Some(value()),
            "-I" => command.head = true,
            _ if word.starts_with("http://") => command.url = word,
            _ => panic!("{word} is not known here: {text}"),
        }
    }
    command
}

/// Words between spaces; what is in quotes is one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, piece) in text.split('"').enumerate() {
        if i % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// `%header{name}` by the header.
fn filled(format: &str, answer: &Answer) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("%header{") {
        let (name, after) = after.split_once('}').expect("a name ends");
        out += before;
        out += answer.header(name);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_curl_reads_them() {
        let command =
            parse("curl -X PUT -H \"A: b c\" --data-binary \"x y\" http://h/p -r 1-2 -w \"%header{x}\"");
        assert_eq!((command.method.as_deref(), &*command.url), (Some("PUT"), "http://h/p"));
        let headers = [("A", "b c"), ("Range", "bytes=1-2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!((&command.headers[..], command.body.as_deref()), (&headers[..], Some("x y")));
        let headers = vec![("x".to_owned(), "7".to_owned())];
        assert_eq!(filled("is %header{x}!", &Answer { status: 200, headers, body: Vec::new() }), "is 7!");
    }
}
