//! Offering a serialised session to a server, as a client.

use openssl::error::ErrorStack;
use openssl::ssl::{SslRef, SslSession};

/// Offers a session in OpenSSL's DER form for resumption; the server decides.
///
/// Serialised sessions, because a live TLS 1.3 session object resumes once only, and because freeing
/// an SSL that was not shut down marks its live TLS 1.2 session as not resumable
/// (`SSL_SESSION_is_resumable(3)`).
///
/// # Errors
///
/// OpenSSL's, when the octets are not a session or the session is of a protocol that the client's
/// method does not speak.
#[expect(
    unsafe_code,
    reason = "SSL_set_session is marked unsafe by the binding"
)]
pub fn offer(ssl: &mut SslRef, der: &[u8]) -> Result<(), ErrorStack> {
    let session = SslSession::from_der(der)?;
    // SAFETY: the binding asks that the session belongs to the SSL's own context, because a live
    // session may sit in another context's cache. This one has just been made from octets: no
    // context knows it, and SSL_set_session takes its own reference.
    unsafe { ssl.set_session(&session) }
}
