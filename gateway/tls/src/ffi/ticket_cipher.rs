//! Initialises the cipher and MAC contexts that OpenSSL hands to the ticket key callback.
#![expect(
    unsafe_code,
    reason = "the ticket key callback works on raw EVP contexts"
)]

use std::ffi::{c_int, c_uchar, c_void};
use std::ptr;

use openssl_sys::{
    EVP_CIPHER_CTX, EVP_DecryptInit_ex, EVP_EncryptInit_ex, EVP_MAC_CTX, EVP_MAC_CTX_set_params,
    EVP_aes_256_cbc, OSSL_PARAM, OSSL_PARAM_construct_end, OSSL_PARAM_construct_octet_string,
};

use crate::ticket_keys::TicketKey;

/// Length of the initialisation vector of AES-CBC.
pub(super) const IV_LENGTH: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// Sets both contexts to `key` and `iv`.
///
/// # Safety
/// Both contexts must be live for the call.
pub(super) unsafe fn initialise(
    cipher: *mut EVP_CIPHER_CTX,
    mac: *mut EVP_MAC_CTX,
    key: &TicketKey,
    iv: &[u8; IV_LENGTH],
    direction: Direction,
) -> bool {
    let initialise: unsafe extern "C" fn(_, _, _, *const c_uchar, *const c_uchar) -> c_int =
        match direction {
            Direction::Encrypt => EVP_EncryptInit_ex,
            Direction::Decrypt => EVP_DecryptInit_ex,
        };
    const UTF8_STRING: std::ffi::c_uint = 4;
    let digest = c"SHA256";
    // SAFETY: the caller vouches for the contexts. Key and vector have the lengths of AES-256-CBC. The
    // parameters point to the MAC key and the digest's name, which OpenSSL only reads and copies in the
    // call, and end with the mark that ends such a list.
    unsafe {
        let parameters = [
            OSSL_PARAM_construct_octet_string(
                c"key".as_ptr(),
                key.mac.as_ptr().cast_mut().cast::<c_void>(),
                key.mac.len(),
            ),
            OSSL_PARAM {
                key: c"digest".as_ptr(),
                data_type: UTF8_STRING,
                data: digest.as_ptr().cast_mut().cast::<c_void>(),
                data_size: digest.count_bytes(),
                return_size: usize::MAX,
            },
            OSSL_PARAM_construct_end(),
        ];
        initialise(
            cipher,
            EVP_aes_256_cbc(),
            ptr::null_mut(),
            key.cipher.as_ptr(),
            iv.as_ptr(),
        ) == 1
            && EVP_MAC_CTX_set_params(mac, parameters.as_ptr()) == 1
    }
}
