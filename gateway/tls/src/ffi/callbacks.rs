//! Registers the handshake callbacks and hands each call over to [`crate::handshake`].
#![expect(
    unsafe_code,
    reason = "these callbacks are not bound by the openssl crate, or only with state of its own"
)]

use std::ffi::{c_int, c_uchar, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;

use foreign_types::ForeignTypeRef;
use libc::size_t;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslRef, SslSessionRef};
use openssl::stack::StackRef;
use openssl::x509::{X509, X509Ref};
use openssl_sys::{
    EVP_CIPHER_CTX, EVP_MAC_CTX, SSL, SSL_AD_INTERNAL_ERROR, SSL_CLIENT_HELLO_ERROR,
    SSL_CLIENT_HELLO_SUCCESS, SSL_CTX_set_client_hello_cb, SSL_SESSION,
    SSL_get_ex_data_X509_STORE_CTX_idx, TLS1_3_VERSION, X509_STORE_CTX, X509_STORE_CTX_get_ex_data,
    X509_STORE_CTX_set_error, X509_V_ERR_UNSPECIFIED,
};

use super::externs::{
    SSL_CTX_set_cert_verify_callback, SSL_CTX_set_session_ticket_cb,
    SSL_CTX_set_tlsext_ticket_key_evp_cb, SSL_TICKET_RETURN_IGNORE_RENEW, SSL_TICKET_RETURN_USE,
    SSL_TICKET_RETURN_USE_RENEW, SSL_TICKET_SUCCESS, SSL_TICKET_SUCCESS_RENEW,
    X509_STORE_CTX_get0_cert, X509_STORE_CTX_get0_untrusted,
};
use super::ticket_cipher::{self, Direction, IV_LENGTH};
use crate::handshake;
use crate::ticket_keys::{Generation, NAME_LENGTH};

/// Registers the `ClientHello` callback. It must be on the base context *and* on every host's context: after
/// a `HelloRetryRequest` OpenSSL asks the context that the first call chose.
pub(crate) fn set_client_hello(context: &mut SslContextBuilder) {
    // SAFETY: the builder holds a live context, and the callback needs no argument.
    unsafe { SSL_CTX_set_client_hello_cb(context.as_ptr(), Some(client_hello), ptr::null_mut()) }
}

/// Registers the callback that judges a client's certificates. Belongs on every host's context.
pub(crate) fn set_certificate_verification(context: &mut SslContextBuilder) {
    // SAFETY: as above.
    unsafe {
        SSL_CTX_set_cert_verify_callback(
            context.as_ptr(),
            Some(verify_certificate),
            ptr::null_mut(),
        )
    }
}

/// Registers the three ticket callbacks. They belong on the base context, which connections keep asking.
pub(crate) fn set_tickets(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    // SAFETY: as above.
    let registered = unsafe {
        SSL_CTX_set_session_ticket_cb(
            context.as_ptr(),
            Some(ticket_made),
            Some(ticket_received),
            ptr::null_mut(),
        ) == 1
            && SSL_CTX_set_tlsext_ticket_key_evp_cb(context.as_ptr(), Some(ticket_key)) != 0
    };
    if registered {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}

unsafe extern "C" fn client_hello(ssl: *mut SSL, alert: *mut c_int, _: *mut c_void) -> c_int {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL passes a live connection that nobody else touches during the call.
        handshake::client_hello(unsafe { SslRef::from_ptr_mut(ssl) })
    }));
    let refused = match answer {
        Ok(Ok(())) => return SSL_CLIENT_HELLO_SUCCESS,
        Ok(Err(refused)) => c_int::from(refused.0),
        Err(_) => SSL_AD_INTERNAL_ERROR,
    };
    // SAFETY: OpenSSL passes a place for the alert.
    unsafe { *alert = refused };
    SSL_CLIENT_HELLO_ERROR
}

