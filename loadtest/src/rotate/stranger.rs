//! Strangers: clients that must never be let in, knocking while the load runs.

use std::sync::Arc;
use std::time::Duration;

use gateway_testkit::Client;
use serde::Serialize;

use crate::Fault;
use crate::pace::Pace;

/// What became of the strangers. Their failing connections are not drops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Strangers {
    /// How often one knocked.
    pub attempts: u64,
    /// Refused by a TLS alert.
    pub refused_by_tls: u64,
    /// Refused by the end of the connection, without an alert.
    pub refused_by_close: u64,
    /// Refused by a response.
    pub refused_by_response: u64,
    /// Let in: what must not happen.
    pub let_in: u64,
    /// Anything else.
    pub unclear: u64,
}

/// Knocks on a new connection each time, until the load is over.
pub(super) async fn knock(
    client: Option<Client>,
    refused: u16,
    pace: Arc<Pace>,
    path: &str,
) -> Strangers {
    let mut strangers = Strangers::default();
    let Some(client) = client else {
        return strangers;
    };
    while !pace.is_over() {
        strangers.attempts += 1;
        match client.get(path).await {
            Ok(response) if response.status.as_u16() == refused => {
                strangers.refused_by_response += 1;
            }
            Ok(response) if response.status.is_success() => strangers.let_in += 1,
            Ok(_) => strangers.unclear += 1,
            Err(error) => match Fault::of(&error, false) {
                Fault::Refused => strangers.refused_by_tls += 1,
                Fault::ClosedEarly => strangers.refused_by_close += 1,
                _ => strangers.unclear += 1,
            },
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    strangers
}
