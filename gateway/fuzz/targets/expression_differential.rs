//! Programs that type-check give the same, or throw the same, whether they are compiled or walked as
//! they are by a second evaluator that shares nothing with the product.
//!
//! Input: the bytes that the generator of `gateway/policy/tests/reference` chooses by.

#![no_main]

use gateway_fuzz::reference::{compare, generating::generate};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    compare(&generate(input));
});