unsafe extern "C" fn verify_certificate(context: *mut X509_STORE_CTX, _: *mut c_void) -> c_int {
    // SAFETY: OpenSSL passes a live context whose ex_data holds the connection and whose untrusted stack
    // holds the presented certificates, leaf first. All of them live through the call.
    let answer = catch_unwind(AssertUnwindSafe(|| unsafe {
        let ssl =
            X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()).cast::<SSL>();
        let leaf = X509_STORE_CTX_get0_cert(context);
        let presented = X509_STORE_CTX_get0_untrusted(context);
        if ssl.is_null() || leaf.is_null() || presented.is_null() {
            return Err(X509_V_ERR_UNSPECIFIED);
        }
        handshake::verify_certificate(
            SslRef::from_ptr(ssl),
            X509Ref::from_ptr(leaf),
            StackRef::<X509>::from_ptr(presented),
        )
    }));
    let error = match answer {
        Ok(Ok(())) => return 1,
        Ok(Err(error)) => error,
        Err(_) => X509_V_ERR_UNSPECIFIED,
    };
    // SAFETY: the context is live.
    unsafe { X509_STORE_CTX_set_error(context, error) };
    0
}

/// Returning 0 ends the handshake.
unsafe extern "C" fn ticket_made(ssl: *mut SSL, _: *mut c_void) -> c_int {
    let made = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL passes a live connection.
        handshake::ticket_made(unsafe { SslRef::from_ptr(ssl) })
    }));
    c_int::from(made.unwrap_or(false))
}

/// Declining is always `IGNORE_RENEW`: with `IGNORE` the full handshake would bring no new ticket, and
/// `USE` without a session is fatal.
unsafe extern "C" fn ticket_received(
    ssl: *mut SSL,
    session: *mut SSL_SESSION,
    _: *const c_uchar,
    _: size_t,
    status: c_int,
    _: *mut c_void,
) -> c_int {
    let accepted = match status {
        SSL_TICKET_SUCCESS => SSL_TICKET_RETURN_USE,
        SSL_TICKET_SUCCESS_RENEW => SSL_TICKET_RETURN_USE_RENEW,
        _ => return SSL_TICKET_RETURN_IGNORE_RENEW,
    };
    if session.is_null() {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    // SAFETY: OpenSSL passes a live connection and, for these statuses, the decrypted session.
    let resumable = catch_unwind(AssertUnwindSafe(|| unsafe {
        handshake::ticket_received(SslRef::from_ptr(ssl), SslSessionRef::from_ptr(session))
    }));
    if resumable.unwrap_or(false) {
        accepted
    } else {
        SSL_TICKET_RETURN_IGNORE_RENEW
    }
}

/// `SSL_CTX_set_tlsext_ticket_key_evp_cb(3)`: −1 is an error, 0 no ticket, 1 fine, 2 fine and make a new one.
unsafe extern "C" fn ticket_key(
    ssl: *mut SSL,
    name: *mut c_uchar,
    iv: *mut c_uchar,
    cipher: *mut EVP_CIPHER_CTX,
    mac: *mut EVP_MAC_CTX,
    encrypt: c_int,
) -> c_int {
    const FAILED: c_int = -1;
    // SAFETY: OpenSSL passes a live connection and contexts, 16 bytes for the key's name, and at least 16
    // (EVP_MAX_IV_LENGTH) for the vector; both hold the ticket's values when decrypting.
    catch_unwind(AssertUnwindSafe(|| unsafe {
        let connection = SslRef::from_ptr(ssl);
        if encrypt != 0 {
            let Some(key) = handshake::key_for_new_ticket(connection) else {
                return FAILED;
            };
            let Ok(fresh) = crate::random::bytes::<IV_LENGTH>() else {
                return FAILED;
            };
            slice::from_raw_parts_mut(name, NAME_LENGTH).copy_from_slice(&key.name);
            slice::from_raw_parts_mut(iv, IV_LENGTH).copy_from_slice(&fresh);
            let ready = ticket_cipher::initialise(cipher, mac, &key, &fresh, Direction::Encrypt);
            return if ready { 1 } else { FAILED };
        }
        let mut vector = [0; IV_LENGTH];
        vector.copy_from_slice(slice::from_raw_parts(iv, IV_LENGTH));
        let name = slice::from_raw_parts(name, NAME_LENGTH);
        let Some((key, generation)) = handshake::key_of_ticket(connection, name) else {
            return 0;
        };
        if !ticket_cipher::initialise(cipher, mac, &key, &vector, Direction::Decrypt) {
            return FAILED;
        }
        // In TLS 1.3 every resumption should bring a fresh ticket, whichever key made the old one.
        let renew =
            generation == Generation::Previous || openssl_sys::SSL_version(ssl) >= TLS1_3_VERSION;
        if renew { 2 } else { 1 }
    }))
    .unwrap_or(FAILED)
}
