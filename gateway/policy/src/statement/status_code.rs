//! Status codes in attributes.

use http::StatusCode;

/// What an attribute with a status code must be, for messages.
pub(super) const EXPECTED: &str = "a status code from 200 to 599";

/// A status code that can end an exchange.
pub(super) fn read(text: &str) -> Option<StatusCode> {
    let code: u16 = text.parse().ok()?;
    if (200..=599).contains(&code) {
        StatusCode::from_u16(code).ok()
    } else {
        None
    }
}
