//! Revocation lists in a certificate store.
#![expect(
    unsafe_code,
    reason = "X509_STORE_add_crl is not bound by the openssl crate"
)]

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::x509::X509Crl;
use openssl::x509::store::X509StoreBuilderRef;

use super::externs::X509_STORE_add_crl;

/// Adds a revocation list to a store that is being built.
pub(crate) fn add_crl(store: &mut X509StoreBuilderRef, crl: &X509Crl) -> Result<(), ErrorStack> {
    // SAFETY: both pointers are valid for the call; the store takes its own reference to the list.
    let added = unsafe { X509_STORE_add_crl(store.as_ptr(), crl.as_ptr()) };
    if added == 1 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}
