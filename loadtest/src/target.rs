//! What is loaded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gateway_testkit::{Alpn, Client, ClientBuilder, Identity};
use http::Uri;
use openssl::x509::X509;

use crate::LoadError;

/// What connections speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// Every other connection HTTP/2.
    Both,
}

impl Protocol {
    /// What connection number `index` speaks.
    pub(crate) fn of(self, index: usize) -> Alpn {
        match self {
            Self::Http2 => Alpn::Http2,
            Self::Both if index % 2 == 1 => Alpn::Http2,
            Self::Http1 | Self::Both => Alpn::Http1,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Http2 => "h2",
            Self::Both => "http/1.1 and h2",
        }
    }
}

/// An HTTPS address, resolved once, and the authorities its certificate is checked against.
#[derive(Debug, Clone)]
pub struct Target {
    host: String,
    authority: String,
    path: String,
    address: SocketAddr,
    trust: Vec<X509>,
}

impl Target {
    /// Resolves `https://HOST[:PORT][/PATH]` to the first of its addresses that accepts a connection.
    ///
    /// # Errors
    ///
    /// [`LoadError::Option`] when it is not such an address, [`LoadError::Unreachable`].
    pub async fn resolve(url: &str, trust: Vec<X509>) -> Result<Self, LoadError> {
        let bad = |reason: &str| LoadError::Option(format!("{url}: {reason}"));
        let uri: Uri = url.parse().map_err(|_| bad("not an address"))?;
        if uri.scheme_str() != Some("https") {
            return Err(bad("an https:// address is expected"));
        }
        let host = uri.host().ok_or_else(|| bad("no host"))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(443);
        let address = reachable(&host, port).await?;
        Ok(Self {
            authority: uri
                .authority()
                .map_or_else(|| host.clone(), ToString::to_string),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            host,
            address,
            trust,
        })
    }

    /// A target whose address is known, by the name `localhost`.
    #[must_use]
    pub fn local(address: SocketAddr, path: &str, trust: Vec<X509>) -> Self {
        Self {
            host: "localhost".to_owned(),
            authority: format!("localhost:{}", address.port()),
            path: path.to_owned(),
            address,
            trust,
        }
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `https://HOST:PORT/PATH`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}{}", self.authority, self.path)
    }

    /// The TLS settings for it.
    #[must_use]
    pub fn builder(&self) -> ClientBuilder {
        let builder = Client::builder(self.address);
        let builder = if self.host.parse::<IpAddr>().is_ok() {
            builder.without_sni().expect_name(&self.host)
        } else {
            builder.name(&self.host)
        };
        self.trust
            .iter()
            .fold(builder.authority(&self.authority), |builder, authority| {
                builder.trust(authority)
            })
    }

    pub(crate) fn client(
        &self,
        identity: Option<&Identity>,
        alpn: Alpn,
        deadline: Duration,
    ) -> Result<Client, LoadError> {
        let mut builder = self.builder().alpn(alpn).deadline(deadline);
        if let Some(identity) = identity {
            builder = builder.identity(identity.clone());
        }
        Ok(builder.build()?)
    }
}

async fn reachable(host: &str, port: u16) -> Result<SocketAddr, LoadError> {
    let unreachable = |reason: String| LoadError::Unreachable {
        target: format!("{host}:{port}"),
        reason,
    };
    let addresses = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    let mut reason = "the name has no address".to_owned();
    for address in addresses {
        let attempt = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_secs(5), attempt).await {
            Ok(Ok(_)) => return Ok(address),
            Ok(Err(error)) => reason = format!("{address}: {error}"),
            Err(_) => reason = format!("{address}: no answer in 5 s"),
        }
    }
    Err(unreachable(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_taken_apart_and_a_wrong_one_is_refused_by_name() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("https://127.0.0.1:{port}/orders?a=1");
        let target = Target::resolve(&url, Vec::new()).await.unwrap();
        assert_eq!((target.path(), target.url()), ("/orders?a=1", url));
        for wrong in ["http://localhost/", "localhost:1", "https://", ""] {
            assert!(Target::resolve(wrong, Vec::new()).await.is_err(), "{wrong}");
        }
        drop(listener);
        let gone = Target::resolve(&format!("https://127.0.0.1:{port}/"), Vec::new()).await;
        assert!(matches!(gone, Err(LoadError::Unreachable { .. })));
    }
}
