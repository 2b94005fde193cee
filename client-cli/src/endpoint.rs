//! Where a server is: its URL taken apart. It opens nothing.

use crate::error::{Error, Result};
use std::fmt;
use std::net::IpAddr;

/// The address of a server, from a URL such as `https://chat.example` or `http://127.0.0.1:7600`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    secure: bool,
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads a URL. `http` and `ws` are plain text, `https` and `wss` are TLS; without a scheme it is TLS unless the host
    /// is this machine.
    ///
    /// # Errors
    /// `SERVER_URL_INVALID`.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let message = format!(
                "“{url}” is not the address of a server: {why}. It looks like http://127.0.0.1:7600."
            );
            Error::misuse("SERVER_URL_INVALID", message)
        };
        let (scheme, rest) = match url.trim().split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, url.trim()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(wrong("it must be scheme, host and port alone"));
        }
        let authority: http::uri::Authority = rest.parse().map_err(|_| wrong("the host is malformed"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        let secure = match scheme.as_deref() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            None => !is_loopback(&host),
            Some(_) => return Err(wrong("the scheme must be http or https")),
        };
        // `Authority::port` is silent about a port that is missing or too large.
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| wrong("the port is no number below 65536"))?,
            None if secure => 443,
            None => 80,
        };
        Ok(Self { secure, host, port })
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Host name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, expected) in [
            ("http://127.0.0.1:7600", "http://127.0.0.1:7600"),
            ("HTTP://LocalHost:7600/", "http://localhost:7600"),
            ("https://chat.example", "https://chat.example:443"),
            ("http://chat.example", "http://chat.example:80"),
            ("wss://chat.example:8443", "https://chat.example:8443"),
            ("http://[::1]:7600", "http://[::1]:7600"),
            ("chat.example", "https://chat.example:443"),
            ("127.0.0.1:7600", "http://127.0.0.1:7600"),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().to_string(), expected, "{url}");
        }
    }

    #[test]
    fn wrong_urls_are_refused_with_the_reason() {
        for url in
            ["", "http://", "ftp://a", "http://a/b", "http://u:p@a", "http://a:70000", "http://a:", "a b"]
        {
            let error = Endpoint::parse(url).expect_err(url);
            assert_eq!((error.kind(), error.reason()), (crate::Kind::Misuse, "SERVER_URL_INVALID"), "{url}");
        }
    }

    #[test]
    fn loopback_is_known() {
        assert!(Endpoint::parse("http://127.9.9.9:1").unwrap().is_loopback());
        assert!(Endpoint::parse("http://[::1]:1").unwrap().is_loopback());
        assert!(!Endpoint::parse("http://10.0.0.1:1").unwrap().is_loopback());
    }
}
