//! The kinds of values, each read from TOML and from the text of a variable by the same rules.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway_config::hosts::UnknownName;
use gateway_proxy::{CertificateHeader, Network};
use gateway_telemetry::logging::LogFormat;
use gateway_tls::host::ClientCertificateMode;
use gateway_tls::trust::RevocationPolicy;
use toml_edit::Value;

/// A kind of value.
pub(super) trait Setting: Sized {
    /// What is expected, for messages: `a number`.
    const EXPECTED: &'static str;

    /// From the text of a variable; `base` is what paths are relative to.
    fn from_text(text: &str, base: &Path) -> Option<Self>;

    /// From a TOML value. Kinds that are written as strings need only [`Setting::from_text`].
    fn from_toml(value: &Value, base: &Path) -> Option<Self> {
        Self::from_text(value.as_str()?, base)
    }

    /// What it is when nothing is given and there is no default.
    fn when_absent() -> Option<Self> {
        None
    }
}

/// A number of bytes: `65536`, or `"64KiB"` (KiB, MiB, GiB).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Bytes {
    /// As a length in memory.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// `None` for 0, where 0 means that there is no limit.
    #[must_use]
    pub const fn limit(self) -> Option<u64> {
        if self.0 == 0 { None } else { Some(self.0) }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units
            .iter()
            .find(|(size, _)| self.0 > 0 && self.0.is_multiple_of(*size))
        {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Where a log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// `"stdout"`.
    Stdout,
    /// `"off"`.
    Off,
    /// Anything else: the path of a file.
    File(PathBuf),
}

/// The header in which trusted peers name the client's certificate; `"none"`: there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerHeader(pub Option<CertificateHeader>);

impl Setting for PeerHeader {
    const EXPECTED: &'static str = "\"client-cert\", \"x-forwarded-client-cert\", \"x-arr-clientcert\", \"x-client-cert\", \"x-ssl-client-cert\", \"x-ssl-client-escaped-cert\" or \"none\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        if text == "none" {
            return Some(Self(None));
        }
        CertificateHeader::ALL
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(text))
            .map(|header| Self(Some(header)))
    }
}

impl Setting for Vec<Network> {
    const EXPECTED: &'static str = "a list of addresses and networks such as [\"10.1.0.0/16\", \"2001:db8::7\"] (in a variable: separated by commas)";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::new());
        }
        text.split(',')
            .map(|network| network.trim().parse().ok())
            .collect()
    }

    fn from_toml(value: &Value, _: &Path) -> Option<Self> {
        value
            .as_array()?
            .iter()
            .map(|network| network.as_str()?.parse().ok())
            .collect()
    }
}

impl Setting for Bytes {
    const EXPECTED: &'static str = "a number of bytes such as 65536 or \"64KiB\" (KiB, MiB, GiB)";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let unit: u64 = match unit.trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(unit).map(Self)
    }

    fn from_toml(value: &Value, base: &Path) -> Option<Self> {
        match value {
            Value::Integer(number) => u64::try_from(*number.value()).ok().map(Self),
            _ => Self::from_text(value.as_str()?, base),
        }
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a duration such as \"30s\" (ms, s, m, h, d)";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let seconds = match unit.trim() {
            "ms" => return Some(Self::from_millis(number)),
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        number.checked_mul(seconds).map(Self::from_secs)
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {$(
        impl Setting for $integer {
            const EXPECTED: &'static str = "a whole number";

            fn from_text(text: &str, _: &Path) -> Option<Self> {
                text.replace('_', "").parse().ok()
            }

            fn from_toml(value: &Value, _: &Path) -> Option<Self> {
                Self::try_from(value.as_integer()?).ok()
            }
        }
    )+};
}

integers!(usize, u32, u64);

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &Value, _: &Path) -> Option<Self> {
        value.as_bool()
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str, base: &Path) -> Option<Self> {
        let usable = !text.trim().is_empty() && !text.contains('\0');
        usable.then(|| base.join(text))
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str =
        "an address with a port such as \"127.0.0.1:8443\" or \"[::]:8443\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl Setting for Vec<SocketAddr> {
    const EXPECTED: &'static str = "a list of addresses with ports such as [\"0.0.0.0:8443\", \"[::1]:8443\"] (in a variable: separated by commas)";

    fn from_text(text: &str, base: &Path) -> Option<Self> {
        text.split(',')
            .map(|address| SocketAddr::from_text(address, base))
            .collect()
    }

    fn from_toml(value: &Value, base: &Path) -> Option<Self> {
        value
            .as_array()?
            .iter()
            .map(|address| SocketAddr::from_toml(address, base))
            .collect()
    }
}

