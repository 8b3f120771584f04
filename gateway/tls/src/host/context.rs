//! The OpenSSL context of a host configuration.

use std::ffi::CStr;

use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslMethod, SslOptions, select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::{X509, X509Name};

use super::{ClientCertificateMode, HostContextError, HostSettings};
use crate::ffi::callbacks;
use crate::key_material::KeyMaterial;
use crate::trust::TrustBundle;

/// Forward-secret, authenticated ciphers of TLS 1.2. (HTTP/2 forbids the others, RFC 9113, appendix A.)
pub(super) const TLS12_CIPHERS: &str = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK";

/// OpenSSL's security level: at least 112 bits.
pub(super) const SECURITY_LEVEL: u32 = 2;

/// Most bytes of issuer names sent to clients as a hint. Above it none is sent, which means "any".
const MAX_ISSUER_HINT_BYTES: usize = 8192;

/// What an SSL takes from its host's context: certificate block, ciphers, issuer names, ALPN, certificate
/// verification, and the `ClientHello` callback for the hello after a `HelloRetryRequest`. All else is set on
/// the connection itself (`handshake::apply`) or comes from the base context.
pub(super) fn build_context(
    settings: &HostSettings,
    groups: &CStr,
) -> Result<SslContext, HostContextError> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
    builder.set_security_level(SECURITY_LEVEL);
    builder.set_cipher_list(TLS12_CIPHERS)?;
    builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::PRIORITIZE_CHACHA);
    let groups_text = groups.to_string_lossy();
    builder
        .set_groups_list(&groups_text)
        .map_err(|_| HostContextError::Groups(groups_text.clone().into_owned()))?;
    install_material(&mut builder, &settings.material)
        .map_err(|error| HostContextError::Certificate(reasons(&error)))?;
    if settings.mode == ClientCertificateMode::Required {
        builder.set_client_ca_list(issuer_hint(&settings.trust)?);
    }
    let protocols: &'static [u8] = if settings.http2 {
        b"\x02h2\x08http/1.1"
    } else {
        b"\x08http/1.1"
    };
    builder.set_alpn_select_callback(move |_, offered| {
        select_next_proto(protocols, offered).ok_or(AlpnError::ALERT_FATAL)
    });
    callbacks::set_certificate_verification(&mut builder);
    callbacks::set_client_hello(&mut builder);
    Ok(builder.build())
}

fn install_material(
    builder: &mut SslContextBuilder,
    material: &KeyMaterial,
) -> Result<(), ErrorStack> {
    builder.set_certificate(material.leaf())?;
    for intermediate in material.chain() {
        builder.add_extra_chain_cert(intermediate.clone())?;
    }
    builder.set_private_key(material.key())?;
    builder.check_private_key()
}

fn reasons(error: &ErrorStack) -> String {
    let reasons: Vec<&str> = error
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .collect();
    reasons.join(", ")
}

/// Names of the roots, so that a client with several certificates sends a fitting one. Only in mode
/// `required`: in `optional` every certificate may be right, and clients that follow the hint would send none.
fn issuer_hint(trust: &TrustBundle) -> Result<Stack<X509Name>, ErrorStack> {
    let mut names = Stack::new()?;
    let mut bytes = 0;
    for root in trust.roots() {
        let name = X509::from_der(&root.der)?.subject_name().to_owned()?;
        bytes += name.to_der()?.len() + 2;
        names.push(name)?;
    }
    if bytes > MAX_ISSUER_HINT_BYTES {
        Stack::new()
    } else {
        Ok(names)
    }
}
