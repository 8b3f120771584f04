//! The process's own log: what operators read when something is wrong.
//!
//! It goes to standard error, so that standard output is free for access records.

use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is not understood.
    #[error("`{filter}` is not a log filter: {why}")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// A subscriber was set before.
    #[error("logging was set up before")]
    SetUpBefore,
}

/// Checks a filter without setting anything up.
///
/// # Errors
/// [`LoggingError::Filter`].
pub fn check_filter(filter: &str) -> Result<(), LoggingError> {
    parse_filter(filter).map(drop)
}

/// Sends events that `filter` lets pass to standard error, from now on, for the whole process.
///
/// `filter` is a level (`info`) or a list of `target=level`
/// (<https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html>).
///
/// # Errors
/// [`LoggingError`].
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    subscriber(format, parse_filter(filter)?, std::io::stderr)
        .try_init()
        .map_err(|_| LoggingError::SetUpBefore)
}

fn parse_filter(filter: &str) -> Result<EnvFilter, LoggingError> {
    let refused = |why: String| LoggingError::Filter {
        filter: filter.to_owned(),
        why,
    };
    // A single word that is no level would be taken for the name of a target and silence the log.
    let lonely = !filter.contains(['=', ',', '[']);
    let level = filter.parse::<LevelFilter>();
    if filter.trim().is_empty() || (lonely && level.is_err()) {
        return Err(refused(
            "expected off, error, warn, info, debug, trace or target=level".to_owned(),
        ));
    }
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| refused(error.to_string()))
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false);
    match format {
        LogFormat::Text => Box::new(lines.finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(format, parse_filter(filter).unwrap(), move || {
            writer.clone()
        });
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(revision = 7, "published");
            tracing::debug!("a detail");
        });
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_carry_the_fields_of_an_event() {
        let log = logged(LogFormat::Json, "info");
        let event: serde_json::Value = serde_json::from_str(log.trim_end()).unwrap();
        assert_eq!(event["message"], "published");
        assert_eq!(event["revision"], 7);
        assert_eq!(event["level"], "INFO");
    }

    #[test]
    fn text_is_for_people_and_the_filter_decides_what_is_shown() {
        let log = logged(LogFormat::Text, "debug");
        assert!(
            log.contains("published revision=7") && log.contains("a detail"),
            "{log}"
        );
        assert!(!logged(LogFormat::Text, "info").contains("a detail"));
        assert_eq!(logged(LogFormat::Text, "off"), "");
    }

    #[test]
    fn a_filter_that_is_not_understood_is_refused() {
        for filter in ["loud", "info,gateway=loud", ""] {
            let refused = check_filter(filter);
            let Err(error) = refused else {
                panic!("`{filter}` was taken")
            };
            let error = error.to_string();
            assert!(error.contains(&format!("`{filter}`")), "{error}");
        }
        for filter in ["warn", "INFO", "warn,gateway_proxy=debug", "off"] {
            check_filter(filter).unwrap();
        }
    }
}
