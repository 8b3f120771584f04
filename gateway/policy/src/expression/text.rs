//! .NET strings.

use std::sync::Arc;

/// An immutable string. Cloning shares it.
///
/// .NET strings are UTF-16; this one is UTF-8 whose library counts UTF-16 code units. The one thing it
/// cannot hold, half of a surrogate pair, becomes U+FFFD.
#[derive(Clone)]
pub struct Text {
    content: Arc<str>,
    /// A literal, or folded from literals: .NET interns those, so that even a comparison of
    /// references (`object == object`) finds equal ones equal.
    interned: bool,
}

impl Text {
    /// A string made at run time.
    pub fn new(content: impl Into<Arc<str>>) -> Self {
        Self {
            content: content.into(),
            interned: false,
        }
    }

    /// A string of the program's source.
    pub(crate) fn literal(content: impl Into<Arc<str>>) -> Self {
        Self {
            content: content.into(),
            interned: true,
        }
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// The shared characters.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.content)
    }

    /// Whether .NET would find the same object.
    pub(crate) fn same_object(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.content, &other.content)
            || (self.interned && other.interned && self.content == other.content)
            || (self.content.is_empty() && other.content.is_empty())
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.content
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for Text {}

/// Number of UTF-16 code units: .NET's `Length`.
pub(crate) fn utf16_len(text: &str) -> usize {
    // `is_ascii` reads words at a time, so that the common case does not decode.
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The part of `text` from UTF-16 index `start`, `length` units long; `None` if out of range. Half
/// surrogates become U+FFFD.
pub(crate) fn utf16_slice(text: &str, start: usize, length: usize) -> Option<String> {
    let end = start.checked_add(length)?;
    if text.is_ascii() {
        return text.get(start..end).map(str::to_owned);
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    units.get(start..end).map(String::from_utf16_lossy)
}

/// The code unit at `index`.
pub(crate) fn utf16_at(text: &str, index: usize) -> Option<u16> {
    if text.is_ascii() {
        text.as_bytes().get(index).map(|byte| u16::from(*byte))
    } else {
        text.encode_utf16().nth(index)
    }
}

/// The UTF-16 index of byte offset `offset`.
pub(crate) fn utf16_index(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(0, utf16_len)
}

/// The byte offset of UTF-16 index `index`; inside a pair, that of the pair. `None` past the end.
pub(crate) fn byte_offset(text: &str, index: usize) -> Option<usize> {
    if text.is_ascii() {
        return (index <= text.len()).then_some(index);
    }
    let mut units = 0;
    for (offset, c) in text.char_indices() {
        let next = units + c.len_utf16();
        if index < next {
            return Some(offset);
        }
        units = next;
    }
    (index == units).then_some(text.len())
}

/// A code unit as text; half a surrogate pair is U+FFFD.
pub(crate) fn unit_to_string(unit: u16) -> String {
    char::from_u32(u32::from(unit))
        .unwrap_or('\u{fffd}')
        .to_string()
}

/// Nothing of the content: it may be a secret.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text")
    }
}
