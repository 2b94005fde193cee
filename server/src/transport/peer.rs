//! Who is at the other end of a connection, and which web pages may speak to the server. It knows headers, not calls.

use crate::error::{Error, Result};
use crate::text;
use http::{HeaderMap, Uri, header};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// Characters of what a program says it is.
const PROGRAM_MAX: usize = 256;

/// Proxies that are believed, and web origins that are let in.
pub struct Peers {
    proxies: Vec<IpNet>,
    origins: Vec<String>,
}

impl Peers {
    /// `proxies` are addresses or networks as `10.0.0.0/8`; `origins` as `https://chat.example`. All mistakes are
    /// pushed to `problems`. `public_url` is always let in.
    pub fn new(
        proxies: &[String],
        origins: &[String],
        public_url: Option<&str>,
        problems: &mut Vec<String>,
    ) -> Self {
        let mut peers = Self { proxies: Vec::new(), origins: Vec::new() };
        for text in proxies {
            match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => peers.proxies.push(net),
                Err(_) => problems.push(format!(
                    "trusted_proxies: {text:?} is neither an address nor a network as \"10.0.0.0/8\""
                )),
            }
        }
        for text in origins.iter().map(String::as_str).chain(public_url) {
            match origin(text) {
                Some(origin) => peers.origins.push(origin),
                None => problems.push(format!(
                    "allowed_origins, public_url: {text:?} is not an origin as \"https://chat.example\""
                )),
            }
        }
        peers
    }

    /// Whether this address is a proxy that is believed.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|net| net.contains(&address))
    }

    /// The client's address: that of the socket, or the last hop of `X-Forwarded-For` that is no trusted proxy.
    pub(super) fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = socket;
        if !self.is_proxy(socket) {
            return client;
        }
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            // What a trusted proxy did not understand tells nothing.
            let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
            client = hop;
            if !self.is_proxy(hop) {
                break;
            }
        }
        client
    }

    /// Refuses web pages of other sites. Programs send no `Origin`.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<()> {
        let Some(from) = headers.get(header::ORIGIN) else { return Ok(()) };
        let from = from.to_str().unwrap_or_default();
        if self.lets_in(from) || self.is_same_host(from, headers) {
            return Ok(());
        }
        Err(Error::new(
            crate::error::Kind::Forbidden,
            "ORIGIN_FORBIDDEN",
            "This web origin is not let in. The operator can add it to allowed_origins.",
        ))
    }

    /// Whether an origin was named in the settings.
    pub(super) fn lets_in(&self, from: &str) -> bool {
        self.origins.iter().any(|o| o.eq_ignore_ascii_case(from))
    }

    fn is_same_host(&self, from: &str, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
        let from = from.split_once("://").map(|(_, authority)| authority);
        matches!((host, from), (Some(host), Some(from)) if host.eq_ignore_ascii_case(from))
    }
}

/// What the program at the other end says it is. It may be shown to people, so what cannot be seen is left out, and runs
/// of spaces, which could push what stands beside it out of sight.
pub(super) fn program(headers: &HeaderMap) -> Option<Arc<str>> {
    let said = String::from_utf8_lossy(headers.get(header::USER_AGENT)?.as_bytes());
    let visible: String = said.chars().filter(|c| text::visible_line(c.encode_utf8(&mut [0; 4]))).collect();
    let program: String = text::squeezed(&visible).chars().take(PROGRAM_MAX).collect();
    (!program.is_empty()).then(|| program.into())
}

/// Scheme and authority of a URL, as browsers write origins.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(proxies: &[&str], origins: &[&str]) -> Peers {
        let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        let mut problems = Vec::new();
        let peers = Peers::new(&own(proxies), &own(origins), Some("https://tea.example/base"), &mut problems);
        assert_eq!(problems, Vec::<String>::new());
        peers
    }

    fn client(peers: &Peers, socket: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        peers.client(socket.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_trusted() {
        let peers = peers(&["10.0.0.0/8", "::1"], &[]);
        assert_eq!(client(&peers, "9.9.9.9", &["1.1.1.1"]), "9.9.9.9", "not from a proxy");
        assert_eq!(client(&peers, "10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&peers, "::ffff:10.0.0.1", &["1.1.1.1"]), "1.1.1.1", "mapped");
        assert_eq!(
            client(&peers, "10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.2.2.2"]),
            "1.1.1.1",
            "6.6.6.6 is a lie"
        );
        assert_eq!(client(&peers, "10.0.0.1", &["6.6.6.6", "1.1.1.1"]), "1.1.1.1", "two lines");
        assert_eq!(client(&peers, "10.0.0.1", &["1.1.1.1, tea"]), "10.0.0.1", "not understood");
        assert_eq!(client(&peers, "::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client(&peers, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let peers = peers(&[], &["https://chat.example"]);
        let check = |origin: Option<&str>, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            peers.check_origin(&headers).is_ok()
        };
        assert!(check(None, "a"), "a program");
        assert!(check(Some("https://CHAT.example"), "a"));
        assert!(check(Some("https://tea.example"), "a"), "public_url");
        assert!(check(Some("http://localhost:7600"), "localhost:7600"), "same host");
        assert!(!check(Some("http://localhost:80"), "localhost:7600"));
        assert!(!check(Some("https://chat.example.evil"), "a"));
        assert!(!check(Some("http://chat.example"), "a"));
        assert!(!check(Some("null"), "a"));
    }

    #[test]
    fn what_a_program_says_it_is_can_be_shown() {
        let said = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, http::HeaderValue::from_bytes(value).unwrap());
            program(&headers).map(|p| p.to_string())
        };
        assert_eq!(said(b" Mozilla/5.0 (X11; Linux) ").as_deref(), Some("Mozilla/5.0 (X11; Linux)"));
        assert_eq!(said("a\u{202e}b\tc 你好\u{200b}".as_bytes()).as_deref(), Some("abc 你好"));
        assert_eq!(said(b"a  \t b          address 192.0.2.1").as_deref(), Some("a b address 192.0.2.1"));
        assert_eq!(said(&[0xff, b'x']).as_deref(), Some("\u{fffd}x"));
        assert_eq!(said("é".repeat(1000).as_bytes()).unwrap().chars().count(), PROGRAM_MAX);
        assert_eq!((said(b""), said("\u{200b}".as_bytes()), program(&HeaderMap::new())), (None, None, None));
    }

    #[test]
    fn mistakes_are_named_together() {
        let mut problems = Vec::new();
        let list = ["10.0.0.0/99".to_owned(), "chat.example".to_owned()];
        let _ = Peers::new(&list[..1], &list[1..], None, &mut problems);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
