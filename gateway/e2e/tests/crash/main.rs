//! `kill -9`, and a disk without room: what was acknowledged is there, whole, and served.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod disk;
mod kill;
mod writer;

use gateway_e2e::{Installation, Served, api, named_value, operation, policy, properties};
use gateway_testkit::Origin;
use serde_json::json;

/// Writers at a time, each with a connection of its own.
pub(crate) const WRITERS: usize = 4;

/// xorshift64*: the same run for the same seed, as far as the machine's timing allows.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub(crate) const LISTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;

/// A policy that answers with the pairs of all writers.
pub(crate) fn pairs_document() -> String {
    let pairs = (0..WRITERS).map(|w| format!("{{{{t{w}-a}}}}/{{{{t{w}-b}}}}"));
    let body = pairs.collect::<Vec<_>>().join(" ");
    format!(
        "<policies><inbound><base /><return-response><set-body>{body}</set-body></return-response></inbound></policies>"
    )
}

pub(crate) async fn prepare(installation: &Installation, served: &Served, origin: &Origin) {
    installation.seed(served).await;
    for writer in 0..WRITERS {
        for half in ["a", "b"] {
            let name = format!("t{writer}-{half}");
            let body = named_value(&name, "0");
            served.put(&format!("namedValues/{name}"), &body).await;
        }
    }
    let empty = properties(&json!({ "description": PUBLIC, "identities": [] }));
    served.put("identityLists/partners", &empty).await;
    for (name, document) in [("orders", LISTED), ("pairs", &pairs_document())] {
        served
            .put(&format!("apis/{name}"), &api(name, &origin.url()))
            .await;
        served
            .put(&format!("apis/{name}/operations/any"), &operation())
            .await;
        let path = format!("apis/{name}/policies/policy");
        served.put(&path, &policy(document)).await;
    }
    let mut secret = named_value("secret", SECRET);
    secret["properties"]["secret"] = json!(true);
    served.put("namedValues/secret", &secret).await;
}

/// Lists are stored in the clear.
pub(crate) const PUBLIC: &str = "words that anybody may read";

pub(crate) const SECRET: &str = "the-secret-that-nobody-may-find";
