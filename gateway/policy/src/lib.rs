//! APIM policy documents: parsed, checked, compiled to programs that ask for effects.
//!
//! A document goes through `document` (text with exact positions) → `statement` and `expression`
//! (checked, compiled) → [`program`] (the documents of all scopes linked into one program), and a
//! request runs an `execution` of that program: a state machine that runs until it continues,
//! responds, fails, or needs an effect which its caller performs.
//!
//! Nothing here does I/O. Time, randomness, cryptography, the verdict about a certificate chain and
//! identity lists come from the [`host::Host`] that the caller passes in.

pub mod certificate;
pub mod context;
pub mod dn;
pub mod document;
pub mod execution;
pub mod expression;
pub mod host;
mod liquid;
pub mod named_values;
pub mod openid;
pub mod problem;
pub mod program;
pub mod statement;
