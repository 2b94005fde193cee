//! The pages of codes: plain HTML with its style inside, nothing from elsewhere, no script. It knows what is shown, not
//! who asks.

use super::super::found::Found;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

/// All of the style. The policy names its hash.
const STYLE: &str = "\
:root{color-scheme:light dark}\
*{box-sizing:border-box}\
body{margin:0;padding:1.5rem 1rem;font:1rem/1.5 system-ui,sans-serif;text-align:center;overflow-wrap:anywhere}\
main{max-width:24rem;margin:0 auto}\
h1{margin:.5rem 0;font-size:1.5rem}\
p{margin:.75rem 0}\
.face{width:6rem;height:6rem;border-radius:1rem;object-fit:cover}\
.code{display:block;width:100%;max-width:20rem;height:auto;margin:1rem auto;background:#fff;border-radius:1rem}\
code{font-size:.85rem}";

const NOTHING: &str = "\
<h1>This code stands for nothing</h1>\
<p>It may have been replaced, or its owner does not want to be found in this way any more. Ask for a new one.</p>";

/// What a group without a name is called; the names of its members are nobody's outside.
const NAMELESS: &str = "Group chat";

/// The pages.
pub(in super::super) struct Pages {
    policy: HeaderValue,
    nothing: String,
}

impl Pages {
    pub(in super::super) fn new() -> Self {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; img-src 'self'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'none'"
        );
        let policy = HeaderValue::from_str(&policy).expect("a hash in base64 is ASCII");
        Self { policy, nothing: whole("Teahouse", NOTHING) }
    }

    /// What a page of either sort says besides.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers
    }

    /// The page for what stands for nothing.
    pub(super) fn nothing(&self) -> String {
        self.nothing.clone()
    }

    /// The page of a code that says `url`.
    pub(super) fn of(&self, found: &Found, url: &str) -> String {
        let (picture, name, about) = match found {
            Found::Person(person) => {
                (&person.avatar, escaped(&person.display_name), "is on Teahouse.".to_owned())
            }
            Found::Group(group) => {
                let name = if group.view.name.is_empty() { NAMELESS } else { &group.view.name };
                let members = match group.view.member_count {
                    1 => "1 member".to_owned(),
                    count => format!("{count} members"),
                };
                (&group.view.picture, escaped(name), format!("Group on Teahouse, {members}."))
            }
        };
        // Paths are relative to the page, so that the server may lie below a path of a proxy.
        let face = match picture.as_str() {
            "" => String::new(),
            path => format!("<img class=\"face\" src=\"..{}\" alt=\"\">", escaped(path)),
        };
        let drawing = url.rsplit_once('/').map_or("", |(_, token)| token);
        let body = format!(
            "{face}<h1><bdi>{name}</bdi></h1><p>{about}</p>\
             <img class=\"code\" src=\"{}.svg\" width=\"512\" height=\"512\" alt=\"QR code\">\
             <p>Scan this code with a Teahouse client on another device, or open this address in one:</p>\
             <p><code>{url}</code></p><p>On a command line:</p><p><code>teahouse scan {url}</code></p>",
            escaped(drawing),
            url = escaped(url),
        );
        whole(&format!("{name} · Teahouse"), &body)
    }
}

/// A document; title and body are HTML.
fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
}

/// A text as HTML shows it, also within a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_texts_and_no_html() {
        assert_eq!(escaped("<a href='x'>&\"茶</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;茶&lt;/a&gt;");
    }

    #[test]
    fn the_style_is_the_one_that_the_policy_names() {
        let pages = Pages::new();
        let html = pages.nothing();
        let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = STANDARD.encode(Sha256::digest(style));
        let policy = pages.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
    }
}
