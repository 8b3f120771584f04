//! How connections read and write, whichever side they are on.

use openssl::ssl::SslMode;

/// The modes of every connection (`SSL_CTX_set_mode(3)`).
///
/// - Buffers of idle connections are freed.
/// - A write that found the socket full may take part of the bytes, and may be tried again from another
///   address. DANGER: without these two a body that grows while it waits (and so moves) ends its
///   connection with `bad write retry`, in the middle of a response.
pub(crate) fn stream_mode() -> SslMode {
    SslMode::RELEASE_BUFFERS | SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER
}
