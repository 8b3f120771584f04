//! Settings of one connection and parts of a session that the `openssl` crate does not reach.
#![expect(
    unsafe_code,
    reason = "SSL_set_session_id_context, SSL_set_options, ticket appdata and others are not bound"
)]

use std::ffi::{CStr, c_long, c_uint, c_void};
use std::ptr;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslContextRef, SslOptions, SslRef, SslSessionRef};
use openssl::x509::X509Ref;
use openssl_sys::{SSL_CTX_ctrl, SSL_client_hello_get0_ext, SSL_ctrl, SSL_set_SSL_CTX};

use super::externs::{
    SSL_CTRL_SET_GROUPS_LIST, SSL_CTRL_SET_MAX_CERT_LIST, SSL_CTX_set_timeout,
    SSL_SESSION_get0_peer, SSL_SESSION_get0_ticket_appdata, SSL_SESSION_set1_ticket_appdata,
    SSL_clear_options, SSL_set_options, SSL_set_session_id_context,
};

fn check(done: bool) -> Result<(), ErrorStack> {
    if done { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Largest certificate message accepted, in bytes.
pub(crate) fn set_max_cert_list(context: &mut SslContextBuilder, bytes: u32) {
    // SAFETY: the builder holds a live context; the command takes a number and no pointer.
    unsafe {
        SSL_CTX_ctrl(
            context.as_ptr(),
            SSL_CTRL_SET_MAX_CERT_LIST,
            c_long::from(bytes),
            ptr::null_mut(),
        );
    }
}

/// Life of a session, seconds.
pub(crate) fn set_session_timeout(context: &mut SslContextBuilder, seconds: u32) {
    // SAFETY: the builder holds a live context.
    unsafe {
        SSL_CTX_set_timeout(context.as_ptr(), c_long::from(seconds));
    }
}

/// Replaces the context of a connection, and with it the certificate block.
pub(crate) fn set_context(ssl: &mut SslRef, context: &SslContextRef) -> Result<(), ErrorStack> {
    // SAFETY: both pointers are live; OpenSSL takes its own reference to the context.
    let set = unsafe { SSL_set_SSL_CTX(ssl.as_ptr(), context.as_ptr()) };
    check(set == context.as_ptr())
}

/// The context in which sessions of this connection are valid.
pub(crate) fn set_session_id_context(ssl: &mut SslRef, id: &[u8; 32]) -> Result<(), ErrorStack> {
    // SAFETY: 32 bytes are read, the most that is allowed (SSL_MAX_SID_CTX_LENGTH).
    check(unsafe { SSL_set_session_id_context(ssl.as_ptr(), id.as_ptr(), 32) } == 1)
}

/// Sets and clears options of one connection.
pub(crate) fn change_options(ssl: &mut SslRef, set: SslOptions, clear: SslOptions) {
    // SAFETY: the pointer is live; both functions only change flags.
    unsafe {
        SSL_clear_options(ssl.as_ptr(), clear.bits());
        SSL_set_options(ssl.as_ptr(), set.bits());
    }
}

/// Key exchange groups of one connection, as in `SSL_set1_groups_list(3)`.
pub(crate) fn set_groups(ssl: &mut SslRef, groups: &CStr) -> Result<(), ErrorStack> {
    // SAFETY: the command reads the string in the call.
    let set = unsafe {
        SSL_ctrl(
            ssl.as_ptr(),
            SSL_CTRL_SET_GROUPS_LIST,
            0,
            groups.as_ptr().cast_mut().cast::<c_void>(),
        )
    };
    check(set == 1)
}

/// The contents of the server name extension of the `ClientHello` being processed.
pub(crate) fn client_hello_server_name(ssl: &mut SslRef) -> Option<Vec<u8>> {
    const SERVER_NAME: c_uint = 0;
    let mut data = ptr::null();
    let mut length = 0;
    // SAFETY: called from the ClientHello callback, where the extension stays valid; it is copied at once.
    unsafe {
        if SSL_client_hello_get0_ext(ssl.as_ptr(), SERVER_NAME, &raw mut data, &raw mut length) != 1
        {
            return None;
        }
        Some(if data.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(data, length).to_vec()
        })
    }
}

/// The peer certificate that a session carries.
pub(crate) fn session_peer(session: &SslSessionRef) -> Option<&X509Ref> {
    // SAFETY: the session is live and owns the certificate, which lives as long as the borrow.
    unsafe {
        let peer = SSL_SESSION_get0_peer(session.as_ptr());
        (!peer.is_null()).then(|| X509Ref::from_ptr(peer))
    }
}

/// The application data of a session's ticket; empty when there is none.
pub(crate) fn ticket_appdata(session: &SslSessionRef) -> Vec<u8> {
    let mut data: *mut c_void = ptr::null_mut();
    let mut length = 0;
    // SAFETY: OpenSSL gives a pointer into the session, which is live; it is copied at once.
    unsafe {
        if SSL_SESSION_get0_ticket_appdata(session.as_ptr(), &raw mut data, &raw mut length) != 1
            || data.is_null()
        {
            return Vec::new();
        }
        std::slice::from_raw_parts(data.cast::<u8>(), length).to_vec()
    }
}

/// Sets the application data of the ticket being made.
pub(crate) fn set_ticket_appdata(session: &SslSessionRef, data: &[u8]) -> Result<(), ErrorStack> {
    // SAFETY: the session is live; OpenSSL copies the bytes. Called only from the ticket callback of the
    // connection that owns the session, so nobody else reads it meanwhile.
    let set = unsafe {
        SSL_SESSION_set1_ticket_appdata(
            session.as_ptr(),
            data.as_ptr().cast::<c_void>(),
            data.len(),
        )
    };
    check(set == 1)
}
