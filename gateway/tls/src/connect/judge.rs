//! Which errors of a backend's certificate count.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::ex_data::Index;
use openssl::ssl::Ssl;
use openssl::x509::{X509StoreContext, X509StoreContextRef};

/// The first thing that was wrong with a backend's certificate.
pub(super) struct Objection {
    pub(super) is_name: bool,
    pub(super) code: i32,
    pub(super) depth: u32,
    pub(super) message: String,
}

pub(super) type Noted = Arc<Mutex<Option<Objection>>>;

pub(super) fn index() -> Option<Index<Ssl, Noted>> {
    static INDEX: OnceLock<Option<Index<Ssl, Noted>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// Whether verification may go on after an error. The name is looked at even when the chain is not.
pub(super) fn judge(
    context: &mut X509StoreContextRef,
    verify_chain: bool,
    verify_name: bool,
) -> bool {
    const HOSTNAME_MISMATCH: i32 = 62;
    const IP_ADDRESS_MISMATCH: i32 = 64;
    let error = context.error();
    let is_name = matches!(error.as_raw(), HOSTNAME_MISMATCH | IP_ADDRESS_MISMATCH);
    if !(if is_name { verify_name } else { verify_chain }) {
        return true;
    }
    let objection = Objection {
        is_name,
        code: error.as_raw(),
        depth: context.error_depth(),
        message: error.error_string().to_owned(),
    };
    let noted = X509StoreContext::ssl_idx()
        .ok()
        .and_then(|ssl| context.ex_data(ssl))
        .and_then(|ssl| ssl.ex_data(index()?));
    if let Some(noted) = noted {
        noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(objection);
    }
    false
}
