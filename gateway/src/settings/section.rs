//! Sections: their keys, defaults and explanations in one place each.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::reader::Reader;

/// A key of a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// As TOML; `None` if absent has a meaning of its own.
    pub(super) default: Option<&'static str>,
    /// What it means, its reason, line by line.
    pub(super) help: &'static [&'static str],
}

/// A section. `None` only if a default is not usable; problems are noted by the reader.
pub(super) trait Section: Sized {
    const NAME: &'static str;
    const ABOUT: &'static [&'static str];
    const KEYS: &'static [Key];

    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// A section without its type.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionInfo {
    pub(super) name: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: &'static [Key],
}

pub(super) const fn info<S: Section>() -> SectionInfo {
    SectionInfo {
        name: S::NAME,
        about: S::ABOUT,
        keys: S::KEYS,
    }
}

/// Declares a section: a structure whose documentation is also the reference for operators. Each key
/// has a type, a default (`none` if it has none) and may have a check.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $section:ident = $name:literal {
            $($(#[doc = $help:literal])+ $key:ident: $kind:ty = $default:tt $(, $check:expr)?;)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $section {
            $($(#[doc = $help])+ pub $key: $kind,)+
        }

        impl $crate::settings::section::Section for $section {
            const NAME: &'static str = $name;
            const ABOUT: &'static [&'static str] = &[$($about,)+];
            const KEYS: &'static [$crate::settings::section::Key] = &[$(
                $crate::settings::section::Key {
                    name: stringify!($key),
                    default: $crate::settings::section::default_of!($default),
                    help: &[$($help,)+],
                },
            )+];

            fn read(reader: &mut $crate::settings::reader::Reader<'_>) -> Option<Self> {
                $(
                    let default = $crate::settings::section::default_of!($default);
                    let $key = reader.value::<$kind>($name, stringify!($key), default);
                    $(reader.check($name, stringify!($key), $key.as_ref(), $check);)?
                )+
                Some(Self { $($key: $key?,)+ })
            }
        }
    };
}

macro_rules! default_of {
    (none) => {
        None
    };
    ($default:tt) => {
        Some(stringify!($default))
    };
}

pub(super) use {default_of, section};

/// A check that a value lies within a range; `show` prints its ends as they are written.
pub(super) fn within<T: PartialOrd>(
    range: RangeInclusive<T>,
    show: impl Fn(&T) -> String,
) -> impl Fn(&T) -> Result<(), String> {
    move |value| {
        if range.contains(value) {
            return Ok(());
        }
        Err(format!(
            "must be from {} to {}",
            show(range.start()),
            show(range.end())
        ))
    }
}

/// [`within`] for values that print as they are written.
pub(super) fn between<T: PartialOrd + Display>(
    range: RangeInclusive<T>,
) -> impl Fn(&T) -> Result<(), String> {
    within(range, ToString::to_string)
}
