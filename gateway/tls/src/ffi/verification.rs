//! `X509_verify_cert` with an injected time and a closure that judges each error.
#![expect(
    unsafe_code,
    reason = "the verify callback of X509_STORE_CTX is not bound by the openssl crate"
)]

use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::stack::StackRef;
use openssl::x509::store::X509StoreRef;
use openssl::x509::{X509, X509Ref, X509StoreContext, X509VerifyResult};
use openssl_sys::{
    X509_STORE_CTX, X509_STORE_CTX_get_current_cert, X509_STORE_CTX_get_error,
    X509_STORE_CTX_get_error_depth, X509_STORE_CTX_get_ex_data, X509_STORE_CTX_set_error,
};

use super::externs::{
    X509_STORE_CTX_set_default, X509_STORE_CTX_set_ex_data, X509_STORE_CTX_set_time,
    X509_STORE_CTX_set_verify_cb,
};

/// Something that `X509_verify_cert` objects to.
pub(crate) struct Objection<'a> {
    /// `X509_V_ERR_…`.
    pub(crate) code: c_int,
    /// Position on the path, the leaf being 0.
    pub(crate) depth: usize,
    /// The certificate objected to.
    pub(crate) certificate: Option<&'a X509Ref>,
}

/// What the judge of an [`Objection`] says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Verification goes on as if nothing were wrong; the judge has noted what it needs.
    GoOn,
    /// Verification ends without a verdict.
    Stop,
}

/// What was built and how it ended.
pub(crate) struct Outcome {
    /// `X509_verify_cert` ended with 1.
    pub(crate) completed: bool,
    /// `X509_V_ERR_…` left in the context.
    pub(crate) code: c_int,
    /// The path as far as it was built, leaf first, DER.
    pub(crate) path: Vec<Vec<u8>>,
}

/// The last error state, in which `app_data` (index 0, reserved by `X509_STORE_CTX_set_app_data`) holds a
/// pointer to it for the time of the call.
struct Judge<'a> {
    judge: &'a mut dyn FnMut(Objection<'_>) -> Judgement,
}

const APP_DATA: c_int = 0;

/// Verifies `leaf` at `at_unix`. `parameters` names one of OpenSSL's parameter sets (`ssl_client`, `ssl_server`).
pub(crate) fn verify(
    store: &X509StoreRef,
    leaf: &X509Ref,
    untrusted: &StackRef<X509>,
    parameters: Option<&CStr>,
    at_unix: i64,
    judge: &mut dyn FnMut(Objection<'_>) -> Judgement,
) -> Result<Outcome, ErrorStack> {
    let mut context = X509StoreContext::new()?;
    context.init(store, leaf, untrusted, |context| {
        let mut judge = Judge { judge };
        let pointer: *mut X509_STORE_CTX = context.as_ptr();
        // SAFETY: the context is initialised for the whole closure. `judge` outlives the call of
        // `X509_verify_cert`, and the pointer to it is taken out again before it goes.
        let completed = unsafe {
            if let Some(parameters) = parameters
                && X509_STORE_CTX_set_default(pointer, parameters.as_ptr()) != 1
            {
                return Err(ErrorStack::get());
            }
            X509_STORE_CTX_set_time(pointer, 0, at_unix);
            X509_STORE_CTX_set_verify_cb(pointer, Some(judge_error));
            if X509_STORE_CTX_set_ex_data(pointer, APP_DATA, (&raw mut judge).cast::<c_void>()) != 1
            {
                return Err(ErrorStack::get());
            }
            let result = context.verify_cert();
            X509_STORE_CTX_set_ex_data(pointer, APP_DATA, std::ptr::null_mut());
            result
        };
        let path = context
            .chain()
            .map(|chain| {
                chain
                    .iter()
                    .map(|certificate| certificate.to_der())
                    .collect::<Result<_, _>>()
            })
            .transpose()?
            .unwrap_or_default();
        Ok(Outcome {
            // An internal failure is no success; OpenSSL's queue is cleared by reading it.
            completed: completed.unwrap_or(false),
            code: context.error().as_raw(),
            path,
        })
    })
}

/// OpenSSL's words for an `X509_V_ERR_…`.
pub(crate) fn describe(code: c_int) -> &'static str {
    // SAFETY: `from_raw` only wraps the number; the words come from a table that knows every number.
    unsafe { X509VerifyResult::from_raw(code) }.error_string()
}

/// Called with `ok` = 1 for each certificate found good, with 0 for each error. For the issuer of a
/// revocation list OpenSSL makes a context of its own, which carries no judge: errors there stand.
unsafe extern "C" fn judge_error(ok: c_int, context: *mut X509_STORE_CTX) -> c_int {
    if ok == 1 {
        return 1;
    }
    // SAFETY: OpenSSL calls with a live context. Its app data is either null or the `Judge` that
    // `verify` put there and that lives until `X509_verify_cert` has returned; nobody else refers to it
    // during the call.
    let judgement = catch_unwind(AssertUnwindSafe(|| unsafe {
        let judge = X509_STORE_CTX_get_ex_data(context, APP_DATA).cast::<Judge<'_>>();
        let judge = judge.as_mut()?;
        let certificate = X509_STORE_CTX_get_current_cert(context);
        let objection = Objection {
            code: X509_STORE_CTX_get_error(context),
            depth: usize::try_from(X509_STORE_CTX_get_error_depth(context)).unwrap_or(usize::MAX),
            certificate: (!certificate.is_null()).then(|| X509Ref::from_ptr(certificate)),
        };
        let judgement = (judge.judge)(objection);
        if judgement == Judgement::GoOn {
            X509_STORE_CTX_set_error(context, openssl_sys::X509_V_OK);
        }
        Some(judgement)
    }));
    match judgement {
        Ok(Some(Judgement::GoOn)) => 1,
        _ => 0,
    }
}
