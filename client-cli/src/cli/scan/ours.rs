//! Which texts are codes of the server that this program talks to. Of anything else nothing is sent there: what is in a
//! code may be a secret of another site, or of a wallet.

use teahouse_client::{Endpoint, Result, Session};
use teahouse_proto::QrClient;
use teahouse_proto::qr::GetCodeRequest;
use url::Url;

/// Characters of a token: 16 bytes in base64url.
const TOKEN_LEN: usize = 22;
/// What stands before a token in a path.
const PATH: &str = "/q/";

/// Whether a text is written as a token is.
pub(super) fn is_token(text: &str) -> bool {
    // The last character holds the last two bits alone.
    text.len() == TOKEN_LEN
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && text.ends_with(['A', 'Q', 'g', 'w'])
}

/// A text as an address somewhere.
pub(super) fn link(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(Url::has_host)
}

/// The token at the end of an address that looks like that of a code, wherever it leads, and what stands before.
fn split(text: &str) -> Option<(Url, &str)> {
    let url = link(text)?;
    let (_, token) = text.split(['?', '#']).next()?.trim().rsplit_once(PATH)?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    (is_plain && is_web && is_token(token)).then_some((url, token))
}

/// How the server is called.
#[derive(Debug)]
pub(super) struct Ours {
    server: Endpoint,
    /// Where its own codes lead, up to the token; known once somebody asked.
    codes: Option<String>,
}

impl Ours {
    /// `server`: as the profile has it.
    pub(super) fn new(server: &str) -> Result<Self> {
        Ok(Self { server: Endpoint::parse(server)?, codes: None })
    }

    /// Asks how the server calls itself, where a text cannot be judged without. The user's own code tells.
    pub(super) async fn learn(&mut self, session: &Session, text: &str) -> Result<()> {
        if self.codes.is_none() && self.token(text).is_none() && split(text).is_some() {
            let mine = QrClient(session.clone()).get_code(GetCodeRequest::default()).await?;
            self.codes = Some(before_token(&mine.code.unwrap_or_default().url));
        }
        Ok(())
    }

    /// The token of a code of this server.
    pub(super) fn token<'a>(&self, text: &'a str) -> Option<&'a str> {
        let (mut url, token) = split(text)?;
        url.set_query(None);
        url.set_fragment(None);
        let is_known = self.codes.as_deref().is_some_and(|codes| before_token(url.as_str()) == codes);
        (is_known || self.is_at(&url)).then_some(token)
    }

    /// Whether an address is one of the server as this program calls it.
    fn is_at(&self, url: &Url) -> bool {
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']));
        host == Some(self.server.host())
            && url.port_or_known_default() == Some(self.server.port())
            && (url.scheme() == "https") == self.server.is_secure()
    }
}

/// Where a code leads, without its token, as [`Url`] writes it.
fn before_token(code: &str) -> String {
    let url = link(code).map_or_else(|| code.to_owned(), |url| url.to_string());
    url.rsplit_once('/').map_or_else(String::new, |(before, _)| before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "-_v7-_v7-_v7-_v7-_v7-w";

    fn ours(server: &str, codes: Option<&str>) -> Ours {
        let codes = codes.map(|codes| before_token(&format!("{codes}/q/{TOKEN}")));
        Ours { codes, ..Ours::new(server).unwrap() }
    }

    #[test]
    fn a_token_is_as_long_as_a_token() {
        assert!(is_token(TOKEN) && is_token("abcdefghijklmnopqrstuw"));
        // Private keys as wallets put them into codes, and half a token.
        for other in [
            "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
            "S6c56bnXQiBjk9mqSYE7ykVQ7NzrRy",
            "SzavMBLoXU6kDrqtUVmffv",
            "-_v7-_v7-_v7-_v7",
            "-_v7-_v7-_v7-_v7-_v7.w",
            "",
        ] {
            assert!(!is_token(other), "{other}");
        }
    }

    #[test]
    fn codes_are_told_by_where_they_lead() {
        let ours = ours("https://tea.example", Some("https://chat.example/base"));
        for (text, is_ours) in [
            ("https://tea.example/q/{}", true),
            ("https://TEA.example:443/q/{}?from=poster#top", true),
            (" https://tea.example/q/{} ", true),
            ("https://chat.example/base/q/{}", true),
            ("https://Chat.Example:443/base/q/{}", true),
            ("https://chat.example/q/{}", false),
            ("https://chat.example/base/q/{}/", false),
            ("https://chat.example:444/base/q/{}", false),
            ("http://chat.example/base/q/{}", false),
            ("http://tea.example/q/{}", false),
            ("http://tea.example:443/q/{}", false),
            ("https://tea.example@evil.example/q/{}", false),
            ("https://anna@tea.example/q/{}", false),
            ("https://tea.example.evil.example/q/{}", false),
            ("https://evil.example/?to=https://tea.example/q/{}", false),
            ("https://evil.example/#/q/{}", false),
            ("https://tea.example/reset?secret=/q/{}", false),
            ("https://tea.example/q/secret", false),
            ("{}", false),
            ("javascript:alert(1)", false),
        ] {
            let text = text.replace("{}", TOKEN);
            assert_eq!(ours.token(&text), is_ours.then_some(TOKEN), "{text}");
        }
    }

    #[test]
    fn the_servers_own_address_may_be_a_number() {
        let text = format!("http://[::1]:7600/q/{TOKEN}");
        assert_eq!(ours("http://[::1]:7600", None).token(&text), Some(TOKEN));
        assert_eq!(ours("https://tea.example", None).token(&text), None);
    }
}
