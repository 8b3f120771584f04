//! The admin API's bearer token.

use std::fmt;
use std::path::Path;

use super::files::unreadable;
use super::surroundings::Files;

/// A token must have so many characters at least: 16 random characters are about 80 bits.
pub const TOKEN_CHARACTERS_MIN: usize = 16;

/// The bearer token of the admin API. `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    /// What is sent after `Bearer `. Compare it in constant time.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken")
    }
}

/// Reads the token file: one line; white space around it does not count.
///
/// # Errors
/// If it cannot be read, or what it holds cannot be sent as a token (RFC 6750 section 2.1) or is too
/// short.
pub fn read(files: &dyn Files, path: &Path) -> Result<AdminToken, String> {
    let content = files.read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(content).unwrap_or_default();
    let token = text.trim();
    let path = path.display();
    if token.is_empty() {
        return Err(format!("`{path}` holds no token"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "`{path}` holds more than one line of printable ASCII characters"
        ));
    }
    if token.len() < TOKEN_CHARACTERS_MIN {
        return Err(format!(
            "the token in `{path}` is too short: {} characters, at least {TOKEN_CHARACTERS_MIN} are needed",
            token.len()
        ));
    }
    Ok(AdminToken(token.to_owned()))
}
