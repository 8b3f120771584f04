//! Whom this gateway believes when it says who a client is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Peers (load balancers, other proxies) that terminate TLS for clients and pass the client's
/// certificate on in a header.
///
/// What such a peer says is believed, and only that: a request from it without the header has no
/// certificate, even if the peer has presented one of its own. Who can send from one of these
/// addresses can be any client, unless the host also demands a certificate of the peer (mode
/// `required`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedPeers {
    /// Where they connect from.
    pub networks: Vec<Network>,
    /// The one header that counts; all others are removed unread.
    pub header: CertificateHeader,
}

impl TrustedPeers {
    /// The header to read on connections from `address`; `None` if that is not a trusted peer.
    pub(crate) fn header_from(&self, address: IpAddr) -> Option<CertificateHeader> {
        self.networks
            .iter()
            .any(|network| network.contains(address))
            .then_some(self.header)
    }
}

/// The header that carries a client's certificate, with the form that its senders give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440): byte sequences of structured fields.
    ClientCert,
    /// `X-Forwarded-Client-Cert` as Envoy writes it; its last element counts.
    /// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>
    XForwardedClientCert,
    /// `X-ARR-ClientCert` as Azure App Service writes it: base64 of the DER.
    XArrClientCert,
    /// `X-Client-Cert`: base64 of the DER.
    XClientCert,
    /// `X-SSL-Client-Cert` holding nginx's `$ssl_client_escaped_cert`: percent-encoded PEM.
    XSslClientCert,
    /// `X-SSL-Client-Escaped-Cert` with the same content.
    XSslClientEscapedCert,
}

impl CertificateHeader {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ClientCert,
        Self::XForwardedClientCert,
        Self::XArrClientCert,
        Self::XClientCert,
        Self::XSslClientCert,
        Self::XSslClientEscapedCert,
    ];

    /// The header's name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCert => "client-cert",
            Self::XForwardedClientCert => "x-forwarded-client-cert",
            Self::XArrClientCert => "x-arr-clientcert",
            Self::XClientCert => "x-client-cert",
            Self::XSslClientCert => "x-ssl-client-cert",
            Self::XSslClientEscapedCert => "x-ssl-client-escaped-cert",
        }
    }
}

/// An address, or a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Text that is neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network in CIDR notation")]
pub struct NotANetwork;

/// The shortest prefixes that are taken: those of the largest private networks, `10.0.0.0/8` (RFC
/// 1918) and `fc00::/7` (RFC 4193). With shorter ones strangers would be trusted peers.
const SHORTEST: (u8, u8) = (8, 7);

impl Network {
    /// Whether `address` belongs to it. An IPv4 address in IPv6 clothes (`::ffff:…`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = mask4(self.prefix);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = mask6(self.prefix);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    /// Checks that it is what an operator can have meant by a network of trusted peers.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        let (shortest, network) = match self.address {
            IpAddr::V4(address) => (
                SHORTEST.0,
                IpAddr::V4((address.to_bits() & mask4(self.prefix)).into()),
            ),
            IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
                return Err(format!("`{self}`: write IPv4 addresses as such"));
            }
            IpAddr::V6(address) => (
                SHORTEST.1,
                IpAddr::V6((address.to_bits() & mask6(self.prefix)).into()),
            ),
        };
        if self.prefix < shortest {
            return Err(format!(
                "`{self}` would make strangers trusted peers: the prefix must be at least /{shortest}"
            ));
        }
        if network != self.address {
            let prefix = self.prefix;
            return Err(format!(
                "`{self}` is an address within a network: write `{}`, or `{network}/{prefix}` for all of it",
                self.address
            ));
        }
        if self.address.is_unspecified() {
            return Err(format!("`{self}` is no address of a peer"));
        }
        Ok(())
    }
}

const fn mask4(prefix: u8) -> u32 {
    match u32::MAX.checked_shl(32 - prefix as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

const fn mask6(prefix: u8) -> u128 {
    match u128::MAX.checked_shl(128 - prefix as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= longest)
                .ok_or(NotANetwork)?,
            Some(_) => return Err(NotANetwork),
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let cases = [
            ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.128/25", "::ffff:192.0.2.129", "192.0.2.127"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "127.0.0.1"),
            ("fc00::/7", "fd12::1", "fe80::1"),
        ];
        for (text, inside, outside) in cases {
            assert!(
                network(text).contains(inside.parse().unwrap()),
                "{text} {inside}"
            );
            assert!(
                !network(text).contains(outside.parse().unwrap()),
                "{text} {outside}"
            );
            network(text).check().unwrap();
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::1/129",
            "10.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "localhost",
            "10.0.0.0/255.0.0.0",
            " 10.0.0.1",
            "[::1]",
            "127.0.0.1:1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn networks_that_nobody_can_mean_are_refused_with_a_hint() {
        let cases = [
            ("0.0.0.0/0", "at least /8"),
            ("::/0", "at least /7"),
            ("128.0.0.0/1", "at least /8"),
            (
                "10.0.0.5/8",
                "write `10.0.0.5`, or `10.0.0.0/8` for all of it",
            ),
            ("2001:db8::1/64", "`2001:db8::/64`"),
            ("::ffff:10.0.0.1", "write IPv4 addresses as such"),
            ("0.0.0.0", "no address of a peer"),
        ];
        for (text, hint) in cases {
            let error = network(text).check().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
