//! Functions and constants that `openssl-sys` 0.9.118 leaves out (OpenSSL 3.x headers `ssl.h`, `x509_vfy.h`).
#![expect(unsafe_code, reason = "declares foreign functions")]

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

use libc::{size_t, time_t};
use openssl_sys::{
    EVP_CIPHER_CTX, EVP_MAC_CTX, SSL, SSL_CTX, SSL_SESSION, X509, X509_CRL, X509_STORE,
    X509_STORE_CTX, stack_st_X509,
};

/// `SSL_CTX_set_cert_verify_callback(3)`.
pub(super) type CertVerifyCallback =
    unsafe extern "C" fn(*mut X509_STORE_CTX, *mut c_void) -> c_int;
/// `SSL_CTX_set_session_ticket_cb(3)`: called for each ticket made.
pub(super) type TicketGenerateCallback = unsafe extern "C" fn(*mut SSL, *mut c_void) -> c_int;
/// `SSL_CTX_set_session_ticket_cb(3)`: called for each ticket received.
pub(super) type TicketDecryptCallback = unsafe extern "C" fn(
    *mut SSL,
    *mut SSL_SESSION,
    *const c_uchar,
    size_t,
    c_int,
    *mut c_void,
) -> c_int;
/// `SSL_CTX_set_tlsext_ticket_key_evp_cb(3)`.
pub(super) type TicketKeyCallback = unsafe extern "C" fn(
    *mut SSL,
    *mut c_uchar,
    *mut c_uchar,
    *mut EVP_CIPHER_CTX,
    *mut EVP_MAC_CTX,
    c_int,
) -> c_int;
/// `X509_STORE_CTX_set_verify_cb(3)`.
pub(super) type VerifyCallback = unsafe extern "C" fn(c_int, *mut X509_STORE_CTX) -> c_int;

unsafe extern "C" {
    pub(super) fn SSL_set_session_id_context(
        ssl: *mut SSL,
        context: *const c_uchar,
        length: c_uint,
    ) -> c_int;
    pub(super) fn SSL_set_options(ssl: *mut SSL, options: u64) -> u64;
    pub(super) fn SSL_clear_options(ssl: *mut SSL, options: u64) -> u64;
    pub(super) fn SSL_CTX_set_cert_verify_callback(
        context: *mut SSL_CTX,
        callback: Option<CertVerifyCallback>,
        argument: *mut c_void,
    );
    pub(super) fn SSL_CTX_set_session_ticket_cb(
        context: *mut SSL_CTX,
        generate: Option<TicketGenerateCallback>,
        decrypt: Option<TicketDecryptCallback>,
        argument: *mut c_void,
    ) -> c_int;
    pub(super) fn SSL_SESSION_set1_ticket_appdata(
        session: *mut SSL_SESSION,
        data: *const c_void,
        length: size_t,
    ) -> c_int;
    pub(super) fn SSL_SESSION_get0_ticket_appdata(
        session: *mut SSL_SESSION,
        data: *mut *mut c_void,
        length: *mut size_t,
    ) -> c_int;
    pub(super) fn SSL_CTX_set_tlsext_ticket_key_evp_cb(
        context: *mut SSL_CTX,
        callback: Option<TicketKeyCallback>,
    ) -> c_int;
    pub(super) fn SSL_CTX_set_timeout(
        context: *mut SSL_CTX,
        seconds: std::ffi::c_long,
    ) -> std::ffi::c_long;
    pub(super) fn SSL_SESSION_get0_peer(session: *mut SSL_SESSION) -> *mut X509;
    pub(super) fn X509_STORE_CTX_get0_untrusted(
        context: *const X509_STORE_CTX,
    ) -> *mut stack_st_X509;
    pub(super) fn X509_STORE_CTX_get0_cert(context: *const X509_STORE_CTX) -> *mut X509;
    pub(super) fn X509_STORE_add_crl(store: *mut X509_STORE, crl: *mut X509_CRL) -> c_int;
    pub(super) fn X509_STORE_CTX_set_default(
        context: *mut X509_STORE_CTX,
        name: *const c_char,
    ) -> c_int;
    pub(super) fn X509_STORE_CTX_set_time(
        context: *mut X509_STORE_CTX,
        flags: std::ffi::c_ulong,
        time: time_t,
    );
    pub(super) fn X509_STORE_CTX_set_verify_cb(
        context: *mut X509_STORE_CTX,
        callback: Option<VerifyCallback>,
    );
    pub(super) fn X509_STORE_CTX_set_ex_data(
        context: *mut X509_STORE_CTX,
        index: c_int,
        data: *mut c_void,
    ) -> c_int;
}

/// `SSL_ctrl(3)` commands behind header macros.
pub(super) const SSL_CTRL_SET_GROUPS_LIST: c_int = 92;
pub(super) const SSL_CTRL_SET_MAX_CERT_LIST: c_int = 51;

/// `SSL_CTX_set_session_ticket_cb(3)` statuses.
pub(super) const SSL_TICKET_SUCCESS: c_int = 5;
pub(super) const SSL_TICKET_SUCCESS_RENEW: c_int = 6;
/// `SSL_CTX_set_session_ticket_cb(3)` answers.
pub(super) const SSL_TICKET_RETURN_IGNORE_RENEW: c_int = 2;
pub(super) const SSL_TICKET_RETURN_USE: c_int = 3;
pub(super) const SSL_TICKET_RETURN_USE_RENEW: c_int = 4;