impl Setting for LogTarget {
    const EXPECTED: &'static str = "\"stdout\", \"off\" or the path of a file";

    fn from_text(text: &str, base: &Path) -> Option<Self> {
        match text {
            "stdout" => Some(Self::Stdout),
            "off" => Some(Self::Off),
            path => PathBuf::from_text(path, base).map(Self::File),
        }
    }
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "\"text\" or \"json\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl Setting for RevocationPolicy {
    const EXPECTED: &'static str = "\"hard\", \"soft\" or \"off\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        [Self::Hard, Self::Soft, Self::Off]
            .into_iter()
            .find(|policy| policy.as_str() == text)
    }
}

impl Setting for UnknownName {
    const EXPECTED: &'static str = "\"default\" or \"refuse\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        match text {
            "default" => Some(Self::Default),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

impl Setting for ClientCertificateMode {
    const EXPECTED: &'static str = "\"none\", \"optional\" or \"required\"";

    fn from_text(text: &str, _: &Path) -> Option<Self> {
        [Self::None, Self::Optional, Self::Required]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_text(text: &str, base: &Path) -> Option<Self> {
        T::from_text(text, base).map(Some)
    }

    fn from_toml(value: &Value, base: &Path) -> Option<Self> {
        T::from_toml(value, base).map(Some)
    }

    fn when_absent() -> Option<Self> {
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Setting>(text: &str) -> Option<T> {
        T::from_text(text, Path::new("/etc/countersign"))
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(text("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(text("30s"), Some(Duration::from_secs(30)));
        assert_eq!(text("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(text("1h"), Some(Duration::from_secs(3_600)));
        assert_eq!(text("7d"), Some(Duration::from_secs(604_800)));
        for wrong in [
            "30",
            "",
            "s",
            "-1s",
            "1.5s",
            "1s30",
            "99999999999999999999s",
            "213503982334602d",
        ] {
            assert_eq!(text::<Duration>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_may_have_a_binary_unit() {
        assert_eq!(text("65536"), Some(Bytes(65_536)));
        assert_eq!(text("64KiB"), Some(Bytes(65_536)));
        assert_eq!(text("2 GiB"), Some(Bytes(2 << 30)));
        for wrong in ["64KB", "k", "-1", "1.5MiB", "99999999999GiB"] {
            assert_eq!(text::<Bytes>(wrong), None, "{wrong}");
        }
        assert_eq!(
            [Bytes(0), Bytes(1000), Bytes(3 << 20)].map(|b| b.to_string()),
            ["0", "1000", "3MiB"]
        );
    }

    #[test]
    fn paths_are_relative_to_the_configuration_file() {
        assert_eq!(
            text("pki/admin.pem"),
            Some(PathBuf::from("/etc/countersign/pki/admin.pem"))
        );
        assert_eq!(
            text("/run/admin.pem"),
            Some(PathBuf::from("/run/admin.pem"))
        );
        assert_eq!(text::<PathBuf>(" "), None);
        assert_eq!(
            text("logs/a.jsonl"),
            Some(LogTarget::File("/etc/countersign/logs/a.jsonl".into()))
        );
        assert_eq!(text("off"), Some(LogTarget::Off));
    }

    #[test]
    fn lists_in_variables_are_separated_by_commas() {
        let two = vec!["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()];
        assert_eq!(text("127.0.0.1:1, [::1]:2"), Some::<Vec<SocketAddr>>(two));
        assert_eq!(text::<Vec<SocketAddr>>("127.0.0.1:1,localhost:2"), None);
    }
}
