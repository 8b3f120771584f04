//! What running a policy costs: nanoseconds per request, document by document.
//!
//! `cargo run --release -p gateway-policy --example speed`
//!
//! Each run is one execution from its context to the forward or the answer, without any I/O.

#![expect(clippy::print_stdout, reason = "it reports")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measuring tool fails by panicking"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_policy::execution::{Execution, Step};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::program::{Program, Scope, link};
use support::*;

fn main() {
    let identities: String = (0..10)
        .map(|i| {
            format!(
                "<identity thumbprint=\"{}\"/>",
                format!("{:02X}", 0xA2 + i).repeat(20)
            )
        })
        .collect();
    let whens: String = (0..20)
        .map(|i| format!("<when condition=\"@(context.Request.Method == &quot;M{i}&quot;)\"/>"))
        .collect();
    let documents = [
        ("nothing", "<inbound/>".to_owned()),
        (
            "thumbprint in an expression",
            format!(
                "<choose><when condition=\"@(context.Request.Certificate == null || context.Request.Certificate.Thumbprint != &quot;{}&quot;)\"><return-response><set-status code=\"403\"/></return-response></when></choose>",
                partner_thumbprint()
            ),
        ),
        (
            "named value, Split and Contains",
            "<choose><when condition=\"@(!&quot;{{list}}&quot;.Split(',').Contains(context.Request.Certificate?.Thumbprint ?? &quot;&quot;))\"><return-response/></when></choose>".to_owned(),
        ),
        (
            "validate-client-certificate, ten identities",
            format!("<validate-client-certificate><identities>{identities}</identities></validate-client-certificate>"),
        ),
        ("choose with twenty conditions", format!("<choose>{whens}</choose>")),
        (
            "refusal",
            "<validate-client-certificate><identities><identity thumbprint=\"0000000000000000000000000000000000000000\"/></identities></validate-client-certificate>".to_owned(),
        ),
    ];
    let names = Names::default().with(
        "list",
        &format!("{},{}", "CD".repeat(20), partner_thumbprint()),
    );
    let world = World::default();
    for (what, source) in documents {
        let program = link(&[scope_program(&source, Scope::Api, &names)]);
        println!("{:>8} ns  {what}", measure(&program, &world));
    }
}

/// Nanoseconds of one run. Contexts are made and freed outside of what is measured, in batches that
/// stay in the processor's cache.
fn measure(program: &Arc<Program>, world: &World) -> u128 {
    const BATCHES: u32 = 2_000;
    const BATCH: u32 = 50;
    let mut total = Duration::ZERO;
    for _ in 0..BATCHES {
        let mut executions: Vec<Execution> = (0..BATCH)
            .map(|_| {
                let context = context_with(partner());
                Execution::new(Arc::clone(program), context, BudgetLimits::default())
            })
            .collect();
        let start = Instant::now();
        for execution in &mut executions {
            while let Step::Continue(_) = black_box(execution.run(world)) {}
        }
        total += start.elapsed();
    }
    total.as_nanos() / u128::from(BATCHES * BATCH)
}
