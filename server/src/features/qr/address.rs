//! Where codes lead: makes the URL of a token, and finds the token in what was scanned. It knows texts alone; nothing
//! that was scanned is ever fetched.

use super::tables::Token;
use crate::features::media::{name_text, parse_name};
use url::Url;

/// Bytes of the longest `public_url`. With a longer one the smallest pictures could not be read.
const PUBLIC_URL_MAX: usize = 128;
/// What stands before a token in a path.
const PATH: &str = "/q/";
/// A longer text is no code.
const TEXT_MAX: usize = 1024;

/// How this server is called.
#[derive(Clone, Debug)]
pub struct Address {
    /// How the outside calls it, without a slash at the end.
    public: String,
    /// That, and the server's own address.
    known: Vec<Url>,
}

impl Address {
    /// `public` is how the outside calls the server, `own` the address it listens on as a URL, both without a slash at
    /// the end.
    ///
    /// # Errors
    /// A sentence for the operator, where one of them is no URL that a code can hold.
    pub fn new(public: &str, own: &str) -> Result<Self, String> {
        let known = [public, own].into_iter().map(usable).collect::<Result<_, _>>()?;
        Ok(Self { public: public.to_owned(), known })
    }

    /// The URL of a token: what a code says.
    pub(super) fn url(&self, token: Token) -> String {
        format!("{}{PATH}{}", self.public, name_text(token))
    }

    /// The token in what was scanned: alone, or as the path of a URL of this server. `None`: something else.
    pub(super) fn token(&self, text: &str) -> Option<Token> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let text = text.trim();
        parse_token(text).or_else(|| self.token_of_url(&Url::parse(text).ok()?))
    }

    fn token_of_url(&self, url: &Url) -> Option<Token> {
        let is_plain = url.username().is_empty() && url.password().is_none();
        let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
        let known = self.known.iter().filter(|known| is_plain && origin(known) == origin(url));
        let mut paths = known.filter_map(|known| url.path().strip_prefix(known.path().trim_end_matches('/')));
        paths.find_map(|path| parse_token(strip_path(path)?))
    }
}

/// What stands behind the place of codes in a path, as a request names it.
pub(super) fn strip_path(path: &str) -> Option<&str> {
    path.strip_prefix(PATH)
}

/// A token as text.
pub(super) fn parse_token(text: &str) -> Option<Token> {
    parse_name(text)
}

/// A URL that codes can begin with.
fn usable(text: &str) -> Result<Url, String> {
    let bad = |why: &str| format!("public_url: {text:?} {why}");
    if text.len() > PUBLIC_URL_MAX {
        return Err(bad("is too long for QR codes: at most 128 bytes"));
    }
    let url = Url::parse(text).map_err(|_| bad("is no URL"))?;
    let is_plain =
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if is_plain { Ok(url) } else { Err(bad("is not as \"https://tea.example\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: Token = [0xfb; 16];
    const TEXT: &str = "-_v7-_v7-_v7-_v7-_v7-w";

    fn address() -> Address {
        Address::new("https://tea.example/base", "http://127.0.0.1:7600").unwrap()
    }

    #[test]
    fn a_code_is_known_by_where_it_leads() {
        let address = address();
        assert_eq!(address.url(TOKEN), format!("https://tea.example/base/q/{TEXT}"));
        for (text, is_known) in [
            ("{}", true),
            (" {}\r\n", true),
            ("https://tea.example/base/q/{}", true),
            ("HTTPS://Tea.Example:443/base/q/{}?from=poster#top", true),
            ("http://127.0.0.1:7600/q/{}", true),
            ("http://tea.example/base/q/{}", false),
            ("https://tea.example:444/base/q/{}", false),
            ("https://tea.example/q/{}", false),
            ("https://tea.example/base/q/{}/", false),
            ("https://tea.example/base/q/{}.png", false),
            ("https://tea.example/base/q/x/{}", false),
            ("https://tea.example/basement/q/{}", false),
            ("https://tea.example@evil.example/base/q/{}", false),
            ("https://anna@tea.example/base/q/{}", false),
            ("https://tea.example.evil.example/base/q/{}", false),
            ("https://evil.example/?https://tea.example/base/q/{}", false),
            ("//tea.example/base/q/{}", false),
            ("/q/{}", false),
            ("javascript:{}", false),
            ("{}A", false),
            ("", false),
        ] {
            let text = text.replace("{}", TEXT);
            assert_eq!(address.token(&text), is_known.then_some(TOKEN), "{text}");
        }
        let long = |length| format!("https://tea.example/base/q/{TEXT}?{}", "x".repeat(length));
        assert_eq!(address.token(&long(900)), Some(TOKEN));
        assert_eq!(address.token(&long(1024)), None);
    }

    #[test]
    fn what_no_code_can_hold_is_refused() {
        let own = "http://127.0.0.1:7600";
        for bad in ["tea.example", "ftp://tea.example", "https://tea.example/?a", "https://tea.example/#a"] {
            assert!(Address::new(bad, own).unwrap_err().contains("public_url"), "{bad}");
        }
        let long = |length: usize| format!("https://{}", "t".repeat(length - 8));
        assert!(Address::new(&long(129), own).unwrap_err().contains("128"));
        assert!(Address::new(&long(128), own).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_none(text in ".*") {
            let found = address().token(&text);
            prop_assert!(found.is_none() || text.contains(&name_text(found.unwrap_or_default())));
        }

        #[test]
        fn near_misses_are_none(token in any::<[u8; 16]>(), cut in 0usize..22, put in "[A-Za-z0-9_-]{2,4}") {
            let (address, text) = (address(), name_text(token));
            prop_assert_eq!(address.token(&address.url(token)), Some(token));
            let spliced = format!("{}{put}{}", &text[..cut], &text[cut..]);
            prop_assert_eq!(address.token(&spliced), None);
            prop_assert_eq!(address.token(&text[..cut]), None);
        }
    }
}
